"""What a deletion does to the tables: its mark, what may still be changed, and rows in bulk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.contracts.conftest import Tables
from tests.support.builders import CHAT, a_job, a_message, a_ulid, an_image
from tests.support.doubles import NOW, REQUEST

from afterimage.domain.changes import (
    BeginDeletion,
    CloseAccount,
    CloseChat,
    CountMessage,
    EditChat,
    InsertImage,
    InsertJob,
    InsertMessage,
    RemoveImage,
    RemoveJob,
    RemoveMessage,
    ReplaceMessage,
    ReserveImage,
    TouchChat,
    Transition,
)
from afterimage.domain.channels import Channel
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.errors import AccountDeleted
from afterimage.domain.events import ChatDeleted, MessageInserted
from afterimage.domain.jobs import JobStatus
from afterimage.ports.channel import LostRace
from afterimage.ports.keeping import UserRows

SECOND = timedelta(seconds=1)
WEEK = timedelta(days=7)
TOUCH = TouchChat(CHAT, "a title", NOW)


def chat_deletion(chat: str = CHAT) -> Deletion:
    return Deletion.now(DeletionKind.CHAT, chat, NOW)


# --- A chat's mark -------------------------------------------------------------------------------


def test_a_marked_chat_is_neither_read_nor_listed(tables: Tables, user: str) -> None:
    message = a_message()
    tables.commit(user, InsertMessage(message), TOUCH)

    tables.commit(user, CloseChat(CHAT), events=[ChatDeleted(CHAT)])

    assert tables.chats.get(user, CHAT) is None
    assert tables.chats.page(user, None, 10) == ([], None)
    assert tables.rows.chats(user, [CHAT]) == []
    assert tables.messages.get(user, CHAT, message.id) is None
    assert tables.messages.before(user, CHAT, None, 10) == [message]


def test_nothing_changes_in_a_marked_chat(tables: Tables, user: str) -> None:
    message = a_message()
    tables.commit(user, InsertMessage(message), TOUCH)
    tables.commit(user, CloseChat(CHAT))
    newer = ReplaceMessage(replace(message, version=2), 1)

    for change in (newer, TOUCH, EditChat(CHAT, "another"), CloseChat(CHAT)):
        assert tables.refused(user, change) == {type(change)}

    assert tables.messages.before(user, CHAT, None, 10) == [message]


def test_a_chat_that_is_not_there_is_not_marked(tables: Tables, user: str) -> None:
    assert tables.refused(user, CloseChat(CHAT)) == {CloseChat}

    assert tables.removal.chats(user, 10) == []


def test_a_message_of_a_chat_that_has_no_row_can_be_replaced(tables: Tables, user: str) -> None:
    message = a_message()
    tables.commit(user, InsertMessage(message))

    tables.commit(user, ReplaceMessage(replace(message, version=2), 1))

    assert tables.messages.get(user, CHAT, message.id) == replace(message, version=2)


def test_somebody_elses_chat_of_the_same_name_lives_on(
    tables: Tables, user: str, somebody_else: str
) -> None:
    for name in (user, somebody_else):
        tables.commit(name, InsertMessage(a_message()), TOUCH)

    tables.commit(user, CloseChat(CHAT))

    tables.commit(somebody_else, ReplaceMessage(replace(a_message(), version=2), 1), TOUCH)
    assert tables.chats.get(somebody_else, CHAT) is not None


def test_a_chat_begins_anew_once_its_row_is_gone(tables: Tables, user: str) -> None:
    tables.commit(user, TOUCH)
    tables.commit(user, CloseChat(CHAT))
    tables.removal.remove_chat(user, CHAT)
    tables.removal.remove_chat(user, CHAT)

    tables.commit(user, TouchChat(CHAT, "new", NOW + SECOND))

    chat = tables.chats.get(user, CHAT)
    assert chat is not None
    assert (chat.title, chat.created_at) == ("new", NOW + SECOND)


# --- Rows that go in a transaction -------------------------------------------------------------


def test_a_message_and_its_job_go_together_or_not_at_all(tables: Tables, user: str) -> None:
    message, job = a_message(), a_job()
    tables.commit(user, InsertMessage(message), InsertJob(job), opens=1)
    moved, newer = RemoveJob(replace(job, attempt=2)), RemoveMessage(replace(message, version=2))

    assert tables.refused(user, RemoveMessage(message), moved) == {RemoveJob}
    assert tables.refused(user, newer, RemoveJob(job)) == {RemoveMessage}
    assert tables.jobs.get(user, job.id) == job
    tables.commit(user, RemoveMessage(message), RemoveJob(job), events=(), opens=-1)

    assert tables.messages.get(user, CHAT, message.id) is None
    assert tables.jobs.get(user, job.id) is None
    assert tables.store.read(user).open_messages == 0
    assert tables.store.read(user).seq == 1
    assert tables.refused(user, RemoveMessage(message)) == {RemoveMessage}


def test_a_picture_is_removed_once(tables: Tables, user: str) -> None:
    image = an_image()
    tables.commit(user, InsertImage(image))
    assert tables.images.get(user, image.id) == image

    tables.commit(user, RemoveImage(image.id))

    assert tables.images.get(user, image.id) is None
    assert tables.refused(user, RemoveImage(image.id)) == {RemoveImage}


def test_a_job_that_is_gone_is_neither_claimed_nor_moved(tables: Tables, user: str) -> None:
    job = a_job()
    tables.commit(user, InsertJob(job))
    tables.commit(user, RemoveJob(job))

    assert tables.jobs.claim(user, job.id, 1, NOW, REQUEST) is None
    assert not tables.jobs.move(user, job, replace(job, status=JobStatus.RUNNING))
    assert tables.jobs.get(user, job.id) is None


# --- An account's mark ---------------------------------------------------------------------------


def close(tables: Tables, user: str) -> None:
    deletion = Deletion.now(DeletionKind.ACCOUNT, "", NOW)
    tables.commit(user, CloseAccount(NOW, NOW + WEEK), BeginDeletion(deletion), events=())


def test_a_closed_account_is_emptied_and_takes_nothing(tables: Tables, user: str) -> None:
    tables.commit(user, InsertMessage(a_message()), opens=1)
    before = tables.store.read(user)

    close(tables, user)

    channel = tables.store.read(user)
    assert (channel.seq, channel.open_messages, channel.deleted) == (0, 0, True)
    for stale in (before, channel):
        with pytest.raises(AccountDeleted):
            tables.store.commit(stale, Transition((TOUCH,), ()), NOW)
    with pytest.raises(AccountDeleted):
        close(tables, user)
    assert tables.due(user, SECOND) == ["deletion#account#"]


def test_a_closed_account_is_refused_for_a_week_and_then_as_if_it_had_never_been(
    tables: Tables, user: str
) -> None:
    """Whether its row has been removed or not: DynamoDB takes days for that."""
    tables.commit(user, InsertMessage(a_message()), opens=1)
    close(tables, user)
    tables.delete_event(user, 1)
    touch = Transition((TOUCH,), (MessageInserted(a_message()),), opens=1, open_limit=1)

    tables.clock.advance(seconds=WEEK.total_seconds() - 1)
    refused = tables.store.read(user)
    with pytest.raises(AccountDeleted):
        tables.store.commit(refused, touch, tables.clock.now())
    assert refused.deleted

    tables.clock.advance(seconds=1)
    nobody = tables.store.read(user)
    assert nobody == Channel(user)
    tables.store.commit(nobody, touch, tables.clock.now())
    with pytest.raises(LostRace):
        tables.store.commit(nobody, touch, tables.clock.now())

    again = tables.store.read(user)
    assert (again.seq, again.open_messages, again.deleted) == (1, 1, False)
    tables.clock.advance(seconds=-1)
    assert not tables.store.read(user).deleted  # nothing of the mark is left


def test_an_account_can_be_closed_again_after_a_week(tables: Tables, user: str) -> None:
    close(tables, user)
    tables.clock.advance(seconds=WEEK.total_seconds())
    now = tables.clock.now()

    closing = Transition((CloseAccount(now, now + WEEK),), ())
    tables.store.commit(tables.store.read(user), closing, now)

    assert tables.store.read(user).deleted
    tables.clock.advance(seconds=WEEK.total_seconds())
    assert not tables.store.read(user).deleted


def test_somebody_without_a_row_can_be_closed(tables: Tables, user: str) -> None:
    close(tables, user)

    assert tables.store.read(user).deleted


def test_a_change_that_read_before_loses(atomic_tables: Tables, user: str) -> None:
    """Whoever is first: nothing is written after the mark."""

    def insert(number: int) -> bool:
        channel = atomic_tables.store.read(user)
        change = Transition((InsertMessage(a_message(number)),), (MessageInserted(a_message()),))
        try:
            atomic_tables.store.commit(channel, change, NOW)
        except (AccountDeleted, LostRace):
            return False
        return True

    def close_once() -> None:
        while not atomic_tables.store.read(user).deleted:
            try:
                close(atomic_tables, user)
            except LostRace:
                continue

    with ThreadPoolExecutor(8) as pool:
        inserts = [pool.submit(insert, number) for number in range(20)]
        pool.submit(close_once).result()
        written = sum(one.result() for one in inserts)

    assert len(atomic_tables.removal.messages(user, CHAT, 100)) == written
    assert not insert(99)
    assert atomic_tables.store.read(user).seq == 0


# --- What is being deleted ----------------------------------------------------------------------


def test_a_deletion_is_found_from_the_time_it_is_due(tables: Tables, user: str) -> None:
    deletion = replace(chat_deletion(), due_at=NOW + 60 * SECOND)

    tables.commit(user, BeginDeletion(deletion))

    assert tables.deletions.get(user, deletion.name) == deletion
    assert tables.due(user, 59 * SECOND) == []
    assert tables.due(user, 60 * SECOND) == [deletion.name]
    assert tables.usage.recent_jobs(user, 10) == []


def test_a_deletion_is_postponed_and_finished(tables: Tables, user: str) -> None:
    deletion = chat_deletion()
    tables.deletions.begin(user, deletion)

    tables.deletions.postpone(user, deletion, NOW + 90 * SECOND)
    assert tables.due(user, 89 * SECOND) == []
    assert tables.due(user, 90 * SECOND) == [deletion.name]
    tables.deletions.finished(user, deletion)
    tables.deletions.finished(user, deletion)
    tables.deletions.postpone(user, deletion, NOW)

    assert tables.deletions.get(user, deletion.name) is None
    assert tables.due(user, timedelta(days=9)) == []


def test_names_with_separators_in_them_come_back_whole(tables: Tables, user: str) -> None:
    name, deletion = f"auth0|{user}#1", chat_deletion("a-b_c")
    tables.deletions.begin(name, deletion)

    assert tables.due(name, SECOND) == [deletion.name]
    assert tables.deletions.get(name, deletion.name) == deletion


def test_chats_being_deleted_are_known_by_their_deletions(
    tables: Tables, user: str, somebody_else: str
) -> None:
    image = Deletion.now(DeletionKind.IMAGE, a_ulid(1), NOW)
    for deletion in (chat_deletion("one"), chat_deletion("two"), image):
        tables.deletions.begin(user, deletion)
    tables.deletions.postpone(user, chat_deletion("two"), NOW + WEEK)

    assert set(tables.chats.being_deleted(user)) == {"one", "two"}
    assert set(tables.chats.being_deleted(somebody_else)) == set()


# --- Rows in bulk --------------------------------------------------------------------------------


def test_rows_of_a_chat_go_however_many_and_the_others_stay(tables: Tables, user: str) -> None:
    messages = [a_message(number) for number in range(60)]
    for start in range(0, 60, 20):
        tables.commit(user, *map(InsertMessage, messages[start : start + 20]))
    other = a_message(0, chat_id="another")
    tables.commit(user, InsertMessage(other), InsertImage(an_image(1)), InsertJob(a_job(1)))
    tables.commit(user, InsertImage(an_image(2)), InsertJob(a_job(2)))

    ids = [message.id for message in messages]
    for _ in range(2):
        tables.removal.remove_messages(user, CHAT, [*ids, a_ulid(999)])
        tables.removal.remove_images(user, [an_image(1).id, a_ulid(999)])
        tables.removal.remove_jobs(user, [a_job(1).id, a_ulid(999)])
    tables.removal.remove_messages(user, CHAT, [])

    assert tables.removal.messages(user, CHAT, 10) == []
    assert tables.removal.messages(user, "another", 10) == [other.id]
    assert [image.id for image in tables.images.before(user, None, 9)] == [an_image(2).id]
    assert [job.id for job in tables.usage.recent_jobs(user, 9)] == [a_job(2).id]


def test_chats_are_found_marked_or_not_and_by_pages(tables: Tables, user: str) -> None:
    names = [f"chat-{number}" for number in range(5)]
    for name in names:
        tables.commit(user, TouchChat(name, "a title", NOW))
    tables.commit(user, CloseChat("chat-2"))

    assert tables.removal.chats(user, 10) == names
    assert len(tables.removal.chats(user, 3)) == 3


def test_everything_a_user_has_goes_but_what_is_kept(
    tables: Tables, user: str, somebody_else: str
) -> None:
    for name in (user, somebody_else):
        for number in range(30):
            tables.commit(name, InsertImage(an_image(number)), InsertJob(a_job(number)))
        tables.commit(name, CountMessage("2026-11-20", 9), ReserveImage("2026-11-19", 9))
        tables.deletions.begin(name, chat_deletion())
        tables.connections.register(name, "tab", NOW, NOW + WEEK)
        tables.tickets.keep(name, "digest", NOW + WEEK)
        drawn = tables.store.draw(tables.store.read(name), NOW)
    seq = tables.store.read(user).seq

    for kind in UserRows:
        while tables.removal.remove_some(user, kind, 7, ["messages#2026-11-20"]):
            pass

    assert tables.images.before(user, None, 99) == []
    assert tables.usage.recent_jobs(user, 99) == []
    assert tables.usage.used(user, "2026-11-20").messages == 1
    assert tables.usage.used(user, "2026-11-19").images == 0
    assert tables.deletions.get(user, chat_deletion().name) is None
    assert tables.events.after(user, 0, 99, NOW) == []
    assert tables.store.read(user).connections == ()
    assert not tables.tickets.spend(user, "digest", NOW)
    assert tables.store.draw(tables.store.read(user), NOW) == drawn == 1
    assert tables.store.read(user).seq == seq
    assert len(tables.images.before(somebody_else, None, 99)) == 30
    assert len(tables.events.after(somebody_else, 0, 99, NOW)) == 31
    assert tables.tickets.spend(somebody_else, "digest", NOW)

"""Deleted means gone: from every table, from the bucket and from the edge, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from tests.benchmarks.costs.model import deletions
from tests.support.builders import (
    CHAT,
    a_job,
    a_message,
    a_ulid,
)
from tests.support.bundle import BYTES, FOX, HELLO, UPLOAD_TIME, USER, Bundle, Killed
from tests.support.doubles import NOW, RecordingPush
from tests.support.interrupted import Mortal, behind, fail, slow

from afterimage.adapters.edge import items
from afterimage.domain import ids
from afterimage.domain.deletions import ACCOUNT_REFUSED_FOR
from afterimage.domain.errors import (
    AccountDeleted,
    Blocked,
    ChatDeleted,
    NotFound,
    ProviderUnavailable,
)
from afterimage.domain.events import KEPT_FOR
from afterimage.domain.job_life import Move
from afterimage.domain.jobs import JobStatus
from afterimage.domain.messages import Message, Role, Status
from afterimage.domain.metrics import Metric
from afterimage.domain.slots import Slot, SlotStatus

OTHER = "another-chat"
STATES = ("reserved", "running", "succeeded", "failed", "cancelled")
KINDS = ("image", "chat", "account")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def put(bundle: Bundle, message: Message) -> None:
    """A function has uploaded everything of the message's picture."""
    for key in ids.image_keys(USER, message.job_id or ""):
        bundle.pictures.files[key] = BYTES


def a_picture(bundle: Bundle, state: str, number: int = 0, chat: str = CHAT) -> Message:
    """A message whose job has come so far, with what that leaves in the bucket."""
    message = bundle.order(number, chat_id=chat)
    match state:
        case "succeeded" | "failed":
            bundle.pictures.refuses = {"full.webp"} if state == "failed" else set()
            bundle.painter.script = [BYTES]
            bundle.paint(message)
            bundle.pictures.refuses = set()
        case "running" | "cancelled":
            bundle.claim(message)
            put(bundle, message)
            if state == "cancelled":
                bundle.cancel(message)
    return message


def let_pass(bundle: Bundle, time: timedelta) -> None:
    """Time passes, and the keeper sweeps before and after."""
    bundle.sweep()
    bundle.clock.advance(seconds=time.total_seconds())
    bundle.sweep()


def stored(bundle: Bundle, user: str = USER) -> set[str]:
    """Everything that is stored of a user, but for the event log."""
    rows = bundle.tables.rows
    tables: dict[str, Any] = {
        "message": rows.messages,
        "chat": rows.chats,
        "mark": dict.fromkeys(rows.deleting),
        "image": rows.images,
        "job": rows.jobs,
        "used": rows.used,
        "deletion": rows.deletions,
        "connection": rows.connections,
        "unresumed": rows.unresumed,
        "ticket": rows.tickets,
        "numbers": rows.drawn,
    }
    folder = ids.image_folder(user)
    found = {
        f"{name} {key[1:]}" for name, table in tables.items() for key in table if key[0] == user
    }
    return found | {key for key in bundle.pictures.files if key.startswith(folder)}


def counters(bundle: Bundle) -> set[str]:
    return {f"used {key[1:]}" for key in bundle.tables.rows.used if key[0] == USER}


CONNECTION = "connection ('tab',)"


# --- A picture -----------------------------------------------------------------------------------


def test_a_deleted_picture_is_gone_at_once_and_its_message_says_so(bundle: Bundle) -> None:
    message = a_picture(bundle, "succeeded")

    bundle.delete_image(message.job_id or "")

    now = bundle.now(message)
    assert (now.image, now.image_deleted, now.status) == (None, True, Status.COMPLETE)
    assert now.version == message.version + 2
    assert bundle.tables.rows.images == {}
    assert bundle.posted()[-2:] == ["image-delete", "message-update complete"]
    assert bundle.keeper.started == [(USER, f"deletion#image#{message.job_id}")]


def test_its_files_go_then_the_edge_is_told_then_the_deletion_ends(bundle: Bundle) -> None:
    message = a_picture(bundle, "succeeded")
    bundle.delete_image(message.job_id or "")
    del bundle.journal[:]

    bundle.keep()

    assert bundle.journal == ["delete files", "invalidate"]
    assert bundle.pictures.files == {}
    assert bundle.edge.forgotten() == {f"#picture {USER} {message.job_id}"}
    assert bundle.tables.rows.deletions == {}


def untagged(bundle: Bundle, message: Message) -> None:
    """Its picture was stored before there were cache tags."""
    image = bundle.now(message).image
    assert image is not None
    old = replace(image, tagged=False)
    bundle.tables.rows.images[USER, image.id] = old
    (slot,) = bundle.now(message).slots
    bundle.set(message, slots=(replace(slot, image=old),))


def test_a_picture_without_tags_is_forgotten_by_the_paths_that_are_let_out(bundle: Bundle) -> None:
    message = a_picture(bundle, "succeeded")
    untagged(bundle, message)
    bundle.delete_image(message.job_id or "")

    bundle.keep()

    full, thumbnail = ids.shown_keys(USER, message.job_id or "")
    assert bundle.edge.forgotten() == {full, thumbnail}
    assert full.endswith("/full.webp")
    assert thumbnail.endswith("/thumbnail.webp")


def test_every_file_but_the_original_is_tagged(bundle: Bundle) -> None:
    message = a_picture(bundle, "succeeded")

    tags = (f"picture {USER} {message.job_id}", f"chat {USER} {CHAT}", f"user {USER}")
    _, *webps = ids.image_keys(USER, message.job_id or "")
    assert bundle.pictures.tags == dict.fromkeys(webps, tags)


@pytest.mark.parametrize(
    ("what", "kind", "tagged"),
    [
        ("A picture", "image", True),
        ("A picture stored before there were cache tags", "image", False),
        ("A chat, for each 1,000 messages of it that have pictures", "chat", True),
        ("An account", "account", True),
    ],
)
def test_a_deletion_costs_at_the_edge_what_the_table_of_costs_says(
    bundle: Bundle, what: str, kind: str, *, tagged: bool
) -> None:
    message = a_picture(bundle, "succeeded")
    if not tagged:
        untagged(bundle, message)
    bundle.delete(kind, message)

    bundle.keep()

    [asked] = bundle.edge.asked.values()
    keys = [item for item in asked if not item.startswith("#")]
    tags = [item.removeprefix("#") for item in asked if item.startswith("#")]
    assert len(items(keys, tags)) == deletions()[what]


def test_what_nobody_was_ever_shown_costs_nothing_at_the_edge(bundle: Bundle) -> None:
    message = a_picture(bundle, "running")
    bundle.delete_chat()
    bundle.keep()
    put(bundle, message)

    let_pass(bundle, UPLOAD_TIME)

    assert bundle.pictures.files == {}
    assert bundle.edge.asked == {}


def test_a_picture_that_is_not_there_is_deleted_without_a_word(bundle: Bundle) -> None:
    message = a_picture(bundle, "succeeded")
    bundle.delete_image(message.job_id or "")
    before = (bundle.tables.read(USER), bundle.posted())

    bundle.delete_image(message.job_id or "")
    bundle.delete_image(a_ulid(99))
    bundle.delete_image(message.job_id or "", user="bob")

    assert (bundle.tables.read(USER), bundle.posted()) == before
    assert len(bundle.keeper.started) == 1


def test_somebody_elses_picture_stays(bundle: Bundle) -> None:
    message = a_picture(bundle, "succeeded")
    before = stored(bundle)

    bundle.delete_image(message.job_id or "", user="bob")
    bundle.delete_chat(CHAT, user="bob")
    bundle.delete_account(user="bob")
    bundle.keep()
    let_pass(bundle, DAY)

    assert stored(bundle) == before


def test_a_picture_whose_message_changes_meanwhile_is_deleted_all_the_same(
    bundle: Bundle,
) -> None:
    message = a_picture(bundle, "succeeded")
    version = bundle.now(message).version + 1
    behind(bundle.messages, "get", lambda: bundle.set(message, version=version))

    bundle.delete_image(message.job_id or "")

    assert bundle.now(message).image_deleted
    assert bundle.tables.rows.images == {}


def test_a_retried_message_keeps_no_picture_of_an_earlier_try(bundle: Bundle) -> None:
    failed = a_picture(bundle, "failed")
    bundle.painter.script = [BYTES]
    again = bundle.retry(bundle.now(failed))
    bundle.paint(again)

    bundle.delete_image(again.job_id or "")
    bundle.keep()
    let_pass(bundle, HOUR)

    assert bundle.pictures.files == {}
    assert bundle.now(failed).image_deleted


# --- A chat --------------------------------------------------------------------------------------


def test_a_deleted_chat_is_refused_unreadable_and_unlisted_at_once(bundle: Bundle) -> None:
    message = a_picture(bundle, "succeeded")

    bundle.delete_chat()

    with pytest.raises(ChatDeleted):
        bundle.ask(5)
    assert bundle.messages.get(USER, CHAT, message.id) is None
    assert bundle.posted()[-1] == "chat-delete"
    assert bundle.keeper.started == [(USER, f"deletion#chat#{CHAT}")]


def test_a_repeat_of_a_message_of_a_deleted_chat_is_refused(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]
    bundle.ask(0)
    bundle.delete_chat()

    with pytest.raises(ChatDeleted):
        bundle.ask(0)
    bundle.keep()
    with pytest.raises(ChatDeleted):
        bundle.ask(0)


def test_clicks_in_a_deleted_chat_find_nothing(bundle: Bundle) -> None:
    failed, running = a_picture(bundle, "failed", 0), a_picture(bundle, "running", 1)
    bundle.delete_chat()

    with pytest.raises(NotFound):
        bundle.retry(replace(failed, version=3))
    with pytest.raises(NotFound):
        bundle.cancel(running)


def test_an_answer_that_comes_after_its_chat_was_deleted_is_dropped(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]
    bundle.text.meanwhile = bundle.delete_chat

    with pytest.raises(ChatDeleted):
        bundle.ask()
    bundle.keep()

    assert bundle.posted()[-1] == "chat-delete"
    assert bundle.open_messages() == 0


def test_a_wish_for_a_picture_in_a_deleted_chat_reserves_nothing(bundle: Bundle) -> None:
    bundle.text.script = [FOX]

    def meanwhile() -> None:
        bundle.delete_chat()
        bundle.keep()

    bundle.text.meanwhile = meanwhile

    with pytest.raises(ChatDeleted):
        bundle.ask()

    assert bundle.starter.started == []
    assert bundle.used() == (0, 1)


def test_a_chat_is_deleted_with_everything_in_it_and_nothing_else(bundle: Bundle) -> None:
    a_picture(bundle, "succeeded", 1, OTHER)
    let_pass(bundle, DAY)
    kept = stored(bundle)
    a_picture(bundle, "succeeded", 2)
    bundle.text.script = [HELLO, ProviderUnavailable("no")]
    bundle.ask(3)
    bundle.ask(4)

    bundle.delete_chat()
    bundle.keep()

    left = stored(bundle) - kept - counters(bundle)
    assert left == {f"chat ('{CHAT}',)", f"mark ('{CHAT}',)", f"deletion ('deletion#chat#{CHAT}',)"}
    assert bundle.tables.rows.chats[USER, CHAT].title == ""
    let_pass(bundle, KEPT_FOR)
    assert stored(bundle) - counters(bundle) == kept - counters(bundle)


def test_its_id_is_refused_until_no_event_of_it_can_be_replayed(bundle: Bundle) -> None:
    bundle.text.script = [HELLO, HELLO]
    bundle.ask(0)
    bundle.delete_chat()
    bundle.keep()

    let_pass(bundle, KEPT_FOR - timedelta(seconds=1))
    with pytest.raises(ChatDeleted):
        bundle.ask(1)
    let_pass(bundle, timedelta(seconds=1))

    bundle.ask(2)
    assert bundle.tables.rows.chats[USER, CHAT].title == "Draw a red fox"


def test_a_chat_that_is_not_there_is_deleted_without_a_word(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]
    bundle.ask()
    bundle.delete_chat()
    seq = bundle.tables.read(USER).seq

    bundle.delete_chat()
    bundle.delete_chat("never-there")

    assert bundle.tables.read(USER).seq == seq
    assert len(bundle.keeper.started) == 1


def test_a_long_chat_goes_page_by_page(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]
    bundle.ask()
    for number in range(4_500):
        message = a_message(number)
        bundle.tables.rows.messages[USER, CHAT, message.id] = message
    bundle.delete_chat()
    slow(bundle.removal, "remove_messages", bundle.clock, 2)

    bundle.keep(seconds=50)
    assert 0 < len(bundle.tables.rows.messages) < 4_500
    bundle.sweep()
    bundle.sweep()

    assert bundle.tables.rows.messages == {}


def failed_messages(bundle: Bundle, count: int) -> None:
    """A chat of so many failed pictures, whose jobs take 60 ms each to be looked at."""
    bundle.order()
    for number in range(1, count):
        job = a_job(number, status=JobStatus.FAILED)
        bundle.tables.rows.jobs[USER, job.id] = job
        failed = a_message(
            number,
            role=Role.ASSISTANT,
            status=Status.FAILED,
            slots=(Slot(job.id, SlotStatus.FAILED),),
        )
        bundle.tables.rows.messages[USER, CHAT, failed.id] = failed
    bundle.delete_chat()


def test_a_deletion_of_many_failed_pictures_goes_on_where_it_stopped(bundle: Bundle) -> None:
    failed_messages(bundle, 2_000)
    slow(bundle.ledger, "get", bundle.clock, 0.03)
    slow(bundle.removal, "remove_messages", bundle.clock, 7.0)
    name = f"deletion#chat#{CHAT}"
    left = [len(bundle.tables.rows.messages)]
    while left[-1]:
        began = bundle.clock.now()
        bundle.finish(USER, name, began + timedelta(seconds=55))
        left.append(len(bundle.tables.rows.messages))
        assert bundle.clock.now() - began < timedelta(seconds=60)
        assert left[-1] < left[-2]

    assert 3 < len(left) < 8


def test_what_cannot_be_seen_to_keeps_no_other_message_of_a_chat(bundle: Bundle) -> None:
    failed_messages(bundle, 300)
    broken, unread = a_message(150), OSError("the row cannot be read")
    job_id = ids.job_id(CHAT, broken.id, 1)

    mend = fail(bundle.ledger, "get", unread, when=lambda _, asked: asked == job_id)
    bundle.keep()
    mend()
    assert [key[2] for key in bundle.tables.rows.messages] == [broken.id]
    assert bundle.metrics.of(Metric.DEFECTS) == [1]
    bundle.sweep()

    assert bundle.tables.rows.messages == {}


def many_like(bundle: Bundle, painted: Message) -> None:
    """Eleven more answers have such a picture."""
    for number in range(1, 12):
        slots = (Slot(a_ulid(number), SlotStatus.COMPLETE, bundle.now(painted).image),)
        message = a_message(number, role=Role.ASSISTANT, slots=slots)
        bundle.tables.rows.messages[USER, CHAT, message.id] = message


def test_a_chat_of_many_pictures_is_one_tag(bundle: Bundle) -> None:
    many_like(bundle, a_picture(bundle, "succeeded"))
    bundle.delete_chat()

    bundle.keep()

    assert bundle.edge.forgotten() == {f"#chat {USER} {CHAT}"}


def test_a_chat_of_pictures_with_tags_and_without_is_a_tag_and_paths(bundle: Bundle) -> None:
    old = a_picture(bundle, "succeeded")
    untagged(bundle, old)
    a_picture(bundle, "succeeded", 1)
    bundle.delete_chat()

    bundle.keep()

    keys = ids.shown_keys(USER, old.job_id or "")
    assert bundle.edge.forgotten() == {f"#chat {USER} {CHAT}", *keys}


def test_of_many_pictures_without_tags_the_edge_forgets_all_of_the_user(bundle: Bundle) -> None:
    painted = a_picture(bundle, "succeeded")
    untagged(bundle, painted)
    many_like(bundle, painted)
    bundle.delete_chat()

    bundle.keep()

    assert bundle.edge.forgotten() == {f"{ids.image_folder(USER)}*"}


def test_a_chat_without_pictures_asks_nothing_of_bucket_and_edge(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]
    bundle.ask()
    bundle.delete_chat()
    del bundle.journal[:]

    bundle.keep()

    assert bundle.journal == []
    assert bundle.tables.rows.messages == {}


# --- An account ----------------------------------------------------------------------------------


def test_a_deleted_account_is_told_closed_and_refused(bundle: Bundle, push: RecordingPush) -> None:
    a_picture(bundle, "succeeded")

    bundle.delete_account()

    told = push.to("tab")[-1]
    assert (told["event"], told["code"]) == ("error", "account_deleted")
    assert push.closed == ["tab"]
    assert bundle.tables.rows.connections == {}
    with pytest.raises(AccountDeleted):
        bundle.ask(7)


def test_everything_of_an_account_goes_but_its_emptied_counter(bundle: Bundle) -> None:
    for number, state in enumerate(("succeeded", "failed")):
        a_picture(bundle, state, number)
    a_picture(bundle, "running", 3, OTHER)
    bundle.tables.keep(USER, "digest", NOW + DAY)
    bundle.tables.draw(bundle.tables.read(USER), NOW)

    bundle.delete_account()
    bundle.keep()

    assert stored(bundle) == {*counters(bundle), "deletion ('deletion#account#',)"}
    assert [key for key in bundle.tables.rows.events if key[0] == USER] == []
    assert bundle.edge.forgotten() == {f"{ids.image_folder(USER)}*", f"#user {USER}"}
    counter = bundle.tables.rows.counters[USER]
    assert (counter.seq, counter.open, counter.deleted) == (0, 0, True)
    assert counter.expires_at == NOW + ACCOUNT_REFUSED_FOR


def test_the_counters_of_the_day_stay_until_midnight(bundle: Bundle) -> None:
    a_picture(bundle, "succeeded")
    used = bundle.tables.rows.used
    used[USER, "quota#2026-11-19"] = 4
    used |= {(USER, f"{name}#2026-11-20"): 7 for name in ("uploads", "shares")}
    bundle.delete_account()
    bundle.keep()

    let_pass(bundle, 13 * HOUR + timedelta(minutes=59))
    assert bundle.used() == (1, 1)
    assert [used[USER, f"{name}#2026-11-20"] for name in ("uploads", "shares")] == [7, 7]
    assert (USER, "quota#2026-11-19") not in bundle.tables.rows.used
    let_pass(bundle, timedelta(minutes=1))

    assert stored(bundle) == set()


def test_asked_for_again_it_is_the_same_deletion(bundle: Bundle) -> None:
    bundle.delete_account()
    first = dict(bundle.tables.rows.deletions)
    bundle.clock.advance(seconds=10)

    bundle.delete_account()

    assert bundle.tables.rows.deletions == first
    assert bundle.tables.rows.counters[USER].expires_at == NOW + ACCOUNT_REFUSED_FOR


def test_somebody_who_never_did_anything_can_be_deleted(bundle: Bundle) -> None:
    bundle.delete_account("nobody-yet")
    bundle.keep()

    assert bundle.tables.read("nobody-yet").deleted


def test_a_chat_half_deleted_goes_with_the_account(bundle: Bundle) -> None:
    a_picture(bundle, "running", 0)
    a_picture(bundle, "succeeded", 1)
    bundle.delete_chat()
    bundle.delete_account()

    bundle.keep()
    let_pass(bundle, DAY)

    assert stored(bundle) == set()
    assert bundle.pictures.files == {}


def test_a_connection_that_slipped_in_goes_with_the_second_look(bundle: Bundle) -> None:
    bundle.delete_account()
    bundle.keep()
    bundle.tables.register(USER, "late", bundle.clock.now())
    bundle.tables.keep(USER, "late", bundle.clock.now() + DAY)

    let_pass(bundle, UPLOAD_TIME)

    assert stored(bundle) == {*counters(bundle), "deletion ('deletion#account#',)"}


def test_an_account_deleted_at_the_end_of_its_day_keeps_no_late_upload(bundle: Bundle) -> None:
    bundle.clock.advance(seconds=(14 * HOUR).total_seconds() - 1)
    message = a_picture(bundle, "running")
    bundle.delete_account()
    bundle.keep()

    let_pass(bundle, UPLOAD_TIME - timedelta(seconds=1))
    put(bundle, message)
    let_pass(bundle, timedelta(seconds=1))

    assert stored(bundle) == set()


# --- Every deletion against a job in every state ------------------------------------------------


def rest(bundle: Bundle, kind: str, state: str, message: Message) -> set[str]:
    """What may be left once everything is over."""
    job = f"job ('{message.job_id}',)"
    own = {f"message {(CHAT, id_)}" for id_ in (message.id, message.reply_to)}
    chat = {CONNECTION, *counters(bundle)}
    match kind:
        case "account":
            return set()
        case "chat":
            return chat
    files = set(ids.image_keys(USER, message.job_id or "")) if state == "kept" else set()
    return {*chat, job, *own, f"chat ('{CHAT}',)", *files}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", STATES)
def test_nothing_is_left_whatever_state_the_job_is_in(
    bundle: Bundle, kind: str, state: str
) -> None:
    message = a_picture(bundle, state)

    bundle.delete(kind, message)
    bundle.keep()
    if state in ("running", "cancelled"):  # the function has not heard of it
        bundle.clock.advance(seconds=UPLOAD_TIME.total_seconds() - 1)
        put(bundle, message)
    let_pass(bundle, timedelta(seconds=1))
    let_pass(bundle, HOUR)
    let_pass(bundle, KEPT_FOR)

    assert stored(bundle) == rest(bundle, kind, state, message)
    assert bundle.open_messages() == 0
    is_charged = kind != "account" and (
        state in ("succeeded", "cancelled") or (kind == "chat" and state == "running")
    )
    assert bundle.tables.rows.used.get((USER, "quota#2026-11-20"), 0) == is_charged


@pytest.mark.parametrize("kind", ["chat", "account"])
@pytest.mark.parametrize("outcome", [BYTES, Blocked("no")])
@pytest.mark.parametrize("cleared", [False, True])
def test_a_function_that_paints_meanwhile_brings_nothing_back(
    bundle: Bundle, kind: str, outcome: bytes | Exception, *, cleared: bool
) -> None:
    message = bundle.order()

    def meanwhile() -> None:
        bundle.delete(kind, message)
        if cleared:
            bundle.keep()

    bundle.painter.meanwhile = meanwhile
    bundle.painter.script = [outcome]

    bundle.paint(message)

    told = bundle.posted()
    assert "image-insert" not in told
    assert told[-1] in ("chat-delete", "error", "message-preview")
    bundle.keep()
    let_pass(bundle, UPLOAD_TIME)
    let_pass(bundle, KEPT_FOR)
    assert stored(bundle) == rest(bundle, kind, "running", message)
    assert bundle.pictures.files == {}


@pytest.mark.parametrize("kind", ["chat", "account"])
def test_an_event_that_waited_finds_no_job(bundle: Bundle, kind: str) -> None:
    message = bundle.order()
    bundle.delete(kind, message)
    bundle.keep()

    bundle.paint(message)
    bundle.rescue(message)

    assert bundle.painter.asked == []
    assert bundle.starter.started == [(USER, message.job_id, 1)]


def test_a_job_that_moves_while_its_message_is_removed_is_looked_at_again(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.delete_chat()
    moves = [
        partial(bundle.move_job, message, move) for move in (Move.CLAIM, Move.RESCUE, Move.CLAIM)
    ]
    behind(bundle.ledger, "get", *moves)

    bundle.keep()

    assert bundle.tables.rows.jobs == {}
    assert bundle.tables.rows.messages == {}
    assert bundle.open_messages() == 0
    assert bundle.used() == (1, 1)  # it had begun


def test_nobody_removes_late_uploads_before_they_can_have_come(bundle: Bundle) -> None:
    message = a_picture(bundle, "running")
    bundle.delete_chat()
    bundle.keep()
    put(bundle, message)
    name = f"deletion#image#{message.job_id}"

    bundle.clock.advance(seconds=UPLOAD_TIME.total_seconds() - 1)
    bundle.finish(USER, name, bundle.clock.now() + HOUR)
    bundle.sweep()
    assert (USER, name) in bundle.tables.rows.deletions
    bundle.clock.advance(seconds=1)
    bundle.sweep()

    assert bundle.pictures.files == {}
    assert (USER, name) not in bundle.tables.rows.deletions


# --- A busy edge ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_too_many_invalidations_are_tried_again_later(bundle: Bundle, kind: str) -> None:
    message = a_picture(bundle, "succeeded")
    bundle.delete(kind, message)
    bundle.edge.busy = 2

    bundle.keep()
    bundle.sweep()
    assert bundle.edge.asked == {}
    assert bundle.tables.rows.deletions
    bundle.sweep()

    assert bundle.edge.asked
    let_pass(bundle, KEPT_FOR)
    assert bundle.tables.rows.deletions == {}


def test_a_repeat_is_the_same_invalidation(bundle: Bundle) -> None:
    """Also where rows could not be removed after it."""
    a_picture(bundle, "succeeded")
    bundle.delete_chat()
    deletion = dict(bundle.tables.rows.deletions)
    rows = dict(bundle.tables.rows.messages)
    bundle.keep()
    bundle.tables.rows.deletions.update(deletion)
    bundle.tables.rows.messages.update(rows)

    bundle.sweep()

    assert len(bundle.edge.asked) == 1


# --- Killed at every step ------------------------------------------------------------------------


def a_life(bundle: Bundle) -> Message:
    """A chat with an answer in every state, and the picture that is looked at."""
    bundle.tables.rows.counters.clear()
    looked_at = a_picture(bundle, "succeeded", 0)
    a_picture(bundle, "failed", 1)
    again = a_picture(bundle, "failed", 2)
    bundle.retry(bundle.now(again))  # reserved, with uploads of an earlier try
    bundle.text.script = [HELLO]
    bundle.ask(3)
    bundle.clock.advance(seconds=86_400)  # another day, another quota
    a_picture(bundle, "cancelled", 4)
    a_picture(bundle, "running", 5)
    bundle.die_while_thinking()
    return looked_at


def killed_at(bundle: Bundle, kind: str, message: Message, mortal: Mortal) -> bool:
    """Deletes, and lets the keeper work, until the kill; whether there was one."""
    mortal.watch(bundle.tables, "commit", "read")
    mortal.watch(bundle.keeper, "start")
    mortal.watch(bundle.pictures, "delete", "some_keys")
    mortal.watch(bundle.edge, "invalidate")
    mortal.watch(bundle.deletions, "get", "begin", "postpone", "finished")
    mortal.watch(bundle.messages, "before")
    mortal.watch(bundle.ledger, "get")
    removals = ("remove_messages", "remove_images", "remove_jobs", "remove_chat")
    mortal.watch(bundle.removal, *removals, "chats", "messages", "remove_some")
    with suppress(Killed):
        bundle.delete(kind, message)
        bundle.keep()
        let_pass(bundle, KEPT_FOR)
    mortal.revive()
    return mortal.is_dead


def is_marked(bundle: Bundle, kind: str, message: Message) -> bool:
    """Whether the deletion has begun, so that it must end with no client."""
    rows = bundle.tables.rows
    match kind:
        case "image":
            return (USER, message.job_id) not in rows.images
        case "chat":
            return (USER, CHAT) in rows.deleting or (USER, CHAT) not in rows.chats
    return rows.counters[USER].deleted


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_any_step_the_keeper_finishes(
    bundles: Iterator[Bundle], kind: str, *, after: bool
) -> None:
    begun = next(bundles)
    message = a_life(begun)
    for at in count(1):
        bundle = begun.again()
        if not killed_at(bundle, kind, message, Mortal(at, after=after)):
            break
        if not is_marked(bundle, kind, message):
            bundle.delete(kind, message)  # nothing had happened yet, and somebody asks again
        let_pass(bundle, UPLOAD_TIME)
        let_pass(bundle, KEPT_FOR)
        let_pass(bundle, KEPT_FOR)

        assert bundle.tables.rows.deletions == {}, at
        keys = ids.image_keys(USER, message.job_id or "")
        assert not set(keys) & set(bundle.pictures.files), at
        tags = {f"#{tag}" for tag in bundle.pictures.tags[keys[1]]}
        assert tags & bundle.edge.forgotten(), at
        if kind != "image":
            assert bundle.pictures.files == {}, at
            assert bundle.tables.rows.messages == {}, at
            assert bundle.tables.rows.jobs == {}, at
            assert bundle.tables.rows.images == {}, at
            assert bundle.tables.rows.chats == {}, at
            assert bundle.tables.rows.deleting == set(), at
            assert bundle.open_messages() == 0, at
        if kind == "account":
            assert stored(bundle) == set(), at
    assert at > 5


@pytest.mark.parametrize("kind", KINDS)
def test_two_keepers_at_once_are_one(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The second runs whole before each step of the first."""
    message = a_life(bundle)
    bundle.delete(kind, message)
    names = [name for _, name in bundle.keeper.started]
    inside = [False]

    def interleaved(step: Callable[..., Any]) -> Callable[..., Any]:
        def taken(*arguments: Any) -> Any:
            if not inside[0]:
                inside[0] = True
                for name in names:
                    bundle.finish(USER, name, bundle.clock.now() + HOUR)
                inside[0] = False
            return step(*arguments)

        return taken

    for thing, method in (
        (bundle.pictures, "delete"),
        (bundle.edge, "invalidate"),
        (bundle.removal, "remove_messages"),
        (bundle.tables, "commit"),
    ):
        monkeypatch.setattr(thing, method, interleaved(getattr(thing, method)))

    bundle.keep()
    let_pass(bundle, KEPT_FOR)
    let_pass(bundle, KEPT_FOR)

    assert bundle.tables.rows.deletions == {}
    if kind != "image":
        assert bundle.tables.rows.messages == {}
        assert bundle.open_messages() == 0
        assert bundle.pictures.files == {}


def test_one_deletion_that_breaks_does_not_stop_the_others(bundle: Bundle) -> None:
    first, second = a_picture(bundle, "succeeded", 0), a_picture(bundle, "succeeded", 1, OTHER)
    bundle.delete_image(first.job_id or "")
    bundle.delete_chat(OTHER)
    key, away = ids.image_keys(USER, first.job_id or "")[0], OSError("the bucket is away")
    fail(bundle.pictures, "delete", away, when=lambda keys: key in keys)

    bundle.sweep()

    assert not set(ids.image_keys(USER, second.job_id or "")) & set(bundle.pictures.files)
    assert set(ids.image_keys(USER, first.job_id or "")) <= set(bundle.pictures.files)


def test_messages_are_swept_before_a_large_deletion(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = bundle.die_while_thinking()
    bundle.clock.advance(seconds=76)
    seen: list[Status] = []
    bundle.delete_account("somebody")
    monkeypatch.setattr(bundle, "finish", lambda *_: seen.append(bundle.now(message).status))

    bundle.sweep()

    assert seen == [Status.FAILED]


def test_nothing_is_begun_without_time(bundle: Bundle) -> None:
    message = a_picture(bundle, "succeeded")
    bundle.delete_chat()
    later: datetime = bundle.clock.now()

    bundle.finish(USER, f"deletion#chat#{CHAT}", later)

    assert bundle.pictures.files
    assert (USER, CHAT, message.id) in bundle.tables.rows.messages
    assert bundle.job(message).status is JobStatus.SUCCEEDED

"""`ChannelStore`: one numbered transaction after the other, all of it or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.contracts.conftest import Tables
from tests.support.builders import (
    CHAT,
    a_job,
    a_message,
    a_ulid,
    an_image,
)
from tests.support.doubles import NOW, REQUEST

from afterimage.domain import turns
from afterimage.domain.changes import (
    Change,
    CheckLastLine,
    CloseAccount,
    CountCall,
    CountMessage,
    EditChat,
    InsertImage,
    InsertJob,
    InsertMessage,
    MoveJob,
    RefundImage,
    RemoveJob,
    RemoveMessage,
    ReplaceMessage,
    ReserveImage,
    ReturnCall,
    TouchChat,
    Transition,
)
from afterimage.domain.channels import Channel
from afterimage.domain.errors import AccountDeleted
from afterimage.domain.events import ImageInserted, MessageInserted, MessageUpdated
from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.job_life import Move, moved
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.limits import ModelKind
from afterimage.domain.messages import Message, MessageType, Role, Status
from afterimage.domain.slots import Slot, SlotStatus
from afterimage.ports.channel import ConditionsFailed, LostRace
from afterimage.ports.chats import DayUse
from afterimage.ports.models import Cost

DAY = "2026-11-20"
EVENT = MessageInserted(a_message())


def test_nobody_has_an_empty_channel(tables: Tables, user: str) -> None:
    assert tables.store.read(user) == Channel(user)


def test_seq_moves_with_the_change_by_the_number_of_events(tables: Tables, user: str) -> None:
    message = a_message()

    tables.commit(user, InsertMessage(message), events=(MessageInserted(message),) * 2, opens=1)

    assert tables.store.read(user) == Channel(user, seq=2, open_messages=1)
    assert tables.messages.get(user, CHAT, message.id) == message


def test_each_user_has_a_seq_of_their_own(tables: Tables, user: str, somebody_else: str) -> None:
    tables.commit(user, InsertMessage(a_message()))

    assert tables.store.read(somebody_else) == Channel(somebody_else)
    assert tables.messages.get(somebody_else, CHAT, a_message().id) is None


SLOTS = (
    Slot(a_ulid(1), SlotStatus.WAITING, deadline=NOW + timedelta(minutes=30)),
    Slot(a_ulid(2), SlotStatus.COMPLETE, an_image(index=2)),
    Slot(a_ulid(3), SlotStatus.COMPLETE, image_deleted=True, unasked=True),
    Slot(a_ulid(4), SlotStatus.CANCELLED, refunded=True),
    Slot(a_ulid(5), SlotStatus.FAILED, error=FailureNote("blocked", "No.", NOW)),
)


def test_every_field_of_a_message_survives(tables: Tables, user: str) -> None:
    message = Message(
        id=a_message().id,
        chat_id=CHAT,
        role=Role.ASSISTANT,
        text="über 🦊",
        created_at=NOW + timedelta(milliseconds=123),
        version=7,
        type=MessageType.IMAGE,
        status=Status.GENERATING,
        prompt="a red fox",
        aspect_ratio="16:9",
        count=4,
        slots=SLOTS,
        error=FailureNote("quota_exceeded", "No more today.", NOW + timedelta(hours=14)),
        parts='[{"functionCall":{"name":"generate_image"},"thoughtSignature":"b3Bh"}]',
        reply_to=a_message(1).id,
        tries=3,
        try_version=5,
        deadline=NOW + timedelta(seconds=450),
        lease_until=NOW + timedelta(seconds=59, milliseconds=250),
    )

    tables.commit(user, InsertMessage(message))

    assert tables.messages.get(user, CHAT, message.id) == message


def test_an_older_read_has_lost_the_race(tables: Tables, user: str) -> None:
    before = tables.store.read(user)
    tables.commit(user, InsertMessage(a_message(1)))

    with pytest.raises(LostRace):
        tables.store.commit(before, Transition((InsertMessage(a_message(2)),), (EVENT,)), NOW)

    assert tables.messages.get(user, CHAT, a_message(2).id) is None
    assert tables.store.read(user).seq == 1


def test_a_lost_race_is_told_later_too(tables: Tables, user: str) -> None:
    """Also where the counter row exists already when the losing read is made."""
    tables.commit(user, InsertMessage(a_message(1)))
    before = tables.store.read(user)
    tables.commit(user, InsertMessage(a_message(2)))

    with pytest.raises(LostRace):
        tables.store.commit(before, Transition((InsertMessage(a_message(3)),), (EVENT,)), NOW)


def test_an_older_read_has_lost_even_where_the_log_has_forgotten(tables: Tables, user: str) -> None:
    tables.commit(user, InsertMessage(a_message(1)))
    before = tables.store.read(user)
    tables.commit(user, InsertMessage(a_message(2)))
    tables.delete_event(user, 2)

    with pytest.raises(LostRace):
        tables.store.commit(before, Transition((InsertMessage(a_message(3)),), (EVENT,)), NOW)


def test_a_decision_is_told_rather_than_a_lost_race(tables: Tables, user: str) -> None:
    before = tables.store.read(user)
    tables.commit(user, InsertMessage(a_message(1)))

    with pytest.raises(ConditionsFailed) as failed:
        tables.store.commit(before, Transition((InsertMessage(a_message(1)),), (EVENT,)), NOW)

    assert failed.value.includes(InsertMessage)


def test_a_deleted_account_takes_nothing(tables: Tables, user: str) -> None:
    tables.commit(user, InsertMessage(a_message(1)))
    before = tables.store.read(user)
    tables.delete_account(user)

    with pytest.raises(AccountDeleted):
        tables.store.commit(before, Transition((InsertMessage(a_message(2)),), (EVENT,)), NOW)

    assert tables.store.read(user).deleted
    assert tables.messages.get(user, CHAT, a_message(2).id) is None


def test_an_account_deleted_before_its_first_event_takes_nothing(tables: Tables, user: str) -> None:
    before = tables.store.read(user)
    tables.delete_account(user)

    with pytest.raises(AccountDeleted):
        tables.store.commit(before, Transition((InsertMessage(a_message(2)),), (EVENT,)), NOW)


def test_nothing_is_applied_when_one_condition_fails(tables: Tables, user: str) -> None:
    tables.commit(user, InsertMessage(a_message(1)))

    kinds = tables.refused(
        user,
        InsertMessage(a_message(2)),
        TouchChat(CHAT, "title", NOW),
        CountMessage(DAY, 5),
        ReserveImage(DAY, 5),
        InsertJob(a_job()),
        InsertImage(an_image()),
        InsertMessage(a_message(1)),
    )

    assert kinds == {InsertMessage}
    assert tables.store.read(user).seq == 1
    assert tables.messages.get(user, CHAT, a_message(2).id) is None
    assert tables.chats.get(user, CHAT) is None
    assert tables.usage.used(user, DAY) == DayUse(0, 0, 0, 0)
    assert tables.jobs.get(user, a_job().id) is None
    assert tables.images.before(user, None, 10) == []
    assert len(tables.events.after(user, 0, 10, NOW)) == 1


def test_exactly_the_changes_that_do_not_hold_are_named(tables: Tables, user: str) -> None:
    tables.commit(user, InsertMessage(a_message(1)), InsertJob(a_job(1)))

    with pytest.raises(ConditionsFailed) as failed:
        tables.commit(
            user,
            TouchChat(CHAT, "holds", NOW),
            ReplaceMessage(a_message(1), 9),
            CountMessage(DAY, 3),
            InsertMessage(a_message(2)),
            ReserveImage(DAY, 0),
            InsertJob(a_job(1)),
            InsertImage(an_image()),
        )

    assert {type(change) for change in failed.value.changes} == {
        ReplaceMessage,
        ReserveImage,
        InsertJob,
    }


def test_a_version_moves_once(tables: Tables, user: str) -> None:
    first = a_message(1)
    second = replace(first, version=2, text="changed")
    tables.commit(user, InsertMessage(first))

    tables.commit(user, ReplaceMessage(second, 1), events=(MessageUpdated(second),))

    assert tables.messages.get(user, CHAT, first.id) == second
    assert tables.refused(user, ReplaceMessage(replace(first, version=2), 1)) == {ReplaceMessage}


def test_a_message_that_is_gone_is_not_replaced(tables: Tables, user: str) -> None:
    assert tables.refused(user, ReplaceMessage(a_message(1), 1)) == {ReplaceMessage}


def test_a_job_and_a_picture_are_inserted_once(tables: Tables, user: str) -> None:
    tables.commit(user, InsertJob(a_job()), InsertImage(an_image()))

    assert tables.refused(user, InsertJob(a_job())) == {InsertJob}
    assert tables.refused(user, InsertImage(an_image())) == {InsertImage}


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_counters_stop_exactly_at_their_limit(tables: Tables, user: str, limit: int) -> None:
    for _ in range(limit):
        tables.commit(user, ReserveImage(DAY, limit), CountMessage(DAY, limit))

    assert tables.refused(user, ReserveImage(DAY, limit)) == {ReserveImage}
    assert tables.refused(user, CountMessage(DAY, limit)) == {CountMessage}
    assert tables.usage.used(user, DAY) == DayUse(limit, limit, 0, 0)


def test_a_limit_of_zero_lets_nothing_through(tables: Tables, user: str) -> None:
    assert tables.refused(user, ReserveImage(DAY, 0)) == {ReserveImage}
    assert tables.usage.used(user, DAY) == DayUse(0, 0, 0, 0)


def test_a_lowered_limit_counts_at_once(tables: Tables, user: str) -> None:
    for _ in range(3):
        tables.commit(user, ReserveImage(DAY, 5))

    assert tables.refused(user, ReserveImage(DAY, 2)) == {ReserveImage}


def test_pictures_and_messages_are_counted_apart_and_by_day(tables: Tables, user: str) -> None:
    tables.commit(user, ReserveImage(DAY, 1))

    tables.commit(user, CountMessage(DAY, 1))
    tables.commit(user, ReserveImage("2026-11-21", 1))

    assert tables.usage.used(user, DAY) == DayUse(1, 1, 0, 0)
    assert tables.usage.used(user, "2026-11-21") == DayUse(1, 0, 0, 0)


def test_a_refund_makes_room_again(tables: Tables, user: str) -> None:
    tables.commit(user, ReserveImage(DAY, 1))
    tables.commit(user, RefundImage(DAY))

    tables.commit(user, ReserveImage(DAY, 1))

    assert tables.usage.used(user, DAY) == DayUse(1, 0, 0, 0)


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_calls_are_counted_alike_with_a_change_and_alone(
    tables: Tables, user: str, limit: int
) -> None:
    for number in range(limit):
        if number % 2:
            tables.commit(user, CountCall(ModelKind.TEXT, DAY, limit))
        else:
            assert tables.calls.count_call(user, ModelKind.TEXT, DAY, limit)

    assert tables.refused(user, CountCall(ModelKind.TEXT, DAY, limit)) == {CountCall}
    assert not tables.calls.count_call(user, ModelKind.TEXT, DAY, limit)
    assert tables.calls.count_call(user, ModelKind.IMAGE, DAY, limit + 1)
    assert tables.calls.count_call(user, ModelKind.TEXT, "2026-11-21", limit + 1)
    assert tables.usage.used(user, DAY) == DayUse(0, 0, 1, limit)


def test_calls_are_given_back_alike_with_a_change_and_alone(tables: Tables, user: str) -> None:
    for _ in range(3):
        tables.commit(user, CountCall(ModelKind.IMAGE, DAY, 3))
    tables.commit(user, ReturnCall(ModelKind.IMAGE, DAY))
    tables.calls.return_call(user, ModelKind.IMAGE, DAY)
    tables.calls.return_call(user, ModelKind.IMAGE, DAY)

    tables.calls.return_call(user, ModelKind.IMAGE, DAY)

    assert tables.refused(user, ReturnCall(ModelKind.IMAGE, DAY)) == {ReturnCall}
    assert tables.usage.used(user, DAY) == DayUse(0, 0, 0, 0)


def a_cost(user: str, number: int, kind: ModelKind, job_id: str | None = None) -> Cost:
    return Cost(user, DAY, kind, 10**9 + number, 5, job_id, f"nonce {number}")


def test_costs_are_added_up_by_day_and_once_each(tables: Tables, user: str) -> None:
    texts = [a_cost(user, number, ModelKind.TEXT) for number in (1, 2)]
    for cost in (texts[0], texts[0], texts[1], a_cost(user, 4, ModelKind.IMAGE)):
        tables.costs.note_cost(cost)

    used = tables.usage.used(user, DAY)
    assert (used.nano_usd, used.text_tokens) == (3 * 10**9 + 7, 10)
    assert tables.usage.used(user, "2026-11-21") == DayUse(0, 0, 0, 0)


def test_a_job_keeps_what_it_cost_however_it_moves(tables: Tables, user: str) -> None:
    tables.commit(user, InsertJob(a_job(1)))
    tables.costs.note_cost(a_cost(user, 1, ModelKind.IMAGE, a_job(1).id))
    running = tables.jobs.claim(user, a_job(1).id, 1, NOW, REQUEST)
    assert running is not None
    tables.costs.note_cost(a_cost(user, 2, ModelKind.IMAGE, running.id))
    tables.commit(user, MoveJob(running, moved(running, Move.FAIL, NOW, error_code="blocked")))

    job = tables.jobs.get(user, running.id)
    assert job is not None
    assert (running.cost_nano_usd, job.cost_nano_usd) == (10**9 + 1, 2 * 10**9 + 3)


def test_the_cost_of_a_job_that_is_gone_makes_no_row_of_it(tables: Tables, user: str) -> None:
    tables.costs.note_cost(a_cost(user, 1, ModelKind.IMAGE, a_job(1).id))

    assert tables.jobs.get(user, a_job(1).id) is None
    assert tables.usage.used(user, DAY).nano_usd == 10**9 + 1


def test_what_was_not_taken_is_not_given_back(tables: Tables, user: str) -> None:
    assert tables.refused(user, RefundImage(DAY)) == {RefundImage}
    tables.commit(user, ReserveImage(DAY, 1))
    tables.commit(user, RefundImage(DAY))

    assert tables.refused(user, RefundImage(DAY)) == {RefundImage}
    assert tables.usage.used(user, DAY) == DayUse(0, 0, 0, 0)


def test_a_chat_begins_with_its_first_message(tables: Tables, user: str) -> None:
    tables.commit(user, TouchChat(CHAT, "the first words", NOW))

    chat = tables.chats.get(user, CHAT)
    assert chat is not None
    assert (chat.title, chat.created_at, chat.updated_at) == ("the first words", NOW, NOW)


def test_a_chat_is_touched_and_never_replaced(tables: Tables, user: str) -> None:
    later = NOW + timedelta(minutes=5)
    tables.commit(user, TouchChat(CHAT, "the first words", NOW))
    tables.commit(user, EditChat(CHAT, "a name of its own"))

    tables.commit(user, TouchChat(CHAT, "later words", later))

    chat = tables.chats.get(user, CHAT)
    assert chat is not None
    assert (chat.title, chat.created_at, chat.updated_at) == ("a name of its own", NOW, later)


def test_a_chat_being_deleted_is_neither_touched_nor_renamed(tables: Tables, user: str) -> None:
    tables.commit(user, TouchChat(CHAT, "title", NOW))
    tables.delete_chat(user, CHAT)

    assert tables.refused(user, TouchChat(CHAT, "title", NOW)) == {TouchChat}
    assert tables.refused(user, EditChat(CHAT, "title")) == {EditChat}


def test_what_is_about_the_last_line_holds_only_there(tables: Tables, user: str) -> None:
    first, second = a_message(1).id, a_message(2).id
    check = CheckLastLine(CHAT, first)
    assert tables.refused(user, check) == {CheckLastLine}

    tables.commit(user, TouchChat(CHAT, "title", NOW))
    tables.commit(user, check)  # the chat does not say
    tables.commit(user, TouchChat(CHAT, "title", NOW, line=first))
    tables.commit(user, TouchChat(CHAT, "title", NOW, line=first, is_last=True))
    tables.commit(user, TouchChat(CHAT, "title", NOW, line=second))

    again = TouchChat(CHAT, "title", NOW, line=first, is_last=True)
    assert tables.refused(user, check) == {CheckLastLine}
    assert tables.refused(user, again) == {TouchChat}
    (chat,) = tables.rows.chats(user, [CHAT])
    assert chat.last_line == second
    tables.delete_chat(user, CHAT)
    assert tables.refused(user, CheckLastLine(CHAT, second)) == {CheckLastLine}


def test_a_message_is_replaced_beside_a_look_at_its_chat(tables: Tables, user: str) -> None:
    first = a_message(1)
    tables.commit(user, InsertMessage(first), TouchChat(CHAT, "title", NOW, line=first.id))
    now = first.placed(stands=False)

    tables.commit(user, ReplaceMessage(now, 1), CheckLastLine(CHAT, first.id))

    assert tables.messages.get(user, CHAT, first.id) == now


def test_where_a_message_stands_is_stored(tables: Tables, user: str) -> None:
    lease = NOW + timedelta(seconds=59, microseconds=123_457)
    version = a_message(
        3,
        role=Role.ASSISTANT,
        status=Status.THINKING,
        deadline=NOW,
        lease_until=lease,
        reply_to=a_message(2).id,
        version_of=a_message(1).id,
        stood_before=a_message(1).id,
    )
    gone, back = version.placed(stands=False), version.placed(stands=True)
    tables.commit(user, InsertMessage(version))

    tables.commit(user, ReplaceMessage(gone, 1))
    found = tables.messages.get(user, CHAT, version.id)
    tables.commit(user, ReplaceMessage(replace(back, version=3), 2))

    assert found == gone
    assert found.is_still(version)  # by whoever is at it
    assert tables.messages.get(user, CHAT, version.id) == replace(back, version=3)


def test_a_chat_that_never_was_is_not_renamed(tables: Tables, user: str) -> None:
    assert tables.refused(user, EditChat(CHAT, "title")) == {EditChat}
    assert tables.chats.get(user, CHAT) is None


def running_job(tables: Tables, user: str) -> Job:
    tables.commit(user, InsertJob(a_job()))
    running = tables.jobs.claim(user, a_job().id, 1, NOW, REQUEST)
    assert running is not None
    return running


def test_a_job_ends_once(tables: Tables, user: str) -> None:
    tables.commit(user, InsertJob(a_job()))
    ended = moved(a_job(), Move.FAIL, NOW, error_code="provider_unavailable")

    tables.commit(user, MoveJob(a_job(), ended))

    assert tables.jobs.get(user, a_job().id) == ended
    assert tables.refused(user, MoveJob(a_job(), ended)) == {MoveJob}


def test_a_settled_job_carries_its_price(tables: Tables, user: str) -> None:
    running = running_job(tables, user)
    settled = moved(running, Move.SUCCEED, NOW, price_usd="0.0336")

    tables.commit(user, MoveJob(running, settled))

    job = tables.jobs.get(user, a_job().id)
    assert job == settled
    assert (job.status, job.price_usd, job.error_code) == (JobStatus.SUCCEEDED, "0.0336", None)


@pytest.mark.parametrize("move", [Move.FAIL, Move.CANCEL])
def test_an_ended_job_knows_when_its_uploads_go(tables: Tables, user: str, move: Move) -> None:
    running = running_job(tables, user)
    ended = moved(running, move, NOW, purge_at=NOW + timedelta(seconds=155))

    tables.commit(user, MoveJob(running, ended))

    assert ended.purge_at == NOW + timedelta(seconds=155)
    assert tables.jobs.get(user, a_job().id) == ended


@pytest.mark.parametrize(
    ("attempt", "status"),
    [(2, JobStatus.RESERVED), (1, JobStatus.RUNNING), (2, JobStatus.RUNNING)],
)
def test_a_job_moves_only_from_where_it_is(
    tables: Tables, user: str, attempt: int, status: JobStatus
) -> None:
    tables.commit(user, InsertJob(a_job()))
    elsewhere = replace(a_job(), attempt=attempt, status=status)

    move = MoveJob(elsewhere, moved(elsewhere, Move.FAIL, NOW))

    assert tables.refused(user, move) == {MoveJob}
    assert tables.jobs.get(user, a_job().id) == a_job()


def test_a_job_that_never_was_does_not_move(tables: Tables, user: str) -> None:
    move = MoveJob(a_job(), moved(a_job(), Move.FAIL, NOW))

    assert tables.refused(user, move) == {MoveJob}
    assert tables.jobs.get(user, a_job().id) is None


def test_what_is_open_is_counted_and_discounted(tables: Tables, user: str) -> None:
    tables.commit(user, InsertMessage(a_message(1)), opens=1)
    tables.commit(user, InsertMessage(a_message(2)), opens=1)
    assert tables.store.read(user).open_messages == 2

    tables.commit(user, InsertMessage(a_message(3)), opens=-1)
    tables.commit(user, InsertMessage(a_message(4)))
    assert tables.store.read(user).open_messages == 1


def test_of_two_that_read_the_same_neither_forgets_what_the_other_closed(
    tables: Tables, user: str
) -> None:
    """Neither has an event, so `seq` does not tell them apart."""
    for number in (1, 2):
        tables.commit(user, InsertMessage(a_message(number)), opens=1)
    read = tables.store.read(user)

    for number in (1, 2):
        closing = Transition((RemoveMessage(a_message(number)),), (), opens=-1)
        tables.store.commit(read, closing, NOW)

    assert tables.store.read(user).open_messages == 0


def test_what_was_opened_since_it_was_read_counts_against_the_limit(
    tables: Tables, user: str
) -> None:
    tables.commit(user, InsertMessage(a_message(1)))
    read = tables.store.read(user)
    opening = Transition((InsertMessage(a_message(2)),), (), opens=1, open_limit=1)
    tables.store.commit(read, opening, NOW)

    with pytest.raises(LostRace):
        tables.store.commit(read, replace(opening, changes=(InsertMessage(a_message(3)),)), NOW)

    assert tables.store.read(user).open_messages == 1


def test_a_whole_delivery_is_one_transaction(tables: Tables, user: str) -> None:
    """The largest transition there is: message, gallery, ledger and two events."""
    message, image = a_message(1), an_image()
    painted = replace(message, version=2, slots=(Slot(image.id).painted(image),))
    tables.commit(user, InsertMessage(message), ReserveImage(DAY, 1), opens=1)
    running = running_job(tables, user)
    settled = moved(running, Move.SUCCEED, NOW, price_usd="0.0336")

    tables.commit(
        user,
        ReplaceMessage(painted, 1),
        InsertImage(image),
        MoveJob(running, settled),
        events=(MessageUpdated(painted), ImageInserted(image)),
        opens=-1,
    )

    assert tables.store.read(user) == Channel(user, seq=4)
    assert tables.messages.get(user, CHAT, message.id) == painted
    assert tables.images.before(user, None, 10) == [image]


# --- The queue before the painter ----------------------------------------------------------------


def a_waiting(number: int) -> Job:
    return replace(a_job(number), status=JobStatus.WAITING)


def ordered(tables: Tables, user: str, *jobs: Job) -> None:
    """Each with the message that waits for it."""
    for number, job in enumerate(jobs):
        slots = (Slot.of(job, NOW),)
        message = a_message(
            number, role=Role.ASSISTANT, status=Status.GENERATING, slots=slots, deadline=NOW
        )
        tables.commit(user, InsertMessage(message), InsertJob(job))


def its_turn(tables: Tables, user: str, job: Job, *changes: Change) -> Transition:
    """A transition without events of its own, and along with it the turn of a job."""
    stored = tables.jobs.get(user, job.id)
    number = next(n for n in range(9) if a_job(n).id == job.id)
    message = tables.messages.get(user, CHAT, a_message(number).id)
    assert stored is not None
    assert message is not None
    return turns.begin(Transition(changes, ()), stored, message, NOW, NOW + timedelta(seconds=450))


def queue(tables: Tables, user: str) -> tuple[set[str], set[str]]:
    channel = tables.store.read(user)
    return set(channel.painting), set(channel.waiting)


def test_the_queue_follows_the_jobs(tables: Tables, user: str) -> None:
    first, second, third = a_job(0), a_job(1), a_waiting(2)

    ordered(tables, user, first, second, third)
    assert queue(tables, user) == ({first.id, second.id}, {third.id})

    claimed = tables.jobs.claim(user, first.id, 1, NOW, REQUEST)
    assert claimed is not None
    assert queue(tables, user) == ({first.id, second.id}, {third.id})

    tables.commit(user, MoveJob(claimed, moved(claimed, Move.FAIL, NOW)))
    assert queue(tables, user) == ({second.id}, {third.id})

    tables.commit(user, RemoveJob(second), events=())
    assert queue(tables, user) == (set(), {third.id})

    tables.commit(user, MoveJob(third, moved(third, Move.CANCEL, NOW)))
    assert queue(tables, user) == (set(), set())


def test_a_turn_comes_with_the_end_of_another(tables: Tables, user: str) -> None:
    first, second = a_job(0), a_waiting(1)
    ordered(tables, user, first, second)
    transition = its_turn(tables, user, second, RemoveJob(first))

    tables.store.commit(tables.store.read(user), transition, NOW)

    begun = tables.jobs.get(user, second.id)
    message = tables.messages.get(user, CHAT, a_message(1).id)
    assert queue(tables, user) == ({second.id}, set())
    assert begun == moved(second, Move.START, NOW)
    assert message is not None
    assert (message.version, message.waiting) == (2, False)
    assert tables.store.read(user).seq == 3


def test_whose_turn_cannot_come_has_lost_a_race_and_decides_nothing(
    tables: Tables, user: str
) -> None:
    first, second = a_job(0), a_waiting(1)
    ordered(tables, user, first, second)
    transition = its_turn(tables, user, second, RemoveJob(first))
    tables.commit(user, MoveJob(second, moved(second, Move.CANCEL, NOW)), events=())

    with pytest.raises(LostRace):
        tables.store.commit(tables.store.read(user), transition, NOW)

    assert tables.jobs.get(user, first.id) == first
    assert queue(tables, user) == ({first.id}, set())


def test_the_turn_of_a_chat_that_is_being_deleted_has_lost_a_race(
    tables: Tables, user: str
) -> None:
    first, second = a_job(0), a_waiting(1)
    tables.commit(user, TouchChat(CHAT, "title", NOW))
    ordered(tables, user, first, second)
    transition = its_turn(tables, user, second, RemoveJob(first))
    tables.delete_chat(user, CHAT)

    with pytest.raises(LostRace):
        tables.store.commit(tables.store.read(user), transition, NOW)


def test_a_queue_that_moved_without_an_event_has_moved(tables: Tables, user: str) -> None:
    """A removal has no event and leaves `seq` as it is."""
    first = a_job(0)
    ordered(tables, user, first)
    before = tables.store.read(user)
    tables.commit(user, RemoveJob(first), events=())

    with pytest.raises(LostRace):
        tables.store.commit(before, Transition((InsertJob(a_waiting(1)),), (EVENT,)), NOW)
    tables.store.commit(before, Transition((InsertMessage(a_message(5)),), (EVENT,)), NOW)

    assert queue(tables, user) == (set(), set())


def test_what_has_ended_all_the_same_is_forgotten(tables: Tables, user: str) -> None:
    ordered(tables, user, a_job(0), a_waiting(1))
    gone = frozenset({a_job(0).id, a_job(1).id})
    transition = Transition((InsertJob(a_job(2)),), (EVENT,), forgets=gone)

    tables.store.commit(tables.store.read(user), transition, NOW)

    assert queue(tables, user) == ({a_job(2).id}, set())


def test_a_deleted_account_has_no_queue(tables: Tables, user: str) -> None:
    ordered(tables, user, a_job(0), a_waiting(1))

    tables.commit(user, CloseAccount(NOW, NOW + timedelta(days=7)), events=())

    assert queue(tables, user) == (set(), set())


@pytest.mark.parametrize("used", [0, 2, 5])
def test_several_are_counted_at_once_and_what_was_counted_is_told(
    tables: Tables, user: str, used: int
) -> None:
    counted = (ReserveImage(DAY, 5, 4), CountCall(ModelKind.IMAGE, DAY, 5, 4))
    for _ in range(used):
        tables.commit(user, ReserveImage(DAY, 9), CountCall(ModelKind.IMAGE, DAY, 9))

    if used > 1:
        with pytest.raises(ConditionsFailed) as refused_with:
            tables.commit(user, *counted)
        assert refused_with.value.counted == dict.fromkeys(counted, used)
        return

    tables.commit(user, *counted)
    assert tables.usage.used(user, DAY) == DayUse(4, 0, 4, 0)
    tables.commit(user, RefundImage(DAY, 3), ReturnCall(ModelKind.IMAGE, DAY, 2))
    assert tables.usage.used(user, DAY) == DayUse(1, 0, 2, 0)
    assert tables.refused(user, RefundImage(DAY, 2)) == {RefundImage}


def test_more_than_there_may_be_is_never_counted(tables: Tables, user: str) -> None:
    assert tables.refused(user, ReserveImage(DAY, 3, 4)) == {ReserveImage}


def test_some_jobs_are_read_at_once(tables: Tables, user: str) -> None:
    jobs = [a_job(number, slot=number) for number in range(3)]
    tables.commit(user, *map(InsertJob, jobs))

    found = tables.jobs.some(user, [jobs[2].id, a_ulid(99), jobs[0].id])

    assert sorted(job.slot for job in found) == [0, 2]
    assert [job.slot for job in tables.jobs.some(user, [jobs[1].id])] == [1]
    assert list(tables.jobs.some(user, [])) == []

"""What holds when many come at once. Not on moto, which is not atomic under threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.contracts.conftest import SECOND_OPINION, Tables
from tests.contracts.somebody import AT_ONCE, Somebody, somebody
from tests.support.builders import CHAT, a_job, a_message, an_image
from tests.support.doubles import (
    NOW,
    REQUEST,
)

from afterimage.channel import UnifiedChannel
from afterimage.domain import endings
from afterimage.domain.changes import (
    InsertJob,
    InsertMessage,
    MoveJob,
    RefundImage,
    ReserveImage,
    Transition,
)
from afterimage.domain.channels import Channel
from afterimage.domain.endings import Ending
from afterimage.domain.errors import (
    NotRunning,
    TimedOut,
)
from afterimage.domain.events import MessageInserted
from afterimage.domain.job_life import Move, moved
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.messages import Message, MessageType, Role, Status
from afterimage.domain.slots import Slot, SlotStatus
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import DayUse

DAY = "2026-11-20"
LATER = NOW + timedelta(seconds=450)


@pytest.fixture
def crowd() -> Iterator[Executor]:
    # As many as a client has connections: a hundred would outlast a read's time where the machine
    # is slow. DynamoDB Local carries out one transaction after another.
    with ThreadPoolExecutor(10 if SECOND_OPINION else 24) as threads:
        yield threads


@pytest.fixture
def world(atomic_tables: Tables, crowd: Executor, user: str) -> Somebody:
    return somebody(Somebody, atomic_tables, crowd, user)


@pytest.fixture
def channel(world: Somebody) -> UnifiedChannel:
    return world.channel


def test_of_a_hundred_pictures_at_once_exactly_ten_get_the_ten_left(
    atomic_tables: Tables, channel: UnifiedChannel, crowd: Executor, user: str
) -> None:
    for number in range(3):
        change = Transition((ReserveImage(DAY, 13),), (MessageInserted(a_message(number)),))
        channel.change(user, change)

    def order(number: int) -> bool:
        message = a_message(number)
        transition = Transition(
            (InsertMessage(message), ReserveImage(DAY, 13), InsertJob(a_job(number))),
            (MessageInserted(message),),
            opens=1,
        )
        try:
            channel.change(user, transition)
        except ConditionsFailed as failed:
            return not failed.includes(ReserveImage)
        return True

    ordered = list(crowd.map(order, range(100)))

    assert ordered.count(True) == 10
    assert atomic_tables.usage.used(user, DAY) == DayUse(13, 0, 0, 0)
    assert len(atomic_tables.usage.recent_jobs(user, 200)) == 10
    assert len(atomic_tables.messages.before(user, CHAT, None, 200)) == 10
    after = atomic_tables.store.read(user)
    assert (after.seq, after.open_messages) == (13, 10)
    numbers = [event.seq for event in atomic_tables.events.after(user, 0, 200, NOW)]
    assert numbers == list(range(1, 14))


def test_changes_at_once_get_numbers_without_holes_or_doubles(
    atomic_tables: Tables, channel: UnifiedChannel, crowd: Executor, user: str
) -> None:
    def write(number: int) -> None:
        message = a_message(number)
        events = (MessageInserted(message), MessageInserted(message))
        channel.change(user, Transition((InsertMessage(message),), events))

    list(crowd.map(write, range(20)))

    logged = atomic_tables.events.after(user, 0, 200, NOW)
    assert [event.seq for event in logged] == list(range(1, 41))
    assert len({event.message_id for event in logged}) == 20
    assert atomic_tables.store.read(user).seq == 40


def test_one_of_many_gets_the_job(atomic_tables: Tables, crowd: Executor, user: str) -> None:
    change = Transition((InsertJob(a_job()),), (MessageInserted(a_message()),))
    atomic_tables.store.commit(atomic_tables.store.read(user), change, NOW)

    def claim(_: int) -> bool:
        return atomic_tables.jobs.claim(user, a_job().id, 1, NOW, REQUEST) is not None

    assert list(crowd.map(claim, range(40))).count(True) == 1


def test_of_many_movers_of_one_job_one_wins(
    atomic_tables: Tables, channel: UnifiedChannel, crowd: Executor, user: str
) -> None:
    """Claimed, rescued, cancelled and failed at once, each decided on the same read."""
    job = a_job()
    change = Transition((InsertJob(job), ReserveImage(DAY, 1)), (MessageInserted(a_message()),))
    channel.change(user, change)

    def mover(number: int) -> bool:
        match number % 4:
            case 0:
                return atomic_tables.jobs.claim(user, job.id, 1, NOW, REQUEST) is not None
            case 1:
                return atomic_tables.jobs.move(user, job, moved(job, Move.RESCUE, NOW))
            case kind:
                after = moved(job, Move.FAIL if kind == 2 else Move.CANCEL, NOW)
                ends = (MoveJob(job, after), RefundImage(DAY))
                try:
                    channel.change(user, Transition(ends, (MessageInserted(a_message()),)))
                except ConditionsFailed as failed:
                    return not failed.includes(MoveJob)
                return True

    assert list(crowd.map(mover, range(40))).count(True) == 1
    left = atomic_tables.jobs.get(user, job.id)
    assert left is not None
    refunded = left.status in (JobStatus.FAILED, JobStatus.CANCELLED)
    assert atomic_tables.usage.used(user, DAY) == DayUse(0 if refunded else 1, 0, 0, 0)


def test_one_of_many_spends_the_ticket(atomic_tables: Tables, crowd: Executor, user: str) -> None:
    atomic_tables.tickets.keep(user, "digest", NOW.replace(year=2027))

    def spend(_: int) -> bool:
        return atomic_tables.tickets.spend(user, "digest", NOW)

    assert list(crowd.map(spend, range(40))).count(True) == 1


def test_of_many_orders_and_endings_at_once_no_more_than_four_are_painted(
    atomic_tables: Tables, world: Somebody, channel: UnifiedChannel, user: str
) -> None:
    def order(number: int) -> None:
        def ordering(read: Channel) -> Transition:
            room, _ = world.turns.room(read, 1)
            job = a_job(number, status=JobStatus.RESERVED if room else JobStatus.WAITING)
            slots = (Slot.of(job, NOW),)
            message = a_message(number, status=Status.GENERATING, slots=slots)
            changes = (InsertMessage(message), ReserveImage(DAY, 99), InsertJob(job))
            return Transition(changes, (MessageInserted(message),), opens=1)

        channel.change(user, ordering)

    def end(job_id: str) -> None:
        job = atomic_tables.jobs.get(user, job_id)
        assert job is not None
        message = atomic_tables.messages.get(user, CHAT, job.message_id)
        assert message is not None
        ending = endings.fail(message, TimedOut(), NOW, [job])
        channel.deliver(channel.change(user, ending.transition))

    with ThreadPoolExecutor(10) as people:
        list(people.map(order, range(20)))
        painted: list[str] = []
        while (read := atomic_tables.store.read(user)).painting:
            assert len(read.painting) == min(AT_ONCE, len(read.painting | read.waiting))
            painted += sorted(read.painting)
            list(people.map(end, read.painting))

    assert sorted(painted) == [a_job(number).id for number in range(20)]
    assert (
        len(world.starter.started)
        == len({job for _, job, _ in world.starter.started})
        == 20 - AT_ONCE
    )
    assert (read.waiting, read.open_messages) == (frozenset(), 0)
    assert atomic_tables.usage.used(user, DAY) == DayUse(0, 0, 0, 0)


# --- Several pictures of one answer --------------------------------------------------------------


def painting(
    tables: Tables, channel: UnifiedChannel, user: str, pictures: int = 4
) -> tuple[Message, list[Job]]:
    """An answer whose pictures are all being painted."""
    jobs = [a_job(n, slot=n, message_id=a_message().id) for n in range(pictures)]
    message = a_message(role=Role.ASSISTANT, type=MessageType.IMAGE)
    message = replace(message, version=0).with_slots([Slot.of(job, LATER) for job in jobs])
    ordering = Transition(
        (InsertMessage(message), ReserveImage(DAY, 99, pictures), *map(InsertJob, jobs)),
        (MessageInserted(message),),
        opens=1,
    )
    channel.change(user, ordering)
    running = [tables.jobs.claim(user, job.id, 1, NOW, REQUEST) for job in jobs]
    return message, [job for job in running if job is not None]


def ending_of(job: Job) -> Callable[[Message], Ending]:
    """Half of them are painted, the others fail."""

    def ending(now: Message) -> Ending:
        if job.slot % 2:
            return endings.fail(now, TimedOut(), NOW, [job])
        image = an_image(job.slot, id=job.id, message_id=now.id)
        return endings.complete(now, job, [image], "0.0336", NOW)

    return ending


def check_ended(tables: Tables, user: str, charged: int) -> Message:
    """Each slot as its job, one version and one event for each change, nothing open."""
    message = tables.messages.get(user, CHAT, a_message().id)
    assert message is not None
    assert message.open_slots == ()
    jobs = {
        job.id: job.status.value for job in tables.jobs.some(user, [s.id for s in message.slots])
    }
    as_slots = {"succeeded": "complete"}
    assert [slot.status for slot in message.slots] == [
        as_slots.get(jobs[slot.id], jobs[slot.id]) for slot in message.slots
    ]
    read = tables.store.read(user)
    events = tables.events.after(user, 0, 100, NOW)
    told = [event for event in events if event.message_id == message.id]
    assert (read.open_messages, read.painting, len(told)) == (0, frozenset(), message.version)
    assert len(events) - len(told) == len(message.images)
    assert tables.usage.used(user, DAY).images == charged
    return message


@pytest.mark.parametrize("_again", range(3))
def test_four_pictures_that_end_at_once_have_four_endings(
    atomic_tables: Tables, world: Somebody, crowd: Executor, user: str, _again: int
) -> None:
    message, jobs = painting(atomic_tables, world.channel, user)

    def end(job: Job) -> bool:
        return world.end_slots.of_job(user, message, job, ending_of(job)) is not None

    assert list(crowd.map(end, [*jobs, *jobs])).count(True) == 4

    ended = check_ended(atomic_tables, user, charged=2)
    assert (ended.status, ended.version) == (Status.COMPLETE, 5)


@pytest.mark.parametrize("_again", range(3))
def test_cancel_beside_four_endings_has_one_ending_each(
    atomic_tables: Tables, world: Somebody, crowd: Executor, user: str, _again: int
) -> None:
    message, jobs = painting(atomic_tables, world.channel, user)

    def act(job: Job | None) -> None:
        if job is not None:
            world.end_slots.of_job(user, message, job, ending_of(job))
        else:
            with suppress(NotRunning):
                world.cancel(message, message.version, user)

    list(crowd.map(act, [*jobs[:2], None, *jobs[2:], None]))

    ended = atomic_tables.messages.get(user, CHAT, message.id)
    assert ended is not None
    failed = sum(slot.status is SlotStatus.FAILED for slot in ended.slots)
    check_ended(atomic_tables, user, charged=4 - failed)

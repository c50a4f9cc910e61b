"""What holds when many come at once. Not on moto, which is not atomic under threads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from tests.contracts.conftest import SECOND_OPINION, Tables
from tests.support.builders import CHAT, a_job, a_message
from tests.support.doubles import (
    NOW,
    REQUEST,
    PlainUrls,
    RecordingLog,
    RecordingMetrics,
    RecordingPush,
    RecordingStarter,
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
from afterimage.domain.entities import (
    Channel,
    JobStatus,
    Slot,
    Status,
)
from afterimage.domain.errors import TimedOut
from afterimage.domain.events import MessageInserted
from afterimage.domain.job_life import Move, moved
from afterimage.invocation import Invocation
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import DayUse
from afterimage.use_cases.turns import PaintersTurns

DAY = "2026-11-20"
AT_ONCE = 4


class WallClock:
    """Implements `Clock`: contention is about real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@pytest.fixture
def crowd() -> Iterator[Executor]:
    # DynamoDB Local carries out one transaction after another: a hundred outlast a read's time.
    with ThreadPoolExecutor(10 if SECOND_OPINION else 100) as threads:
        yield threads


@pytest.fixture
def starter() -> RecordingStarter:
    return RecordingStarter()


@pytest.fixture
def turns(atomic_tables: Tables, starter: RecordingStarter) -> PaintersTurns:
    return PaintersTurns(
        atomic_tables.jobs,
        atomic_tables.messages,
        starter,
        WallClock(),
        AT_ONCE,
        timedelta(seconds=450),
        RecordingLog(),
        RecordingMetrics(),
    )


@pytest.fixture
def channel(atomic_tables: Tables, crowd: Executor, turns: PaintersTurns) -> UnifiedChannel:
    clock = WallClock()
    return UnifiedChannel(
        atomic_tables.store,
        RecordingPush(),
        PlainUrls(),
        clock,
        crowd,
        RecordingLog(),
        RecordingMetrics(),
        Invocation(clock),
        turns,
    )


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
    atomic_tables: Tables,
    channel: UnifiedChannel,
    turns: PaintersTurns,
    starter: RecordingStarter,
    user: str,
) -> None:
    def order(number: int) -> None:
        def ordering(read: Channel) -> Transition:
            room, _ = turns.room(read, 1)
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
    assert len(starter.started) == len({job for _, job, _ in starter.started}) == 20 - AT_ONCE
    assert (read.waiting, read.open_messages) == (frozenset(), 0)
    assert atomic_tables.usage.used(user, DAY) == DayUse(0, 0, 0, 0)

"""A connection's first frame, its pings, and the limit of connections."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.builders import a_caller, a_message
from tests.support.doubles import NOW, FixedClock, PlainUrls, RecordingMetrics, RecordingPush
from tests.support.in_memory import Counter, InMemoryEventLog, InMemoryTables
from tests.unit.conftest import USER

from afterimage.domain.changes import InsertMessage, Transition
from afterimage.domain.connections import MAX_CONNECTIONS
from afterimage.domain.events import MessageInserted
from afterimage.use_cases.current_events import CurrentEvents
from afterimage.use_cases.limit_connections import LimitConnections
from afterimage.use_cases.replay_events import ReplayEvents
from afterimage.use_cases.resume_channel import ResumeChannel

ALICE = a_caller(USER)


@pytest.fixture
def resuming(tables: InMemoryTables, push: RecordingPush, clock: FixedClock) -> ResumeChannel:
    log = InMemoryEventLog(tables)
    return ResumeChannel(
        tables,
        tables,
        LimitConnections(tables, tables, push, clock),
        ReplayEvents(log, CurrentEvents(log, log), PlainUrls(), clock, RecordingMetrics()),
        push,
        clock,
    )


def messages(tables: InMemoryTables, count: int) -> None:
    for number in range(count):
        message = a_message(number)
        change = Transition((InsertMessage(message),), (MessageInserted(message),))
        tables.commit(tables.read(USER), change, NOW)


def told(push: RecordingPush, connection: str = "tab") -> list[tuple[str, int]]:
    return [(frame["event"], frame["seq"]) for frame in push.to(connection)]


def test_it_is_registered_and_brought_level(
    resuming: ResumeChannel, tables: InMemoryTables, push: RecordingPush
) -> None:
    messages(tables, 3)

    resuming.resume(ALICE, "tab", 1)

    assert tables.read(USER).connections == ("tab",)
    assert told(push) == [("message-insert", 2), ("message-insert", 3), ("resumed", 3)]


def test_it_is_registered_before_the_channel_is_read(
    resuming: ResumeChannel, tables: InMemoryTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, connected = tables.read, []

    def look(user: str) -> object:
        channel = read(user)
        connected.append(channel.connections)
        return channel

    monkeypatch.setattr(tables, "read", look)

    resuming.resume(ALICE, "tab", None)

    assert connected[0] == ("tab",)


def test_from_now_on(resuming: ResumeChannel, tables: InMemoryTables, push: RecordingPush) -> None:
    messages(tables, 3)

    resuming.resume(ALICE, "tab", None)

    assert told(push) == [("resumed", 3)]


def test_more_and_reset_are_said(
    resuming: ResumeChannel, tables: InMemoryTables, push: RecordingPush
) -> None:
    messages(tables, 201)

    resuming.resume(ALICE, "tab", 0)
    resuming.resume(ALICE, "tab", 999)

    assert told(push)[-2:] == [("more", 200), ("reset", 201)]
    assert len(told(push)) == 202


def test_a_ping_says_where_the_channel_is(
    resuming: ResumeChannel, tables: InMemoryTables, push: RecordingPush
) -> None:
    messages(tables, 2)

    resuming.pong(USER, "tab")

    assert push.to("tab") == [{"type": "system", "event": "pong", "seq": 2}]


def test_a_complaint_leaves_the_connection_open(
    resuming: ResumeChannel, tables: InMemoryTables, push: RecordingPush
) -> None:
    tables.register(USER, "tab", NOW)

    resuming.complain(USER, "tab", "invalid", "This frame was not understood.")

    assert push.to("tab") == [
        {
            "type": "system",
            "event": "error",
            "seq": 0,
            "code": "invalid",
            "message": "This frame was not understood.",
        }
    ]
    assert tables.read(USER).connections == ("tab",)
    assert push.closed == []


def test_the_twenty_first_connection_replaces_the_oldest(
    resuming: ResumeChannel, tables: InMemoryTables, push: RecordingPush, clock: FixedClock
) -> None:
    for number in range(MAX_CONNECTIONS):
        clock.advance(seconds=1)
        resuming.resume(ALICE, f"tab-{number:02d}", None)
    assert push.closed == []

    clock.advance(seconds=1)
    resuming.resume(ALICE, "the-newest", None)

    connected = tables.read(USER).connections
    assert len(connected) == MAX_CONNECTIONS
    assert "tab-00" not in connected
    assert push.closed == ["tab-00"]
    last = push.to("tab-00")[-1]
    assert (last["event"], last["code"]) == ("error", "replaced")
    assert told(push, "the-newest") == [("resumed", 0)]


def test_who_resumes_again_replaces_nobody(
    resuming: ResumeChannel, tables: InMemoryTables, push: RecordingPush, clock: FixedClock
) -> None:
    for number in range(MAX_CONNECTIONS):
        clock.advance(seconds=1)
        resuming.resume(ALICE, f"tab-{number:02d}", None)

    clock.advance(seconds=1)
    resuming.resume(ALICE, "tab-00", None)

    assert push.closed == []
    assert tables.read(USER).connections[-1] == "tab-00"


def test_who_cannot_take_the_replay_is_closed_and_forgotten(
    resuming: ResumeChannel, tables: InMemoryTables, push: RecordingPush
) -> None:
    push.gone.add("tab")

    resuming.resume(ALICE, "tab", None)

    assert tables.read(USER).connections == ()
    assert push.closed == ["tab"]


def test_who_leaves_is_forgotten(resuming: ResumeChannel, tables: InMemoryTables) -> None:
    tables.register(USER, "tab", NOW)

    resuming.leave(USER, "tab")
    resuming.leave(USER, "tab")

    assert tables.read(USER).connections == ()


def test_a_replay_has_twenty_seconds(resuming: ResumeChannel, push: RecordingPush) -> None:
    resuming.resume(ALICE, "tab", None)

    assert push.deadlines == [NOW + timedelta(seconds=20)]


@pytest.mark.parametrize("act", ["resume", "pong", "complain"])
def test_whose_account_is_deleted_is_told_and_closed(
    resuming: ResumeChannel, tables: InMemoryTables, push: RecordingPush, act: str
) -> None:
    """They had a ticket, or a connection, from before."""
    tables.rows.counters[USER] = Counter(deleted=True)
    acts = {
        "resume": lambda: resuming.resume(ALICE, "tab", 0),
        "pong": lambda: resuming.pong(USER, "tab"),
        "complain": lambda: resuming.complain(USER, "tab", "invalid", "What?"),
    }

    acts[act]()

    (frame,) = push.to("tab")
    assert (frame["type"], frame["event"], frame["code"]) == ("system", "error", "account_deleted")
    assert push.closed == ["tab"]
    assert tables.read(USER).connections == ()


# --- The token's end -----------------------------------------------------------------------------


@pytest.mark.parametrize(("late", "is_admitted"), [(-3600, True), (60, True), (61, False)])
def test_a_token_counts_until_a_minute_behind_its_end(
    resuming: ResumeChannel,
    tables: InMemoryTables,
    push: RecordingPush,
    clock: FixedClock,
    late: int,
    is_admitted: bool,
) -> None:
    messages(tables, 2)
    resuming.resume(ALICE, "tab", None)
    push.sent.clear()
    clock.advance(hours=1, seconds=late)

    assert resuming.admits(ALICE, "tab") is is_admitted

    frames = [(frame["event"], frame["code"], frame["seq"]) for frame in push.to("tab")]
    assert frames == ([] if is_admitted else [("error", "token_expired", 2)])
    assert push.closed == ([] if is_admitted else ["tab"])
    assert tables.read(USER).connections == (("tab",) if is_admitted else ())


@pytest.mark.parametrize(
    ("hours", "until"),
    [(1, timedelta(hours=1, minutes=5)), (-1 / 60, timedelta(minutes=4)), (9, timedelta(hours=2))],
)
def test_a_connection_gets_frames_for_five_minutes_more_and_two_hours_at_most(
    resuming: ResumeChannel,
    tables: InMemoryTables,
    clock: FixedClock,
    hours: float,
    until: timedelta,
) -> None:
    resuming.resume(a_caller(USER, NOW + timedelta(hours=hours)), "tab", None)

    clock.advance(seconds=until.total_seconds() - 1)
    assert tables.read(USER).connections == ("tab",)

    clock.advance(seconds=1)
    assert (tables.read(USER).connections, tables.read(USER).ended) == ((), ("tab",))


def test_a_ping_says_that_somebody_still_looks_and_of_who_does_not_nothing(
    resuming: ResumeChannel, tables: InMemoryTables, clock: FixedClock
) -> None:
    for connection in ("seen", "unseen"):
        tables.register(USER, connection, clock.now())
    resuming.look(USER, "seen", is_looking=True)

    clock.advance(seconds=25)
    for connection in ("seen", "unseen"):
        resuming.pong(USER, connection)

    assert tables.read(USER).visible == {"seen": clock.now()}

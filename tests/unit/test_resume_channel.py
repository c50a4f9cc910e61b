"""A connection's first frame, its pings, and the limit of connections."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.builders import a_caller
from tests.support.bundle import Bundle
from tests.support.doubles import NOW, RecordingPush
from tests.support.in_memory import Counter
from tests.unit.conftest import USER

from afterimage.domain.connections import MAX_CONNECTIONS
from afterimage.use_cases.limit_connections import LimitConnections
from afterimage.use_cases.resume_channel import ResumeChannel

ALICE = a_caller(USER)


@pytest.fixture
def resuming(alone: Bundle) -> ResumeChannel:
    return ResumeChannel(
        alone.tables,
        alone.tables,
        LimitConnections(alone.tables, alone.tables, alone.push, alone.clock),
        alone.replay,
        alone.push,
        alone.clock,
    )


def told(push: RecordingPush, connection: str = "tab") -> list[tuple[str, int]]:
    return [(frame["event"], frame["seq"]) for frame in push.to(connection)]


def test_it_is_registered_and_brought_level(alone: Bundle, resuming: ResumeChannel) -> None:
    alone.fill(3)

    resuming.resume(ALICE, "tab", 1)

    assert alone.tables.read(USER).connections == ("tab",)
    assert told(alone.push) == [("message-insert", 2), ("message-insert", 3), ("resumed", 3)]


def test_it_is_registered_before_the_channel_is_read(
    alone: Bundle, resuming: ResumeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, connected = alone.tables.read, []

    def look(user: str) -> object:
        channel = read(user)
        connected.append(channel.connections)
        return channel

    monkeypatch.setattr(alone.tables, "read", look)

    resuming.resume(ALICE, "tab", None)

    assert connected[0] == ("tab",)


def test_from_now_on(alone: Bundle, resuming: ResumeChannel) -> None:
    alone.fill(3)

    resuming.resume(ALICE, "tab", None)

    assert told(alone.push) == [("resumed", 3)]


def test_more_and_reset_are_said(alone: Bundle, resuming: ResumeChannel) -> None:
    alone.fill(201)

    resuming.resume(ALICE, "tab", 0)
    resuming.resume(ALICE, "tab", 999)

    assert told(alone.push)[-2:] == [("more", 200), ("reset", 201)]
    assert len(told(alone.push)) == 202


def test_a_ping_says_where_the_channel_is(alone: Bundle, resuming: ResumeChannel) -> None:
    alone.fill(2)

    resuming.pong(USER, "tab")

    assert alone.push.to("tab") == [{"type": "system", "event": "pong", "seq": 2}]


def test_a_complaint_leaves_the_connection_open(alone: Bundle, resuming: ResumeChannel) -> None:
    alone.tables.register(USER, "tab", NOW)

    resuming.complain(USER, "tab", "invalid", "This frame was not understood.")

    assert alone.push.to("tab") == [
        {
            "type": "system",
            "event": "error",
            "seq": 0,
            "code": "invalid",
            "message": "This frame was not understood.",
        }
    ]
    assert alone.tables.read(USER).connections == ("tab",)
    assert alone.push.closed == []


def test_the_twenty_first_connection_replaces_the_oldest(
    alone: Bundle, resuming: ResumeChannel
) -> None:
    for number in range(MAX_CONNECTIONS):
        alone.clock.advance(seconds=1)
        resuming.resume(ALICE, f"tab-{number:02d}", None)
    assert alone.push.closed == []

    alone.clock.advance(seconds=1)
    resuming.resume(ALICE, "the-newest", None)

    connected = alone.tables.read(USER).connections
    assert len(connected) == MAX_CONNECTIONS
    assert "tab-00" not in connected
    assert alone.push.closed == ["tab-00"]
    last = alone.push.to("tab-00")[-1]
    assert (last["event"], last["code"]) == ("error", "replaced")
    assert told(alone.push, "the-newest") == [("resumed", 0)]


def test_who_resumes_again_replaces_nobody(alone: Bundle, resuming: ResumeChannel) -> None:
    for number in range(MAX_CONNECTIONS):
        alone.clock.advance(seconds=1)
        resuming.resume(ALICE, f"tab-{number:02d}", None)

    alone.clock.advance(seconds=1)
    resuming.resume(ALICE, "tab-00", None)

    assert alone.push.closed == []
    assert alone.tables.read(USER).connections[-1] == "tab-00"


def test_who_cannot_take_the_replay_is_closed_and_forgotten(
    alone: Bundle, resuming: ResumeChannel
) -> None:
    alone.push.gone.add("tab")

    resuming.resume(ALICE, "tab", None)

    assert alone.tables.read(USER).connections == ()
    assert alone.push.closed == ["tab"]


def test_who_leaves_is_forgotten(alone: Bundle, resuming: ResumeChannel) -> None:
    alone.tables.register(USER, "tab", NOW)

    resuming.leave(USER, "tab")
    resuming.leave(USER, "tab")

    assert alone.tables.read(USER).connections == ()


def test_a_replay_has_twenty_seconds(alone: Bundle, resuming: ResumeChannel) -> None:
    resuming.resume(ALICE, "tab", None)

    assert alone.push.deadlines == [NOW + timedelta(seconds=20)]


@pytest.mark.parametrize("act", ["resume", "pong", "complain"])
def test_whose_account_is_deleted_is_told_and_closed(
    alone: Bundle, resuming: ResumeChannel, act: str
) -> None:
    """They had a ticket, or a connection, from before."""
    alone.tables.rows.counters[USER] = Counter(deleted=True)
    acts = {
        "resume": lambda: resuming.resume(ALICE, "tab", 0),
        "pong": lambda: resuming.pong(USER, "tab"),
        "complain": lambda: resuming.complain(USER, "tab", "invalid", "What?"),
    }

    acts[act]()

    (frame,) = alone.push.to("tab")
    assert (frame["type"], frame["event"], frame["code"]) == ("system", "error", "account_deleted")
    assert alone.push.closed == ["tab"]
    assert alone.tables.read(USER).connections == ()


# --- The token's end -----------------------------------------------------------------------------


@pytest.mark.parametrize(("late", "is_admitted"), [(-3600, True), (60, True), (61, False)])
def test_a_token_counts_until_a_minute_behind_its_end(
    alone: Bundle, resuming: ResumeChannel, late: int, is_admitted: bool
) -> None:
    alone.fill(2)
    resuming.resume(ALICE, "tab", None)
    alone.push.sent.clear()
    alone.clock.advance(hours=1, seconds=late)

    assert resuming.admits(ALICE, "tab") is is_admitted

    frames = [(frame["event"], frame["code"], frame["seq"]) for frame in alone.push.to("tab")]
    assert frames == ([] if is_admitted else [("error", "token_expired", 2)])
    assert alone.push.closed == ([] if is_admitted else ["tab"])
    assert alone.tables.read(USER).connections == (("tab",) if is_admitted else ())


@pytest.mark.parametrize(
    ("hours", "until"),
    [(1, timedelta(hours=1, minutes=5)), (-1 / 60, timedelta(minutes=4)), (9, timedelta(hours=2))],
)
def test_a_connection_gets_frames_for_five_minutes_more_and_two_hours_at_most(
    alone: Bundle, resuming: ResumeChannel, hours: float, until: timedelta
) -> None:
    resuming.resume(a_caller(USER, NOW + timedelta(hours=hours)), "tab", None)

    alone.clock.advance(seconds=until.total_seconds() - 1)
    assert alone.tables.read(USER).connections == ("tab",)

    alone.clock.advance(seconds=1)
    assert (alone.tables.read(USER).connections, alone.tables.read(USER).ended) == ((), ("tab",))


def test_a_ping_says_that_somebody_still_looks_and_of_who_does_not_nothing(
    alone: Bundle, resuming: ResumeChannel
) -> None:
    for connection in ("seen", "unseen"):
        alone.tables.register(USER, connection, alone.clock.now())
    resuming.look(USER, "seen", is_looking=True)

    alone.clock.advance(seconds=25)
    for connection in ("seen", "unseen"):
        resuming.pong(USER, connection)

    assert alone.tables.read(USER).visible == {"seen": alone.clock.now()}

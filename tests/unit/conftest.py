"""Everything in memory: no unit test opens a socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import count
from typing import NoReturn

import pytest
from hypothesis import settings
from tests.support.bundle import Bundle, new_bundle, painters_turns
from tests.support.doubles import (
    FixedClock,
    PlainUrls,
    RecordingLog,
    RecordingMetrics,
    RecordingPush,
    RecordingStarter,
)
from tests.support.in_memory import InMemoryTables

from afterimage.channel import UnifiedChannel
from afterimage.invocation import Invocation
from afterimage.use_cases.turns import PaintersTurns

USER = "alice"

# The same examples on every run, however busy the machine is.
settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")


@pytest.fixture(autouse=True)
def _no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a unit test must not open a socket")

    for name in ("connect", "connect_ex", "sendto", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def log() -> RecordingLog:
    return RecordingLog()


@pytest.fixture
def metrics() -> RecordingMetrics:
    return RecordingMetrics()


@pytest.fixture
def invocation(clock: FixedClock) -> Invocation:
    """Without an end, until one is set."""
    return Invocation(clock)


@pytest.fixture
def journal() -> list[str]:
    """What happened, in order, across all doubles of one test."""
    return []


@pytest.fixture
def push(journal: list[str]) -> RecordingPush:
    return RecordingPush(journal)


@pytest.fixture
def tables(clock: FixedClock) -> InMemoryTables:
    return InMemoryTables(clock)


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.fixture
def starter() -> RecordingStarter:
    return RecordingStarter()


@pytest.fixture
def turns(
    tables: InMemoryTables,
    starter: RecordingStarter,
    clock: FixedClock,
    log: RecordingLog,
    metrics: RecordingMetrics,
) -> PaintersTurns:
    return painters_turns(tables, starter, clock, log, metrics)


@pytest.fixture
def channel(
    tables: InMemoryTables,
    push: RecordingPush,
    clock: FixedClock,
    threads: Executor,
    log: RecordingLog,
    metrics: RecordingMetrics,
    invocation: Invocation,
    turns: PaintersTurns,
) -> UnifiedChannel:
    return UnifiedChannel(
        tables, push, PlainUrls(), clock, threads, log, metrics, invocation, turns
    )


@pytest.fixture
def bundles(threads: Executor) -> Iterator[Bundle]:
    """One new bundle after another."""
    return (new_bundle(threads) for _ in count())


@pytest.fixture
def bundle(
    channel: UnifiedChannel,
    tables: InMemoryTables,
    push: RecordingPush,
    clock: FixedClock,
    threads: Executor,
    log: RecordingLog,
    metrics: RecordingMetrics,
    journal: list[str],
    invocation: Invocation,
    starter: RecordingStarter,
    turns: PaintersTurns,
) -> Bundle:
    return Bundle(
        channel, tables, push, clock, threads, log, metrics, journal, invocation, starter, turns
    )


@pytest.fixture
def alone(bundle: Bundle) -> Bundle:
    """A bundle that nobody is connected to yet."""
    bundle.tables.rows.connections.clear()
    return bundle

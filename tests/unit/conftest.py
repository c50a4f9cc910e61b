"""Everything in memory: no unit test opens a socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import count
from typing import NoReturn

import pytest
from hypothesis import settings
from tests.support.bundle import Bundle, new_bundle
from tests.support.doubles import (
    FixedClock,
    RecordingLog,
    RecordingMetrics,
    RecordingPush,
)
from tests.support.in_memory import InMemoryTables

from afterimage.channel import UnifiedChannel
from afterimage.invocation import Invocation

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
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.fixture
def bundles(threads: Executor) -> Iterator[Bundle]:
    """One new bundle after another."""
    return (new_bundle(threads) for _ in count())


@pytest.fixture
def alone(threads: Executor) -> Bundle:
    """A bundle that nobody is connected to yet."""
    bundle = new_bundle(threads)
    bundle.tables.rows.connections.clear()
    return bundle


@pytest.fixture
def bundle(alone: Bundle) -> Bundle:
    """The same with one open tab."""
    alone.tables.register(USER, "tab", alone.clock.now())
    return alone


# What a test asks for by itself is that bundle's.


@pytest.fixture
def clock(alone: Bundle) -> FixedClock:
    return alone.clock


@pytest.fixture
def log(alone: Bundle) -> RecordingLog:
    return alone.log


@pytest.fixture
def metrics(alone: Bundle) -> RecordingMetrics:
    return alone.metrics


@pytest.fixture
def push(alone: Bundle) -> RecordingPush:
    return alone.push


@pytest.fixture
def tables(alone: Bundle) -> InMemoryTables:
    return alone.tables


@pytest.fixture
def channel(alone: Bundle) -> UnifiedChannel:
    return alone.channel


@pytest.fixture
def invocation(alone: Bundle) -> Invocation:
    """Without an end, until one is set."""
    return alone.invocation

"""The running bundle as a fixture: `stack` is started by the first test that asks for it.

With pytest-xdist each process has a stack of its own: the simulator's script is one per stack, and
tests that share one would play each other's parts.
"""

from collections.abc import Iterator
from functools import cache

import httpx
import pytest
from botocore.loaders import create_loader

from tests.local_stack.testing import RunningStack, StackProcess


@pytest.fixture(scope="session", autouse=True)
def _read_once() -> Iterator[None]:
    """What takes a client longest to read: AWS's models of its services, and whom TLS trusts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", cache(create_loader))
        contexts = cache(httpx.create_ssl_context)
        patch.setattr("httpx._transports.default.create_ssl_context", contexts)
        yield


@pytest.fixture(scope="session")
def seconds_between_sweeps() -> int:
    """A sweep costs 0.15 s of the processor, also where there is nothing to do."""
    return 2


@pytest.fixture(scope="session")
def stack(
    tmp_path_factory: pytest.TempPathFactory, seconds_between_sweeps: int
) -> Iterator[RunningStack]:
    """The whole bundle on a free port, with a quick simulator and frequent sweeps."""
    interval = ("--schedule-interval", str(seconds_between_sweeps))
    process = StackProcess(tmp_path_factory.mktemp("stack"), *interval)
    with process.running() as running:
        running.gemini(text_ms=100, image_ms=300)
        yield running

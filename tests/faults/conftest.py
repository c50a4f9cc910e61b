"""Stacks for what is about faults: short times, quick sweeps, a provider that answers at once."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.client import Crowd
from tests.local_stack.testing import RunningStack, StackProcess

HERE = Path(__file__).parent
SHORT_TIMES = {
    "TextTimeout": "20",
    "TextDeadline": "30",
    "ImageTimeout": "20",
    "ImageEventAge": "60",
    "ImageDeadline": "130",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Processes are found and killed as Linux knows them."""
    if sys.platform == "linux":
        return
    skip = pytest.mark.skip(reason="kills processes by what Linux's /proc says of them")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(skip)


@contextmanager
def a_stack(folder: Path, *arguments: str, **parameters: str) -> Iterator[RunningStack]:
    """A stack of its own with short times; `parameters` are the template's."""
    chosen = {**SHORT_TIMES, **parameters}
    process = StackProcess(
        folder,
        *arguments,
        *(f"--parameter={name}={value}" for name, value in chosen.items()),
    )
    with process.running() as running:
        running.gemini(text_ms=50, image_ms=100)
        yield running


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Swept every two seconds, with the limits that people have."""
    with a_stack(tmp_path_factory.mktemp("swept"), "--schedule-interval=2") as running:
        yield running


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Never swept by itself, and one user may have hundreds of messages under way."""
    with a_stack(
        tmp_path_factory.mktemp("roomy"),
        "--schedule-interval=3600",
        TextTimeout="60",
        TextDeadline="75",
        MaxOpenMessages="500",
        DailyMessageLimit="5000",
    ) as running:
        yield running


@pytest.fixture
def crowd(swept: RunningStack) -> Iterator[Crowd]:
    with Crowd(swept) as clients:
        yield clients


@pytest.fixture
def user() -> str:
    """Somebody new."""
    return f"u-{uuid.uuid4().hex[:10]}"

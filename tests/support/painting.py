"""What a running stack's simulator was asked, and what its painter does."""

import time
from typing import Any, Protocol

from tests.local_stack.testing import RunningStack

_PATIENCE = 30.0  # seconds; only so that a broken run ends


class _Simulator(Protocol):
    def gemini(self, **settings: object) -> dict[str, Any]: ...


def painted(stack: _Simulator, word: str) -> int:
    """How often the image model was asked for a picture whose prompt has this word."""
    calls = stack.gemini()["log"]
    return sum(call["kind"] == "image" and word in call["prompt"] for call in calls)


def wait_until_the_model_paints(stack: _Simulator, word: str) -> None:
    give_up = time.monotonic() + _PATIENCE
    while not painted(stack, word):
        assert time.monotonic() < give_up
        time.sleep(0.02)


def wait_until_nobody_paints(stack: RunningStack) -> None:
    _wait_until_idle(stack, "image_generate")


def wait_until_nobody_answers(stack: RunningStack) -> None:
    _wait_until_idle(stack, "llm_handler")


def _wait_until_idle(stack: RunningStack, function: str) -> None:
    give_up = time.monotonic() + _PATIENCE
    while any(function in run["function"] for run in stack.status()["invocations"]):
        assert time.monotonic() < give_up
        time.sleep(0.02)

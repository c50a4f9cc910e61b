"""Four pictures of one answer beside one, and a wish that skips the text model beside one by it.

All from the question to the update that says complete, in turns, by a provider that takes its
time: so what is left of it is what several pictures at once, or the text model, cost.
"""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median

from tests.benchmarks.bench import Bench
from tests.benchmarks.live import User
from tests.benchmarks.prompts import PROMPTS
from tests.benchmarks.report import NO_TARGET, Table, Target, in_turns, middle_and_worst
from tests.support.channel_client import is_update

_ROUNDS = 5
_IMAGE_MS = 3_000
_COUNT = 4
_TEXT_MS = 1_000
_PAINTED_MS = 400
_SEVERAL = Target(1.5, "≤ {} x one")
_STRAIGHT = Target(0.05, "≤ {} of it")


def measure(bench: Bench) -> Iterable[Table]:
    with ThreadPoolExecutor(2) as executor:
        user = User(bench.stack, executor)
        try:
            yield _four(bench, user)
            yield _straight(bench, user)
        finally:
            user.close()


def _four(bench: Bench, user: User) -> Table:
    bench.stack.gemini(text_ms=0, image_ms=_IMAGE_MS, image_format="jpeg", seed=1)
    four, one = partial(_question, user, count=_COUNT), partial(_question, user, count=1)
    in_turns(1, [four, one])  # painted, and as many processes as that takes
    several, single = in_turns(_ROUNDS * bench.repeat, [four, one])
    table = Table(
        f"Pictures of one answer, the provider takes {_IMAGE_MS / 1000:g} s for each",
        ("question to complete", "median", "worst", "x one", "target", "this run"),
    )
    ratio = median(several) / median(single)
    table.add("one picture", *middle_and_worst(single), "1.0", *NO_TARGET)
    cells = f"{ratio:.2f}", *_SEVERAL.judged(ratio)
    table.add(f"{_COUNT} pictures at once", *middle_and_worst(several), *cells)
    return table


def _straight(bench: Bench, user: User) -> Table:
    bench.stack.gemini(text_ms=_TEXT_MS, image_ms=_PAINTED_MS, seed=1)
    by_words, at_once = partial(_question, user), partial(_question, user, paint=True)
    in_turns(2, [by_words, at_once])
    asked, painted = in_turns(2 * _ROUNDS * bench.repeat, [by_words, at_once])
    left = 1 - (median(asked) - median(painted)) / _TEXT_MS
    table = Table(
        f"Straight to the painter, the text model takes {_TEXT_MS / 1000:g} s",
        ("question to complete", "median", "worst", "target", "this run"),
    )
    table.add("by the text model", *middle_and_worst(asked), *NO_TARGET)
    table.add("paint: true", *middle_and_worst(painted), *NO_TARGET)
    table.add("left of the text model's time", f"{left:.2f}", "", *_STRAIGHT.judged(left))
    return table


def _question(user: User, **wishes: object) -> float:
    """Milliseconds until all of its pictures are there."""
    asked = time.time()
    answer = user.ask(PROMPTS[0], **wishes)
    complete = user.seen(is_update("complete"))
    answer.result().raise_for_status()
    return (complete - asked) * 1000

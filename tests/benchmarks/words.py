"""From the provider's first words to the first `message-delta` at the socket.

The clock starts when the simulator writes the first event, the hour its log gives for the request
plus `text_ms`. Beside it, in turns, the preview of a JPEG from its last byte on
(`picture_latency.py`), which is what the words are compared with: both pass, and both are the first
thing to be seen.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from statistics import median

from tests.benchmarks.bench import Bench
from tests.benchmarks.live import User
from tests.benchmarks.picture_latency import IMAGE_MS, travel
from tests.benchmarks.prompts import PROMPTS
from tests.benchmarks.report import NO_TARGET, Table, Target, in_turns, middle_and_worst
from tests.local_stack.testing import RunningStack
from tests.support.channel_client import is_event, is_update

_ROUNDS = 15
_TEXT_MS = 400
_WORDS_A_SECOND = 40
_QUESTION = "tell me a story in 40 words"
_TARGET = Target(1.5, "≤ {} x preview")


def measure(bench: Bench) -> Iterable[Table]:
    with ThreadPoolExecutor(2) as executor:
        user = User(bench.stack, executor)
        try:
            yield _table(bench, user)
        finally:
            bench.stack.gemini(words_a_second=0)
            user.close()


def _table(bench: Bench, user: User) -> Table:
    words, preview = partial(_words, bench.stack, user), partial(_preview, bench.stack, user)
    in_turns(3, [words, preview])
    first, glimpses = in_turns(_ROUNDS * bench.repeat, [words, preview])
    ratio = median(first) / median(glimpses)
    table = Table(
        "The provider's first words to the tab, one user",
        ("", "median", "worst", "x preview", "target", "this run"),
    )
    table.add("first words", *middle_and_worst(first), f"{ratio:.2f}", *_TARGET.judged(ratio))
    table.add("preview of a JPEG", *middle_and_worst(glimpses), "1.0", *NO_TARGET)
    return table


def _words(stack: RunningStack, user: User) -> float:
    """Milliseconds."""
    stack.gemini(text_ms=_TEXT_MS, words_a_second=_WORDS_A_SECOND)
    answer = user.ask(_QUESTION)
    seen = user.seen(is_event("message-delta"))
    user.tab.until(is_update("complete"))
    answer.result().raise_for_status()
    asked = stack.gemini()["log"][-1]
    assert asked["kind"] == "text"
    return (seen - datetime.fromisoformat(asked["at"]).timestamp()) * 1000 - _TEXT_MS


def _preview(stack: RunningStack, user: User) -> float:
    """Milliseconds."""
    stack.gemini(image_ms=IMAGE_MS, text_ms=0, seed=1)
    journey = travel(stack, user, PROMPTS[0], "jpeg")
    return (journey.preview - journey.sent) * 1000

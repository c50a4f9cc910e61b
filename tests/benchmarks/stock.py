"""A suggestion that is there, beside the floor of a placeholder and beside one that is painted.

The clock runs from the POST to the frame with the complete answer, whose files have been copied by
then, and to the gallery's behind it. The processor's time is that of all functions. What waits for
what is counted by `tests.benchmarks.call_chains`.
"""

import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import mean, median

from tests.benchmarks import call_chains
from tests.benchmarks.bench import Bench, running_stack
from tests.benchmarks.live import User
from tests.benchmarks.memory import cpu_ms, functions
from tests.benchmarks.placeholder import Floor
from tests.benchmarks.report import (
    NO_TARGET,
    Measure,
    Table,
    Target,
    in_turns,
    middle_and_worst,
    ms,
)
from tests.local_stack.gemini.studio import encode
from tests.support.channel_client import Frame, is_event
from tests.support.stocked import ARGUMENTS, SUGGESTION, files_of, put_picture

_ROUNDS = 12
_WARM = 3
_TIME = Target(3.0, "≤ {} x floor")
_CPU = Target(1 / 3, "≤ 1/3 x painted")
_is_in_gallery = is_event("image-insert")


def measure(bench: Bench) -> Iterable[Table]:
    with (
        running_stack(arguments=ARGUMENTS) as (process, stack),
        ThreadPoolExecutor(4) as executor,
    ):
        stack.gemini(text_ms=0, image_ms=0)
        user = User(stack, executor)
        try:
            files = files_of(encode(bench.pictures[0], "jpeg"))
            put = partial(put_picture, stack, files)
            yield call_chains.to_taken(stack, user, put, SUGGESTION)
            yield _compare(bench, user, put, lambda: cpu_ms(functions(process.pid)))
        finally:
            user.close()


def _compare(
    bench: Bench, user: User, put: Callable[[], None], processor: Callable[[], float]
) -> Table:
    floor = Floor(user.stack, user).parts()
    spent: dict[str, list[float]] = {"taken": [], "painted": []}
    in_gallery: list[float] = []

    def asked(name: str, text: str, **wishes: object) -> float:
        before, began = processor(), time.time()
        answer = user.ask(text, **wishes)
        complete = user.seen(_is_complete)
        in_gallery.append((user.seen(_is_in_gallery) - began) * 1000)
        answer.result().raise_for_status()
        spent[name].append(processor() - before)
        return (complete - began) * 1000

    def taken() -> float:
        put()
        return asked("taken", SUGGESTION.text, suggestion_id=SUGGESTION.id)

    def painted() -> float:
        return asked("painted", f"paint a boat {uuid.uuid4().hex}")

    measures: list[Measure] = [*floor.values(), taken, painted]
    in_turns(_WARM, measures)
    spent = {name: [] for name in spent}
    in_gallery.clear()
    *floors, took, painting = in_turns(_ROUNDS * bench.repeat, measures)
    return _table(sum(map(median, floors)), took, in_gallery[::2], painting, spent)


def _is_complete(frame: Frame) -> bool:
    message = frame.get("payload", {}).get("message", {})
    return bool(message.get("role") == "assistant" and message["meta"]["status"] == "complete")


def _table(
    floor: float,
    took: list[float],
    in_gallery: list[float],
    painting: list[float],
    spent: dict[str, list[float]],
) -> Table:
    table = Table(
        "A suggestion that is there",
        ("", "median", "worst", "ratio", "target", "this run"),
        notes=("Of the processor's time the mean, in whole ticks.",),
    )
    ratio, share = median(took) / floor, mean(spent["taken"]) / mean(spent["painted"])
    table.add("the placeholder's floor", ms(floor), "", "", *NO_TARGET)
    table.add(
        "POST to the complete frame", *middle_and_worst(took), f"{ratio:.2f}", *_TIME.judged(ratio)
    )
    ratio = median(in_gallery) / floor
    table.add("the gallery's frame", *middle_and_worst(in_gallery), f"{ratio:.2f}", *NO_TARGET)
    table.add("the same, painted in no time", *middle_and_worst(painting), "", *NO_TARGET)
    cells = ms(mean(spent["taken"])), ms(max(spent["taken"]))
    table.add("CPU of all functions", *cells, f"{share:.2f}", *_CPU.judged(share))
    painted = ms(mean(spent["painted"])), ms(max(spent["painted"]))
    table.add("the same, painted", *painted, "", *NO_TARGET)
    return table

"""A suggestion that is there, beside the floor of a placeholder and beside one that is painted.

The clock runs from the POST to the frame with the picture (`image-insert`), whose files have been
copied by then. The processor's time is that of all functions.
"""

import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from statistics import mean, median

from afterimage.adapters.pictures import PillowStudio, WebpSettings
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
from tests.local_stack.testing import RunningStack
from tests.support.channel_client import is_event
from tests.support.stocked import ARGUMENTS, SUGGESTION, put_picture

_ROUNDS = 12
_WARM = 3
_TIME = Target(3.0, "≤ {} x floor")
_CPU = Target(1 / 3, "≤ 1/3 x painted")
_is_picture = is_event("image-insert")


def measure(bench: Bench) -> Iterable[Table]:
    with (
        running_stack(arguments=ARGUMENTS) as (process, stack),
        ThreadPoolExecutor(4) as executor,
    ):
        stack.gemini(text_ms=0, image_ms=0)
        user = User(stack, executor)
        try:
            yield _compare(bench, stack, user, lambda: cpu_ms(functions(process.pid)))
        finally:
            user.close()


def _compare(
    bench: Bench, stack: RunningStack, user: User, processor: Callable[[], float]
) -> Table:
    files, floor = _files(bench), Floor(stack, user).parts()
    spent: dict[str, list[float]] = {"taken": [], "painted": []}

    def asked(name: str, text: str, **wishes: object) -> float:
        before, began = processor(), time.time()
        answer = user.ask(text, **wishes)
        came = user.seen(_is_picture)
        answer.result().raise_for_status()
        spent[name].append(processor() - before)
        return (came - began) * 1000

    def taken() -> float:
        put_picture(stack, files)
        return asked("taken", SUGGESTION.text, suggestion_id=SUGGESTION.id)

    def painted() -> float:
        return asked("painted", f"paint a boat {uuid.uuid4().hex}")

    measures: list[Measure] = [*floor.values(), taken, painted]
    in_turns(_WARM, measures)
    spent = {name: [] for name in spent}
    *floors, took, painting = in_turns(_ROUNDS * bench.repeat, measures)
    return _table(sum(map(median, floors)), took, painting, spent)


def _files(bench: Bench) -> dict[str, bytes]:
    original = encode(bench.pictures[0], "jpeg")
    picture = PillowStudio(WebpSettings()).decode(original)
    return {
        "original": original,
        "full.webp": picture.full().data,
        "thumbnail.webp": picture.thumbnail().data,
        "small.webp": picture.small().data,
    }


def _table(
    floor: float, took: list[float], painting: list[float], spent: dict[str, list[float]]
) -> Table:
    table = Table(
        "A suggestion that is there",
        ("", "median", "worst", "ratio", "target", "this run"),
        notes=("Of the processor's time the mean, in whole ticks.",),
    )
    ratio, share = median(took) / floor, mean(spent["taken"]) / mean(spent["painted"])
    table.add("the placeholder's floor", ms(floor), "", "", *NO_TARGET)
    table.add(
        "POST to its picture's frame", *middle_and_worst(took), f"{ratio:.2f}", *_TIME.judged(ratio)
    )
    table.add("the same, painted in no time", *middle_and_worst(painting), "", *NO_TARGET)
    cells = ms(mean(spent["taken"])), ms(max(spent["taken"]))
    table.add("CPU of all functions", *cells, f"{share:.2f}", *_CPU.judged(share))
    painted = ms(mean(spent["painted"])), ms(max(spent["painted"]))
    table.add("the same, painted", *painted, "", *NO_TARGET)
    return table

"""A text and a picture by this tree's bundle, and by another commit's beside it, in turns.

Each bundle is run by its own local stack, and measured by the same client, which compares no frame
with a description. Both ask the same provider, this tree's simulator, and are given the same
pictures, so that nothing is painted. As on AWS it sends at the pace of a line, each
`image_generate` has one core, and the clock of preview and picture starts with the last byte. The
processor's time is that of all functions, until they rest: the question's and the picture's, since
nobody else asks for anything.
"""

import time
import uuid
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from statistics import mean, median

from tests.benchmarks.bench import Bench, running_stack
from tests.benchmarks.live import User, is_placeholder
from tests.benchmarks.memory import cpu_ms, functions
from tests.benchmarks.painter import Painter
from tests.benchmarks.picture_latency import BYTES_A_SECOND, IMAGE_MS
from tests.benchmarks.prompts import PROMPTS
from tests.benchmarks.provider import Provider
from tests.benchmarks.report import Table, Target, ms, ratio_and_range
from tests.benchmarks.trees import Tree
from tests.local_stack.gemini.studio import encode
from tests.support.channel_client import is_event, is_update

_PAIRS = 24
_PICTURES = 4
_FORMATS = ("jpeg", "png")
_TEXT_MS = 200
_RESTS_S = 0.05  # without any of the processor's time
_TARGET = Target(1.05, "≤ {} x")
_CPU = "CPU of both functions"
Figures = Mapping[str, float]  # milliseconds by name


def measure(bench: Bench) -> Iterable[Table]:
    this, that = bench.trees
    files = [
        {name: b64encode(encode(picture, name)).decode() for name in _FORMATS}
        for picture in bench.pictures[:_PICTURES]
    ]
    with ExitStack() as opened:
        provider = opened.enter_context(Provider())
        provider.behave(text_ms=0, image_ms=IMAGE_MS, bytes_a_second=BYTES_A_SECOND)
        sides = [opened.enter_context(Side(tree, provider)) for tree in (this, that)]
        _pairs(sides, files)  # warm
        yield _table(that.name, _pairs(sides, files * (bench.repeat * _PAIRS // _PICTURES)))


class Side:
    """One tree's stack and a user of it."""

    def __init__(self, tree: Tree, provider: Provider) -> None:
        self._opened = ExitStack()
        self._tree = tree
        self._provider = provider

    def __enter__(self) -> "Side":
        executor = self._opened.enter_context(ThreadPoolExecutor(2))
        started = running_stack(self._tree, self._provider.arguments)
        self._process, stack = self._opened.enter_context(started)
        self._user = User(stack, executor, described=False)
        self._opened.callback(self._user.close)
        Painter(stack).hold_to_one_core()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def figures(self, files: Mapping[str, str]) -> Figures:
        """Of one text and of a picture in each format; `files`: in base64."""
        found = dict(self._text())
        for name, data in files.items():
            found |= {f"{name.upper()}: {what}": ms for what, ms in self._picture(name, data)}
        return found

    def _text(self) -> Iterable[tuple[str, float]]:
        word = uuid.uuid4().hex
        self._provider.behave(script=[{"on": "text", "delay_ms": _TEXT_MS, "match": word}])
        asked = time.time()
        answer = self._user.ask(f"hello {word}")
        yield "placeholder", (self._user.seen(is_placeholder) - asked) * 1000
        ended = self._user.seen(is_update("complete"))
        yield "text, beside the model's time", (ended - asked) * 1000 - _TEXT_MS
        answer.result().raise_for_status()

    def _picture(self, image_format: str, data: str) -> Iterable[tuple[str, float]]:
        script = [{"on": "image", "image_base64": data}]
        self._provider.behave(script=script, image_format=image_format)
        before = self._rested_at()
        answer = self._user.ask(PROMPTS[0])
        preview = self._user.seen(is_event("message-preview"))
        complete = self._user.seen(is_update("complete"))
        self._user.tab.until(is_event("image-insert"))
        answer.result().raise_for_status()
        sent = datetime.fromisoformat(self._provider.last_asked()["sent_at"]).timestamp()
        yield "preview", (preview - sent) * 1000
        yield "complete", (complete - sent) * 1000
        yield _CPU, self._rested_at() - before

    def _rested_at(self) -> float:
        """Milliseconds of processor that all functions have had, as soon as they rest."""
        had, has = -1.0, self._cpu_ms()
        while had < has:
            time.sleep(_RESTS_S)
            had, has = has, self._cpu_ms()
        return has

    def _cpu_ms(self) -> float:
        return cpu_ms(functions(self._process.pid))


def _pairs(
    sides: Sequence[Side], files: Sequence[Mapping[str, str]]
) -> list[tuple[Figures, Figures]]:
    """One pair for each picture; who begins takes turns, too."""
    pairs = []
    for number, file in enumerate(files):
        order = sides if number % 2 else sides[::-1]
        figures = [side.figures(file) for side in order]
        this, that = figures if number % 2 else figures[::-1]
        pairs.append((this, that))
    return pairs


def _table(that: str, pairs: Sequence[tuple[Figures, Figures]]) -> Table:
    table = Table(
        f"This tree's bundle against {that}'s, {len(pairs)} pairs in turns",
        ("", "this", "that", "this / that", "nine of ten", "target", "this run"),
        notes=(
            "Medians; of the processor's time, means. Nine of ten: the ratio where as many pairs",
            "are drawn from these again and again, so what of it is chance.",
        ),
    )
    for name in pairs[0][0]:
        middle = mean if name.endswith(_CPU) else median
        these, those = ([side[name] for side in sides] for sides in zip(*pairs, strict=True))
        ratio, span = ratio_and_range(these, those, middle)
        cells = ms(middle(these)), ms(middle(those)), f"{ratio:.2f}", span
        table.add(name, *cells, *_TARGET.judged(ratio))
    return table

"""A text and a picture by this tree's bundle, and by another commit's beside it, in turns.

Each bundle is run by its own local stack, and measured by the same client, which compares no frame
with a description. Both simulators are given the same answers, so that nothing is painted; the
clock of preview and picture starts when the provider writes its answer. The processor's time is
that of all functions: the question's and the picture's, since nobody else asks for anything.
"""

import time
import uuid
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import mean, median

from tests.benchmarks.bench import Bench, running_stack
from tests.benchmarks.live import User, is_placeholder
from tests.benchmarks.memory import cpu_ms, functions
from tests.benchmarks.prompts import PROMPTS
from tests.benchmarks.report import Table, Target, ms, ratio_and_range
from tests.benchmarks.trees import Tree
from tests.local_stack.gemini.studio import encode
from tests.support.channel_client import is_update

_PAIRS = 24
_PICTURES = 4
_FORMATS = ("jpeg", "png")
_TEXT_MS, _IMAGE_MS = 200, 400
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
        sides = [opened.enter_context(Side(tree)) for tree in (this, that)]
        _pairs(sides, files)  # warm
        yield _table(that.name, _pairs(sides, files * (bench.repeat * _PAIRS // _PICTURES)))


class Side:
    """One tree's stack and a user of it."""

    def __init__(self, tree: Tree) -> None:
        self._opened = ExitStack()
        self._tree = tree

    def __enter__(self) -> "Side":
        executor = self._opened.enter_context(ThreadPoolExecutor(2))
        self._process, self._stack = self._opened.enter_context(running_stack(self._tree))
        self._stack.gemini(text_ms=0, image_ms=_IMAGE_MS)
        self._user = User(self._stack, executor, described=False)
        self._opened.callback(self._user.close)
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
        self._stack.gemini(script=[{"on": "text", "delay_ms": _TEXT_MS, "match": word}])
        asked = time.time()
        answer = self._user.ask(f"hello {word}")
        yield "placeholder", (self._user.seen(is_placeholder) - asked) * 1000
        ended = self._user.seen(is_update("complete"))
        yield "text, beside the model's time", (ended - asked) * 1000 - _TEXT_MS
        answer.result().raise_for_status()

    def _picture(self, image_format: str, data: str) -> Iterable[tuple[str, float]]:
        script = [{"on": "image", "image_base64": data}]
        self._stack.gemini(script=script, image_format=image_format)
        before = cpu_ms(functions(self._process.pid))
        preview, complete = self._user.picture(PROMPTS[0], _IMAGE_MS)
        yield "preview", preview
        yield "complete", complete
        yield _CPU, cpu_ms(functions(self._process.pid)) - before


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

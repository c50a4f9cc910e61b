"""What the parts share: a running stack, the number of repeats, and ten pictures."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

from PIL import Image

from tests.benchmarks.prompts import PROMPTS
from tests.benchmarks.textures import textures
from tests.benchmarks.trees import HERE, Tree, checked_out
from tests.local_stack.gemini.painting import paint
from tests.local_stack.testing import RunningStack, StackProcess

# A benchmark's user asks for more in a minute than a person does in a day.
_LIMITS = {
    "DAILY_IMAGE_LIMIT": "10000",
    "DAILY_MESSAGE_LIMIT": "10000",
    "DAILY_UPLOAD_LIMIT": "10000",
}
_SIZE = (1024, 1024)


class Bench:
    """One run.

    Args:
        repeat: every part measures this many times as often as it would.
        against: a commit that is measured beside this tree, if any.
    """

    def __init__(self, repeat: int, against: str | None = None) -> None:
        self.repeat = repeat
        self._against = against
        self._stopping = ExitStack()

    def close(self) -> None:
        """Stops what was started; who asks for it again gets another one."""
        for name in ("stack", "trees"):
            vars(self).pop(name, None)
        self._stopping.close()

    @cached_property
    def stack(self) -> RunningStack:
        """A stack that the parts share, started by the first that asks."""
        return self._stopping.enter_context(running_stack())[1]

    @cached_property
    def trees(self) -> Sequence[Tree]:
        """This one, and the other commit's where there is one."""
        if self._against is None:
            return [HERE]
        return [HERE, self._stopping.enter_context(checked_out(self._against))]

    @cached_property
    def textures(self) -> dict[str, Image.Image]:
        """Twelve photographic textures of the same size, by name."""
        return textures()

    @cached_property
    def pictures(self) -> list[Image.Image]:
        """A painted picture of 1024 by 1024 pixels for each prompt."""
        return [paint(prompt, _SIZE) for prompt in PROMPTS]


@contextmanager
def running_stack(
    tree: Tree = HERE, arguments: Sequence[str] = (), **environment: str
) -> Iterator[tuple[StackProcess, RunningStack]]:
    """A stack of one's own, warm; `environment`: of its process, besides the limits."""
    with tempfile.TemporaryDirectory(prefix="afterimage-bench-") as folder:
        process = StackProcess(
            Path(folder),
            *arguments,
            env={**_LIMITS, **environment},
            root=tree.root,
            python=tree.python,
        )
        stack = process.start()
        try:
            yield process, stack
        finally:
            stack.close()
            problem = process.stop()
            if problem:
                print(problem)

"""What the parts share: a running stack, the number of repeats, and ten pictures."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

from PIL import Image

from tests.benchmarks.prompts import PROMPTS
from tests.benchmarks.textures import textures
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
    """

    def __init__(self, repeat: int) -> None:
        self.repeat = repeat
        self._stopping = ExitStack()

    def close(self) -> None:
        """Stops what was started; who asks for it again gets another one."""
        vars(self).pop("stack", None)
        self._stopping.close()

    @cached_property
    def stack(self) -> RunningStack:
        """A stack that the parts share, started by the first that asks."""
        return self._stopping.enter_context(running_stack())[1]

    @cached_property
    def textures(self) -> dict[str, Image.Image]:
        """Twelve photographic textures of the same size, by name."""
        return textures()

    @cached_property
    def pictures(self) -> list[Image.Image]:
        """A painted picture of 1024 by 1024 pixels for each prompt."""
        return [paint(prompt, _SIZE) for prompt in PROMPTS]


@contextmanager
def running_stack() -> Iterator[tuple[StackProcess, RunningStack]]:
    """A stack of one's own, warm."""
    with tempfile.TemporaryDirectory(prefix="afterimage-bench-") as folder:
        process = StackProcess(Path(folder), env=_LIMITS)
        stack = process.start()
        try:
            yield process, stack
        finally:
            stack.close()
            problem = process.stop()
            if problem:
                print(problem)

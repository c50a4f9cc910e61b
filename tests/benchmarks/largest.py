"""A picture of 4096 x 4096 pixels by the running function: its memory and time, of what it has.

The question asks for `4K`, and the simulator sends a picture with a sensor's grain. On Lambda the
function has one processor; here it shares all of this machine's with the rest of the stack.
"""

from base64 import b64encode
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from tests.benchmarks.bench import Bench, running_stack
from tests.benchmarks.live import User
from tests.benchmarks.memory import functions, peak
from tests.benchmarks.prompts import PROMPTS
from tests.benchmarks.report import NO_TARGET, Table, Target, megabytes, seconds
from tests.local_stack.gemini.painting import paint
from tests.local_stack.gemini.studio import encode
from tests.support.template import template

_SIDE = 4096
_FORMATS = ("jpeg", "png")
_IMAGE_MS = 2_000  # the simulator needs a while to wrap it up
_PATIENCE_S = 120.0


def measure(bench: Bench) -> Iterable[Table]:
    given = template()
    memory = Target(given["Globals"]["Function"]["MemorySize"], "≤ {} MB")
    timeout = Target(given["Parameters"]["ImageTimeout"]["Default"], "≤ {} s")
    painted = paint(PROMPTS[3], (_SIDE // 2, _SIDE // 2))
    picture = painted.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    table = Table(
        f"A picture of {_SIDE} x {_SIDE} pixels by the function, from the provider's bytes",
        ("", "", "target", "this run"),
        notes=("Memory: at most resident in one process of a function, from its start on.",),
    )
    for name in _FORMATS:
        data = encode(picture, name)
        with running_stack() as (process, stack), ThreadPoolExecutor(2) as executor:
            user = User(stack, executor, patience=_PATIENCE_S)
            stack.gemini(
                text_ms=0,
                image_ms=_IMAGE_MS,
                image_format=name,
                script=[{"on": "image", "image_base64": b64encode(data).decode()}],
            )
            preview, complete = user.picture(PROMPTS[3], _IMAGE_MS, image_size="4K")
            most = max(map(peak, functions(process.pid)))
            user.close()
        table.add(f"{name.upper()} of {len(data) / 1e6:.1f} MB", "", *NO_TARGET)
        table.add("  preview", seconds(preview), *NO_TARGET)
        table.add("  complete", seconds(complete), *timeout.judged(complete / 1000))
        table.add("  memory", megabytes(most), *memory.judged(most))
    return [table]

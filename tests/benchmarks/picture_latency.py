"""From the provider's last byte to the preview and to the complete picture at the socket.

As it is on AWS: the simulator sends at the pace of a line, and the function has one core. The clock
starts when the last byte is written, as the simulator's log says. Painting is no part of that,
because each picture was painted before and is kept by the simulator, or is one that it is given.
The function's own log line says when it held the bytes, which shows how much of it is transport.
"""

import json
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from statistics import mean, median
from typing import Any

from tests.benchmarks.bench import Bench
from tests.benchmarks.live import User
from tests.benchmarks.painter import Painter
from tests.benchmarks.photos import photos
from tests.benchmarks.prompts import PROMPTS
from tests.benchmarks.report import NO_TARGET, Table, Target, middle_and_worst, ms
from tests.local_stack.gemini.studio import encode
from tests.local_stack.testing import RunningStack
from tests.support.channel_client import is_event, is_update

IMAGE_MS = 400  # long enough for the simulator to have its answer ready at that hour
BYTES_A_SECOND = 50_000_000  # of the provider's line
_AT_ONCE = 5  # prompts in two formats that the simulator keeps (it keeps 12 pictures)
_COMPLETE = {"jpeg": Target(100, "≤ {} ms"), "png": Target(150, "≤ {} ms")}
_PREVIEW = {"jpeg": Target(25, "≤ {} ms"), "png": Target(46, "≤ {} ms")}
_SHARE = Target(0.5, "≤ half")
_UNTIL_IT_RESTS_S = 0.05  # behind the last frame the function ends its work
_RECEIVED = "image_generate_bytes_received"


@dataclass(frozen=True)
class Journey:
    """One picture's; epoch seconds.

    Attributes:
        sent: the last byte of the provider's answer was written.
        received: the function held the picture's bytes.
    """

    size: int
    sent: float
    received: float
    preview: float
    complete: float
    cpu_s: float


def measure(bench: Bench) -> Iterable[Table]:
    with ThreadPoolExecutor(2) as executor:
        user = User(bench.stack, executor)
        # With a seed the simulator paints a prompt once.
        stack, pace = bench.stack, BYTES_A_SECOND
        stack.gemini(image_ms=IMAGE_MS, text_ms=0, seed=1, bytes_a_second=pace)
        Painter(stack).hold_to_one_core()
        try:
            yield _table(_journeys(bench, user))
        finally:
            stack.gemini(seed=None, bytes_a_second=0)
            user.close()


def _journeys(bench: Bench, user: User) -> dict[str, list[Journey]]:
    journeys: dict[str, list[Journey]] = {name: [] for name in _COMPLETE}
    for start in range(0, len(PROMPTS), _AT_ONCE):
        prompts = PROMPTS[start : start + _AT_ONCE]
        for image_format in _COMPLETE:
            for prompt in prompts:
                travel(bench.stack, user, prompt, image_format)
        for _ in range(bench.repeat):
            for prompt in prompts:
                for image_format, found in journeys.items():
                    found.append(travel(bench.stack, user, prompt, image_format))
    for picture in (*bench.textures.values(), *photos().values()):
        for image_format, found in journeys.items():
            data = encode(picture, image_format)
            for _ in range(bench.repeat):
                found.append(travel_given(bench.stack, user, data, image_format))
    return journeys


def travel_given(stack: RunningStack, user: User, data: bytes, image_format: str) -> Journey:
    """The way of a picture that the model is given."""
    stack.gemini(script=[{"on": "image", "image_base64": b64encode(data).decode()}])
    return travel(stack, user, PROMPTS[-1], image_format)


def travel(stack: RunningStack, user: User, prompt: str, image_format: str) -> Journey:
    """One picture's way, by a model that takes `IMAGE_MS` and was asked for it before."""
    stack.gemini(image_format=image_format)
    painter = Painter(stack)
    spent = painter.cpu_s()
    answer = user.ask(prompt)
    preview = user.seen(is_event("message-preview"))
    complete = user.seen(is_update("complete"))
    user.tab.until(is_event("image-insert"))
    answer.result().raise_for_status()
    asked = stack.gemini()["log"][-1]
    assert asked["kind"] == "image"
    sent = datetime.fromisoformat(asked["sent_at"]).timestamp()
    line = _last_line(stack)
    received = datetime.strptime(line["timestamp"], "%Y-%m-%d %H:%M:%S,%f%z").timestamp()
    time.sleep(_UNTIL_IT_RESTS_S)
    spent = painter.cpu_s() - spent
    return Journey(line["bytes"], sent, received, preview, complete, spent)


def _last_line(stack: RunningStack) -> dict[str, Any]:
    """The function's last line that says it holds a picture's bytes."""
    for text in reversed((stack.logs / "image_generate.log").read_text().splitlines()):
        if _RECEIVED in text:
            line: dict[str, Any] = json.loads(text)
            return line
    raise LookupError(_RECEIVED)


def _table(journeys: Mapping[str, Sequence[Journey]]) -> Table:
    table = Table(
        "The provider's last byte to the picture at the socket, one user",
        ("", "median", "worst", "target", "this run"),
        notes=(
            f"The provider sends {BYTES_A_SECOND / 1e6:g} MB a second; the function has one core.",
            "What passes until it holds the picture's bytes is given beside it.",
        ),
    )
    for name, taken in journeys.items():
        size = median(journey.size for journey in taken)
        table.add(f"{name.upper()} of {size / 1e6:.1f} MB, {len(taken)} pictures", "", "", "", "")
        complete = [(journey.complete - journey.sent) * 1000 for journey in taken]
        received = [(each.received - each.sent) * 1000 for each in taken]
        preview = [(each.preview - each.sent) * 1000 for each in taken]
        table.add("  received by the function", *middle_and_worst(received), *NO_TARGET)
        verdict = _PREVIEW[name].judged(median(preview))
        table.add("  preview", *middle_and_worst(preview), *verdict)
        shares = [seen / done for seen, done in zip(preview, complete, strict=True)]
        cells = f"{median(shares):.2f}", f"{max(shares):.2f}"
        table.add("  preview, share of complete", *cells, *_SHARE.judged(median(shares)))
        verdict = _COMPLETE[name].judged(median(complete))
        table.add("  complete", *middle_and_worst(complete), *verdict)
        developed = [(each.complete - each.received) * 1000 for each in taken]
        table.add("  complete, from received on", *middle_and_worst(developed), *NO_TARGET)
        spent = [each.cpu_s * 1000 for each in taken]
        table.add("  processor, mean", ms(mean(spent)), ms(max(spent)), *NO_TARGET)
    return table

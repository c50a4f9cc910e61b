"""One picture in a process of its own: prints its size and the peak of memory, in MB."""

import sys
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import botocore.session  # noqa: F401 - what the function imports
import pynamodb.models  # noqa: F401
import requests  # noqa: F401
from PIL import Image

from afterimage.adapters.gemini.streamed import StreamedPicture
from afterimage.adapters.gemini.watched_lines import WatchedLines
from afterimage.adapters.pictures import PillowStudio, WebpSettings
from tests.local_stack.gemini.painting import paint
from tests.local_stack.gemini.studio import encode
from tests.local_stack.gemini.wire import as_event

_CHUNK = 256 * 1024
_PROMPT = "a city at night in the rain"


def main(size: str, image_format: str) -> None:
    width, height = map(int, size.split("x"))
    painted = paint(_PROMPT, (width // 2, height // 2))
    data = encode(painted.resize((width, height), Image.Resampling.BICUBIC), image_format)
    del painted
    part = {"inlineData": {"mimeType": f"image/{image_format}", "data": b64encode(data).decode()}}
    candidate = {"content": {"parts": [part]}, "finishReason": "STOP"}
    stream = as_event({"candidates": [candidate]})
    del part, candidate
    size_mb = len(data) / 1e6
    del data
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew (proc(5))
    with ThreadPoolExecutor(2) as executor:
        _develop(stream, executor)
    # The provider's stream is what the function would not hold.
    print(size_mb, peak_mb() - len(stream) / 1e6)


def _develop(stream: bytes, executor: ThreadPoolExecutor) -> None:
    streamed, studio = StreamedPicture(), PillowStudio(WebpSettings())
    lines = WatchedLines(studio)
    chunks = (stream[at : at + _CHUNK] for at in range(0, len(stream), _CHUNK))
    with lines.watching():
        for event in lines.events(chunks):
            streamed.add(event.data)
    picture = studio.decode(streamed.pictures()[0])
    picture.preview()
    small = executor.submit(lambda: (picture.thumbnail(), picture.color(), picture.thumbhash()))
    picture.full()
    small.result()


def peak_mb() -> float:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1000


if __name__ == "__main__":
    main(*sys.argv[1:])

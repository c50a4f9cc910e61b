"""Paints in a few threads and remembers the last pictures: repeated prompts cost nothing."""

import asyncio
import hashlib
import io
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image

from tests.local_stack.gemini.painting import paint
from tests.local_stack.gemini.painting.edit import draft, repaint

KEPT = 12
THREADS = 2
LARGEST_INPUT = 50_000_000
JPEG_QUALITY = 97
# Level 3 halves the time of Pillow's default and costs a few per cent in size: grain hardly packs.
PNG_LEVEL = 3
MIME_TYPES = {"jpeg": "image/jpeg", "png": "image/png"}


@dataclass(frozen=True)
class Commission:
    """`size` in pixels is painted at, `scale` times that is delivered; `format` "jpeg" or "png"."""

    prompt: str
    size: tuple[int, int]
    scale: int = 1
    format: str = "jpeg"
    drafts: int = 0
    source: bytes | None = None

    def key(self) -> str:
        source = hashlib.sha256(self.source or b"").hexdigest()
        return repr((self.prompt, self.size, self.scale, self.format, self.drafts, source))


class Studio:
    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="painter")
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, list[bytes]] = OrderedDict()

    async def paint(self, commission: Commission) -> list[bytes]:
        """The files of the drafts, roughest first, and of the picture itself, last."""
        key = commission.key()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        loop = asyncio.get_running_loop()
        files = await loop.run_in_executor(self._threads, _carry_out, commission)
        with self._lock:
            self._kept[key] = files
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return files

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _carry_out(commission: Commission) -> list[bytes]:
    if commission.source is None:
        picture = paint(commission.prompt, commission.size)
    else:
        picture = repaint(open_picture(commission.source), commission.prompt, commission.size)
    drafts = [draft(picture, step, commission.drafts) for step in range(commission.drafts)]
    if commission.scale > 1:
        width, height = picture.size
        large = (width * commission.scale, height * commission.scale)
        picture = picture.resize(large, Image.Resampling.BICUBIC)
    return [encode(image, commission.format) for image in (*drafts, picture)]


def encode(picture: Image.Image, image_format: str) -> bytes:
    file = io.BytesIO()
    if image_format == "png":
        picture.save(file, "PNG", compress_level=PNG_LEVEL)
    else:
        picture.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def open_picture(data: bytes) -> Image.Image:
    """Raises ValueError: not a picture Pillow can read, or one of too many pixels."""
    try:
        picture = Image.open(io.BytesIO(data))
        if picture.width * picture.height > LARGEST_INPUT:
            raise ValueError("too many pixels")
        picture.load()
    except (
        OSError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise ValueError("not a readable picture") from error
    return picture

"""Paints in a few threads, keeps the last pictures, and remembers what its pictures show."""

import asyncio
import io
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image, ImageOps

from tests.local_stack.gemini.album import Album
from tests.local_stack.gemini.painting.edit import draft, edit
from tests.local_stack.gemini.painting.painter import paint_scene
from tests.local_stack.gemini.painting.scene import Scene, read_scene

KEPT = 12
THREADS = 2
LARGEST_INPUT = 50_000_000
JPEG_QUALITY = 97
# Level 3 halves the time of Pillow's default and costs a few per cent in size: grain hardly packs.
PNG_LEVEL = 3
MIME_TYPES = {"jpeg": "image/jpeg", "png": "image/png"}


@dataclass(frozen=True)
class Commission:
    """`size` in pixels is painted at, `scale` times that is delivered; `format` "jpeg" or "png".

    `sources` are changed or used, the last one is the ground; `pictures` are painted for one wish.
    The same `seed` is the same picture.
    """

    prompt: str
    size: tuple[int, int]
    scale: int = 1
    format: str = "jpeg"
    drafts: int = 0
    pictures: int = 1
    seed: int = 0
    sources: tuple[Image.Image, ...] = ()


class Studio:
    def __init__(self) -> None:
        self.album = Album()
        self._lock = threading.Lock()
        self._kept: OrderedDict[Commission, list[bytes]] = OrderedDict()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="painter")

    async def paint(self, commission: Commission) -> list[bytes]:
        """The files of the drafts, roughest first, and of the pictures themselves, last."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._kept_or_new, commission)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _kept_or_new(self, commission: Commission) -> list[bytes]:
        """The same words with the same seed cost nothing a second time."""
        if commission.sources:
            return self._carry_out(commission)
        with self._lock:
            files = self._kept.pop(commission, None)
        files = files or self._carry_out(commission)
        with self._lock:
            self._kept[commission] = files
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return files

    def _carry_out(self, commission: Commission) -> list[bytes]:
        pictures = [
            self._paint(commission, commission.seed + i) for i in range(commission.pictures)
        ]
        steps = range(commission.drafts)
        drafts = [draft(pictures[-1], step, commission.drafts) for step in steps]
        large = [_enlarged(picture, commission.scale) for picture in pictures]
        return [encode(image, commission.format) for image in (*drafts, *large)]

    def _paint(self, commission: Commission, seed: int) -> Image.Image:
        scene: Scene | None
        if commission.sources:
            ground = commission.sources[-1]
            known = self.album.recall(ground)
            picture, scene = edit(ground, known, commission.prompt, commission.size, seed)
        else:
            scene = read_scene(commission.prompt, seed)
            picture = paint_scene(scene, commission.size)
        if scene is not None:
            self.album.remember(picture, scene)
        return picture


def _enlarged(picture: Image.Image, scale: int) -> Image.Image:
    if scale == 1:
        return picture
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.BICUBIC)


def encode(picture: Image.Image, image_format: str) -> bytes:
    file = io.BytesIO()
    if image_format == "png":
        picture.save(file, "PNG", compress_level=PNG_LEVEL)
    else:
        picture.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def open_picture(data: bytes) -> Image.Image:
    """Upright, in RGB, on white where it is clear.

    Raises:
        ValueError: not a picture Pillow can read, or one of too many pixels.
    """
    try:
        picture = Image.open(io.BytesIO(data))
        if picture.width * picture.height > LARGEST_INPUT:
            raise ValueError("too many pixels")
        clear = ImageOps.exif_transpose(picture).convert("RGBA")
    except (
        OSError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise ValueError("not a readable picture") from error
    opaque = Image.new("RGB", clear.size, (255, 255, 255))
    opaque.paste(clear, (0, 0), clear)
    return opaque

"""From the first byte of a photo that is sent to its `image-insert`, beside a painted one.

The same JPEG of about 2 MB goes both ways, in turns: as the body of a PUT, and as the simulator's
answer, whose clock starts when its last byte is written (`picture_latency.py`). So the ratio is
what bringing a picture costs beside painting one, whatever the machine.
"""

import io
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from PIL import Image
from ulid import ULID

from tests.benchmarks.bench import Bench
from tests.benchmarks.live import User
from tests.benchmarks.picture_latency import IMAGE_MS, travel_given
from tests.benchmarks.report import NO_TARGET, Table, Target, middle_and_worst
from tests.support.channel_client import is_event

_SIDE, _LARGEST = 1_536, 2_100_000  # pixels and bytes
_RATIO = Target(1.3, "≤ {} ×")


def measure(bench: Bench) -> Iterable[Table]:
    brought, painted = list[float](), list[float]()
    photos = [_photo(texture) for texture in bench.textures.values()]
    with ThreadPoolExecutor(2) as executor:
        user = User(bench.stack, executor)
        bench.stack.gemini(image_ms=IMAGE_MS, text_ms=0)
        try:
            for photo in [photos[0], *photos * bench.repeat]:
                journey = travel_given(bench.stack, user, photo, "jpeg")
                painted.append((journey.complete - journey.sent) * 1000)
                brought.append(_bring(user, photo))
        finally:
            user.close()
    yield _table(brought[1:], painted[1:], median(map(len, photos)))


def _photo(texture: Image.Image) -> bytes:
    """As JPEG of the best quality that has no more bytes."""
    large = texture.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    for quality in range(98, 60, -2):
        out = io.BytesIO()
        large.save(out, "JPEG", quality=quality, subsampling=0)
        if out.tell() <= _LARGEST:
            break
    return out.getvalue()


def _bring(user: User, photo: bytes) -> float:
    """Milliseconds from the request to its frame at the socket."""
    sent = time.time()
    answer = user.put(f"/images/{ULID()}", photo, "image/jpeg")
    told = user.seen(is_event("image-insert"))
    answer.result().raise_for_status()
    return (told - sent) * 1000


def _table(brought: list[float], painted: list[float], size: float) -> Table:
    table = Table(
        f"A JPEG of {size / 1e6:.1f} MB that is brought, one user, {len(brought)} times",
        ("", "median", "worst", "target", "this run"),
        notes=("The same files as answers of the provider, from its bytes to complete, in turns.",),
    )
    table.add("  brought: request to image-insert", *middle_and_worst(brought), *NO_TARGET)
    table.add("  painted: provider's bytes to complete", *middle_and_worst(painted), *NO_TARGET)
    ratio = median(brought) / median(painted)
    table.add("  brought, of painted", f"{ratio:.2f}", "", *_RATIO.judged(ratio))
    return table

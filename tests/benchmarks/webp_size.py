"""The full picture as WebP against the provider's PNG: bytes, CPU, likeness."""

import io
import time
from collections.abc import Iterable, Sequence
from statistics import median

from PIL import Image

from afterimage.adapters.pictures import PillowStudio, WebpSettings
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import NO_TARGET, Table, Target, ms
from tests.benchmarks.similarity import ssim
from tests.local_stack.gemini.studio import encode

_QUALITIES, _METHODS = (70, 80, 90), (0, 2, 4)
_JUDGED = 4  # pictures whose likeness is computed for every setting
# "90 % smaller" as a share that may be left.
_TARGET = Target(10.0, "≤ {} % left")


def measure(bench: Bench) -> Iterable[Table]:
    files = [encode(picture, "png") for picture in bench.pictures]
    return [_as_stored(bench.pictures, files), _settings(bench.pictures, files)]


def _as_stored(pictures: Sequence[Image.Image], files: Sequence[bytes]) -> Table:
    table = Table(
        "The full picture as it is stored, against the provider's PNG; ten pictures",
        ("", "PNG", "WebP", "left", "SSIM", "target", "this run"),
        notes=("SSIM on luma (Wang et al. 2004). The simulator paints grain, which packs badly.",),
    )
    stored = [PillowStudio(WebpSettings()).decode(file).full().data for file in files]
    left = [100 * len(webp) / len(png) for webp, png in zip(stored, files, strict=True)]
    alike = [ssim(_opened(webp), png) for webp, png in zip(stored, pictures, strict=True)]
    for name, choose in (("median", median), ("worst", max)):
        share = choose(left)
        table.add(
            name,
            f"{choose(map(len, files)) / 1e6:.2f} MB",
            f"{choose(map(len, stored)) / 1e3:.0f} KB",
            f"{share:.1f} %",
            f"{median(alike) if choose is median else min(alike):.3f}",
            *(_TARGET.judged(share) if choose is median else NO_TARGET),
        )
    return table


def _settings(pictures: Sequence[Image.Image], files: Sequence[bytes]) -> Table:
    table = Table(
        f"Other settings of the encoder, medians of {_JUDGED} pictures",
        ("quality", "method", "CPU", "size", "left", "SSIM"),
    )
    for quality in _QUALITIES:
        for method in _METHODS:
            chosen = pictures[::3][:_JUDGED]
            encoded = [_encoded(picture, quality, method) for picture in chosen]
            sizes = [len(data) for data, _ in encoded]
            left = [
                100 * len(data) / len(png)
                for (data, _), png in zip(encoded, files[::3], strict=False)
            ]
            alike = [
                ssim(_opened(data), own) for (data, _), own in zip(encoded, chosen, strict=True)
            ]
            table.add(
                str(quality),
                str(method),
                ms(median(spent for _, spent in encoded)),
                f"{median(sizes) / 1e3:.0f} KB",
                f"{median(left):.1f} %",
                f"{median(alike):.3f}",
            )
    return table


def _encoded(picture: Image.Image, quality: int, method: int) -> tuple[bytes, float]:
    out = io.BytesIO()
    started = time.process_time()
    picture.save(out, "WEBP", quality=quality, method=method)
    return out.getvalue(), (time.process_time() - started) * 1000


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))

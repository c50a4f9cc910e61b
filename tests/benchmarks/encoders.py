"""What other settings of the encoders would cost and bring, WebP and AVIF."""

import io
import time
from collections.abc import Iterable, Sequence
from statistics import mean
from typing import Any

from PIL import Image

from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Table, ms
from tests.benchmarks.similarity import ssim, ssimulacra2

_JUDGED = 512  # side of the middle of a picture, by which settings are judged
_SETTINGS: Sequence[tuple[str, dict[str, Any]]] = (
    *(("WEBP", {"quality": q, "method": m}) for q in (70, 80, 85, 90) for m in (0, 2, 4)),
    *(("AVIF", {"quality": q, "speed": s}) for q in (50, 60, 70) for s in (6, 9)),
)


def measure(bench: Bench) -> Iterable[Table]:
    pictures = [*bench.pictures[::4], *list(bench.textures.values())[1::5]]
    table = Table(
        f"Other settings of the encoders, means of {len(pictures)} pictures",
        ("", "CPU", "size", "SSIM", "SSIMULACRA2"),
        notes=(f"Judged by the middle of each picture, {_JUDGED} pixels wide and high.",),
    )
    for kind, options in _SETTINGS:
        encoded = [_encoded(picture, kind, options) for picture in pictures]
        pairs = [
            (_middle(picture), _middle(Image.open(io.BytesIO(data))))
            for picture, (data, _) in zip(pictures, encoded, strict=True)
        ]
        table.add(
            f"{kind} " + " ".join(f"{name} {value}" for name, value in options.items()),
            ms(mean(spent for _, spent in encoded)),
            f"{mean(len(data) for data, _ in encoded) / 1e3:.0f} KB",
            f"{mean(ssim(*pair) for pair in pairs):.3f}",
            f"{mean(ssimulacra2(*pair) for pair in pairs):.0f}",
        )
    return [table]


def _encoded(picture: Image.Image, kind: str, options: dict[str, Any]) -> tuple[bytes, float]:
    out = io.BytesIO()
    started = time.process_time()
    picture.save(out, kind, **options)
    return out.getvalue(), (time.process_time() - started) * 1000


def _middle(picture: Image.Image) -> Image.Image:
    left, top = ((side - _JUDGED) // 2 for side in picture.size)
    return picture.convert("RGB").crop((left, top, left + _JUDGED, top + _JUDGED))

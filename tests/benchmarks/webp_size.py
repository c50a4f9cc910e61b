"""The files of a picture against the provider's: bytes and likeness.

Over ten pictures of the simulator and twelve textures that are hard on any encoder. The provider's
files are what the simulator sends: PNG, and JPEG at quality 97.
"""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from PIL import Image

from afterimage.adapters.pictures import PillowStudio, WebpSettings
from afterimage.views import image_view
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import NO_TARGET, Table, Target
from tests.benchmarks.similarity import ssim, ssimulacra2
from tests.local_stack.gemini.studio import encode
from tests.support.builders import an_image
from tests.support.doubles import PlainUrls

_PAGE = 50  # pictures
# "90 % smaller" and "40 % smaller" as shares that may be left.
_LEFT_OF_PNG, _LEFT_OF_JPEG = Target(10.0, "≤ {} % left"), Target(60.0, "≤ {} % left")
_UNLIKE = Target(0.05, "SSIM ≥ 0.95")
_THUMBNAIL, _GALLERY = Target(25.0, "≤ {} KB"), Target(1.3, "≤ {} MB")


@dataclass(frozen=True)
class Files:
    """One picture's; sizes in bytes."""

    png: int
    jpeg: int
    webp: int
    thumbnail: int
    ssim: float
    ssimulacra2: float


def measure(bench: Bench) -> Iterable[Table]:
    sets = {"painted": bench.pictures, "textures": list(bench.textures.values())}
    found = {name: [_files(picture) for picture in pictures] for name, pictures in sets.items()}
    yield _as_stored(found)
    yield _each(dict(zip(bench.textures, found["textures"], strict=True)))


# --- As stored ----------------------------------------------------------------------------------


def _files(picture: Image.Image) -> Files:
    png = encode(picture, "png")
    developed = PillowStudio(WebpSettings()).decode(png)
    full = developed.full().data
    shown = Image.open(io.BytesIO(full))
    return Files(
        len(png),
        len(encode(picture, "jpeg")),
        len(full),
        len(developed.thumbnail().data),
        ssim(picture, shown),
        ssimulacra2(picture, shown),
    )


def _as_stored(found: Mapping[str, Sequence[Files]]) -> Table:
    together = [files for each in found.values() for files in each]
    counts = ", ".join(f"{len(files)} {name}" for name, files in found.items())
    table = Table(
        f"The files as they are stored, against the provider's; {counts}",
        ("", *found, "all", "worst", "target", "this run"),
        notes=(
            "Medians. SSIM on luma (scikit-image), and SSIMULACRA2, of which 70 is high quality",
            "and 90 cannot be told apart. Both sets carry a sensor's grain, which packs badly.",
        ),
    )

    def add(what: str, form: str, figures: Mapping[str, Sequence[float]], target: Any) -> None:
        every = [figure for each in figures.values() for figure in each]
        middles = [form.format(median(each)) for each in figures.values()]
        worst = min(every) if "SSIM" in what else max(every)
        verdict = target(every) if target else NO_TARGET
        table.add(what, *middles, form.format(median(every)), form.format(worst), *verdict)

    def each(figure: Any) -> dict[str, list[float]]:
        return {name: [figure(files) for files in group] for name, group in found.items()}

    add("PNG", "{:.2f} MB", each(lambda f: f.png / 1e6), None)
    add("JPEG", "{:.0f} KB", each(lambda f: f.jpeg / 1e3), None)
    add("full WebP", "{:.0f} KB", each(lambda f: f.webp / 1e3), None)
    left_of_png = each(lambda f: 100 * f.webp / f.png)
    add("left of PNG", "{:.1f} %", left_of_png, lambda all_: _LEFT_OF_PNG.judged(median(all_)))
    left_of_jpeg = each(lambda f: 100 * f.webp / f.jpeg)
    add("left of JPEG", "{:.1f} %", left_of_jpeg, lambda all_: _LEFT_OF_JPEG.judged(median(all_)))
    add("SSIM", "{:.3f}", each(lambda f: f.ssim), lambda all_: _UNLIKE.judged(1 - median(all_)))
    add("SSIMULACRA2", "{:.0f}", each(lambda f: f.ssimulacra2), None)
    thumbnails = each(lambda f: f.thumbnail / 1e3)
    add("thumbnail", "{:.1f} KB", thumbnails, lambda all_: _THUMBNAIL.judged(max(all_)))
    page = _page(together)
    blanks = [""] * (len(table.columns) - 5)
    table.add(f"a page of {_PAGE}", *blanks, f"{page:.2f} MB", "", *_GALLERY.judged(page))
    return table


def _page(files: Sequence[Files]) -> float:
    """MB that a phone loads for one page of the gallery: the answer and its thumbnails."""
    view = image_view(an_image(prompt="a red fox in a forest, " * 8), PlainUrls())
    answer = len(json.dumps({"images": [view] * _PAGE}))
    return (answer + _PAGE * mean(each.thumbnail for each in files)) / 1e6


def _each(found: Mapping[str, Files]) -> Table:
    table = Table(
        "The textures, one by one", ("", "WebP", "of PNG", "of JPEG", "SSIM", "SSIMULACRA2")
    )
    for name, files in found.items():
        table.add(
            name,
            f"{files.webp / 1e3:.0f} KB",
            f"{100 * files.webp / files.png:.1f} %",
            f"{100 * files.webp / files.jpeg:.1f} %",
            f"{files.ssim:.3f}",
            f"{files.ssimulacra2:.0f}",
        )
    return table

"""CPU time of one picture in `image_generate`: what Lambda's one vCPU has to do."""

import time
from collections.abc import Callable, Iterable
from statistics import median

from afterimage.adapters.pictures import PillowPicture, PillowStudio, WebpSettings
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Table, ms
from tests.local_stack.gemini.studio import encode

_PASSES = 2
_STAGES: dict[str, Callable[[PillowPicture], object]] = {
    "preview": PillowPicture.preview,
    "full": PillowPicture.full,
    "thumbnail": PillowPicture.thumbnail,
    "colour": PillowPicture.color,
    "thumbhash": PillowPicture.thumbhash,
}


def measure(bench: Bench) -> Iterable[Table]:
    table = Table(
        "CPU per picture of 1024 x 1024 pixels, median of ten pictures",
        ("", "decode", *_STAGES, "together"),
        notes=(
            "Decoding includes the step to the thumbnail's size, which all but full start from.",
        ),
    )
    files = {
        image_format: [encode(picture, image_format) for picture in bench.pictures]
        for image_format in ("jpeg", "png")
    }
    samples: dict[str, list[list[float]]] = {name: [] for name in files}
    for _ in range(_PASSES * bench.repeat):
        for jpeg, png in zip(files["jpeg"], files["png"], strict=True):
            samples["jpeg"].append(_stages(jpeg))
            samples["png"].append(_stages(png))
    for name, taken in samples.items():
        size = median(map(len, files[name]))
        cells = [ms(median(stage)) for stage in zip(*taken, strict=True)]
        table.add(f"{name.upper()} of {size / 1e6:.1f} MB", *cells, ms(median(map(sum, taken))))
    return [table]


def _stages(data: bytes) -> list[float]:
    """Milliseconds of CPU of decoding and of each stage after it."""
    started = time.process_time()
    picture = PillowStudio(WebpSettings()).decode(data)
    spent = [time.process_time() - started]
    for stage in _STAGES.values():
        started = time.process_time()
        stage(picture)
        spent.append(time.process_time() - started)
    return [seconds * 1000 for seconds in spent]

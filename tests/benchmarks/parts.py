"""What is measured, by name, and how long each part may take."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tests.benchmarks import (
    after_a_pause,
    against,
    burst,
    call_chains,
    cold_start,
    cold_start_built,
    company,
    crowd,
    encoders,
    largest,
    memory,
    picture_cpu,
    picture_latency,
    picture_memory,
    placeholder,
    replay,
    several,
    stock,
    upload,
    url_signing,
    webp_size,
    words,
)
from tests.benchmarks.bench import Bench
from tests.benchmarks.costs import part as costs
from tests.benchmarks.report import Table


@dataclass(frozen=True)
class Part:
    """One file's figures.

    Attributes:
        what: it measures.
        limit_s: seconds until it is given up, about four times what it takes on two quiet cores.
    """

    measure: Callable[[Bench], Iterable[Table]]
    what: str
    limit_s: float


PARTS: Mapping[str, Part] = {
    "against": Part(against.measure, "text and picture beside another commit's", 600),
    "placeholder": Part(placeholder.measure, "POST to the placeholder at the socket", 300),
    "after-a-pause": Part(after_a_pause.measure, "the same of a first message after a pause", 300),
    "picture": Part(
        picture_latency.measure, "the provider's bytes to the picture at the socket", 300
    ),
    "words": Part(
        words.measure, "the provider's first words to the tab, over a picture's preview", 180
    ),
    "upload": Part(upload.measure, "a photo that is brought, beside one that is painted", 180),
    "several": Part(
        several.measure, "four pictures beside one; straight to the painter, beside by words", 240
    ),
    "stock": Part(stock.measure, "a suggestion that is there, beside one that is painted", 240),
    "calls": Part(call_chains.measure, "AWS calls one behind the other on both paths", 120),
    "cpu": Part(picture_cpu.measure, "CPU of one picture, by stage", 120),
    "urls": Part(url_signing.measure, "CPU of signing the addresses of a page of pictures", 60),
    "webp": Part(webp_size.measure, "the stored files against the provider's", 240),
    "encoders": Part(encoders.measure, "other settings of WebP and AVIF", 240),
    "peak": Part(picture_memory.measure, "memory of the largest picture", 240),
    "largest": Part(largest.measure, "a picture of 4K by the function, of what it has", 240),
    "replay": Part(replay.measure, "a thousand missed events to one connection", 240),
    "company": Part(company.measure, "the placeholder while others are connected or busy", 300),
    "crowd": Part(crowd.measure, "forty users at once, time and memory", 480),
    "burst": Part(burst.measure, "sixty texts of one user at once", 300),
    "memory": Part(memory.measure, "memory of the whole stack", 180),
    "costs": Part(costs.measure, "what a picture causes, and its price beside the model's", 180),
    "cold-start": Part(
        cold_start.measure, "CPU of every function's cold start, from the sources", 300
    ),
    "cold-start-built": Part(
        cold_start_built.measure, "the same from the built layers, read-only", 600
    ),
}
# What can be measured on two commits.
COMPARING = ("against", "crowd", "burst")

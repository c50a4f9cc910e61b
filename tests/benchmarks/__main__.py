"""`python -m tests.benchmarks`: measures, prints, stops by itself."""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FrameType

from tests.benchmarks import (
    call_chains,
    cold_start,
    cold_start_built,
    company,
    encoders,
    memory,
    picture_cpu,
    picture_latency,
    picture_memory,
    placeholder,
    replay,
    upload,
    url_signing,
    webp_size,
    words,
)
from tests.benchmarks.bench import Bench
from tests.benchmarks.costs import part as costs
from tests.benchmarks.report import MISSED, Table

Part = Callable[[Bench], Iterable[Table]]
PARTS: Mapping[str, tuple[Part, str]] = {
    "placeholder": (placeholder.measure, "POST to the placeholder at the socket"),
    "picture": (picture_latency.measure, "the provider's bytes to the picture at the socket"),
    "words": (words.measure, "the provider's first words to the tab, over a picture's preview"),
    "upload": (upload.measure, "a photo that is brought, beside one that is painted"),
    "calls": (call_chains.measure, "AWS calls one behind the other on both paths"),
    "cpu": (picture_cpu.measure, "CPU of one picture, by stage"),
    "urls": (url_signing.measure, "CPU of signing the addresses of a page of pictures"),
    "webp": (webp_size.measure, "the stored files against the provider's"),
    "encoders": (encoders.measure, "other settings of WebP and AVIF"),
    "peak": (picture_memory.measure, "memory of the largest picture"),
    "replay": (replay.measure, "a thousand missed events to one connection"),
    "company": (company.measure, "the placeholder while others are connected or busy"),
    "memory": (memory.measure, "memory of the whole stack"),
    "costs": (costs.measure, "what a picture causes, and its price beside the model's"),
    "cold-start": (cold_start.measure, "CPU of every function's cold start, from the sources"),
    "cold-start-built": (cold_start_built.measure, "the same from the built layers, read-only"),
}
_LONGEST_S = 600  # a run that is stuck ends before anybody's patience; more for --repeat


def main() -> int:
    """Returns 0 whether targets were met or not: a noisy machine is no failure."""
    chosen = _arguments(sys.argv[1:])
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(_LONGEST_S * chosen.repeat)
    started, verdicts = time.monotonic(), list[str]()
    bench = Bench(chosen.repeat)
    try:
        for name in chosen.only:
            for table in PARTS[name][0](bench):
                print("\n".join(table.lines()), end="\n\n", flush=True)
                verdicts += table.verdicts()
    except KeyboardInterrupt:
        return 130
    finally:
        bench.close()
    missed = verdicts.count(MISSED)
    seconds = time.monotonic() - started
    print(f"{len(verdicts) - missed} targets met, {missed} missed in this run of {seconds:.0f} s.")
    return 0


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TimeoutError("the benchmarks took too long")


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measures what docs/figures.md promises, against the local stack.",
        epilog="parts:\n" + "\n".join(f"  {name:<16} {what}" for name, (_, what) in PARTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        type=_parts,
        default=list(PARTS),
        metavar="PART,…",
        help="only these parts, in this order",
    )
    parser.add_argument(
        "--repeat",
        type=_positive,
        default=1,
        metavar="N",
        help="measure N times as often",
    )
    return parser.parse_args(arguments)


def _parts(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no part is called {unknown[0]!r}: {', '.join(PARTS)}")
    return names


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.benchmarks`: measures, prints, stops by itself."""

import argparse
import sys
from collections.abc import Sequence

from tests.benchmarks.bench import Bench
from tests.benchmarks.parts import COMPARING, PARTS
from tests.benchmarks.run import run

_PAIR = "against"  # the part that is nothing without another commit


def main() -> int:
    """Returns 0 whatever was met, missed or not measured: a noisy machine is no failure."""
    chosen = _arguments(sys.argv[1:])
    bench = Bench(chosen.repeat, chosen.against)
    try:
        summary = run({name: PARTS[name] for name in chosen.only}, bench)
    except KeyboardInterrupt:
        return 130
    finally:
        bench.close()
    print("\n".join(summary.lines()))
    return 0


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measures what docs/figures.md promises, against the local stack.",
        epilog="parts:\n" + "\n".join(f"  {name:<16} {part.what}" for name, part in PARTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        type=_parts,
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
    parser.add_argument(
        "--against",
        metavar="COMMIT",
        help=f"measure beside a commit's tree; alone, --only {','.join(COMPARING)}",
    )
    chosen = parser.parse_args(arguments)
    if chosen.only is None:
        chosen.only = (
            list(COMPARING) if chosen.against else [name for name in PARTS if name != "against"]
        )
    if "against" in chosen.only and chosen.against is None:
        parser.error("the part against needs --against COMMIT")
    return chosen


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

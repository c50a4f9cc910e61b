"""Whether what was built stays small: `python -m tests.sam.sized FOLDER`.

Lambda takes 250 MB of a function and its layers, unzipped; each new environment reads it, so the
bundle stays far below. Exit status: 1 if it does not.
"""

import argparse
import sys
from pathlib import Path

MOST_MB = 80
_MB = 1_000_000
_LAYER = "Layer"


def megabytes(build: Path) -> float:
    """All layers and the largest function, unzipped."""
    sizes = {folder.name: _size(folder) for folder in build.iterdir() if folder.is_dir()}
    layers = [size for name, size in sizes.items() if name.endswith(_LAYER)]
    functions = [size for name, size in sizes.items() if not name.endswith(_LAYER)]
    if not layers or not functions:
        raise ValueError(f"{build} holds no build")
    return (sum(layers) + max(functions)) / _MB


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sam.sized", description=__doc__)
    parser.add_argument("build", type=Path)
    size = megabytes(parser.parse_args().build)
    print(f"layers and the largest function: {size:.0f} MB unzipped, {MOST_MB} at most")
    return 0 if size <= MOST_MB else 1


if __name__ == "__main__":
    sys.exit(main())

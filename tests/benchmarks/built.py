"""The bundle as `make build` makes it, for this machine's processor, where nothing can be written.

Python of the version that Lambda runs imports it (`python3.13` on the path), and nothing from this
environment. Beside it lies the same build without its bytecode.
"""

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.support.template import ROOT, of_type

_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64"}
_LAYERS = ("SharedLayer", "DependenciesLayer")
_READ_ONLY = 0o555
# /opt and /var/task are read-only, so Python finds what was built, or compiles each time. Modes
# alone do not stop root.
_NOTHING_IS_WRITTEN = {"PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True)
class Built:
    """Functions and layers as Lambda would mount them."""

    folder: Path

    @cached_property
    def python(self) -> str:
        """The interpreter itself, not what stands for it on the path."""
        asked = ["python3.13", "-c", "import sys; print(sys.executable)"]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()

    def environment(self, function: str) -> dict[str, str]:
        """Variables by which an interpreter imports one function, named by its source's folder."""
        functions = of_type("AWS::Serverless::Function").items()
        (built,) = [id_ for id_, one in functions if Path(one["CodeUri"]).name == function]
        layers = [self.folder / layer / "python" for layer in _LAYERS]
        path = os.pathsep.join(map(str, [self.folder / built, *layers]))
        return {"PYTHONPATH": path, "PATH": os.environ["PATH"], **_NOTHING_IS_WRITTEN}

    def bytecode(self) -> int:
        """How many files of it there are."""
        return sum(1 for _ in self.folder.rglob("*.pyc"))


@contextmanager
def builds() -> Iterator[tuple[Built, Built]]:
    """Without bytecode, and as shipped."""
    with tempfile.TemporaryDirectory(prefix="afterimage-built-") as folder:
        plain, shipped = Built(Path(folder) / "plain"), Built(Path(folder) / "shipped")
        architecture = _ARCHITECTURES[platform.machine()]
        subprocess.run(
            ["make", "build", f"ARCHITECTURE={architecture}", f"BUILD_FOLDER={shipped.folder}"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(shipped.folder, plain.folder, ignore=ignored)
        for path in Path(folder).rglob("*/"):
            path.chmod(_READ_ONLY)
        yield plain, shipped
        if plain.bytecode():
            raise RuntimeError("bytecode was written where none can be")

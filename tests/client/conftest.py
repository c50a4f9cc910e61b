"""The npm package as somebody installs it: packed, and put beside what is locked here.

It needs Node 20.19 or newer with npm; where there is none, every test here is skipped and says so.
"""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.browser.conftest import open_browser
from tests.local_stack.testing import RunningStack, StackProcess
from tests.support.servers import free_port

HERE = Path(__file__).parent
CLIENT = HERE.parents[1] / "client"
_OLDEST_NODE = (20, 19)
_SECONDS = 100  # of one command
QUIETLY = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")


def run(command: Sequence[str], folder: Path) -> str:
    """What a command printed; fails with all of it where the command does."""
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=_SECONDS
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session", autouse=True)
def npm() -> str:
    """Its path."""
    node, found = shutil.which("node"), shutil.which("npm")
    if node is None or found is None:
        pytest.skip("there is no Node with npm here: install Node 20.19 or newer")
    version = run([node, "--version"], HERE).strip()
    if tuple(map(int, version.lstrip("v").split(".")[:2])) < _OLDEST_NODE:
        pytest.skip(f"Node is {version} here: install 20.19 or newer")
    return found


@pytest.fixture(scope="session")
def packed(npm: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that would be published."""
    folder = tmp_path_factory.mktemp("packed")
    run([npm, "pack", "--silent", "--pack-destination", str(folder)], CLIENT)
    (file,) = folder.iterdir()
    return file


@pytest.fixture(scope="session")
def project(npm: str, packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that is locked here, and the package."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    run([npm, "ci", *QUIETLY], folder)
    run([npm, "install", "--no-save", *QUIETLY, str(packed)], folder)
    return folder


@pytest.fixture(scope="session")
def vite_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def stack(vite_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The bundle as somebody runs it who works on a front end beside it."""
    origin = f"http://localhost:{vite_port}"
    process = StackProcess(tmp_path_factory.mktemp("stack"), env={"ALLOWED_ORIGINS": origin})
    with process.running() as running:
        running.gemini(text_ms=100, image_ms=800)
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser

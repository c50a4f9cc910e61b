"""The trees whose bundles are measured: this one, and another commit's beside it."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.template import ROOT

_LOCK = Path("tests", "local_stack", "requirements.txt")
_ENVIRONMENT = ROOT / ".venv-against"


@dataclass(frozen=True)
class Tree:
    """A folder that holds the whole repository.

    Attributes:
        python: interpreter with what its local stack needs.
    """

    name: str
    root: Path
    python: str


HERE = Tree("this tree", ROOT, sys.executable)


@contextmanager
def checked_out(commit: str) -> Iterator[Tree]:
    """A commit's tree, for a while.

    Args:
        commit: whatever git takes for one.

    Raises:
        LookupError: git does not.
    """
    try:
        name = _git("rev-parse", "--short", "--verify", f"{commit}^{{commit}}")
    except subprocess.CalledProcessError as error:
        raise LookupError(f"there is no commit {commit!r}") from error
    with tempfile.TemporaryDirectory(prefix="afterimage-against-") as folder:
        root = Path(folder) / name
        _git("worktree", "add", "--detach", str(root), name)
        try:
            yield Tree(name, root, _python(root))
        finally:
            _git("worktree", "remove", "--force", str(root))


def _python(root: Path) -> str:
    """This environment's, unless the tree wants other packages; that one is kept."""
    if (root / _LOCK).read_bytes() == (ROOT / _LOCK).read_bytes():
        return sys.executable
    bootstrap = [sys.executable, "tests/local_stack/bootstrap.py", str(_ENVIRONMENT), str(_LOCK)]
    subprocess.run(bootstrap, cwd=root, check=True)
    return str(_ENVIRONMENT / "bin" / "python")


def _git(*arguments: str) -> str:
    """What it says."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()

"""A build that has grown too large is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.sam.sized import MOST_MB, main, megabytes


def build(folder: Path, **sizes: int) -> Path:
    """Folders of a build, each with one file of so many megabytes, which take no room."""
    for name, size in sizes.items():
        (folder / name / "python").mkdir(parents=True)
        with (folder / name / "python" / "module.so").open("wb") as file:
            file.truncate(size * 1_000_000)
    (folder / "template.yaml").write_text("Resources: {}")
    return folder


def test_what_one_function_unpacks_is_counted(tmp_path: Path) -> None:
    built = build(tmp_path, SharedLayer=2, DependenciesLayer=80, Keeper=1, WebPage=3)

    assert megabytes(built) == 85


@pytest.mark.parametrize(("size", "status"), [(MOST_MB - 1, 0), (MOST_MB, 1)])
def test_too_much_fails_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, status: int
) -> None:
    built = build(tmp_path, DependenciesLayer=size, Keeper=1)
    monkeypatch.setattr(sys, "argv", ["sized", str(built)])

    assert main() == status


def test_what_is_no_build_is_not_small(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no build"):
        megabytes(tmp_path)

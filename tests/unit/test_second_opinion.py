"""DynamoDB Local runs where nobody else can reach it, or not at all."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from tests.second_opinion.__main__ import main
from tests.support.dynamodb_local import dynamodb_local


def test_it_is_not_started_where_another_machine_could_reach_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "eth0")])
    monkeypatch.setattr(subprocess, "Popen", None)  # nor may it be where this test fails

    with (
        pytest.raises(RuntimeError, match="would listen on eth0"),
        dynamodb_local(tmp_path),
    ):
        pass


@pytest.mark.parametrize(("arguments", "status"), [([], 3), (["--if-possible"], 0)])
def test_what_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "npm" else f"/bin/{name}")

    assert main(arguments) == status
    assert capsys.readouterr().out == "There was no second opinion: there is no npm here.\n"

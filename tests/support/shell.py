"""A shell in which the documentation's commands are run, against an emulator of AWS."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.local_stack.names import ADMIN_KEY, ADMIN_SECRET, REGION
from tests.support.docs import ROOT

AWS = 'exec "$PYTHON" -m tests.support.aws_cli "$@"'


class Shell:
    """bash, in the project's folder.

    Args:
        address: of the emulator.
        folder: for the commands.
        commands: other commands than `aws`, each with the line of a script that stands in for it.
    """

    def __init__(
        self, address: str, folder: Path, commands: Mapping[str, str] | None = None
    ) -> None:
        for name, line in {"aws": AWS, **(commands or {})}.items():
            (folder / name).write_text(f"#!/bin/sh\n{line}\n")
            (folder / name).chmod(0o755)
        self._variables = folder / "variables"
        self._variables.touch()
        self._environment = {
            **os.environ,
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "PYTHON": sys.executable,
            "AWS_ENDPOINT_URL": address,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ADMIN_KEY,
            "AWS_SECRET_ACCESS_KEY": ADMIN_SECRET,
            "NO_PROXY": "127.0.0.1",
        }

    def run(self, commands: str) -> str:
        """What they print, as one script; variables stay for the next.

        Raises:
            AssertionError: one of them failed; the rest was not run.
        """
        keep = f"declare -p >{self._variables}.all 2>/dev/null; grep -E '^declare -- [A-Z]+=' "
        keep += f"{self._variables}.all >{self._variables} || true"
        ran = subprocess.run(
            [
                "bash",
                "-e",
                "-u",
                "-o",
                "pipefail",
                "-c",
                f". {self._variables}\n{commands}\n{keep}",
            ],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

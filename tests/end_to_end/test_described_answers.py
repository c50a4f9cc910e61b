"""The HTTP API against its own description, as a tool reads it that knows nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from tests.local_stack.testing import RunningStack as Stack

ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml")
_SECONDS = 150  # only so that a broken run ends

# Each as a user of its own, who has all of the day's messages left.
RUNS = {
    "one request at a time": ["--exclude-path=/me", "--phases=examples,coverage,fuzzing"],
    "one request after another": ["--exclude-path=/me", "--phases=stateful"],
    "the end of an account": ["--include-path=/me", "--phases=coverage,fuzzing"],
}


@pytest.mark.timeout(_SECONDS + 30)
@pytest.mark.parametrize("name", RUNS)
def test_every_answer_is_one_that_is_described(stack: Stack, name: str) -> None:
    token = stack.token(f"sam-{uuid.uuid4().hex[:8]}")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"]

    ran = subprocess.run(
        [*command, f"{stack.url}/openapi.json", *RUNS[name]],
        cwd=ROOT,
        env={**os.environ, "TOKEN": token, "PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'shared'}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        timeout=_SECONDS,
    )

    assert ran.returncode == 0, ran.stdout

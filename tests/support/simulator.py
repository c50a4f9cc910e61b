"""The Gemini simulator as a process of the tests."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What a test begins with that shares a simulator with others.
AT_ONCE: dict[str, object] = {
    "text_ms": 0,
    "image_ms": 0,
    "image_format": "jpeg",
    "drafts": 0,
    "pictures": 1,
    "words_a_second": 0,
    "bytes_a_second": 0,
    "seed": 1,  # what is painted a second time then costs nothing
    "script": [],
    "reset": True,
}


def start() -> tuple[subprocess.Popen[str], str]:
    """The process and its address."""
    command = [sys.executable, "-m", "tests.local_stack.gemini", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    prefix = "gemini simulator listening on "
    assert line.startswith(f"{prefix}http://127.0.0.1:"), line
    return process, line.removeprefix(prefix)


def stop(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> str:
    """Ends it cleanly; returns what it complained about."""
    process.send_signal(number)
    _, complaints = process.communicate(timeout=10)
    assert process.returncode == 0, complaints
    return complaints

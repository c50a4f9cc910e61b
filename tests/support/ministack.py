"""MiniStack as a process of its own, for tests that need a DynamoDB and an S3 that hold races."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers import free_port, serving


@contextmanager
def ministack(folder: Path, services: str = "dynamodb,s3") -> Iterator[str]:
    """Runs it on a free port of the loopback interface and yields its address.

    Args:
        folder: for its log and its temporary files.
        services: of AWS, with commas between them.
    """
    port, command = free_port(), [sys.executable, "-m", "ministack"]
    environment = _environment(port, folder, services)
    with serving(command, port, folder / "ministack.log", environment, folder) as address:
        yield address


def _environment(port: int, folder: Path, services: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "SERVICES": services,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///dev/null/none",  # never talk to a container daemon
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(folder),
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "objects"),
    }

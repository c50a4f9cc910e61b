"""A picture asked for with all sources that may be sent, in a process of its own.

Prints how many MB the sources have, and the peak of memory, while they are sent over a socket.
"""

import os
import socket
import threading
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import botocore.session  # noqa: F401 - what the function imports
import pynamodb.models  # noqa: F401
import requests

from afterimage.adapters.gemini.client import Gemini, GeminiSettings
from afterimage.adapters.system import SystemClock
from afterimage.ports.models import PaintRequest, Source
from tests.benchmarks.picture_memory_child import peak_mb
from tests.local_stack.gemini.wire import as_event
from tests.support.doubles import RecordingCalls, RecordingLog, RecordingMetrics

_SOURCES, _TOGETHER = 14, 60_000_000  # bytes
_BUFFER = 64 * 1024


def main() -> None:
    sources = [Source("image/jpeg", os.urandom(_TOGETHER // _SOURCES)) for _ in range(_SOURCES)]
    request = PaintRequest("all of them in one", "5afe" * 10, sources=sources)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_take, args=(server,), daemon=True).start()
        settings = GeminiSettings(
            f"http://127.0.0.1:{server.getsockname()[1]}", "v1beta", "", "an-image-model"
        )
        gemini = Gemini(
            settings,
            lambda: "a-key",
            requests.Session(),
            SystemClock(),
            RecordingLog(),
            RecordingMetrics(),
        )
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew (proc(5))
        until = datetime.now(UTC) + timedelta(seconds=60)
        gemini.paint(request, until, lambda _: None, RecordingCalls())
    print(_TOGETHER / 1e6, peak_mb())


def _take(server: socket.socket) -> None:
    """Reads as many bytes as are announced, keeping none, and answers with a picture."""
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as lines:
        length = 0
        while (line := lines.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        while length > 0:
            length -= len(lines.read(min(length, _BUFFER)))
        part = {"inlineData": {"mimeType": "image/jpeg", "data": b64encode(b"\xff\xd8").decode()}}
        answer = as_event({"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]})
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(answer)}\r\n"
        connection.sendall(f"{head}content-type: text/event-stream\r\n\r\n".encode() + answer)


if __name__ == "__main__":
    main()

"""A connection that was kept while the sandbox was frozen is closed by whoever is behind it.

Real sockets: only there does a request that was written to a dead connection fail as it does on
AWS, where a load balancer forgets what is idle and answers the next packet with a reset.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from datetime import timedelta
from socketserver import StreamRequestHandler, ThreadingTCPServer

import botocore.session
import pytest
import requests
from tests.support.doubles import NOW, FixedClock, RecordingLog, RecordingMetrics

from afterimage.adapters.clients import PUSH
from afterimage.adapters.issuer_keys import fetch_json
from afterimage.adapters.posts import ApiGatewayPush

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class Forgetful(ThreadingTCPServer):
    """Answers one request a connection with `{}`, and a second one with a reset."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.served: list[tuple[str, bytes]] = []
        self.resets = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Connection(StreamRequestHandler):
    server: Forgetful

    def handle(self) -> None:
        request = self._read()
        if request is None:
            return
        self.server.served.append(request)
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        )
        if self._read() is not None:
            self.server.resets += 1
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)

    def _read(self) -> tuple[str, bytes] | None:
        method = self.rfile.readline().decode().partition(" ")[0]
        if not method:
            return None
        length = 0
        while (line := self.rfile.readline().strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return method, self.rfile.read(length)


@pytest.fixture
def forgetful() -> Iterator[Forgetful]:
    with Forgetful() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_first_post_after_a_pause_arrives_and_closes_no_socket(forgetful: Forgetful) -> None:
    session = botocore.session.Session()
    session.set_credentials("testing", "testing")
    client = session.create_client(
        "apigatewaymanagementapi",
        region_name="eu-central-1",
        endpoint_url=forgetful.url,
        config=PUSH,
    )
    log, metrics = RecordingLog(), RecordingMetrics()
    push = ApiGatewayPush(lambda: client, FixedClock(), log, metrics)
    until = NOW + timedelta(seconds=2)

    for frame in ("one", "two", "three"):
        assert push.post("tab", [frame], until)
    push.close("tab")

    assert forgetful.resets >= 1
    assert forgetful.served == [
        ("POST", b"one"),
        ("POST", b"two"),
        ("POST", b"three"),
        ("DELETE", b""),
    ]
    assert (log.lines, metrics.values) == ([], [])


def test_the_issuers_keys_are_fetched_after_a_pause(forgetful: Forgetful) -> None:
    fetch = fetch_json(requests.Session())

    for _ in range(3):
        assert fetch(f"{forgetful.url}/keys") == {}

    assert forgetful.resets >= 1

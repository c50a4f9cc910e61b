"""A server that answers with exactly the bytes it is given, and ends or keeps the connection."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Then(Enum):
    """What becomes of the connection once everything has been sent."""

    CLOSE = "closed"
    RESET = "reset"
    OPEN = "left open and silent"
    SERVE = "kept for the next request"


@dataclass(frozen=True)
class Said:
    """One answer: its bytes as they travel, in the pieces in which they are sent."""

    pieces: Sequence[bytes]
    then: Then = Then.CLOSE


@dataclass
class RawServer:
    """Serves its script, the last answer again and again.

    Attributes:
        bodies: the JSON of each request.
        connections: how many were made.
        left: set as soon as a client has hung up on an answer that was left open.
    """

    script: list[Said]
    address: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    left: threading.Event = field(default_factory=threading.Event)

    def serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while (body := _request(connection)) is not None:
                self.bodies.append(json.loads(body))
                said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                for piece in said.pieces:
                    connection.sendall(piece)
                if said.then is not Then.SERVE:
                    self._end(connection, said.then)
                    return

    def _end(self, connection: socket.socket, then: Then) -> None:
        if then is Then.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif then is Then.OPEN:
            with suppress(OSError):  # a reset is a way of leaving
                while connection.recv(4096):
                    pass
            self.left.set()


@contextmanager
def raw_server(*script: Said) -> Iterator[RawServer]:
    server = RawServer(list(script))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        accepting = threading.Thread(target=_accept, args=(listening, server), daemon=True)
        accepting.start()
        yield server
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
    accepting.join(5)


def _accept(listening: socket.socket, server: RawServer) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.connections += 1
            threading.Thread(target=server.serve, args=(connection,), daemon=True).start()


def _request(connection: socket.socket) -> bytes | None:
    """The body of the next request; None if the client has left."""
    received = b""
    while b"\r\n\r\n" not in received:
        if not (data := connection.recv(65_536)):
            return None
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    found = re.search(rb"(?i)content-length: (\d+)", head)
    length = int(found[1]) if found else 0
    while len(body) < length:
        body += connection.recv(65_536)
    return body


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Head and body. Without a length among the headers it ends with the connection."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *headers))
    return head.encode() + b"\r\n" + body


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body (RFC 9112, 7.1); of nothing, the last."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"

#!/bin/sh
# requests: the connect timeout is all the time that a body of bytes has to be sent.
#
# Seen with requests 2.34.2 and urllib3 2.8.0 on 2026-11-29.
#
# `timeout=(connect, read)` reads as if only the connecting had to be done within the first number.
# But urllib3 sets the socket's timeout before it connects, and anew only when it reads; and Python's
# `sendall` takes a socket's timeout for the whole of what it is given. So a server that accepts at
# once and takes 3 s to read 64 MB is too slow for (1, 60): a ConnectionError, with a part of the body
# gone. An iterable with a length, so without chunked encoding, has that time for each of its pieces.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check requests==2.34.2 urllib3==2.8.0

"$folder/venv/bin/python" - >"$folder/seen" <<'END'
import socket
import threading
import time

import requests

SIZE, CHUNK = 64 * 1024 * 1024, 256 * 1024


def serve(server):
    """Reads each body at about 20 MB/s, then answers."""
    while True:
        connection, _ = server.accept()
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096)
            left = SIZE - len(head.split(b"\r\n\r\n", 1)[1])
            while left > 0 and (data := connection.recv(min(left, 1024 * 1024), socket.MSG_WAITALL)):
                left -= len(data)
                time.sleep(len(data) / 20e6)
            if left == 0:
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")


class Pieces:
    def __len__(self):
        return SIZE

    def __iter__(self):
        return (bytes(CHUNK) for _ in range(SIZE // CHUNK))


def post(address, body, connect):
    try:
        return str(requests.post(address, data=body, timeout=(connect, 60)).status_code)
    except requests.RequestException as error:
        return type(error).__name__


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(server,), daemon=True).start()
address = f"http://127.0.0.1:{server.getsockname()[1]}"
for name, body, connect in (
    ("bytes", bytes(SIZE), 1),
    ("bytes", bytes(SIZE), 30),
    ("pieces", Pieces(), 1),
):
    print(f"64 MB in {name}, timeout ({connect}, 60): {post(address, body, connect)}")
END
cat >"$folder/expected" <<'END'
64 MB in bytes, timeout (1, 60): ConnectionError
64 MB in bytes, timeout (30, 60): 200
64 MB in pieces, timeout (1, 60): 200
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"

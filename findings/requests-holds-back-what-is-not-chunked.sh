#!/bin/sh
# requests hands on a stream as it comes only if the server sends it chunked.
#
# Seen with requests 2.34.2 and urllib3 2.8.0 on 2026-11-29.
#
# With `stream=True`, `iter_content` and `iter_lines` yield what has arrived if the body comes in
# chunks. The same body at the same pace, but with a Content-Length, or ended by the closing of the
# connection, is held back until a whole piece of the asked size is there (512 bytes for lines), or
# the end: even with `chunk_size=None`, which is said to hand data on as it arrives. An event stream
# whose server or proxy does not chunk is silent until it is over, and a test's server without chunks
# shows nothing of what streaming does. `response.raw.read1()` does not hold back.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check requests==2.34.2 urllib3==2.8.0

"$folder/venv/bin/python" - >"$folder/seen" <<'END'
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

EVENTS = [b"data: %d\n\n" % number for number in range(4)]
sent = 0
seen = threading.Event()


class Stream(BaseHTTPRequestHandler):
    """Sends the next event once the client has seen one, or has waited half a second for it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        global sent
        chunked = self.path == "/chunked"
        self.send_response(200)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif self.path == "/length":
            self.send_header("Content-Length", str(sum(map(len, EVENTS))))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        for event in EVENTS:
            sent += 1
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event) if chunked else event)
            seen.wait(0.5)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = self.path == "/close"

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Stream)
threading.Thread(target=server.serve_forever, daemon=True).start()
WAYS = {
    "iter_content(65536)": lambda response: response.iter_content(65536),
    "iter_content(None)": lambda response: response.iter_content(None),
    "iter_lines()": lambda response: response.iter_lines(),
    "raw.read1(65536)": lambda response: iter(lambda: response.raw.read1(65536), b""),
}
for framing in ("chunked", "length", "close"):
    for name, way in WAYS.items():
        sent = 0
        seen.clear()
        address = f"http://127.0.0.1:{server.server_port}/{framing}"
        with requests.get(address, stream=True, timeout=10) as response:
            pieces = way(response)
            next(pieces)
            print(f"{framing}: {name} yields first when {sent} of {len(EVENTS)} events are sent")
            seen.set()
            for _ in pieces:
                pass
server.shutdown()
END
cat >"$folder/expected" <<'END'
chunked: iter_content(65536) yields first when 1 of 4 events are sent
chunked: iter_content(None) yields first when 1 of 4 events are sent
chunked: iter_lines() yields first when 1 of 4 events are sent
chunked: raw.read1(65536) yields first when 1 of 4 events are sent
length: iter_content(65536) yields first when 4 of 4 events are sent
length: iter_content(None) yields first when 4 of 4 events are sent
length: iter_lines() yields first when 4 of 4 events are sent
length: raw.read1(65536) yields first when 1 of 4 events are sent
close: iter_content(65536) yields first when 4 of 4 events are sent
close: iter_content(None) yields first when 4 of 4 events are sent
close: iter_lines() yields first when 4 of 4 events are sent
close: raw.read1(65536) yields first when 1 of 4 events are sent
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"

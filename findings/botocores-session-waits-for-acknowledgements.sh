#!/bin/sh
# botocore's HTTP session, used by itself, leaves Nagle's algorithm on.
#
# Seen with botocore 1.43.106 and urllib3 2.8.0 on 2026-11-29.
#
# urllib3 sets TCP_NODELAY on each of its connections, and so does every client of botocore. But
# `botocore.httpsession.URLLib3Session`, made without `socket_options`, hands urllib3 an empty list, and
# with it switches urllib3's own default off. Who signs a request with `botocore.auth` and sends it with
# such a session, as the modules invite, writes head and body in two pieces; the second waits until the
# first is acknowledged, which Linux does after some 40 ms. Small requests over a connection that is
# kept take forty times as long, and nothing says why. `socket_options` is the cure.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check botocore==1.43.106 urllib3==2.8.0

"$folder/venv/bin/python" - >"$folder/seen" <<'END'
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median

import botocore.session
import urllib3
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.httpsession import URLLib3Session


class Store(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
threading.Thread(target=server.serve_forever, daemon=True).start()
ADDRESS = f"http://127.0.0.1:{server.server_port}"
NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY)
set_when_connecting = []
connect = socket.socket.connect


def noted(self, address):
    set_when_connecting.append(self.getsockopt(*NO_DELAY))
    return connect(self, address)


socket.socket.connect = noted


def by_urllib3():
    urllib3.PoolManager().request("PUT", f"{ADDRESS}/b/k", body=b"x")


def by_client():
    client = botocore.session.get_session().create_client(
        "s3",
        region_name="eu-central-1",
        endpoint_url=ADDRESS,
        aws_access_key_id="id",
        aws_secret_access_key="key",
        config=Config(s3={"addressing_style": "path"}),
    )
    client.put_object(Bucket="b", Key="k", Body=b"x")


def by_session(**options):
    URLLib3Session(**options).send(small_put())


def small_put():
    headers = {"Content-Length": "1000"}
    return AWSRequest("PUT", f"{ADDRESS}/b/k", headers=headers, data=b"x" * 1000).prepare()


def seconds(**options):
    """The median of some puts over one connection that is kept."""
    session, found = URLLib3Session(**options), []
    for _ in range(15):
        begun = time.perf_counter()
        session.send(small_put())
        found.append(time.perf_counter() - begun)
    return median(found)


SET = {"socket_options": [(*NO_DELAY, 1)]}
WAYS = {
    "urllib3": by_urllib3,
    "a client of botocore": by_client,
    "URLLib3Session()": by_session,
    "URLLib3Session(socket_options=…)": lambda: by_session(**SET),
}
for name, way in WAYS.items():
    way()
    print(f"{name}: TCP_NODELAY {'on' if set_when_connecting[-1] else 'off'}")
print(f"small puts take over five times as long without: {seconds() > 5 * seconds(**SET)}")
server.shutdown()
END
cat >"$folder/expected" <<'END'
urllib3: TCP_NODELAY on
a client of botocore: TCP_NODELAY on
URLLib3Session(): TCP_NODELAY off
URLLib3Session(socket_options=…): TCP_NODELAY on
small puts take over five times as long without: True
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"

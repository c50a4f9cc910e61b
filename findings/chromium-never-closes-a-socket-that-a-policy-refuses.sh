#!/bin/sh
# Chromium tells of a WebSocket that the page's policy refuses by `error` alone: `close` never comes.
#
# Seen with Chromium 156.0.8078.108, driven by playwright 1.65.2, on 2026-11-30.
#
# A WebSocket that cannot connect says `error` and then `close`, as its standard has it, and so programs
# come back at `close` and treat `error` as a remark. Where the page's Content-Security-Policy has no word
# for the address in `connect-src`, Chromium sets `readyState` to 3 (closed), says `error`, and never
# `close`. Who waits for it waits for ever: no try follows, and nobody is told why.
#
# Needs Chromium or Chrome; CHROMIUM names it, else it is looked for by its usual names.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
export CHROMIUM
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check playwright==1.65.2

"$folder/venv/bin/python" - >"$folder/seen" <<'END'
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from playwright.sync_api import sync_playwright

POLICIES = {"/open": None, "/closed": "connect-src 'none'"}
TRY = """async (port) => {
  const address = Object.assign(new URL(location), { protocol: "ws:", port });
  const said = [];
  const socket = new WebSocket(address);
  for (const name of ["open", "error", "close"]) socket.addEventListener(name, () => said.push(name));
  await new Promise((heard) => socket.addEventListener("error", heard));
  await new Promise((later) => setTimeout(later, 2_000));
  return `${said.join(", then ")}; readyState ${socket.readyState}`;
}"""


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        if policy := POLICIES.get(self.path):
            self.send_header("content-security-policy", policy)
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>A page</title>")

    def log_message(self, *_):
        pass


pages = HTTPServer(("127.0.0.1", 0), Pages)
threading.Thread(target=pages.serve_forever, daemon=True).start()
with socket.socket() as nobody, sync_playwright() as playwright:
    nobody.bind(("127.0.0.1", 0))  # and does not listen
    browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"])
    page = browser.new_page()
    for name, why in (("/open", "nobody listens"), ("/closed", "the policy refuses it")):
        page.goto(f"http://127.0.0.1:{pages.server_port}{name}")
        print(f"{why}:", page.evaluate(TRY, str(nobody.getsockname()[1])))
    browser.close()
END
cat >"$folder/expected" <<'END'
nobody listens: error, then close; readyState 3
the policy refuses it: error; readyState 3
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"

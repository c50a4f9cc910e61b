#!/bin/sh
# PyJWT's key client finds no signing key in a set whose only key has no `kid`.
#
# Seen with PyJWT 2.15.1 on 2026-11-29.
#
# `kid` is optional, in a key (RFC 7517, 4.5) and in a token's header (RFC 7515, 4.1.4), and an issuer
# with a single key may do without. PyJWT signs and verifies such tokens, and `PyJWKSet` reads such a
# key; but `PyJWKClient`, which fetches the set, passes over every key without a `kid` and says that
# there are no signing keys. Nor does it take the only key of a set for a token that names none.
# Whoever uses it can verify nothing from such an issuer; the key must be chosen by hand.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check 'pyjwt[crypto]==2.15.1'

"$folder/venv/bin/python" - >"$folder/seen" <<'END'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = ECAlgorithm.to_jwk(PRIVATE.public_key(), as_dict=True)
SETS = {"/named": {"keys": [{**PUBLIC, "kid": "first"}]}, "/nameless": {"keys": [PUBLIC]}}


class Issuer(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(SETS[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


issuer = ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
threading.Thread(target=issuer.serve_forever, daemon=True).start()


def look(key_set, header):
    token = jwt.encode({"sub": "somebody"}, PRIVATE, "ES256", headers=header)
    in_set = jwt.PyJWKSet.from_dict(SETS[key_set]).keys[0]
    by_hand = jwt.decode(token, in_set, ["ES256"])["sub"]
    client = jwt.PyJWKClient(f"http://127.0.0.1:{issuer.server_port}{key_set}")
    try:
        found = f"key {client.get_signing_key_from_jwt(token).key_id}"
    except jwt.PyJWKClientError as error:
        found = str(error)
    named = "token with kid" if header else "token without kid"
    print(f"{key_set[1:]} key, {named}: by hand {by_hand}; the client: {found}")


look("/named", {"kid": "first"})
look("/named", {})
look("/nameless", {})
issuer.shutdown()
END
cat >"$folder/expected" <<'END'
named key, token with kid: by hand somebody; the client: key first
named key, token without kid: by hand somebody; the client: Unable to find a signing key that matches: "None"
nameless key, token without kid: by hand somebody; the client: The JWKS endpoint did not contain any signing keys
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"

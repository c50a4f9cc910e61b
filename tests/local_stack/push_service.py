"""A push service and its browsers: RFC 8030 (delivery), 8291 (encryption) and 8292 (VAPID).

It refuses what one of the browsers' own refuses, and reads what it takes as the browser would: by
the cryptography of the specifications, and nothing that the sender uses for it.
"""

import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PATH = "/dev/push"
# Those of real browsers, as the template has them.
BROWSERS_SERVICES = (
    "fcm.googleapis.com,updates.push.services.mozilla.com,*.push.apple.com,*.notify.windows.com"
)
_LARGEST = 4096  # bytes, of a sealed message (RFC 8030, section 7.2)
_A_DAY = 86_400
_SALT, _KEY_ID_AT, _TAG = 16, 21, 16  # bytes of the header of aes128gcm (RFC 8188, section 2.1)
_URGENCIES = {"very-low", "low", "normal", "high"}


class RefusedError(Exception):
    """A push that is not taken, with the status of the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass
class Browser:
    """One subscription: the browser's keys, and what it has been sent.

    Attributes:
        received: headers and plain text of each push.
        gone: the person has taken the permission back.
    """

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    received: list[dict[str, Any]] = field(default_factory=list)
    gone: bool = False

    @property
    def keys(self) -> dict[str, str]:
        """As a `PushSubscription` gives them."""
        return {"p256dh": _encoded(_point(self.private.public_key())), "auth": _encoded(self.auth)}

    def opened(self, sealed: bytes) -> bytes:
        """What stands in a message for this browser. Raises: RefusedError."""
        salt, key_id = sealed[:_SALT], sealed[_KEY_ID_AT : _KEY_ID_AT + sealed[_KEY_ID_AT - 1]]
        record = sealed[_KEY_ID_AT + len(key_id) :]
        try:
            sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key_id)
            shared = self.private.exchange(ec.ECDH(), sender)
            info = b"WebPush: info\0" + _point(self.private.public_key()) + key_id
            secret = _derived(shared, self.auth, info, 32)
            key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
            nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
            padded = AESGCM(key).decrypt(nonce, record, None)
        except (ValueError, InvalidTag) as error:
            raise RefusedError(400, "not for this browser") from error
        plain, end, padding = padded.rpartition(
            b"\x02"
        )  # of the last record, which is the only one
        if not end or padding.strip(b"\0"):
            raise RefusedError(400, "no end of the last record")
        return plain


class PushService:
    """Args: origin: its own, which tokens must name."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.browsers: dict[str, Browser] = {}

    def routes(self) -> list[Route]:
        """Making a subscription, sending to it, and what a test wants to know and do."""
        return [
            Route(PATH, self._subscribe, methods=["POST"]),
            Route(PATH + "/{name}", self._push, methods=["POST"]),
            Route(PATH + "/{name}", self._received, methods=["GET"]),
            Route(PATH + "/{name}", self._end, methods=["DELETE"]),
        ]

    def endpoint(self, name: str) -> str:
        """The address of a subscription."""
        return f"{self.origin}{PATH}/{name}"

    def subscribed(self) -> dict[str, Any]:
        """A new subscription, as its `toJSON()` gives it."""
        name, browser = secrets.token_urlsafe(16), Browser()
        self.browsers[name] = browser
        return {"endpoint": self.endpoint(name), "expirationTime": None, "keys": browser.keys}

    def take(self, name: str, headers: dict[str, str], body: bytes) -> None:
        """One push. Raises: RefusedError."""
        browser = self.browsers.get(name)
        if browser is None:
            raise RefusedError(404, "unknown")
        if browser.gone:
            raise RefusedError(410, "gone")
        _check_headers(headers)
        if len(body) > _LARGEST:
            raise RefusedError(413, "too large")
        self._check_token(headers.get("authorization", ""))
        plain = browser.opened(body)
        browser.received.append({"headers": headers, "payload": plain.decode()})

    def _check_token(self, authorization: str) -> None:
        scheme, _, parameters = authorization.partition(" ")
        given = dict(part.strip().split("=", 1) for part in parameters.split(",") if "=" in part)
        if scheme.lower() != "vapid" or given.keys() != {"t", "k"}:
            raise RefusedError(401, "no VAPID")
        try:
            point = _decoded(given["k"])
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
            claims = jwt.decode(given["t"], key, algorithms=["ES256"], audience=self.origin)
        except (ValueError, jwt.InvalidTokenError) as error:
            raise RefusedError(403, type(error).__name__) from error
        if claims["exp"] > time.time() + _A_DAY:
            raise RefusedError(403, "lasts too long")
        if not claims.get("sub", "").startswith(("https://", "mailto:", "http://127.0.0.1")):
            raise RefusedError(403, "no contact")

    async def _subscribe(self, _: Request) -> Response:
        return JSONResponse(self.subscribed(), 201)

    async def _push(self, request: Request) -> Response:
        try:
            self.take(request.path_params["name"], dict(request.headers), await request.body())
        except RefusedError as refused:
            return Response(str(refused), refused.status)
        return Response(status_code=201, headers={"location": f"{self.origin}{PATH}/message"})

    async def _received(self, request: Request) -> Response:
        browser = self.browsers.get(request.path_params["name"])
        return JSONResponse({"received": browser.received if browser else []})

    async def _end(self, request: Request) -> Response:
        if browser := self.browsers.get(request.path_params["name"]):
            browser.gone = True
        return Response(status_code=204)


def _check_headers(headers: dict[str, str]) -> None:
    """Raises: RefusedError."""
    if not headers.get("ttl", "").isdecimal():
        raise RefusedError(400, "no TTL")
    if headers.get("content-encoding") != "aes128gcm":
        raise RefusedError(415, "another encoding")
    if headers.get("urgency", "normal") not in _URGENCIES:
        raise RefusedError(400, "no such urgency")
    topic = headers.get("topic", "")
    if len(topic) > 32 or not topic.replace("-", "").replace("_", "").isalnum():
        raise RefusedError(400, "no such topic")


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))

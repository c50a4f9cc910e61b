"""The chat page, its static files, its configuration and the API's descriptions. All public."""

from __future__ import annotations

import hashlib
import json
import mimetypes
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from afterimage.domain.metrics import Metric
from afterimage.http.packed import packed, without_comments
from afterimage.ports.system import Log, Metrics

_MAX_TEXT = 8_000  # characters, as the API takes
_MANIFEST = "application/manifest+json"
_TEXT_TYPES = ("text/", "application/json", "image/svg+xml", _MANIFEST)
# A service worker has nothing but its own modules and a picture; it asks nobody for anything.
_WORKER = "sw.js"
_WORKER_POLICY = (
    "default-src 'none'; script-src 'self'; img-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_NOBODY = "'none'"
# Where a sign-in in a window ends, which hands over to who opened it: so it must know them.
_SIGNED_IN = "signed_in.html"
_CONFIG_PLACE = b"{{config}}"
_VERSION_PLACE = b"{{version}}"
_VERSION = re.compile(r"([0-9a-f]{16})/(.+)", re.DOTALL)
_VENDOR = "vendor/"  # whose modules have no comments but their licences
_FRESH = "no-cache"  # the browser asks each time whether it is still so
_FOREVER = "public, max-age=31536000, immutable"
_NOSNIFF = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
_SAFE = {
    **_NOSNIFF,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class WebPage:
    """Serves the page.

    Args:
        root: folder of the static files; nothing outside it is served.
        config: the public configuration, as a mapping with `issuer`, `audience`, `client_id`,
            `scopes`, `sign_in_origin`, `public_url`, `websocket_url`, `push_hosts` and
            `frame_ancestors`.
        image_models: those that a message may choose among, as the page is told of them.
        push_public_key: with what a browser subscribes to pushes.
        shared: the page of a shared picture, by its link's token and the languages asked for.
    """

    def __init__(
        self,
        root: Path,
        config: Callable[[], Mapping[str, str]],
        image_models: Callable[[], list[dict[str, Any]]],
        push_public_key: Callable[[], str],
        shared: Callable[[str, str], dict[str, Any]],
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._root = root.resolve()
        self._config = config
        self._image_models = image_models
        self._push_public_key = push_public_key
        self._shared = shared
        self._log = log
        self._metrics = metrics

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """One API Gateway event (payload format 2.0) in, its response out.

        HEAD is answered as GET, without the body (RFC 9110, section 9.3.2).
        """
        del context
        method, _, route = event.get("routeKey", "").partition(" ")
        try:
            answer = self._answer(route, event)
        finally:
            self._metrics.flush()
        return _without_body(answer) if method == "HEAD" else answer

    def _answer(self, route: str, event: Mapping[str, Any]) -> dict[str, Any]:
        headers = event.get("headers") or {}
        match route:
            case "/":
                return self._file("index.html", headers)
            case "/favicon.ico" | "/robots.txt":
                return self._file(route[1:], headers)
            case "/config.json":
                return _json({**self._page_config(), "push_public_key": self._push_key()})
            case "/openapi.json":
                # Imported here, and below: only these routes need the API's models.
                from afterimage.http import openapi

                return _json(openapi.document(self._config()["public_url"]))
            case "/asyncapi.json":
                from afterimage.http import asyncapi

                return _json(asyncapi.document(self._config()["websocket_url"]))
            case "/s/{token}":
                token = (event.get("pathParameters") or {}).get("token", "")
                return self._shared(token, headers.get("accept-language", ""))
            case _:
                return self._static((event.get("pathParameters") or {}).get("proxy", ""), headers)

    def _page_config(self) -> dict[str, Any]:
        config = self._config()
        return {
            "issuer": config["issuer"],
            "client_id": config["client_id"],
            "audience": config["audience"],
            "scope": config["scopes"],
            "public_url": config["public_url"],
            "websocket_url": config["websocket_url"],
            "max_text_length": _MAX_TEXT,
            "image_models": self._choice(),
        }

    def _push_key(self) -> str | None:
        """None where nobody is told by Web Push, or while the secret cannot be read.

        The page itself is sent with whether there is one, as `push`: the key costs a secret and
        cryptography, and only who is told needs it.
        """
        if not self._config()["push_hosts"]:
            return None
        try:
            return self._push_public_key()
        except Exception:  # noqa: BLE001 - a page is told while it is open, and asks again later
            self._log.exception("push_key_unread")
            self._metrics.add(Metric.DEFECTS)
            return None

    def _choice(self) -> list[dict[str, Any]]:
        try:
            return self._image_models()
        except Exception:  # noqa: BLE001 - people sign in all the same, and paint as usual
            self._log.exception("model_catalogue_unread")
            self._metrics.add(Metric.DEFECTS)
            return []

    def _policy(self) -> str:
        """Content security policy: only this origin, who signs people in, and the channel."""
        config = self._config()
        issuer, channel = _origin(config["issuer"]), _origin(config["websocket_url"])
        # Cognito's tokens come from another origin than its description.
        sign_in = " ".join(filter(None, (issuer, config["sign_in_origin"])))
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self' data: blob:",
                "manifest-src 'self'",
                "worker-src 'self'",
                f"connect-src 'self' {sign_in} {channel}",
                f"form-action 'self' {sign_in}",
                "base-uri 'none'",
                f"frame-ancestors {config['frame_ancestors'] or _NOBODY}",
                "require-trusted-types-for 'script'",
                "trusted-types worker",  # lets the service worker's own address through
            )
        )

    def _static(self, path: str, asked: Mapping[str, str]) -> dict[str, Any]:
        """A file by its name, as it is written, or by a version and its name, as the page asks.

        With its version it is sent without its comments and kept for ever. Who asks for another
        version, as a page does that was open during a deployment, gets the file as it is now, and
        keeps it for this once.
        """
        match = _VERSION.fullmatch(path)
        if match is None:
            return self._file(path, asked)
        version, name = match.groups()
        keeping = _FOREVER if version == self._version() else _FRESH
        own = name.endswith(".js") and not name.startswith(_VENDOR)
        return self._file(name, asked, keeping, code_alone=own)

    def _version(self) -> str:
        """Of all files together: a module is of one version with those that it imports.

        Worked out each time, 1 ms: whoever changes a file here sees it at once.
        """
        whole = hashlib.sha256()
        for file in sorted(file for file in self._root.rglob("*") if file.is_file()):
            whole.update(hashlib.sha256(str(file.relative_to(self._root)).encode()).digest())
            whole.update(hashlib.sha256(file.read_bytes()).digest())
        return whole.hexdigest()[:16]

    def _file(
        self,
        path: str,
        asked: Mapping[str, str],
        keeping: str = _FRESH,
        *,
        code_alone: bool = False,
    ) -> dict[str, Any]:
        """A file of the page; 304 if the browser has it already."""
        file = self._found(path)
        if file is None:
            error = {"code": "not_found", "message": "There is nothing here.", "retry_after": None}
            return _json({"error": error}, 404)
        kind = _kind(file)
        data = without_comments(file.read_bytes()) if code_alone else file.read_bytes()
        if kind == "text/html":
            told = {"push": bool(self._config()["push_hosts"])}
            config = escape(json.dumps({**self._page_config(), **told}))
            data = data.replace(_VERSION_PLACE, self._version().encode())
            data = data.replace(_CONFIG_PLACE, config.encode())
        is_text = kind.startswith(_TEXT_TYPES)
        tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        headers = {
            "content-type": kind + ("; charset=utf-8" if is_text else ""),
            "cache-control": keeping,
            "content-security-policy": _WORKER_POLICY if path == _WORKER else self._policy(),
            "etag": tag,
            **_SAFE,
        }
        if path == _SIGNED_IN:
            del headers["cross-origin-opener-policy"]
        if is_text:
            headers["vary"] = "accept-encoding"
        if _has(asked.get("if-none-match", ""), tag):
            return {"statusCode": 304, "headers": headers, "body": ""}
        return _body(data, headers, is_text, asked)

    def _found(self, path: str) -> Path | None:
        try:
            file = (self._root / path).resolve()
            return file if file.is_relative_to(self._root) and file.is_file() else None
        except (OSError, ValueError):  # a name that no file can have
            return None


def _body(
    data: bytes, headers: dict[str, str], is_text: bool, asked: Mapping[str, str]
) -> dict[str, Any]:
    """A response with this body, packed where the browser takes it: CloudFront packs only what it
    caches."""
    as_text = is_text
    if is_text:
        data, coding = packed(data, asked.get("accept-encoding", ""))
        if coding:
            headers["content-encoding"] = coding
            as_text = False
    return {
        "statusCode": 200,
        "headers": headers,
        "body": data.decode() if as_text else b64encode(data).decode(),
        "isBase64Encoded": not as_text,
    }


def _has(known: str, tag: str) -> bool:
    """Whether If-None-Match names this tag: alone, among others, or as weak, as proxies write it
    that pack by themselves (RFC 9110, section 13.1.2)."""
    names = (name.strip().removeprefix("W/") for name in known.split(","))
    return known.strip() == "*" or tag in names


def _without_body(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "body": "", "isBase64Encoded": False}


def _kind(file: Path) -> str:
    if file.suffix == ".ts":  # which is a video, to mimetypes
        return "text/plain"
    if file.suffix == ".webmanifest":
        return _MANIFEST
    return mimetypes.guess_type(file.name)[0] or "application/octet-stream"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _json(body: Any, status: int = 200) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-cache", **_NOSNIFF},
        "body": json.dumps(body, ensure_ascii=False),
    }

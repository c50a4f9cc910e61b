"""`GET /s/{token}`: one picture for whoever has its link, and a sentence for whoever has none.

It says nothing of its owner, of when it was painted, or of where. What it loads is the shared file
and nothing else, and what it sends is nothing.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from afterimage.domain.metrics import Metric
from afterimage.domain.shares import SharedPicture, is_token, name_of, shared_key
from afterimage.ports.shares import ShareReader
from afterimage.ports.system import Clock, Log, Metrics

_STYLE = """
:root { color-scheme: light dark; --line: #8886; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-content: center; }
main { padding: 1rem; max-width: 100vw; box-sizing: border-box; }
figure { margin: 0; display: grid; gap: 0.75rem; justify-items: center; }
img { display: block; max-width: 100%; max-height: 85vh; width: auto; height: auto;
  border-radius: 0.75rem; }
figcaption { max-width: 60ch; overflow-wrap: anywhere; white-space: pre-wrap; }
footer { margin-top: 1rem; text-align: center; font-size: 0.875rem; }
h1 { margin: 0 0 0.75rem; font-size: 1rem; font-weight: 500; text-align: center; }
a { color: inherit; }
"""
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self'",
        f"style-src 'sha256-{_STYLE_HASH}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "vary": "accept-language",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow, noarchive",
}
_WORDS = {
    "en": {
        "title": "A shared picture",
        "report": "Report this picture",
        "nothing": "There is no picture here, or no longer.",
        "later": "The picture cannot be shown just now. Please try again in a minute.",
    },
    "de": {
        "title": "Ein geteiltes Bild",
        "report": "Dieses Bild melden",
        "nothing": "Hier ist kein Bild, oder keines mehr.",
        "later": "Das Bild kann gerade nicht gezeigt werden. Bitte in einer Minute noch einmal.",
    },
}


class SharedPage:
    """Args:
    config: the public configuration, as a mapping with `public_url` and `contact_url`.
    """

    def __init__(
        self,
        shares: ShareReader,
        clock: Clock,
        config: Callable[[], Mapping[str, str]],
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._shares = shares
        self._clock = clock
        self._config = config
        self._log = log
        self._metrics = metrics

    def __call__(self, token: str, accepted_languages: str) -> dict[str, Any]:
        """A response of payload format 2.0: 200 with the page, or 404 or 503 with a sentence.

        Args:
            accepted_languages: the header's value, empty if there is none.
        """
        language = _language(accepted_languages)
        words = _WORDS[language]
        try:
            picture = self._found(token)
        except Exception:  # noqa: BLE001 - whoever has a link gets a page
            self._log.exception("shared_picture_unread")
            self._metrics.add(Metric.DEFECTS)
            return _page(503, language, words["title"], "", f"<p>{words['later']}</p>")
        if picture is None:
            return _page(404, language, words["title"], "", f"<p>{words['nothing']}</p>")
        config = self._config()
        path = f"/cdn/{shared_key(picture.name)}"
        card = _card(picture, f"{config['public_url']}{path}", words["title"])
        return _page(200, language, words["title"], card, _figure(picture, path, words, config))

    def _found(self, token: str) -> SharedPicture | None:
        if not is_token(token):
            return None
        picture = self._shares.get(name_of(token))
        return None if picture is None or picture.until <= self._clock.now() else picture


def _figure(
    picture: SharedPicture, path: str, words: Mapping[str, str], config: Mapping[str, str]
) -> str:
    shown = escape(picture.prompt or "")
    caption = f"<figcaption>{shown}</figcaption>" if shown else ""
    alternative = escape(picture.prompt or words["title"])
    image = (
        f'<img src="{path}" width="{picture.width}" height="{picture.height}" alt="{alternative}">'
    )
    contact = escape(config["contact_url"])
    report = f'<footer><a href="{contact}" rel="nofollow noreferrer">{words["report"]}</a></footer>'
    return f"<figure>{image}{caption}</figure>{report if contact else ''}"


def _card(picture: SharedPicture, url: str, title: str) -> str:
    """What a chat or a feed shows of the link: the shared file, and no word of the prompt."""
    return (
        f'<meta property="og:type" content="website"><meta property="og:title" content="{title}">'
        f'<meta property="og:image" content="{escape(url)}">'
        '<meta property="og:image:type" content="image/webp">'
        f'<meta property="og:image:width" content="{picture.width}">'
        f'<meta property="og:image:height" content="{picture.height}">'
        '<meta name="twitter:card" content="summary_large_image">'
    )


def _page(status: int, language: str, title: str, head: str, body: str) -> dict[str, Any]:
    text = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{title}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex, nofollow, noarchive">'
        f"{head}<style>{_STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    )
    headers = {**_HEADERS, "content-language": language}
    return {"statusCode": status, "headers": headers, "body": text, "isBase64Encoded": False}


def _language(accepted: str) -> str:
    """The first of ours that a browser names, whatever weight it gives it."""
    for one in accepted.split(","):
        code = one.partition(";")[0].strip().partition("-")[0].lower()
        if code in _WORDS:
            return code
    return "en"

"""What Gemini's answers mean. Pure: a parsed body in, a reply or the reason for none out.

Refusals come as HTTP 200, so every body is looked at; every field may be missing, and values
that are not known yet must not break anything. Facts: the provider's REST reference and the
responses its own SDK parses (google-genai 3.4.0).
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from afterimage.domain.errors import (
    Blocked,
    Failure,
    NoImage,
    ProviderRejected,
    ProviderUnavailable,
)
from afterimage.ports import ImageRequest, TextReply

IMAGE_TOOL = "generate_image"
MAX_PROMPT = 2_000  # characters; it travels twice in a frame
MAX_REPLY = 60_000  # characters; a table row holds 400 KB
MAX_PARTS = 200_000  # bytes of the model's own parts that are kept

_REFUSALS = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
    }
)
_BACKOFF_STATUSES = frozenset({408, 500, 502, 503, 504})
_NOT_OUR_KEY = frozenset({401, 403})
_REPLACEMENT = re.compile(r"use models/([\w.-]*\w)")


@dataclass(eq=False)
class Retryable(Exception):
    """Asking again may help.

    Attributes:
        failure: what it comes to if it does not.
        wait: seconds the provider asks to wait; None leaves it to the caller's backoff.
        times: how often asking again is allowed for this reason.
        image_only: ask for a picture without words next time.
    """

    failure: Failure
    wait: float | None = None
    times: int = 2
    image_only: bool = False


class KeyRejected(ProviderRejected):
    """The provider does not take our key, at all or for this."""


class ModelMissing(ProviderRejected):
    """There is no such model, or no longer.

    Attributes:
        successor: the model that the provider names in its place, if it names one.
    """

    def __init__(self, said: str, successor: str | None) -> None:
        super().__init__(said)
        self.successor = successor


def text_reply(body: Any) -> TextReply | ImageRequest:
    """The text model's answer.

    Raises:
        Failure, Retryable: there is none.
    """
    candidate = _candidate(body)
    finish = str(candidate.get("finishReason"))
    if finish in _REFUSALS:
        raise Blocked(f"finishReason {finish}")
    parts = _parts(candidate)
    for part in parts:
        call = part.get("functionCall")
        if isinstance(call, dict) and call.get("name") == IMAGE_TOOL:
            return _image_request(call, parts)
    text = "".join(
        part["text"] for part in parts if isinstance(part.get("text"), str) and not _thought(part)
    )
    if not text.strip():
        raise Retryable(ProviderUnavailable(f"no text, finishReason {finish}"), times=1)
    return TextReply(text[:MAX_REPLY], _kept(parts))


def image_bytes(body: Any) -> bytes:
    """The picture: the last inline data that is not a draft (`thought`).

    Raises:
        Failure, Retryable: there is none.
    """
    candidate = _candidate(body, missing=NoImage)
    finish = str(candidate.get("finishReason"))
    picture, _ = drawn(candidate)
    if picture is not None and isinstance(data := picture["inlineData"].get("data"), str):
        return _decoded(data)
    if finish in _REFUSALS:
        raise Blocked(f"finishReason {finish}")
    if finish == "MAX_TOKENS":
        raise NoImage("finishReason MAX_TOKENS before a picture")
    talked = finish in ("NO_IMAGE", "STOP")
    raise Retryable(NoImage(f"no picture, finishReason {finish}"), times=1, image_only=talked)


def candidate(body: Any) -> dict[str, Any] | None:
    """The one candidate of an answer, or of an event of it; None if it brings none."""
    candidates = _list(_dict(body).get("candidates"))
    return _dict(candidates[0]) if candidates else None


def feedback(body: Any) -> dict[str, Any]:
    """What is said about the prompt; empty if nothing is."""
    return _dict(_dict(body).get("promptFeedback"))


def drawn(candidate: dict[str, Any]) -> tuple[dict[str, Any] | None, bytes | None]:
    """The part with the picture, and the bytes of the newest draft; each None if missing."""
    picture, draft = None, None
    for part in _parts(candidate):
        if not isinstance(part.get("inlineData"), dict):
            continue
        if not _thought(part):
            picture = part
        elif isinstance(data := part["inlineData"].get("data"), str):
            with suppress(NoImage):
                draft = _decoded(data)
    return picture, draft


def http_failure(status: int, body: Any) -> Failure | Retryable:
    """What a status other than 200 comes to. The provider's words only reach the log."""
    error = _dict(_dict(body[0] if isinstance(body, list) and body else body).get("error"))
    said = f"HTTP {status} {error.get('status', '')}: {str(error.get('message', ''))[:500]}"
    if status == 429:
        return _quota(error, said)
    if status in _BACKOFF_STATUSES:
        return Retryable(ProviderUnavailable(said), times=1 if status == 504 else 2)
    if status == 404:
        if (named := _REPLACEMENT.search(said)) is None:
            return ModelMissing(said, None)
        return ModelMissing(f"model retired, use models/{named[1]} - {said}", named[1])
    if status in _NOT_OUR_KEY or _is_about_the_key(error):
        return KeyRejected(said)
    return ProviderRejected(said) if 400 <= status < 500 else ProviderUnavailable(said)


def _is_about_the_key(error: dict[str, Any]) -> bool:
    """A wrong or expired key is answered with 400."""
    reasons = [_dict(detail).get("reason") for detail in _list(error.get("details"))]
    return "API_KEY_INVALID" in reasons or str(error.get("message", "")).startswith("API key")


def not_json(excerpt: bytes) -> Retryable:
    """A 200 whose body is no JSON, from some proxy: as good as a 502."""
    return Retryable(ProviderUnavailable(f"HTTP 200 without JSON: {excerpt[:80]!r}"))


def _quota(error: dict[str, Any], said: str) -> Failure | Retryable:
    delay, per_day = None, "limit: 0" in said
    for detail in _list(error.get("details")):
        kind = str(_dict(detail).get("@type", ""))
        if kind.endswith("QuotaFailure"):
            for violation in _list(_dict(detail).get("violations")):
                per_day = per_day or "PerDay" in str(_dict(violation).get("quotaId"))
        elif kind.endswith("RetryInfo"):
            delay = _seconds(str(_dict(detail).get("retryDelay", "")))
    if per_day:
        return ProviderUnavailable(said)
    retry_after = None if delay is None else int(delay) + 1
    return Retryable(ProviderUnavailable(said, retry_after=retry_after), wait=delay)


def _seconds(text: str) -> float | None:
    match = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)s", text)
    return float(match[1]) if match else None


def _candidate(body: Any, missing: type[Failure] = ProviderUnavailable) -> dict[str, Any]:
    found = candidate(body)
    if found is not None:
        return found
    if reason := feedback(body).get("blockReason"):
        raise Blocked(f"blockReason {reason}")
    raise Retryable(missing("no candidates"), times=1)


def _parts(candidate: dict[str, Any]) -> list[dict[str, Any]]:
    parts = _dict(candidate.get("content")).get("parts")
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _image_request(call: dict[str, Any], parts: list[dict[str, Any]]) -> ImageRequest:
    args = _dict(call.get("args"))
    prompt, ratio = args.get("prompt"), args.get("aspect_ratio")
    if not isinstance(prompt, str) or not prompt.strip():
        raise Retryable(ProviderUnavailable(f"{IMAGE_TOOL} was called without a prompt"), times=1)
    return ImageRequest(
        prompt.strip()[:MAX_PROMPT], ratio if isinstance(ratio, str) else None, _kept(parts)
    )


def _kept(parts: list[dict[str, Any]]) -> str:
    """The parts as they will be sent back. Too large to store: as if it had never been said."""
    kept = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return kept if len(kept.encode()) <= MAX_PARTS else "[]"


def _decoded(data: str) -> bytes:
    """Standard or URL-safe base64, padded or not."""
    # Imported here, because a text answer has nothing to decode.
    from pybase64 import b64decode

    with suppress(ValueError):
        return b64decode(data, validate=True)  # what nearly all are
    standard = data.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError as error:
        raise NoImage("the inline data is not base64") from error


def _thought(part: dict[str, Any]) -> bool:
    return part.get("thought") is True


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

"""What Gemini's errors mean: whether asking again may help, when, and who can put it right.

The provider's words only reach the log. Facts: the provider's REST reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from afterimage.adapters.gemini.loose import as_dict, as_list
from afterimage.domain.errors import (
    Failure,
    ProviderRejected,
    ProviderUnavailable,
)

_BACKOFF_STATUSES = frozenset({408, 500, 502, 503, 504})
_NOT_OUR_KEY = frozenset({401, 403})
_REPLACEMENT = re.compile(r"use models/([\w.-]*\w)")
_NO_QUOTA = re.compile(r"limit: 0(?![\d.])")
# Several functions that are refused at once must not ask again at once.
_PAUSE_AT_LEAST = 1.0  # seconds
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_TIME = re.compile(r"(\d{1,6}(?:\.\d{1,12})?) ?(ms|s|m|h)(?![a-z])")
_RETRY_IN = re.compile(rf"retry (?:in|after) ((?:{_TIME.pattern} ?)+)", re.IGNORECASE)


@dataclass(eq=False)
class Retryable(Exception):
    """Asking again may help.

    Attributes:
        failure: what it comes to if it does not.
        wait: seconds the provider asks to wait; None leaves it to the caller's backoff.
        at_least: seconds to wait whatever the provider or the backoff say; doubled each time.
        times: how often asking again is allowed for this reason.
        image_only: ask for a picture without words next time.
        in_words: send the conversation as plain words next time.
        named: what the model called the chat, where that was all it said.
    """

    failure: Failure
    wait: float | None = None
    at_least: float = 0
    times: int = 2
    image_only: bool = False
    in_words: bool = False
    named: str = ""


class KeyRejected(ProviderRejected):
    """The provider does not take our key, at all or for this."""


class RequestRefused(ProviderRejected):
    """The model does not take what was sent."""


class ModelMissing(ProviderRejected):
    """There is no such model, or no longer.

    Attributes:
        successor: the model that the provider names in its place, if it names one.
    """

    def __init__(self, said: str, successor: str | None) -> None:
        super().__init__(said)
        self.successor = successor


def error_in(body: Any) -> Failure | Retryable | None:
    """What an error in place of an answer comes to; None if it is none."""
    if not (error := as_dict(as_dict(body).get("error"))):
        return None
    code = error.get("code")
    return http_failure(code if isinstance(code, int) else 500, body)


def http_failure(status: int, body: Any, wait: float | None = None) -> Failure | Retryable:
    """What a status other than 200 comes to. The provider's words only reach the log.

    Args:
        wait: seconds that the answer's header asks to wait.
    """
    error = as_dict(as_dict(body[0] if isinstance(body, list) and body else body).get("error"))
    said = f"HTTP {status} {error.get('status', '')}: {str(error.get('message', ''))[:500]}"
    wait = _longest_wait(error, wait)
    retry_after = None if wait is None else int(wait) + 1
    if status == 429:
        if _is_for_long(error):
            return ProviderUnavailable(said)
        return Retryable(
            ProviderUnavailable(said, retry_after=retry_after), wait, at_least=_PAUSE_AT_LEAST
        )
    if status in _BACKOFF_STATUSES:
        failure = ProviderUnavailable(said, retry_after=retry_after)
        return Retryable(failure, wait, times=1 if status == 504 else 2)
    if status == 404:
        if (named := _REPLACEMENT.search(said)) is None:
            return ModelMissing(said, None)
        return ModelMissing(f"model retired, use models/{named[1]} - {said}", named[1])
    if status in _NOT_OUR_KEY or _is_about_the_key(error):
        return KeyRejected(said)
    if status == 400 and error.get("status") != "FAILED_PRECONDITION":
        return RequestRefused(said)
    return ProviderRejected(said) if 400 <= status < 500 else ProviderUnavailable(said)


def _is_about_the_key(error: dict[str, Any]) -> bool:
    """A wrong or expired key is answered with 400."""
    reasons = [as_dict(detail).get("reason") for detail in as_list(error.get("details"))]
    return "API_KEY_INVALID" in reasons or str(error.get("message", "")).startswith("API key")


def _is_for_long(error: dict[str, Any]) -> bool:
    """Whether a day's quota is used up, or is none at all; seconds to wait are named even then."""
    violations = [
        as_dict(violation)
        for detail in as_list(error.get("details"))
        for violation in as_list(as_dict(detail).get("violations"))
    ]
    return bool(_NO_QUOTA.search(str(error.get("message", "")))) or any(
        "PerDay" in str(violation.get("quotaId")) or str(violation.get("quotaValue")) == "0"
        for violation in violations
    )


def _longest_wait(error: dict[str, Any], header: float | None) -> float | None:
    """Seconds to wait, of all that is said: in details, in words, in the answer's header."""
    delays = [
        str(as_dict(detail).get("retryDelay", "")) for detail in as_list(error.get("details"))
    ]
    words = [found[1] for found in _RETRY_IN.finditer(str(error.get("message", "")))]
    waits = [header, *map(_seconds, delays), *map(_seconds, words)]
    return max((wait for wait in waits if wait is not None), default=None)


def _seconds(text: str) -> float | None:
    """Of "23.5s" or "1m2s"."""
    text = text.strip().lower()
    if re.fullmatch(rf"(?:{_TIME.pattern} ?)+", text) is None:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _TIME.findall(text))


def seconds_until(header: str, now: datetime) -> float | None:
    """Of a `Retry-After` (RFC 9110, 10.2.3): seconds, or a date."""
    if re.fullmatch(r"\d{1,6}(?:\.\d+)?", header.strip()):
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())

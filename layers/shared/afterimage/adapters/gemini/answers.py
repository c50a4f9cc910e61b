"""What Gemini's answers mean. Pure: a parsed body in, a reply or the reason for none out.

Refusals come as HTTP 200, so every body is looked at; every field may be missing, and values
that are not known yet must not break anything. Facts: the provider's REST reference and the
responses its own SDK parses (google-genai 3.4.0).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from afterimage.adapters.gemini import history, tool
from afterimage.domain.conversation import IMAGE_TOOL, NAME_TOOL
from afterimage.domain.errors import (
    Blocked,
    Failure,
    NoImage,
    ProviderRejected,
    ProviderUnavailable,
)
from afterimage.ports.models import ImageRequest, TextReply

MAX_REPLY = 60_000  # characters; a table row holds 400 KB
MAX_BESIDE = 8_000  # characters that are said beside a wish for a picture
MAX_PARTS = 200_000  # bytes of the model's own parts that are kept

# Of an answer, as the provider's reference has them.
_FIELDS = frozenset(
    {"candidates", "error", "modelStatus", "modelVersion", "promptFeedback", "responseId"}
    | {"usageMetadata"}
)
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


def text_reply(body: Any) -> TextReply | ImageRequest:
    """The text model's answer.

    Raises:
        Failure, Retryable: there is none.
    """
    if (failure := error_in(body)) is not None:
        raise failure
    candidate = _candidate(body)
    finish = str(candidate.get("finishReason"))
    if is_refusal(finish):
        raise Blocked(f"finishReason {finish}")
    said = parts(candidate)
    text = history.whole_characters("".join(map(words, said)))[:MAX_REPLY]
    named = _title(said)
    if (call := wish(said)) is not None:
        return _image_request(call, said, text, named)
    if not text.strip() and named:
        failed = ProviderUnavailable(f"{NAME_TOOL} and nothing else")
        raise Retryable(failed, wait=0, times=1, named=named)
    if not text.strip():
        failed = ProviderUnavailable(f"no text, finishReason {finish}")
        raise Retryable(failed, times=1, in_words=finish == "MISSING_THOUGHT_SIGNATURE")
    return TextReply(text, _kept(said), named)


def wish(parts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The first call of the tool that paints, if there is one."""
    return next(_calls(parts, IMAGE_TOOL), None)


def _title(parts: list[dict[str, Any]]) -> str:
    """What the model calls the chat; empty if it does not say."""
    titles = (tool.title(_dict(call.get("args"))) for call in _calls(parts, NAME_TOOL))
    return next(filter(None, titles), "")


def _calls(parts: list[dict[str, Any]], name: str) -> Iterator[dict[str, Any]]:
    calls = (_dict(part.get("functionCall")) for part in parts)
    return (call for call in calls if call.get("name") == name)


def words(part: dict[str, Any]) -> str:
    """What a part shows people; thoughts are never shown."""
    text = part.get("text")
    return text if isinstance(text, str) and not is_thought(part) else ""


def no_picture(finish: str) -> Failure | Retryable:
    """Why an answer that ended for this reason has no picture."""
    if is_refusal(finish):
        return Blocked(f"finishReason {finish}")
    if finish == "MAX_TOKENS":
        return NoImage("finishReason MAX_TOKENS before a picture")
    talked = finish in ("NO_IMAGE", "STOP")
    return Retryable(NoImage(f"no picture, finishReason {finish}"), times=1, image_only=talked)


def no_candidates(
    fields: Set[str], feedback: Mapping[str, Any], missing: type[Failure]
) -> Failure | Retryable:
    """Why an answer has none. Args: fields: names of all that it has."""
    if reason := feedback.get("blockReason"):
        return Blocked(f"blockReason {reason}")
    if fields and not fields & _FIELDS:
        # Nobody knows what was said, and charged, in this shape.
        return ProviderUnavailable(f"an answer of other fields: {sorted(fields)[:5]}")
    return Retryable(missing("no candidates"), times=1)


def candidates(body: Any) -> list[dict[str, Any]]:
    """Those of an answer, or of an event of it. One is asked for."""
    found = _dict(body).get("candidates")
    return [_dict(each) for each in ([found] if isinstance(found, dict) else _list(found))]


def candidate(body: Any) -> dict[str, Any] | None:
    """The first one; None if there is none."""
    return next(iter(candidates(body)), None)


def fields(body: Any) -> Set[str]:
    """The names of what it has."""
    return _dict(body).keys()


def feedback(body: Any) -> dict[str, Any]:
    """What is said about the prompt; empty if nothing is."""
    return _dict(_dict(body).get("promptFeedback"))


def is_refusal(finish: Any) -> bool:
    """Whether what was said is taken back for this reason."""
    return str(finish) in _REFUSALS


def is_blocked(body: Any) -> bool:
    """Whether the prompt was refused."""
    return bool(feedback(body).get("blockReason"))


def retirement(body: Any) -> datetime | None:
    """When the model goes that gave this answer, if that is said (`modelStatus`)."""
    said = _dict(_dict(body).get("modelStatus")).get("retirementTime")
    try:
        when = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return when.replace(tzinfo=when.tzinfo or UTC) if when else None


def error_in(body: Any) -> Failure | Retryable | None:
    """What an error in place of an answer comes to; None if it is none."""
    if not (error := _dict(_dict(body).get("error"))):
        return None
    code = error.get("code")
    return http_failure(code if isinstance(code, int) else 500, body)


def http_failure(status: int, body: Any, wait: float | None = None) -> Failure | Retryable:
    """What a status other than 200 comes to. The provider's words only reach the log.

    Args:
        wait: seconds that the answer's header asks to wait.
    """
    error = _dict(_dict(body[0] if isinstance(body, list) and body else body).get("error"))
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
    reasons = [_dict(detail).get("reason") for detail in _list(error.get("details"))]
    return "API_KEY_INVALID" in reasons or str(error.get("message", "")).startswith("API key")


def _is_for_long(error: dict[str, Any]) -> bool:
    """Whether a day's quota is used up, or is none at all; seconds to wait are named even then."""
    violations = [
        _dict(violation)
        for detail in _list(error.get("details"))
        for violation in _list(_dict(detail).get("violations"))
    ]
    return bool(_NO_QUOTA.search(str(error.get("message", "")))) or any(
        "PerDay" in str(violation.get("quotaId")) or str(violation.get("quotaValue")) == "0"
        for violation in violations
    )


def _longest_wait(error: dict[str, Any], header: float | None) -> float | None:
    """Seconds to wait, of all that is said: in details, in words, in the answer's header."""
    delays = [str(_dict(detail).get("retryDelay", "")) for detail in _list(error.get("details"))]
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


def _candidate(body: Any) -> dict[str, Any]:
    found = candidate(body)
    if found is None:
        raise no_candidates(fields(body), feedback(body), ProviderUnavailable)
    return found


def parts(candidate: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a candidate, in their order."""
    found = _list(_dict(candidate.get("content")).get("parts"))
    return [part for part in found if isinstance(part, dict)]


def _image_request(
    call: dict[str, Any], said: list[dict[str, Any]], text: str, title: str
) -> ImageRequest:
    args = _dict(call.get("args"))
    if not (prompt := tool.prompt(args)):
        raise Retryable(ProviderUnavailable(f"{IMAGE_TOOL} was called without a prompt"), times=1)
    return ImageRequest(
        prompt,
        tool.aspect_ratio(args),
        _kept(said),
        count=tool.count(args),
        edit=tool.edit(args),
        text=text[:MAX_BESIDE],
        title=title,
    )


def _kept(said: list[dict[str, Any]]) -> str:
    """The parts as they will be sent back. Too large to store: as if it had never been said."""
    kept = json.dumps(history.sendable(said), ensure_ascii=False, separators=(",", ":"))
    return kept if len(kept.encode()) <= MAX_PARTS else "[]"


def is_thought(part: dict[str, Any]) -> bool:
    """Whether it is what the model only thinks."""
    return part.get("thought") is True


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

"""What Gemini's answers mean. Pure: a parsed body in, a reply or the reason for none out.

Refusals come as HTTP 200, so every body is looked at; every field may be missing, and values
that are not known yet must not break anything. Facts: the provider's REST reference and the
responses its own SDK parses (google-genai 3.4.0).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from datetime import UTC, datetime
from typing import Any

from afterimage.adapters.gemini import history, tool
from afterimage.adapters.gemini.loose import as_dict, as_list
from afterimage.adapters.gemini.refusals import Retryable, error_in
from afterimage.domain.conversation import IMAGE_TOOL, NAME_TOOL
from afterimage.domain.errors import (
    Blocked,
    Failure,
    NoImage,
    ProviderUnavailable,
)
from afterimage.domain.words import is_blank
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
    if is_blank(text) and named:
        failed = ProviderUnavailable(f"{NAME_TOOL} and nothing else")
        raise Retryable(failed, wait=0, times=1, named=named)
    if is_blank(text):
        failed = ProviderUnavailable(f"no text, finishReason {finish}")
        raise Retryable(failed, times=1, in_words=finish == "MISSING_THOUGHT_SIGNATURE")
    return TextReply(text, _kept(said), named)


def wish(parts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The first call of the tool that paints, if there is one."""
    return next(_calls(parts, IMAGE_TOOL), None)


def _title(parts: list[dict[str, Any]]) -> str:
    """What the model calls the chat; empty if it does not say."""
    titles = (tool.title(history.arguments(call)) for call in _calls(parts, NAME_TOOL))
    return next(filter(None, titles), "")


def _calls(parts: list[dict[str, Any]], name: str) -> Iterator[dict[str, Any]]:
    calls = (as_dict(part.get("functionCall")) for part in parts)
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
    found = as_dict(body).get("candidates")
    return [as_dict(each) for each in ([found] if isinstance(found, dict) else as_list(found))]


def candidate(body: Any) -> dict[str, Any] | None:
    """The first one; None if there is none."""
    return next(iter(candidates(body)), None)


def fields(body: Any) -> Set[str]:
    """The names of what it has."""
    return as_dict(body).keys()


def feedback(body: Any) -> dict[str, Any]:
    """What is said about the prompt; empty if nothing is."""
    return as_dict(as_dict(body).get("promptFeedback"))


def is_refusal(finish: Any) -> bool:
    """Whether what was said is taken back for this reason."""
    return str(finish) in _REFUSALS


def is_blocked(body: Any) -> bool:
    """Whether the prompt was refused."""
    return bool(feedback(body).get("blockReason"))


def retirement(body: Any) -> datetime | None:
    """When the model goes that gave this answer, if that is said (`modelStatus`)."""
    said = as_dict(as_dict(body).get("modelStatus")).get("retirementTime")
    try:
        when = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return when.replace(tzinfo=when.tzinfo or UTC) if when else None


def _candidate(body: Any) -> dict[str, Any]:
    found = candidate(body)
    if found is None:
        raise no_candidates(fields(body), feedback(body), ProviderUnavailable)
    return found


def parts(candidate: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a candidate, in their order."""
    found = as_list(as_dict(candidate.get("content")).get("parts"))
    return [part for part in found if isinstance(part, dict)]


def _image_request(
    call: dict[str, Any], said: list[dict[str, Any]], text: str, title: str
) -> ImageRequest:
    args = history.arguments(call)
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

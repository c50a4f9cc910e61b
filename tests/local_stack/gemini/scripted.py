"""Turns a script entry into the answer it stands for."""

from dataclasses import replace

from tests.local_stack.gemini import errors, odd_pictures
from tests.local_stack.gemini.answer import Answer
from tests.local_stack.gemini.catalogue import kind_of, replacement_for
from tests.local_stack.gemini.errors import Refusal
from tests.local_stack.gemini.script import Entry
from tests.local_stack.gemini.wire import Json, decode_base64, encode_base64

FILTERED = (
    "Unable to show the generated image. The image was filtered out because it violated Google's "
    "Generative AI Prohibited Use policy."
)
REFUSED = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "OTHER"}
BROKEN = {
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MALFORMED_RESPONSE",
    "MISSING_THOUGHT_SIGNATURE",
}
NO_PICTURE = {"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER"}
INSTEAD = "I can only describe that in words."


def scripted_error(entry: Entry, model_id: str, version: str) -> Refusal | None:
    """The error of an entry with a status; None for an entry that is served with HTTP 200."""
    status, reason = entry.status, entry.reason
    if status is None or entry.body is not None:
        return None
    if status == 429:
        delay = 23.472316927 if entry.retry_delay_s is None else entry.retry_delay_s
        return errors.quota(model_id, reason or "per_minute", delay)
    if status == 404 and reason == "retired":
        successor = "gemini-3.8-flash" if kind_of(model_id) == "text" else "gemini-3-pro-image"
        return errors.retired(model_id, replacement_for(model_id) or successor)
    if status == 404:
        return errors.not_found(model_id, version)
    if reason == "api_key_invalid":
        return errors.invalid_key()
    if reason == "location":
        return errors.location()
    if reason == "thought_signature":
        return errors.invalid(errors.MISSING_SIGNATURE.format(name="generate_image", position=2))
    return errors.plain(status)


def bent(answer: Answer, entry: Entry) -> Answer:
    """The answer as the entry wants it; unchanged for entries about timing and transport."""
    if entry.no_candidates:
        return replace(answer, without_candidates=True, parts=None, usage=_nothing_written(answer))
    if entry.block_reason is not None:
        usage = _nothing_written(answer)
        return replace(answer, block_reason=entry.block_reason, parts=None, usage=usage)
    if entry.finish_reason is not None:
        return _finished(answer, entry.finish_reason)
    if entry.text_only:
        return replace(answer, parts=[{"text": _words(answer) or INSTEAD}])
    if entry.image_base64 is not None or entry.image is not None:
        return replace(answer, parts=[_odd(part, entry) for part in answer.parts or []])
    return answer


def _finished(answer: Answer, reason: str) -> Answer:
    changed = replace(answer, finish_reason=reason)
    if reason in NO_PICTURE:
        return replace(
            changed, parts=[], extra={"finishMessage": FILTERED}, usage=_nothing_written(answer)
        )
    if reason == "NO_IMAGE":
        return replace(changed, parts=[{"text": INSTEAD}])
    if reason in REFUSED:
        rating = {
            "category": "HARM_CATEGORY_DANGEROUS_CONTENT",
            "probability": "HIGH",
            "blocked": True,
        }
        extra: Json = {"safetyRatings": [rating]} if reason == "SAFETY" else {}
        return replace(changed, parts=None, extra=extra, usage=_nothing_written(answer))
    if reason in BROKEN:
        message = {"finishMessage": f"The model's output was unusable: {reason.lower()}."}
        return replace(changed, parts=None, extra=message)
    if reason == "MAX_TOKENS":
        text = _words(answer)
        has_picture = any("inlineData" in part for part in answer.parts or [])
        keep = bool(text) and not has_picture
        return replace(changed, parts=[{"text": text[: len(text) // 2]}] if keep else [])
    if reason == "CONTINUATION":
        return replace(changed, extra={"continuationToken": encode_base64(b"continue here")})
    return changed


def _words(answer: Answer) -> str:
    return " ".join(
        part["text"] for part in answer.parts or [] if "text" in part and not part.get("thought")
    )


def _nothing_written(answer: Answer) -> Json:
    read = answer.usage["promptTokenCount"]
    return {"promptTokenCount": read, "totalTokenCount": read}


def _odd(part: Json, entry: Entry) -> Json:
    """The final picture replaced; drafts and words stay."""
    if "inlineData" not in part or part.get("thought"):
        return part
    inline: Json = part["inlineData"]
    if entry.image_base64 is not None:
        mime_type = entry.mime_type or inline["mimeType"]
        return part | {"inlineData": {"mimeType": mime_type, "data": entry.image_base64}}
    real = decode_base64(inline["data"])
    data, mime_type = odd_pictures.odd_picture(entry.image or "", real, inline["mimeType"])
    return part | {
        "inlineData": {"mimeType": entry.mime_type or mime_type, "data": encode_base64(data)}
    }

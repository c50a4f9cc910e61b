"""One script entry: how the simulator misbehaves for one call."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from tests.local_stack.gemini import odd_pictures
from tests.local_stack.gemini.errors import STATUS_NAMES

REASONS: dict[int, tuple[str, ...]] = {
    400: ("bad_request", "api_key_invalid", "thought_signature", "location"),
    404: ("not_found", "retired"),
    429: ("per_minute", "per_day"),
}


class SettingsError(ValueError):
    """A setting that cannot be taken over; the text is a sentence for whoever sent it."""


@dataclass(frozen=True)
class Entry:
    """Where several keys name an outcome, the first of this list wins: hang, body, status,
    empty_object, no_candidates, block_reason, finish_reason, text_only, image_base64, image.
    `delay_ms` replaces the usual wait; `cut_after_bytes` works with every outcome but hang, and
    `cut_after_words` with a text that is streamed.
    """

    on: str
    match: str | None = None
    status: int | None = None
    reason: str | None = None
    retry_delay_s: float | None = None
    finish_reason: str | None = None
    block_reason: str | None = None
    no_candidates: bool = False
    empty_object: bool = False
    text_only: bool = False
    delay_ms: float | None = None
    cut_after_bytes: int | None = None
    cut_after_words: int | None = None
    hang: bool = False
    body: str | None = None
    content_type: str | None = None
    image_base64: str | None = None
    mime_type: str | None = None
    image: str | None = None
    mid_stream_error: bool = False

    def shown(self) -> dict[str, Any]:
        """The keys that were set, as they were given."""
        pairs = ((item.name, getattr(self, item.name)) for item in fields(self))
        return {name: value for name, value in pairs if value is not None and value is not False}


TEXTS = (
    "match",
    "reason",
    "finish_reason",
    "block_reason",
    "body",
    "content_type",
    "image_base64",
    "mime_type",
    "image",
)
SWITCHES = ("no_candidates", "empty_object", "text_only", "hang", "mid_stream_error")
NUMBERS = ("retry_delay_s", "delay_ms")
KNOWN = tuple(item.name for item in fields(Entry))


def read_entry(raw: object, path: str) -> Entry:
    """Raises SettingsError with a sentence that names the mistake."""
    if not isinstance(raw, Mapping):
        raise SettingsError(f"{path} is not an object.")
    unknown = [name for name in raw if name not in KNOWN]
    if unknown:
        raise SettingsError(
            f"{path} has an unknown key {unknown[0]!r}; known are {', '.join(KNOWN)}."
        )
    if raw.get("on") not in ("text", "image"):
        raise SettingsError(f'{path}.on must be "text" or "image".')
    for name in TEXTS:
        if not isinstance(raw.get(name, ""), str):
            raise SettingsError(f"{path}.{name} must be a string.")
    for name in SWITCHES:
        if not isinstance(raw.get(name, False), bool):
            raise SettingsError(f"{path}.{name} must be true or false.")
    for name in NUMBERS:
        if not is_number(raw.get(name, 0)):
            raise SettingsError(f"{path}.{name} must be a number, 0 or more.")
    _check_outcome(raw, path)
    return Entry(**raw)


def _check_outcome(raw: Mapping[str, Any], path: str) -> None:
    status = raw.get("status", 500)
    if isinstance(status, bool) or (
        status not in STATUS_NAMES and not ("body" in raw and is_count(status))
    ):
        listed = ", ".join(map(str, STATUS_NAMES))
        raise SettingsError(f"{path}.status must be one of {listed}.")
    for name in ("cut_after_bytes", "cut_after_words"):
        if not is_count(raw.get(name, 0)):
            raise SettingsError(f"{path}.{name} must be a whole number, 0 or more.")
    if "reason" in raw and raw["reason"] not in REASONS.get(raw.get("status", 0), ()):
        raise SettingsError(f"{path}.reason {raw['reason']!r} does not belong to that status.")
    if "image" in raw and raw["image"] not in odd_pictures.NAMES:
        raise SettingsError(f"{path}.image must be one of {', '.join(odd_pictures.NAMES)}.")
    if raw["on"] == "text" and ("image" in raw or "image_base64" in raw):
        raise SettingsError(f"{path} describes a picture but serves text calls.")
    if raw["on"] == "image" and "cut_after_words" in raw:
        raise SettingsError(f"{path} counts words but serves image calls.")


def is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0

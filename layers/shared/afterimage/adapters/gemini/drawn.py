"""The pictures of an answer, and how they are taken out of it before it is parsed.

Nearly all of an event is base64 between two quotation marks: read as JSON it is copied into a
text, looked at letter by letter, and copied again. So it is decoded where it lies, and parsed is
the rest, with a mark in its place. Whatever is unusual about it, an escaped letter, another
alphabet, a second member of that name, is left to whoever parses the whole.
"""

from __future__ import annotations

import json
import re
import secrets
from contextlib import suppress
from typing import Any, NamedTuple

from afterimage.adapters.gemini import answers
from afterimage.adapters.gemini.loose import as_dict

_AROUND = re.compile(r"^\s*data:[^,]{0,100};base64,|[\r\n]+")
BEGINS = re.compile(rb'"data"\s*:\s*"')


class Drawn(NamedTuple):
    """One picture of an answer.

    Attributes:
        data: its bytes; None where what was sent is no base64, or an address. Addresses are not
            followed: what is asked for comes within the answer.
        is_draft: made while the model thinks.
    """

    data: bytes | None
    is_draft: bool


def has_picture(candidate: dict[str, Any]) -> bool:
    """Whether there is one, or a draft; it is not decoded."""
    return any(_has_file(part) for part in answers.parts(candidate))


def drawn(candidate: dict[str, Any]) -> list[Drawn]:
    """The pictures, in their order."""
    found = []
    for part in answers.parts(candidate):
        if _has_file(part):
            data = as_dict(part.get("inlineData")).get("data")
            read = _decoded(data) if data and isinstance(data, str | bytes) else None
            found.append(Drawn(read, answers.is_thought(part)))
    return found


def _has_file(part: dict[str, Any]) -> bool:
    return any(part.get(name) is not None for name in ("inlineData", "fileData"))


def _decoded(data: str | bytes) -> bytes | None:
    """Standard or URL-safe base64, padded or not, in lines or not, also of a data URL; None if it
    is none of it. Bytes as they are."""
    if isinstance(data, bytes):
        return data
    # Imported here, because a text answer has nothing to decode.
    from pybase64 import b64decode

    with suppress(ValueError):
        return b64decode(data, validate=True)  # what nearly all are
    letters = _AROUND.sub("", data)
    standard = letters.translate(str.maketrans("-_", "+/")).rstrip("=")
    with suppress(ValueError):
        return b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    return None


# --- Before it is parsed -----------------------------------------------------------------------


class WithBytes(NamedTuple):
    """An event that has bytes for the base64 of its first picture, and these."""

    event: dict[str, Any]
    data: bytes


def with_bytes(event: bytearray) -> WithBytes | None:
    """None if that cannot be done.

    Args:
        event: JSON in UTF-8.
    """
    # Imported here, because a text answer has nothing to decode.
    from pybase64 import b64decode

    if (found := BEGINS.search(event)) is None:
        return None
    begin, end = found.end(), event.find(b'"', found.end())
    # No sender knows it, so nothing but the picture's place has it.
    mark = secrets.token_hex()
    try:
        with memoryview(event) as view:
            data = b64decode(view[begin:end], validate=True)
            rest = json.loads(b"".join((view[:begin], mark.encode(), view[end:])).decode())
    except (ValueError, RecursionError):
        return None
    return WithBytes(rest, data) if data and _put_in_place(rest, mark, data) else None


def _put_in_place(event: Any, mark: str, data: bytes) -> bool:
    """Whether the mark was where pictures are."""
    for part in answers.parts(answers.candidate(event) or {}):
        inline = part.get("inlineData")
        if isinstance(inline, dict) and inline.get("data") == mark:
            inline["data"] = data
            return True
    return False

"""The tools of the text model: how they are declared, and what calls of them are read as.

A model writes the arguments, so they may be anything. A number that makes no sense is left out;
no answer fails for one.
"""

from __future__ import annotations

from typing import Any

from afterimage.adapters.gemini.history import whole_characters
from afterimage.domain.aspect_ratios import ASPECT_RATIOS
from afterimage.domain.chats import TITLE_LENGTH
from afterimage.domain.conversation import IMAGE_TOOL, NAME_TOOL
from afterimage.domain.limits import MOST_PICTURES
from afterimage.domain.sources import MOST_SOURCES
from afterimage.domain.words import is_blank

MAX_PROMPT = 2_000  # characters; it travels twice in a frame

_PROPERTIES = {
    "prompt": {"type": "STRING", "description": "What the picture shows."},
    "aspect_ratio": {
        "type": "STRING",
        "description": (
            "Width to height; 1:1 unless the user wants another shape, and left out with `edit` "
            "unless the user wants another one than the picture has. Those beyond 9:16 and 21:9 "
            "are strips, for banners and columns only."
        ),
        "enum": list(ASPECT_RATIOS),
    },
    "count": {
        "type": "INTEGER",
        "description": (
            "How many pictures of this one prompt, 1 to 4. More than one only if the user asks for "
            "several pictures, versions or variants."
        ),
        "minimum": 1,
        "maximum": MOST_PICTURES,
    },
    "edit": {
        "type": "ARRAY",
        "description": (
            "Numbers of the pictures of this conversation, as in [picture 2], that are changed or "
            "used, in the order in which the prompt speaks of them. Name them whenever the user "
            "wants a picture that is there changed, or something of it in another one; the prompt "
            "then says what becomes of them. Left out for a picture of something new."
        ),
        "items": {"type": "INTEGER", "minimum": 1},
        "maxItems": MOST_SOURCES,
    },
}

DECLARATION: dict[str, Any] = {
    "name": IMAGE_TOOL,
    "description": (
        "Paints a picture, or several of one prompt and one shape, and shows them in the chat. "
        "Called once in an answer; further calls are not carried out. Where the user wants "
        "pictures that differ in more than chance, call it for the first of them, and say in words "
        "beside the call what is left to be asked for next."
    ),
    "parameters": {
        "type": "OBJECT",
        "properties": _PROPERTIES,
        "required": ["prompt"],
    },
}

NAMING: dict[str, Any] = {
    "name": NAME_TOOL,
    "description": (
        "Says what this chat is called, in its list of chats. It is no answer: call it beside your "
        "words, or beside another call, in the same turn."
    ),
    "parameters": {
        "type": "OBJECT",
        "properties": {
            "title": {
                "type": "STRING",
                "description": "Two to six words in the user's language, without quotation marks.",
            }
        },
        "required": ["title"],
    },
}


def title(args: dict[str, Any]) -> str:
    """On one line, as long as the first words of a message may be; empty if it is none."""
    said = args.get("title")
    words = whole_characters(said).split() if isinstance(said, str) else []
    printable = "".join(letter for letter in " ".join(words) if letter.isprintable())
    title = printable.strip().strip('"“”„«»').strip()[:TITLE_LENGTH].rstrip()
    return "" if is_blank(title) else title


def prompt(args: dict[str, Any]) -> str:
    """What is to be painted; empty if that is not said."""
    said = args.get("prompt")
    if not isinstance(said, str) or is_blank(said):
        return ""
    return whole_characters(said.strip()[:MAX_PROMPT])


def aspect_ratio(args: dict[str, Any]) -> str | None:
    """As it was written; whether there is such a shape is known elsewhere."""
    said = args.get("aspect_ratio")
    return said if isinstance(said, str) else None


def count(args: dict[str, Any]) -> int:
    """How many pictures, moved into what is possible; whatever is no number of them is one."""
    return min(max(_whole(args.get("count")) or 1, 1), MOST_PICTURES)


def edit(args: dict[str, Any]) -> tuple[int, ...]:
    """Numbers from 1, each once, in their order; at most as many as an image model takes."""
    said = args.get("edit")
    numbers = [_whole(number) for number in (said if isinstance(said, list) else [said])]
    named = [number for number in numbers if number is not None and number > 0]
    return tuple(dict.fromkeys(named))[:MOST_SOURCES]


_LONGEST_NUMBER = 9  # digits; no history gives larger ones


def _whole(value: Any) -> int | None:
    """A whole number, also where it was written as 2.0 or "2"."""
    if isinstance(value, str) and value.strip().isascii():
        digits = value.strip()
        value = int(digits) if digits.isdecimal() and len(digits) <= _LONGEST_NUMBER else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not abs(value) < 10**_LONGEST_NUMBER:  # not a number is not smaller
        return None
    return int(value) if value == int(value) else None

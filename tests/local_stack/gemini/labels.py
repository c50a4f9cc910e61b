"""The numbers by which a conversation names its pictures: "[picture 3]" in its words."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from tests.local_stack.gemini.wire import Json, decode_base64

# Anywhere in a text, in brackets; without brackets right before the picture itself.
_BRACKETED = re.compile(r"\[picture (\d{1,3})\b[^\[\]]{0,80}\]", re.IGNORECASE)
_ALONE = re.compile(r"\W*picture (\d{1,3})\b.{0,80}", re.IGNORECASE | re.DOTALL)
# In what a tool answered: {"picture": 3}.
_ANSWERED = re.compile(r'"pictures?": \[?((?:\d{1,3}(?:, )?)+)')


def without_labels(parts: Iterable[Json]) -> list[Json]:
    """The parts, with only what was said left in their texts."""
    listed = list(parts)
    said: list[Json] = []
    for part, after in zip_longest(listed, listed[1:]):
        text = part.get("text") if isinstance(part, dict) else None
        if not isinstance(text, str):
            said.append(part)
        elif not (_is_picture(after) and _ALONE.fullmatch(text)):
            said.append(part | {"text": _BRACKETED.sub("", text)})
    return said


def numbered(contents: list[Json]) -> dict[int, bytes | None]:
    """Every picture that has a number, oldest first, with its file where it was sent along.

    Pictures without any label are counted from 1.
    """
    found: dict[int, bytes | None] = {}
    files: list[bytes] = []
    for content in contents:
        named: int | None = None
        for part, after in zip_longest(content["parts"], content["parts"][1:]):
            if _is_picture(part):
                files.append(decode_base64(part["inlineData"].get("data", "")))
                if named is not None:
                    found[named] = files[-1]
                named = None
            for number in _numbers(part, after):
                found.setdefault(number, None)
                named = number
    return found or dict(enumerate(files, 1))


def brought_last(contents: list[Json]) -> list[int]:
    """Numbers of the pictures that the newest call has brought."""
    told = (
        list(_numbers(part, None))
        for content in contents
        for part in content["parts"]
        if "functionResponse" in part
    )
    return next(filter(None, reversed(list(told))), [])


def _numbers(part: Json, after: Json | None) -> Iterator[int]:
    text = part.get("text")
    if isinstance(text, str):
        alone = _ALONE.fullmatch(text) if _is_picture(after) else None
        yield from map(int, _BRACKETED.findall(text) or (alone.groups() if alone else ()))
    if "functionResponse" in part:
        told = json.dumps(part["functionResponse"].get("response"))
        for listed in _ANSWERED.findall(told):
            yield from map(int, re.findall(r"\d+", listed))
        yield from map(int, _BRACKETED.findall(told))


def _is_picture(part: object) -> bool:
    return isinstance(part, dict) and "inlineData" in part and not part.get("thought")

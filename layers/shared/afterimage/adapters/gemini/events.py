"""The events of an answer out of its bytes, whatever they look like.

Asked for is a stream of server-sent events (WHATWG HTML, 9.2), each of them JSON. Gateways and
errors bring other shapes as well: one JSON object, an array of them, or objects between the events.
What the bytes are is told by the bytes; a content type says it wrongly too often.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from afterimage.adapters.gemini.names import as_documented

_BOM = b"\xef\xbb\xbf"
_NO_SCRIPT = b")]}'"  # before JSON that no page shall run as a script
_FIELDS = (b":", b"event:", b"id:", b"retry:")
_BETWEEN = re.compile(r"[\s,\[\]]*")
_BEGINS = re.compile(rb"\s*(?:\{|\[\s*(?:\{|$))")  # an object, or a list of them
_MAY_END = (b"}", b"]", b",")  # none of them is in a picture's base64
_DECODER = json.JSONDecoder()


class Lines:
    """What may be done with lines beside what is usual: nothing."""

    def grows(self, line: bytearray) -> None:
        """More of a line has come, whose end has not; it must not be changed."""

    def parse(self, line: bytearray) -> Any | None:
        """The event in a line that was marked as one; None leaves it to the usual way."""


class Event(NamedTuple):
    """One part of an answer.

    Attributes:
        as_asked: whether it came as one server-sent event of its own.
    """

    data: dict[str, Any]
    as_asked: bool


_USUAL = Lines()


class Garbled(Exception):
    """The bytes ended, and the last of them, or all of them, were no event.

    Attributes:
        begun: whether there were any.
    """

    def __init__(self, begun: bool, detail: str) -> None:
        super().__init__(detail)
        self.begun = begun


def events(chunks: Iterable[bytes], watched: Lines = _USUAL) -> Iterator[Event]:
    """Events as soon as they have come whole.

    Args:
        watched: sees lines while they come, and may read events in its own way.

    Raises:
        Garbled: at the end, if there was none, or if the last one was cut off.
    """
    rest = iter(chunks)
    head = _beginning(rest)
    all_of_it, understood = chain([head], rest), False
    is_plain = head.startswith((b"{", b"["))
    for event in _objects(all_of_it) if is_plain else _server_sent(all_of_it, watched):
        understood = True
        yield event._replace(data=as_documented(event.data))
    if not understood:
        raise Garbled(bool(head), f"no event in {head[:80]!r}" if head else "an empty answer")


def _beginning(chunks: Iterator[bytes]) -> bytes:
    """Enough to see what it is, without what stands before it: marks and white space."""
    head = b""
    for chunk in chunks:
        head += chunk
        start = head.removeprefix(_BOM).lstrip()
        is_whole = not _BOM.startswith(head) and not _NO_SCRIPT.startswith(start)
        if is_whole and (said := start.removeprefix(_NO_SCRIPT).lstrip()):
            return said
    return head.removeprefix(_BOM).lstrip()


# --- Server-sent events ------------------------------------------------------------------------


def _server_sent(chunks: Iterable[bytes], watched: Lines) -> Iterator[Event]:
    """An event is handed out with its line, before the empty line behind it: that may never come.

    One of several lines waits for its empty line. Its lines alone are no JSON. What is neither JSON
    nor the beginning of it is a marker, and is skipped.
    """
    pending, broken, other = bytearray(), False, Objects()
    for line in lines(chain(chunks, [b"\n\n"]), watched.grows):
        if line.startswith(b"data:"):
            del line[: len(b"data:")]
            data = _NO_JSON if pending else watched.parse(line) or _json(line)
            if data is not _NO_JSON:
                yield from _of(data)
            elif pending or _BEGINS.match(line):
                pending += line + b"\n"
        elif not line and pending:
            data = _json(pending)
            broken = broken or (data is _NO_JSON and _is_object(pending))
            pending = bytearray()
            yield from _of(data)
        elif not line.startswith(_FIELDS):
            yield from (Event(found, as_asked=False) for found in other.take(line + b"\n"))
    if broken or other.is_cut:
        raise Garbled(True, "an event that is not JSON")


_NO_JSON = object()


def _is_object(data: bytearray) -> bool:
    """Whether an object begins here, in an array or not."""
    return data.lstrip(b" \t\n,[]").startswith(b"{")


def _of(data: Any) -> Iterator[Event]:
    if isinstance(data, dict):
        yield Event(data, as_asked=True)
    elif isinstance(data, list):
        yield from (Event(item, as_asked=False) for item in data if isinstance(item, dict))


def _json(data: bytearray) -> Any:
    """`_NO_JSON` if it is none."""
    try:
        # Takes halves of characters, and what is no character is replaced.
        return json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return _NO_JSON


def lines(
    chunks: Iterable[bytes], grows: Callable[[bytearray], None] = lambda _: None
) -> Iterator[bytearray]:
    """Lines of bytes without their ends, LF, CRLF or CR; each is the caller's own.

    Text lines would also end at U+2028 or U+0085, which JSON may hold. Megabytes are gathered in
    place: each copy of a picture's line costs a millisecond or two, most of it for memory that is
    new to the process.

    Args:
        grows: is shown a line whose end has not come, whenever more of it has.
    """
    pending, after_cr = bytearray(), False
    for chunk in chunks:
        text = chunk[1:] if after_cr and chunk.startswith(b"\n") else chunk
        after_cr = text.endswith(b"\r")
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *ends, rest = text.split(b"\n")
        for end in ends:
            pending += end
            yield pending
            pending = bytearray()
        if rest:
            pending += rest
            grows(pending)
    if pending:
        yield pending


# --- JSON without events -----------------------------------------------------------------------


def _objects(chunks: Iterable[bytes]) -> Iterator[Event]:
    objects = Objects()
    for chunk in chunks:
        yield from (Event(found, as_asked=False) for found in objects.take(chunk))
    if objects.is_cut:
        raise Garbled(True, "an object that is not JSON")


class Objects:
    """JSON objects one behind another, within an array or not."""

    def __init__(self) -> None:
        self._held = bytearray()

    def take(self, chunk: bytes | bytearray) -> Iterator[dict[str, Any]]:
        """Take in some more bytes; the objects that are whole by now."""
        self._held += chunk
        if not chunk.rstrip().endswith(_MAY_END):
            return
        text, at = self._held.decode("utf-8", "replace"), 0
        while (at := _after_space(text, at)) < len(text) and text[at] == "{":
            try:
                found, at = _DECODER.raw_decode(text, at)
            except (ValueError, RecursionError):
                break
            yield found
        # What no object begins with never becomes one.
        self._held = bytearray(text[at:].encode() if text[at : at + 1] == "{" else b"")

    @property
    def is_cut(self) -> bool:
        """Whether an object has begun that is not whole."""
        return _is_object(self._held)


def _after_space(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at

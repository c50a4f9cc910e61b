"""What becomes of a picture that was painted, however it travels: the client over real connections.

Each server here sends exactly its bytes. A picture that is paid for is neither lost nor waited for
longer than it takes to come, and never bought twice.
"""

from __future__ import annotations

import gzip
import json
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from tests.support.doubles import RecordingCalls, RecordingLog, RecordingMetrics, RecordingWords
from tests.support.raw_server import RawServer, Said, Then, answer, chunk, raw_server

from afterimage.adapters.gemini.client import Gemini, GeminiSettings
from afterimage.adapters.pictures import PillowStudio, WebpSettings
from afterimage.adapters.system import SystemClock
from afterimage.domain.conversation import Turn
from afterimage.domain.errors import (
    Blocked,
    Failure,
    NoImage,
    ProviderRejected,
    ProviderUnavailable,
)
from afterimage.ports.models import ImageRequest, PaintRequest, TextReply, Unwanted

PICTURE, OTHER, DRAFT = b"\xff\xd8 the picture", b"\xff\xd8 another", b"\xff\xd8 a draft"
WHO = "5afe" * 10
WAITED_FOR = 50  # seconds; a connection that is left open ends nothing by itself
FOR_EVER, A_MOMENT = timedelta(days=1), timedelta(milliseconds=50)
A_FOX = PaintRequest("a fox", WHO, "1:1", "1K")
EVENT_STREAM = "Content-Type: text/event-stream"
JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"


def part(data: bytes, **more: Any) -> dict[str, Any]:
    encoded = b64encode(data).decode()
    return {"inlineData": {"mimeType": "image/jpeg", "data": encoded}, **more}


def response(*parts: dict[str, Any], **candidate: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **candidate}]}


def event(body: Any, end: bytes = b"\r\n") -> bytes:
    return b"data: " + json.dumps(body).encode() + end + end


def error(code: int, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": "overloaded", "status": "UNAVAILABLE", **more}}


DRAWN, STOP = response(part(PICTURE)), response({"text": ""}, finishReason="STOP")
DRAFTED = response(part(DRAFT, thought=True))
WHOLE = response(part(PICTURE), finishReason="STOP")
STREAM = event(DRAWN) + event(STOP)
GOOD = answer(STREAM, EVENT_STREAM, f"Content-Length: {len(STREAM)}")


@dataclass
class Asked:
    """What came of a picture that was asked for, and what the server was asked."""

    result: bytes | Failure
    server: RawServer
    drafts: list[bytes]
    log: RecordingLog
    counted: RecordingCalls

    @property
    def calls(self) -> int:
        return len(self.server.bodies)


@dataclass
class QuickClock(SystemClock):
    """Goes with the world's, and does not wait."""

    slept: list[float] = field(default_factory=list)
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def client(
    server: RawServer,
    log: RecordingLog,
    clock: QuickClock | None = None,
    *,
    drafts: bool = False,
    silence: timedelta = FOR_EVER,
) -> Gemini:
    settings = GeminiSettings(
        server.address, "v1beta", "a-text-model", "an-image-model", drafts, longest_silence=silence
    )
    session = requests.Session()
    session.trust_env = False
    studio = PillowStudio(WebpSettings())
    return Gemini(
        settings, lambda: "a-key", session, clock or QuickClock(), log, RecordingMetrics(), studio
    )


def soon(seconds: float = 20) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def paint(
    *script: Said, drafts: bool = False, seconds: float = 20, silence: timedelta = FOR_EVER
) -> Asked:
    log, shown, calls = RecordingLog(), list[bytes](), RecordingCalls()
    with raw_server(*script) as server:
        gemini = client(server, log, drafts=drafts, silence=silence)
        try:
            came: list[bytes] = gemini.paint(A_FOX, soon(seconds), shown.append, calls)
            result: bytes | Failure = came[0]
        except Failure as failure:
            result = failure
        if script[-1].then is Then.OPEN:
            assert server.left.wait(10), "the client was still there"
    assert len(server.bodies) <= calls.told.count("begin"), "each call is told before it is made"
    return Asked(result, server, shown, log, calls)


# --- A picture that has come -------------------------------------------------------------------

TRAILERS = {
    "nothing": b"",
    "a marker": b"data: [DONE]\r\n\r\n",
    "half an event": b'data: {"candidates": [{"con',
    "an empty event": b"data:\r\n\r\ndata: \r\n\r\n",
    "an error event": event(error(503)),
    "an error line": json.dumps(error(503)).encode() + b"\r\n",
    "a comment": b": keep-alive\n\n",
    "another picture": event(response(part(OTHER))),
}


@pytest.mark.timeout(WAITED_FOR)
@pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET, Then.OPEN])
@pytest.mark.parametrize("trailer", TRAILERS.values(), ids=TRAILERS.keys())
@pytest.mark.parametrize("framing", ["chunked", "too long", "to the end"])
def test_a_picture_and_a_reason_are_the_end_whatever_follows(
    framing: str, trailer: bytes, then: Then
) -> None:
    """The client leaves by itself: a connection that is left open is not waited for."""
    if framing == "chunked":
        body, headers = chunk(event(DRAWN)) + chunk(event(STOP) + trailer), [CHUNKED]
    else:
        body = STREAM + trailer
        headers = [f"Content-Length: {len(body) + 500}"] if framing == "too long" else []

    asked = paint(Said([answer(body, EVENT_STREAM, *headers)], then), seconds=120)

    assert (asked.result, asked.calls) == (PICTURE, 1)


@pytest.mark.parametrize(
    "body",
    [
        event(WHOLE),
        event(DRAWN)[:-2] + event(STOP)[:-2],
        json.dumps(WHOLE).encode(),
        json.dumps([DRAWN, STOP]).encode()[:-1],
        json.dumps([DRAWN, STOP], indent=1).encode(),
    ],
    ids=["one event", "no empty lines", "an object", "a list without an end", "a list"],
)
def test_nothing_is_waited_for_once_everything_was_said(body: bytes) -> None:
    asked = paint(Said([answer(chunk(body), EVENT_STREAM, CHUNKED)], Then.OPEN), seconds=120)

    assert (asked.result, asked.calls) == (PICTURE, 1)


@pytest.mark.parametrize("missing", [2, 4])
def test_the_end_of_the_last_line_need_not_come(missing: int) -> None:
    head = f"Content-Length: {len(STREAM) - missing}"

    asked = paint(Said([answer(STREAM[:-missing], EVENT_STREAM, head)]))

    assert (asked.result, asked.calls) == (PICTURE, 1)


@pytest.mark.parametrize("kind", [EVENT_STREAM, JSON, "Content-Type: text/plain"])
@pytest.mark.parametrize("drafted", [True, False])
def test_a_picture_without_a_reason_is_one_where_the_body_ends_as_it_should(
    kind: str, drafted: bool
) -> None:
    body = (event(DRAFTED) if drafted else b"") + event(DRAWN)

    asked = paint(Said([answer(body, kind, f"Content-Length: {len(body)}")]))

    assert (asked.result, asked.calls) == (PICTURE, 1)


CUT_OFF = {
    "no last chunk": answer(chunk(event(DRAWN)), EVENT_STREAM, CHUNKED),
    "half a chunk": answer(b"9999\r\n" + event(DRAWN), EVENT_STREAM, CHUNKED),
    "too short": answer(event(DRAWN), EVENT_STREAM, "Content-Length: 9999"),
    "half an event": answer(event(DRAWN) + event(STOP)[:40], EVENT_STREAM),
    "half a picture": answer(event(WHOLE)[:-40], EVENT_STREAM),
    "an error": answer(event(DRAWN) + event(error(503)), EVENT_STREAM),
    "an error line": answer(event(DRAWN) + json.dumps(error(503)).encode(), EVENT_STREAM),
    "a long error": answer(event(DRAWN) + json.dumps(error(503), indent=2).encode(), EVENT_STREAM),
    "half an error line": answer(event(DRAWN) + json.dumps(error(503)).encode()[:20], EVENT_STREAM),
    "half a list": answer(json.dumps([DRAWN, STOP]).encode()[:-30], JSON),
    "drafts only": answer(event(DRAFTED), EVENT_STREAM),
}


@pytest.mark.parametrize("cut", CUT_OFF.values(), ids=CUT_OFF.keys())
def test_what_counts_as_cut_off_is_not_asked_for_again(cut: bytes) -> None:
    asked = paint(Said([cut]), Said([GOOD]))

    assert isinstance(asked.result, ProviderUnavailable)
    assert asked.calls == 1


@pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET, Then.OPEN])
def test_the_last_draft_is_the_picture_if_the_model_stops_behind_it(then: Then) -> None:
    other = response(part(OTHER, thought=True))
    body = chunk(event(DRAFTED)) + chunk(event(other)) + chunk(event(STOP))

    asked = paint(Said([answer(body, EVENT_STREAM, CHUNKED)], then), seconds=120)

    assert (asked.result, asked.calls) == (OTHER, 1)


@pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET])
def test_a_draft_that_came_with_its_reason_outlasts_its_connection(then: Then) -> None:
    whole = response(part(DRAFT, thought=True), finishReason="STOP")

    asked = paint(Said([answer(chunk(event(whole)), EVENT_STREAM, CHUNKED)], then))

    assert (asked.result, asked.calls) == (DRAFT, 1)


def test_a_reason_with_each_event_does_not_end_it_before_the_picture() -> None:
    words = response({"text": "Here"}, finishReason="STOP")
    draft = response(part(DRAFT, thought=True), finishReason="STOP")
    body = event(draft) + event(words) + event(WHOLE)

    asked = paint(Said([answer(body, EVENT_STREAM)]))

    assert (asked.result, asked.drafts) == (PICTURE, [DRAFT])


@pytest.mark.parametrize(
    ("body", "result"),
    [
        (event(response(part(DRAFT, thought=True), finishReason="STOP")), DRAFT),
        (event(response(finishReason="IMAGE_SAFETY")), Blocked),
    ],
    ids=["a draft", "a refusal"],
)
def test_what_has_stopped_and_falls_silent_is_left(body: bytes, result: Any) -> None:
    asked = paint(Said([answer(body, EVENT_STREAM)], Then.OPEN), seconds=120, silence=A_MOMENT)

    assert asked.result == result or isinstance(asked.result, result)


def test_drafts_are_seen_as_they_come_however_they_are_framed() -> None:
    """A body that is not chunked is not held back until there is more of it."""
    with raw_server(Said([answer(event(DRAFTED), EVENT_STREAM)], Then.OPEN)) as server:
        log = RecordingLog()

        def leave(_: bytes) -> None:
            raise NoImage("seen")

        with pytest.raises(NoImage, match="seen"):
            client(server, log).paint(A_FOX, soon(120), leave, RecordingCalls())


# --- Whatever the bytes look like --------------------------------------------------------------


def lines_of(body: Any) -> bytes:
    """One event of many lines."""
    return b"".join(
        b"data: " + line.encode() + b"\n" for line in json.dumps(body, indent=1).split("\n")
    )


def in_schemas_names(said: bytes) -> bytes:
    for name in (b"finish_reason", b"inline_data", b"mime_type", b"thought_signature"):
        first, _, rest = name.partition(b"_")
        said = said.replace(b'"%s%s"' % (first, rest.capitalize()), b'"%s"' % name)
    return said


SPOKEN = response({"text": "?"}, part(PICTURE), finishReason="STOP")
SHAPES: dict[str, tuple[str, bytes]] = {
    "another type": (JSON, STREAM),
    "no type": ("X-Nothing: here", STREAM),
    "letters": ("Content-Type: Text/Event-Stream; Charset=UTF-8", STREAM),
    "a mark": (EVENT_STREAM, b"\xef\xbb\xbf" + STREAM),
    "a mark and JSON": (JSON, b"\xef\xbb\xbf" + json.dumps(WHOLE).encode()),
    "lines": (EVENT_STREAM, lines_of(DRAWN) + b"\n" + lines_of(STOP) + b"\n"),
    "CR": (EVENT_STREAM, event(DRAWN, b"\r") + event(STOP, b"\r")),
    "LF": (EVENT_STREAM, event(DRAWN, b"\n") + event(STOP, b"\n")),
    "no space": (EVENT_STREAM, STREAM.replace(b"data: ", b"data:")),
    "empty data": (EVENT_STREAM, b"data:\n\n" + event(DRAWN) + b"data: \n\n" + event(STOP)),
    "comments": (EVENT_STREAM, b": hi\n\nevent: message\nid: 1\nretry: 9\n" + STREAM),
    "a marker before": (EVENT_STREAM, event(DRAWN) + b"data: [DONE]\n\n"),
    "a marker without an end": (EVENT_STREAM, b"data: [DONE]\n" + event(WHOLE)),
    "a list of many lines": (EVENT_STREAM, lines_of([DRAWN, STOP]) + b"\n"),
    "a broken one before": (EVENT_STREAM, b"data: {]\n\n" + STREAM),
    "a list": (JSON, json.dumps([response({"text": "Here"}), WHOLE]).encode()),
    "a long list": (JSON, json.dumps([DRAWN, STOP], indent=2).encode()),
    "a list as a stream": (EVENT_STREAM, json.dumps([DRAWN, STOP]).encode()),
    "an object": (JSON, json.dumps(WHOLE).encode()),
    "objects in lines": (JSON, json.dumps(DRAWN).encode() + b"\n" + json.dumps(STOP).encode()),
    "a list in data": (EVENT_STREAM, event([DRAWN, STOP])),
    "no characters": (EVENT_STREAM, event(SPOKEN).replace(b"?", b"\xff\xfe")),
    "half a character": (EVENT_STREAM, event(SPOKEN).replace(b"?", b"\\ud83d")),
    "of two candidates": (EVENT_STREAM, event({"candidates": [{}, *WHOLE["candidates"]]})),
    "no list of candidates": (EVENT_STREAM, event({"candidates": WHOLE["candidates"][0]})),
    "beside no error": (EVENT_STREAM, event({**WHOLE, "error": {}})),
    "beside an error": (EVENT_STREAM, event({**WHOLE, **error(503)})),
    "names of the schema": (EVENT_STREAM, in_schemas_names(STREAM)),
    "names of the schema in a list": (JSON, in_schemas_names(json.dumps([WHOLE]).encode())),
    "no script": (JSON, b")]}'\n" + json.dumps([WHOLE], indent=1).encode()),
    "odd parts": (EVENT_STREAM, event(response(7, None, part(PICTURE), finishReason="STOP"))),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(("kind", "body"), SHAPES.values(), ids=SHAPES.keys())
def test_a_picture_is_read_whatever_its_answer_looks_like(
    kind: str, body: bytes, size: int
) -> None:
    pieces = [chunk(body[at : at + size]) for at in range(0, len(body), size)]
    head = answer(b"", kind, CHUNKED)

    asked = paint(Said([head, *pieces, chunk(b"")]), Said([GOOD]))

    assert (asked.result, asked.calls) == (PICTURE, 1)


def test_a_compressed_answer_is_read() -> None:
    body = gzip.compress(STREAM)
    headers = [EVENT_STREAM, "Content-Encoding: gzip", f"Content-Length: {len(body)}"]

    asked = paint(Said([answer(body, *headers)]))

    assert (asked.result, asked.calls) == (PICTURE, 1)


NO_PICTURES: dict[str, tuple[str, bytes]] = {
    "an error line": (EVENT_STREAM, json.dumps(error(503)).encode() + b"\n"),
    "a long error": (EVENT_STREAM, json.dumps(error(503), indent=2).encode()),
    "an error in a list": (JSON, json.dumps([error(503)]).encode()),
    "an error behind words": (JSON, json.dumps([response({"text": "x"}), error(429)]).encode()),
    "an error in a list of data": (EVENT_STREAM, event([error(500)])),
    "an answer of others": (JSON, json.dumps({"response": WHOLE}).encode()),
    "a page": ("Content-Type: text/html", b"<html>{} [] data: nothing</html>"),
    "a broken event": (EVENT_STREAM, b"data: {]\n\n"),
    "an empty event": (EVENT_STREAM, b"data:\n\n"),
    "a marker": (EVENT_STREAM, b"data: [DONE]\n\n"),
    "half a list": (JSON, json.dumps([STREAM.decode()]).encode()[:-9]),
    "nothing behind no script": (JSON, b")]}'"),
    "not compressed": ("Content-Encoding: gzip", STREAM),
}


@pytest.mark.parametrize(("kind", "body"), NO_PICTURES.values(), ids=NO_PICTURES.keys())
def test_bytes_that_no_picture_is_in_are_never_a_reason_to_ask_again(
    kind: str, body: bytes
) -> None:
    asked = paint(Said([answer(body, kind)]), Said([GOOD]))

    assert isinstance(asked.result, ProviderUnavailable)
    assert asked.calls == 1


# --- What was refused, and what never arrived --------------------------------------------------


def refusal(status: str, body: Any, *headers: str) -> bytes:
    said = json.dumps(body).encode()
    return answer(said, JSON, f"Content-Length: {len(said)}", *headers, status=status)


RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
TOO_MANY: dict[str, tuple[bytes, float, int | None]] = {
    "in words": (
        refusal("429 Too", error(429, message="Quota. Please retry in 26.6s.")),
        26.6,
        27,
    ),
    "milliseconds": (refusal("429 Too", error(429, message="retry in 850.5ms")), 1.0, 1),
    "minutes": (refusal("429 Too", error(429, message="Please retry in 1m2.5s.")), 62.5, 63),
    "a header": (refusal("429 Too", error(429), "Retry-After: 7"), 7.0, 8),
    "a page with a header": (answer(b"<html>", "Retry-After: 7", status="429 Too"), 7.0, 8),
    "at once": (
        refusal("429 Too", error(429, details=[{"@type": RETRY_INFO, "retryDelay": "0s"}])),
        1.0,
        1,
    ),
    "nothing": (answer(b"", status="429 Too"), 1.0, None),
    "busy": (refusal("503 Busy", error(503), "Retry-After: 9"), 9.0, 10),
}


@pytest.mark.parametrize(("said", "wait", "told"), TOO_MANY.values(), ids=TOO_MANY.keys())
def test_a_wait_that_is_asked_for_is_kept_and_told(
    said: bytes, wait: float, told: int | None
) -> None:
    clock, log = QuickClock(), RecordingLog()
    then = Then.SERVE if b"Content-Length" in said else Then.CLOSE
    with raw_server(Said([said], then)) as server:
        gemini = client(server, log, clock)
        with pytest.raises(ProviderUnavailable) as failed:
            gemini.paint(A_FOX, soon(600), lambda _: None, RecordingCalls())

        assert len(server.bodies) == 3
    assert failed.value.retry_after == told
    assert clock.slept[0] >= wait
    assert sum(clock.slept) > 1, "three calls within a second"


def test_an_error_whose_body_does_not_come_is_still_one() -> None:
    """Nor is it waited for."""
    head = answer(b"", JSON, "Content-Length: 99", status="400 Bad")

    asked = paint(Said([head], Then.OPEN), seconds=120)

    assert isinstance(asked.result, ProviderRejected)
    assert asked.calls == 1


def test_a_model_that_refuses_to_show_drafts_is_asked_without_from_then_on() -> None:
    refused = error(400, status="INVALID_ARGUMENT", message="Thinking is not enabled for models/x")
    log = RecordingLog()
    said = refusal("400 Bad", refused)
    with raw_server(Said([said], Then.SERVE), Said([GOOD], Then.SERVE)) as server:
        gemini = client(server, log, drafts=True)

        for _ in range(2):
            came = gemini.paint(A_FOX, soon(), lambda _: None, RecordingCalls())
            assert came == [PICTURE]

    asked = ["thinkingConfig" in body["generationConfig"] for body in server.bodies]
    assert asked == [True, False, False]
    (line,) = [line for line in log.lines if line.event == "gemini_wish_refused"]
    assert line.fields == {
        "wish": "includeThoughts",
        "setting": "ShowDrafts",
        "model": "an-image-model",
    }


UNKNOWN = (
    'Invalid JSON payload received. Unknown name "labels": Cannot find field.',
    "Label values must be lower case",
    "safety_identifier is not supported",
)


@pytest.mark.parametrize("message", UNKNOWN)
@pytest.mark.parametrize("kind", ["text", "picture"])
def test_a_model_that_refuses_labels_is_asked_without_from_then_on(kind: str, message: str) -> None:
    refused = refusal("400 Bad", error(400, status="INVALID_ARGUMENT", message=message))
    good, call = CALLS[kind]
    whole = answer(good, EVENT_STREAM, f"Content-Length: {len(good)}")
    log = RecordingLog()
    with raw_server(Said([refused], Then.SERVE), Said([whole], Then.SERVE)) as server:
        gemini = client(server, log, drafts=True)

        for _ in range(2):
            call(gemini, soon())

    named = [body.get("labels") for body in server.bodies]
    assert named == [{"safety_identifier": WHO}, None, None]
    if kind == "picture":
        assert all("thinkingConfig" in body["generationConfig"] for body in server.bodies)
    (line,) = log.lines
    assert (line.event, line.fields["wish"]) == ("gemini_wish_refused", "labels")


def test_a_model_that_refuses_every_wish_paints_all_the_same() -> None:
    labels = error(400, message='Unknown name "labels": Cannot find field.')
    thoughts = error(400, message="Request contains an invalid argument.")
    script = [refusal("400 Bad", body) for body in (labels, thoughts)]
    log = RecordingLog()
    with raw_server(*(Said([said], Then.SERVE) for said in (*script, GOOD))) as server:
        gemini = client(server, log, drafts=True)

        assert gemini.paint(A_FOX, soon(), lambda _: None, RecordingCalls()) == [PICTURE]

    assert len(server.bodies) == 3
    assert [line.fields["wish"] for line in log.lines] == ["labels", "includeThoughts"]


def test_a_request_that_is_refused_for_something_else_teaches_nothing() -> None:
    refused = error(400, status="INVALID_ARGUMENT", message="The prompt is odd.")
    log = RecordingLog()
    said = Said([refusal("400 Bad", refused)], Then.SERVE)
    with raw_server(said, said, Said([GOOD], Then.SERVE)) as server:
        gemini = client(server, log, drafts=True)
        with pytest.raises(ProviderRejected):
            gemini.paint(A_FOX, soon(), lambda _: None, RecordingCalls())

        gemini.paint(A_FOX, soon(), lambda _: None, RecordingCalls())

    asked = ["thinkingConfig" in body["generationConfig"] for body in server.bodies]
    assert asked == [True, False, True]
    assert log.events() == []


BUSY = Said([refusal("503 Busy", error(503))], Then.SERVE)
BILLED = {
    "a picture": ([Said([GOOD])], 1),
    "nothing, then a picture": (
        [Said([answer(b"", EVENT_STREAM, "Content-Length: 0")], Then.SERVE), Said([GOOD])],
        2,
    ),
    "cut off": ([Said([GOOD[:-500]])], 1),
    "never answered": ([Said([], Then.RESET)], 1),
    "an error of the provider's, thrice": ([BUSY] * 3, 0),
    "refused": ([Said([refusal("400 Bad", error(400))])], 0),
    "refused, then painted": ([BUSY, Said([GOOD])], 1),
}


@pytest.mark.parametrize(("script", "billed"), BILLED.values(), ids=BILLED.keys())
def test_a_call_counts_unless_its_answer_proves_that_nothing_was_billed(
    script: list[Said], billed: int
) -> None:
    assert paint(*script).counted.billed == billed


def test_where_no_connection_comes_about_nothing_is_billed() -> None:
    with raw_server(Said([GOOD])) as server:
        pass
    calls = RecordingCalls()

    with pytest.raises(ProviderUnavailable):
        client(server, RecordingLog()).paint(A_FOX, soon(), lambda _: None, calls)

    assert (calls.told[0], calls.billed) == ("begin", 0)


@pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET])
def test_a_request_that_may_have_been_taken_is_not_sent_again_for_a_picture(then: Then) -> None:
    asked = paint(Said([], then), Said([GOOD]))

    assert isinstance(asked.result, ProviderUnavailable)
    assert asked.calls == 1


def test_a_request_that_may_have_been_taken_is_sent_again_for_a_text() -> None:
    text = json.dumps(response({"text": "Hello"}, finishReason="STOP")).encode()

    reply = talk(Said([], Then.RESET), Said([answer(text, JSON)])).result

    assert isinstance(reply, TextReply)


# --- Connections -------------------------------------------------------------------------------

Call = Callable[[Gemini, datetime], Any]
CALLS: dict[str, tuple[bytes, Call]] = {
    "text": (
        json.dumps(response({"text": "Hello"}, finishReason="STOP")).encode(),
        lambda gemini, until: gemini.reply(
            [Turn("user", [{"text": "hello"}])], WHO, until, RecordingCalls(), RecordingWords()
        ),
    ),
    "picture": (
        STREAM,
        lambda gemini, until: gemini.paint(A_FOX, until, lambda _: None, RecordingCalls()),
    ),
}


@pytest.mark.parametrize("framing", ["chunked", "length"])
@pytest.mark.parametrize(("body", "call"), CALLS.values(), ids=CALLS.keys())
def test_a_connection_serves_until_it_has_been_idle_for_too_long(
    body: bytes, call: Call, framing: str
) -> None:
    chunked = answer(chunk(body) + chunk(b""), EVENT_STREAM, CHUNKED)
    whole = answer(body, EVENT_STREAM, f"Content-Length: {len(body)}")
    clock, connections = QuickClock(), list[int]()
    with raw_server(Said([chunked if framing == "chunked" else whole], Then.SERVE)) as server:
        gemini = client(server, RecordingLog(), clock)
        for idle in (0, 49, 51):
            clock.ahead += timedelta(seconds=idle)
            call(gemini, clock.now() + timedelta(seconds=20))
            connections.append(server.connections)

    assert connections == [1, 1, 2]


def test_a_connection_is_kept_behind_an_error() -> None:
    said = chunk(json.dumps(error(503)).encode()) + chunk(b"")
    busy = answer(said, JSON, CHUNKED, status="503 Busy")
    with raw_server(Said([busy], Then.SERVE), Said([GOOD], Then.SERVE)) as server:
        client(server, RecordingLog()).paint(A_FOX, soon(), lambda _: None, RecordingCalls())

    assert (len(server.bodies), server.connections) == (2, 1)


# --- Texts -------------------------------------------------------------------------------------


@dataclass
class Talked:
    """What came of a text that was asked for."""

    result: TextReply | ImageRequest | Failure
    server: RawServer
    log: RecordingLog
    counted: RecordingCalls
    words: RecordingWords

    @property
    def calls(self) -> int:
        return len(self.server.bodies)


HI = (Turn("user", [{"text": "hello"}]),)


def talk(*script: Said, turns: Sequence[Turn] = HI) -> Talked:
    log, calls, words = RecordingLog(), RecordingCalls(), RecordingWords()
    with raw_server(*script) as server:
        try:
            gemini = client(server, log, silence=A_MOMENT)
            result: TextReply | ImageRequest | Failure = gemini.reply(
                turns, WHO, soon(120), calls, words
            )
        except Failure as failure:
            result = failure
    return Talked(result, server, log, calls, words)


HELLO = response({"text": "Hel"}, {"text": "lo"}, finishReason="STOP")
PIECES = [response({"text": "Hel"}), response({"text": "lo"}, finishReason="STOP")]
REASONS = [response({"text": "Hel"}, finishReason="STOP"), PIECES[1]]
EARLY = [response(finishReason="STOP"), *PIECES]
TEXTS: dict[str, bytes] = {
    "whole": answer(json.dumps(HELLO).encode(), JSON),
    "too long": answer(json.dumps(HELLO).encode(), JSON, "Content-Length: 9999"),
    "no last chunk": answer(chunk(json.dumps(HELLO).encode()), JSON, CHUNKED),
    "a mark": answer(b"\xef\xbb\xbf" + json.dumps(HELLO).encode(), JSON),
    "a list": answer(json.dumps(PIECES).encode(), JSON),
    "a stream": answer(b"".join(map(event, PIECES)), EVENT_STREAM),
    "a reason with each event": answer(b"".join(map(event, REASONS)), EVENT_STREAM),
    "a reason before all words": answer(b"".join(map(event, EARLY)), EVENT_STREAM),
    "an error behind the reason": answer(event(HELLO) + event(error(503)), EVENT_STREAM),
}


@pytest.mark.timeout(WAITED_FOR)
@pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET, Then.OPEN])
@pytest.mark.parametrize("said", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_is_read_whatever_its_answer_looks_like(said: bytes, then: Then) -> None:
    talked = talk(Said([said], then))

    assert isinstance(talked.result, TextReply)
    assert talked.result.text == talked.words.text == "Hello"
    assert talked.calls == 1


def test_words_are_told_as_they_come_and_thoughts_never() -> None:
    """A stream that stays open has been read as far as it came."""
    thought = response({"text": "hm", "thought": True})
    said = answer(b"".join(map(event, (thought, PIECES[0]))), EVENT_STREAM)

    class Words(RecordingWords):
        def add(self, text: str) -> None:
            super().add(text)
            self.unwanted.set_result(None)

    words = Words()
    with raw_server(Said([said], Then.OPEN)) as server:
        gemini = client(server, RecordingLog())
        with pytest.raises(Unwanted):
            gemini.reply(HI, WHO, soon(120), RecordingCalls(), words)
        assert server.left.wait(10), "the client was still there"

    assert words.said == ["Hel"]


def test_an_answer_that_nobody_wants_is_left_while_it_is_silent() -> None:
    words = RecordingWords()
    with raw_server(Said([answer(event(PIECES[0]), EVENT_STREAM)], Then.OPEN)) as server:
        gemini = client(server, RecordingLog())
        with ThreadPoolExecutor(1) as executor:
            asked = executor.submit(gemini.reply, HI, WHO, soon(120), RecordingCalls(), words)
            while not words.said:
                time.sleep(0.01)
            words.unwanted.set_result(None)

            with pytest.raises(Unwanted):
                asked.result(10)
    assert len(server.bodies) == 1


BEGUN = chunk(event(PIECES[0]))
BROKEN: dict[str, tuple[bytes, Then]] = {
    "reset": (BEGUN, Then.RESET),
    "closed": (BEGUN, Then.CLOSE),
    "half an event": (BEGUN + chunk(event(PIECES[1])[:20]) + chunk(b""), Then.CLOSE),
    "an error event": (BEGUN + chunk(event(error(503))) + chunk(b""), Then.CLOSE),
    "a refusal": (BEGUN + chunk(event(error(400))) + chunk(b""), Then.CLOSE),
    "a lost model": (BEGUN + chunk(event(error(404))) + chunk(b""), Then.CLOSE),
    "an error line": (BEGUN + chunk(json.dumps(error(503)).encode()) + chunk(b""), Then.CLOSE),
    "an end without a reason": (BEGUN + chunk(b""), Then.CLOSE),
}


@pytest.mark.parametrize(("body", "then"), BROKEN.values(), ids=BROKEN.keys())
def test_a_text_that_breaks_off_is_not_asked_for_again(body: bytes, then: Then) -> None:
    talked = talk(Said([answer(body, EVENT_STREAM, CHUNKED)], then), Said([TEXTS["whole"]]))

    assert isinstance(talked.result, ProviderUnavailable)
    assert (talked.words.text, talked.calls, talked.counted.billed) == ("Hel", 1, 1)


@pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET])
def test_a_call_that_has_come_is_one_however_the_stream_ends(then: Then) -> None:
    call = {"functionCall": {"name": "generate_image", "args": {"prompt": "a fox"}}}
    said = answer(chunk(event(response({"text": "Here:"}, call))), EVENT_STREAM, CHUNKED)

    talked = talk(Said([said], then), Said([TEXTS["whole"]]))

    assert isinstance(talked.result, ImageRequest)
    assert (talked.result.text, talked.calls) == ("Here:", 1)

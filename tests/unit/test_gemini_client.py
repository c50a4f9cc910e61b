"""The Gemini client over a transport in memory: retries, time, cut bodies, the key."""

from __future__ import annotations

import base64
import http.client
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from tests.support.doubles import (
    NOW,
    FixedClock,
    RecordingCalls,
    RecordingLog,
    RecordingMetrics,
    RecordingWords,
)
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from afterimage.adapters.gemini.body import Body
from afterimage.adapters.gemini.client import Gemini, GeminiSettings
from afterimage.adapters.gemini.events import lines
from afterimage.domain.conversation import Turn
from afterimage.domain.errors import (
    Blocked,
    Failure,
    NoImage,
    ProviderRejected,
    ProviderUnavailable,
    TimedOut,
)
from afterimage.domain.metrics import Metric
from afterimage.domain.usage import Usage
from afterimage.ports.models import ImageRequest, PaintRequest, Source, TextReply

RECORDED = Path(__file__).parent / "data" / "gemini"
KEY = "AIza-the-secret-key"
TURNS = [Turn("user", [{"text": "Draw a red fox"}])]
UNTIL = NOW + timedelta(seconds=60)
WHO = "5afe" * 10
A_FOX = PaintRequest("a red fox", WHO, "16:9", "1K")
HTML = b"<html>Bad gateway</html>"


def recorded(name: str) -> bytes:
    return (RECORDED / f"{name}.json").read_bytes()


def streamed(*events: bytes, end: bytes = b"\r\n") -> bytes:
    """Events as Google sends them: one line each, and an empty one."""
    lines = [b"data: " + json.dumps(json.loads(event)).encode() + end + end for event in events]
    return b"".join(lines)


TEXT, FOX = recorded("text_minimal"), streamed(recorded("image_output"))
SSE = {"content-type": "text/event-stream"}


@dataclass
class Answer:
    """One answer of the transport.

    Attributes:
        promised: bytes that the header announces, if not as many as come.
        breaks: raised in the middle of the body.
        takes: seconds until the body has come.
    """

    status: int = 200
    body: bytes = TEXT
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int | None = None
    breaks: Exception | None = None
    takes: float = 0


def _kind(answer: Answer) -> Mapping[str, str]:
    return SSE if answer.body.startswith(b"data:") else {"content-type": "application/json"}


class _Body(io.BytesIO):
    def __init__(self, answer: Answer, clock: FixedClock) -> None:
        super().__init__(answer.body)
        self._answer = answer
        self._clock = clock

    def read(self, size: int | None = -1) -> bytes:
        self._clock.advance(seconds=self._answer.takes)
        self._answer.takes = 0
        data = super().read(size)
        if not data and self._answer.breaks is not None:
            raise self._answer.breaks
        return data

    read1 = read


class Transport(BaseAdapter):
    """Answers from a script, instead of a network.

    Attributes:
        whole: which of the next requests are taken to their end; all, where nothing stands.
        while_sending: called behind each piece of a request.
    """

    def __init__(self, clock: FixedClock) -> None:
        super().__init__()
        self.script: list[Answer | Exception] = []
        self.requests: list[requests.PreparedRequest] = []
        self.bodies: list[bytes] = []
        self.whole: list[bool] = []
        self.while_sending: Callable[[], None] = lambda: None
        self.options: list[dict[str, Any]] = []
        self._clock = clock

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        self.requests.append(request)
        self.options.append(options)
        assert isinstance(request.body, Body)
        if not self.whole or self.whole.pop(0):
            self.bodies.append(b"".join(self._taken(request.body)))
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        promised = len(answer.body) if answer.promised is None else answer.promised
        raw = HTTPResponse(
            body=_Body(answer, self._clock),
            status=answer.status,
            headers={"content-length": str(promised), **_kind(answer), **answer.headers},
            preload_content=False,
            enforce_content_length=True,
        )
        return HTTPAdapter().build_response(request, raw)

    def _taken(self, body: Body) -> Iterator[bytes]:
        for chunk in body:
            self.while_sending()
            yield chunk

    def close(self) -> None:
        """Nothing is open."""

    def sent(self, number: int = -1) -> dict[str, Any]:
        """The JSON of a request."""
        parsed: dict[str, Any] = json.loads(self.bodies[number])
        return parsed


@pytest.fixture
def transport(clock: FixedClock) -> Transport:
    return Transport(clock)


@pytest.fixture
def gemini(
    transport: Transport, clock: FixedClock, log: RecordingLog, metrics: RecordingMetrics
) -> Gemini:
    session = requests.Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, transport)
    settings = GeminiSettings("https://gemini.test", "v1beta", "a-text-model", "an-image-model")
    return Gemini(settings, lambda: KEY, session, clock, log, metrics)


def reply(gemini: Gemini) -> TextReply | ImageRequest:
    return gemini.reply(TURNS, WHO, UNTIL, RecordingCalls(), RecordingWords())


def paint(gemini: Gemini) -> bytes:
    (picture,) = gemini.paint(A_FOX, UNTIL, lambda _: None, RecordingCalls())
    return picture


Ask = Callable[[Gemini], Any]
BOTH = pytest.mark.parametrize(("ask", "good"), [(reply, TEXT), (paint, FOX)])


def test_a_conversation_is_sent_and_its_reply_read(gemini: Gemini, transport: Transport) -> None:
    transport.script = [Answer()]

    assert reply(gemini) == TextReply("Hello", '[{"text":"Hello"}]')

    (request,) = transport.requests
    assert request.method == "POST"
    assert (
        request.url
        == "https://gemini.test/v1beta/models/a-text-model:streamGenerateContent?alt=sse"
    )
    body = transport.sent()
    assert body["contents"] == [{"role": "user", "parts": [{"text": "Draw a red fox"}]}]
    (tool,) = body["tools"][0]["functionDeclarations"]
    assert tool["name"] == "generate_image"
    assert "16:9" in tool["parameters"]["properties"]["aspect_ratio"]["enum"]
    for refused in ("temperature", "topP", "topK"):
        assert refused not in str(body)


def test_a_wish_for_a_picture_is_read(gemini: Gemini, transport: Transport) -> None:
    transport.script = [Answer(body=recorded("function_call"))]

    assert isinstance(reply(gemini), ImageRequest)


def test_a_picture_is_asked_for_and_read(gemini: Gemini, transport: Transport) -> None:
    transport.script = [Answer(body=FOX)]

    assert paint(gemini).startswith(b"\x89PNG")

    (request,) = transport.requests
    path = "/v1beta/models/an-image-model:streamGenerateContent?alt=sse"
    assert request.url == f"https://gemini.test{path}"
    assert transport.sent() == {
        "contents": [{"role": "user", "parts": [{"text": "a red fox"}]}],
        "generationConfig": {
            "responseModalities": ["TEXT", "IMAGE"],
            "imageConfig": {"aspectRatio": "16:9", "imageSize": "1K"},
        },
        "labels": {"safety_identifier": WHO},
    }


def test_drafts_are_asked_for_if_they_are_wanted(transport: Transport, clock: FixedClock) -> None:
    session = requests.Session()
    session.mount("https://", transport)
    settings = GeminiSettings("https://gemini.test", "v1beta", "", "an-image-model", True)
    transport.script = [Answer(body=FOX)]

    paint(Gemini(settings, lambda: KEY, session, clock, RecordingLog(), RecordingMetrics()))

    assert transport.sent()["generationConfig"]["thinkingConfig"] == {"includeThoughts": True}


# --- A history that is refused -----------------------------------------------------------------

TOLD = [
    Turn("user", [{"text": "hello"}]),
    Turn("model", [{"text": "Hi", "thoughtSignature": "AAAA"}]),
    Turn("user", [{"text": "Draw a red fox"}]),
]
IN_WORDS = [
    {"role": "user", "parts": [{"text": "hello"}]},
    {"role": "model", "parts": [{"text": "Hi"}]},
    {"role": "user", "parts": [{"text": "Draw a red fox"}]},
]
REFUSED = Answer(400, b'{"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "no"}}')
NO_SIGNATURE = Answer(body=b'{"candidates": [{"finishReason": "MISSING_THOUGHT_SIGNATURE"}]}')


# --- A chat's name --------------------------------------------------------------------------------


def naming(gemini: Gemini, calls: RecordingCalls | None = None) -> TextReply | ImageRequest:
    calls = calls or RecordingCalls()
    return gemini.reply(TURNS, WHO, UNTIL, calls, RecordingWords(), may_name=True)


def said(*parts: Any) -> Answer:
    candidate = {"content": {"parts": [*parts]}, "finishReason": "STOP"}
    return Answer(body=json.dumps({"candidates": [candidate]}).encode())


def call_of(name: str, **args: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": args}, "thoughtSignature": "b3Bh"}


def tools_of(request: dict[str, Any]) -> list[str]:
    return [tool["name"] for tool in request["tools"][0]["functionDeclarations"]]


NAME, PAINT = call_of("name_chat", title="Two foxes"), call_of("generate_image", prompt="foxes")


def test_a_chat_is_named_by_the_answer_itself(gemini: Gemini, transport: Transport) -> None:
    transport.script = [said({"text": "Hello"}, NAME)]

    assert naming(gemini) == TextReply("Hello", '[{"text":"Hello"}]', "Two foxes")

    assert tools_of(transport.sent()) == ["generate_image", "name_chat"]


@pytest.mark.parametrize("parts", [(NAME, PAINT), (PAINT, NAME)], ids=["before", "behind"])
def test_a_name_beside_a_wish_is_no_part_of_the_history(
    gemini: Gemini, transport: Transport, parts: tuple[Any, ...]
) -> None:
    transport.script = [said(*parts)]

    wish = naming(gemini)

    assert isinstance(wish, ImageRequest)
    assert (wish.prompt, wish.title) == ("foxes", "Two foxes")
    assert "name_chat" not in wish.parts


def test_no_name_is_asked_for_where_there_is_one(gemini: Gemini, transport: Transport) -> None:
    transport.script = [Answer()]

    assert reply(gemini).title == ""

    assert tools_of(transport.sent()) == ["generate_image"]
    assert "name_chat" not in json.dumps(transport.sent())


def test_a_name_alone_is_kept_and_the_answer_asked_for_without(
    gemini: Gemini, transport: Transport, log: RecordingLog
) -> None:
    """And from then on nobody waits twice as long for a name."""
    transport.script = [said(NAME), said({"text": "Hello"}), said({"text": "Hi"})]
    calls = RecordingCalls()

    first = naming(gemini, calls)
    second = naming(gemini)

    assert (first.text, first.title) == ("Hello", "Two foxes")
    assert (second.text, second.title) == ("Hi", "")
    offered = [tools_of(transport.sent(number)) for number in range(3)]
    assert offered == [["generate_image", "name_chat"], ["generate_image"], ["generate_image"]]
    assert calls.told == ["begin", "begin"]
    assert "gemini_named_and_said_nothing" in [line.event for line in log.lines]


def test_a_name_and_nothing_else_twice_is_no_answer(gemini: Gemini, transport: Transport) -> None:
    transport.script = [said(NAME), said(NAME)]

    with pytest.raises(ProviderUnavailable):
        naming(gemini)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("  Two\n foxes \u200e", "Two foxes"),
        ("„Zwei Füchse“", "Zwei Füchse"),
        (
            "fox\u202egpj.exe \u2066a\u2069 \u200b",
            "foxgpj.exe a",
        ),  # no sign that turns what follows
        (
            "<b onclick=x>**A** [fox](javascript:x)",
            "<b onclick=x>**A** [fox](javascript:x)",
        ),  # text
        ("x" * 200, "x" * 80),
        ("", ""),
        (7, ""),
        (None, ""),
        ("\ud83e", "\ufffd"),
    ],
)
def test_a_name_may_be_anything(
    gemini: Gemini, transport: Transport, title: Any, shown: str
) -> None:
    transport.script = [said({"text": "Hello"}, call_of("name_chat", title=title))]

    assert naming(gemini).title == shown


@pytest.mark.parametrize("refused", [REFUSED, NO_SIGNATURE], ids=["400", "200"])
def test_a_history_that_is_refused_is_sent_once_more_in_plain_words(
    gemini: Gemini, transport: Transport, log: RecordingLog, refused: Answer
) -> None:
    transport.script = [refused, Answer(503, HTML), Answer()]

    assert isinstance(gemini.reply(TOLD, WHO, UNTIL, RecordingCalls(), RecordingWords()), TextReply)

    assert "thoughtSignature" in str(transport.sent(0)["contents"])
    assert transport.sent(1)["contents"] == transport.sent(2)["contents"] == IN_WORDS
    assert log.events().count("gemini_history_refused") == 1
    assert "hello" not in log.text()


def test_plain_words_that_are_refused_are_not_sent_again(
    gemini: Gemini, transport: Transport
) -> None:
    transport.script = [REFUSED] * 9

    with pytest.raises(ProviderRejected):
        gemini.reply(TOLD, WHO, UNTIL, RecordingCalls(), RecordingWords())
    assert len(transport.requests) == 2

    with pytest.raises(ProviderRejected):
        reply(gemini)
    assert len(transport.requests) == 3, "there was nothing to say in other words"


# --- A model that goes -------------------------------------------------------------------------

GONE = json.loads(recorded("err_404_retired"))
RETIRED = Answer(404, json.dumps(GONE["body"]).encode())
SUCCESSOR = "gemini-3.8-flash"


def models_asked(transport: Transport) -> list[str]:
    return [str(request.url).split("/")[-1].split(":")[0] for request in transport.requests]


@pytest.fixture
def following(gemini: Gemini, monkeypatch: pytest.MonkeyPatch) -> Gemini:
    """As with `FollowSuccessor`."""
    monkeypatch.setattr(gemini._models, "_follows", True)
    return gemini


@BOTH
def test_a_successor_is_asked_from_then_on_where_that_is_wished(
    following: Gemini,
    transport: Transport,
    metrics: RecordingMetrics,
    log: RecordingLog,
    ask: Ask,
    good: bytes,
) -> None:
    transport.script = [RETIRED, Answer(body=good), Answer(body=good)]

    assert ask(following)
    assert ask(following)

    assert models_asked(transport)[1:] == [SUCCESSOR, SUCCESSOR]
    assert [metric for metric, _ in metrics.values] == [Metric.MODEL_MISSING]
    (line,) = [line for line in log.lines if line.event == "gemini_model_missing"]
    assert (line.level, line.fields["successor"]) == ("warning", SUCCESSOR)


@BOTH
def test_a_successor_is_only_named_where_nothing_is_wished(
    gemini: Gemini, transport: Transport, ask: Ask, good: bytes
) -> None:
    transport.script = [RETIRED, Answer(body=good)]

    with pytest.raises(ProviderRejected):
        ask(gemini)

    assert len(transport.requests) == 1


@BOTH
def test_successors_are_not_followed_for_ever(
    following: Gemini, transport: Transport, ask: Ask, good: bytes
) -> None:
    transport.script = [RETIRED] * 9

    with pytest.raises(ProviderRejected):
        ask(following)
    assert len(transport.requests) == 4

    transport.script = [Answer(body=good)]
    assert ask(following)
    assert models_asked(transport)[-1] == models_asked(transport)[0], (
        "what is configured comes first"
    )


def test_an_unknown_model_without_a_successor_is_left(
    following: Gemini, transport: Transport
) -> None:
    body = json.dumps(json.loads(recorded("err_404_not_found"))["body"]).encode()
    transport.script = [Answer(404, body), Answer()]

    with pytest.raises(ProviderRejected):
        reply(following)


def going(body: bytes, **status: Any) -> bytes:
    """The answer with the state of its model."""
    is_stream = body.startswith(b"data:")
    answer = json.loads(body.removeprefix(b"data:")) | {"modelStatus": status}
    return streamed(json.dumps(answer).encode()) if is_stream else json.dumps(answer).encode()


@BOTH
@pytest.mark.parametrize(
    ("when", "left"),
    [
        ("2026-12-20T22:00:00Z", 30.5),
        ("2026-12-20T22:00:00.123456789Z", 30.5),
        ("2026-12-20", 29.6),
        ("2026-11-01T00:00:00+00:00", 0.0),
    ],
)
def test_the_days_that_a_model_has_left_are_counted(
    gemini: Gemini,
    transport: Transport,
    metrics: RecordingMetrics,
    log: RecordingLog,
    ask: Ask,
    good: bytes,
    when: str,
    left: float,
) -> None:
    transport.script = [Answer(body=going(good, retirementTime=when))] * 2

    ask(gemini)
    ask(gemini)

    assert metrics.values == [(Metric.MODEL_DAYS_LEFT, left)] * 2
    (line,) = log.lines
    assert (line.event, line.level) == ("gemini_model_retires", "warning")
    assert line.fields["setting"] in ("TextModel", "ImageModel")


@BOTH
@pytest.mark.parametrize("when", ["soon", "", None, 7, {}, "9999999-01-01"])
def test_a_date_that_is_none_is_passed_over(
    gemini: Gemini,
    transport: Transport,
    metrics: RecordingMetrics,
    ask: Ask,
    good: bytes,
    when: Any,
) -> None:
    transport.script = [Answer(body=going(good, retirementTime=when, modelStage="STABLE"))]

    assert ask(gemini)

    assert metrics.values == []


def test_an_answer_is_asked_for_as_it_is(gemini: Gemini, transport: Transport) -> None:
    transport.script = [Answer()]

    reply(gemini)

    assert transport.requests[0].headers["accept-encoding"] == "identity"


# --- The key -----------------------------------------------------------------------------------


def test_the_key_travels_in_its_header_only(gemini: Gemini, transport: Transport) -> None:
    transport.script = [Answer()]

    reply(gemini)

    (request,) = transport.requests
    assert request.headers["x-goog-api-key"] == KEY
    rest = {name: value for name, value in request.headers.items() if name != "x-goog-api-key"}
    assert KEY not in f"{request.url} {transport.bodies[0]!r} {rest}"


@BOTH
def test_a_redirect_is_not_followed_with_the_key(
    gemini: Gemini, transport: Transport, ask: Ask, good: bytes
) -> None:
    elsewhere = {"location": "https://evil.test/"}
    transport.script = [Answer(307, b"", elsewhere), Answer(body=good)]

    with pytest.raises(ProviderUnavailable):
        ask(gemini)

    assert [request.url for request in transport.requests if "evil" in (request.url or "")] == []
    assert len(transport.requests) == 1


def chain(error: BaseException | None) -> str:
    """Everything an exception and its causes say."""
    said = []
    while error is not None:
        said.append(f"{error!r} {error} {vars(error)}")
        error = error.__cause__ or error.__context__
    return "\n".join(said)


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(400, recorded("err_400_api_key_invalid")),
        Answer(503, HTML),
        Answer(200, HTML),
        Answer(200, TEXT[:-9], promised=9_999),
        requests.ConnectionError("refused"),
        requests.ReadTimeout("slow"),
    ],
    ids=["400", "503", "html", "cut", "refused", "timeout"],
)
def test_the_key_is_in_no_log_and_no_exception(
    gemini: Gemini, transport: Transport, log: RecordingLog, trouble: Answer | Exception
) -> None:
    transport.script = [trouble] * 9

    with pytest.raises(Failure) as failed:
        reply(gemini)

    assert KEY not in log.text()
    assert KEY not in chain(failed.value)
    assert KEY not in failed.value.public


@pytest.mark.parametrize("pasted", [f"{KEY}\n", f" {KEY}\r\n"])
def test_a_key_pasted_with_a_line_end_works(
    gemini: Gemini, transport: Transport, pasted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the header is refused by an exception that quotes it."""
    monkeypatch.setattr(gemini._transport, "_api_key", lambda: pasted)
    transport.script = [Answer()]

    reply(gemini)

    assert transport.requests[0].headers["x-goog-api-key"] == KEY


def test_a_rotated_key_is_used_at_the_next_call(
    gemini: Gemini, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport.script = [Answer(), Answer()]
    reply(gemini)
    monkeypatch.setattr(gemini._transport, "_api_key", lambda: "another")

    reply(gemini)

    assert transport.requests[1].headers["x-goog-api-key"] == "another"


# --- Retries -----------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("status", [408, 500, 502, 503])
def test_an_overloaded_model_is_asked_twice_more(
    gemini: Gemini, transport: Transport, clock: FixedClock, status: int, ask: Ask, good: bytes
) -> None:
    transport.script = [Answer(status, HTML), Answer(status, HTML), Answer(body=good)]

    assert ask(gemini)
    assert len(clock.slept) == 2

    transport.script = [Answer(status, HTML)] * 9
    with pytest.raises(ProviderUnavailable):
        ask(gemini)
    assert len(transport.script) == 6


def test_pauses_grow_with_full_jitter(
    gemini: Gemini, transport: Transport, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: low + high)
    transport.script = [Answer(503), Answer(503), Answer()]

    reply(gemini)

    assert clock.slept == [0.5, 1.0]


@BOTH
@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("err_400_api_key_invalid", ProviderRejected),
        ("err_403_permission_denied", ProviderRejected),
        ("err_404_retired", ProviderRejected),
        ("err_429_quota", ProviderUnavailable),
    ],
)
def test_a_rejection_is_not_repeated(
    gemini: Gemini,
    transport: Transport,
    name: str,
    failure: type[Failure],
    ask: Ask,
    good: bytes,
) -> None:
    response = json.loads(recorded(name))
    body = json.dumps(response["body"]).encode()
    transport.script = [Answer(response["http_status"], body), Answer(body=good)]

    with pytest.raises(failure):
        ask(gemini)

    assert len(transport.requests) == 1


@BOTH
def test_a_refusal_is_not_repeated(
    gemini: Gemini, transport: Transport, ask: Ask, good: bytes
) -> None:
    transport.script = [Answer(body=recorded("blocked_prompt")), Answer(body=good)]

    with pytest.raises(Blocked):
        ask(gemini)

    assert len(transport.requests) == 1


def minute_quota(delay: str) -> Answer:
    detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    return Answer(429, json.dumps({"error": {"details": [detail]}}).encode())


def test_a_minutes_quota_is_waited_for(
    gemini: Gemini, transport: Transport, clock: FixedClock
) -> None:
    transport.script = [minute_quota("23.5s"), Answer()]

    reply(gemini)

    assert clock.slept == [23.5]


def test_a_wait_longer_than_the_time_left_is_told_instead(
    gemini: Gemini, transport: Transport, clock: FixedClock
) -> None:
    transport.script = [minute_quota("61s"), Answer()]

    with pytest.raises(ProviderUnavailable) as failed:
        reply(gemini)

    assert failed.value.retry_after == 62
    assert clock.slept == []
    assert len(transport.requests) == 1


@pytest.mark.parametrize("name", ["finish_no_image", "no_image_stop_text_only"])
def test_talk_instead_of_a_picture_is_asked_again_without_words(
    gemini: Gemini, transport: Transport, name: str
) -> None:
    transport.script = [Answer(body=recorded(name)), Answer(body=FOX)]

    assert paint(gemini).startswith(b"\x89PNG")

    assert transport.sent(0)["generationConfig"]["responseModalities"] == ["TEXT", "IMAGE"]
    assert transport.sent(1)["generationConfig"]["responseModalities"] == ["IMAGE"]


def test_talk_instead_of_a_picture_is_asked_again_only_once(
    gemini: Gemini, transport: Transport
) -> None:
    transport.script = [Answer(body=recorded("finish_no_image"))] * 9

    with pytest.raises(NoImage):
        paint(gemini)

    assert len(transport.requests) == 2


# --- Connections that fail ---------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    "trouble",
    [
        requests.ConnectionError("refused"),
        requests.ConnectTimeout("slow"),
        requests.exceptions.SSLError("no certificate"),
    ],
)
def test_a_connection_that_was_never_made_is_tried_again(
    gemini: Gemini, transport: Transport, trouble: Exception, ask: Ask, good: bytes
) -> None:
    transport.script = [trouble, trouble, Answer(body=good)]

    assert ask(gemini)

    transport.script = [trouble] * 9
    with pytest.raises(ProviderUnavailable):
        ask(gemini)
    assert len(transport.script) == 6


@BOTH
def test_a_request_that_was_not_sent_whole_is_not_billed_and_sent_again(
    gemini: Gemini, transport: Transport, ask: Ask, good: bytes
) -> None:
    broken = requests.ConnectionError(ProtocolError("aborted", BrokenPipeError()))
    transport.script = [broken, broken, Answer(body=good)]
    transport.whole = [False, False, True]

    assert ask(gemini)


def test_a_request_that_was_sent_whole_may_be_billed(gemini: Gemini, transport: Transport) -> None:
    transport.script = [requests.ConnectionError(ProtocolError("aborted", BrokenPipeError()))]

    with pytest.raises(ProviderUnavailable):
        paint(gemini)


def test_a_request_that_takes_all_the_time_to_be_sent_is_given_back(
    gemini: Gemini, transport: Transport, clock: FixedClock
) -> None:
    calls = RecordingCalls()
    source = Source("image/png", b"a picture")
    transport.while_sending = lambda: clock.advance(seconds=30)

    with pytest.raises(TimedOut):
        gemini.paint(replace(A_FOX, sources=(source,)), UNTIL, lambda _: None, calls)

    assert calls.told == ["begin", "not_billed"]


CUT = {
    "short": Answer(200, FOX[:100], promised=len(FOX)),
    "reset": Answer(200, FOX[:100], promised=len(FOX), breaks=ConnectionResetError("reset")),
    "cut": Answer(200, FOX[:100], promised=len(FOX), breaks=http.client.IncompleteRead(b"")),
}


@pytest.mark.parametrize("cut", CUT.values(), ids=CUT.keys())
def test_a_picture_that_began_to_come_is_never_bought_twice(
    gemini: Gemini, transport: Transport, cut: Answer
) -> None:
    transport.script = [cut, Answer(body=FOX)]

    with pytest.raises(ProviderUnavailable):
        paint(gemini)

    assert len(transport.requests) == 1


@pytest.mark.parametrize("cut", CUT.values(), ids=CUT.keys())
def test_a_text_that_began_to_come_is_not_asked_for_again(
    gemini: Gemini, transport: Transport, cut: Answer
) -> None:
    transport.script = [cut, Answer()]

    with pytest.raises(ProviderUnavailable):
        reply(gemini)

    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    "body", [HTML, b"[]", b"null", b"[" * 9_999, b": only a comment\n\n", b"data: [DONE]\n\n"]
)
@BOTH
def test_nothing_is_asked_for_again_behind_bytes_that_say_nothing(
    gemini: Gemini, transport: Transport, body: bytes, ask: Ask, good: bytes
) -> None:
    transport.script = [Answer(200, body), Answer(body=good)]

    with pytest.raises(ProviderUnavailable):
        ask(gemini)

    assert len(transport.requests) == 1


@BOTH
def test_an_empty_answer_is_asked_for_again(
    gemini: Gemini, transport: Transport, ask: Ask, good: bytes
) -> None:
    transport.script = [Answer(200, b""), Answer(body=good)]

    assert ask(gemini)


def test_an_answer_nested_beyond_sense_is_no_json(gemini: Gemini, transport: Transport) -> None:
    transport.script = [Answer(200, b"[" * 200_000)] * 3

    with pytest.raises(ProviderUnavailable):
        reply(gemini)


@BOTH
def test_an_answer_larger_than_any_picture_is_not_read_on(
    gemini: Gemini,
    transport: Transport,
    ask: Ask,
    good: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("afterimage.adapters.gemini.transport._LARGEST_BODY", 1_000)
    transport.script = [Answer(200, b"x" * 200_000), Answer(body=good)]

    with pytest.raises(ProviderUnavailable):
        ask(gemini)

    assert len(transport.requests) == 1


# --- Time --------------------------------------------------------------------------------------


def test_the_transport_is_given_the_time_that_is_left(
    gemini: Gemini, transport: Transport, clock: FixedClock
) -> None:
    clock.advance(seconds=20)
    transport.script = [Answer()]

    reply(gemini)

    timeout = transport.options[0]["timeout"]
    assert (timeout.connect_timeout, timeout.total) == (3.0, 40.0)
    assert transport.options[0]["stream"] is True


def test_little_time_shortens_the_connecting_too(
    gemini: Gemini, transport: Transport, clock: FixedClock
) -> None:
    clock.advance(seconds=59)
    transport.script = [Answer()]

    reply(gemini)

    timeout = transport.options[0]["timeout"]
    assert (timeout.connect_timeout, timeout.total) == (1.0, 1.0)


@BOTH
def test_without_time_nothing_is_sent(
    gemini: Gemini, transport: Transport, clock: FixedClock, ask: Ask, good: bytes
) -> None:
    clock.advance(seconds=60)

    with pytest.raises(TimedOut):
        ask(gemini)

    assert transport.requests == []


@BOTH
def test_a_model_that_says_nothing_has_timed_out(
    gemini: Gemini, transport: Transport, ask: Ask, good: bytes
) -> None:
    transport.script = [requests.ReadTimeout("slow"), Answer(body=good)]

    with pytest.raises(TimedOut):
        ask(gemini)

    assert len(transport.requests) == 1


@BOTH
def test_a_body_that_goes_on_past_the_time_has_timed_out(
    gemini: Gemini, transport: Transport, ask: Ask, good: bytes
) -> None:
    transport.script = [Answer(200, good, takes=61), Answer(body=good)]

    with pytest.raises(TimedOut):
        ask(gemini)

    assert len(transport.requests) == 1


@BOTH
def test_a_body_that_stops_coming_has_timed_out(
    gemini: Gemini, transport: Transport, ask: Ask, good: bytes
) -> None:
    silent = ReadTimeoutError(None, "/", "no more came")  # type: ignore[arg-type]
    transport.script = [Answer(200, b"{", promised=99, breaks=silent, takes=61), Answer(body=good)]

    with pytest.raises(TimedOut):
        ask(gemini)

    assert len(transport.requests) == 1


def test_no_retry_begins_that_has_no_time(
    gemini: Gemini, transport: Transport, clock: FixedClock
) -> None:
    transport.script = [Answer(503, HTML, takes=59.9999), Answer()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("random.uniform", lambda low, high: low + high)

        with pytest.raises(ProviderUnavailable):
            reply(gemini)

    assert len(transport.requests) == 1


def test_a_large_picture_comes_whole(gemini: Gemini, transport: Transport) -> None:
    data = bytes(range(256)) * 8_192
    part = {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(data).decode()}}
    body = json.dumps({"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]})
    transport.script = [Answer(200, streamed(body.encode()))]

    assert paint(gemini) == data


def test_retries_are_logged_without_what_was_asked(
    gemini: Gemini, transport: Transport, log: RecordingLog
) -> None:
    transport.script = [Answer(503, recorded("err_503_unavailable")), Answer(body=FOX)]

    paint(gemini)

    assert log.events() == ["gemini_retry"]
    assert "red fox" not in log.text()


# --- A picture that is streamed ----------------------------------------------------------------


def event(*parts: dict[str, Any], **candidate: Any) -> bytes:
    content = {"content": {"role": "model", "parts": list(parts)}}
    return json.dumps({"candidates": [content | candidate]}).encode()


def inline(data: bytes, **more: Any) -> dict[str, Any]:
    text = base64.b64encode(data).decode()
    return {"inlineData": {"mimeType": "image/jpeg", "data": text}, **more}


def painted(gemini: Gemini) -> tuple[bytes, list[bytes]]:
    drafts: list[bytes] = []
    (picture,) = gemini.paint(A_FOX, UNTIL, drafts.append, RecordingCalls())
    return picture, drafts


DRAFT, OTHER_DRAFT, PICTURE = b"\xff\xd8 a draft", b"\xff\xd8 another", b"\xff\xd8 the picture"
CLOSING = event({"text": ""}, finishReason="STOP")
STREAM = (
    event({"text": "planning \u2028 ahead\u0085", "thought": True}),
    event(inline(DRAFT, thought=True)),
    event({"text": "Here it is."}, inline(OTHER_DRAFT, thought=True)),
    event(inline(PICTURE, thoughtSignature="AAAA")),
)


@pytest.mark.parametrize("end", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
def test_drafts_are_shown_as_they_come_and_the_picture_is_returned(
    gemini: Gemini, transport: Transport, end: bytes
) -> None:
    transport.script = [Answer(body=streamed(*STREAM, CLOSING, end=end))]

    assert painted(gemini) == (PICTURE, [DRAFT, OTHER_DRAFT])


def test_drafts_and_picture_in_one_event(gemini: Gemini, transport: Transport) -> None:
    transport.script = [Answer(body=streamed(recorded("image_output_with_thoughts")))]

    picture, drafts = painted(gemini)

    assert picture.startswith(b"\x89PNG")
    assert len(drafts) == 1


def test_all_finished_pictures_are_returned_in_their_order(
    gemini: Gemini, transport: Transport
) -> None:
    parts = (inline(b"first"), inline(b"second"))
    transport.script = [Answer(body=streamed(event(*parts), event(inline(PICTURE)), CLOSING))]

    came = gemini.paint(A_FOX, UNTIL, lambda _: None, RecordingCalls())

    assert came == [b"first", b"second", PICTURE]


def test_comments_and_other_fields_of_the_stream_are_skipped(
    gemini: Gemini, transport: Transport
) -> None:
    noise = b": keep-alive\r\nevent: message\r\nid: 7\r\n\r\n"
    transport.script = [Answer(body=streamed(STREAM[3]) + noise + streamed(CLOSING))]

    assert painted(gemini) == (PICTURE, [])


@pytest.mark.parametrize("data", ["!!!", "", 7, None, {}])
def test_a_draft_that_is_no_base64_is_skipped(
    gemini: Gemini, transport: Transport, data: Any
) -> None:
    broken = {"inlineData": {"mimeType": "image/jpeg", "data": data}, "thought": True}
    transport.script = [Answer(body=streamed(event(broken), STREAM[3], CLOSING))]

    picture, drafts = painted(gemini)

    assert picture == PICTURE
    assert b"".join(drafts) == b""


@pytest.mark.parametrize(
    "body",
    [
        streamed(*STREAM[:2]),
        streamed(*STREAM)[:-60] + b"\r\n",
        streamed(*STREAM[:2]) + b"data: {\r\n\r\n",
        b"data: \r\n\r\n",
    ],
    ids=["drafts only", "half a line", "broken event", "empty event"],
)
def test_a_stream_that_was_cut_off_is_never_asked_for_again(
    gemini: Gemini, transport: Transport, body: bytes
) -> None:
    transport.script = [Answer(body=body), Answer(body=FOX)]

    with pytest.raises(ProviderUnavailable):
        paint(gemini)

    assert len(transport.requests) == 1


@pytest.mark.parametrize("code", [429, 500, 503, "503", None])
def test_an_error_in_mid_stream_is_never_asked_again(
    gemini: Gemini, transport: Transport, code: Any
) -> None:
    error = json.dumps({"error": {"code": code, "status": "UNAVAILABLE"}}).encode()
    transport.script = [Answer(body=streamed(STREAM[1], error)), Answer(body=FOX)]

    with pytest.raises(ProviderUnavailable):
        paint(gemini)

    assert len(transport.requests) == 1


def test_an_error_instead_of_a_stream_is_asked_again(gemini: Gemini, transport: Transport) -> None:
    error = json.dumps({"error": {"code": 503, "status": "UNAVAILABLE"}}).encode()
    transport.script = [Answer(body=streamed(error)), Answer(body=FOX)]

    assert paint(gemini).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("events", "failure"),
    [
        ([STREAM[1], event(finishReason="IMAGE_SAFETY")], Blocked),
        ([STREAM[1], json.dumps({"promptFeedback": {"blockReason": "SAFETY"}}).encode()], Blocked),
        ([json.dumps({"promptFeedback": {"blockReason": "SAFETY"}}).encode()], Blocked),
        ([STREAM[1], event(finishReason="MAX_TOKENS")], NoImage),
    ],
)
def test_a_refusal_behind_drafts_is_one(
    gemini: Gemini, transport: Transport, events: list[bytes], failure: type[Failure]
) -> None:
    transport.script = [Answer(body=streamed(*events)), Answer(body=FOX)]

    with pytest.raises(failure):
        paint(gemini)

    assert len(transport.requests) == 1


def test_a_draft_is_the_picture_where_the_model_stops_behind_it(
    gemini: Gemini, transport: Transport
) -> None:
    """It is not bought twice."""
    transport.script = [Answer(body=streamed(STREAM[1], STREAM[2], CLOSING)), Answer(body=FOX)]

    assert painted(gemini) == (OTHER_DRAFT, [DRAFT, OTHER_DRAFT])
    assert len(transport.requests) == 1


def test_an_answer_that_is_not_streamed_after_all_is_read(
    gemini: Gemini, transport: Transport
) -> None:
    transport.script = [Answer(body=recorded("image_output_with_thoughts"))]

    picture, drafts = painted(gemini)

    assert picture.startswith(b"\x89PNG")
    assert len(drafts) == 1


def test_a_stream_of_many_drafts_is_not_read_on(
    gemini: Gemini, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterimage.adapters.gemini.transport._LARGEST_BODY", 300_000)
    flood = streamed(*[event(inline(bytes(10_000), thought=True))] * 200)
    transport.script = [Answer(body=flood), Answer(body=FOX)]

    with pytest.raises(ProviderUnavailable):
        paint(gemini)

    assert len(transport.requests) == 1


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_do_not_depend_on_how_they_arrive(size: int) -> None:
    sent = b"one\r\n\r\n\xe2\x80\xa8two\rtwo\x85\n\r\rthree\r\r\nfour"

    parts = [sent[i : i + size] for i in range(0, len(sent), size)]

    expected = [b"one", b"", b"\xe2\x80\xa8two", b"two\x85", b"", b"", b"three", b"", b"four"]
    assert list(lines(parts)) == expected


# --- What was used -------------------------------------------------------------------------------

BLOCKED = streamed(recorded("blocked_prompt"))
DRAWN = Usage({"text": 9}, {"image": 1120}, model="gemini-nano-banana-2.1")


@pytest.mark.parametrize(
    ("script", "uses"),
    [
        ([Answer(body=FOX)], [DRAWN]),
        ([Answer(status=503, body=b"{}"), Answer(body=FOX)], [DRAWN]),
        ([Answer(body=BLOCKED)], [Usage({"": 7}, model="gemini-nano-banana-2.1")]),
        ([Answer(body=b'data: {"cand')], [None]),
        ([Answer(status=400, body=b"{}")], []),
    ],
)
def test_each_answer_that_may_be_billed_tells_what_it_used(
    gemini: Gemini, transport: Transport, script: list[Answer | Exception], uses: list[Any]
) -> None:
    transport.script, calls = script, RecordingCalls()

    with suppress(Failure):
        gemini.paint(A_FOX, UNTIL, lambda _: None, calls)

    assert calls.uses == [("an-image-model", use) for use in uses]


def test_a_text_tells_what_it_used(gemini: Gemini, transport: Transport) -> None:
    transport.script, calls = [Answer(body=TEXT)], RecordingCalls()

    gemini.reply(TURNS, WHO, UNTIL, calls, RecordingWords())

    [(model, usage)] = calls.uses
    assert usage is not None
    assert (model, usage.read, usage.thoughts) == ("a-text-model", {"text": 12}, 23)

"""The Gemini client over a transport in memory: retries, time, cut bodies, the key."""

from __future__ import annotations

import base64
import http.client
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from copy import copy
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


class Google(BaseAdapter):
    """A client, and behind it a script instead of a network.

    Attributes:
        whole: which of the next requests are taken to their end; all, where nothing stands.
        while_sending: called behind each piece of a request.
        calls: what the last question told who counts.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.clock, self.log, self.metrics = FixedClock(), RecordingLog(), RecordingMetrics()
        self.calls = RecordingCalls()
        self.script: list[Answer | Exception] = []
        self.requests: list[requests.PreparedRequest] = []
        self.bodies: list[bytes] = []
        self.whole: list[bool] = []
        self.while_sending: Callable[[], None] = lambda: None
        self.options: list[dict[str, Any]] = []
        self.key = KEY
        session = requests.Session()
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, self)
        models = ("https://gemini.test", "v1beta", "a-text-model", "an-image-model")
        self.client = Gemini(
            GeminiSettings(*models, **settings),
            lambda: self.key,
            session,
            self.clock,
            self.log,
            self.metrics,
        )

    def reply(
        self, *script: Answer | Exception, turns: list[Turn] = TURNS, may_name: bool = False
    ) -> TextReply | ImageRequest:
        """Asks the text model, which answers by the script."""
        self.script, self.calls = [*script], RecordingCalls()
        words = RecordingWords()
        return self.client.reply(turns, WHO, UNTIL, self.calls, words, may_name=may_name)

    def paint(
        self, *script: Answer | Exception, drafts: list[bytes] | None = None, **changed: Any
    ) -> bytes:
        """Asks the image model, which answers by the script with one picture."""
        (picture,) = self.pictures(*script, drafts=drafts, **changed)
        return picture

    def pictures(
        self, *script: Answer | Exception, drafts: list[bytes] | None = None, **changed: Any
    ) -> list[bytes]:
        """As `paint`, of any number of pictures."""
        self.script, self.calls = [*script], RecordingCalls()
        drafts = [] if drafts is None else drafts
        return self.client.paint(replace(A_FOX, **changed), UNTIL, drafts.append, self.calls)

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
            body=_Body(answer, self.clock),
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

    def asked(self) -> list[str]:
        """The model of each request."""
        return [str(request.url).split("/")[-1].split(":")[0] for request in self.requests]


@pytest.fixture
def google() -> Google:
    return Google()


@pytest.fixture
def following() -> Google:
    """As with `FollowSuccessor`."""
    return Google(follow_successor=True)


Ask = Callable[..., Any]
BOTH = pytest.mark.parametrize(("ask", "good"), [(Google.reply, TEXT), (Google.paint, FOX)])


def test_a_conversation_is_sent_and_its_reply_read(google: Google) -> None:
    assert google.reply(Answer()) == TextReply("Hello", '[{"text":"Hello"}]')

    (request,) = google.requests
    assert request.method == "POST"
    path = "/v1beta/models/a-text-model:streamGenerateContent?alt=sse"
    assert request.url == f"https://gemini.test{path}"
    assert request.headers["accept-encoding"] == "identity"
    body = google.sent()
    assert body["contents"] == [{"role": "user", "parts": [{"text": "Draw a red fox"}]}]
    (tool,) = body["tools"][0]["functionDeclarations"]
    assert tool["name"] == "generate_image"
    assert "16:9" in tool["parameters"]["properties"]["aspect_ratio"]["enum"]
    for refused in ("temperature", "topP", "topK"):
        assert refused not in str(body)
    [(model, usage)] = google.calls.uses
    assert usage is not None
    assert (model, usage.read, usage.thoughts) == ("a-text-model", {"text": 12}, 23)


def test_a_picture_is_asked_for_and_read(google: Google) -> None:
    assert google.paint(Answer(body=FOX)).startswith(b"\x89PNG")

    (request,) = google.requests
    path = "/v1beta/models/an-image-model:streamGenerateContent?alt=sse"
    assert request.url == f"https://gemini.test{path}"
    assert google.sent() == {
        "contents": [{"role": "user", "parts": [{"text": "a red fox"}]}],
        "generationConfig": {
            "responseModalities": ["TEXT", "IMAGE"],
            "imageConfig": {"aspectRatio": "16:9", "imageSize": "1K"},
        },
        "labels": {"safety_identifier": WHO},
    }


def test_drafts_are_asked_for_if_they_are_wanted() -> None:
    google = Google(show_drafts=True)

    google.paint(Answer(body=FOX))

    assert google.sent()["generationConfig"]["thinkingConfig"] == {"includeThoughts": True}


# --- A chat's name --------------------------------------------------------------------------------


def said(*parts: Any) -> Answer:
    candidate = {"content": {"parts": [*parts]}, "finishReason": "STOP"}
    return Answer(body=json.dumps({"candidates": [candidate]}).encode())


def call_of(name: str, **args: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": args}, "thoughtSignature": "b3Bh"}


def tools_of(request: dict[str, Any]) -> list[str]:
    return [tool["name"] for tool in request["tools"][0]["functionDeclarations"]]


NAME, PAINT = call_of("name_chat", title="Two foxes"), call_of("generate_image", prompt="foxes")


def test_a_chat_is_named_by_the_answer_itself(google: Google) -> None:
    answer = google.reply(said({"text": "Hello"}, NAME), may_name=True)

    assert answer == TextReply("Hello", '[{"text":"Hello"}]', "Two foxes")
    assert tools_of(google.sent()) == ["generate_image", "name_chat"]


@pytest.mark.parametrize("parts", [(NAME, PAINT), (PAINT, NAME)], ids=["before", "behind"])
def test_a_name_beside_a_wish_is_no_part_of_the_history(
    google: Google, parts: tuple[Any, ...]
) -> None:
    wish = google.reply(said(*parts), may_name=True)

    assert isinstance(wish, ImageRequest)
    assert (wish.prompt, wish.title) == ("foxes", "Two foxes")
    assert "name_chat" not in wish.parts


def test_no_name_is_asked_for_where_there_is_one(google: Google) -> None:
    assert google.reply(Answer()).title == ""

    assert tools_of(google.sent()) == ["generate_image"]
    assert "name_chat" not in json.dumps(google.sent())


def test_a_name_alone_is_kept_and_the_answer_asked_for_without(google: Google) -> None:
    """And from then on nobody waits twice as long for a name."""
    first = google.reply(said(NAME), said({"text": "Hello"}), may_name=True)
    told = google.calls.told
    second = google.reply(said({"text": "Hi"}), may_name=True)

    assert (first.text, first.title) == ("Hello", "Two foxes")
    assert (second.text, second.title) == ("Hi", "")
    offered = [tools_of(google.sent(number)) for number in range(3)]
    assert offered == [["generate_image", "name_chat"], ["generate_image"], ["generate_image"]]
    assert told == ["begin", "begin"]
    assert "gemini_named_and_said_nothing" in google.log.events()


def test_a_name_and_nothing_else_twice_is_no_answer(google: Google) -> None:
    with pytest.raises(ProviderUnavailable):
        google.reply(said(NAME), said(NAME), may_name=True)


MARKUP = "<b onclick=x>**A** [fox](javascript:x)"  # is text
TURNING = "fox\u202egpj.exe \u2066a\u2069 \u200b"  # signs that turn what follows


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("  Two\n foxes \u200e", "Two foxes"),
        ("„Zwei Füchse“", "Zwei Füchse"),
        (TURNING, "foxgpj.exe a"),
        (MARKUP, MARKUP),
        ("x" * 200, "x" * 80),
        ("", ""),
        (7, ""),
        (None, ""),
        ("\ud83e", "\ufffd"),
    ],
)
def test_a_name_may_be_anything(google: Google, title: Any, shown: str) -> None:
    answer = said({"text": "Hello"}, call_of("name_chat", title=title))

    assert google.reply(answer, may_name=True).title == shown


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


@pytest.mark.parametrize("refused", [REFUSED, NO_SIGNATURE], ids=["400", "200"])
def test_a_history_that_is_refused_is_sent_once_more_in_plain_words(
    google: Google, refused: Answer
) -> None:
    assert isinstance(google.reply(refused, Answer(503, HTML), Answer(), turns=TOLD), TextReply)

    assert "thoughtSignature" in str(google.sent(0)["contents"])
    assert google.sent(1)["contents"] == google.sent(2)["contents"] == IN_WORDS
    assert google.log.events().count("gemini_history_refused") == 1
    assert "hello" not in google.log.text()


@pytest.mark.parametrize(("turns", "times"), [(TOLD, 2), (TURNS, 1)])
def test_plain_words_that_are_refused_are_not_sent_again(
    google: Google, turns: list[Turn], times: int
) -> None:
    with pytest.raises(ProviderRejected):
        google.reply(*[REFUSED] * 9, turns=turns)

    assert len(google.requests) == times


# --- A model that goes -------------------------------------------------------------------------


def refusal(name: str) -> Answer:
    """One that was recorded."""
    response = json.loads(recorded(name))
    return Answer(response["http_status"], json.dumps(response["body"]).encode())


RETIRED = refusal("err_404_retired")
SUCCESSOR = "gemini-3.8-flash"


@BOTH
def test_a_successor_is_asked_from_then_on_where_that_is_wished(
    following: Google, ask: Ask, good: bytes
) -> None:
    assert ask(following, RETIRED, Answer(body=good))
    assert ask(following, Answer(body=good))

    assert following.asked()[1:] == [SUCCESSOR, SUCCESSOR]
    assert [metric for metric, _ in following.metrics.values] == [Metric.MODEL_MISSING]
    (line,) = [line for line in following.log.lines if line.event == "gemini_model_missing"]
    assert (line.level, line.fields["successor"]) == ("warning", SUCCESSOR)


@BOTH
def test_successors_are_not_followed_for_ever(following: Google, ask: Ask, good: bytes) -> None:
    with pytest.raises(ProviderRejected):
        ask(following, *[RETIRED] * 9)
    assert len(following.requests) == 4

    assert ask(following, Answer(body=good))
    assert following.asked()[-1] == following.asked()[0], "what is configured comes first"


def test_an_unknown_model_without_a_successor_is_left(following: Google) -> None:
    with pytest.raises(ProviderRejected):
        following.reply(refusal("err_404_not_found"), Answer())


def going(body: bytes, **status: Any) -> Answer:
    """The answer with the state of its model."""
    is_stream = body.startswith(b"data:")
    answer = json.dumps(json.loads(body.removeprefix(b"data:")) | {"modelStatus": status}).encode()
    return Answer(body=streamed(answer) if is_stream else answer)


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
    google: Google, ask: Ask, good: bytes, when: str, left: float
) -> None:
    for _ in range(2):
        ask(google, going(good, retirementTime=when))

    assert google.metrics.values == [(Metric.MODEL_DAYS_LEFT, left)] * 2
    (line,) = google.log.lines
    assert (line.event, line.level) == ("gemini_model_retires", "warning")
    assert line.fields["setting"] in ("TextModel", "ImageModel")


@BOTH
@pytest.mark.parametrize("when", ["soon", "", None, 7, {}, "9999999-01-01"])
def test_a_date_that_is_none_is_passed_over(
    google: Google, ask: Ask, good: bytes, when: Any
) -> None:
    assert ask(google, going(good, retirementTime=when, modelStage="STABLE"))

    assert google.metrics.values == []


# --- The key -----------------------------------------------------------------------------------


def test_the_key_travels_in_its_header_only(google: Google) -> None:
    google.reply(Answer())

    (request,) = google.requests
    assert request.headers["x-goog-api-key"] == KEY
    rest = {name: value for name, value in request.headers.items() if name != "x-goog-api-key"}
    assert KEY not in f"{request.url} {google.bodies[0]!r} {rest}"


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
def test_the_key_is_in_no_log_and_no_exception(google: Google, trouble: Answer | Exception) -> None:
    with pytest.raises(Failure) as failed:
        google.reply(*[trouble] * 9)

    assert KEY not in google.log.text()
    assert KEY not in chain(failed.value)
    assert KEY not in failed.value.public


@pytest.mark.parametrize("pasted", [f"{KEY}\n", f" {KEY}\r\n"])
def test_a_key_pasted_with_a_line_end_works(google: Google, pasted: str) -> None:
    """Else the header is refused by an exception that quotes it."""
    google.key = pasted

    google.reply(Answer())

    assert google.requests[0].headers["x-goog-api-key"] == KEY


def test_a_rotated_key_is_used_at_the_next_call(google: Google) -> None:
    google.reply(Answer())
    google.key = "another"

    google.reply(Answer())

    assert google.requests[1].headers["x-goog-api-key"] == "another"


# --- Asked again -------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    "trouble",
    [
        *[Answer(status, HTML) for status in (408, 500, 502, 503)],
        requests.ConnectionError("refused"),
        requests.ConnectTimeout("slow"),
        requests.exceptions.SSLError("no certificate"),
        Answer(body=streamed(b'{"error": {"code": 503, "status": "UNAVAILABLE"}}')),
        Answer(200, b""),
    ],
)
def test_who_did_not_begin_to_answer_is_asked_twice_more(
    google: Google, ask: Ask, good: bytes, trouble: Answer | Exception
) -> None:
    assert ask(google, trouble, trouble, Answer(body=good))
    assert len(google.clock.slept) == 2

    with pytest.raises(ProviderUnavailable):
        ask(google, *[trouble] * 9)
    assert len(google.script) == 6


def test_pauses_grow_with_full_jitter(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: low + high)

    google.reply(Answer(503), Answer(503), Answer())

    assert google.clock.slept == [0.5, 1.0]


def test_retries_are_logged_without_what_was_asked(google: Google) -> None:
    google.paint(Answer(503, recorded("err_503_unavailable")), Answer(body=FOX))

    assert google.log.events() == ["gemini_retry"]
    assert "red fox" not in google.log.text()


def minute_quota(delay: str) -> Answer:
    detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    return Answer(429, json.dumps({"error": {"details": [detail]}}).encode())


def test_a_minutes_quota_is_waited_for(google: Google) -> None:
    google.reply(minute_quota("23.5s"), Answer())

    assert google.clock.slept == [23.5]


def test_a_wait_longer_than_the_time_left_is_told_instead(google: Google) -> None:
    with pytest.raises(ProviderUnavailable) as failed:
        google.reply(minute_quota("61s"), Answer())

    assert failed.value.retry_after == 62
    assert google.clock.slept == []
    assert len(google.requests) == 1


@pytest.mark.parametrize("name", ["finish_no_image", "no_image_stop_text_only"])
def test_talk_instead_of_a_picture_is_asked_again_without_words(google: Google, name: str) -> None:
    assert google.paint(Answer(body=recorded(name)), Answer(body=FOX)).startswith(b"\x89PNG")

    wanted = [google.sent(number)["generationConfig"]["responseModalities"] for number in (0, 1)]
    assert wanted == [["TEXT", "IMAGE"], ["IMAGE"]]


def test_talk_instead_of_a_picture_is_asked_again_only_once(google: Google) -> None:
    with pytest.raises(NoImage):
        google.paint(*[Answer(body=recorded("finish_no_image"))] * 9)

    assert len(google.requests) == 2


BROKEN_PIPE = requests.ConnectionError(ProtocolError("aborted", BrokenPipeError()))


@BOTH
def test_a_request_that_was_not_sent_whole_is_not_billed_and_sent_again(
    google: Google, ask: Ask, good: bytes
) -> None:
    google.whole = [False, False, True]

    assert ask(google, BROKEN_PIPE, BROKEN_PIPE, Answer(body=good))


def test_a_request_that_was_sent_whole_may_be_billed(google: Google) -> None:
    with pytest.raises(ProviderUnavailable):
        google.paint(BROKEN_PIPE)


def test_a_request_that_takes_all_the_time_to_be_sent_is_given_back(google: Google) -> None:
    source = Source("image/png", b"a picture")
    google.while_sending = lambda: google.clock.advance(seconds=30)

    with pytest.raises(TimedOut):
        google.paint(sources=(source,))

    assert google.calls.told == ["begin", "not_billed"]


# --- Never asked again -------------------------------------------------------------------------

CUT = Answer(body=FOX[:100], promised=len(FOX))
BREAKS = (None, ConnectionResetError("reset"), http.client.IncompleteRead(b""))
SILENT = ReadTimeoutError(None, "/", "no more came")  # type: ignore[arg-type]


@BOTH
@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (refusal("err_400_api_key_invalid"), ProviderRejected),
        (refusal("err_403_permission_denied"), ProviderRejected),
        (RETIRED, ProviderRejected),
        (refusal("err_429_quota"), ProviderUnavailable),
        (Answer(body=recorded("blocked_prompt")), Blocked),
        (Answer(307, b"", {"location": "https://evil.test/"}), ProviderUnavailable),
        (Answer(body=HTML), ProviderUnavailable),
        (Answer(body=b"[]"), ProviderUnavailable),
        (Answer(body=b"null"), ProviderUnavailable),
        (Answer(body=b"[" * 200_000), ProviderUnavailable),
        (Answer(body=b": only a comment\n\n"), ProviderUnavailable),
        (Answer(body=b"data: [DONE]\n\n"), ProviderUnavailable),
        *[(replace(CUT, breaks=broken), ProviderUnavailable) for broken in BREAKS],
        (requests.ReadTimeout("slow"), TimedOut),
        (Answer(body=FOX, takes=61), TimedOut),
        (Answer(body=b"{", promised=99, breaks=SILENT, takes=61), TimedOut),
    ],
)
def test_what_may_be_billed_is_never_bought_twice(
    google: Google, ask: Ask, good: bytes, answer: Answer | Exception, failure: type[Failure]
) -> None:
    with pytest.raises(failure):
        ask(google, copy(answer), Answer(body=good))

    assert len(google.requests) == 1


@BOTH
def test_an_answer_larger_than_any_picture_is_not_read_on(
    google: Google, ask: Ask, good: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterimage.adapters.gemini.transport._LARGEST_BODY", 1_000)

    with pytest.raises(ProviderUnavailable):
        ask(google, Answer(200, b"x" * 200_000), Answer(body=good))

    assert len(google.requests) == 1


# --- Time --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("passed", "connect", "left"), [(20, 3.0, 40.0), (59, 1.0, 1.0)])
def test_the_transport_is_given_the_time_that_is_left(
    google: Google, passed: int, connect: float, left: float
) -> None:
    google.clock.advance(seconds=passed)

    google.reply(Answer())

    timeout = google.options[0]["timeout"]
    assert (timeout.connect_timeout, timeout.total) == (connect, left)
    assert google.options[0]["stream"] is True


@BOTH
def test_without_time_nothing_is_sent(google: Google, ask: Ask, good: bytes) -> None:
    google.clock.advance(seconds=60)

    with pytest.raises(TimedOut):
        ask(google, Answer(body=good))

    assert google.requests == []


def test_no_retry_begins_that_has_no_time(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: low + high)

    with pytest.raises(ProviderUnavailable):
        google.reply(Answer(503, HTML, takes=59.9999), Answer())

    assert len(google.requests) == 1


# --- A picture that is streamed ----------------------------------------------------------------


def event(*parts: dict[str, Any], **candidate: Any) -> bytes:
    content = {"content": {"role": "model", "parts": list(parts)}}
    return json.dumps({"candidates": [content | candidate]}).encode()


def inline(data: bytes, **more: Any) -> dict[str, Any]:
    text = base64.b64encode(data).decode()
    return {"inlineData": {"mimeType": "image/jpeg", "data": text}, **more}


def painted(google: Google, *script: Answer) -> tuple[bytes, list[bytes]]:
    """The picture, and the drafts that came before it."""
    drafts: list[bytes] = []
    return google.paint(*script, drafts=drafts), drafts


DRAFT, OTHER_DRAFT, PICTURE = b"\xff\xd8 a draft", b"\xff\xd8 another", b"\xff\xd8 the picture"
CLOSING = event({"text": ""}, finishReason="STOP")
STREAM = (
    event({"text": "planning \u2028 ahead\u0085", "thought": True}),
    event(inline(DRAFT, thought=True)),
    event({"text": "Here it is."}, inline(OTHER_DRAFT, thought=True)),
    event(inline(PICTURE, thoughtSignature="AAAA")),
)
NOISE = b": keep-alive\r\nevent: message\r\nid: 7\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "drafts"),
    [
        (streamed(*STREAM, CLOSING), [DRAFT, OTHER_DRAFT]),
        (streamed(*STREAM, CLOSING, end=b"\n"), [DRAFT, OTHER_DRAFT]),
        (streamed(STREAM[3]) + NOISE + streamed(CLOSING), []),
    ],
    ids=["CRLF", "LF", "comments and other fields"],
)
def test_drafts_are_shown_as_they_come_and_the_picture_is_returned(
    google: Google, body: bytes, drafts: list[bytes]
) -> None:
    assert painted(google, Answer(body=body)) == (PICTURE, drafts)


@pytest.mark.parametrize("answer", [streamed, bytes], ids=["one event", "not streamed after all"])
def test_drafts_and_picture_at_once(google: Google, answer: Callable[[bytes], bytes]) -> None:
    body = answer(recorded("image_output_with_thoughts"))

    picture, drafts = painted(google, Answer(body=body))

    assert picture.startswith(b"\x89PNG")
    assert len(drafts) == 1


def test_all_finished_pictures_are_returned_in_their_order(google: Google) -> None:
    large = bytes(range(256)) * 8_192
    first = event(inline(b"first"), inline(large))

    came = google.pictures(Answer(body=streamed(first, event(inline(PICTURE)), CLOSING)))

    assert came == [b"first", large, PICTURE]


@pytest.mark.parametrize("data", ["!!!", "", 7, None, {}])
def test_a_draft_that_is_no_base64_is_skipped(google: Google, data: Any) -> None:
    broken = {"inlineData": {"mimeType": "image/jpeg", "data": data}, "thought": True}

    picture, drafts = painted(google, Answer(body=streamed(event(broken), STREAM[3], CLOSING)))

    assert picture == PICTURE
    assert b"".join(drafts) == b""


def mid_stream(code: Any) -> bytes:
    error = {"error": {"code": code, "status": "UNAVAILABLE"}}
    return streamed(STREAM[1], json.dumps(error).encode())


NO_PROMPT = json.dumps({"promptFeedback": {"blockReason": "SAFETY"}}).encode()


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (streamed(*STREAM[:2]), ProviderUnavailable),
        (streamed(*STREAM)[:-60] + b"\r\n", ProviderUnavailable),
        (streamed(*STREAM[:2]) + b"data: {\r\n\r\n", ProviderUnavailable),
        (b"data: \r\n\r\n", ProviderUnavailable),
        *[(mid_stream(code), ProviderUnavailable) for code in (429, 500, 503, "503", None)],
        (streamed(STREAM[1], event(finishReason="IMAGE_SAFETY")), Blocked),
        (streamed(STREAM[1], NO_PROMPT), Blocked),
        (streamed(NO_PROMPT), Blocked),
        (streamed(STREAM[1], event(finishReason="MAX_TOKENS")), NoImage),
        (streamed(*[event(inline(bytes(10_000), thought=True))] * 200), ProviderUnavailable),
    ],
)
def test_a_stream_that_began_is_never_asked_for_again(
    google: Google, body: bytes, failure: type[Failure], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterimage.adapters.gemini.transport._LARGEST_BODY", 300_000)

    with pytest.raises(failure):
        google.paint(Answer(body=body), Answer(body=FOX))

    assert len(google.requests) == 1


def test_a_draft_is_the_picture_where_the_model_stops_behind_it(google: Google) -> None:
    """It is not bought twice."""
    stopped = Answer(body=streamed(STREAM[1], STREAM[2], CLOSING))

    assert painted(google, stopped, Answer(body=FOX)) == (OTHER_DRAFT, [DRAFT, OTHER_DRAFT])
    assert len(google.requests) == 1


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_do_not_depend_on_how_they_arrive(size: int) -> None:
    sent = b"one\r\n\r\n\xe2\x80\xa8two\rtwo\x85\n\r\rthree\r\r\nfour"

    parts = [sent[i : i + size] for i in range(0, len(sent), size)]

    expected = [b"one", b"", b"\xe2\x80\xa8two", b"two\x85", b"", b"", b"three", b"", b"four"]
    assert list(lines(parts)) == expected


# --- What was used -------------------------------------------------------------------------------

DRAWN = Usage({"text": 9}, {"image": 1120}, model="gemini-nano-banana-2.1")
BLOCKED = Usage({"": 7}, model="gemini-nano-banana-2.1")


@pytest.mark.parametrize(
    ("script", "uses"),
    [
        ([Answer(body=FOX)], [DRAWN]),
        ([Answer(status=503, body=b"{}"), Answer(body=FOX)], [DRAWN]),
        ([Answer(body=streamed(recorded("blocked_prompt")))], [BLOCKED]),
        ([Answer(body=b'data: {"cand')], [None]),
        ([Answer(status=400, body=b"{}")], []),
    ],
)
def test_each_answer_that_may_be_billed_tells_what_it_used(
    google: Google, script: list[Answer], uses: list[Usage | None]
) -> None:
    with suppress(Failure):
        google.paint(*script)

    assert google.calls.uses == [("an-image-model", use) for use in uses]

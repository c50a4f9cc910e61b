"""Uploads without a client of botocore: what they say, and who does what they cannot."""

from __future__ import annotations

import socket
from concurrent.futures import Executor
from typing import Any, cast

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.credentials import Credentials
from botocore.exceptions import ConnectTimeoutError
from botocore.httpsession import URLLib3Session
from botocore.stub import Stubber
from tests.support.doubles import FixedClock, RecordingLog

from afterimage.adapters.clients import UPLOAD
from afterimage.adapters.quick_puts import QuickPictures, QuickPuts, QuickStockFiles
from afterimage.adapters.stock_files import S3StockFiles

KEY = "a user/é~/full.webp"
CREDENTIALS = Credentials("AKID", "secret", "a session")


COPIED = b"<?xml version='1.0'?>\n<CopyObjectResult><ETag/></CopyObjectResult>"


class Answer(AWSResponse):
    """Without a body, unless it is one of a copy."""

    def __init__(self, status_code: int = 200, body: bytes = b"") -> None:
        super().__init__("", status_code, cast("Any", HeadersDict()), None)
        self._content = body


class Sent(list[AWSPreparedRequest]):
    """What was sent; each is answered so, or fails so."""

    def __init__(self, answer: int | Exception, body: bytes = b"") -> None:
        super().__init__()
        self.answer, self.body = answer, body

    def __call__(self, request: AWSPreparedRequest) -> Answer:
        self.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return Answer(self.answer, self.body)


@pytest.fixture
def usual() -> Any:
    session = botocore.session.Session()
    session.set_credentials("AKID", "secret", "a session")
    return session.create_client("s3", "eu-central-1", config=UPLOAD)


def sending(usual: Any, sent: Sent, monkeypatch: pytest.MonkeyPatch) -> QuickPuts:
    monkeypatch.setattr(URLLib3Session, "send", lambda _, request: sent(request))
    return QuickPuts(lambda: CREDENTIALS, lambda: usual, "bucket", RecordingLog())


def pictures(usual: Any, sent: Sent, monkeypatch: pytest.MonkeyPatch) -> QuickPictures:
    put = sending(usual, sent, monkeypatch)
    return QuickPictures(put, lambda: usual, "bucket", FixedClock())


def copies(
    usual: Any, sent: Sent, monkeypatch: pytest.MonkeyPatch, threads: Executor
) -> QuickStockFiles:
    put = sending(usual, sent, monkeypatch)
    return QuickStockFiles(put, lambda: usual, "bucket", threads)


def test_it_says_what_the_client_would(usual: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for what depends on the hour, and for what the client says of itself."""
    theirs, sent = Sent(200), Sent(200)
    usual.meta.events.register("before-send.s3", lambda request, **_: theirs(request))
    quick = pictures(usual, sent, monkeypatch)

    quick.put_webp(KEY, b"bytes", ("0f", "1e"))
    super(QuickPictures, quick).put_webp(KEY, b"bytes", ("0f", "1e"))

    (ours,), (usually,) = sent, theirs
    assert told(ours) == told(usually)
    assert "AKID/" in str_of(ours.headers["Authorization"])


@pytest.mark.parametrize("name", ["full.webp", "original"])
def test_a_copy_says_what_the_client_would(
    usual: Any, name: str, threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, sent = Sent(200, COPIED), Sent(200, COPIED)
    usual.meta.events.register("before-send.s3", lambda request, **_: theirs(request))
    quick = copies(usual, sent, monkeypatch, threads)
    asked = {f"stock/é~ +/{name}": f"{KEY.rpartition('/')[0]}/{name}"}, ("0f", "1e")

    quick.copy(*asked)
    S3StockFiles(lambda: usual, "bucket", threads).copy(*asked)

    (ours,), (usually,) = sent, theirs
    assert told(ours) == told(usually)


def told(request: AWSPreparedRequest) -> tuple[str, dict[str, str]]:
    """Path and headers, but for what depends on the hour, and what a client says of itself."""
    own = {"User-Agent", "Authorization", "X-Amz-Date", "amz-sdk-invocation-id", "amz-sdk-request"}
    named = {name: str_of(value) for name, value in request.headers.items() if name not in own}
    assert named.pop("Expect", "100-continue") == "100-continue"
    return request.url.partition("/bucket/")[2] or request.url.split("/", 3)[3], named


def str_of(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def test_what_is_stored_is_stored_once(usual: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Sent(200)

    with Stubber(usual):
        pictures(usual, sent, monkeypatch).put_webp(KEY, b"bytes")

    assert len(sent) == 1


@pytest.mark.parametrize(
    "answer", [412, 403, 503, 307, ConnectTimeoutError(endpoint_url="there")], ids=str
)
def test_whatever_else_comes_is_left_to_the_client(
    usual: Any, answer: int | Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = pictures(usual, Sent(answer), monkeypatch)

    with Stubber(usual) as stub:
        stub.add_response("put_object", {})
        quick.put_webp(KEY, b"bytes")

        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("answer", "body"),
    [(200, b"<Error><Code>InternalError</Code></Error>"), (404, b""), (200, b"")],
)
def test_a_copy_that_did_not_come_about_is_left_to_the_client(
    usual: Any, answer: int, body: bytes, threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that fails behind its first bytes is answered with 200 all the same."""
    quick = copies(usual, Sent(answer, body), monkeypatch, threads)

    with Stubber(usual) as stub:
        stub.add_response("copy_object", {})
        quick.copy({"stock/a/full.webp": KEY}, ())

        stub.assert_no_pending_responses()


def test_no_body_waits_for_the_acknowledgement_of_its_header(
    usual: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session of botocore's has no options where none are given, unlike that of its clients."""
    made, make = dict[str, Any](), URLLib3Session.__init__

    def noted(session: URLLib3Session, **options: Any) -> None:
        made.update(options)
        make(session, **options)

    monkeypatch.setattr(URLLib3Session, "__init__", noted)
    pictures(usual, Sent(200), monkeypatch)

    assert made["socket_options"] == [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]

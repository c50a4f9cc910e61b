"""One call to the Gemini API: JSON out, a body or a stream of events back, all inside a time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import requests
from pydantic_core import from_json

from afterimage.adapters.gemini import answers
from afterimage.domain.errors import Failure, ProviderUnavailable, TimedOut
from afterimage.ports import Clock

_CONNECT_TIMEOUT = 3.0  # seconds
_LARGEST_BODY = 64 * 1024 * 1024  # a 4K picture in base64 is about 40 MB
_CHUNK = 256 * 1024  # small ones make a line of megabytes slow to read
_EVENT_STREAM = "text/event-stream"


class Unanswered(Exception):
    """The connection ended early.

    Attributes:
        begun: whether bytes of an answer had been received.
    """

    def __init__(self, begun: bool, detail: str) -> None:
        super().__init__(detail)
        self.begun = begun


class Transport:
    """Calls models.

    Args:
        models_url: where models are found; a model's name and a method's are added.
        api_key: read at every call, so that a rotated key is used.
    """

    def __init__(
        self,
        models_url: str,
        api_key: Callable[[], str],
        http: requests.Session,
        clock: Clock,
    ) -> None:
        self._models_url = models_url
        self._api_key = api_key
        self._http = http
        self._clock = clock

    def whole(self, model: str, body: Mapping[str, Any], until: datetime) -> Any:
        """The parsed body of a 200.

        Raises:
            Failure, Retryable, Unanswered: there is none.
        """
        with self._opened(f"{model}:generateContent", body, until) as response:
            return self._understood(response, until)

    def events(
        self, model: str, body: Mapping[str, Any], until: datetime
    ) -> Generator[Any, None, None]:
        """The parsed events of a stream, as they come; of an answer that is none, its body.

        Raises:
            Failure, Retryable, Unanswered: there is no stream, or it broke.
        """
        with self._opened(f"{model}:streamGenerateContent?alt=sse", body, until) as response:
            kind = response.headers.get("content-type", "")
            if response.status_code != requests.codes.ok or _EVENT_STREAM not in kind:
                yield self._understood(response, until)
                return
            for line in lines(self._chunks(response, until)):
                if line.startswith(b"data:"):
                    del line[: len(b"data:")]
                    yield _event(line)

    # --- The wire ---------------------------------------------------------------------------

    @contextmanager
    def _opened(
        self, call: str, body: Mapping[str, Any], until: datetime
    ) -> Iterator[requests.Response]:
        left = (until - self._clock.now()).total_seconds()
        if left <= 0:
            raise TimedOut("no time left to ask the model")
        # A key pasted with a line end would be refused by an exception that quotes it.
        key = self._api_key().strip()
        try:
            response = self._http.post(
                f"{self._models_url}/{call}",
                data=json.dumps(body).encode(),
                headers={"x-goog-api-key": key, "content-type": "application/json"},
                timeout=(min(_CONNECT_TIMEOUT, left), left),
                stream=True,
                allow_redirects=False,  # the key goes nowhere else
            )
        except requests.ReadTimeout as error:
            raise TimedOut("the model did not answer in time") from error
        except requests.RequestException as error:
            raise Unanswered(begun=False, detail=type(error).__name__) from error
        with response:
            yield response

    def _chunks(self, response: requests.Response, until: datetime) -> Iterator[bytes]:
        """What is received, as it comes, until it ends or there is no time left.

        The socket's own timeout begins anew with every packet, so what pauses is ended by a
        timer: a function that Lambda has to end has paid and tells nobody.
        """
        size, ended = 0, threading.Event()
        left = (until - self._clock.now()).total_seconds()
        timer = threading.Timer(max(0.0, left), _end, (response, ended))
        timer.daemon = True
        timer.start()
        try:
            for chunk in response.iter_content(_CHUNK):
                size += len(chunk)
                if size > _LARGEST_BODY:
                    raise ProviderUnavailable("the answer is larger than any picture")
                yield chunk
                if self._clock.now() >= until:
                    raise TimedOut("the answer did not end in time")
        except requests.RequestException as error:
            if ended.is_set() or self._clock.now() >= until:
                raise TimedOut("the answer stopped coming") from error
            raise Unanswered(begun=True, detail=type(error).__name__) from error
        finally:
            timer.cancel()
        if ended.is_set():  # where the end of the connection ends the body
            raise TimedOut("the answer stopped coming")

    def _understood(self, response: requests.Response, until: datetime) -> Any:
        status, answer = response.status_code, b"".join(self._chunks(response, until))
        try:
            parsed = json.loads(answer)
        except (ValueError, RecursionError) as error:
            if status == requests.codes.ok:
                raise answers.not_json(answer) from error
            parsed = None
        if status == requests.codes.ok:
            return parsed
        failure: Failure | answers.Retryable = answers.http_failure(status, parsed)
        raise failure


def lines(chunks: Iterable[bytes]) -> Iterator[bytearray]:
    """Lines of bytes without their ends, LF or CRLF; each is the caller's own.

    Nothing but LF ends one: text lines would also end at U+2028 or U+0085, which JSON may hold.
    Megabytes are gathered in place: each copy of a picture's line costs a millisecond or two,
    most of it for memory that is new to the process.
    """
    pending = bytearray()
    for chunk in chunks:
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            pending += end
            if pending.endswith(b"\r"):
                del pending[-1:]
            yield pending
            pending = bytearray()
        pending += rest
    if pending:
        yield pending


def _end(response: requests.Response, ended: threading.Event) -> None:
    """Wake whoever reads."""
    ended.set()
    with suppress(ValueError, OSError):  # it has ended by itself
        response.raw.shutdown()


def _event(data: bytearray) -> Any:
    with suppress(ValueError):
        return from_json(data)  # what nearly all are, without a copy in between
    try:
        return json.loads(data)  # which takes halves of characters in a text, too
    except (ValueError, RecursionError) as error:
        # Cut off in the middle: what was said may have been billed.
        raise Unanswered(begun=True, detail="an event that is not JSON") from error

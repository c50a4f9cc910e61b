"""One call to the Gemini API: JSON out, a body or a stream of events back, all inside a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import requests
from urllib3 import Timeout
from urllib3.exceptions import HTTPError

from afterimage.adapters.gemini import ends, refusals
from afterimage.adapters.gemini.body import Body
from afterimage.adapters.gemini.events import Event, Garbled, events
from afterimage.adapters.gemini.metering import Meter
from afterimage.adapters.gemini.refusals import Retryable
from afterimage.domain.errors import Failure, ProviderUnavailable, TimedOut
from afterimage.ports.models import Calls
from afterimage.ports.system import Clock

_CONNECT_TIMEOUT = 3.0  # seconds
_LARGEST_BODY = 64 * 1024 * 1024  # a 4K picture in base64 is about 40 MB
_CHUNK = 256 * 1024  # small ones make a line of megabytes slow to read
_HEADERS = {
    "content-type": "application/json",
    # Base64 packs to three quarters, and to unpack it costs a tenth of all that a picture does.
    "accept-encoding": "identity",
}
_LONGEST_IDLE = timedelta(seconds=50)  # AWS's own clients rely on less than a minute, too
_TIME_TO_EXPLAIN = timedelta(seconds=2)  # for the body of an error

Read = Callable[[Iterable[bytes]], Iterator[Event]]


class Unanswered(Exception):
    """There was no answer, or not all of one.

    Attributes:
        taken: whether the model may have taken the request, and may charge for it.
        begun: whether bytes of an answer came.
    """

    def __init__(self, taken: bool, detail: str, *, begun: bool = False) -> None:
        super().__init__(detail)
        self.taken = taken
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
        self._used_at = clock.now()

    def events(
        self,
        model: str,
        body: Mapping[str, Any],
        until: datetime,
        calls: Calls,
        unwanted: Future[None] | None = None,
        read: Read = events,
    ) -> Generator[Event, None, None]:
        """The events of a stream, as they come.

        Args:
            read: how they are read out of what comes.
            unwanted: has ended as soon as nobody wants any more of them; the stream ends with it.

        Raises:
            Failure, Retryable, Unanswered: there is no stream, or it broke.
        """
        call = f"{model}:streamGenerateContent?alt=sse"
        unwanted = unwanted or Future()
        with closing(self._answer(call, body, until, calls, unwanted, read)) as answer:
            for event in answer:
                if not event.as_asked and (failure := refusals.error_in(event.data)):
                    # Nobody knows what else was said, and charged, before it took this shape.
                    raise failure.failure if isinstance(failure, Retryable) else failure
                yield event

    # --- The wire ---------------------------------------------------------------------------

    def _answer(
        self,
        call: str,
        body: Mapping[str, Any],
        until: datetime,
        calls: Calls,
        unwanted: Future[None],
        read: Read,
    ) -> Generator[Event, None, None]:
        """The events of a 200. Whoever has heard enough closes it."""
        with self._opened(call, body, until, calls) as response:
            if response.status_code != requests.codes.ok:
                calls.not_billed()
                raise self._refusal(response, until)
            chunks, meter = self._chunks(response, until, unwanted), Meter()
            try:
                for event in read(chunks):
                    meter.add(event.data)
                    yield event
            except Garbled as garbled:
                raise Unanswered(garbled.begun, str(garbled), begun=garbled.begun) from garbled
            except GeneratorExit:
                chunks.close()
                ends.let_end(response)
                raise
            finally:
                calls.used(call.partition(":")[0], meter.usage)

    @contextmanager
    def _opened(
        self, call: str, body: Mapping[str, Any], until: datetime, calls: Calls
    ) -> Iterator[requests.Response]:
        left = (until - self._clock.now()).total_seconds()
        if left <= 0:
            raise TimedOut("no time left to ask the model")
        self._drop_idle()
        # A key pasted with a line end would be refused by an exception that quotes it.
        key = self._api_key().strip()
        sent = Body(body, lambda: self._go_on(until))
        calls.begin()
        try:
            response = self._http.post(
                f"{self._models_url}/{call}",
                data=sent,
                headers={"x-goog-api-key": key, **_HEADERS},
                # In all, as `requests` hands it on: what the sending takes, the answer has not.
                timeout=Timeout(connect=min(_CONNECT_TIMEOUT, left), total=left),  # type: ignore[arg-type]
                stream=True,
                allow_redirects=False,  # the key goes nowhere else
            )
        except TimedOut:
            calls.not_billed()
            raise
        except requests.ReadTimeout as error:
            raise TimedOut("the model did not answer in time") from error
        except (requests.RequestException, HTTPError) as error:
            if not (taken := sent.is_sent and ends.may_be_taken(error)):
                calls.not_billed()
            raise Unanswered(taken, type(error).__name__) from error
        try:
            with response:
                yield response
        finally:
            self._used_at = self._clock.now()

    def _go_on(self, until: datetime) -> None:
        if self._clock.now() >= until:
            raise TimedOut("the request could not be sent in time")

    def _drop_idle(self) -> None:
        """Close connections that nobody used for a while.

        NAT gateways and proxies forget them without a word, and a request sent over one is waited
        for until there is no time left.
        """
        if self._clock.now() - self._used_at > _LONGEST_IDLE:
            self._http.close()

    def _chunks(
        self, response: requests.Response, until: datetime, unwanted: Future[None]
    ) -> Generator[bytes, None, None]:
        """What is received, as it comes, until it ends, is unwanted, or there is no time left.

        The socket's own timeout begins anew with every packet, so what pauses is ended by a
        timer: a function that Lambda has to end has paid and tells nobody.
        """
        size, ended = 0, threading.Event()
        left = (until - self._clock.now()).total_seconds()
        timer = threading.Timer(max(0.0, left), ends.end, (response, ended))
        timer.daemon = True
        timer.start()
        unwanted.add_done_callback(lambda _: ends.end(response, ended))
        try:
            # One read of the socket each: what has come is not held back until more does.
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                size += len(chunk)
                if size > _LARGEST_BODY:
                    raise ProviderUnavailable("the answer is larger than any picture")
                if self._clock.now() >= until:
                    raise TimedOut("the answer did not end in time")
                yield chunk
        except HTTPError as error:
            if ended.is_set() or self._clock.now() >= until:
                raise TimedOut("the answer stopped coming") from error
            raise Unanswered(True, type(error).__name__, begun=size > 0) from error
        finally:
            timer.cancel()
        if ended.is_set():  # where the end of the connection ends the body
            raise TimedOut("the answer stopped coming")

    def _refusal(self, response: requests.Response, until: datetime) -> Failure | Retryable:
        """What a status other than 200 comes to; its body is read if it comes soon."""
        error: Mapping[str, Any] = {}
        soon = min(until, self._clock.now() + _TIME_TO_EXPLAIN)
        with (
            closing(self._chunks(response, soon, Future())) as chunks,
            suppress(Garbled, Unanswered, Failure),
        ):
            error = next(events(chunks)).data
        ends.let_end(response)
        wait = response.headers.get("retry-after", "")
        return refusals.http_failure(
            response.status_code, error, refusals.seconds_until(wait, self._clock.now())
        )

"""The way in from API Gateway's HTTP API: who asks, what they ask, and one envelope of errors.

API Gateway has matched the route already, so a handler is a look-up by `routeKey`. None of them is
reached without a valid token: a new route cannot forget it.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from afterimage.domain.callers import Caller
from afterimage.domain.errors import (
    HEIC_REFUSED,
    Internal,
    Invalid,
    MessageLimit,
    NotFound,
    ProviderLimit,
    Refused,
    TooLarge,
    TooManyOpen,
)
from afterimage.domain.metrics import Metric
from afterimage.http.routes import Route
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.views import timestamp

_LARGEST_BODY = 128 * 1024  # bytes; 8,000 characters escaped as JSON come to 96 KB
# Whatever is answered is somebody's: no cache keeps it, no browser takes it for a page or a script.
_PRIVATE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
# A user's limits, as figures.
_LIMITS = {
    MessageLimit.code: Metric.REFUSED_MESSAGES,
    ProviderLimit.code: Metric.REFUSED_CALLS,
    TooManyOpen.code: Metric.REFUSED_TOO_MANY_OPEN,
}

_HEIC = ("image/heic", "image/heif")

ModelT = TypeVar("ModelT", bound=BaseModel)
ApiGatewayEvent = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """One authenticated request.

    Attributes:
        received_at: when API Gateway received it; a cold start is behind that.
        until: when the function will be stopped.
    """

    caller: Caller
    received_at: datetime
    until: datetime
    event: ApiGatewayEvent

    @property
    def user_id(self) -> str:
        return self.caller.user_id

    def parameters(self, model: type[ModelT]) -> ModelT:
        """Path parameters. Raises: Invalid."""
        return _validated(model, self.event.get("pathParameters") or {})

    def query(self, model: type[ModelT]) -> ModelT:
        """Query parameters. Raises: Invalid."""
        return _validated(model, self.event.get("queryStringParameters") or {})

    def body(self, model: type[ModelT]) -> ModelT:
        """JSON body. Raises: Invalid."""
        if not _may_be_json(header(self.event, "content-type")):
            raise Invalid("another content type", public="The request's body must be JSON.")
        data = self._data()
        if len(data) > _LARGEST_BODY:
            raise Invalid("body too large", public="The request is too large.")
        try:
            return model.model_validate_json(data)
        except ValidationError as error:
            raise _invalid(error) from error

    def file(self, media_types: Sequence[str], most: int) -> bytes:
        """Body that is a file of at most so many bytes. Raises: Invalid, TooLarge."""
        sent = media_type(header(self.event, "content-type"))
        if sent not in media_types:
            named = f"Send the file's bytes as the body, with the content type {_or(media_types)}."
            public = HEIC_REFUSED if sent in _HEIC else named
            raise Invalid("another content type", public=public)
        data = self._data()
        if len(data) > most:
            raise TooLarge(public=f"The file has more than {most:,} bytes.")
        return data

    def _data(self) -> bytes:
        body = self.event.get("body") or ""
        try:
            return b64decode(body) if self.event.get("isBase64Encoded") else body.encode()
        except ValueError as error:
            raise Invalid("body is not text") from error


@dataclass(frozen=True)
class Response:
    """Attributes: body: becomes JSON; None is no body at all."""

    body: Any
    status: int = 200


Handler = Callable[[Request], Response]


class HttpApi:
    """Serves authenticated routes.

    Args:
        caller_of: whose an Authorization header is; raises Unauthorized.
    """

    def __init__(
        self,
        handlers: Mapping[Route, Handler],
        caller_of: Callable[[str | None], Caller],
        clock: Clock,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._handlers = {route.key: handler for route, handler in handlers.items()}
        self._caller_of = caller_of
        self._clock = clock
        self._log = log
        self._metrics = metrics

    def __call__(self, event: ApiGatewayEvent, context: Any) -> dict[str, Any]:
        """One API Gateway event (payload format 2.0) in, its response out."""
        try:
            response = self._respond(event, context)
        except Refused as refused:
            self._log.info("http_refused", code=refused.code, reason=str(refused))
            if limit := _LIMITS.get(refused.code):
                self._metrics.add(limit)
            return refusal(refused)
        except Exception:  # noqa: BLE001 - one sentence for people, the rest for the log
            self._log.exception("http_failed", route=event.get("routeKey"))
            self._metrics.add(Metric.DEFECTS)
            return internal_error()
        return answer(response.status, response.body)

    def _respond(self, event: ApiGatewayEvent, context: Any) -> Response:
        handler = self._handlers.get(event.get("routeKey", ""))
        if handler is None:
            raise NotFound  # a sign-in would not lead there either
        caller = self._caller_of(header(event, "authorization"))
        now = self._clock.now()
        left = timedelta(milliseconds=context.get_remaining_time_in_millis())
        return handler(Request(caller, _received_at(event, now), now + left, event))


def _received_at(event: ApiGatewayEvent, now: datetime) -> datetime:
    epoch_ms = event.get("requestContext", {}).get("timeEpoch")
    return now if epoch_ms is None else datetime.fromtimestamp(epoch_ms / 1000, UTC)


def header(event: ApiGatewayEvent, name: str) -> str | None:
    """A header's value by its name in lower case, as API Gateway has it; others write it else."""
    headers: Mapping[str, str] = event.get("headers") or {}
    return next((value for given, value in headers.items() if given.lower() == name), None)


def answer(status: int, body: Any) -> dict[str, Any]:
    """An API Gateway response with a JSON body, or without one."""
    if body is None:
        return {"statusCode": status, "headers": {**_PRIVATE}}
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **_PRIVATE},
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    }


def refusal(refused: Refused) -> dict[str, Any]:
    """A refusal in the contract's envelope."""
    error = {
        "code": refused.code,
        "message": refused.public,
        "retry_after": refused.retry_after,
        **{name: _written(value) for name, value in refused.extra.items()},
    }
    return answer(refused.status, {"error": error})


def _written(value: object) -> object:
    return timestamp(value) if isinstance(value, datetime) else value


def internal_error() -> dict[str, Any]:
    """What a caller is told of a defect: that there was one."""
    error = {"code": Internal.code, "message": Internal.public, "retry_after": None}
    return answer(500, {"error": error})


def media_type(content_type: str | None) -> str:
    """The type that a header names, without parameters; empty if it names none."""
    return (content_type or "").partition(";")[0].strip().lower()


def _may_be_json(content_type: str | None) -> bool:
    """Whether a body is declared as JSON, or not declared."""
    return media_type(content_type) in ("", "application/json")


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _validated(model: type[ModelT], values: Mapping[str, Any]) -> ModelT:
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> Invalid:
    """Names the first thing that is wrong, never what was sent."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    # An unknown field's own name is something that was sent.
    known = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
    where = ".".join(str(step) for step in known if isinstance(step, str))[:100]
    said = first["msg"].removeprefix("Value error, ")  # what our own checks say
    sentence = f"{where}: {said}" if where else said
    return Invalid(sentence, public=f"The request is not valid: {sentence}.")

"""What a schema cannot say, for `schemathesis.toml`."""

from __future__ import annotations

import re
from typing import Any, TypeGuard

import schemathesis
from tests.support.described import problems_of_code
from tests.support.hostile_pictures import a_picture, encoded
from ulid import ULID

from afterimage.domain import ids
from afterimage.domain.words import is_blank
from afterimage.http.routes import (
    EDIT_CHAT,
    GET_SHARED,
    POST_MESSAGE,
    PUT_IMAGE,
    PUT_SUBSCRIPTION,
    SEARCH,
)
from afterimage.http.taken import MAX_ATTACHMENTS, MAX_ENDPOINT

_PICTURE = encoded(a_picture(), "PNG")


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
) -> None:
    """A message's id is of about now, some messages ask for a picture, and files are pictures."""
    if (mend := _MENDED.get(case.operation.label)) is not None:
        mend(case)
    if case.operation.label != POST_MESSAGE.key or not isinstance(case.body, dict):
        return
    if ids.is_ulid(str(case.body.get("id"))):  # of any other time, it is refused as `clock_skew`
        case.body = {**case.body, "id": str(ULID())}
    text = case.body.get("text")
    if isinstance(text, str) and 0 < len(text.strip()) <= 100 and len(text) % 2:
        case.body = {**case.body, "text": f"paint {text}"}
    if _are_some(case.body.get("image_ids")):  # nobody has these pictures
        case.body = {**case.body, "image_ids": []}
    for field in ("again", "image_model", "image_size"):  # nobody has it
        if case.body.get(field) is not None and field in case.body:
            case.body = {name: value for name, value in case.body.items() if name != field}
    if isinstance(text, str) and case.body.get("paint") is True:
        case.body = {**case.body, "text": _seen(text[:100], "a fox")}
    if isinstance(text, str) and case.body.get("image_ids") in ([], None):
        case.body = {**case.body, "text": _seen(text, "hello")}  # there must be words


@schemathesis.check
def a_described_code(
    context: schemathesis.CheckContext,
    response: schemathesis.Response,
    case: schemathesis.Case[Any],
) -> None:
    """A refusal has one of the codes that its route names for the status."""
    is_another = response.request.method != case.operation.method.upper()  # tried in vain
    if is_another or response.status_code < 400 or case.operation.label == GET_SHARED.key:
        return  # a link that leads nowhere is a page
    problems = problems_of_code(case.operation.label, response.status_code, response.json())
    if problems:
        raise AssertionError(problems[0])


def _change_something(case: schemathesis.Case[Any]) -> None:
    """A body that names nothing, null alone, or what nobody would see, is refused."""
    if isinstance(case.body, dict) and _seems_seen(title := case.body.get("title")):
        case.body = {**case.body, "title": _seen(title, "a title")}
    if case.body in ({}, {"title": None}, {"pinned": None}, {"title": None, "pinned": None}):
        case.body = {"pinned": False}


def _look(case: schemathesis.Case[Any]) -> None:
    """For something that can be seen."""
    if case.query and _seems_seen(words := case.query.get("q")):
        case.query = {**case.query, "q": _seen(words, "a fox")}


def _seems_seen(text: object) -> TypeGuard[str]:
    """Whether it is no white space alone, which is all that a pattern says."""
    return isinstance(text, str) and bool(text.strip())


def _seen(text: str, otherwise: str) -> str:
    return otherwise if is_blank(text) else text


def _are_some(value: object) -> bool:
    """Whether these are pictures' ids, as the schema wants them."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_ATTACHMENTS:
        return False
    return len(set(map(str, value))) == len(value) and all(ids.is_ulid(str(id_)) for id_ in value)


def _bring(case: schemathesis.Case[Any]) -> None:
    """A picture, under an id of now, where there is any body and any id."""
    image_id = case.path_parameters.get("image_id") if case.path_parameters else None
    if ids.is_ulid(str(image_id)):
        case.path_parameters = {**case.path_parameters, "image_id": str(ULID())}
    if isinstance(case.body, bytes):
        case.body = _PICTURE


def _subscribe(case: schemathesis.Case[Any]) -> None:
    """At a push service that is allowed, where the endpoint is any."""
    if not isinstance(case.body, dict):
        return
    endpoint = case.body.get("endpoint")
    if isinstance(endpoint, str) and len(endpoint) <= MAX_ENDPOINT and _ANY.fullmatch(endpoint):
        case.body = {**case.body, "endpoint": "https://fcm.googleapis.com/fcm/send/x"}


_ANY = re.compile(r"https?://[\x21-\x7e]+")
_MENDED = {
    PUT_IMAGE.key: _bring,
    EDIT_CHAT.key: _change_something,
    PUT_SUBSCRIPTION.key: _subscribe,
    SEARCH.key: _look,
}

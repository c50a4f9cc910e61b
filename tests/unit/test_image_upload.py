"""The route of pictures that are brought: what of a request reaches the use case."""

from __future__ import annotations

import json
from base64 import b64encode
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import TypeAdapter
from tests.support.builders import a_caller, a_ulid
from tests.support.bundle import BYTES, USER, Bundle
from tests.support.doubles import PlainUrls

from afterimage.http import routes, taken
from afterimage.http.api import HttpApi
from afterimage.http.image_upload import ImageUploadRoutes
from afterimage.use_cases.upload_image import File, Kept

CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 29_000)


def put(
    bundle: Bundle, data: bytes = BYTES, kind: str | None = "image/jpeg", image_id: str = a_ulid()
) -> tuple[int, Any]:
    def upload(file: File) -> Kept:
        seen: dict[str, Any] = {"data": file.data, "nonce": file.nonce, "until": file.until}
        return bundle.upload(image_id=file.image_id, **seen)

    bringing = ImageUploadRoutes(upload, PlainUrls())  # type: ignore[arg-type]
    api = HttpApi(
        bringing.handlers(), lambda _: a_caller(USER), bundle.clock, bundle.log, bundle.metrics
    )
    event = {
        "routeKey": routes.PUT_IMAGE.key,
        "headers": {"content-type": kind} if kind is not None else {},
        "pathParameters": {"image_id": image_id},
        "body": b64encode(data).decode(),
        "isBase64Encoded": True,
    }
    answer = api(event, CONTEXT)
    if answer["statusCode"] < 300:
        view = routes.PUT_IMAGE.answers[answer["statusCode"]]
        TypeAdapter(view).validate_json(answer["body"])
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "IMAGE/WEBP", "image/png; x=y"])
def test_a_picture_is_answered_201_and_then_200(bundle: Bundle, kind: str) -> None:
    status, body = put(bundle, kind=kind)

    assert (status, body["image"]["id"], body["image"]["origin"]) == (201, a_ulid(), "upload")
    assert put(bundle, kind=kind) == (200, body)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (None, "Send the file's bytes"),
        ("application/json", "Send the file's bytes"),
        ("multipart/form-data; boundary=x", "image/jpeg, image/png or image/webp"),
        ("image/gif", "image/jpeg, image/png or image/webp"),
        ("image/heic", "HEIC"),
        ("image/heif", "HEIC"),
    ],
)
def test_another_content_type_is_refused_with_what_to_do(
    bundle: Bundle, kind: str | None, sentence: str
) -> None:
    status, body = put(bundle, kind=kind)

    assert (status, body["error"]["code"]) == (400, "invalid")
    assert sentence in body["error"]["message"]
    assert bundle.tables.rows.uploads == {}


def test_one_byte_more_than_allowed_is_too_large(bundle: Bundle) -> None:
    assert put(bundle, bytes(taken.MAX_FILE))[0] == 201

    status, body = put(bundle, bytes(taken.MAX_FILE + 1), image_id=a_ulid(1))

    assert (status, body["error"]["code"]) == (413, "too_large")
    assert list(bundle.tables.rows.uploads) == [(USER, a_ulid())]


def test_what_is_no_picture_is_told_so(bundle: Bundle) -> None:
    bundle.studio.unreadable.add(b"<!doctype html>")

    status, body = put(bundle, b"<!doctype html>")

    assert (status, body["error"]["code"]) == (400, "invalid")
    assert "JPEG" in body["error"]["message"]


@pytest.mark.parametrize("image_id", ["x", a_ulid().lower()])
def test_an_id_that_is_none_is_refused(bundle: Bundle, image_id: str) -> None:
    assert put(bundle, image_id=image_id)[0] == 400

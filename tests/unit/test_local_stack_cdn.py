"""The local edge around the function: methods before it, the bucket behind it, headers on all."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest
from botocore.exceptions import ClientError
from starlette.requests import Request
from starlette.responses import Response
from tests.local_stack.cdn import Cdn
from tests.local_stack.template.read_edge import EdgeSpec

SPEC = EdgeSpec(
    domain="edge.cloudfront.net",
    pattern="/cdn/*",
    methods=("GET", "HEAD"),
    function="",
    headers={"x-content-type-options": "nosniff"},
    bucket="pictures",
    readable=("arn:aws:s3:::pictures/p/*.webp",),
)
THROUGH = """
function handler(event) {
  event.request.uri = event.request.uri.slice('/cdn'.length);
  return event.request;
}
"""


class Bucket:
    """S3 with one object."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get_object(self, **asked: str) -> dict[str, Any]:
        self.asked.append(asked["Key"])
        if asked["Key"] != "p/a b.webp":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "x"}}, "GetObject")
        return {"Body": io.BytesIO(b"RIFF"), "ETag": '"1"', "ContentType": "image/webp"}


def ask(path: str, method: str = "GET", code: str = THROUGH) -> tuple[Response, Bucket]:
    """The edge's answer, and the bucket behind it."""
    bucket = Bucket()
    client: Any = bucket
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }
    return asyncio.run(Cdn(SPEC, code, client).handle(Request(scope))), bucket


def test_what_the_function_lets_through_is_read_from_the_bucket() -> None:
    response, bucket = ask("/cdn/p/a%20b.webp")

    assert (response.status_code, response.body) == (200, b"RIFF")
    assert response.headers["content-type"] == "image/webp"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert bucket.asked == ["p/a b.webp"]


def test_head_is_told_everything_but_the_bytes() -> None:
    response, _ = ask("/cdn/p/a%20b.webp", "HEAD")

    assert (response.status_code, response.body) == (200, b"")
    assert response.headers["content-length"] == "4"


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/cdn/p/a%20b.webp", "POST"),  # not allowed by the behaviour
        ("/cdn/p/original", "GET"),  # not allowed by the bucket's policy
        ("/cdn/q/a.webp", "GET"),
        ("/cdn/p/missing.webp", "GET"),  # not there, which looks the same
    ],
)
def test_what_may_not_be_read_is_forbidden(path: str, method: str) -> None:
    response, bucket = ask(path, method)

    assert response.status_code == 403
    assert response.headers["x-content-type-options"] == "nosniff"
    assert bucket.asked == (["p/missing.webp"] if "missing" in path else [])


def test_what_the_function_answers_is_the_answer() -> None:
    code = "function handler(event) { return { statusCode: 403, headers: { a: { value: 'b' } } }; }"
    response, bucket = ask("/cdn/p/a%20b.webp", code=code)

    assert (response.status_code, response.headers["a"], bucket.asked) == (403, "b", [])


@pytest.mark.parametrize(
    ("body", "status"), [("throw new Error('broken')", 503), ("return 'broken'", 502)]
)
def test_a_function_that_fails_lets_nothing_through_and_is_heard(
    body: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    response, bucket = ask("/cdn/p/a%20b.webp", code=f"function handler(event) {{ {body}; }}")

    assert (response.status_code, response.body, bucket.asked) == (status, b"", [])
    assert "the function at the edge failed" in capsys.readouterr().err

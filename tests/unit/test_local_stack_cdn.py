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
from tests.local_stack.edge.cache import EdgeCache, Kept
from tests.local_stack.edge.invalidations import Invalidations
from tests.local_stack.template.read_edge import EdgeSpec

SPEC = EdgeSpec(
    domain="edge.cloudfront.net",
    pattern="/cdn/*",
    methods=("GET", "HEAD"),
    function="",
    headers={"x-content-type-options": "nosniff"},
    bucket="pictures",
    readable=("arn:aws:s3:::pictures/p/*.webp",),
    origins=("https://friend.test",),
    removed=("x-amz-meta-cache-tag",),
    tag_header="x-amz-meta-cache-tag",
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
        self.cache_control = "public, max-age=31536000, immutable"

    def get_object(self, **asked: str) -> dict[str, Any]:
        self.asked.append(asked["Key"])
        if asked["Key"] != "p/a b.webp":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "x"}}, "GetObject")
        return {
            "Body": io.BytesIO(b"RIFF"),
            "ETag": '"1"',
            "ContentType": "image/webp",
            "CacheControl": self.cache_control,
            "Metadata": {"cache-tag": "0F, 1e"},
        }


def ask(path: str, method: str = "GET", code: str = THROUGH) -> tuple[Response, Bucket]:
    """The edge's answer, and the bucket behind it."""
    bucket = Bucket()
    cdn = Cdn(SPEC, code, bucket, EdgeCache(SPEC.tag_header))  # type: ignore[arg-type]
    return get(cdn, path, method), bucket


def get(cdn: Cdn, path: str, method: str = "GET", origin: str = "") -> Response:
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"origin", origin.encode())] if origin else [],
    }
    return asyncio.run(cdn.handle(Request(scope)))


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


@pytest.mark.parametrize(
    ("origin", "answer"),
    [
        ("https://friend.test", "https://friend.test"),
        ("https://stranger.test", None),
        ("", None),
    ],
)
def test_a_picture_may_be_read_by_pages_of_allowed_origins(origin: str, answer: str | None) -> None:
    cdn = cached(Bucket(), CloudFront())

    for _ in range(2):  # also from the cache
        response = get(cdn, PICTURE, origin=origin)
        assert response.headers.get("access-control-allow-origin") == answer


# --- The cache -----------------------------------------------------------------------------------

PICTURE = "/cdn/p/a%20b.webp"


class CloudFront:
    """Invalidations as the emulator keeps them, the oldest first."""

    def __init__(self, *batches: list[str]) -> None:
        self.batches = list(batches)

    def list_invalidations(self, **asked: str) -> dict[str, Any]:
        assert asked == {"DistributionId": "E1"}
        items = [{"Id": str(number)} for number in range(len(self.batches))]
        return {"InvalidationList": {"Items": items} if items else {}}

    def get_invalidation(self, **asked: str) -> dict[str, Any]:
        paths = {"Items": self.batches[int(asked["Id"])]}
        return {"Invalidation": {"InvalidationBatch": {"Paths": paths}}}


def cached(bucket: Bucket, cloudfront: CloudFront) -> Cdn:
    cache = EdgeCache(SPEC.tag_header, Invalidations(cloudfront, "E1"))
    return Cdn(SPEC, THROUGH, bucket, cache)  # type: ignore[arg-type]


def test_a_picture_is_read_from_the_bucket_once_and_its_tags_stay_inside() -> None:
    bucket = Bucket()
    cdn = cached(bucket, CloudFront(["/*"]))

    answers = [get(cdn, PICTURE) for _ in range(3)] + [get(cdn, PICTURE, "HEAD")]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert answers[2].body == b"RIFF"
    assert len(bucket.asked) == 1
    assert not any("x-amz-meta-cache-tag" in answer.headers for answer in answers)


def test_what_does_not_say_how_long_it_may_be_kept_is_not() -> None:
    bucket = Bucket()
    bucket.cache_control = "no-store"
    cdn = cached(bucket, CloudFront())

    for _ in range(2):
        get(cdn, PICTURE)

    assert len(bucket.asked) == 2


@pytest.mark.parametrize("item", ["#0f", "#1E", "/p/a%20b.webp", "/p/*", "/*"])
def test_what_an_invalidation_names_is_forgotten(item: str) -> None:
    bucket, cloudfront = Bucket(), CloudFront()
    cdn = cached(bucket, cloudfront)
    get(cdn, PICTURE)

    cloudfront.batches.append(["/other", item])
    for _ in range(2):
        get(cdn, PICTURE)

    assert len(bucket.asked) == 2


@pytest.mark.parametrize("item", ["#0", "#0f*", "#p/a%20b.webp", "/p/a", "/q/*", "0f", "#"])
def test_what_it_does_not_name_stays(item: str) -> None:
    bucket, cloudfront = Bucket(), CloudFront()
    cdn = cached(bucket, cloudfront)
    get(cdn, PICTURE)

    cloudfront.batches.append([item])
    get(cdn, PICTURE)

    assert len(bucket.asked) == 1


def test_the_oldest_goes_where_there_is_no_room() -> None:
    cache = EdgeCache(None)
    headers = {"cache-control": "max-age=60"}
    for number in range(5):
        cache.keep(f"/p/{number}", Kept(bytes(16 * 1024 * 1024), headers))

    assert cache.get("/p/0") is None
    assert cache.get("/p/4") is not None

"""The pictures under /cdn/, let through by the function of the template and read as it allows.

In CloudFront's order: the behaviour's methods, the function before the cache, the bucket. What is
not here is the cache; a picture is read from the bucket every time.
"""

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.exceptions import ClientError
from starlette.requests import Request
from starlette.responses import Response

from tests.local_stack.edge.event import viewer_request
from tests.local_stack.edge.function import Answer, EdgeFunction, FunctionFailed
from tests.local_stack.lambda_runtime.permissions import matches
from tests.local_stack.template.read_edge import EdgeSpec

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Cdn:
    """Serves the pictures of one bucket. Make it on the thread that it serves on.

    Args:
        code: of the function before the cache, with its secrets.
        client: with credentials that may read the bucket.
    """

    def __init__(self, edge: EdgeSpec, code: str, client: "S3Client") -> None:
        self._edge = edge
        self._function = EdgeFunction(code, lambda line: print(f"edge: {line}", flush=True))
        self._client = client

    @property
    def prefix(self) -> str:
        """Of the paths that are served here, "/cdn/"."""
        return self._edge.pattern.removesuffix("*")

    async def handle(self, request: Request) -> Response:
        """The answer to a request of any method."""
        response = await self._answer(request)
        response.headers.update(self._edge.headers)
        return response

    async def _answer(self, request: Request) -> Response:
        if request.method not in self._edge.methods:
            return Response("Forbidden", 403)  # "HTTP 403 status code", Troubleshooting
        try:
            verdict = self._function(viewer_request(request, self._edge.domain), time.time())
        except FunctionFailed as failure:
            print(f"! the function at the edge failed: {failure}", file=sys.stderr, flush=True)
            return Response(None, failure.status)
        if isinstance(verdict, Answer):
            return Response(verdict.body, verdict.status, dict(verdict.headers))
        return await self._picture(unquote(verdict.uri.removeprefix("/")), request.method)

    async def _picture(self, key: str, method: str) -> Response:
        arn = f"arn:aws:s3:::{self._edge.bucket}/{key}"
        if not any(matches(pattern, arn) for pattern in self._edge.readable):
            return Response("Forbidden", 403)
        try:
            found = await asyncio.to_thread(self._read, key)
        except ClientError:
            # Without s3:ListBucket a missing object is "403 Forbidden" ("GetObject").
            return Response("Forbidden", 403)
        return _found(found, with_body=method == "GET")

    def _read(self, key: str) -> dict[str, Any]:
        answer = self._client.get_object(Bucket=self._edge.bucket, Key=key)
        with answer["Body"] as body:
            return {**answer, "Body": body.read()}


def _found(found: dict[str, Any], *, with_body: bool) -> Response:
    headers = {
        "content-type": found.get("ContentType", "application/octet-stream"),
        "etag": found["ETag"],
        "content-length": str(len(found["Body"])),
    }
    if "CacheControl" in found:
        headers["cache-control"] = found["CacheControl"]
    return Response(found["Body"] if with_body else b"", 200, headers)

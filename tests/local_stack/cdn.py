"""The pictures under /cdn/, let through by the function of the template and read as it allows.

In CloudFront's order: the behaviour's methods, the function before the cache, the cache, the
bucket, and the headers that are added to the answer or taken from it.
"""

import asyncio
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import unquote

from botocore.exceptions import ClientError
from starlette.requests import Request
from starlette.responses import Response

from tests.local_stack.edge.cache import EdgeCache, Kept
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
        cache: of this distribution.
    """

    def __init__(self, edge: EdgeSpec, code: str, client: "S3Client", cache: EdgeCache) -> None:
        self._edge = edge
        self._function = EdgeFunction(code, lambda line: print(f"edge: {line}", flush=True))
        self._client = client
        self._cache = cache

    @property
    def prefix(self) -> str:
        """Of the paths that are served here, "/cdn/"."""
        return self._edge.pattern.removesuffix("*")

    async def handle(self, request: Request) -> Response:
        """The answer to a request of any method."""
        response = await self._answer(request)
        for name in self._edge.removed:
            if name in response.headers:
                del response.headers[name]
        response.headers.update(self._edge.headers)
        # "CORS headers", Understand response headers policies: the one of the list that asks.
        origin = request.headers.get("origin", "")
        if origin in self._edge.origins:
            response.headers["access-control-allow-origin"] = origin
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
        return await self._picture(verdict.uri, request.method)

    async def _picture(self, path: str, method: str) -> Response:
        found = await asyncio.to_thread(self._cache.get, path)
        if found is None:
            found = await self._fetched(unquote(path.removeprefix("/")))
            if found is None:
                # Without s3:ListBucket a missing object is "403 Forbidden" ("GetObject").
                return Response("Forbidden", 403)
            self._cache.keep(path, found)
        return Response(found.body if method == "GET" else b"", 200, dict(found.headers))

    async def _fetched(self, key: str) -> Kept | None:
        """From the bucket; None if it is not there, or not for the edge to read."""
        arn = f"arn:aws:s3:::{self._edge.bucket}/{key}"
        if not any(matches(pattern, arn) for pattern in self._edge.readable):
            return None
        try:
            return await asyncio.to_thread(self._read, key)
        except ClientError:
            return None

    def _read(self, key: str) -> Kept:
        answer = self._client.get_object(Bucket=self._edge.bucket, Key=key)
        with answer["Body"] as body:
            data = body.read()
        headers = {
            "content-type": answer.get("ContentType", "application/octet-stream"),
            "etag": answer["ETag"],
            "content-length": str(len(data)),
            **{f"x-amz-meta-{name}": value for name, value in answer.get("Metadata", {}).items()},
        }
        if "CacheControl" in answer:
            headers["cache-control"] = answer["CacheControl"]
        return Kept(data, headers)

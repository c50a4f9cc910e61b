"""The pictures under /cdn/, let through by the rules of the template's VerifyImageUrl function.

The signature covers path and expiry: HMAC-SHA256, base64url without padding, over
"<path>?expires=<expires>". What the edge then reads is what the bucket policy lets it read.
"""

import asyncio
import base64
import hashlib
import hmac
import re
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from starlette.requests import Request
from starlette.responses import Response

from tests.local_stack.lambda_runtime.permissions import matches
from tests.local_stack.template.read_edge import EdgeSpec

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "/cdn"
_EXPIRES = re.compile(r"[0-9]{1,12}")


def signature_of(path: str, expires: str, secret: str) -> str:
    """The signature that a picture's address must carry."""
    signed = f"{path}?expires={expires}".encode()
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_genuine(path: str, expires: str, signature: str, secret: str, now: float) -> bool:
    """True for an address that has not expired and carries its own signature.

    Args:
        now: epoch seconds.
    """
    fresh = _EXPIRES.fullmatch(expires) is not None and int(expires) > now
    return fresh and hmac.compare_digest(
        signature_of(path, expires, secret).encode(), signature.encode()
    )


class Cdn:
    """Serves the pictures of one bucket.

    Args:
        client: with credentials that may read the bucket.
    """

    def __init__(self, edge: EdgeSpec, secret: str, client: "S3Client") -> None:
        self._edge = edge
        self._secret = secret
        self._client = client

    async def handle(self, request: Request) -> Response:
        """GET and HEAD of one picture."""
        path = request.scope["raw_path"].decode("latin-1")
        query = request.query_params
        expires, signature = query.get("expires", ""), query.get("signature", "")
        if not is_genuine(path, expires, signature, self._secret, time.time()):
            return _forbidden()
        key = request.scope["path"].removeprefix(f"{PREFIX}/")
        if not self._is_readable(key):
            return _forbidden()
        try:
            found = await asyncio.to_thread(self._read, key)
        except ClientError:
            # Without s3:ListBucket a missing object is "403 Forbidden" ("GetObject").
            return _forbidden()
        return _picture(found, with_body=request.method == "GET")

    def _is_readable(self, key: str) -> bool:
        if not {"", ".", ".."}.isdisjoint(key.split("/")):
            return False
        arn = f"arn:aws:s3:::{self._edge.bucket}/{key}"
        return any(matches(pattern, arn) for pattern in self._edge.readable)

    def _read(self, key: str) -> dict[str, Any]:
        answer = self._client.get_object(Bucket=self._edge.bucket, Key=key)
        with answer["Body"] as body:
            return {**answer, "Body": body.read()}


def _picture(found: dict[str, Any], *, with_body: bool) -> Response:
    headers = {
        "content-type": found.get("ContentType", "application/octet-stream"),
        "etag": found["ETag"],
        "content-length": str(len(found["Body"])),
        "x-content-type-options": "nosniff",
    }
    if "CacheControl" in found:
        headers["cache-control"] = found["CacheControl"]
    return Response(found["Body"] if with_body else b"", 200, headers)


def _forbidden() -> Response:
    return Response("Forbidden", 403, {"x-content-type-options": "nosniff"})

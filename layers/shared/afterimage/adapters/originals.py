"""Originals leave by S3's own signed addresses, never by the edge: nothing caches them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from afterimage.adapters.clients import QUICK, code_of
from afterimage.ports.pictures import DOWNLOAD_LIFETIME

# Some Regions still presign by an older version, which names no Region and expires unsigned.
PRESIGN = QUICK.merge(Config(signature_version="s3v4"))

_LONGEST_START = 12  # bytes
_FORMATS = (
    (b"\xff\xd8\xff", b"", "image/jpeg", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", b"", "image/png", ".png"),
    (b"RIFF", b"WEBP", "image/webp", ".webp"),
)
# Who may not list a bucket is told 403, not 404, of what is not there.
_MISSING = ("NoSuchKey", "AccessDenied")


class S3Originals:
    """Implements `Originals`.

    Args:
        client: made when it is first asked for.
    """

    def __init__(self, client: Callable[[], Any], bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def download(self, key: str, name: str) -> str | None:
        start = self._start_of(key)
        if start is None:
            return None
        media, ending = _format(start)
        url = self._client().generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentType": media,
                "ResponseContentDisposition": f'attachment; filename="{name}{ending}"',
            },
            ExpiresIn=int(DOWNLOAD_LIFETIME.total_seconds()),
        )
        return str(url)

    def _start_of(self, key: str) -> bytes | None:
        """The bytes that say which format it is; the bucket was never told."""
        span = f"bytes=0-{_LONGEST_START - 1}"
        try:
            answer = self._client().get_object(Bucket=self._bucket, Key=key, Range=span)
        except ClientError as error:
            if code_of(error) not in _MISSING:
                raise
            return None
        return bytes(answer["Body"].read())


def _format(start: bytes) -> tuple[str, str]:
    for first, second, media, ending in _FORMATS:
        if start.startswith(first) and start[8:].startswith(second):
            return media, ending
    return "application/octet-stream", ""

"""Uploads and copies that are signed by botocore and sent by its HTTP client, without the rest of a
client.

For each call a client of botocore checks its parameters against a model, works out an endpoint,
builds a request and takes an answer apart: more CPU than signing and sending, for what is the same
each time. Whatever is not answered with success is left to the client, which knows what errors are
called and what may be tried again. To put or copy the same bytes twice does no harm.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from afterimage.adapters.s3 import CACHE_TAG, IMMUTABLE, S3Pictures
from afterimage.adapters.stock_files import S3StockFiles
from afterimage.domain.ids import ORIGINAL
from afterimage.ports.system import Clock, Log

_DONE = 200
# Of a copy that has failed behind its first bytes the status says nothing.
_COPIED = b"<CopyObjectResult"
# As clients have it, and such a session has not: else a body waits for the acknowledgement of its
# header, 40 ms.
_AT_ONCE = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
_TIMEOUTS = (1, 5)  # seconds, to connect and to read, as a client's are here


class QuickPuts:
    """Sends one PUT to a bucket.

    Args:
        credentials: those that sign, asked for each time.
        client: knows where the bucket is.
    """

    def __init__(
        self, credentials: Callable[[], Any], client: Callable[[], Any], bucket: str, log: Log
    ) -> None:
        self._credentials = credentials
        self._client = client
        self._bucket = bucket
        self._log = log
        # Two timeouts are what it takes, whatever its stubs say.
        self._http = URLLib3Session(timeout=_TIMEOUTS, socket_options=_AT_ONCE)  # type: ignore[arg-type]

    def __call__(
        self, key: str, data: bytes, headers: Mapping[str, str], answered: bytes = b""
    ) -> bool:
        """Whether it is done; if not, it may be all the same.

        Args:
            answered: what the body of a success has in it.
        """
        where = self._client().meta
        url = f"{where.endpoint_url}/{self._bucket}/{_quoted(key)}"
        request = AWSRequest("PUT", url, headers, data)
        signer = self._credentials().get_frozen_credentials()
        S3SigV4Auth(signer, "s3", where.region_name).add_auth(request)
        try:
            answer = self._http.send(request.prepare())
            body = answer.content  # read, so that the connection is kept
            came: object = answer.status_code if answered in body else "another body"
        except BotoCoreError as error:
            came = type(error).__name__
        if came != _DONE:
            self._log.info("upload_left_to_the_client", answer=came)
        return came == _DONE


class QuickPictures(S3Pictures):
    """Implements `PictureStore`."""

    def __init__(
        self, put: QuickPuts, client: Callable[[], Any], bucket: str, clock: Clock
    ) -> None:
        super().__init__(client, bucket, clock)
        self._put = put

    def put_webp(self, key: str, data: bytes, tags: Sequence[str] = ()) -> None:
        if not self._put(key, data, _shown(tags)):
            super().put_webp(key, data, tags)


class QuickStockFiles(S3StockFiles):
    """Implements `StockFiles`."""

    def __init__(
        self, put: QuickPuts, client: Callable[[], Any], bucket: str, executor: Executor
    ) -> None:
        super().__init__(client, bucket, executor)
        self._put = put

    def _copy_one(self, source: str, copy: str, tags: Sequence[str]) -> None:
        headers = {"x-amz-copy-source": f"{self._bucket}/{_quoted(source)}"}
        if not copy.endswith(f"/{ORIGINAL}"):
            headers |= {"x-amz-metadata-directive": "REPLACE", **_shown(tags)}
        if not self._put(copy, b"", headers, _COPIED):
            super()._copy_one(source, copy, tags)


def _quoted(key: str) -> str:
    return quote(key, safe="/~")


def _shown(tags: Sequence[str]) -> dict[str, str]:
    """What a file is said to be to who reads it at the edge."""
    return {
        "Content-Type": "image/webp",
        "Cache-Control": IMMUTABLE,
        f"x-amz-meta-{CACHE_TAG}": ",".join(tags),
    }

"""Uploads that are signed by botocore and sent by its HTTP client, without the rest of a client.

For each call a client of botocore checks its parameters against a model, works out an endpoint,
builds a request and takes an answer apart: more CPU than signing and sending, for what is the same
each time. Whatever is not answered with 200 is left to the client, which knows what errors are
called and what may be tried again. To put the same bytes twice does no harm.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from afterimage.adapters.aws import CACHE_TAG, IMMUTABLE, S3Pictures
from afterimage.ports.system import Clock, Log

_STORED = 200
# As clients have it, and such a session has not: else a body waits for the acknowledgement of its
# header, 40 ms.
_AT_ONCE = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
_TIMEOUTS = (1, 5)  # seconds, to connect and to read, as a client's are here


class QuickPictures(S3Pictures):
    """Implements `PictureStore`. Args: credentials: those that sign, asked for each time."""

    def __init__(
        self,
        credentials: Callable[[], Any],
        client: Callable[[], Any],
        bucket: str,
        clock: Clock,
        log: Log,
    ) -> None:
        super().__init__(client, bucket, clock)
        self._log = log
        self._credentials = credentials
        # Two timeouts are what it takes, whatever its stubs say.
        self._http = URLLib3Session(timeout=_TIMEOUTS, socket_options=_AT_ONCE)  # type: ignore[arg-type]

    def put_webp(self, key: str, data: bytes, tags: Sequence[str] = ()) -> None:
        headers = {
            "Content-Type": "image/webp",
            "Cache-Control": IMMUTABLE,
            f"x-amz-meta-{CACHE_TAG}": ",".join(tags),
        }
        if not self._put(key, data, headers):
            super().put_webp(key, data, tags)

    def _put(self, key: str, data: bytes, headers: Mapping[str, str]) -> bool:
        """Whether it is stored; if not, it may be all the same."""
        where = self._client().meta
        url = f"{where.endpoint_url}/{self._bucket}/{quote(key, safe='/~')}"
        request = AWSRequest("PUT", url, headers, data)
        signer = self._credentials().get_frozen_credentials()
        S3SigV4Auth(signer, "s3", where.region_name).add_auth(request)
        try:
            answer = self._http.send(request.prepare())
            answer.content  # noqa: B018 - read, so that the connection is kept
            came: object = answer.status_code
        except BotoCoreError as error:
            came = type(error).__name__
        if came != _STORED:
            self._log.info("upload_left_to_the_client", answer=came)
        return came == _STORED

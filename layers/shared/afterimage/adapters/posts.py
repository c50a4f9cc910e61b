"""Frames, posted to connections by API Gateway."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ReadTimeoutError
from botocore.exceptions import ConnectionError as NotConnected

from afterimage.adapters.clients import reason_of
from afterimage.domain.metrics import Metric
from afterimage.ports.system import Clock, Log, Metrics

_LONGEST_PAUSE_OF_A_POST_S = 0.1  # a post has two seconds in all
_TOO_MANY, _THEIR_FAULT = 429, 500  # statuses of HTTP; the second and what is above


class ApiGatewayPush:
    """Implements `Push`.

    A post that fails is tried once more: at a sandbox's first post after a pause, API Gateway
    may have closed the connections that were kept, and an account that is throttled for the
    moment may not be a moment later. What then still fails says nothing about the socket, which
    stays open: its client hears of the gap by the `seq` of the next frame, or of the answer to
    its next ping.
    """

    def __init__(self, client: Callable[[], Any], clock: Clock, log: Log, metrics: Metrics) -> None:
        self._client = client
        self._clock = clock
        self._log = log
        self._metrics = metrics

    def post(self, connection_id: str, frames: Sequence[str], until: datetime) -> bool:
        client = self._client()
        for number, frame in enumerate(frames):
            if self._clock.now() >= until:
                self._drop(connection_id, "late")
                return number == 0  # where nothing was posted, it is we who are late
            post = partial(
                client.post_to_connection, ConnectionId=connection_id, Data=frame.encode()
            )
            try:
                self._call(post, until)
            except client.exceptions.GoneException:
                self._metrics.add(Metric.POSTS_GONE)
                return False
            except (ClientError, BotoCoreError) as error:
                self._drop(connection_id, reason_of(error))
                # Silent for all its time it is deaf; nothing else tells anything of the socket.
                return not (isinstance(error, ReadTimeoutError) and self._clock.now() >= until)
        return True

    def get_ready(self) -> None:
        """Connects to API Gateway, by a question for a socket that is not there."""
        with suppress(ClientError):
            self._client().get_connection(ConnectionId="warm")

    def close(self, connection_id: str) -> None:
        client = self._client()
        try:
            self._call(partial(client.delete_connection, ConnectionId=connection_id))
        except client.exceptions.GoneException:
            pass
        except (ClientError, BotoCoreError) as error:
            self._log.warning(
                "channel_close_failed", connection_id=connection_id, reason=reason_of(error)
            )

    def _call(self, call: Callable[[], object], until: datetime | None = None) -> None:
        """Once more where it fails for what may have passed by then, if there is time."""
        try:
            call()
        except (ClientError, BotoCoreError) as error:
            if not _may_pass(error):
                raise
            if isinstance(error, ClientError):
                pause = random.uniform(0, _LONGEST_PAUSE_OF_A_POST_S)  # noqa: S311 - jitter
                self._clock.sleep(pause)
            if until is not None and self._clock.now() >= until:
                raise
            call()

    def _drop(self, connection_id: str, reason: str) -> None:
        self._log.warning("channel_post_dropped", connection_id=connection_id, reason=reason)
        self._metrics.add(Metric.POSTS_DROPPED)


def _may_pass(error: ClientError | BotoCoreError) -> bool:
    """Whether the same call may go through a moment later."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status == _TOO_MANY or status >= _THEIR_FAULT
    return isinstance(error, NotConnected | HTTPClientError)

"""S3, Lambda, API Gateway's connections, Secrets Manager and SSM, each behind its port.

Foreign errors are translated here and nowhere else. Clients that a first invocation may not
need are passed as callables and made when they are first used.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ReadTimeoutError
from botocore.exceptions import ConnectionError as NotConnected

from afterimage.adapters.age import is_fresh
from afterimage.domain.errors import ProviderUnavailable
from afterimage.domain.metrics import Metric
from afterimage.domain.sources import KNOWN_BY
from afterimage.ports.pictures import FileHead
from afterimage.ports.system import Clock, Log, Metrics

if TYPE_CHECKING:
    from afterimage.domain.deletions import Deletion
    from afterimage.domain.jobs import Job
    from afterimage.domain.web_push import Notice

_DAY_S = 86_400
_KEYS_AT_ONCE = 1_000  # S3's own limit
# Before another try at what another upload of the same key stands in the way of: up to 3 s.
_PAUSES_S = (0.2, 0.4, 0.8, 1.6)
_LONGEST_PAUSE_OF_A_POST_S = 0.1  # a post has two seconds in all
_TOO_MANY, _THEIR_FAULT = 429, 500  # statuses of HTTP; the second and what is above
CACHE_TAG = "cache-tag"  # S3 answers with it as `x-amz-meta-cache-tag`, which the edge reads
IMMUTABLE = "public, max-age=31536000, immutable"

QUICK = Config(
    connect_timeout=1,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=24,
)
# What may be tried again is decided here, where it is known until when.
PUSH = Config(
    connect_timeout=1,
    read_timeout=1,
    retries={"mode": "standard", "total_max_attempts": 1},
    max_pool_connections=24,
)
# What is waited for a second in all.
BRIEF = Config(
    connect_timeout=0.5,
    read_timeout=0.5,
    retries={"mode": "standard", "total_max_attempts": 1},
)
# Uploads need no second checksum: TLS and SigV4 cover the body.
UPLOAD = QUICK.merge(Config(request_checksum_calculation="when_required"))


class S3Pictures:
    """Implements `PictureStore`, `SourceFiles` and `PictureFolder`."""

    def __init__(self, client: Callable[[], Any], bucket: str, clock: Clock) -> None:
        self._client = client
        self._bucket = bucket
        self._clock = clock

    def put_original(self, key: str, data: bytes) -> bool:
        for pause in _PAUSES_S:
            try:
                return self._put_if_new(key, data)
            except ClientError as error:
                # Another upload of this key is under way (one of our own may be, whose answer
                # was late): only when it has ended is it known whether there is anything.
                if _code(error) != "ConditionalRequestConflict":
                    raise
            self._clock.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter
        return self._put_if_new(key, data)

    def _put_if_new(self, key: str, data: bytes) -> bool:
        try:
            self._client().put_object(Bucket=self._bucket, Key=key, Body=data, IfNoneMatch="*")
        except ClientError as error:
            if _code(error) != "PreconditionFailed":
                raise
            return False  # another attempt's bytes are there: they stay
        return True

    def put_webp(self, key: str, data: bytes, tags: Sequence[str] = ()) -> None:
        self._client().put_object(
            Bucket=self._bucket,
            Key=key,
            Body=data,
            ContentType="image/webp",
            CacheControl=IMMUTABLE,
            Metadata={CACHE_TAG: ",".join(tags)},
        )

    def get(self, key: str) -> bytes | None:
        client = self._client()
        try:
            answer = client.get_object(Bucket=self._bucket, Key=key)
        except client.exceptions.NoSuchKey:
            return None
        return bytes(answer["Body"].read())

    def head(self, key: str) -> FileHead | None:
        client = self._client()
        try:
            answer = client.get_object(
                Bucket=self._bucket, Key=key, Range=f"bytes=0-{KNOWN_BY - 1}"
            )
        except client.exceptions.NoSuchKey:
            return None
        size = answer["ContentRange"].rpartition("/")[2]  # "bytes 0-11/80123" (RFC 9110, 14.4)
        return FileHead(bytes(answer["Body"].read()), int(size))

    def delete(self, keys: Sequence[str]) -> None:
        for batch in (keys[i : i + _KEYS_AT_ONCE] for i in range(0, len(keys), _KEYS_AT_ONCE)):
            answer = self._client().delete_objects(
                Bucket=self._bucket,
                Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True},
            )
            # What could not be removed is not an error of the call.
            if errors := answer.get("Errors"):
                raise OSError(f"{len(errors)} files not removed: {errors[0].get('Code')}")

    def some_keys(self, prefix: str) -> list[str]:
        answer = self._client().list_objects_v2(Bucket=self._bucket, Prefix=prefix)
        return [str(item["Key"]) for item in answer.get("Contents", ())]


class S3SmallFiles:
    """Implements `SmallFiles`."""

    def __init__(self, client: Callable[[], Any], bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, key: str) -> bytes | None:
        try:
            answer = self._client().get_object(Bucket=self._bucket, Key=key)
            return bytes(answer["Body"].read())
        except ClientError as error:
            # Who may not list the bucket is told nothing of what is not there.
            if _code(error) in ("NoSuchKey", "AccessDenied"):
                return None
            raise OSError(_code(error)) from error
        except BotoCoreError as error:
            raise OSError(type(error).__name__) from error


class LambdaImageStarter:
    """Implements `ImageStarter` by an asynchronous invocation.

    Args:
        correlation_id: follows the picture into the other function's log.
    """

    def __init__(
        self, client: Callable[[], Any], function: str, correlation_id: Callable[[], str | None]
    ) -> None:
        self._client = client
        self._function = function
        self._correlation_id = correlation_id

    def start(self, user_id: str, job: Job) -> None:
        payload = {
            "user_id": user_id,
            "chat_id": job.chat_id,
            "message_id": job.message_id,
            "job_id": job.id,
            "attempt": job.attempt,
            "correlation_id": self._correlation_id(),
        }
        try:
            _invoke_event(self._client(), self._function, payload)
        except (ClientError, BotoCoreError) as error:
            raise ProviderUnavailable(f"invoke failed: {type(error).__name__}") from error


class _LambdaKeeper:
    """Invokes the keeper asynchronously.

    Args:
        correlation_id: follows what is asked into the keeper's log.
    """

    def __init__(
        self,
        client: Callable[[], Any],
        function: str,
        correlation_id: Callable[[], str | None],
        log: Log,
    ) -> None:
        self._client = client
        self._function = function
        self._correlation_id = correlation_id
        self._log = log

    def _invoke(self, asked: dict[str, Any], failed: str) -> None:
        """Args: failed: the warning where it could not be invoked, which stops nobody."""
        payload = {**asked, "correlation_id": self._correlation_id()}
        try:
            _invoke_event(self._client(), self._function, payload)
        except (ClientError, BotoCoreError) as error:
            self._log.warning(failed, reason=type(error).__name__)


class LambdaDeletionStarter(_LambdaKeeper):
    """Implements `DeletionStarter`. One that is not started is found by the next sweep."""

    def start(self, user_id: str, deletion: Deletion) -> None:
        deleted = {"user_id": user_id, "name": deletion.name}
        self._invoke({"deletion": deleted}, "deletion_not_started")


class LambdaTeller(_LambdaKeeper):
    """Implements `Teller`. Where it does not reach the keeper, who comes back sees the answer."""

    def tell(self, user_id: str, notice: Notice) -> None:
        self._invoke({"push": {"user_id": user_id, **asdict(notice)}}, "browsers_not_told")


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
                self._drop(connection_id, _reason(error))
                # Silent for all its time it is deaf; nothing else tells anything of the socket.
                return not (isinstance(error, ReadTimeoutError) and self._clock.now() >= until)
        return True

    def close(self, connection_id: str) -> None:
        client = self._client()
        try:
            self._call(partial(client.delete_connection, ConnectionId=connection_id))
        except client.exceptions.GoneException:
            pass
        except (ClientError, BotoCoreError) as error:
            self._log.warning(
                "channel_close_failed", connection_id=connection_id, reason=_reason(error)
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


class Cached:
    """A text read from AWS at first use and again when it is older than `max_age_s`.

    If reading again fails, the old value serves on.

    Args:
        now: the wall clock's seconds, see `is_fresh`.
    """

    def __init__(
        self,
        read: Callable[[], str],
        log: Log,
        max_age_s: float = 300.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._read = read
        self._log = log
        self._max_age_s = max_age_s
        self._now = now
        self._value: str | None = None
        self._read_at = 0.0

    def __call__(self) -> str:
        now = self._now()
        if self._value is None:
            self._value, self._read_at = self._read(), now
        elif not is_fresh(self._read_at, now, self._max_age_s):
            self._read_at = now
            try:
                self._value = self._read()
            except (ClientError, BotoCoreError):
                self._log.exception("setting_not_refreshed")
        return self._value


def secret(client: Callable[[], Any], secret_id: str) -> Callable[[], str]:
    """Reads a secret's text from Secrets Manager."""
    return lambda: str(client().get_secret_value(SecretId=secret_id)["SecretString"])


def parameter(client: Callable[[], Any], name: str) -> Callable[[], str]:
    """Reads a parameter's text from SSM."""
    return lambda: str(client().get_parameter(Name=name)["Parameter"]["Value"])


class SignedUrls:
    """Implements `ImageUrls`: paths signed for the edge, which verifies them (template.yaml).

    Time is cut into periods, and a URL lasts until the next period ends: the same picture keeps
    the same URL for a whole period, so that browsers can cache it.

    Args:
        secret_value: words with a space between. The first signs; the edge accepts each.
        period_days: length of a period; a URL is valid for one to two of them.
    """

    def __init__(
        self,
        public_url: Callable[[], str],
        secret_value: Callable[[], str],
        clock: Clock,
        period_days: int,
    ) -> None:
        self._public_url = public_url
        self._secret_value = secret_value
        self._clock = clock
        self._period_s = period_days * _DAY_S

    def url(self, key: str) -> str:
        period = int(self._clock.now().timestamp()) // self._period_s
        expires = (period + 2) * self._period_s
        path = f"/cdn/{quote(key)}"
        signed = f"{path}?expires={expires}"
        secret = self._secret_value().partition(" ")[0]
        digest = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)
        signature = urlsafe_b64encode(digest).decode().rstrip("=")
        return f"{self._public_url()}{signed}&signature={signature}"


def _invoke_event(client: Any, function: str, payload: dict[str, Any]) -> None:
    """Have a function run soon, without waiting for it."""
    client.invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(payload).encode()
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _reason(error: ClientError | BotoCoreError) -> str:
    return _code(error) if isinstance(error, ClientError) else type(error).__name__


def _may_pass(error: ClientError | BotoCoreError) -> bool:
    """Whether the same call may go through a moment later."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status == _TOO_MANY or status >= _THEIR_FAULT
    return isinstance(error, NotConnected | HTTPClientError)

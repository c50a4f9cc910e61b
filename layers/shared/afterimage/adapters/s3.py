"""Pictures' files, in S3. Its errors are translated here and nowhere else.

Clients that a first invocation may not need are passed as callables, here as in all adapters, and
made when they are first used.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from afterimage.adapters.clients import code_of
from afterimage.domain.sources import KNOWN_BY
from afterimage.ports.pictures import FileHead
from afterimage.ports.system import Clock

_KEYS_AT_ONCE = 1_000  # S3's own limit
# Before another try at what another upload of the same key stands in the way of: up to 3 s.
_PAUSES_S = (0.2, 0.4, 0.8, 1.6)
CACHE_TAG = "cache-tag"  # S3 answers with it as `x-amz-meta-cache-tag`, which the edge reads
IMMUTABLE = "public, max-age=31536000, immutable"


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
                if code_of(error) != "ConditionalRequestConflict":
                    raise
            self._clock.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter
        return self._put_if_new(key, data)

    def _put_if_new(self, key: str, data: bytes) -> bool:
        try:
            self._client().put_object(Bucket=self._bucket, Key=key, Body=data, IfNoneMatch="*")
        except ClientError as error:
            if code_of(error) != "PreconditionFailed":
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
            if code_of(error) in ("NoSuchKey", "AccessDenied"):
                return None
            raise OSError(code_of(error)) from error
        except BotoCoreError as error:
            raise OSError(type(error).__name__) from error

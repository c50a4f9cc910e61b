"""Files of the stock's pictures, copied to whoever gets one, in S3."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from afterimage.adapters.s3 import CACHE_TAG, IMMUTABLE
from afterimage.domain.ids import ORIGINAL


class S3StockFiles:
    """Implements `StockFiles`: S3 copies, and no byte passes through here.

    Args:
        executor: copies side by side.
    """

    def __init__(self, client: Callable[[], Any], bucket: str, executor: Executor) -> None:
        self._client = client
        self._bucket = bucket
        self._executor = executor

    def copy(self, copies: Mapping[str, str], tags: Sequence[str]) -> None:
        begun = [
            self._executor.submit(self._copy_one, source, copy, tags)
            for source, copy in copies.items()
        ]
        for one in begun:
            one.exception()  # nothing is being copied any more when this returns
        for one in begun:
            one.result()

    def _copy_one(self, source: str, copy: str, tags: Sequence[str]) -> None:
        # What the stock's file is said to be is the stock's.
        shown: dict[str, Any] = {
            "MetadataDirective": "REPLACE",
            "ContentType": "image/webp",
            "CacheControl": IMMUTABLE,
            "Metadata": {CACHE_TAG: ",".join(tags)},
        }
        try:
            self._client().copy_object(
                Bucket=self._bucket,
                Key=copy,
                CopySource={"Bucket": self._bucket, "Key": source},
                **({} if copy.endswith(f"/{ORIGINAL}") else shown),
            )
        except (ClientError, BotoCoreError) as error:
            raise OSError(f"{type(error).__name__} for {copy.rpartition('/')[2]}") from error

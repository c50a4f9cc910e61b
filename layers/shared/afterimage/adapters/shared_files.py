"""Files that everybody may read who has a link, in S3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from afterimage.adapters.clients import code_of
from afterimage.adapters.s3 import CACHE_TAG

# A browser, and an edge that was not told, forget it that soon after it is taken back.
BRIEFLY = "public, max-age=300"


class S3SharedFiles:
    """Implements `SharedFiles`: S3 copies, and no byte passes through here."""

    def __init__(self, client: Callable[[], Any], bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def share(self, source: str, copy: str, tag: str) -> bool:
        try:
            self._client().copy_object(
                Bucket=self._bucket,
                Key=copy,
                CopySource={"Bucket": self._bucket, "Key": source},
                # What the picture's own file is said to be is its owner's.
                MetadataDirective="REPLACE",
                ContentType="image/webp",
                CacheControl=BRIEFLY,
                Metadata={CACHE_TAG: tag},
            )
        except ClientError as error:
            # Who may not list the bucket is told nothing of what is not there.
            if code_of(error) in ("NoSuchKey", "AccessDenied"):
                return False
            raise
        return True

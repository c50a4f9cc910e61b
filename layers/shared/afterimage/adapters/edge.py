"""The caches at the edge: CloudFront's invalidations."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from afterimage.adapters.clients import code_of
from afterimage.ports.system import Log

# As a browser asks for a picture, and as the function at the edge rewrites the path: CloudFront's
# guide ("Invalidating files") has both named where a function changes it.
_PREFIXES = ("/cdn/", "/")


class CloudFrontEdge:
    """Implements `Edge`.

    Args:
        distribution_id: read at first use; in the environment it would close a circle.
    """

    def __init__(
        self, client: Callable[[], Any], distribution_id: Callable[[], str], log: Log
    ) -> None:
        self._client = client
        self._distribution_id = distribution_id
        self._log = log

    def invalidate(self, reference: str, keys: Sequence[str], tags: Sequence[str]) -> bool:
        paths = items(keys, tags)
        try:
            self._client().create_invalidation(
                DistributionId=self._distribution_id(),
                InvalidationBatch={
                    "Paths": {"Quantity": len(paths), "Items": paths},
                    "CallerReference": _caller_reference(reference, paths),
                },
            )
        except ClientError as error:
            if code_of(error) != "TooManyInvalidationsInProgress":
                raise
            self._log.info("edge_busy", paths=len(paths))
            return False
        return True


def items(keys: Sequence[str], tags: Sequence[str]) -> list[str]:
    """As an invalidation names them; each is billed as one path."""
    paths = [prefix + quote(key, safe="/*") for key in keys for prefix in _PREFIXES]
    return [*paths, *(f"#{tag}" for tag in tags)]


def _caller_reference(reference: str, paths: Sequence[str]) -> str:
    """CloudFront takes the same reference with the same paths for the same request, and refuses
    it with others; so the paths are part of it.
    """
    return hashlib.sha256("\n".join((reference, *paths)).encode()).hexdigest()

"""Invalidations of a distribution, as the emulator keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Invalidations:
    """Each is told once.

    Args:
        client: of CloudFront.
        distribution: its id.
    """

    def __init__(self, client: Any, distribution: str) -> None:
        self._client = client
        self._distribution = distribution
        # What was invalidated before anything could be kept is of no interest.
        self._seen = set(self._ids())

    def __call__(self) -> list[str]:
        """Paths and `#` tags of those that were not told before."""
        found: list[str] = []
        for id_ in self._ids():
            if id_ not in self._seen:
                self._seen.add(id_)
                found += self._items(id_)
        return found

    def _ids(self) -> Iterator[str]:
        answer = self._client.list_invalidations(DistributionId=self._distribution)
        for summary in answer["InvalidationList"].get("Items", []):
            yield summary["Id"]

    def _items(self, id_: str) -> list[str]:
        answer = self._client.get_invalidation(DistributionId=self._distribution, Id=id_)
        items: list[str] = answer["Invalidation"]["InvalidationBatch"]["Paths"]["Items"]
        return items

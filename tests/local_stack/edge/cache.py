"""The cache: what was fetched from the bucket stays until an invalidation names it.

By the Amazon CloudFront developer guide: "Invalidating content by cache tags", "What you need to
know when invalidating tags" and "What you need to know when invalidating files".
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

_MOST_BYTES = 64 * 1024 * 1024
_MOST_TAGS = 50  # of one object; CloudFront reads no more


@dataclass(frozen=True)
class Kept:
    """One object as the bucket answered with it.

    Attributes:
        headers: with names in lower case.
    """

    body: bytes
    headers: Mapping[str, str]


class EdgeCache:
    """Objects by the path that the bucket is asked for.

    Args:
        tag_header: names the header of the bucket's answers that has an object's tags.
        invalidations: the paths and `#` tags of invalidations that were not told before. It is
            asked before anything is served, so that what has been invalidated is never served.
    """

    def __init__(
        self, tag_header: str | None, invalidations: Callable[[], Iterable[str]] = tuple
    ) -> None:
        self._tag_header = tag_header
        self._invalidations = invalidations
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, path: str) -> Kept | None:
        """Args: path: as the bucket is asked for it, "/p/…"."""
        with self._lock:
            if path not in self._kept:
                return None
            for item in self._invalidations():
                self._forget(item)
            return self._kept.get(path)

    def keep(self, path: str, found: Kept) -> None:
        """Keeps what says for how long it may be kept; the oldest goes where there is no room."""
        if "max-age=" not in found.headers.get("cache-control", ""):
            return
        with self._lock:
            self._remove(path)
            self._kept[path] = found
            self._bytes += len(found.body)
            while self._bytes > _MOST_BYTES:
                self._remove(next(iter(self._kept)))

    def _forget(self, item: str) -> None:
        for path in [path for path, kept in self._kept.items() if self._is_named(item, path, kept)]:
            self._remove(path)

    def _is_named(self, item: str, path: str, kept: Kept) -> bool:
        if item.startswith("#"):
            return item[1:].casefold() in self._tags(kept)
        if item.endswith("*"):
            return path.startswith(item[:-1])
        return path == item

    def _tags(self, kept: Kept) -> set[str]:
        """Compared without regard to case, and without the blanks around a comma."""
        value = kept.headers.get(self._tag_header or "", "")
        tags = [tag.strip().casefold() for tag in value.split(",") if tag.strip()]
        return set(tags[:_MOST_TAGS])

    def _remove(self, path: str) -> None:
        if path in self._kept:
            self._bytes -= len(self._kept.pop(path).body)

"""What the page's files weigh as they travel."""

from __future__ import annotations

import gzip
from functools import lru_cache

# Of 11, the last before each file would take twice as long.
_QUALITY = 10
_FILES = 64  # more than the page has


@lru_cache(_FILES)
def without_comments(code: bytes) -> bytes:
    """A JavaScript module without comments and indentation; its names and lines of code stay.

    A comment that begins with `/*!`, as licences do, stays as well.
    """
    # Imported here, and below: a function that serves the configuration alone needs neither.
    import rjsmin  # type: ignore[import-untyped]

    alone: str = rjsmin.jsmin(code.decode(), keep_bang_comments=True)
    return alone.encode()


def packed(data: bytes, accepted: str) -> tuple[bytes, str]:
    """A text as it is sent, and its content coding; "" where it is sent as it is.

    Args:
        accepted: Accept-Encoding as browsers and CloudFront write it: names without weights. Who
            writes another gets the text as it is.
    """
    names = {name.strip() for name in accepted.split(",")}
    coding = next((name for name in ("br", "gzip") if name in names), "")
    return (_packed(data, coding) if coding else data), coding


@lru_cache(_FILES)
def _packed(data: bytes, coding: str) -> bytes:
    if coding == "gzip":
        return gzip.compress(data, mtime=0)
    import brotli  # type: ignore[import-untyped]

    packed: bytes = brotli.compress(data, mode=brotli.MODE_TEXT, quality=_QUALITY)
    return packed

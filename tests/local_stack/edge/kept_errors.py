"""Errors that the edge keeps, for everybody who asks for the same path.

By the Amazon CloudFront developer guide: "How CloudFront processes and caches HTTP 4xx and 5xx
status codes from your origin" and "Control how long CloudFront caches errors".
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

DEFAULT_SECONDS = 10
ALWAYS_KEPT = frozenset({500, 502, 503, 504})  # whatever the origin says of it
KEPT_UNLESS_FORBIDDEN = frozenset({404, 410, 414, 501})
_FORBIDDING = re.compile(r"\b(no-store|no-cache|private)\b")

Ask = Callable[[Request], Awaitable[Response]]


class KeptErrors:
    """Answers of an origin that nothing else is kept of (Managed-CachingDisabled).

    The key is the path: who asked, and for which query, makes no difference.

    Args:
        seconds: to keep a status for, where it is not `DEFAULT_SECONDS`.
        clock: seconds since any time.
    """

    def __init__(
        self, seconds: Mapping[int, float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kept: dict[str, tuple[float, Response]] = {}

    async def answer(self, request: Request, ask: Ask) -> Response:
        """The kept answer, or the origin's."""
        if request.method not in ("GET", "HEAD"):
            return await ask(request)
        path: str = request.scope["path"]
        until, kept = self._kept.get(path, (0.0, None))
        if kept is not None and self._clock() < until:
            return kept
        self._kept.pop(path, None)
        response = await ask(request)
        seconds = self._seconds_of(response)
        if seconds > 0:
            self._kept[path] = (self._clock() + seconds, response)
        return response

    def _seconds_of(self, response: Response) -> float:
        forbidden = _FORBIDDING.search(response.headers.get("cache-control", ""))
        is_kept = response.status_code in ALWAYS_KEPT or (
            response.status_code in KEPT_UNLESS_FORBIDDEN and not forbidden
        )
        return self._seconds.get(response.status_code, DEFAULT_SECONDS) if is_kept else 0

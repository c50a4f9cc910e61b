"""`GET /search`."""

from __future__ import annotations

from dataclasses import dataclass

from afterimage.http import routes, taken
from afterimage.http.answers import SearchResultView
from afterimage.http.api import Handler, Request, Response
from afterimage.http.routes import Route
from afterimage.http.sizes import fitting
from afterimage.ports.channel import ImageUrls
from afterimage.ports.system import Clock
from afterimage.use_cases.search import Hit, Search
from afterimage.views import chat_view, message_view


@dataclass(frozen=True)
class SearchRoutes:
    """Words in one's own chats."""

    search: Search
    urls: ImageUrls
    clock: Clock

    def handlers(self) -> dict[Route, Handler]:
        """Each route with what answers it."""
        return {routes.SEARCH: self.find}

    def find(self, request: Request) -> Response:
        """200 with a page of results, as far as one answer holds them. Raises: Invalid."""
        query = request.query(taken.SearchQuery)
        page = self.search(request.user_id, query.q, query.cursor)
        views = [self._view(hit) for hit in page.hits]
        fit = fitting(views)
        is_whole = fit.stop == len(views)
        cursor = page.cursor if is_whole else page.hits[fit.stop - 1].cursor
        return Response({"results": views[fit], "next_cursor": cursor})

    def _view(self, hit: Hit) -> SearchResultView:
        message = hit.message
        now = self.clock.now()
        view = None if message is None else message_view(message, self.urls, now)
        return {"chat": chat_view(hit.chat), "message": view}

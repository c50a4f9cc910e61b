"""`GET /suggestions`."""

from __future__ import annotations

from dataclasses import dataclass

from afterimage.http import routes
from afterimage.http.api import Handler, Request, Response
from afterimage.http.routes import Route
from afterimage.ports.channel import ImageUrls
from afterimage.use_cases.read_suggestions import ReadSuggestions, Suggested
from afterimage.views import SuggestionView


@dataclass(frozen=True)
class SuggestionRoutes:
    """What may be asked."""

    read: ReadSuggestions
    urls: ImageUrls

    def handlers(self) -> dict[Route, Handler]:
        """Each route with what answers it."""
        return {routes.LIST_SUGGESTIONS: self.list_suggestions}

    def list_suggestions(self, request: Request) -> Response:
        """200 with all of them, in the operator's order."""
        del request
        return Response({"suggestions": [self._view(one) for one in self.read()]})

    def _view(self, one: Suggested) -> SuggestionView:
        sample = one.shelf.sample
        image = None if sample is None else sample.image
        return {
            "id": one.suggestion.id,
            "text": one.suggestion.text,
            "aspect_ratio": one.suggestion.aspect_ratio,
            "thumbnail_url": self.urls.url(image.thumbnail_key) if image else None,
            "color": image.color if image else None,
            "thumbhash": image.thumbhash if image else None,
            "ready": bool(one.shelf.ready),
        }

"""`PUT` and `DELETE /images/{image_id}/share`, and `GET /shares`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from afterimage.domain.images import Image
from afterimage.domain.shares import Share
from afterimage.http import routes, taken
from afterimage.http.answers import ShareView
from afterimage.http.api import Handler, Request, Response
from afterimage.http.routes import Route
from afterimage.ports.channel import ImageUrls
from afterimage.ports.shares import ShareTokens
from afterimage.use_cases.end_share import TakeBack
from afterimage.use_cases.read_shares import ReadShares
from afterimage.use_cases.share_image import ShareImage, Wish
from afterimage.views import image_view, timestamp

_DAYS = 7  # unless told otherwise


@dataclass(frozen=True)
class ShareRoutes:
    """Links to pictures, for their owner."""

    share: ShareImage
    take_back: TakeBack
    read: ReadShares
    tokens: ShareTokens
    public_url: Callable[[], str]
    urls: ImageUrls

    def handlers(self) -> dict[Route, Handler]:
        """Each route with what answers it."""
        return {
            routes.SHARE_IMAGE: self.share_image,
            routes.UNSHARE_IMAGE: self.unshare_image,
            routes.LIST_SHARES: self.list_shares,
        }

    def share_image(self, request: Request) -> Response:
        """200 with the link, made or lasting longer. Raises: NotFound, Busy."""
        path = request.parameters(taken.ImagePath)
        asked = request.body(taken.ShareImage)
        lasts = timedelta(days=asked.days or _DAYS)
        image = self.share(request.user_id, path.image_id, Wish(bool(asked.prompt), lasts))
        return Response(self._link(request.user_id, image))

    def unshare_image(self, request: Request) -> Response:
        """204, also where there is no link and no such picture."""
        path = request.parameters(taken.ImagePath)
        self.take_back(request.user_id, path.image_id)
        return Response(None, 204)

    def list_shares(self, request: Request) -> Response:
        """200 with a page of what is shared, the newest picture first."""
        query = request.query(taken.SharesQuery)
        page = self.read(request.user_id, query.limit, query.cursor)
        shared = [
            {"image": image_view(image, self.urls), **self._link(request.user_id, image)}
            for image in page.rows
        ]
        return Response({"shares": shared, "next_cursor": page.cursor})

    def _link(self, user_id: str, image: Image) -> ShareView:
        share = image.share or _not_shared()
        token = self.tokens.token(user_id, image.id, share.number)
        return {
            "url": f"{self.public_url()}/s/{token}",
            "expires_at": timestamp(share.until),
            "prompt": share.with_prompt,
        }


def _not_shared() -> Share:
    raise AssertionError("only what is shared has a link")

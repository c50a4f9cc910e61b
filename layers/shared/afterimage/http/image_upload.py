"""The route of `image_upload`: parse, one call, map the result."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from afterimage.http import routes, taken
from afterimage.http.api import Handler, Request, Response
from afterimage.http.routes import Route
from afterimage.ports.channel import ImageUrls
from afterimage.use_cases.upload_image import File, UploadImage
from afterimage.views import image_view


@dataclass(frozen=True)
class ImageUploadRoutes:
    upload: UploadImage
    urls: ImageUrls

    def handlers(self) -> dict[Route, Handler]:
        """Each route with what answers it."""
        return {routes.PUT_IMAGE: self.put_image}

    def put_image(self, request: Request) -> Response:
        """201 with the picture; 200 where an earlier request has stored it. Raises: Refused."""
        path = request.parameters(taken.ImagePath)
        kept = self.upload(
            File(
                user_id=request.user_id,
                image_id=path.image_id,
                data=request.file(routes.PUT_IMAGE.file, taken.MAX_FILE),
                nonce=uuid4().hex,
                until=request.until,
            )
        )
        view = {"image": image_view(kept.image, self.urls)}
        return Response(view, 201 if kept.is_new else 200)

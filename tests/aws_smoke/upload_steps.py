"""One picture that is brought: taken in, shown, and removed again. No model is asked."""

import io
from collections.abc import Iterator
from typing import Any

import httpx
from PIL import Image
from ulid import ULID

from tests.aws_smoke.rows import Check, Wrong
from tests.aws_smoke.visit import Visit
from tests.support.channel_client import is_event

_SIZE = (64, 48)


class UploadSteps:
    """How a picture comes from somebody's own files."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._brought: dict[str, Any] | None = None

    def checks(self) -> Iterator[Check]:
        """In the order of the visit."""
        yield Check("client: a picture is brought", self.brought)
        yield Check("client: the brought picture opens", self.opened)

    def last_checks(self) -> Iterator[Check]:
        """Once nobody needs it any more."""
        yield Check("client: the brought picture is deleted", self.deleted)

    def image(self) -> dict[str, Any]:
        """The picture that was brought. Raises: Skipped."""
        return self._visit.needed(self._brought, "no picture was brought")

    def brought(self) -> str:
        """PUT /images/{image_id}, whose bytes API Gateway hands on in base64."""
        tab = self._visit.channel()
        data = _png()
        answer = self._visit.http().put(
            f"/images/{ULID()}", content=data, headers={"content-type": "image/png"}
        )
        if answer.status_code != httpx.codes.CREATED:
            raise Wrong(f"{answer.status_code} for PUT /images/…: {answer.text[:100]}")
        image = tab.until(is_event("image-insert"))["payload"]["image"]
        if image != answer.json()["image"]:
            raise Wrong(f"the socket tells of another picture, {image['id']}")
        self._brought = image
        return f"{len(data)} bytes, {image['width']} x {image['height']}"

    def opened(self) -> str:
        """The edge serves it."""
        image = self.image()
        shown = httpx.get(image["url"]).raise_for_status()
        if Image.open(io.BytesIO(shown.content)).size != _SIZE:
            raise Wrong("what is shown has another size")
        return f"{len(shown.content)} bytes, {shown.headers['content-type']}"

    def deleted(self) -> str:
        """DELETE /images/{image_id}."""
        image = self.image()
        self._visit.http().delete(f"/images/{image['id']}").raise_for_status()
        frame = self._visit.channel().until(is_event("image-delete"))
        if frame["payload"]["image_ids"] != [image["id"]]:
            raise Wrong(f"told of {frame['payload']['image_ids']}")
        return "told over the socket"


def _png() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", _SIZE, (200, 60, 30)).save(written, "PNG")
    return written.getvalue()

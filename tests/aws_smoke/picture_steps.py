"""One picture: asked for, watched while it comes, looked at, out of others' reach, and changed."""

from collections.abc import Iterator

import httpx

from tests.aws_smoke.rows import Check, Skipped, Wrong
from tests.aws_smoke.visit import Message, Visit, is_end, is_placeholder
from tests.support.channel_client import Frame, is_event

_WISH = "Paint a red fox in the snow."
_CHANGE = "Make it night."


class PictureSteps:
    """How a message becomes a picture."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit

    def checks(self) -> Iterator[Check]:
        """In the order of the visit."""
        yield Check("client: placeholder", self.placeholder)
        yield Check("client: the answer to the message", self.answer)
        yield Check("client: preview", self.preview)
        yield Check("client: picture", self.picture)
        yield Check("client: missed events over HTTP", self.missed)
        yield Check("client: a picture's address opens", self.fetched)
        yield Check("client: a changed address is refused", self.changed_address)
        yield Check("client: the original is refused", self.original)
        yield Check("client: the original for its owner", self.download)
        yield Check("client: gallery and usage", self.gallery)
        yield Check("client: the picture is changed by words", self.changed)

    def placeholder(self) -> str:
        """POST a message; the frame comes while the model thinks."""
        self._visit.channel()
        self._visit.ask(_WISH)
        frame = self._visit.channel().until(is_placeholder)
        self._visit.answer = frame["payload"]["message"]
        return f"after {self._visit.waited():.2f} s"

    def answer(self) -> str:
        """What the POST itself says: a picture is on its way, or why not."""
        answer = self._visit.response()
        said = answer.json()
        took = f"after {self._visit.waited():.1f} s"
        if answer.status_code == httpx.codes.ACCEPTED:
            self._visit.is_painting = True
            return f"202, a picture is painted, {took}"
        if said["success"]:
            raise Wrong(f"the model answered with words: {said['message'][:80]}")
        return f"{self._visit.not_counted(said['assistant_message'])} {took}"

    def preview(self) -> str:
        """A small picture before the picture."""
        frame = self._visit.channel_of_a_picture().until(_is_preview_or_end)
        if frame["event"] != "message-preview":
            return self._ended_first(frame["payload"]["message"])
        return f"{len(frame['payload']['preview'])} bytes after {self._visit.waited():.1f} s"

    def _ended_first(self, message: Message) -> str:
        if message["meta"]["status"] == "complete":
            raise Wrong("the picture came without one")
        return self._visit.not_counted(message)

    def picture(self) -> str:
        """The message is complete, and the gallery hears of the picture."""
        tab = self._visit.channel_of_a_picture()
        ended = next((f for f in tab.frames if is_end(f)), None) or tab.until(is_end)
        message = ended["payload"]["message"]
        if message["meta"]["status"] != "complete":
            return self._visit.not_counted(message)
        frame = tab.until(is_event("image-insert"))
        image = self._visit.painted = frame["payload"]["image"]
        size = f"{image['width']} x {image['height']}, {image['bytes']} bytes"
        return f"{size} after {self._visit.waited():.1f} s"

    def missed(self) -> str:
        """GET /realtime/events tells the same as the socket did, without a hole."""
        live = self._visit.channel().numbers()
        if not live:
            raise Skipped("nothing came over the socket")
        said = self._visit.http().get("/realtime/events", params={"after": self._visit.seq})
        numbers = [frame["seq"] for frame in said.raise_for_status().json()["events"]]
        if numbers != list(range(self._visit.seq + 1, numbers[-1] + 1)):
            raise Wrong(f"numbers {numbers} after {self._visit.seq}")
        if not set(live) <= set(numbers):
            raise Wrong(f"the socket told {live}, HTTP {numbers}")
        return f"{len(numbers)} events from {numbers[0]} to {numbers[-1]}"

    def fetched(self) -> str:
        """Picture and thumbnail through /cdn, twice, so that a cache may have them."""
        told = []
        for address in (self._visit.image["url"], self._visit.image["thumbnail_url"]):
            first, second = (httpx.get(address).raise_for_status() for _ in range(2))
            if first.headers["content-type"] != "image/webp":
                raise Wrong(f"it is {first.headers['content-type']}")
            for name in ("x-content-type-options", "cross-origin-resource-policy", "vary"):
                if name not in first.headers:
                    raise Wrong(f"without {name}")
            told.append(f"{len(first.content)} bytes ({second.headers.get('x-cache', 'no cache')})")
        return " and ".join(told)

    def changed_address(self) -> str:
        """Signature, end and name are covered by the signature."""
        url = self._visit.image["url"]
        for address in (
            url[:-4] + ("AAAA" if not url.endswith("AAAA") else "BBBB"),
            url.replace("expires=", "expires=9"),
            url.replace("/full.webp", "/thumbnail.webp"),
            url.partition("?")[0],
        ):
            _is_forbidden(address)
        return "403 for another signature, end or name, and for none"

    def original(self) -> str:
        """What the model sent is neither at the edge nor public in the bucket."""
        _is_forbidden(self._visit.image["url"].replace("/full.webp", "/original"))
        s3 = self._visit.stack.as_anybody("s3")
        for name in ("original", "full.webp"):
            try:
                s3.head_object(
                    Bucket=self._visit.stack.resource("ImagesBucket"), Key=self._visit.key(name)
                )
            except s3.exceptions.ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != httpx.codes.FORBIDDEN:
                    raise
            else:
                raise Wrong(f"anybody can read {name} in the bucket")
        return "403 at the edge; 403 in the bucket without credentials"

    def download(self) -> str:
        """Its owner gets what the model sent, as it came."""
        path = f"/images/{self._visit.image['id']}/original"
        said = self._visit.http().get(path).raise_for_status().json()
        original = httpx.get(said["url"]).raise_for_status()
        kind = original.headers["content-type"]
        return f"{len(original.content)} bytes, {kind}, by an address for {said['expires_in']} s"

    def gallery(self) -> str:
        """The picture is in the gallery and was counted."""
        images = self._visit.http().get("/images").raise_for_status().json()["images"]
        if self._visit.image["id"] not in [image["id"] for image in images]:
            raise Wrong("the gallery does not have it")
        used = self._visit.http().get("/usage").raise_for_status().json()["used"]
        if used != self._visit.used + 1:
            raise Wrong(f"usage says {used} of the day, it was {self._visit.used}")
        return f"{len(images)} pictures, {used} of the day"

    def changed(self) -> str:
        """The text model is shown the picture, and the painter is given it."""
        before = self._visit.image
        self._visit.channel_of_a_picture()
        ended = self._visit.answered(_CHANGE)
        if ended["meta"]["status"] != "complete":
            return self._visit.not_counted(ended)
        if (image := ended["meta"]["image"]) is None:
            raise Wrong(f"the model answered with words: {ended['text'][:80]}")
        if image["source_image_ids"] != [before["id"]]:
            raise Wrong(f"it was made of {image['source_image_ids']}")
        return f"another picture, made of the one before, after {self._visit.waited():.1f} s"


def _is_preview_or_end(frame: Frame) -> bool:
    return frame["event"] == "message-preview" or is_end(frame)


def _is_forbidden(address: str) -> None:
    if (status := httpx.get(address).status_code) != httpx.codes.FORBIDDEN:
        raise Wrong(f"{status} for {httpx.URL(address).path}")

"""How everything of the visit goes again: picture, chat, account."""

from collections.abc import Iterator

import httpx

from tests.aws_smoke.deployed import eventually
from tests.aws_smoke.rows import Check, Skipped, Wrong
from tests.aws_smoke.visit import QUICK_S, Visit
from tests.support.channel_client import is_event


class DeletionSteps:
    """What people delete is gone everywhere."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit

    def checks(self) -> Iterator[Check]:
        """In the order of the visit."""
        yield Check("client: a deleted picture", self.deleted_picture)
        yield Check("client: the deleted picture is gone at edge and bucket", self.gone)
        yield Check("client: a deleted chat", self.deleted_chat)
        yield Check("client: a deleted account", self.deleted_account)

    def deleted_picture(self) -> str:
        """DELETE /images/{image_id}."""
        self._visit.http().delete(f"/images/{self._visit.image['id']}").raise_for_status()
        frame = self._visit.channel().until(is_event("image-delete"))
        if frame["payload"]["image_ids"] != [self._visit.image["id"]]:
            raise Wrong(f"told of {frame['payload']['image_ids']}")
        images = self._visit.http().get("/images").raise_for_status().json()["images"]
        if self._visit.image["id"] in [image["id"] for image in images]:
            raise Wrong("it is still in the gallery")
        return "told over the socket, gone from the gallery"

    def gone(self) -> str:
        """Its address opens nothing any more, and the bucket has none of its files."""
        self._visit.channel()
        edge = eventually(
            lambda: _status(self._visit.image["url"]) == httpx.codes.FORBIDDEN,
            self._visit.stack.patience,
            1,
        )
        if edge is None:
            raise Wrong(f"the edge still serves it after {self._visit.stack.patience:.0f} s")
        bucket = eventually(lambda: not self._visit.files(), QUICK_S, 0.5)
        if bucket is None:
            raise Wrong(f"the bucket still has {', '.join(self._visit.files())}")
        return f"403 at the edge after {edge:.0f} s, no file in the bucket"

    def deleted_chat(self) -> str:
        """DELETE /chats/{chat_id}; nothing can be said in it again."""
        self._visit.needed(self._visit.posted, "nothing was said in it")
        self._visit.http().delete(f"/chats/{self._visit.chat_id}").raise_for_status()
        if self._visit.tab is not None:
            self._visit.tab.until(is_event("chat-delete"))
        again = self._visit.http().post(
            f"/chats/{self._visit.chat_id}/messages", json={"text": "hello"}
        )
        if again.is_success or again.json()["error"]["code"] != "chat_deleted":
            raise Wrong(f"a new message is answered with {again.status_code}")
        return "told over the socket; a new message is refused"

    def deleted_account(self) -> str:
        """DELETE /me, if the account is this run's own."""
        if not self._visit.is_signed_in:
            raise Skipped("nobody is signed in")
        if not self._visit.person.signed.temporary:
            raise Skipped("TOKEN is of an account that is not this run's")
        self._visit.http().delete("/me").raise_for_status()
        refused = self._visit.http().post("/chats/another/messages", json={"text": "hello"})
        if refused.status_code != httpx.codes.GONE:
            raise Wrong(f"a new message is answered with {refused.status_code}")
        return "a new message is refused with 410"


def _status(address: str) -> int:
    return httpx.get(address).status_code

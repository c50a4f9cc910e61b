"""The people of a storm: they send, insist, cancel, try again, as the contract lets them."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import httpx
from ulid import ULID

from tests.faults.client import Client, Frame
from tests.faults.invariants import OPEN
from tests.faults.storm_plan import Deed

_REPEATS = 6
_LOOK_AGAIN_SECONDS = 11.0
_WATCH_SECONDS = 25.0
_PNG = {"content-type": "image/png"}


class Person:
    """A user and their open tabs; what the first tab shows is what they act on.

    Args:
        room: for requests, of all users together.

    Attributes:
        stored: ids of the pictures that they brought and were told are stored.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        tabs: list[Client],
        chance: random.Random,
        room: asyncio.Semaphore,
    ) -> None:
        self.tabs = tabs
        self._room = room
        self.answers: Counter[str] = Counter()
        self.stored: set[str] = set()
        self._http = http
        self._chance = chance

    async def do(self, deed: Deed, begin: float) -> None:
        """One message, from the moment it is sent until nobody waits for it any more."""
        await asyncio.sleep(max(0.0, begin + deed.at - time.monotonic()))
        brought = [await self._bring(deed, file) for file in deed.brings]
        body = {
            "id": _new_id(),
            "text": deed.text,
            "count": deed.count,
            "image_ids": [image_id for image_id in brought if image_id is not None],
        }
        sent = await asyncio.gather(
            *(self._send(deed, body, insists=deed.insists) for _ in range(deed.posts))
        )
        if deed.renames:
            title = {"title": f"about {deed.word}"}
            await self._request("PATCH", f"/chats/{deed.chat}", json=title)
        answer = next((message for message in sent if message is not None), None)
        if answer is None:
            return
        if deed.cancels_after is not None:
            await asyncio.sleep(deed.cancels_after)
            await self._act(answer, "cancel")
        for _ in range(deed.retries):
            if not await self._ended(deed, body, answer):
                return
            if not _may_be_tried(self._seen(answer)["meta"]):
                return
            await self._act(answer, "retry")

    async def _bring(self, deed: Deed, file: bytes) -> str | None:
        """The id of the picture; None if it was refused or nobody said that it is stored."""
        image_id = _new_id()
        sent = await asyncio.gather(
            *(
                self._insist(deed.insists, "PUT", f"/images/{image_id}", content=file, headers=_PNG)
                for _ in range(deed.posts)
            )
        )
        if not any(response is not None and response.is_success for response in sent):
            return None
        self.stored.add(image_id)
        return image_id

    async def _send(self, deed: Deed, body: Frame, *, insists: bool) -> Frame | None:
        """The answer as it stands; None for one that was refused or never came."""
        path = f"/chats/{deed.chat}/messages"
        response = await self._insist(insists, "POST", path, json=body)
        found: Frame | None = None if response is None else response.json().get("assistant_message")
        return found

    async def _insist(
        self, insists: bool, method: str, path: str, **sent: Any
    ) -> httpx.Response | None:
        """The answer to a request that is repeated until there is one; None if none came."""
        for repeat in range(_REPEATS if insists else 1):
            response = await self._request(method, path, **sent)
            if response is not None and response.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return response
            await asyncio.sleep(self._chance.uniform(0, 0.5 * 2**repeat))
        return None

    async def _ended(self, deed: Deed, body: Frame, answer: Frame) -> bool:
        """Watches the tab until the answer has ended; tries the request again if told to."""
        begin = time.monotonic()
        looked = not deed.looks_again
        while time.monotonic() < begin + _WATCH_SECONDS:
            if self._seen(answer)["meta"]["status"] not in OPEN:
                return True
            if not looked and time.monotonic() > begin + _LOOK_AGAIN_SECONDS:
                looked = True
                await self._send(deed, body, insists=False)
            await asyncio.sleep(0.2)
        return False

    def _seen(self, answer: Frame) -> Frame:
        return self.tabs[0].shown.messages.get(answer["id"], answer)

    async def _act(self, answer: Frame, verb: str) -> None:
        path = f"/chats/{answer['chat_id']}/messages/{answer['id']}/{verb}"
        version = self._seen(answer)["version"]
        await self._request("POST", path, json={"version": version})

    async def _request(self, method: str, path: str, **sent: Any) -> httpx.Response | None:
        try:
            async with self._room:
                response = await self._http.request(method, path, **sent)
        except httpx.HTTPError as error:
            self.answers[type(error).__name__] += 1
            return None
        code = ""
        if response.status_code >= httpx.codes.BAD_REQUEST:
            error_body = response.json().get("error")
            code = f" {error_body['code']}" if error_body else ""
        self.answers[f"{response.status_code}{code}"] += 1
        return response


def _new_id() -> str:
    return str(ULID.from_datetime(datetime.now(UTC)))


def _may_be_tried(meta: Frame) -> bool:
    """Whether something of an answer that has ended failed or was cancelled."""
    return any(one["status"] in ("failed", "cancelled") for one in [meta, *meta["images"]])

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


class Person:
    """A user and their open tabs; what the first tab shows is what they act on.

    Args:
        room: for requests, of all users together.
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
        self._http = http
        self._chance = chance

    async def do(self, deed: Deed, begin: float) -> None:
        """One message, from the moment it is sent until nobody waits for it any more."""
        await asyncio.sleep(max(0.0, begin + deed.at - time.monotonic()))
        message_id = str(ULID.from_datetime(datetime.now(UTC)))
        sent = await asyncio.gather(
            *(self._send(deed, message_id, insists=deed.insists) for _ in range(deed.posts))
        )
        if deed.renames:
            await self._request("PATCH", f"/chats/{deed.chat}", {"title": f"about {deed.word}"})
        answer = next((message for message in sent if message is not None), None)
        if answer is None:
            return
        if deed.cancels_after is not None:
            await asyncio.sleep(deed.cancels_after)
            await self._act(answer, "cancel")
        for _ in range(deed.retries):
            if not await self._ended(deed, message_id, answer):
                return
            if not _may_be_tried(self._seen(answer)["meta"]):
                return
            await self._act(answer, "retry")

    async def _send(self, deed: Deed, message_id: str, *, insists: bool) -> Frame | None:
        """The answer as it stands; None for one that was refused or never came."""
        body = {"id": message_id, "text": deed.text, "count": deed.count}
        for repeat in range(_REPEATS if insists else 1):
            response = await self._request("POST", f"/chats/{deed.chat}/messages", body)
            if response is not None and response.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                found: Frame | None = response.json().get("assistant_message")
                return found
            await asyncio.sleep(self._chance.uniform(0, 0.5 * 2**repeat))
        return None

    async def _ended(self, deed: Deed, message_id: str, answer: Frame) -> bool:
        """Watches the tab until the answer has ended; tries the request again if told to."""
        begin = time.monotonic()
        looked = not deed.looks_again
        while time.monotonic() < begin + _WATCH_SECONDS:
            if self._seen(answer)["meta"]["status"] not in OPEN:
                return True
            if not looked and time.monotonic() > begin + _LOOK_AGAIN_SECONDS:
                looked = True
                await self._send(deed, message_id, insists=False)
            await asyncio.sleep(0.2)
        return False

    def _seen(self, answer: Frame) -> Frame:
        return self.tabs[0].shown.messages.get(answer["id"], answer)

    async def _act(self, answer: Frame, verb: str) -> None:
        path = f"/chats/{answer['chat_id']}/messages/{answer['id']}/{verb}"
        version = self._seen(answer)["version"]
        await self._request("POST", path, {"version": version})

    async def _request(self, method: str, path: str, body: dict[str, Any]) -> httpx.Response | None:
        try:
            async with self._room:
                response = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            self.answers[type(error).__name__] += 1
            return None
        code = ""
        if response.status_code >= httpx.codes.BAD_REQUEST:
            error_body = response.json().get("error")
            code = f" {error_body['code']}" if error_body else ""
        self.answers[f"{response.status_code}{code}"] += 1
        return response


def _may_be_tried(meta: Frame) -> bool:
    """Whether something of an answer that has ended failed or was cancelled."""
    return any(one["status"] in ("failed", "cancelled") for one in [meta, *meta["images"]])

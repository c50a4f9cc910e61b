"""A link, from its making to its end: the page, the file at the edge, the tabs, what is stored."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image as Pixels
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, is_event
from tests.support.stored import object_keys, scan
from ulid import ULID

_PATIENCE = 30.0  # seconds; only so that a broken run ends
PROMPT = "a snowy mountain at dusk"


def until(what: str, holds: Callable[[], Any]) -> None:
    give_up = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < give_up, f"waited in vain for {what}"
        time.sleep(0.05)


@pytest.fixture
def anybody(stack: Stack) -> Iterator[httpx.Client]:
    """Somebody who is not signed in."""
    with httpx.Client(base_url=stack.url) as client:
        yield client


@pytest.fixture
def painted(alice: httpx.Client) -> dict[str, Any]:
    with ChannelClient(alice) as tab:
        body = {"text": PROMPT, "paint": True}
        alice.post("/chats/c/messages", json=body, timeout=40)
        found: dict[str, Any] = tab.until(is_event("image-insert"))["payload"]["image"]
    return found


def share(alice: httpx.Client, image: dict[str, Any], **wish: Any) -> dict[str, Any]:
    answer = alice.put(f"/images/{image['id']}/share", json=wish)
    assert answer.status_code == 200, answer.text
    link: dict[str, Any] = answer.json()
    return link


def file_of(page: httpx.Response) -> str:
    [source] = re.findall(r'<img src="([^"]+)"', page.text)
    return str(source)


def test_whoever_has_the_link_sees_the_picture(
    stack: Stack, alice: httpx.Client, anybody: httpx.Client, painted: dict[str, Any], user: str
) -> None:
    with ChannelClient(alice) as tab:
        link = share(alice, painted)
        told = tab.until(is_event("image-update"))["payload"]["image"]
        message = tab.until(is_event("message-update"))["payload"]["message"]
    page = anybody.get(link["url"])
    file = anybody.get(file_of(page))

    assert told["shared_until"] == link["expires_at"]
    assert message["meta"]["image"]["shared_until"] == link["expires_at"]
    assert message["meta"]["images"][0]["image"]["shared_until"] == link["expires_at"]
    assert page.status_code == 200
    assert PROMPT not in page.text
    for secret in (user, painted["id"], painted["message_id"], painted["created_at"][:10]):
        assert secret not in page.text
    assert file.headers["content-type"] == "image/webp"
    assert file.headers["cache-control"] == "public, max-age=300"
    assert "x-amz-meta-cache-tag" not in file.headers
    with Pixels.open(BytesIO(file.content)) as pixels:
        assert pixels.size == (painted["width"], painted["height"])
    name = hashlib.sha256(link["url"].rpartition("/")[2].encode()).hexdigest()
    assert name in {row["name"] for row in scan(stack, "SharesTable")}


def test_it_says_what_was_asked_last_and_is_looked_at_without_a_trace(
    stack: Stack, alice: httpx.Client, anybody: httpx.Client, painted: dict[str, Any]
) -> None:
    link = share(alice, painted, days=1)
    again = share(alice, painted, prompt=True, days=30)
    before = scan(stack, "SharesTable")
    fetcher = {"user-agent": "facebookexternalhit/1.1"}
    answers = [anybody.request(m, link["url"], headers=fetcher) for m in ("GET", "HEAD") * 5]

    assert again["url"] == link["url"]
    assert again["expires_at"] > link["expires_at"]
    assert {answer.status_code for answer in answers} == {200}
    assert f"<figcaption>{PROMPT}</figcaption>" in anybody.get(link["url"]).text
    assert scan(stack, "SharesTable") == before
    assert [one["url"] for one in alice.get("/shares").json()["shares"]] == [link["url"]]
    share(alice, painted)
    assert PROMPT not in anybody.get(link["url"]).text


ENDINGS: dict[str, Callable[[httpx.Client, dict[str, Any]], httpx.Response]] = {
    "taken back": lambda alice, image: alice.delete(f"/images/{image['id']}/share"),
    "picture": lambda alice, image: alice.delete(f"/images/{image['id']}"),
    "chat": lambda alice, image: alice.delete(f"/chats/{image['chat_id']}"),
    "account": lambda alice, _: alice.delete("/me"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_link_ends_for_everybody(
    stack: Stack,
    alice: httpx.Client,
    anybody: httpx.Client,
    painted: dict[str, Any],
    user: str,
    ending: str,
) -> None:
    link = share(alice, painted)
    page = anybody.get(link["url"])
    path = file_of(page)
    assert anybody.get(path).status_code == 200

    ENDINGS[ending](alice, painted).raise_for_status()
    if ending in ("taken back", "picture"):
        assert anybody.get(link["url"]).status_code == 404  # as soon as it is said
    until("the page's end", lambda: anybody.get(link["url"]).status_code == 404)
    until("the file's end", lambda: anybody.get(path).status_code == 403)
    never = anybody.get(f"/s/{'A' * 22}")
    ended = anybody.get(link["url"])

    assert (ended.status_code, ended.text) == (never.status_code, never.text)
    assert ended.headers["content-type"].startswith("text/html")
    key = path.removeprefix("/cdn/")
    assert key not in object_keys(stack, "shared/")
    if ending != "account":
        assert alice.get("/shares").json()["shares"] == []
    deletion = f"deletion#share#{painted['id']}"

    def is_over() -> bool:
        rows = scan(stack, "ImageGenerationLogTable")
        mine = [row["entry"] for row in rows if row["user_id"] == user]
        return not [entry for entry in mine if entry.startswith(deletion)]

    until("the deletion's end", is_over)


def test_two_at_once_have_one_link(
    stack: Stack, alice: httpx.Client, anybody: httpx.Client
) -> None:
    image_id = str(ULID())
    file = BytesIO()
    Pixels.new("RGB", (64, 48), "teal").save(file, "PNG")
    headers = {"content-type": "image/png"}
    put = alice.put(f"/images/{image_id}", content=file.getvalue(), headers=headers)
    assert put.status_code == 201

    with ThreadPoolExecutor(4) as threads:
        links = list(threads.map(lambda _: share(alice, {"id": image_id}), range(4)))

    assert len({link["url"] for link in links}) == 1
    assert anybody.get(links[0]["url"]).status_code == 200
    assert anybody.get(file_of(anybody.get(links[0]["url"]))).status_code == 200

"""Chats and galleries larger than anybody has: answers made up on the way to the page."""

import io
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image
from playwright.sync_api import Page, Route

THUMBNAIL_PX = 256


def many_pictures(page: Page, count: int, *, is_inline: bool = False) -> None:
    """The API has `count` pictures, number `count` the newest.

    Args:
        is_inline: their thumbnails come with the page's own rows and ask nothing of the processes
            that run the test, so that the page has the machine for itself.
    """
    inline = f"data:image/webp;base64,{b64encode(_thumbnail()).decode()}"
    urls = {"url": inline, "thumbnail_url": inline} if is_inline else {}
    page.route("**/images?*", _pages("images", count, lambda number: picture(number) | urls))
    _serve_thumbnails(page)


def many_messages(page: Page, chat: str, count: int) -> None:
    """The API has `count` messages in this chat, number `count` the newest; some are pictures."""
    page.route(
        f"**/chats/{chat}/messages?*",
        _pages("messages", count, lambda number: message(chat, number)),
    )
    _serve_thumbnails(page)


def name_of(number: int) -> str:
    """The id of picture or message number so-and-so."""
    return f"01M{number:023}"


def picture(number: int) -> dict[str, object]:
    name, url = name_of(number), f"/cdn/many/{number}.webp"
    return {
        "id": name, "message_id": name, "chat_id": "many", "prompt": f"picture {number}",
        "created_at": "2026-11-20T10:00:00.000Z", "url": url, "thumbnail_url": url,
        "width": 1024, "height": 1024, "bytes": 1, "color": "#8899aa", "thumbhash": "",
    }  # fmt: skip


def slot(number: int) -> dict[str, object]:
    return {
        "id": name_of(number), "status": "complete", "image": picture(number) | {"prompt": None},
        "image_deleted": False, "charged": True, "error": None,
    }  # fmt: skip


def in_shape(message: Any, width: int, height: int) -> dict[str, Any]:
    """The same, with its picture of this size."""
    meta = message["meta"]
    size = {"width": width, "height": height}
    images = [one | {"image": one["image"] | size} for one in meta["images"]]
    return {**message, "meta": meta | {"image": meta["image"] | size, "images": images}}


def message(chat: str, number: int) -> dict[str, object]:
    is_picture = number % 10 == 0
    return {
        "id": name_of(number), "chat_id": chat, "role": "user" if number % 2 else "assistant",
        "text": "" if is_picture else f"message {number}. " + "And so on. " * (number * 7 % 40),
        "truncated": False, "created_at": "2026-11-20T10:00:00.000Z", "version": 1,
        "meta": {
            "message_type": "image" if is_picture else "text", "status": "complete",
            "prompt": f"picture {number}" if is_picture else None, "aspect_ratio": "1:1",
            "image": picture(number) if is_picture else None, "image_deleted": False,
            "count": 1 if is_picture else None, "images": [slot(number)] if is_picture else [],
            "error": None,
        },
    }  # fmt: skip


def _pages(
    key: str, count: int, row: Callable[[int], dict[str, object]]
) -> Callable[[Route], None]:
    """Answers with pages, newest first, as the API cuts them."""

    def fulfil(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        limit = int(query["limit"][0])
        cursor = query.get("cursor", [""])[0]
        start = int(cursor) if cursor.isdecimal() else count  # a message of today is newer than all
        if "around" in query:
            start = min(count, int(query["around"][0].removeprefix("01M")) + limit // 2)
        end = max(0, start - limit)
        rows: list[Any] = [row(number) for number in range(start, end, -1)]
        route.fulfill(json={key: rows, "next_cursor": str(end) if end else None})

    return fulfil


def _serve_thumbnails(page: Page) -> None:
    file = _thumbnail()
    page.route("**/cdn/many/*", lambda route: route.fulfill(content_type="image/webp", body=file))


def _thumbnail() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((THUMBNAIL_PX, THUMBNAIL_PX)).save(file, "WEBP")
    return file.getvalue()

"""Chats as they are listed: the pinned, then the others, each once over all pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.doubles import NOW
from tests.support.in_memory import InMemoryChats, InMemoryTables
from tests.unit.conftest import USER

from afterimage.channel import UnifiedChannel
from afterimage.domain.chats import Chat
from afterimage.domain.errors import Invalid
from afterimage.domain.limits import MOST_PINNED
from afterimage.http.taken import ChatsQuery
from afterimage.use_cases.edit_chat import EditChat
from afterimage.use_cases.list_chats import ListChats

MOMENT = "2026-11-20T10:02:00.000Z"


@pytest.fixture
def chats(tables: InMemoryTables) -> ListChats:
    for number in range(5):
        at = NOW + timedelta(minutes=number)
        tables.rows.chats[USER, f"chat-{number}"] = Chat(f"chat-{number}", "title", NOW, at)
    return ListChats(InMemoryChats(tables))


@pytest.fixture
def edit(channel: UnifiedChannel, tables: InMemoryTables) -> EditChat:
    return EditChat(channel, InMemoryChats(tables))


def test_pages_of_chats_follow_each_other(chats: ListChats) -> None:
    first = chats.page(USER, 3, None)
    second = chats.page(USER, 3, first.cursor)

    assert [chat.id for chat in first.rows] == ["chat-4", "chat-3", "chat-2"]
    assert first.cursor == f"{MOMENT}~chat-2"
    assert [chat.id for chat in second.rows] == ["chat-1", "chat-0"]
    assert second.cursor is None


def test_what_is_pinned_comes_first_and_once(chats: ListChats, edit: EditChat) -> None:
    for chat_id in ("chat-1", "chat-0", "chat-3"):
        edit(USER, chat_id, pinned=True)

    first = chats.page(USER, 4, None)
    second = chats.page(USER, 4, first.cursor)

    assert [chat.id for chat in first.rows] == ["chat-3", "chat-1", "chat-0", "chat-4"]
    assert [chat.id for chat in second.rows] == ["chat-2"]


def test_a_first_page_smaller_than_the_pinned_has_all_of_them(
    chats: ListChats, edit: EditChat
) -> None:
    for chat_id in ("chat-0", "chat-1", "chat-2"):
        edit(USER, chat_id, pinned=True)

    first = chats.page(USER, 2, None)

    assert [chat.id for chat in first.rows] == ["chat-2", "chat-1", "chat-0", "chat-4"]
    assert [chat.id for chat in chats.page(USER, 2, first.cursor).rows] == ["chat-3"]


def test_moved_between_two_pages_each_comes_once(
    chats: ListChats, edit: EditChat, tables: InMemoryTables
) -> None:
    edit(USER, "chat-0", pinned=True)
    first = chats.page(USER, 2, None)

    edit(USER, "chat-0", pinned=False)
    edit(USER, "chat-1", pinned=True)
    used = replace(tables.rows.chats[USER, "chat-4"], updated_at=NOW + timedelta(hours=1))
    tables.rows.chats[USER, "chat-4"] = used
    second = chats.page(USER, 9, first.cursor)

    assert [chat.id for chat in first.rows] == ["chat-0", "chat-4"]
    assert [chat.id for chat in second.rows] == ["chat-3", "chat-2", "chat-1"]


@pytest.mark.parametrize(
    "cursor",
    ["", "~", "x~chat", MOMENT, f"{MOMENT}~", "2026-11-20T10:02:00Z~chat", f"{MOMENT}~a#b",
     f"{MOMENT}~a~b", f"{MOMENT}~a~", f"{MOMENT}~a~1234567", f"{MOMENT}~a~12345678~",
     "２026-11-20T10:02:00.000Zx~chat"],
)  # fmt: skip
def test_a_malformed_cursor_of_chats_is_refused(chats: ListChats, cursor: str) -> None:
    with pytest.raises(Invalid):
        chats.page(USER, 5, cursor)


def test_the_longest_cursor_is_one_that_the_route_takes(
    tables: InMemoryTables, edit: EditChat
) -> None:
    for number in range(MOST_PINNED + 2):
        chat_id = f"{number:064d}"
        tables.rows.chats[USER, chat_id] = Chat(chat_id, "title", NOW, NOW)
        if number < MOST_PINNED:
            edit(USER, chat_id, pinned=True)

    cursor = ListChats(InMemoryChats(tables)).page(USER, 1, None).cursor

    assert ChatsQuery.model_validate({"cursor": cursor}).cursor == cursor

"""A chat gets another title; every tab hears of it."""

from __future__ import annotations

import pytest
from tests.support.builders import CHAT
from tests.support.doubles import NOW, RecordingPush
from tests.support.in_memory import InMemoryChats, InMemoryTables
from tests.unit.conftest import USER

from afterimage.channel import UnifiedChannel
from afterimage.domain.entities import Chat
from afterimage.domain.errors import NotFound
from afterimage.use_cases.rename_chat import RenameChat


@pytest.fixture
def rename(channel: UnifiedChannel, tables: InMemoryTables) -> RenameChat:
    tables.rows.chats[USER, CHAT] = Chat(CHAT, "before", NOW, NOW)
    return RenameChat(channel, InMemoryChats(tables))


def test_it_is_stored_and_told(
    rename: RenameChat, tables: InMemoryTables, push: RecordingPush
) -> None:
    tables.register(USER, "tab", NOW)

    renamed = rename(USER, CHAT, "after")

    assert renamed == Chat(CHAT, "after", NOW, NOW)
    assert tables.rows.chats[USER, CHAT] == renamed
    (frame,) = push.to("tab")
    assert (frame["event"], frame["seq"]) == ("chat-update", 1)
    assert frame["payload"]["chat"]["title"] == "after"


@pytest.mark.parametrize(
    ("user", "chat"), [(USER, "no-such-chat"), ("bob", CHAT), (USER, "a#b"), (USER, "")]
)
def test_only_ones_own_chat(rename: RenameChat, user: str, chat: str) -> None:
    with pytest.raises(NotFound):
        rename(user, chat, "after")


def test_a_chat_that_is_deleted_meanwhile(
    rename: RenameChat, tables: InMemoryTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tables.rows.chats[USER, CHAT]
    monkeypatch.setattr(InMemoryChats, "get", lambda *_: found)
    tables.rows.deleting.add((USER, CHAT))

    with pytest.raises(NotFound):
        rename(USER, CHAT, "after")

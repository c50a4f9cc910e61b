"""A chat gets another title, is pinned or unpinned; every tab hears of it."""

from __future__ import annotations

import pytest
from tests.support.builders import CHAT
from tests.support.bundle import Bundle
from tests.support.doubles import NOW
from tests.support.interrupted import before
from tests.unit.conftest import USER

from afterimage.domain.chats import Chat, TitleOrigin
from afterimage.domain.errors import NotFound, PinLimit
from afterimage.domain.limits import MOST_PINNED
from afterimage.use_cases.edit_chat import EditChat


@pytest.fixture
def edit(bundle: Bundle) -> EditChat:
    bundle.tables.rows.chats[USER, CHAT] = Chat(CHAT, "before", NOW, NOW)
    return EditChat(bundle.channel, bundle.chats)


def test_it_is_stored_and_told(edit: EditChat, bundle: Bundle) -> None:
    edited = edit(USER, CHAT, "after")

    assert edited == Chat(CHAT, "after", NOW, NOW, title_origin=TitleOrigin.PERSON)
    assert bundle.tables.rows.chats[USER, CHAT] == edited
    (frame,) = bundle.push.to("tab")
    assert (frame["event"], frame["seq"]) == ("chat-update", 1)
    assert frame["payload"]["chat"]["title"] == "after"


@pytest.mark.parametrize(
    ("user", "chat"), [(USER, "no-such-chat"), ("bob", CHAT), (USER, "a#b"), (USER, "")]
)
def test_only_ones_own_chat(edit: EditChat, user: str, chat: str) -> None:
    with pytest.raises(NotFound):
        edit(user, chat, "after")


def test_a_pinned_chat_keeps_its_title_and_whose_it_is(edit: EditChat, bundle: Bundle) -> None:
    pinned = edit(USER, CHAT, pinned=True)
    again = edit(USER, CHAT, pinned=True)
    unpinned = edit(USER, CHAT, pinned=False)

    assert pinned == again == Chat(CHAT, "before", NOW, NOW, pinned=True)
    assert unpinned == bundle.tables.rows.chats[USER, CHAT] == Chat(CHAT, "before", NOW, NOW)
    told = [frame["payload"]["chat"]["pinned"] for frame in bundle.push.to("tab")]
    assert told == [True, True, False]


def test_no_more_chats_are_pinned_than_are_listed_first(edit: EditChat, bundle: Bundle) -> None:
    for number in range(MOST_PINNED):
        bundle.tables.rows.chats[USER, f"other-{number}"] = Chat(
            f"other-{number}", "title", NOW, NOW
        )
        edit(USER, f"other-{number}", pinned=True)

    with pytest.raises(PinLimit):
        edit(USER, CHAT, "also not renamed", pinned=True)

    assert bundle.tables.rows.chats[USER, CHAT] == Chat(CHAT, "before", NOW, NOW)
    edit(USER, "other-7", pinned=False)
    assert edit(USER, CHAT, pinned=True).pinned


def test_a_pinned_chat_that_is_deleted_makes_room(edit: EditChat, bundle: Bundle) -> None:
    edit(USER, CHAT, pinned=True)

    bundle.delete_chat()

    assert set().union(*bundle.tables.rows.pins.values()) == set()


def test_what_another_tab_did_meanwhile_is_not_told_away(edit: EditChat, bundle: Bundle) -> None:
    """The first commit loses against a tab that pins; the second one tells of both."""
    other = EditChat(bundle.channel, bundle.chats)
    before(bundle.tables, "commit", lambda: other(USER, CHAT, pinned=True))

    assert edit(USER, CHAT, "after") == bundle.tables.rows.chats[USER, CHAT]
    assert bundle.tables.rows.chats[USER, CHAT].pinned


def test_a_chat_that_is_deleted_meanwhile(
    edit: EditChat, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = bundle.tables.rows.chats[USER, CHAT]
    monkeypatch.setattr(bundle.chats, "get", lambda *_: found)
    bundle.tables.rows.deleting.add((USER, CHAT))

    with pytest.raises(NotFound):
        edit(USER, CHAT, "after")

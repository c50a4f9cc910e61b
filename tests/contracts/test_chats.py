"""Chats: what a person makes of one, and those that are pinned."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.contracts.conftest import Tables
from tests.support.builders import CHAT, a_job
from tests.support.doubles import NOW

from afterimage.domain.changes import (
    BeginDeletion,
    Change,
    CloseChat,
    CountMessage,
    EditChat,
    InsertJob,
    NameChat,
    PinChat,
    TouchChat,
    UnpinChat,
)
from afterimage.domain.chats import Chat, TitleOrigin
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.ledger import EntryKind, LedgerEntry


def test_an_edit_changes_what_it_names_and_nothing_else(tables: Tables, user: str) -> None:
    tables.commit(user, TouchChat(CHAT, "the first words", NOW))
    first = tables.chats.get(user, CHAT)

    tables.commit(user, EditChat(CHAT, pinned=True))
    pinned = tables.chats.get(user, CHAT)
    tables.commit(user, EditChat(CHAT, "mine"))
    renamed = tables.chats.get(user, CHAT)
    tables.commit(user, EditChat(CHAT, pinned=False))

    assert first == Chat(CHAT, "the first words", NOW, NOW)
    assert pinned == replace(first, pinned=True)
    assert renamed == replace(pinned, title="mine", title_origin=TitleOrigin.PERSON)
    assert tables.chats.get(user, CHAT) == replace(renamed, pinned=False)


def test_a_model_names_what_nobody_has_named(tables: Tables, user: str) -> None:
    tables.commit(user, TouchChat("a", "the first words", NOW), TouchChat("b", "others", NOW))
    tables.commit(user, EditChat("b", "Mine"))

    tables.commit(user, NameChat("a", "A name"))

    named = tables.chats.get(user, "a")
    assert named == Chat("a", "A name", NOW, NOW, title_origin=TitleOrigin.MODEL)
    assert tables.refused(user, NameChat("a", "Another name")) == {NameChat}
    assert tables.refused(user, NameChat("b", "A name")) == {NameChat}
    assert tables.refused(user, NameChat("no such chat", "A name")) == {NameChat}


def test_nobody_names_a_chat_that_is_being_deleted(tables: Tables, user: str) -> None:
    tables.commit(user, TouchChat(CHAT, "the first words", NOW))
    tables.commit(user, CloseChat(CHAT))

    assert tables.refused(user, NameChat(CHAT, "A name")) == {NameChat}


def pinned(*chat_ids: str, limit: int = 3) -> list[Change]:
    return [
        change
        for chat_id in chat_ids
        for change in (EditChat(chat_id, pinned=True), PinChat(chat_id, limit))
    ]


def test_so_many_chats_are_pinned_and_no_more(tables: Tables, user: str) -> None:
    for chat_id in "abcd":
        tables.commit(user, TouchChat(chat_id, "title", NOW))
    for chat_id in "abc":
        tables.commit(user, *pinned(chat_id))

    assert tables.refused(user, *pinned("d")) == {PinChat}
    tables.commit(user, *pinned("b"))  # is pinned already
    tables.commit(user, EditChat("a", pinned=False), UnpinChat("a"))
    tables.commit(user, *pinned("d"))

    assert [chat.id for chat in tables.chats.pinned(user)] == ["d", "c", "b"]


def test_what_is_pinned_is_listed_apart_from_the_others(
    tables: Tables, user: str, somebody_else: str
) -> None:
    for number, chat_id in enumerate("abcd"):
        tables.commit(user, TouchChat(chat_id, "title", NOW + timedelta(minutes=number)))
    for chat_id in "abd":
        tables.commit(user, *pinned(chat_id))
    tables.commit(user, CloseChat("b"), UnpinChat("b"))
    tables.delete_chat(user, "d")

    everything, _ = tables.chats.page(user, None, 10)
    others, _ = tables.chats.page(user, None, 10, lambda chat_id: chat_id == "a")

    assert [chat.id for chat in tables.chats.pinned(user)] == ["a"]
    assert [chat.id for chat in everything] == ["c", "a"]
    assert [chat.id for chat in others] == ["c"]
    assert tables.chats.pinned(somebody_else) == []


def test_chats_are_taken_along_by_their_ids(tables: Tables, user: str, somebody_else: str) -> None:
    for number, chat_id in enumerate(["b", "a", "_c", "D", "e"]):
        tables.commit(user, TouchChat(chat_id, "title", NOW + timedelta(minutes=number)))
    tables.commit(user, *pinned("a"))
    tables.commit(user, CloseChat("e"))

    assert [chat.id for chat in tables.exports.chats(user, None)] == ["D", "_c", "a", "b"]
    assert [chat.id for chat in tables.exports.chats(user, "_c")] == ["a", "b"]
    assert list(tables.exports.chats(somebody_else, None)) == []


def test_the_ledger_is_taken_along(tables: Tables, user: str, somebody_else: str) -> None:
    job = a_job(1)
    tables.commit(user, InsertJob(job), CountMessage("2026-11-20", 9), TouchChat("c", "t", NOW))
    tables.commit(user, BeginDeletion(Deletion.now(DeletionKind.CHAT, "c", NOW)))

    picture, day = tables.exports.ledger(user, None)

    assert picture == LedgerEntry(
        job.id,
        EntryKind.PICTURE,
        created_at=job.created_at,
        status="reserved",
        chat_id=job.chat_id,
        message_id=job.message_id,
        prompt=job.prompt,
        model=job.model,
        image_size=job.image_size,
        pictures=job.pictures,
    )
    assert day == LedgerEntry("messages#2026-11-20", EntryKind.DAY, used=1)
    assert list(tables.exports.ledger(user, job.id)) == [day]
    assert list(tables.exports.ledger(somebody_else, None)) == []


def test_nothing_is_left_of_what_was_pinned_when_all_rows_are_gone(
    tables: Tables, user: str
) -> None:
    assert tables.refused(user, UnpinChat(CHAT)) == {UnpinChat}
    tables.commit(user, TouchChat(CHAT, "title", NOW))
    tables.commit(user, *pinned(CHAT))

    for name in tables.removal.chats(user, 10):
        tables.removal.remove_chat(user, name)

    assert tables.removal.chats(user, 10) == []
    assert tables.refused(user, UnpinChat(CHAT)) == {UnpinChat}

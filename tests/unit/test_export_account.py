"""Everything of one's own comes once, in order, whatever a page holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.builders import a_caller, a_job, a_message, a_ulid, an_image
from tests.support.doubles import NOW, FixedClock, PlainUrls
from tests.support.in_memory import (
    InMemoryChats,
    InMemoryEventLog,
    InMemoryImages,
    InMemoryMessages,
    InMemoryTables,
)
from tests.support.in_memory_export import InMemoryExport
from tests.unit.conftest import USER

from afterimage.domain.chats import Chat
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.errors import Invalid
from afterimage.http.api import Request
from afterimage.http.exports import ExportRoutes
from afterimage.use_cases.attach import Attach
from afterimage.use_cases.export_account import ExportAccount, Kind
from afterimage.use_cases.read_chats import ReadImages


@pytest.fixture
def export(tables: InMemoryTables) -> ExportAccount:
    chats = InMemoryChats(tables)
    return ExportAccount(
        InMemoryExport(tables),
        chats,
        InMemoryMessages(tables),
        ReadImages(InMemoryImages(tables), chats),
        Attach(InMemoryEventLog(tables)),
    )


@pytest.fixture
def full(tables: InMemoryTables) -> InMemoryTables:
    rows = tables.rows
    for number, chat in enumerate("bca"):
        rows.chats[USER, chat] = Chat(chat, chat, NOW, NOW + timedelta(minutes=number))
        for place in range(2):
            message = replace(a_message(place), chat_id=chat, image_ids=(a_ulid(1),))
            rows.messages[USER, chat, message.id] = message
    for number in range(3):
        rows.images[USER, a_ulid(number)] = an_image(number, chat_id="a")
        rows.jobs[USER, a_ulid(number)] = a_job(number, chat_id="a")
    rows.used[USER, "messages#2026-11-20"] = 3
    rows.chats["bob", "theirs"] = Chat("theirs", "theirs", NOW, NOW)
    return tables


def names(export: ExportAccount, cursor: str | None = None) -> list[str]:
    return [one.cursor for one in export(USER, cursor)]


EVERYTHING = [
    *("chats~a", "chats~b", "chats~c"),
    *(f"messages~{chat}~{a_ulid(number)}" for chat in "abc" for number in range(2)),
    *(f"images~{a_ulid(number)}" for number in (2, 1, 0)),
    *(f"ledger~{a_ulid(number)}" for number in range(3)),
    "ledger~messages#2026-11-20",
]


@pytest.mark.usefixtures("full")
def test_everything_comes_once_and_in_order(export: ExportAccount) -> None:
    assert names(export) == EVERYTHING


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("stopped", range(len(EVERYTHING)))
def test_it_goes_on_behind_any_row(export: ExportAccount, stopped: int) -> None:
    assert names(export, EVERYTHING[stopped]) == EVERYTHING[stopped + 1 :]


def test_long_chats_and_galleries_are_whole(export: ExportAccount, tables: InMemoryTables) -> None:
    tables.rows.chats[USER, "c"] = Chat("c", "c", NOW, NOW)
    for number in range(120):
        message = replace(a_message(number), chat_id="c")
        tables.rows.messages[USER, "c", message.id] = message
        tables.rows.images[USER, a_ulid(number)] = an_image(number)

    assert len(set(names(export))) == 1 + 120 + 120


def test_a_message_has_the_pictures_that_it_names(
    export: ExportAccount, full: InMemoryTables
) -> None:
    message = next(one.row for one in export(USER, "chats~c"))

    assert message.attachments == (full.rows.images[USER, a_ulid(1)],)  # type: ignore[union-attr]


def test_every_version_comes_and_says_whose_it_is_and_whether_it_stands(
    export: ExportAccount, tables: InMemoryTables
) -> None:
    tables.rows.chats[USER, "c"] = Chat("c", "c", NOW, NOW)
    placed = [(None, False), (a_ulid(0), True), (a_ulid(0), False)]
    for number, (line, stands) in enumerate(placed):
        asked = replace(a_message(number), chat_id="c", version_of=line, stands=stands)
        tables.rows.messages[USER, "c", asked.id] = asked
    routes = ExportRoutes(export, PlainUrls(), FixedClock())
    event: Any = {"queryStringParameters": {}}

    page: Any = routes.take(Request(a_caller(USER), NOW, NOW, event)).body

    assert [(one["version_of"], one["stands"]) for one in page["messages"]] == placed


def test_nothing_comes_of_what_is_being_deleted(
    export: ExportAccount, full: InMemoryTables
) -> None:
    full.rows.deleting.add((USER, "a"))
    deletion = Deletion.now(DeletionKind.CHAT, "a", NOW)
    full.rows.deletions[USER, deletion.name] = deletion

    left = names(export, "chats~a")

    assert left == [name for name in EVERYTHING if name[:8] in ("chats~b", "chats~c")] + [
        name for name in EVERYTHING if name.startswith(("messages~b", "messages~c"))
    ] + ["ledger~messages#2026-11-20"]
    assert names(export, f"messages~a~{a_ulid(0)}") == left[2:]


@pytest.mark.parametrize(
    "cursor", ["", "chats", "chats~", "chats~a~b", "people~a", "messages~a", "messages~a~", "~"]
)
def test_a_malformed_cursor_is_refused(export: ExportAccount, cursor: str) -> None:
    with pytest.raises(Invalid):
        export(USER, cursor)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("place", EVERYTHING)
def test_somebody_elses_place_leads_to_nothing_of_theirs(export: ExportAccount, place: str) -> None:
    assert {one.cursor for one in export("bob", place)} <= {"chats~theirs"}


# --- A page of it --------------------------------------------------------------------------------


class Ticking(FixedClock):
    """A clock by which each look at it takes so long."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def now(self) -> datetime:
        self.advance(seconds=self._seconds)
        return super().now()


def pages(export: ExportAccount, clock: FixedClock) -> list[int]:
    """How many rows each has, one behind the other."""
    routes, rows = ExportRoutes(export, PlainUrls(), clock), []
    query: dict[str, str] = {}
    while True:
        event: Any = {"queryStringParameters": query}
        page: Any = routes.take(Request(a_caller(USER), NOW, NOW, event)).body
        rows.append(sum(len(page[kind]) for kind in Kind))
        if page["next_cursor"] is None:
            return rows
        query = {"cursor": page["next_cursor"]}


def test_a_page_ends_with_a_thousand_rows(export: ExportAccount, tables: InMemoryTables) -> None:
    for number in range(2_001):
        chat = f"chat-{number}"
        tables.rows.chats[USER, chat] = Chat(chat, "", NOW, NOW)

    assert pages(export, FixedClock()) == [1_000, 1_000, 1]


@pytest.mark.usefixtures("full")
def test_a_page_ends_after_five_seconds_and_has_one_row_at_least(export: ExportAccount) -> None:
    assert pages(export, FixedClock()) == [len(EVERYTHING)]
    some = pages(export, Ticking(seconds=1))
    assert (sum(some), max(some) <= 5) == (len(EVERYTHING), True)
    assert pages(export, Ticking(seconds=6)) == [1] * len(EVERYTHING)

"""What many people ask is found without reading anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.builders import CHAT, a_message, a_ulid
from tests.support.bundle import Bundle
from tests.support.doubles import NOW
from tests.support.in_memory import InMemoryEventLog
from tests.support.in_memory_candidates import InMemoryCandidates
from tests.support.interrupted import fail

from afterimage.adapters.candidate_hashes import HmacCandidateHashes
from afterimage.domain.chats import Chat
from afterimage.domain.metrics import Metric
from afterimage.domain.suggestions import Suggestion, Suggestions
from afterimage.use_cases.note_candidate import NoteCandidate

PEOPLE = ("alice", "bob", "carol")
ON = Suggestions(collect_candidates=True, common_after=3)


class World:
    def __init__(self, bundle: Bundle) -> None:
        self.threads, self.tables = bundle.threads, bundle.tables
        self.log, self.metrics = bundle.log, bundle.metrics
        self.setting: Suggestions | None = ON
        self.candidates = InMemoryCandidates()

    def ask(self, user: str, text: str = "A fox", days: int = 0, number: int = 0) -> None:
        at = NOW + timedelta(days=days)
        self.tables.rows.chats.setdefault((user, CHAT), Chat(CHAT, text, at, at))
        note = NoteCandidate(
            lambda: self.setting,
            self.candidates,
            HmacCandidateHashes(lambda: "a secret"),
            InMemoryEventLog(self.tables),
            self.threads,
            self.log,
            self.metrics,
        )
        asked_at = at + timedelta(seconds=number)
        note(user, a_message(id=a_ulid(number), text=text, created_at=asked_at))
        note.settle()

    def words(self) -> list[str]:
        return [row.words for row in self.candidates.rows.values() if row.words is not None]


@pytest.fixture
def world(alone: Bundle) -> World:
    return World(alone)


def test_words_are_written_by_who_completes_the_number(world: World) -> None:
    for user, text in zip(PEOPLE, ("A fox", " a  FOX", "a fox"), strict=True):
        assert world.words() == []
        world.ask(user, text)

    assert world.words() == ["a fox"]
    ((week, text), row), *_ = world.candidates.rows.items()
    assert (week, row.until) == ("2026-W47", NOW + timedelta(days=14))
    shown = f"{text} {row.users} {world.log.text()}"
    assert not [said for said in (*PEOPLE, "fox") if said in shown]


def test_one_person_makes_no_candidate(world: World) -> None:
    for number in range(5):
        world.tables.rows.chats.clear()
        world.ask("alice", days=0, number=number)

    assert world.words() == []


def test_weeks_and_texts_cannot_be_laid_side_by_side(world: World) -> None:
    for days, text in ((0, "A fox"), (7, "A fox"), (0, "A boat")):
        world.tables.rows.chats.clear()
        world.ask("alice", text, days)

    texts = {text for _, text in world.candidates.rows}
    users = {user for row in world.candidates.rows.values() for user in row.users}
    assert (len(texts), len(users)) == (3, 3)


@pytest.mark.parametrize(
    "setting",
    [None, Suggestions(), replace(ON, suggestions=(Suggestion(text="a fox"),))],
)
def test_nothing_is_kept_that_is_not_wanted(world: World, setting: Suggestions | None) -> None:
    world.setting = setting

    world.ask("alice")

    assert world.candidates.rows == {}


def test_only_a_chats_first_question_is_counted(world: World) -> None:
    world.ask("alice", "Hello")
    world.ask("alice", "A fox", number=1)

    assert len(world.candidates.rows) == 1


@pytest.mark.parametrize("text", ["x" * 201, "  "])
def test_what_is_no_suggestion_anyway_is_not_counted(world: World, text: str) -> None:
    world.ask("alice", text)

    assert world.candidates.rows == {}


def test_no_answer_is_lost_for_it(world: World) -> None:
    fail(world.candidates, "count", OSError("the table is away"))

    world.ask("alice")

    assert world.metrics.of(Metric.DEFECTS) == [1]

"""Texts that several people ask: each person once, so many at most, words when they are named."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from tests.contracts.conftest import Tables
from tests.support.doubles import NOW

WEEK, LATER = "2026-W47", NOW + timedelta(days=14)


@pytest.fixture
def text() -> str:
    """One that nobody else asks."""
    return uuid4().hex


def test_each_person_counts_once_and_so_many_at_most(tables: Tables, text: str) -> None:
    def count(user: str) -> int:
        return tables.candidates.count(WEEK, text, user, 3, LATER)

    assert [count(user) for user in "aabbccd"] == [1, 1, 2, 2, 3, 0, 0]


def test_words_are_there_once_they_are_written(tables: Tables, text: str) -> None:
    tables.candidates.count(WEEK, text, "a", 2, LATER)
    assert tables.words_of(WEEK, text) is None

    tables.candidates.name(WEEK, text, "a fox")

    assert tables.words_of(WEEK, text) == "a fox"
    assert tables.candidates.count(WEEK, text, "b", 2, LATER) == 2
    assert tables.words_of(WEEK, text) == "a fox"


def test_another_week_is_another_text(tables: Tables, text: str) -> None:
    tables.candidates.count(WEEK, text, "a", 2, LATER)

    assert tables.candidates.count("2026-W48", text, "a", 2, LATER) == 1

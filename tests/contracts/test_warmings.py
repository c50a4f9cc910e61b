"""`WarmingStore`: when functions were warmed for a user, and when something of theirs ran."""

from __future__ import annotations

from datetime import timedelta

from tests.contracts.conftest import Tables
from tests.support.builders import a_message
from tests.support.doubles import NOW

from afterimage.domain.changes import InsertMessage, Transition
from afterimage.domain.events import MessageInserted

UNTIL = NOW + timedelta(minutes=5)


def test_functions_are_warmed_once_until_the_time_is_over(tables: Tables, user: str) -> None:
    assert tables.warmings.begin(user, NOW, UNTIL)
    assert not tables.warmings.begin(user, NOW, UNTIL)
    assert not tables.warmings.begin(user, UNTIL - timedelta(seconds=1), UNTIL)

    assert tables.warmings.begin(user, UNTIL, UNTIL + timedelta(minutes=5))


def test_each_user_is_warmed_for_by_themselves(
    tables: Tables, user: str, somebody_else: str
) -> None:
    tables.warmings.begin(somebody_else, NOW, UNTIL)

    assert tables.warmings.begin(user, NOW, UNTIL)


def test_a_warming_is_not_read_with_the_channel(tables: Tables, user: str) -> None:
    before = tables.store.read(user)

    tables.warmings.begin(user, NOW, UNTIL)

    assert tables.store.read(user) == before


def test_what_ran_last_is_known_by_the_last_event(
    tables: Tables, user: str, somebody_else: str
) -> None:
    for minutes in (0, 3):
        message, now = a_message(minutes), NOW + timedelta(minutes=minutes)
        change = Transition((InsertMessage(message),), (MessageInserted(message),))
        tables.store.commit(tables.store.read(user), change, now)

    assert tables.warmings.ran_at(user) == NOW + timedelta(minutes=3)
    assert tables.warmings.ran_at(somebody_else) is None

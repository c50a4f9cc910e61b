"""`ChannelStore`: numbers for those who wait to commit, and which of them was served."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.contracts.conftest import Tables
from tests.support.builders import a_message
from tests.support.doubles import NOW

from afterimage.domain.changes import CloseAccount, CorrectOpen, InsertMessage, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.events import MessageInserted
from afterimage.domain.served import Served
from afterimage.ports.channel import LostRace

LATER = NOW + timedelta(days=7)


def commit(tables: Tables, user: str, *numbers: int) -> None:
    channel = tables.store.read(user)
    message = a_message(channel.seq)
    change = Transition((InsertMessage(message),), (MessageInserted(message),))
    served = channel.served.and_also(*numbers) if numbers else None
    tables.store.commit(channel, change, NOW, served)


def draw(tables: Tables, user: str) -> int:
    return tables.store.draw(tables.store.read(user), NOW)


def test_numbers_follow_one_another_and_are_each_users_own(
    tables: Tables, user: str, somebody_else: str
) -> None:
    assert [draw(tables, user) for _ in range(3)] == [1, 2, 3]
    assert draw(tables, somebody_else) == 1
    assert tables.store.read(user) == Channel(user)  # it is not read as a connection


def test_of_many_at_once_each_gets_another_number(atomic_tables: Tables, user: str) -> None:
    with ThreadPoolExecutor(10) as threads:
        drawn = list(threads.map(lambda _: draw(atomic_tables, user), range(20)))

    assert sorted(drawn) == list(range(1, 21))


def test_a_commit_notes_who_had_a_turn(tables: Tables, user: str) -> None:
    found = []
    for numbers in ([], [1], [3, 5], [], [2]):
        commit(tables, user, *numbers)
        found.append(tables.store.read(user).served)

    beyond = Served(1, frozenset({3, 5}))
    assert found == [Served(), Served(1), beyond, beyond, Served(3, frozenset({5}))]


def test_one_that_loses_is_not_served(tables: Tables, user: str) -> None:
    before = tables.store.read(user)
    commit(tables, user, 1)

    with pytest.raises(LostRace):
        tables.store.commit(before, Transition((), ()), NOW, Served(2))

    assert tables.store.read(user).served == Served(1)


def test_a_number_may_be_served_without_a_commit(tables: Tables, user: str) -> None:
    commit(tables, user)

    for number in (3, 1, 1):
        tables.store.serve(user, number)

    assert tables.store.read(user) == Channel(user, seq=1, served=Served(1, frozenset({3})))


def test_numbers_that_were_forgotten_go_on_behind_what_was_served(
    tables: Tables, user: str
) -> None:
    commit(tables, user, 39, 41)

    assert draw(tables, user) == 42


def test_a_correction_serves_its_number_too(tables: Tables, user: str) -> None:
    commit(tables, user)
    counted = Transition((CorrectOpen(0, 0),), ())
    tables.store.commit(tables.store.read(user), Transition((), (), opens=1), NOW)
    tables.store.commit(tables.store.read(user), Transition((), (), opens=-1), NOW)

    tables.store.commit(tables.store.read(user), counted, NOW, Served(1))

    assert tables.store.read(user).served == Served(1)


def test_a_closed_account_has_served_nobody(tables: Tables, user: str) -> None:
    commit(tables, user, 1, 3)

    close = Transition((CloseAccount(NOW, LATER),), ())
    tables.store.commit(tables.store.read(user), close, NOW, Served(2))
    tables.store.serve(user, 3)

    assert tables.store.read(user) == Channel(user, deleted=True)
    tables.store.serve("nobody-yet", 1)
    assert tables.store.read("nobody-yet") == Channel("nobody-yet")

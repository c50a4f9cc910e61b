"""`ConnectionRegistry` and `TicketStore`: rows of one person beside their counter."""

from __future__ import annotations

from datetime import timedelta

from tests.contracts.conftest import Tables
from tests.support.builders import a_message
from tests.support.doubles import NOW

from afterimage.domain.changes import InsertMessage, Transition
from afterimage.domain.events import MessageInserted

DIGEST = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
SOON = NOW + timedelta(seconds=30)
LATER = NOW + timedelta(hours=2)


def test_connections_come_oldest_first(tables: Tables, user: str) -> None:
    for number, connection in enumerate(["zz=", "aa=", "mm="]):
        tables.connections.register(user, connection, NOW + timedelta(milliseconds=number), LATER)

    assert tables.connections.read(user).connections == ("zz=", "aa=", "mm=")


def test_a_connection_that_resumes_again_is_the_newest(tables: Tables, user: str) -> None:
    tables.connections.register(user, "first", NOW, LATER)
    tables.connections.register(user, "second", NOW + timedelta(seconds=1), LATER)

    tables.connections.register(user, "first", NOW + timedelta(seconds=2), LATER)

    assert tables.connections.read(user).connections == ("second", "first")


def test_a_forgotten_connection_is_gone(tables: Tables, user: str) -> None:
    tables.connections.register(user, "kept", NOW, LATER)
    tables.connections.register(user, "closed", NOW, LATER)

    tables.connections.forget(user, "closed")
    tables.connections.forget(user, "closed")

    assert tables.connections.read(user).connections == ("kept",)


def test_a_connection_whose_time_is_over_is_told_apart(tables: Tables, user: str) -> None:
    for connection, until in [("on", NOW + timedelta(seconds=1)), ("over", NOW), ("old", NOW)]:
        tables.connections.register(user, connection, NOW - timedelta(hours=1), until)

    channel = tables.connections.read(user)

    assert channel.connections == ("on",)
    assert sorted(channel.ended) == ["old", "over"]


def test_a_connection_is_taken_once(tables: Tables, user: str, somebody_else: str) -> None:
    tables.connections.register(user, "tab", NOW, LATER)

    assert not tables.connections.take(somebody_else, "tab")
    assert tables.connections.take(user, "tab")
    assert not tables.connections.take(user, "tab")
    assert tables.connections.read(user).connections == ()


def test_who_has_not_resumed_waits_apart(tables: Tables, user: str, somebody_else: str) -> None:
    tables.connections.register(user, "tab", NOW, LATER)
    for number, connection in enumerate(["c", "a", "b", "new"]):
        tables.waiting.enter(user, connection, NOW + timedelta(seconds=10 * number))

    assert tables.connections.read(user).connections == ("tab",)
    assert tables.waiting.some(somebody_else, LATER, 9) == []
    found = tables.waiting.some(user, NOW + timedelta(seconds=30), 9)
    assert sorted(found) == ["a", "b", "c"]
    assert len(tables.waiting.some(user, LATER, 2)) == 2


def test_who_resumes_leaves_once(tables: Tables, user: str) -> None:
    tables.waiting.enter(user, "tab", NOW)

    assert tables.waiting.leave(user, "tab")
    assert not tables.waiting.leave(user, "tab")
    assert tables.waiting.some(user, LATER, 9) == []


def test_connections_of_others_are_not_seen_nor_forgotten(
    tables: Tables, user: str, somebody_else: str
) -> None:
    tables.connections.register(user, "mine", NOW, LATER)

    tables.connections.forget(somebody_else, "mine")

    assert tables.connections.read(somebody_else).connections == ()
    assert tables.connections.read(user).connections == ("mine",)


def test_connections_and_counter_come_in_one_read(tables: Tables, user: str) -> None:
    message = a_message()
    tables.tickets.keep(user, DIGEST, SOON)
    tables.connections.register(user, "here", NOW, LATER)
    change = Transition((InsertMessage(message),), (MessageInserted(message),), opens=1)
    tables.store.commit(tables.store.read(user), change, NOW)

    channel = tables.store.read(user)

    assert (channel.seq, channel.open_messages, channel.connections) == (1, 1, ("here",))


def test_connections_and_tickets_do_not_disturb_the_first_event(tables: Tables, user: str) -> None:
    tables.connections.register(user, "here", NOW, LATER)

    assert tables.store.read(user).seq == 0


def test_a_ticket_is_spent_once(tables: Tables, user: str) -> None:
    tables.tickets.keep(user, DIGEST, SOON)

    assert tables.tickets.spend(user, DIGEST, NOW)
    assert not tables.tickets.spend(user, DIGEST, NOW)


def test_a_ticket_lasts_until_it_expires(tables: Tables, user: str) -> None:
    tables.tickets.keep(user, DIGEST, SOON)
    assert not tables.tickets.spend(user, DIGEST, SOON)
    assert not tables.tickets.spend(user, DIGEST, SOON + timedelta(days=1))

    assert tables.tickets.spend(user, DIGEST, SOON - timedelta(seconds=1))


def test_a_ticket_is_of_one_person(tables: Tables, user: str, somebody_else: str) -> None:
    tables.tickets.keep(user, DIGEST, SOON)

    assert not tables.tickets.spend(somebody_else, DIGEST, NOW)
    assert not tables.tickets.spend(user, DIGEST[::-1], NOW)


def test_nothing_but_a_ticket_is_spent(tables: Tables, user: str) -> None:
    tables.connections.register(user, DIGEST, NOW, LATER)

    assert not tables.tickets.spend(user, DIGEST, NOW)
    assert tables.connections.read(user).connections == (DIGEST,)

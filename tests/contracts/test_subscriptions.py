"""`Subscriptions`, and who looks: rows of one person in the channel's table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.contracts.conftest import Tables
from tests.support.doubles import NOW

from afterimage.domain.changes import CloseAccount, KeepSubscription, Transition
from afterimage.domain.errors import AccountDeleted
from afterimage.domain.web_push import Subscription
from afterimage.ports.keeping import UserRows

LATER = NOW + timedelta(hours=2)
PHONE = Subscription("https://push.test/phone", "B" * 87, "a" * 22, NOW)
DESKTOP = replace(PHONE, endpoint="https://push.test/desktop", since=NOW + timedelta(seconds=1))


def keep(tables: Tables, user: str, subscription: Subscription) -> None:
    kept = Transition((KeepSubscription(subscription),), ())
    tables.store.commit(tables.store.read(user), kept, NOW)


def test_browsers_are_kept_the_oldest_first(tables: Tables, user: str, somebody_else: str) -> None:
    keep(tables, user, DESKTOP)
    keep(tables, user, PHONE)

    assert tables.subscriptions.all(user) == [PHONE, DESKTOP]
    assert tables.subscriptions.all(somebody_else) == []


def test_the_same_endpoint_is_one_browser_with_its_newest_keys(tables: Tables, user: str) -> None:
    keep(tables, user, PHONE)
    anew = replace(PHONE, auth="b" * 22)
    keep(tables, user, anew)

    assert tables.subscriptions.all(user) == [anew]


def test_one_that_is_forgotten_is_gone(tables: Tables, user: str, somebody_else: str) -> None:
    keep(tables, user, PHONE)
    keep(tables, user, DESKTOP)

    tables.subscriptions.forget(somebody_else, DESKTOP.id)
    for _ in range(2):
        tables.subscriptions.forget(user, PHONE.id)

    assert tables.subscriptions.all(user) == [DESKTOP]


def test_the_channel_knows_that_somebody_is_told_and_nothing_more(
    tables: Tables, user: str
) -> None:
    before = tables.store.read(user)

    keep(tables, user, PHONE)

    assert not before.told
    assert tables.store.read(user) == replace(before, told=True)


def test_of_a_deleted_account_none_is_kept(tables: Tables, user: str) -> None:
    keep(tables, user, PHONE)
    read = tables.store.read(user)
    tables.store.commit(read, Transition((CloseAccount(NOW, LATER),), ()), NOW)

    with pytest.raises(AccountDeleted):
        keep(tables, user, DESKTOP)
    assert not tables.store.read(user).told
    while tables.removal.remove_some(user, UserRows.CHANNEL, 200):
        pass
    assert tables.subscriptions.all(user) == []


def test_who_looks_is_read_with_the_channel(tables: Tables, user: str) -> None:
    for connection in ("looked-at", "left", "never"):
        tables.connections.register(user, connection, NOW, LATER)
    tables.connections.look(user, "looked-at", NOW)
    tables.connections.look(user, "left", NOW)
    tables.connections.look(user, "left", None)

    assert tables.connections.read(user).visible == {"looked-at": NOW}


def test_a_connection_that_resumes_again_is_looked_at_still(tables: Tables, user: str) -> None:
    tables.connections.register(user, "tab", NOW, LATER)
    tables.connections.look(user, "tab", NOW)

    tables.connections.register(user, "tab", NOW + timedelta(seconds=3), LATER)

    assert tables.connections.read(user).visible == {"tab": NOW}


def test_a_connection_that_is_gone_does_not_come_back_by_being_looked_at(
    tables: Tables, user: str
) -> None:
    tables.connections.register(user, "tab", NOW, LATER)
    tables.connections.forget(user, "tab")

    tables.connections.look(user, "tab", NOW)

    channel = tables.connections.read(user)
    assert (channel.connections, channel.ended, channel.visible) == ((), (), {})

"""Tickets: one use, thirty seconds, nobody else's."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.doubles import FixedClock
from tests.support.in_memory import InMemoryTables
from tests.unit.conftest import USER

from afterimage.use_cases.open_connection import Tickets


@pytest.fixture
def tickets(tables: InMemoryTables, clock: FixedClock) -> Tickets:
    return Tickets(tables, clock)


def test_a_ticket_leads_to_its_user_once(tickets: Tickets) -> None:
    ticket = tickets.issue(USER)

    assert tickets.spend(ticket) == USER
    assert tickets.spend(ticket) is None


@pytest.mark.parametrize(("seconds", "user"), [(29, USER), (30, None), (3600, None)])
def test_a_ticket_lasts_thirty_seconds(
    tickets: Tickets, clock: FixedClock, seconds: int, user: str | None
) -> None:
    ticket = tickets.issue(USER)

    clock.advance(seconds=seconds)

    assert tickets.spend(ticket) == user


def test_no_row_leads_to_a_ticket(tickets: Tickets, tables: InMemoryTables) -> None:
    ticket = tickets.issue(USER)

    assert ticket.split(".")[1] not in str(tables.rows.tickets)


def test_tickets_differ(tickets: Tickets) -> None:
    assert len({tickets.issue(USER) for _ in range(50)}) == 50


def test_a_ticket_is_not_another_persons(tickets: Tickets) -> None:
    secret = tickets.issue(USER).split(".")[1]
    for_bob = urlsafe_b64encode(b"bob").decode()

    assert tickets.spend(f"{for_bob}.{secret}") is None


def test_any_user_id_fits(tickets: Tickets) -> None:
    for user in ("a", "auth0|507f1f77bcf86cd799439020", "ü#&?=.", "x" * 255):
        assert tickets.spend(tickets.issue(user)) == user


@pytest.mark.parametrize(
    "ticket",
    ["", ".", "..", "YWxpY2U=", "YWxpY2U=.", ".secret", "YWxpY2U=.secret", "=.=", "ü.ü",
     "/w==.x", "a.b", "YWxpY2U=." + "x" * 2_000, "\x00.\x00"],
)  # fmt: skip
def test_garbage_is_nobodys(tickets: Tickets, ticket: str) -> None:
    tickets.issue(USER)

    assert tickets.spend(ticket) is None


@given(st.text())
def test_nothing_that_anybody_can_think_of_is_a_ticket(ticket: str) -> None:
    assert Tickets(InMemoryTables(), FixedClock()).spend(ticket) is None

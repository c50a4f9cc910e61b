"""Tickets: one use, thirty seconds, nobody else's."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import a_caller
from tests.support.doubles import FixedClock
from tests.support.in_memory import InMemoryTables

from afterimage.domain.callers import Caller
from afterimage.use_cases.open_connection import Tickets

ALICE = a_caller("alice")


@pytest.fixture
def tickets(tables: InMemoryTables, clock: FixedClock) -> Tickets:
    return Tickets(tables, clock)


def test_a_ticket_leads_to_its_user_once(tickets: Tickets) -> None:
    ticket = tickets.issue(ALICE)

    assert tickets.spend(ticket) == ALICE
    assert tickets.spend(ticket) is None


@pytest.mark.parametrize(("seconds", "caller"), [(29, ALICE), (30, None), (3600, None)])
def test_a_ticket_lasts_thirty_seconds(
    tickets: Tickets, clock: FixedClock, seconds: int, caller: Caller | None
) -> None:
    ticket = tickets.issue(ALICE)

    clock.advance(seconds=seconds)

    assert tickets.spend(ticket) == caller


def test_no_row_leads_to_a_ticket(tickets: Tickets, tables: InMemoryTables) -> None:
    ticket = tickets.issue(ALICE)

    assert ticket.split(".")[2] not in str(tables.rows.tickets)


def test_tickets_differ(tickets: Tickets) -> None:
    assert len({tickets.issue(ALICE) for _ in range(50)}) == 50


def test_a_ticket_is_not_another_persons(tickets: Tickets) -> None:
    _, secret = tickets.issue(ALICE).split(".", 1)
    for_bob = urlsafe_b64encode(b"bob").decode()

    assert tickets.spend(f"{for_bob}.{secret}") is None


@pytest.mark.parametrize("seconds", [-1, 1, 10**9])
def test_nobody_moves_the_end_of_the_token(tickets: Tickets, seconds: int) -> None:
    user, end, secret = tickets.issue(ALICE).split(".")

    assert tickets.spend(f"{user}.{int(end) + seconds}.{secret}") is None


def test_any_user_id_fits(tickets: Tickets) -> None:
    for user in ("a", "auth0|507f1f77bcf86cd799439020", "ü#&?=.", "x" * 255):
        assert tickets.spend(tickets.issue(a_caller(user))) == a_caller(user)


@pytest.mark.parametrize(
    "ticket",
    ["", ".", "..", "YWxpY2U=", "YWxpY2U=.", ".secret", "YWxpY2U=.secret", "=.=", "ü.ü",
     "YWxpY2U=.1.secret", "YWxpY2U=." + "9" * 30 + ".secret",
     "/w==.x", "a.b", "YWxpY2U=." + "x" * 2_000, "\x00.\x00"],
)  # fmt: skip
def test_garbage_is_nobodys(tickets: Tickets, ticket: str) -> None:
    tickets.issue(ALICE)

    assert tickets.spend(ticket) is None


@given(st.text())
def test_nothing_that_anybody_can_think_of_is_a_ticket(ticket: str) -> None:
    assert Tickets(InMemoryTables(), FixedClock()).spend(ticket) is None

"""Checks, and what they found, as lines of a table."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import ClientError

_LONGEST = 300  # characters of what an error says
# Who asks may not, which says nothing about the stack.
_NOT_ALLOWED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


class Skipped(Exception):
    """This cannot be looked at; the text says why."""


class Wrong(Exception):
    """It is not as it should be; the text says how."""


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    Attributes:
        what: for people, and unique.
        find: says what it found; raises Skipped, Wrong, or what stood in its way.
    """

    what: str
    find: Callable[[], str]


@dataclass(frozen=True)
class Row:
    """One line.

    Attributes:
        detail: what was found, what is wrong, or why it was not looked at.
    """

    what: str
    outcome: Outcome
    seconds: float
    detail: str


def rows(checks: Iterable[Check]) -> Iterator[Row]:
    """Makes the checks in their order."""
    for check in checks:
        started = time.monotonic()
        outcome, detail = _found(check.find)
        yield Row(check.what, outcome, time.monotonic() - started, detail)


def line(row: Row, width: int) -> str:
    """The row as text; `width` is that of the longest `what`."""
    return f"{row.what:<{width}}  {row.outcome:<7}  {row.seconds:5.1f} s  {row.detail}"


def summary(found: Iterable[Row]) -> str:
    """How many there are of each outcome."""
    outcomes = [row.outcome for row in found]
    return ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in Outcome)


def _found(find: Callable[[], str]) -> tuple[Outcome, str]:
    try:
        return Outcome.OK, find()
    except Skipped as reason:
        return Outcome.SKIPPED, str(reason)
    except ClientError as error:
        return _refused(error)
    except Wrong as reason:
        return Outcome.FAILED, str(reason)
    except Exception as error:  # noqa: BLE001 - whatever a check meets is its line of the table
        return Outcome.FAILED, f"{type(error).__name__}: {' '.join(str(error).split())[:_LONGEST]}"


def _refused(error: ClientError) -> tuple[Outcome, str]:
    code = error.response["Error"]["Code"]
    operation = error.operation_name
    if code in _NOT_ALLOWED:
        return Outcome.SKIPPED, f"these credentials may not call {operation}"
    # A status instead of a code: what answered is no AWS service, or not this one.
    if code.isdecimal() and not operation.startswith("Head"):
        return Outcome.SKIPPED, f"{operation} is not served here (HTTP {code})"
    return Outcome.FAILED, f"{operation}: {' '.join(str(error).split())[:_LONGEST]}"

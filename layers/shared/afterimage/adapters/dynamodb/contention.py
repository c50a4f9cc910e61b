"""Writes of one row that meet others at that row: "not now", which is worth repeating.

DynamoDB refuses a PutItem, UpdateItem or DeleteItem with TransactionConflictException while a
transaction on its row is under way, and the SDK does not send it again. Transactions themselves
are repeated by the channel, which has to read before it can.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from pynamodb.exceptions import PynamoDBException

# Codes that say a call was turned away for now, and changed nothing.
BUSY = frozenset(
    {
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)
_NOT_NOW = BUSY | {"TransactionConflictException"}

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.64
# A transaction takes milliseconds; and no function may be given less than 10 s.
_KEEP_TRYING_S = 5.0

ResultT = TypeVar("ResultT")


class Unfinished(Exception):
    """Of a batch, DynamoDB has left a part undone for now, which is no error to it."""


def outlasting(write: Callable[[], ResultT], keep_trying_s: float = _KEEP_TRYING_S) -> ResultT:
    """Carry out a write, with full jitter again for as long as it is turned away for now.

    Raises:
        PynamoDBException: any other refusal, at once; such a one, when the time is over.
        Unfinished: the write's own, when the time is over.
    """
    give_up = time.monotonic() + keep_trying_s
    pause = _FIRST_PAUSE_S
    while True:
        try:
            return write()
        except (PynamoDBException, Unfinished) as error:
            if not _is_for_now(error) or time.monotonic() >= give_up:
                raise
        time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter
        pause = min(_LONGEST_PAUSE_S, pause * 2)


def _is_for_now(error: PynamoDBException | Unfinished) -> bool:
    return isinstance(error, Unfinished) or error.cause_response_code in _NOT_NOW

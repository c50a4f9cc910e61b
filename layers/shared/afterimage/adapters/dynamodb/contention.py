"""The one connection of all tables, which outlasts what DynamoDB turns away for now.

DynamoDB refuses a call that comes too fast for its partition, and a write of one row while a
transaction on that row is under way. Of a batch it may leave a part undone, which is no error to
it. botocore repeats the first a few times and the second never, and PynamoDB repeats the third
without a pause. Here each is repeated with pauses, for as long as the invocation has time.

Transactions are not: the channel repeats its own, because it has to read again before, and
`settled` its reads, with a shorter patience.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError
from pynamodb import constants
from pynamodb.connection import Connection

from afterimage.invocation import Invocation, Patience

# Codes that say a call was turned away for now, and changed nothing.
BUSY = frozenset(
    {
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)
_NOT_NOW = BUSY | {"TransactionConflictException"}

# A transaction on a row takes milliseconds, and somebody waits for what is read.
_PATIENCE = Patience(first_pause=0.01, longest_pause=0.64, at_most=timedelta(seconds=5))
# Batches are written only to remove rows in bulk, for which nobody waits. A partition takes writes
# of 1,000 KB a second, and a batch of the longest messages has 5,000 KB (Amazon DynamoDB Developer
# Guide, "Burst and adaptive capacity").
_PATIENCE_IN_BULK = Patience(first_pause=0.05, longest_pause=1.28, at_most=timedelta(minutes=1))
# Where the answer to a batch says what was left undone.
_BATCHES = {
    constants.BATCH_GET_ITEM: (constants.UNPROCESSED_KEYS, _PATIENCE),
    constants.BATCH_WRITE_ITEM: (constants.UNPROCESSED_ITEMS, _PATIENCE_IN_BULK),
}

Body = dict[str, Any]


class Unfinished(Exception):
    """Of a batch, DynamoDB has left a part undone for as long as it was asked."""


class PatientConnection(Connection):
    """Every call of every table passes its `dispatch`.

    Args:
        invocation: whose time bounds what is repeated.
        options: PynamoDB's.
    """

    def __init__(self, invocation: Invocation, **options: Any) -> None:
        super().__init__(**options)
        self._invocation = invocation

    def tries(self, patience: Patience) -> Iterator[None]:
        """For calls that are repeated by who makes them, inside the same invocation's time."""
        return self._invocation.tries(patience)

    def dispatch(self, operation_name: str, operation_kwargs: Body) -> Body:
        """Carry out a call; of a batch, all of it.

        Raises:
            ClientError: a refusal that is not for now, at once; one for now, when time is over.
            Unfinished: a part of a batch was left undone, when time is over.
        """
        match operation_name:
            case constants.TRANSACT_WRITE_ITEMS | constants.TRANSACT_GET_ITEMS:
                return super().dispatch(operation_name, operation_kwargs)
            case constants.BATCH_GET_ITEM | constants.BATCH_WRITE_ITEM:
                return self._whole_batch(operation_name, operation_kwargs)
        return self._taken(operation_name, operation_kwargs, self._invocation.tries(_PATIENCE))

    def _whole_batch(self, operation: str, asked: Body) -> Body:
        left_in, patience = _BATCHES[operation]
        tries = self._invocation.tries(patience)
        found: dict[str, list[Any]] = {}
        while True:
            answer = self._taken(operation, asked, tries)
            for table, items in answer.get(constants.RESPONSES, {}).items():
                found.setdefault(table, []).extend(items)
            left = answer.get(left_in)
            if not left:
                return {**answer, constants.RESPONSES: found}
            asked = {**asked, constants.REQUEST_ITEMS: left}

    def _taken(self, operation: str, asked: Body, tries: Iterator[None]) -> Body:
        """The answer to a call that is not turned away."""
        refusal: Exception = Unfinished(operation)
        for _ in tries:
            try:
                return super().dispatch(operation, asked)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _NOT_NOW:
                    raise
                refusal = error
        raise refusal

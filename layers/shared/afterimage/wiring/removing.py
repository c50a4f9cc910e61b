"""How a question is removed with its answer, by whoever deletes it and by who finishes that."""

from __future__ import annotations

from afterimage.adapters.dynamodb.ledger import DynamoDbLedger
from afterimage.ports.shares import ShareTokens
from afterimage.use_cases.remove_pair import RemovePair
from afterimage.wiring.connected import Channelled, upload_time


def remove_pair(base: Channelled, tokens: ShareTokens, image_timeout: int) -> RemovePair:
    """Args: image_timeout: the painter's, in seconds."""
    return RemovePair(
        channel=base.channel,
        jobs=DynamoDbLedger(),
        tokens=tokens,
        clock=base.clock,
        upload_time=upload_time(image_timeout),
    )

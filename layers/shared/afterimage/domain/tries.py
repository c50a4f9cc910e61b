"""Which jobs an answer may have had, over all of its tries."""

from __future__ import annotations

from afterimage.domain import ids
from afterimage.domain.messages import Message


def jobs_of(message: Message) -> list[str]:
    """Ids of all jobs that a message may have had: one a try and a picture asked for, and that of
    what was there before.
    """
    tried = [
        ids.job_id(message.chat_id, message.id, number, place)
        for number in range(1, message.tries + 1)
        for place in range(len(message.asked))
    ]
    return list(dict.fromkeys([*tried, *(slot.id for slot in message.asked)]))

"""A user's unified channel, as a plain immutable value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from afterimage.domain.served import NOBODY, Served


@dataclass(frozen=True)
class Channel:
    """A user's unified channel as one consistent read shows it.

    Attributes:
        seq: number of the latest event; 0 before the first.
        open_messages: answers under way.
        connections: ids of the connections that get live frames, oldest first.
        painting: ids of the jobs that are the painter's: reserved or running.
        waiting: ids of the jobs that wait for their turn.
        ended: ids of connections that get no more frames, by their token's end or their age.
        served: which numbers had their turn, of those who wait to commit.
        visible: of connections whose client somebody looks at, when that was last said.
        told: whether a browser of theirs has asked to be told by Web Push.
    """

    user_id: str
    seq: int = 0
    open_messages: int = 0
    deleted: bool = False
    connections: tuple[str, ...] = ()
    painting: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    ended: tuple[str, ...] = ()
    served: Served = NOBODY
    visible: Mapping[str, datetime] = field(default_factory=dict, hash=False)
    told: bool = False

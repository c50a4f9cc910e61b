"""What telling browsers needs: who is to be told, who sends, and how it is begun."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from afterimage.domain.web_push import Notice, Subscription


class Subscriptions(Protocol):
    """Browsers of one user that are told. `KeepSubscription` writes them."""

    def all(self, user_id: str) -> Sequence[Subscription]:
        """All of them, strongly consistent, the oldest first."""

    def forget(self, user_id: str, subscription_id: str) -> None:
        """Nothing happens if it is gone already."""


class Sent(Enum):
    """What became of one push."""

    TAKEN = "taken"
    GONE = "gone"  # the browser is told no more
    REFUSED = "refused"


class PushServices(Protocol):
    def send(self, subscription: Subscription, notice: Notice) -> Sent:
        """Hand a notice to a browser's push service. Never raises."""


class Teller(Protocol):
    def tell(self, user_id: str, notice: Notice) -> None:
        """Have browsers told, soon: those who are connected know already. Never raises."""

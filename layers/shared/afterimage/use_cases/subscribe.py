"""A browser asks to be told by Web Push, or no longer wants it."""

from __future__ import annotations

from collections.abc import Callable

from afterimage.channel import UnifiedChannel
from afterimage.domain.changes import KeepSubscription, Transition
from afterimage.domain.errors import Invalid
from afterimage.domain.web_push import MOST_SUBSCRIPTIONS, Subscription, is_of, subscription_id
from afterimage.ports.system import Clock
from afterimage.ports.web_push import Subscriptions

_NOT_ONE_OF_THEM = "The endpoint is not of a push service that is used here."


class Subscribe:
    """Args: hosts: the push services that are allowed, as `is_of` reads them; empty if none is."""

    def __init__(
        self,
        channel: UnifiedChannel,
        subscriptions: Subscriptions,
        hosts: Callable[[], str],
        clock: Clock,
    ) -> None:
        self._channel = channel
        self._subscriptions = subscriptions
        self._hosts = hosts
        self._clock = clock

    def __call__(self, user_id: str, endpoint: str, p256dh: str, auth: str) -> None:
        """Keep it; where there are more than ten, the oldest go.

        Raises:
            Invalid: whoever makes the endpoint up would have us call any address.
            AccountDeleted: refused.
        """
        if not is_of(self._hosts(), endpoint):
            raise Invalid("no push service", public=_NOT_ONE_OF_THEM)
        subscription = Subscription(endpoint, p256dh, auth, self._clock.now())
        self._channel.change(user_id, Transition((KeepSubscription(subscription),), ()))
        for one in self._subscriptions.all(user_id)[:-MOST_SUBSCRIPTIONS]:
            self._subscriptions.forget(user_id, one.id)

    def end(self, user_id: str, endpoint: str) -> None:
        """Nothing happens if there is no such subscription."""
        self._subscriptions.forget(user_id, subscription_id(endpoint))

"""An answer has ended and nobody looks: the user's browsers are told by Web Push.

Asked by an event of its own, once the frames are posted. A connection that was found to be gone
then is forgotten by now, so that whoever is still there, and said lately that somebody looks, has
seen it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

from afterimage.domain.channels import Channel
from afterimage.domain.web_push import Notice, Subscription, is_looked_at, is_of
from afterimage.ports.system import Clock, Log
from afterimage.ports.web_push import PushServices, Sent, Subscriptions


class TellBrowsers:
    """Args: hosts: the push services that are allowed now."""

    def __init__(
        self,
        read_channel: Callable[[str], Channel],
        subscriptions: Subscriptions,
        services: PushServices,
        hosts: Callable[[], str],
        executor: Executor,
        clock: Clock,
        log: Log,
    ) -> None:
        self._read_channel = read_channel
        self._subscriptions = subscriptions
        self._services = services
        self._hosts = hosts
        self._executor = executor
        self._clock = clock
        self._log = log

    def __call__(self, user_id: str, notice: Notice) -> None:
        """Send it to all of the user's browsers, unless somebody looks at one of them."""
        self._log.about(message_id=notice.message_id)
        channel = self._read_channel(user_id)
        if channel.deleted or is_looked_at(channel.visible, self._clock.now()):
            self._log.info("browsers_not_needed")
            return
        allowed = self._hosts()
        told = [one for one in self._subscriptions.all(user_id) if is_of(allowed, one.endpoint)]
        sent = list(self._executor.map(lambda one: self._send(user_id, one, notice), told))
        self._log.info("browsers_told", browsers=len(told), taken=sent.count(Sent.TAKEN))

    def _send(self, user_id: str, subscription: Subscription, notice: Notice) -> Sent:
        sent = self._services.send(subscription, notice)
        if sent is Sent.GONE:
            self._subscriptions.forget(user_id, subscription.id)
        return sent

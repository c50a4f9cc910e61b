"""Browsers that are told by Web Push, as rows of the channel's table."""

from __future__ import annotations

from datetime import datetime

from afterimage.adapters.dynamodb import columns
from afterimage.adapters.dynamodb.tables import ChannelRow
from afterimage.domain.web_push import Subscription

# Sorts behind "ticket#", so that it is not read with the channel.
_WEB_PUSH = "web_push#"


class DynamoDbSubscriptions:
    """Implements `Subscriptions`."""

    def all(self, user_id: str) -> list[Subscription]:
        found = ChannelRow.query(
            user_id, ChannelRow.entry.startswith(_WEB_PUSH), consistent_read=True
        )
        return sorted(map(_subscription_of, found), key=lambda one: one.since)

    def forget(self, user_id: str, subscription_id: str) -> None:
        ChannelRow(user_id, _WEB_PUSH + subscription_id).delete()


def row_of(user_id: str, subscription: Subscription) -> ChannelRow:
    """The row of a subscription."""
    return ChannelRow(
        user_id,
        _WEB_PUSH + subscription.id,
        endpoint=subscription.endpoint,
        p256dh=subscription.p256dh,
        auth=subscription.auth,
        since=columns.timestamp(subscription.since),
    )


def _subscription_of(row: ChannelRow) -> Subscription:
    return Subscription(
        row.endpoint or "",
        row.p256dh or "",
        row.auth or "",
        datetime.fromisoformat(row.since or ""),
    )

"""What a transition makes of its user's counter row, in one item."""

from __future__ import annotations

from datetime import datetime

from pynamodb.attributes import UnicodeSetAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from afterimage.adapters.dynamodb import (
    columns,
    rows,
)
from afterimage.adapters.dynamodb.items import Item, Update
from afterimage.adapters.dynamodb.tables import (
    COUNTER,
    ChannelRow,
)
from afterimage.domain import changes, turns
from afterimage.domain.changes import Transition
from afterimage.domain.channels import Channel
from afterimage.domain.served import Served


def counter_update(
    channel: Channel, transition: Transition, now: datetime, served: Served | None
) -> Item:
    as_read = ChannelRow.seq == channel.seq
    if not channel.seq:  # what a transition without events has written before the first event
        as_read |= ChannelRow.seq.does_not_exist()
    condition = as_read & rows.refuses_nobody(now)
    if (limit := transition.open_limit) is not None:
        # A transition without events moves `open` and not `seq`.
        room = ChannelRow.open <= limit - transition.opens
        condition &= ChannelRow.open.does_not_exist() | room
    if _queue_writes(channel, transition):
        # Nor does one without events that takes a job out of the queue.
        condition &= _is(ChannelRow.painting, channel.painting)
        condition &= _is(ChannelRow.waiting, channel.waiting)
    correction = next((c for c in transition.changes if isinstance(c, changes.CorrectOpen)), None)
    if correction is not None:
        condition &= ChannelRow.open == correction.was
    row = ChannelRow(channel.user_id, COUNTER)
    actions = _counter_actions(channel, transition)
    if served is not None and not _closes_account(transition):
        actions += _served_writes(served)
    return Item(Update(row, actions, condition), correction)


def _served_writes(served: Served) -> list[Action]:
    beyond = ChannelRow.served_beyond
    return [
        ChannelRow.served.set(served.upto),
        beyond.set(set(served.beyond)) if served.beyond else beyond.remove(),
    ]


def _closes_account(transition: Transition) -> bool:
    return any(isinstance(change, changes.CloseAccount) for change in transition.changes)


def _counter_actions(channel: Channel, transition: Transition) -> list[Action]:
    for change in transition.changes:
        if isinstance(change, changes.CorrectOpen):
            return [ChannelRow.open.set(change.counted)]
        if isinstance(change, changes.CloseAccount):
            return [
                ChannelRow.deleted_at.set(columns.timestamp(change.at)),
                ChannelRow.expires_at.set(columns.epoch(change.until)),
                ChannelRow.seq.remove(),
                ChannelRow.open.remove(),
                ChannelRow.painting.remove(),
                ChannelRow.waiting.remove(),
                ChannelRow.served.remove(),
                ChannelRow.served_beyond.remove(),
                ChannelRow.told.remove(),
            ]
    actions: list[Action] = [
        ChannelRow.seq.set(channel.seq + len(transition.events)),
        # Of an account that was deleted long ago and is no longer refused.
        ChannelRow.deleted_at.remove(),
        ChannelRow.expires_at.remove(),
    ]
    if transition.opens:
        # Added to what stands there, whatever was read.
        actions.append(ChannelRow.open.add(transition.opens))
    if any(isinstance(change, changes.KeepSubscription) for change in transition.changes):
        actions.append(ChannelRow.told.set(True))
    return actions + _queue_writes(channel, transition)


def _queue_writes(channel: Channel, transition: Transition) -> list[Action]:
    """Whole, not by ADD and DELETE, which DynamoDB refuses to do both to one attribute."""
    then = turns.after(channel, transition)
    columns = (
        (ChannelRow.painting, channel.painting, then.painting),
        (ChannelRow.waiting, channel.waiting, then.waiting),
    )
    return [
        column.set(set(now)) if now else column.remove()
        for column, was, now in columns
        if was != now
    ]


def _is(column: UnicodeSetAttribute, read: frozenset[str]) -> Condition:
    """The queue is as it was read; an empty set is none, as DynamoDB has it."""
    as_read: Condition = column == sorted(read) if read else column.does_not_exist()
    return as_read

"""A transition as the items of one DynamoDB transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pynamodb.attributes import UnicodeSetAttribute
from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from afterimage.adapters.dynamodb import (
    counters,
    job_moves,
    rows,
    shares,
    stock_rows,
    subscriptions,
    uploads,
)
from afterimage.adapters.dynamodb.tables import (
    COUNTER,
    PINS,
    ChannelRow,
    ChatRow,
    EventRow,
    ImageRow,
    LedgerRow,
    MessageRow,
    ShareRow,
)
from afterimage.domain import changes, turns
from afterimage.domain.changes import Change, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.chats import TitleOrigin
from afterimage.domain.events import EventReference
from afterimage.domain.served import Served


@dataclass(frozen=True)
class Check:
    model: type[Model]
    key: tuple[str, str]
    condition: Condition


@dataclass(frozen=True)
class Delete:
    row: Model
    condition: Condition | None


@dataclass(frozen=True)
class Put:
    row: Model
    condition: Condition | None


@dataclass(frozen=True)
class Update:
    row: Model
    actions: list[Action]
    condition: Condition


Write = Check | Delete | Put | Update
# Reasons come in the order of the items, and PynamoDB sends them in this one.
_ORDER = (Check, Delete, Put, Update)


@dataclass(frozen=True)
class Item:
    """One item of a transaction, and the change whose decision it is, if it is anybody's."""

    write: Write
    change: Change | None = None


def writes_of(
    channel: Channel, transition: Transition, now: datetime, served: Served | None = None
) -> list[Item]:
    """All items of a transition's transaction, in the order in which they are sent.

    Args:
        served: as it is to be then, if that changes.
    """
    asked = [_counter_update(channel, transition, now, served)]
    asked += _chat_checks(channel.user_id, transition)
    for change in transition.changes:
        if (write := _write(channel.user_id, change)) is not None:
            asked.append(Item(write, change))
    asked += [Item(write) for one in transition.along if (write := _write(channel.user_id, one))]
    asked += [Item(put) for put in _event_puts(channel, transition, now)]
    return sorted(asked, key=lambda one: _ORDER.index(type(one.write)))


def _counter_update(
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
                ChannelRow.deleted_at.set(rows.timestamp(change.at)),
                ChannelRow.expires_at.set(rows.epoch(change.until)),
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


def _event_puts(channel: Channel, transition: Transition, now: datetime) -> list[Put]:
    return [
        Put(
            rows.event_row(channel.user_id, EventReference.to(event, channel.seq + number), now),
            EventRow.seq.does_not_exist(),
        )
        for number, event in enumerate(transition.events, start=1)
    ]


def _chat_checks(user_id: str, transition: Transition) -> list[Item]:
    """That no chat is being deleted in which a message is replaced, once for each chat.

    A chat that the transition itself updates or checks is left out: that has a condition of its
    own, and an item can be named once in a transaction.
    """
    updates = (
        changes.TouchChat,
        changes.CheckLastLine,
        changes.EditChat,
        changes.NameChat,
        changes.CloseChat,
    )
    seen = {change.chat_id for change in transition.changes if isinstance(change, updates)}
    seen |= {one.read.id for one in transition.changes if isinstance(one, changes.ForgetLine)}
    checks: list[Item] = []
    for change in (*transition.changes, *transition.along):
        if isinstance(change, changes.ReplaceMessage) and change.message.chat_id not in seen:
            seen.add(change.message.chat_id)
            key = (user_id, change.message.chat_id)
            check = Check(ChatRow, key, ChatRow.deleting.does_not_exist())
            checks.append(Item(check, None if change in transition.along else change))
    return checks


def _write(  # noqa: C901 - one case a change
    user_id: str, change: Change
) -> Write | None:
    match change:
        case changes.InsertMessage(message):
            return Put(rows.message_row(user_id, message), MessageRow.message_id.does_not_exist())
        case changes.ReplaceMessage(message, read_version):
            return Update(
                MessageRow(rows.messages_key(user_id, message.chat_id), message.id),
                rows.message_update(user_id, message),
                MessageRow.version == read_version,
            )
        case changes.TouchChat():
            return _touch_chat(user_id, change)
        case changes.ForgetLine():
            return _forget_line(user_id, change)
        case changes.EditChat():
            return _edit_chat(user_id, change)
        case changes.NameChat(chat_id, title):
            origin = ChatRow.title_origin.set(TitleOrigin.MODEL.value)
            unnamed = _there() & ChatRow.title_origin.does_not_exist()
            return Update(ChatRow(user_id, chat_id), [ChatRow.title.set(title), origin], unnamed)
        case changes.PinChat(chat_id):
            return Update(ChatRow(user_id, PINS), [ChatRow.pins.add({chat_id})], _room(change))
        case changes.UnpinChat(chat_id):
            unpinned = ChatRow.pins.delete({chat_id})
            return Update(ChatRow(user_id, PINS), [unpinned], ChatRow.chat_id.exists())
        case changes.CheckLastLine(chat_id, line):
            return Check(ChatRow, (user_id, chat_id), _has_last(line))
        case changes.CountMessage(day, limit):
            return _count(user_id, f"messages#{day}", limit)
        case changes.ReserveImage(day, limit, number):
            return _count(user_id, f"quota#{day}", limit, number)
        case changes.RefundImage(day, number):
            return _give_back(user_id, f"quota#{day}", number)
        case changes.CountCall(model, day, limit, number):
            return _count(user_id, counters.of_calls(model, day), limit, number)
        case changes.ReturnCall(model, day, number):
            return _give_back(user_id, counters.of_calls(model, day), number)
        case changes.InsertJob(job):
            return Put(job_moves.inserted(user_id, job), LedgerRow.entry.does_not_exist())
        case changes.MoveJob(before, after):
            return Update(
                LedgerRow(user_id, before.id),
                job_moves.actions(user_id, after),
                job_moves.still(before),
            )
        case changes.InsertImage(image):
            return Put(rows.image_row(user_id, image), ImageRow.image_id.does_not_exist())
        case changes.InsertUpload(upload):
            return Put(uploads.upload_row(user_id, upload), LedgerRow.entry.does_not_exist())
        case changes.MoveUpload(earlier, later):
            return Update(
                LedgerRow(user_id, earlier.id),
                uploads.actions(user_id, later),
                uploads.still(earlier),
            )
        case changes.CountUpload(day, limit):
            return _count(user_id, f"uploads#{day}", limit)
        case changes.CheckNoImage(image_id):
            return Check(ImageRow, (user_id, image_id), ImageRow.image_id.does_not_exist())
        case changes.CheckImage(image_id):
            return Check(ImageRow, (user_id, image_id), ImageRow.image_id.exists())
        case changes.SpendStock(taken):
            return Update(*stock_rows.spent(taken))
        case changes.KeepSubscription(subscription):
            return Put(subscriptions.row_of(user_id, subscription), None)
        case changes.CloseChat(chat_id):
            return _close_chat(user_id, chat_id)
        case changes.CloseAccount() | changes.CorrectOpen():
            return None  # an item can be written once in a transaction, and this is the counter's
        case changes.BeginDeletion(deletion, noted):
            still = None if noted is None else LedgerRow.purge_at == noted.timestamp()
            return Put(rows.deletion_row(user_id, deletion), still)
        case changes.RemoveMessage(message):
            key = rows.messages_key(user_id, message.chat_id)
            return Delete(MessageRow(key, message.id), MessageRow.version == message.version)
        case changes.RemoveJob(job):
            return Delete(LedgerRow(user_id, job.id), job_moves.still(job))
        case changes.RemoveImage(image_id, share):
            return Delete(ImageRow(user_id, image_id), shares.shared_as(share))
        case changes.ClaimShare(image_id, number):
            return Update(*shares.claimed(user_id, image_id, number))
        case changes.SetShare(image_id, was, share):
            return Update(ImageRow(user_id, image_id), shares.actions(share), shares.shared_as(was))
        case changes.ShowShared(picture):
            return Put(shares.share_row(picture), None)
        case changes.HideShared(name):
            return Delete(ShareRow(name), None)


def _touch_chat(user_id: str, change: changes.TouchChat) -> Update:
    at = rows.timestamp(change.at)
    return Update(
        ChatRow(user_id, change.chat_id),
        [
            ChatRow.updated_at.set(at),
            ChatRow.title.set(ChatRow.title | change.title),
            ChatRow.created_at.set(ChatRow.created_at | at),
            *([] if change.line is None else [ChatRow.last_line.set(change.line)]),
        ],
        _may_be_touched(change),
    )


def _edit_chat(user_id: str, edit: changes.EditChat) -> Update:
    actions: list[Action] = []
    if edit.title is not None:
        origin = ChatRow.title_origin.set(TitleOrigin.PERSON.value)
        actions += [ChatRow.title.set(edit.title), origin]
    if edit.pinned is not None:
        actions.append(ChatRow.pinned.set(True) if edit.pinned else ChatRow.pinned.remove())
    return Update(ChatRow(user_id, edit.chat_id), actions, _there())


def _there() -> Condition:
    """A chat that is not being deleted."""
    there: Condition = ChatRow.chat_id.exists() & ChatRow.deleting.does_not_exist()
    return there


def _room(pin: changes.PinChat) -> Condition:
    few: Condition = size(ChatRow.pins) < pin.limit  # type: ignore[no-untyped-call]
    room: Condition = ChatRow.pins.does_not_exist() | few | ChatRow.pins.contains(pin.chat_id)
    return room


def _may_be_touched(change: changes.TouchChat) -> Condition:
    if change.is_new:  # one that is being deleted is there
        there_is_none: Condition = ChatRow.chat_id.does_not_exist()
        return there_is_none
    kept: Condition = ChatRow.deleting.does_not_exist()
    return _has_last(change.line) if change.is_last and change.line else kept


def _forget_line(user_id: str, change: changes.ForgetLine) -> Update:
    read, left = change.read, change.left
    line = ChatRow.last_line
    as_read = line == read.last_line if read.last_line else line.does_not_exist()
    kept = ChatRow.chat_id.exists() & ChatRow.deleting.does_not_exist()
    return Update(
        ChatRow(user_id, read.id),
        [
            line.set(left.last_line) if left.last_line else line.remove(),
            ChatRow.title.set(left.title),
        ],
        kept & as_read & (ChatRow.title == read.title),
    )


def _has_last(line: str) -> Condition:
    is_last = (ChatRow.last_line == line) | ChatRow.last_line.does_not_exist()
    there: Condition = _there() & is_last
    return there


def _close_chat(user_id: str, chat_id: str) -> Update:
    return Update(
        ChatRow(user_id, chat_id),
        [
            ChatRow.deleting.set(True),
            ChatRow.title.remove(),
            ChatRow.title_origin.remove(),
            ChatRow.pinned.remove(),
            ChatRow.created_at.remove(),
            ChatRow.updated_at.remove(),
            ChatRow.last_line.remove(),
        ],
        _there(),
    )


def _count(user_id: str, counter: str, limit: int, number: int = 1) -> Update:
    return Update(
        LedgerRow(user_id, counter),
        counters.more(counter, number),
        counters.room(limit, number),
    )


def _give_back(user_id: str, counter: str, number: int) -> Update:
    given_back = LedgerRow.used.add(-number)
    return Update(LedgerRow(user_id, counter), [given_back], LedgerRow.used >= number)

"""A transition as the items of one DynamoDB transaction."""

from __future__ import annotations

from datetime import datetime

from afterimage.adapters.dynamodb import (
    chat_writes,
    counters,
    job_moves,
    message_rows,
    rows,
    shares,
    stock_rows,
    subscriptions,
    uploads,
)
from afterimage.adapters.dynamodb.counter_writes import counter_update
from afterimage.adapters.dynamodb.items import Check, Delete, Item, Put, Update, Write
from afterimage.adapters.dynamodb.tables import (
    PINS,
    ChatRow,
    EventRow,
    ImageRow,
    LedgerRow,
    MessageRow,
    ShareRow,
)
from afterimage.domain import changes
from afterimage.domain.changes import Change, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.events import EventReference
from afterimage.domain.served import Served

# Reasons come in the order of the items, and PynamoDB sends them in this one.
_ORDER = (Check, Delete, Put, Update)


def writes_of(
    channel: Channel, transition: Transition, now: datetime, served: Served | None = None
) -> list[Item]:
    """All items of a transition's transaction, in the order in which they are sent.

    Args:
        served: as it is to be then, if that changes.
    """
    asked = [counter_update(channel, transition, now, served)]
    asked += chat_writes.checks(channel.user_id, transition)
    for change in transition.changes:
        if (write := _write(channel.user_id, change)) is not None:
            asked.append(Item(write, change))
    asked += [Item(write) for one in transition.along if (write := _write(channel.user_id, one))]
    asked += [Item(put) for put in _event_puts(channel, transition, now)]
    return sorted(asked, key=lambda one: _ORDER.index(type(one.write)))


def _event_puts(channel: Channel, transition: Transition, now: datetime) -> list[Put]:
    return [
        Put(
            rows.event_row(channel.user_id, EventReference.to(event, channel.seq + number), now),
            EventRow.seq.does_not_exist(),
        )
        for number, event in enumerate(transition.events, start=1)
    ]


def _write(  # noqa: C901 - one case a change
    user_id: str, change: Change
) -> Write | None:
    match change:
        case changes.InsertMessage(message):
            return Put(
                message_rows.message_row(user_id, message), MessageRow.message_id.does_not_exist()
            )
        case changes.ReplaceMessage(message, read_version):
            return Update(
                MessageRow(message_rows.messages_key(user_id, message.chat_id), message.id),
                message_rows.message_update(user_id, message),
                MessageRow.version == read_version,
            )
        case changes.TouchChat():
            return chat_writes.touched(user_id, change)
        case changes.ForgetLine():
            return chat_writes.line_forgotten(user_id, change)
        case changes.EditChat():
            return chat_writes.edited(user_id, change)
        case changes.NameChat(chat_id, title):
            return chat_writes.named(user_id, chat_id, title)
        case changes.PinChat(chat_id):
            return Update(
                ChatRow(user_id, PINS), [ChatRow.pins.add({chat_id})], chat_writes.has_room(change)
            )
        case changes.UnpinChat(chat_id):
            unpinned = ChatRow.pins.delete({chat_id})
            return Update(ChatRow(user_id, PINS), [unpinned], ChatRow.chat_id.exists())
        case changes.CheckLastLine(chat_id, line):
            return Check(ChatRow, (user_id, chat_id), chat_writes.has_last(line))
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
        case changes.CountShare(day, limit):
            return _count(user_id, f"shares#{day}", limit)
        case changes.CheckNoImage(image_id):
            return Check(ImageRow, (user_id, image_id), ImageRow.image_id.does_not_exist())
        case changes.CheckImage(image_id):
            return Check(ImageRow, (user_id, image_id), ImageRow.image_id.exists())
        case changes.SpendStock(taken):
            return Update(*stock_rows.spent(taken))
        case changes.KeepSubscription(subscription):
            return Put(subscriptions.row_of(user_id, subscription), None)
        case changes.CloseChat(chat_id):
            return chat_writes.closed(user_id, chat_id)
        case changes.CloseAccount() | changes.CorrectOpen():
            return None  # an item can be written once in a transaction, and this is the counter's
        case changes.BeginDeletion(deletion, noted):
            still = None if noted is None else LedgerRow.purge_at == noted.timestamp()
            return Put(rows.deletion_row(user_id, deletion), still)
        case changes.RemoveMessage(message):
            key = message_rows.messages_key(user_id, message.chat_id)
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


def _count(user_id: str, counter: str, limit: int, number: int = 1) -> Update:
    return Update(
        LedgerRow(user_id, counter),
        counters.more(counter, number),
        counters.room(limit, number),
    )


def _give_back(user_id: str, counter: str, number: int) -> Update:
    given_back = LedgerRow.used.add(-number)
    return Update(LedgerRow(user_id, counter), [given_back], LedgerRow.used >= number)

"""What changes make of a chat's row, and that nothing is written into one that is being deleted."""

from __future__ import annotations

from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from afterimage.adapters.dynamodb import columns
from afterimage.adapters.dynamodb.items import Check, Item, Update
from afterimage.adapters.dynamodb.tables import ChatRow
from afterimage.domain import changes
from afterimage.domain.changes import Transition
from afterimage.domain.chats import TitleOrigin


def checks(user_id: str, transition: Transition) -> list[Item]:
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
    added: list[Item] = []
    for change in (*transition.changes, *transition.along):
        if isinstance(change, changes.ReplaceMessage) and change.message.chat_id not in seen:
            seen.add(change.message.chat_id)
            key = (user_id, change.message.chat_id)
            check = Check(ChatRow, key, ChatRow.deleting.does_not_exist())
            added.append(Item(check, None if change in transition.along else change))
    return added


def touched(user_id: str, change: changes.TouchChat) -> Update:
    at = columns.timestamp(change.at)
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


def edited(user_id: str, edit: changes.EditChat) -> Update:
    actions: list[Action] = []
    if edit.title is not None:
        origin = ChatRow.title_origin.set(TitleOrigin.PERSON.value)
        actions += [ChatRow.title.set(edit.title), origin]
    if edit.pinned is not None:
        actions.append(ChatRow.pinned.set(True) if edit.pinned else ChatRow.pinned.remove())
    return Update(ChatRow(user_id, edit.chat_id), actions, _is_there())


def named(user_id: str, chat_id: str, title: str) -> Update:
    """A model's title, unless somebody else has given it one."""
    origin = ChatRow.title_origin.set(TitleOrigin.MODEL.value)
    unnamed = _is_there() & ChatRow.title_origin.does_not_exist()
    return Update(ChatRow(user_id, chat_id), [ChatRow.title.set(title), origin], unnamed)


def _is_there() -> Condition:
    """A chat that is not being deleted."""
    there: Condition = ChatRow.chat_id.exists() & ChatRow.deleting.does_not_exist()
    return there


def has_room(pin: changes.PinChat) -> Condition:
    few: Condition = size(ChatRow.pins) < pin.limit  # type: ignore[no-untyped-call]
    room: Condition = ChatRow.pins.does_not_exist() | few | ChatRow.pins.contains(pin.chat_id)
    return room


def _may_be_touched(change: changes.TouchChat) -> Condition:
    if change.is_new:  # one that is being deleted is there
        there_is_none: Condition = ChatRow.chat_id.does_not_exist()
        return there_is_none
    kept: Condition = ChatRow.deleting.does_not_exist()
    return has_last(change.line) if change.is_last and change.line else kept


def line_forgotten(user_id: str, change: changes.ForgetLine) -> Update:
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


def has_last(line: str) -> Condition:
    is_last = (ChatRow.last_line == line) | ChatRow.last_line.does_not_exist()
    there: Condition = _is_there() & is_last
    return there


def closed(user_id: str, chat_id: str) -> Update:
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
        _is_there(),
    )

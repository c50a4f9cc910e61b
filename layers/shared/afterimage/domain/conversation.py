"""A chat's messages as the turns the text model is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from afterimage.domain.entities import Message, Role, Status

# The model refuses a turn without words.
_WITHOUT_WORDS = "(a picture, without words)"


@dataclass(frozen=True)
class Turn:
    """One entry of a conversation for the text model.

    Attributes:
        role: `user` or `model`.
        parts: the wire's own parts.
    """

    role: str
    parts: Sequence[dict[str, object]]


def in_pairs(messages: Sequence[Message], characters: int) -> list[Message]:
    """Each answer directly behind its question, the questions in their order.

    Messages sent at the same time lie between one another's answers, and a model refuses a call
    that does not follow what a user said. An answer whose question is not there is left out.

    Args:
        characters: what all of it may have. Whole pairs, as many as fit of the newest: every word
            that is sent along is paid for again.
    """
    answers = {message.reply_to: message for message in messages if message.role is not Role.USER}
    kept: list[Message] = []
    for question in reversed([message for message in messages if message.role is Role.USER]):
        answer = answers.get(question.id)
        pair = [question] if answer is None else [question, answer]
        characters -= sum(map(_length, pair))
        if characters < 0:
            break
        kept = pair + kept
    return kept


def _length(message: Message) -> int:
    """Characters of what is sent of it."""
    return len(message.text if message.role is Role.USER else message.parts or "")


def turns(messages: Sequence[Message]) -> list[Turn]:
    """The conversation, oldest first.

    The model's own parts go back unchanged (it refuses a call whose `thoughtSignature` is
    missing), and every call in them is answered by what became of it. Answers that never
    came from the model are left out.
    """
    conversation: list[Turn] = []
    for message in messages:
        if message.role is Role.USER:
            conversation.append(Turn("user", [{"text": message.text or _WITHOUT_WORDS}]))
        elif parts := message.model_parts():
            conversation.append(Turn("model", parts))
            said = [part.get("functionCall") for part in parts]
            if calls := [call for call in said if isinstance(call, dict)]:
                outcomes = [_outcome(message, call, first=call is calls[0]) for call in calls]
                conversation.append(Turn("user", outcomes))
    return conversation


def _outcome(message: Message, call: dict[str, object], *, first: bool) -> dict[str, object]:
    response: dict[str, object] = {
        "name": call.get("name", ""),
        "response": _result(message) if first else {"error": "one picture per message"},
    }
    if "id" in call:
        response["id"] = call["id"]
    return {"functionResponse": response}


def _result(message: Message) -> dict[str, object]:
    match message.status:
        case Status.COMPLETE:
            return {"output": {**_pictures(message), "shown_to_user": True}}
        case Status.THINKING | Status.GENERATING:
            return {"output": {**_pictures(message), "status": "still painting"}}
        case Status.FAILED | Status.CANCELLED:
            reason = message.error.code if message.error else message.status.value
            return {"error": reason}


def _pictures(message: Message) -> dict[str, object]:
    """Ids of the pictures that came or may come."""
    ids = [slot.id for slot in message.slots if not slot.may_be_tried]
    return {"image_id": ids[0] if ids else None} if len(ids) < 2 else {"image_ids": ids}

"""A chat's messages as the turns the text model is sent.

Its pictures have numbers. What a question names stands before its words; what was painted is named
in the result of its call, and what is shown of it follows as a turn of its own: a call's result is
read more reliably where nothing else stands beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from afterimage.domain.images import Image
from afterimage.domain.messages import Message, Role, Status
from afterimage.domain.numbered_pictures import NumberedPictures, label, of_message

IMAGE_TOOL = "generate_image"
NAME_TOOL = "name_chat"  # never in the history: what a chat is called says nothing about it
NO_PICTURES = NumberedPictures()
# The model refuses a turn without words.
_WITHOUT_WORDS = "(a picture, without words)"


@dataclass(frozen=True)
class Turn:
    """One entry of a conversation for the text model.

    Attributes:
        role: `user` or `model`.
        parts: the wire's own parts; a file is bytes where the wire has base64.
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


def turns(messages: Sequence[Message], pictures: NumberedPictures = NO_PICTURES) -> list[Turn]:
    """The conversation, oldest first.

    The model's own parts go back unchanged (it refuses a call whose `thoughtSignature` is
    missing), and every call in them is answered by what became of it. Answers that never
    came from the model are left out, but for their pictures.

    Args:
        messages: with their attachments.
        pictures: of these messages. A file stands where its picture is named last.
    """
    named_last = {image.id: message.id for message in messages for image in of_message(message)}
    conversation: list[Turn] = []
    for message in messages:
        here = [image.id for image in of_message(message) if named_last[image.id] == message.id]
        files = {id_: pictures.files[id_] for id_ in here if id_ in pictures.files}
        if message.role is Role.USER:
            named = _named(of_message(message), pictures, files)
            conversation.append(Turn("user", [*named, {"text": message.text or _WITHOUT_WORDS}]))
        else:
            conversation += _answer(message, pictures, files)
    return conversation


def _answer(
    message: Message, pictures: NumberedPictures, files: Mapping[str, bytes]
) -> Iterator[Turn]:
    calls: list[dict[str, object]] = []
    if parts := message.model_parts():
        yield Turn("model", parts)
        said = [part.get("functionCall") for part in parts]
        calls = [call for call in said if isinstance(call, dict)]
    if calls:
        result = _result(message, pictures.numbers_of(message.images))
        yield Turn("user", [_outcome(call, result, first=call is calls[0]) for call in calls])
    told = [image for image in message.images if not calls or image.id in files]
    if named := _named(told, pictures, files):
        yield Turn("user", named)


def _named(
    images: Iterable[Image], pictures: NumberedPictures, files: Mapping[str, bytes]
) -> list[dict[str, object]]:
    """Each picture's number, and behind it what is shown of it."""
    parts: list[dict[str, object]] = []
    for image in images:
        parts += [{"text": label(number)} for number in pictures.numbers_of([image])]
        if image.id in files:
            parts.append({"inlineData": {"mimeType": "image/webp", "data": files[image.id]}})
    return parts


def _outcome(
    call: dict[str, object], result: dict[str, object], *, first: bool
) -> dict[str, object]:
    response: dict[str, object] = {
        "name": call.get("name", ""),
        "response": result if first else {"error": "not carried out: one call in an answer"},
    }
    if "id" in call:
        response["id"] = call["id"]
    return {"functionResponse": response}


def _result(message: Message, numbers: Sequence[int]) -> dict[str, object]:
    match message.status:
        case Status.COMPLETE:
            return {"output": {**_pictures(numbers), "shown_to_user": True}}
        case Status.THINKING | Status.GENERATING:
            return {"output": {**_pictures(numbers), "status": "still painting"}}
        case Status.FAILED | Status.CANCELLED:
            reason = message.error.code if message.error else message.status.value
            return {"error": reason}


def _pictures(numbers: Sequence[int]) -> dict[str, object]:
    """Those that are there; one that has been deleted has no number."""
    match numbers:
        case []:
            return {}
        case [number]:
            return {"picture": number}
    return {"pictures": [*numbers]}


def ordered(prompt: str, aspect_ratio: str | None) -> str:
    """Parts, as JSON, of an answer that the model was not asked for, as it would have given it.

    So it knows later what was painted. Without a signature, which `adapters` put where one belongs.
    """
    wished = {"prompt": prompt, "aspect_ratio": aspect_ratio}
    args = {name: value for name, value in wished.items() if value is not None}
    return json.dumps([{"functionCall": {"name": IMAGE_TOOL, "args": args}}])

"""What a message's row holds."""

from __future__ import annotations

from typing import Any

from tests.support.builders import CHAT, a_message, an_image

from afterimage.adapters.dynamodb import message_rows
from afterimage.adapters.gemini.answers import MAX_BESIDE, MAX_PARTS
from afterimage.adapters.gemini.tool import MAX_PROMPT
from afterimage.domain import ids
from afterimage.domain.limits import MOST_PICTURES
from afterimage.domain.messages import Message, MessageType, Role
from afterimage.domain.slots import Slot, SlotStatus

LARGEST_ITEM = 400 * 1024  # bytes, names included (Amazon DynamoDB Developer Guide, "Quotas")
FOX = "\N{FOX FACE}"  # four bytes, and twelve where JSON is ASCII
PROMPT = FOX * MAX_PROMPT


def painted(image_id: str, number: int, prompt: str = PROMPT) -> Slot:
    image = an_image(id=image_id, prompt=prompt, index=number)
    return Slot(image_id, SlotStatus.COMPLETE, image, unasked=number > 0)


def an_answer(*slots: Slot) -> Message:
    return a_message(
        1,
        role=Role.ASSISTANT,
        type=MessageType.IMAGE,
        text=FOX * MAX_BESIDE,
        prompt=PROMPT,
        parts=" " * MAX_PARTS,
        slots=slots,
    )


def size(row: dict[str, Any]) -> int:
    return sum(len(name) + len(str(*value.values()).encode()) for name, value in row.items())


def test_an_answer_with_all_pictures_that_can_come_fits_its_row() -> None:
    answer_id = a_message(1).id
    jobs = [ids.job_id(CHAT, answer_id, 1, place) for place in range(MOST_PICTURES)]
    pictures = [ids.pictures_of(job) for job in jobs]
    message = an_answer(
        *(painted(own, 0) for own, *_ in pictures),
        *(painted(one, n) for _, *more in pictures for n, one in enumerate(more, start=1)),
    )

    row = message_rows.message_row("u", message)

    assert size(row.serialize()) < LARGEST_ITEM
    assert message_rows.message_of(row) == message


def test_a_picture_with_another_prompt_keeps_it() -> None:
    message = an_answer(painted(ids.job_id(CHAT, a_message(1).id, 1), 0, "another fox"))

    assert message_rows.message_of(message_rows.message_row("u", message)) == message

"""Frames: the catalogue of the contract, and 32 KB at most."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import CHAT, a_message, a_ulid, an_image
from tests.support.doubles import NOW, PlainUrls

from afterimage import frames
from afterimage.domain.chats import Chat
from afterimage.domain.deltas import LONGEST_PIECE
from afterimage.domain.events import (
    ChatDeleted,
    ChatUpdated,
    Event,
    ImageDeleted,
    ImageInserted,
    ImageUpdated,
    MessageDeleted,
    MessageInserted,
    MessageUpdated,
)
from afterimage.domain.images import Image
from afterimage.domain.messages import Message, MessageType
from afterimage.domain.shares import Share
from afterimage.domain.slots import Slot
from afterimage.views import chat_view, image_view, message_view

KB_32 = 32 * 1024
URLS = PlainUrls()
MESSAGE, IMAGE, THE_CHAT = a_message(), an_image(), Chat(CHAT, "title", NOW, NOW)
SHARED = replace(IMAGE, share=Share(1, NOW, with_prompt=True))


def encoded(event: Event, seq: int = 41) -> str:
    return frames.encode(frames.broadcast(event, seq, URLS, NOW))


@pytest.mark.parametrize(
    ("event", "name", "payload"),
    [
        (
            MessageInserted(MESSAGE),
            "message-insert",
            {"chat_id": CHAT, "message": message_view(MESSAGE, URLS, NOW)},
        ),
        (
            MessageUpdated(MESSAGE),
            "message-update",
            {"chat_id": CHAT, "message": message_view(MESSAGE, URLS, NOW)},
        ),
        (ImageInserted(IMAGE), "image-insert", {"image": image_view(IMAGE, URLS)}),
        (ImageUpdated(SHARED), "image-update", {"image": image_view(SHARED, URLS)}),
        (
            MessageDeleted(CHAT, MESSAGE.id),
            "message-delete",
            {"chat_id": CHAT, "message_ids": [MESSAGE.id]},
        ),
        (ImageDeleted(IMAGE.id), "image-delete", {"image_ids": [IMAGE.id]}),
        (ChatUpdated(THE_CHAT), "chat-update", {"chat": chat_view(THE_CHAT)}),
        (ChatDeleted(CHAT), "chat-delete", {"chat_id": CHAT}),
    ],
)
def test_every_event_has_its_frame(event: Event, name: str, payload: dict[str, Any]) -> None:
    assert json.loads(encoded(event)) == {
        "type": "broadcast",
        "event": name,
        "seq": 41,
        "payload": payload,
    }


def test_a_preview_is_outside_the_order() -> None:
    frame = frames.preview(CHAT, a_ulid(), 3, a_ulid(7), "data:image/webp;base64,AAAA")

    assert json.loads(frames.encode(frame)) == {
        "type": "broadcast",
        "event": "message-preview",
        "seq": None,
        "payload": {
            "chat_id": CHAT,
            "message_id": a_ulid(),
            "version": 3,
            "image_id": a_ulid(7),
            "preview": "data:image/webp;base64,AAAA",
        },
    }


def test_a_frame_of_words_fits_however_they_are_escaped() -> None:
    frame = frames.delta("c" * 64, a_ulid(), 10**9, 60_000, "\x01" * LONGEST_PIECE)

    assert frames.fits(frame)
    assert json.loads(frames.encode(frame)) == frame
    assert not frames.fits(frames.delta(CHAT, a_ulid(), 1, 0, "𝒳" * 8_192))


def test_system_frames() -> None:
    assert json.loads(frames.encode(frames.system_frame("resumed", 43))) == {
        "type": "system",
        "event": "resumed",
        "seq": 43,
    }
    assert json.loads(frames.encode(frames.error(43, "replaced", "A sentence."))) == {
        "type": "system",
        "event": "error",
        "seq": 43,
        "code": "replaced",
        "message": "A sentence.",
    }


def test_text_travels_as_it_is() -> None:
    assert "🦊 ü" in encoded(MessageInserted(a_message(text="🦊 ü")))


def test_a_frame_of_exactly_32_kb_is_whole_and_one_byte_more_is_cut() -> None:
    room = KB_32 - len(encoded(MessageInserted(a_message(text=""))).encode())

    whole = encoded(MessageInserted(a_message(text="x" * room)))
    cut = json.loads(encoded(MessageInserted(a_message(text="x" * (room + 1)))))

    assert len(whole.encode()) == KB_32
    assert json.loads(whole)["payload"]["message"]["truncated"] is False
    assert cut["payload"]["message"]["text"] is None
    assert cut["payload"]["message"]["truncated"] is True
    assert cut["payload"]["message"]["id"] == a_ulid()
    assert cut["seq"] == 41


def test_bytes_count_not_characters() -> None:
    cut = json.loads(encoded(MessageUpdated(a_message(text="🦊" * 8_200))))

    assert cut["payload"]["message"]["truncated"] is True


def shown(*images: Image, **changed: Any) -> Message:
    """An answer with these pictures."""
    slots = [Slot(image.id).painted(image) for image in images]
    return a_message(type=MessageType.IMAGE, **changed).with_slots(slots)


def test_sixteen_pictures_and_a_long_prompt_fit() -> None:
    """Four asked for, each with three that nobody asked for, in a chat with a long name."""
    key = f"p/{'f' * 32}/{a_ulid()}/thumbnail.webp?{'s' * 250}"
    many = {"prompt": "🦊" * 2_000, "chat_id": "c" * 64, "key": key, "thumbnail_key": key}
    message = shown(*(an_image(number, **many) for number in range(16)), prompt=many["prompt"])

    sent = json.loads(encoded(MessageUpdated(message)))["payload"]["message"]

    assert len(sent["meta"]["images"]) == 16


def test_what_is_too_large_without_its_text_goes_without_its_prompts() -> None:
    """A prompt of 2,000 code points fits; one of an older row may be longer."""
    prompt = "🦊" * 8_000
    painted = shown(an_image(prompt=prompt), prompt=prompt)

    message = json.loads(encoded(MessageUpdated(painted)))["payload"]["message"]

    assert (message["text"], message["truncated"], message["meta"]["prompt"]) == (None, True, None)
    assert message["meta"]["image"]["prompt"] is None
    assert message["meta"]["images"][0]["image"]["id"] == an_image().id


def test_the_longest_question_fits() -> None:
    whole = json.loads(encoded(MessageInserted(a_message(text="x" * 8_000))))

    assert whole["payload"]["message"]["truncated"] is False


@given(
    text=st.text(st.characters(codec="utf-8"), max_size=60_000),
    prompt=st.text(st.characters(codec="utf-8"), max_size=2_000),
)
def test_no_message_makes_a_frame_too_large(text: str, prompt: str) -> None:
    image = an_image(prompt=prompt)
    message = shown(image, text=text, prompt=prompt)

    for event in (MessageInserted(message), ImageInserted(image)):
        assert len(encoded(event).encode()) <= KB_32


@pytest.mark.parametrize("character", ["🦊", "\x01", '"', "\\"])
def test_the_worst_prompt_fits_with_its_picture(character: str) -> None:
    """2,000 characters are what the model may ask for; they travel twice."""
    prompt = character * 2_000
    message = shown(an_image(prompt=prompt), text="", prompt=prompt)

    assert len(encoded(MessageUpdated(message)).encode()) <= KB_32


def test_what_cannot_be_cut_is_refused_loudly() -> None:
    with pytest.raises(ValueError, match="message-preview"):
        frames.encode(frames.preview(CHAT, a_ulid(), 3, a_ulid(7), "x" * KB_32))

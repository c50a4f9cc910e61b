"""The JSON of the contract: what HTTP answers and frames carry, as typed dictionaries.

They are typed dictionaries rather than models because they are only ever written, never
validated: building one costs a dict. `openapi.py` describes the API from the same types.
"""

from __future__ import annotations

from datetime import UTC, datetime

from typing_extensions import TypedDict

from afterimage.domain.aspect_ratios import AspectRatio
from afterimage.domain.chats import Chat, TitleOrigin
from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.image_sizes import ImageSize
from afterimage.domain.images import Image, Origin
from afterimage.domain.messages import Message, MessageType, Role, Status
from afterimage.domain.slots import Slot, SlotStatus
from afterimage.ports.channel import ImageUrls


class ImageView(TypedDict):
    """A picture; `prompt` is null in a slot, and where a frame has no room for it.

    One that was brought (`origin` is `upload`) has an empty `prompt` and neither `message_id` nor
    `chat_id`. `shared_until` says when the link to it ends, if there is one.
    """

    id: str
    origin: Origin
    message_id: str | None
    chat_id: str | None
    source_image_ids: list[str]
    prompt: str | None
    created_at: str
    url: str
    thumbnail_url: str
    width: int
    height: int
    bytes: int
    color: str
    thumbhash: str
    index: int
    shared_until: str | None


class MessageErrorView(TypedDict):
    code: str
    message: str
    retry_after: int | None


class SlotView(TypedDict):
    """The place of one picture: `id` is the one that it has, or will have. Those that nobody asked
    for are not `charged`, and stand behind the others."""

    id: str
    status: SlotStatus
    image: ImageView | None
    image_deleted: bool
    charged: bool
    error: MessageErrorView | None


class MetaView(TypedDict):
    message_type: MessageType
    status: Status
    prompt: str | None
    aspect_ratio: str | None
    image: ImageView | None
    image_deleted: bool
    count: int | None
    image_size: ImageSize | None
    image_model: str | None
    images: list[SlotView]
    error: MessageErrorView | None
    source_image_ids: list[str]
    attachments: list[ImageView | None]


class MessageView(TypedDict):
    """One bubble. `reply_to` is the question that an answer answers. Questions that were asked in
    one another's place are versions of one line, each with its answer: `version_of` is the first of
    them, and null of that one and its answer; one of them stands."""

    id: str
    chat_id: str
    role: Role
    text: str | None
    truncated: bool
    created_at: str
    version: int
    reply_to: str | None
    version_of: str | None
    stands: bool
    meta: MetaView


class DeletionView(TypedDict):
    """Nothing: of a 202 without a body generated clients make an error."""


class ChatView(TypedDict):
    """`title_origin` says whose words the title is: the first of the first message (`text`), a
    model's, or a person's."""

    id: str
    title: str
    created_at: str
    updated_at: str
    pinned: bool
    title_origin: TitleOrigin


class SuggestionView(TypedDict):
    """Thumbnail, colour and hash are the sample's, and null until there is one."""

    id: str
    text: str
    aspect_ratio: AspectRatio
    thumbnail_url: str | None
    color: str | None
    thumbhash: str | None
    ready: bool


def timestamp(at: datetime) -> str:
    """`2026-11-20T10:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def image_view(image: Image, urls: ImageUrls) -> ImageView:
    return {
        "id": image.id,
        "origin": image.origin,
        "message_id": image.message_id,
        "chat_id": image.chat_id,
        "source_image_ids": list(image.source_image_ids),
        "prompt": image.prompt,
        "created_at": timestamp(image.created_at),
        "url": urls.url(image.key),
        "thumbnail_url": urls.url(image.thumbnail_key),
        "width": image.width,
        "height": image.height,
        "bytes": image.size,
        "color": image.color,
        "thumbhash": image.thumbhash,
        "index": image.index,
        "shared_until": timestamp(image.share.until) if image.share else None,
    }


def message_view(message: Message, urls: ImageUrls, now: datetime) -> MessageView:
    image = image_view(message.image, urls) if message.image else None
    error = _error_view(message.error, now) if message.error else None
    return {
        "id": message.id,
        "chat_id": message.chat_id,
        "role": message.role,
        "text": message.text,
        "truncated": False,
        "created_at": timestamp(message.created_at),
        "version": message.version,
        "reply_to": message.reply_to,
        "version_of": message.version_of,
        "stands": message.stands,
        "meta": {
            "message_type": message.type,
            "status": message.status,
            "prompt": message.prompt,
            "aspect_ratio": message.aspect_ratio,
            "image": image,
            "image_deleted": message.image_deleted,
            "count": len(message.asked) or None,
            "image_size": message.image_size,
            "image_model": message.image_model,
            "images": [_slot_view(slot, urls, now) for slot in message.slots],
            "error": error,
            "source_image_ids": list(message.source_image_ids),
            "attachments": [_attachment_view(image, urls) for image in message.attachments],
        },
    }


def _attachment_view(image: Image | None, urls: ImageUrls) -> ImageView | None:
    return None if image is None else {**image_view(image, urls), "prompt": None}


def _slot_view(slot: Slot, urls: ImageUrls, now: datetime) -> SlotView:
    image = image_view(slot.image, urls) if slot.image else None
    return {
        "id": slot.id,
        "status": slot.status,
        "image": {**image, "prompt": None} if image else None,
        "image_deleted": slot.image_deleted,
        "charged": slot.is_charged,
        "error": _error_view(slot.error, now) if slot.error else None,
    }


def chat_view(chat: Chat) -> ChatView:
    return {
        "id": chat.id,
        "title": chat.title,
        "created_at": timestamp(chat.created_at),
        "updated_at": timestamp(chat.updated_at),
        "pinned": chat.pinned,
        "title_origin": chat.title_origin,
    }


def _error_view(note: FailureNote, now: datetime) -> MessageErrorView:
    retry_after = None
    if note.retry_at is not None:
        retry_after = max(0, round((note.retry_at - now).total_seconds()))
    return {"code": note.code, "message": note.message, "retry_after": retry_after}

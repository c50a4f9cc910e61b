"""What a row holds as JSON: pictures, reasons, and the slots of a message."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from afterimage.adapters.dynamodb.columns import time_of, timestamp
from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.images import Image, Origin
from afterimage.domain.shares import Share
from afterimage.domain.slots import Slot, SlotStatus

_IMAGE_FIELDS = frozenset(field.name for field in fields(Image))


def stored(slot: Slot, prompt: str | None) -> dict[str, Any]:
    """A slot as its message's row holds it: what is not there is left out.

    Args:
        prompt: the message's, which is left out as well. A row holds 400 KB; with sixteen pictures
            and this in each of them it may be more.
    """
    written = {
        "id": slot.id,
        "status": slot.status.value,
        "image": _without(prompt, stored_image(slot.image)) if slot.image else None,
        "image_deleted": slot.image_deleted or None,
        "error": stored_note(slot.error) if slot.error else None,
        "refunded": slot.refunded or None,
        "unasked": slot.unasked or None,
        "deadline": timestamp(slot.deadline) if slot.deadline else None,
    }
    return {name: value for name, value in written.items() if value is not None}


def slot_of(found: dict[str, Any], prompt: str | None) -> Slot:
    """What `stored` was made of."""
    return Slot(
        found["id"],
        SlotStatus(found["status"]),
        image=image_of({"prompt": prompt} | found["image"]) if "image" in found else None,
        image_deleted=found.get("image_deleted", False),
        error=note_of(found["error"]) if "error" in found else None,
        refunded=found.get("refunded", False),
        unasked=found.get("unasked", False),
        deadline=time_of(found["deadline"]) if "deadline" in found else None,
    )


def _without(prompt: str | None, image: dict[str, Any]) -> dict[str, Any]:
    same = image["prompt"] == prompt
    return {name: value for name, value in image.items() if not (same and name == "prompt")}


def stored_image(image: Image) -> dict[str, Any]:
    written = {"share": _stored_share(image.share)} if image.share else {}
    return written | {
        "id": image.id,
        "message_id": image.message_id,
        "chat_id": image.chat_id,
        "prompt": image.prompt,
        "created_at": timestamp(image.created_at),
        "key": image.key,
        "thumbnail_key": image.thumbnail_key,
        "width": image.width,
        "height": image.height,
        "size": image.size,
        "color": image.color,
        "thumbhash": image.thumbhash,
        "tagged": image.tagged,
        "origin": image.origin.value,
        "source_image_ids": list(image.source_image_ids),
        "composite": image.composite,
        "index": image.index,
    }


def image_of(found: dict[str, Any]) -> Image:
    # A later version may have written more than this one knows, while both run.
    known = {name: value for name, value in found.items() if name in _IMAGE_FIELDS}
    return Image(
        **{
            **known,
            "created_at": time_of(found["created_at"]),
            # A row from before somebody could bring one has neither.
            "origin": Origin(found.get("origin", Origin.PAINTED)),
            "source_image_ids": tuple(found.get("source_image_ids", ())),
            "share": _share_of(found["share"]) if "share" in found else None,
        }
    )


def _stored_share(share: Share) -> dict[str, Any]:
    return {
        "number": share.number,
        "until": timestamp(share.until),
        "with_prompt": share.with_prompt,
    }


def _share_of(found: dict[str, Any]) -> Share:
    return Share(found["number"], time_of(found["until"]), found["with_prompt"])


def stored_note(note: FailureNote) -> dict[str, Any]:
    retry_at = timestamp(note.retry_at) if note.retry_at else None
    return {"code": note.code, "message": note.message, "retry_at": retry_at}


def note_of(found: dict[str, Any]) -> FailureNote:
    retry_at = time_of(found["retry_at"]) if found["retry_at"] else None
    return FailureNote(found["code"], found["message"], retry_at)

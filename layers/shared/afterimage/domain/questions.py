"""What somebody asks, before anything of it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from afterimage.domain import ids
from afterimage.domain.image_sizes import ImageSize


@dataclass(frozen=True)
class Question:
    """A message somebody sent, validated.

    Attributes:
        message_id: the client's ULID, or one made for it.
        count: how many pictures, 1 to 4; None leaves it to the model.
        received_at: when the request came in.
        image_ids: pictures of the user's that it is about, each once.
        image_size: how large, None for the usual; a size of its model, as `image_model` is a name.
        image_model: name of the model that is to paint; None leaves it to the operator.
        paint: its text is the prompt, and no text model is asked.
        again: id of an answer of the same chat whose pictures are painted once more: its prompt is
            used, then, and the text is only shown.
        suggestion_id: which suggestion it is, where several have its words.
        replaces: id of a question of the chat's last line, in whose place it is asked.
        until: when the function that answers will be stopped.
    """

    user_id: str
    chat_id: str
    message_id: str
    text: str
    aspect_ratio: str | None
    received_at: datetime
    until: datetime
    count: int | None = None
    image_ids: tuple[str, ...] = ()
    image_size: ImageSize | None = None
    image_model: str | None = None
    paint: bool = False
    again: str | None = None
    suggestion_id: str | None = None
    replaces: str | None = None

    @property
    def answer_id(self) -> str:
        """Id of the message that answers it."""
        return ids.assistant_message_id(self.chat_id, self.message_id)

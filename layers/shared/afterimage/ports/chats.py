"""What is read of messages, chats, pictures and a day's use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from afterimage.domain.chats import Chat
from afterimage.domain.images import Image
from afterimage.domain.jobs import Job
from afterimage.domain.messages import Message


class MessageReader(Protocol):
    def get(self, user_id: str, chat_id: str, message_id: str) -> Message | None:
        """Strongly consistent; None also while the chat is being deleted."""

    def before(
        self, user_id: str, chat_id: str, message_id: str | None, limit: int
    ) -> Sequence[Message]:
        """The newest messages with a smaller id, newest first, strongly consistent."""

    def starting(
        self, user_id: str, chat_id: str, message_id: str, limit: int
    ) -> Sequence[Message]:
        """The oldest messages from this id on, oldest first, strongly consistent."""


@dataclass(frozen=True)
class Saying:
    """What a search compares of a message: its words, and the prompt of its pictures."""

    id: str
    text: str


class SayingReader(Protocol):
    def sayings(
        self, user_id: str, chat_id: str, before: str | None, limit: int
    ) -> Sequence[Saying]:
        """The newest with a smaller id than `before`, newest first. They may be a moment old, and
        those of a chat that is being deleted come as well."""


@dataclass(frozen=True)
class ChatPosition:
    """Where a page of chats ended; chats are ordered by when they last changed."""

    updated_at: str
    chat_id: str


class ChatReader(Protocol):
    def get(self, user_id: str, chat_id: str) -> Chat | None:
        """Strongly consistent; None also while the chat is being deleted."""

    def pinned(self, user_id: str) -> Sequence[Chat]:
        """Those that are pinned, latest first, strongly consistent."""

    def page(
        self,
        user_id: str,
        after: ChatPosition | None,
        limit: int,
        is_left_out: Callable[[str], bool] | None = None,
    ) -> tuple[Sequence[Chat], ChatPosition | None]:
        """Latest first, and where to go on.

        Args:
            is_left_out: by id; all others come, also those that are pinned.
        """

    def being_deleted(self, user_id: str) -> Collection[str]:
        """Ids of the chats that are marked, strongly consistent."""


class ImageReader(Protocol):
    def get(self, user_id: str, image_id: str) -> Image | None:
        """Strongly consistent."""

    def before(self, user_id: str, image_id: str | None, limit: int) -> Sequence[Image]:
        """The newest pictures with a smaller id, newest first, strongly consistent."""


class ImagesById(Protocol):
    def images(self, user_id: str, ids: Sequence[str]) -> Sequence[Image]:
        """Pictures of the gallery in the order of their ids, strongly consistent, without those of
        a chat that is being deleted; what is not there is missing. Of none nothing is read."""


class ChatsById(Protocol):
    def chats(self, user_id: str, ids: Sequence[str]) -> Sequence[Chat]:
        """Those that are there of these, strongly consistent, but for what is being deleted."""


@dataclass(frozen=True)
class DayUse:
    """What one user has used on one UTC day.

    Attributes:
        nano_usd: what calls of models have cost.
        text_tokens: that text models have read and written.
    """

    images: int
    messages: int
    image_calls: int
    text_calls: int
    uploads: int = 0
    nano_usd: int = 0
    text_tokens: int = 0


class UsageReader(Protocol):
    def used(self, user_id: str, day: str) -> DayUse:
        """Of a UTC day, `YYYY-MM-DD`; zeros where nothing was used."""

    def recent_jobs(self, user_id: str, limit: int) -> Sequence[Job]:
        """The user's latest jobs, newest first."""


class ReportCounter(Protocol):
    def count_report(self, user_id: str, day: str) -> bool:
        """Count a report; False if there have been as many on that UTC day as messages."""

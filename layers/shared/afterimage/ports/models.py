"""What answers and what paints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from afterimage.domain.conversation import Turn
from afterimage.domain.errors import AfterimageError
from afterimage.domain.limits import ModelKind
from afterimage.domain.usage import Usage


@dataclass(frozen=True)
class TextReply:
    """Attributes: title: what the model calls the chat; empty if it does not say."""

    text: str
    parts: str
    title: str = ""


@dataclass(frozen=True)
class ImageRequest:
    """The text model asks for a picture, or for several of one wish.

    Attributes:
        parts: the model's own parts, as JSON.
        count: how many, 1 to `MOST_PICTURES`.
        edit: numbers that the history gives to pictures, in the order of their naming, none twice:
            those that are changed or used.
        text: what it said beside that.
        source_image_ids: the pictures behind these numbers.
        title: what it calls the chat; empty if it does not say.
    """

    prompt: str
    aspect_ratio: str | None
    parts: str
    count: int = 1
    edit: tuple[int, ...] = ()
    text: str = ""
    source_image_ids: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class Source:
    """A picture that another one is made of.

    Attributes:
        mime_type: of `data`: JPEG, PNG or WebP.
        data: as large as it is stored, at most 7 MB.
    """

    mime_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class PaintRequest:
    """One picture that is to be painted.

    Attributes:
        prompt: what it shows, or what becomes of the sources.
        safety_identifier: who wishes for it, see `SafetyIdentifiers`.
        aspect_ratio: width to height; None leaves it to the model, which follows its sources.
        image_size: `1K`, `2K` or `4K`; None leaves it to the model.
        sources: at most 14, in the order in which the prompt speaks of them; 60 MB together.
        model: id of the model that is asked; None for the one that is set.
    """

    prompt: str
    safety_identifier: str
    aspect_ratio: str | None = None
    image_size: str | None = None
    sources: Sequence[Source] = ()
    model: str | None = None


class SafetyIdentifiers(Protocol):
    """What users are called towards the provider, which so can act on one of them alone."""

    def of(self, user_id: str) -> str:
        """40 hex digits, always the same for one user, and telling nobody whose they are."""


class CallCounter(Protocol):
    """Calls of models that may be billed, by user and UTC day (`YYYY-MM-DD`)."""

    def count_call(self, user_id: str, model: ModelKind, day: str, limit: int) -> bool:
        """Count one more; False if there have been `limit`."""

    def return_call(self, user_id: str, model: ModelKind, day: str) -> None:
        """Give back one that was not billed; nothing happens if none is counted."""


class Calls(Protocol):
    """The calls of one turn, as its user's day counts them."""

    def begin(self) -> None:
        """A call is about to be made. Raises: CallsUsedUp: it must not be."""

    def not_billed(self) -> None:
        """What came of the call that was begun last proves that nothing was billed."""

    def used(self, model: str, usage: Usage | None) -> None:
        """What the call that was begun last used, as soon as it is known. Raises nothing.

        Args:
            model: that was asked.
            usage: None where the answer did not say.
        """

    def brought(self, pictures: int) -> None:
        """So many came of the call that was begun last: a price where it does not say its usage."""


@dataclass(frozen=True)
class Cost:
    """What a turn's calls of one kind of model cost.

    Attributes:
        day: UTC, `YYYY-MM-DD`.
        tokens: that were read and written.
        job_id: what they were for, if it was a picture.
        nonce: of this note; written twice it counts once.
    """

    user_id: str
    day: str
    kind: ModelKind
    nano_usd: int
    tokens: int
    job_id: str | None
    nonce: str


class CostLedger(Protocol):
    def note_cost(self, cost: Cost) -> None:
        """Add it to its user's day, and to its job if that is still there."""


class Unwanted(AfterimageError):
    """Nobody wants the answer any more, and it is not read to its end."""


class Words(Protocol):
    """Who reads an answer while it is written."""

    @property
    def unwanted(self) -> Future[None]:
        """Has ended as soon as nobody wants the answer any more."""

    def add(self, text: str) -> None:
        """The next words of it; never a thought. Returns at once and raises nothing."""


class TextModel(Protocol):
    def reply(
        self,
        turns: Sequence[Turn],
        safety_identifier: str,
        until: datetime,
        calls: Calls,
        words: Words,
        *,
        may_name: bool = False,
    ) -> TextReply | ImageRequest:
        """Ask the model, retrying where that is allowed, at most until `until`.

        What has been read of an answer is its beginning: behind it nothing is asked again.

        Args:
            safety_identifier: who asks, see `SafetyIdentifiers`.
            calls: is told of each call before it is made.
            words: is told of the answer's words as they come.
            may_name: whether it may say what the chat is called.

        Raises:
            Failure: there is no answer, or not all of one; which one says why.
            Unwanted: `words` said so.
        """


class ImageModel(Protocol):
    def paint(
        self,
        request: PaintRequest,
        until: datetime,
        on_draft: Callable[[bytes], None],
        calls: Calls,
    ) -> Sequence[bytes]:
        """Ask for one picture; the encoded bytes of all that came, as the model sent them.

        The first is the picture. Whatever else is finished was paid for with it.

        Args:
            on_draft: called with the encoded bytes of each draft, should the model show any
                while it paints; it returns at once and raises nothing.
            calls: is told of each call before it is made.

        Raises:
            Failure: there is no picture; which one says why.
        """

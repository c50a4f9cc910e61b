"""A picture that is streamed: its drafts as they come, and in the end what is finished.

Only the last draft is held, and no more finished pictures than are kept of one answer.
"""

from __future__ import annotations

from typing import Any

from afterimage.adapters.gemini import answers, drawn, refusals
from afterimage.adapters.gemini.refusals import Retryable
from afterimage.domain.errors import NoImage, ProviderUnavailable
from afterimage.domain.ids import MOST_UNASKED

MOST_FINISHED = 1 + MOST_UNASKED


class StreamedPicture:
    """What a stream has said so far."""

    def __init__(self) -> None:
        self._pictures: list[bytes] = []
        self._draft: bytes | None = None
        self._unreadable = False
        self._has_candidate = False
        self._finish: str | None = None
        self._fields: set[str] = set()
        self._feedback: dict[str, Any] = {}
        self._drew = False
        self._reasons = 0

    def add(self, event: Any) -> bytes | None:
        """Take in one event; the newest draft it shows, if any.

        Raises:
            Failure, Retryable: there is an error in it; what is beside that was taken in.
        """
        self._fields |= answers.fields(event)
        self._feedback |= answers.feedback(event)
        draft = self._take(answers.candidates(event))
        if (failure := refusals.error_in(event)) is not None:
            if isinstance(failure, Retryable) and self._has_candidate:
                raise failure.failure
            raise failure
        return draft

    def _take(self, candidates: list[dict[str, Any]]) -> bytes | None:
        if not candidates:
            return None
        self._has_candidate = True
        if finish := next(filter(None, (each.get("finishReason") for each in candidates)), None):
            self._finish = str(finish)
            self._reasons += 1
        return self._look_at([picture for each in candidates for picture in drawn.drawn(each)])

    def _look_at(self, pictures: list[drawn.Drawn]) -> bytes | None:
        """The newest of the drafts."""
        newest = None
        for data, is_draft in pictures:
            if not is_draft:
                if data and len(self._pictures) < MOST_FINISHED and data not in self._pictures:
                    self._pictures.append(data)
                self._unreadable = self._unreadable or not data
            elif data:
                newest = data
        self._draft = newest or self._draft
        self._drew = bool(pictures)
        return newest

    @property
    def has_stopped(self) -> bool:
        """Whether the model has said that it ended: the connection may end in any way."""
        return self._finish is not None or bool(self._feedback.get("blockReason"))

    @property
    def is_complete(self) -> bool:
        """Whether nothing that follows can matter, so that nothing needs to be waited for.

        Models have been seen to give a reason with every event. So a reason is the end only
        behind a picture, or behind a draft if it is the first one, in an event of its own.
        """
        behind_draft = self._draft is not None and not self._drew and self._reasons == 1
        return self.has_stopped and (bool(self._pictures) or behind_draft)

    def pictures(self) -> list[bytes]:
        """What is finished, once the stream has ended in good order, or the model has stopped.

        The last draft is the picture if nothing better came: by the provider's documentation it
        is the same, and it has been paid for.

        Raises:
            Failure, Retryable: there is none.
        """
        if self._pictures:
            return self._pictures
        if not self._has_candidate or (self._finish is None and self.has_stopped):
            raise answers.no_candidates(self._fields, self._feedback, NoImage)
        if self._finish is None:
            # Cut off. It may have been billed, so it is not asked for again.
            raise ProviderUnavailable("the stream ended without a picture or a finishReason")
        failure = answers.no_picture(self._finish)
        if self._draft is not None and isinstance(failure, Retryable):
            return [self._draft]
        if self._unreadable:
            raise NoImage("a picture came that is no base64, or as an address")
        raise failure

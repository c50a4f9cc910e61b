"""A picture that is streamed: its drafts as they come, and in the end the picture.

Only the last picture of each kind is held, so that a stream of many needs no more memory than
its largest event.
"""

from __future__ import annotations

from typing import Any

from afterimage.adapters.gemini import answers
from afterimage.adapters.gemini.answers import Retryable
from afterimage.domain.errors import ProviderUnavailable


class StreamedPicture:
    """What a stream has said so far."""

    def __init__(self) -> None:
        self._candidate: dict[str, Any] | None = None
        self._feedback: dict[str, Any] = {}

    def add(self, event: Any) -> bytes | None:
        """Take in one event; the newest draft it shows, if any.

        Raises:
            Failure, Retryable: it is an error.
        """
        if isinstance(event, dict) and isinstance(event.get("error"), dict):
            raise self._broken(event)
        self._feedback |= answers.feedback(event)
        candidate = answers.candidate(event)
        if candidate is None:
            return None
        self._candidate = self._candidate or {}
        if (finish := candidate.get("finishReason")) is not None:
            self._candidate["finishReason"] = finish
        drawn, draft = answers.drawn(candidate)
        if drawn is not None:
            self._candidate["content"] = {"parts": [drawn]}
        return draft

    def picture(self) -> bytes:
        """The picture, once the stream has ended.

        Raises:
            Failure, Retryable: there is none.
        """
        if self._candidate is None:
            return answers.image_bytes({"promptFeedback": self._feedback})
        if "finishReason" not in self._candidate:
            if self._feedback.get("blockReason"):
                return answers.image_bytes({"promptFeedback": self._feedback})
            # Cut off. It may have been billed, so it is not asked for again.
            raise ProviderUnavailable("the stream ended without a finishReason")
        return answers.image_bytes({"candidates": [self._candidate]})

    def _broken(self, event: dict[str, Any]) -> Exception:
        code = event["error"].get("code")
        failure = answers.http_failure(code if isinstance(code, int) else 500, event)
        if self._candidate is not None and isinstance(failure, Retryable):
            return failure.failure
        return failure

"""A text that is streamed: its words as they come, and in the end what they come to.

A part is kept as the model sent it, because it goes back in later turns. Only what a stream cuts
apart is put together again: a text that goes on in the next event, with no signature between.
"""

from __future__ import annotations

from typing import Any

from afterimage.adapters.gemini import answers, history, refusals
from afterimage.adapters.gemini.answers import MAX_REPLY
from afterimage.adapters.gemini.events import Event
from afterimage.adapters.gemini.refusals import Retryable
from afterimage.domain.errors import ProviderUnavailable
from afterimage.ports.models import ImageRequest, TextReply


class StreamedText:
    """What a stream has said so far."""

    def __init__(self) -> None:
        self._body: dict[str, Any] = {}
        self._parts: list[dict[str, Any]] = []
        self._has_candidate = False
        self._is_stream = False
        self._half = ""  # of a character whose other half may be on its way
        self._shown = 0  # code points
        # Whether the first reason to end came behind events that had none.
        self._reason_came_late: bool | None = None

    def add(self, event: Event) -> str:
        """Take in one event; the words it adds, in whole characters.

        Raises:
            Failure, Retryable: it is an error.
        """
        if (failure := refusals.error_in(event.data)) is not None:
            raise failure
        self._is_stream = self._is_stream or event.as_asked
        before = self._finish
        self._body |= event.data
        candidate = answers.candidate(event.data)
        if candidate is None:
            return ""
        self._has_candidate = True
        said = answers.parts(candidate)
        text = "".join(map(answers.words, said))
        finish = candidate.get("finishReason")
        if finish and self._reason_came_late is None:
            self._reason_came_late = bool(self._parts)
        if not finish and not text and answers.wish(said) is None:
            finish = before
        now = {**candidate, "finishReason": finish, "content": {"parts": self._parts}}
        self._body["candidates"] = [now]
        self._put_behind(said)
        return self._whole(text)

    def _put_behind(self, said: list[dict[str, Any]]) -> None:
        if said and self._parts and _goes_on(self._parts[-1], said[0]):
            self._parts[-1] = {**said[0], "text": self._parts[-1]["text"] + said[0]["text"]}
            said = said[1:]
        self._parts += said

    def _whole(self, text: str) -> str:
        text = self._half + text
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        words = history.whole_characters(text.removesuffix(self._half) if self._half else text)
        words = words[: MAX_REPLY - self._shown]
        self._shown += len(words)
        return words

    @property
    def has_stopped(self) -> bool:
        """Whether the model has said that it ended: the connection may end in any way."""
        return bool(self._finish) or answers.is_blocked(self._body)

    @property
    def is_complete(self) -> bool:
        """Whether nothing that follows can matter, so that nothing needs to be waited for.

        Models have been seen to give a reason with every event, or before the first word. So a
        reason is the end only behind parts that came without one, behind a call, or where it is a
        refusal.
        """
        refused = answers.is_blocked(self._body) or answers.is_refusal(self._finish)
        is_last = bool(self._reason_came_late) or answers.wish(self._parts) is not None
        return refused or (self.has_stopped and is_last)

    @property
    def _finish(self) -> Any:
        return (answers.candidate(self._body) or {}).get("finishReason")

    @property
    def is_enough(self) -> bool:
        """Whether it is an answer even where it breaks off here: a call comes whole."""
        return self.has_stopped or answers.wish(self._parts) is not None

    @property
    def has_begun(self) -> bool:
        """Whether the model has said anything, which is paid for."""
        return self._has_candidate

    def reply(self) -> TextReply | ImageRequest:
        """The answer, once the stream has ended in good order, or is enough.

        Raises:
            Failure, Retryable: there is none.
        """
        is_cut = self._is_stream and self.has_begun and not self._finish
        if is_cut and not self.is_enough:
            raise ProviderUnavailable("the stream ended without a finishReason")
        try:
            return answers.text_reply(self._body)
        except Retryable as retryable:
            if self._shown:
                raise retryable.failure from retryable
            raise


def _goes_on(before: dict[str, Any], then: dict[str, Any]) -> bool:
    """Whether two parts are one text, of which the second says nothing else."""
    plain = all(
        isinstance(part.get("text"), str) and part.keys() <= {"text", "thought"}
        for part in (before, then)
    )
    return plain and answers.is_thought(before) is answers.is_thought(then)

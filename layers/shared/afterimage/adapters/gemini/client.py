"""Gemini over HTTP: one text model that may ask for a picture, one image model that paints.

Whether it is asked again is said in `retries.py`, and which model in `asked_models.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import requests

from afterimage.adapters.gemini import answers, history, painting, tool
from afterimage.adapters.gemini.asked_models import IMAGE, TEXT, AskedModels
from afterimage.adapters.gemini.instruction import INSTRUCTION, NAMING
from afterimage.adapters.gemini.refusals import RequestRefused, Retryable
from afterimage.adapters.gemini.retries import Retries
from afterimage.adapters.gemini.silence import Silence
from afterimage.adapters.gemini.streamed import StreamedPicture
from afterimage.adapters.gemini.streamed_text import StreamedText
from afterimage.adapters.gemini.transport import Transport, Unanswered
from afterimage.adapters.gemini.watched_lines import WatchedLines
from afterimage.adapters.gemini.wishes import DRAFTS, LABELS, Wish, Wishes, fields
from afterimage.domain.conversation import Turn
from afterimage.domain.errors import Failure, ProviderRejected, ProviderUnavailable
from afterimage.ports.models import Calls, ImageRequest, PaintRequest, TextReply, Unwanted, Words
from afterimage.ports.pictures import Darkroom
from afterimage.ports.system import Clock, Log, Metrics

_MAX_OUTPUT_TOKENS = 8_192  # includes thinking; smaller caps end answers before they begin

_Broken = Failure | Retryable | Unanswered


@dataclass(frozen=True)
class GeminiSettings:
    """Where Gemini is and which models are asked. All of it changes several times a year.

    Attributes:
        show_drafts: ask the image model for what it thinks, which is where its drafts are.
        follow_successor: ask the model that the provider names in place of one that is gone.
        longest_silence: that is listened to behind a reason to end, see `Silence`.
    """

    base_url: str
    api_version: str
    text_model: str
    image_model: str
    show_drafts: bool = False
    follow_successor: bool = False
    longest_silence: timedelta = timedelta(seconds=3)


@dataclass
class _Asked:
    """One question to the text model.

    Attributes:
        may_name: whether it is offered to name the chat.
        named: the name that it gave where it said nothing else.
    """

    until: datetime
    calls: Calls
    words: Words
    may_name: bool
    named: str = ""


class Gemini:
    """Implements `TextModel` and `ImageModel`.

    Args:
        api_key: read at every call, so that a rotated key is used.
        darkroom: where pictures are begun while they come.
    """

    def __init__(
        self,
        settings: GeminiSettings,
        api_key: Callable[[], str],
        http: requests.Session,
        clock: Clock,
        log: Log,
        metrics: Metrics,
        darkroom: Darkroom | None = None,
    ) -> None:
        self._darkroom = darkroom
        models_url = f"{settings.base_url}/{settings.api_version}/models"
        self._models = AskedModels(
            {TEXT: settings.text_model, IMAGE: settings.image_model},
            clock,
            log,
            metrics,
            follows=settings.follow_successor,
        )
        self._with_retries = Retries(clock, log)
        self._longest_silence = settings.longest_silence
        self._offers_naming = True
        drafts = {DRAFTS} if settings.show_drafts else set[Wish]()
        self._painters_wishes = frozenset({LABELS, *drafts})
        painters = Wishes(log, set(self._painters_wishes))
        self._wishes = {TEXT: Wishes(log, {LABELS}), IMAGE: painters}
        self._transport = Transport(models_url, api_key, http, clock)
        self._log = log

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
        asked = _Asked(until, calls, words, may_name=may_name and self._offers_naming)
        forms = [history.contents(turns), history.in_words(turns)]

        def replied() -> TextReply | ImageRequest:
            def wishing(wishes: frozenset[Wish]) -> TextReply | ImageRequest:
                beside = fields(wishes, safety_identifier)
                return self._replied(forms[0], beside, asked)

            return self._wishes[TEXT].ask(self._models[TEXT], wishing)

        def ask(before: Retryable | None) -> TextReply | ImageRequest:
            if before is not None and before.in_words:
                self._leave_form(forms)
            if before is not None and before.named:
                self._leave_naming(asked, before.named)
            try:
                return replied()
            except RequestRefused:
                if not self._leave_form(forms):
                    raise
            return replied()

        answer = self._models.told_of(
            TEXT, lambda: self._with_retries(ask, until, again_once_taken=True)
        )
        return answer if answer.title else replace(answer, title=asked.named)

    def _replied(
        self,
        contents: list[history.Content],
        beside: Mapping[str, Any],
        asked: _Asked,
    ) -> TextReply | ImageRequest:
        words = asked.words
        _check_wanted(words)
        instruction, tools = INSTRUCTION, [tool.DECLARATION]
        if asked.may_name:
            instruction, tools = INSTRUCTION + NAMING, [tool.DECLARATION, tool.NAMING]
        body = {
            "systemInstruction": {"parts": [{"text": instruction}]},
            "contents": contents,
            "tools": [{"functionDeclarations": tools}],
            "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
            "generationConfig": {"maxOutputTokens": _MAX_OUTPUT_TOKENS},
            **beside,
        }
        streamed, retires = StreamedText(), None
        silence = Silence(self._longest_silence, words.unwanted)
        answer = self._transport.events(
            self._models[TEXT], body, asked.until, asked.calls, silence.over
        )
        with closing(answer), closing(silence):
            try:
                for event in answer:
                    retires = answers.retirement(event.data) or retires
                    if said := streamed.add(event):
                        words.add(said)
                    if streamed.is_complete:
                        break
                    silence.begins(has_stopped=streamed.has_stopped)
            except (Failure, Retryable, Unanswered) as broken:
                _check_wanted(words)
                if not streamed.is_enough:
                    raise _final(broken, streamed) from None
        self._models.announce(TEXT, retires)
        return streamed.reply()

    def _leave_naming(self, asked: _Asked, named: str) -> None:
        """Ask again without, and no more in this process: everybody's first answer takes twice as
        long from a model that takes a name for one."""
        asked.may_name, asked.named = False, named
        if self._offers_naming:
            self._offers_naming = False
            self._log.warning("gemini_named_and_said_nothing", model=self._models[TEXT])

    def _leave_form(self, forms: list[list[history.Content]]) -> bool:
        """Go on with plain words; whether that is something else."""
        if forms[0] == forms[-1]:
            return False
        forms.pop(0)
        self._log.warning("gemini_history_refused", sent_again="plain words")
        return True

    def paint(
        self,
        request: PaintRequest,
        until: datetime,
        on_draft: Callable[[bytes], None],
        calls: Calls,
    ) -> list[bytes]:
        which = self._models.painter(request.model)
        if which not in self._wishes:
            self._wishes[which] = Wishes(self._log, set(self._painters_wishes))

        def ask(before: Retryable | None) -> list[bytes]:
            image_only = before is not None and before.image_only

            def wishing(wishes: frozenset[Wish]) -> list[bytes]:
                body = painting.body(
                    request, image_only=image_only, with_thoughts=DRAFTS in wishes
                ) | fields(wishes, request.safety_identifier)
                return self._painted(which, body, until, on_draft, calls)

            return self._wishes[which].ask(self._models[which], wishing)

        return self._models.told_of(
            which, lambda: self._with_retries(ask, until, again_once_taken=False)
        )

    def _painted(
        self,
        which: str,
        body: Mapping[str, Any],
        until: datetime,
        on_draft: Callable[[bytes], None],
        calls: Calls,
    ) -> list[bytes]:
        streamed, retires = StreamedPicture(), None
        lines = WatchedLines(self._darkroom)
        silence = Silence(self._longest_silence)
        answer = self._transport.events(
            self._models[which], body, until, calls, silence.over, lines.events
        )
        with lines.watching(), closing(answer), closing(silence):
            try:
                for event, _ in answer:
                    retires = answers.retirement(event) or retires
                    if (draft := streamed.add(event)) is not None:
                        on_draft(draft)
                    if streamed.is_complete:
                        break
                    silence.begins(has_stopped=streamed.has_stopped)
            except (Failure, Retryable, Unanswered):
                # What was said before stands, however the connection ended.
                if not streamed.has_stopped:
                    raise
        self._models.announce(which, retires)
        return streamed.pictures()


def _final(broken: _Broken, streamed: StreamedText) -> _Broken:
    """Why a text is not whole; behind what the model has said nothing is asked in another way."""
    if not streamed.has_begun or isinstance(broken, Unanswered):
        return broken
    failure = broken.failure if isinstance(broken, Retryable) else broken
    is_invitation = isinstance(failure, ProviderRejected)  # to another form, wish or model
    return ProviderUnavailable(str(failure)) if is_invitation else failure


def _check_wanted(words: Words) -> None:
    if words.unwanted.done():
        raise Unwanted

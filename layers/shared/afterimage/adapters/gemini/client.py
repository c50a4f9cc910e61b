"""Gemini over HTTP: one text model that may ask for a picture, one image model that paints.

Retries happen only where the provider's reference allows them, and only inside the time the
caller gives. A picture is never asked for again once bytes of an answer were received from a
call that may have been billed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import requests

from afterimage.adapters.gemini import answers
from afterimage.adapters.gemini.answers import IMAGE_TOOL, Retryable
from afterimage.domain.aspect_ratios import ASPECT_RATIOS
from afterimage.domain.errors import Failure, ProviderUnavailable, TimedOut
from afterimage.ports import Clock, ImageRequest, Log, TextReply, Turn

_CONNECT_TIMEOUT = 3.0  # seconds
_LARGEST_BODY = 64 * 1024 * 1024  # a 4K picture in base64 is about 40 MB
_CHUNK = 64 * 1024
_FIRST_BACKOFF = 0.5  # seconds, doubled each time, full jitter
_MAX_OUTPUT_TOKENS = 8_192  # includes thinking; smaller caps end answers before they begin

_INSTRUCTION = (
    "You are the friendly assistant of a chat that can paint. "
    f"When the user wants a picture, call {IMAGE_TOOL} once, with a vivid and complete English "
    "prompt that includes everything the conversation says about the picture. "
    "Otherwise answer in the user's language, briefly, in plain text."
)
_TOOL = {
    "name": IMAGE_TOOL,
    "description": "Paints one picture and shows it to the user in the chat.",
    "parameters": {
        "type": "OBJECT",
        "properties": {
            "prompt": {"type": "STRING", "description": "What the picture shows."},
            "aspect_ratio": {
                "type": "STRING",
                "description": "Width to height; 1:1 unless the user wants another shape.",
                "enum": list(ASPECT_RATIOS),
            },
        },
        "required": ["prompt"],
    },
}

ReplyT = TypeVar("ReplyT")


@dataclass(frozen=True)
class GeminiSettings:
    """Where Gemini is and which models are asked. All of it changes several times a year."""

    base_url: str
    api_version: str
    text_model: str
    image_model: str


class _Unanswered(Exception):
    """The connection ended early.

    Attributes:
        begun: whether bytes of an answer had been received.
    """

    def __init__(self, begun: bool, detail: str) -> None:
        super().__init__(detail)
        self.begun = begun


class Gemini:
    """Implements `TextModel` and `ImageModel`.

    Args:
        api_key: read at every call, so that a rotated key is used.
    """

    def __init__(
        self,
        settings: GeminiSettings,
        api_key: Callable[[], str],
        http: requests.Session,
        clock: Clock,
        log: Log,
    ) -> None:
        self._settings = settings
        self._api_key = api_key
        self._http = http
        self._clock = clock
        self._log = log

    def reply(self, turns: Sequence[Turn], until: datetime) -> TextReply | ImageRequest:
        body = {
            "systemInstruction": {"parts": [{"text": _INSTRUCTION}]},
            "contents": [{"role": turn.role, "parts": list(turn.parts)} for turn in turns],
            "tools": [{"functionDeclarations": [_TOOL]}],
            "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
            "generationConfig": {"maxOutputTokens": _MAX_OUTPUT_TOKENS},
        }

        def ask(_: Retryable | None) -> TextReply | ImageRequest:
            return answers.text_reply(self._post(self._settings.text_model, body, until))

        return self._with_retries(ask, until, again_once_begun=True)

    def paint(self, prompt: str, aspect_ratio: str, until: datetime) -> bytes:
        def ask(before: Retryable | None) -> bytes:
            only_image = before is not None and before.image_only
            body = {
                "contents": [{"role": "user", "parts": [{"text": prompt}]}],
                "generationConfig": {
                    "responseModalities": ["IMAGE"] if only_image else ["TEXT", "IMAGE"],
                    "imageConfig": {"aspectRatio": aspect_ratio, "imageSize": "1K"},
                },
            }
            return answers.image_bytes(self._post(self._settings.image_model, body, until))

        return self._with_retries(ask, until, again_once_begun=False)

    # --- Retries ----------------------------------------------------------------------------

    def _with_retries(
        self,
        ask: Callable[[Retryable | None], ReplyT],
        until: datetime,
        *,
        again_once_begun: bool,
    ) -> ReplyT:
        before: Retryable | None = None
        retries = 0
        while True:
            try:
                return ask(before)
            except Retryable as retryable:
                before = retryable
            except _Unanswered as unanswered:
                failure = ProviderUnavailable(str(unanswered))
                if unanswered.begun and not again_once_begun:
                    raise failure from unanswered
                before = Retryable(failure)
            self._wait_or_give_up(before, retries, until)
            retries += 1

    def _wait_or_give_up(self, reason: Retryable, retries: int, until: datetime) -> None:
        pause = reason.wait
        if pause is None:
            pause = random.uniform(0, _FIRST_BACKOFF * 2**retries)  # noqa: S311 - jitter
        if retries >= reason.times or self._clock.now() + timedelta(seconds=pause) >= until:
            raise reason.failure
        self._log.info("gemini_retry", after_s=round(pause, 2), reason=str(reason.failure))
        self._clock.sleep(pause)

    # --- One call ---------------------------------------------------------------------------

    def _post(self, model: str, body: dict[str, Any], until: datetime) -> Any:
        """The parsed body of a 200. Raises: Failure, Retryable, _Unanswered."""
        url = f"{self._settings.base_url}/{self._settings.api_version}/models/{model}"
        try:
            status, answer = self._send(f"{url}:generateContent", body, until)
        except requests.ReadTimeout as error:
            raise TimedOut("the model did not answer in time") from error
        except requests.RequestException as error:
            raise _Unanswered(begun=False, detail=type(error).__name__) from error
        return _understood(status, answer)

    def _send(self, url: str, body: dict[str, Any], until: datetime) -> tuple[int, bytes]:
        left = (until - self._clock.now()).total_seconds()
        if left <= 0:
            raise TimedOut("no time left to ask the model")
        # A key pasted with a line end would be refused by an exception that quotes it.
        key = self._api_key().strip()
        headers = {"x-goog-api-key": key, "content-type": "application/json"}
        with self._http.post(
            url,
            data=json.dumps(body).encode(),
            headers=headers,
            timeout=(min(_CONNECT_TIMEOUT, left), left),
            stream=True,
            allow_redirects=False,  # the key goes nowhere else
        ) as response:
            return response.status_code, self._body(response, until)

    def _body(self, response: requests.Response, until: datetime) -> bytes:
        received = bytearray()
        try:
            for chunk in response.iter_content(_CHUNK):
                received += chunk
                if len(received) > _LARGEST_BODY:
                    raise ProviderUnavailable("the answer is larger than any picture")
                if self._clock.now() >= until:
                    raise TimedOut("the answer did not end in time")
        except requests.RequestException as error:
            if self._clock.now() >= until:
                raise TimedOut("the answer stopped coming") from error
            raise _Unanswered(begun=True, detail=type(error).__name__) from error
        return bytes(received)


def _understood(status: int, answer: bytes) -> Any:
    try:
        parsed = json.loads(answer)
    except (ValueError, RecursionError) as error:
        if status == requests.codes.ok:
            raise answers.not_json(answer) from error
        parsed = None
    if status == requests.codes.ok:
        return parsed
    failure: Failure | Retryable = answers.http_failure(status, parsed)
    raise failure

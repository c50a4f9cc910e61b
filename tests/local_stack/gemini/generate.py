"""One generateContent call from arrival to answer: the file to read first."""

import asyncio
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.responses import Response

from tests.local_stack.gemini import errors
from tests.local_stack.gemini.answer import Answer
from tests.local_stack.gemini.behaviour import Behaviour
from tests.local_stack.gemini.catalogue import MODELS, Model, kind_of, replacement_for
from tests.local_stack.gemini.conversation import (
    check_contents,
    declared_names,
    last_prompt,
    picture_digests,
)
from tests.local_stack.gemini.delivery import Delivery, Step
from tests.local_stack.gemini.errors import Refusal
from tests.local_stack.gemini.image_model import answer_image, commission
from tests.local_stack.gemini.request_rules import check_request
from tests.local_stack.gemini.script import Entry
from tests.local_stack.gemini.scripted import bent, scripted_error
from tests.local_stack.gemini.studio import Studio
from tests.local_stack.gemini.text_model import answer_text
from tests.local_stack.gemini.wire import Json, as_event, normalised, to_json

Stream = str | None


@dataclass
class Simulator:
    behaviour: Behaviour = field(default_factory=Behaviour)
    studio: Studio = field(default_factory=Studio)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def generate(
        self, version: str, model_id: str, raw: Any, arrived: float, stream: Stream
    ) -> Response:
        """`arrived`: the event loop's time. `stream`: None, "sse" or "array".

        Raises:
            Refusal: the request is wrong, or the script says so.
        """
        request: Json = normalised(raw) if isinstance(raw, dict) else {}
        prompt = last_prompt(request.get("contents"))
        digests = picture_digests(request.get("contents"))
        logged = self.behaviour.record(kind_of(model_id), prompt, digests)
        model = known_model(model_id, version)
        check_body(raw)
        check_request(raw, request, model)
        is_text = model.kind == "text"
        declared = declared_names(request) if is_text else None
        check_contents(request.get("contents"), is_text, declared)
        entry = self.behaviour.take(model.kind, prompt) or Entry(on=model.kind)
        due = arrived + self._wait_s(model, entry)
        if entry.hang:
            return Delivery(None, self.stopping)
        if entry.body is not None:
            kind = entry.content_type or "text/html; charset=UTF-8"
            whole = [(due, entry.body.encode())]
            return Delivery(
                whole, self.stopping, entry.status or 200, kind, cut_after=entry.cut_after_bytes
            )
        refusal = scripted_error(entry, model_id, version)
        if refusal is None and entry.mid_stream_error and stream is None:
            refusal = errors.plain(503)
        if refusal is not None:
            return self._refuse(refusal, due, stream, entry)
        if entry.empty_object:
            return self._send([{}], arrived, due, stream, entry)
        answer = bent(await self._answer(model, request), entry)
        logged["usage"] = answer.usage
        if stream is not None and model.kind == "text":
            return self._write(answer, arrived, due, stream, entry)
        responses = [answer.whole()] if stream is None else answer.chunks()
        delivery = self._send(responses, arrived, due, stream, entry)
        ended = partial(self.behaviour.note_end, logged)
        return delivery.over_a_line(self.behaviour.bytes_a_second, ended)

    def _write(
        self, answer: Answer, arrived: float, due: float, stream: str, entry: Entry
    ) -> Delivery:
        """A text at the pace of `words_a_second`, or within the time until it is due."""
        pace, cut = self.behaviour.words_a_second, entry.cut_after_words
        words = 1 if cut is not None else _words_a_piece(pace)
        return self._send(answer.chunks(words), arrived, due, stream, entry, words)

    def _wait_s(self, model: Model, entry: Entry) -> float:
        """Errors come at once, as they do from Google; everything else takes the model's time."""
        if entry.delay_ms is not None:
            return entry.delay_ms / 1000
        return 0.0 if entry.status is not None else self.behaviour.wait_s(model.kind)

    async def _answer(self, model: Model, request: Json) -> Answer:
        response_id = uuid.uuid4().hex[:22]
        if model.kind == "text":
            return answer_text(model.id, request, response_id, self.studio.album)
        work = await asyncio.to_thread(commission, model, request, self.behaviour)
        return answer_image(model, request, work, await self.studio.paint(work), response_id)

    def _refuse(self, refusal: Refusal, due: float, stream: Stream, entry: Entry) -> Delivery:
        body = [refusal.body] if stream == "array" else refusal.body
        steps = [(due, to_json(body))]
        return Delivery(steps, self.stopping, refusal.status, cut_after=entry.cut_after_bytes)

    def _send(
        self,
        responses: list[Json],
        arrived: float,
        due: float,
        stream: Stream,
        entry: Entry,
        words: int | None = None,
    ) -> Delivery:
        """`words`: how many are in each response, where it is known."""
        if stream is None:
            body = to_json(responses[0])
            return Delivery([(due, body)], self.stopping, cut_after=entry.cut_after_bytes)
        if entry.mid_stream_error:
            responses = [*responses[: max(1, len(responses) // 2)], dict(errors.plain(503).body)]
        pieces, pace = _encoded(responses, stream), self.behaviour.words_a_second
        if words and pace:
            steps = [(due + number * words / pace, piece) for number, piece in enumerate(pieces)]
        else:
            steps = _spread(pieces, arrived, due)
        kind = "text/event-stream" if stream == "sse" else "application/json; charset=UTF-8"
        cut = entry.cut_after_bytes
        if words and entry.cut_after_words is not None:
            cut = sum(map(len, pieces[: entry.cut_after_words]))
        return Delivery(steps, self.stopping, 200, kind, is_stream=True, cut_after=cut)


def known_model(model_id: str, version: str, method: str = "generateContent") -> Model:
    if model_id in MODELS:
        return MODELS[model_id]
    replacement = replacement_for(model_id)
    if replacement is not None:
        raise errors.retired(model_id, replacement)
    raise errors.not_found(model_id, version, method)


def check_body(raw: Any) -> None:
    if not isinstance(raw, dict):
        raise errors.invalid(
            "Invalid JSON payload received. Expected an object with key and value."
        )


def _words_a_piece(pace: float) -> int | None:
    """About ten events a second, as real models send."""
    return max(1, round(pace / 10)) if pace else None


def _encoded(responses: list[Json], stream: str) -> list[bytes]:
    if stream == "sse":
        return [as_event(response) for response in responses]
    last = len(responses) - 1
    return [
        (b"[" if i == 0 else b",\r\n") + to_json(response) + (b"]\n" if i == last else b"")
        for i, response in enumerate(responses)
    ]


def _spread(pieces: list[bytes], arrived: float, due: float) -> list[Step]:
    """Evenly over the waiting time; the closing piece comes with the last one before it."""
    count = max(1, len(pieces) - 1)
    return [
        (arrived + (due - arrived) * min(1.0, (i + 1) / count), piece)
        for i, piece in enumerate(pieces)
    ]

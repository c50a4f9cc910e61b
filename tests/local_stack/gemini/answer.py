"""A model's answer, as one response or as the chunks of a stream."""

import hashlib
from dataclasses import dataclass, field

from tests.local_stack.gemini.wire import Json, encode_base64


@dataclass
class Answer:
    """`extra` holds further keys of the candidate (safetyRatings, finishMessage, ...).

    `parts` None means a candidate without content; `block_reason` means no candidate at all.
    """

    model_id: str
    response_id: str
    usage: Json
    parts: list[Json] | None = field(default_factory=list)
    finish_reason: str = "STOP"
    extra: Json = field(default_factory=dict)
    block_reason: str | None = None
    without_candidates: bool = False

    def whole(self) -> Json:
        """The body of `generateContent`."""
        return self._response(self.parts, last=True)

    def chunks(self, words: int | None = None) -> list[Json]:
        """The events of `streamGenerateContent`; the last has the finish reason and the usage.

        `words`: so many in an event of text; None makes about five events of it.
        """
        parts = self.parts or []
        pieces = [piece for part in parts for piece in _pieces(part, words)]
        signed = bool(pieces) and pieces[-1].get("text") == ""
        closing = [pieces.pop()] if signed else [{"text": ""}] if pieces else self.parts
        return [
            *(self._response([piece], last=False) for piece in pieces),
            self._response(closing, last=True),
        ]

    def _response(self, parts: list[Json] | None, last: bool) -> Json:
        response: Json = {}
        if last and self.block_reason is not None:
            response["promptFeedback"] = {"blockReason": self.block_reason}
        elif not self.without_candidates:
            response["candidates"] = [self._candidate(parts, last)]
        if last:
            response["usageMetadata"] = self.usage
        return response | {"modelVersion": self.model_id, "responseId": self.response_id}

    def _candidate(self, parts: list[Json] | None, last: bool) -> Json:
        candidate: Json = {} if parts is None else {"content": {"parts": parts, "role": "model"}}
        if last:
            candidate |= {"finishReason": self.finish_reason} | self.extra
        return candidate | {"index": 0}


def _pieces(part: Json, words_a_piece: int | None) -> list[Json]:
    """A text part in a few pieces, cut between words; its signature follows in an empty part."""
    if "text" not in part or part.get("thought"):
        return [part]
    words = part["text"].split(" ")
    step = words_a_piece or max(1, -(-len(words) // 5))
    groups = [" ".join(words[i : i + step]) for i in range(0, len(words), step)]
    pieces: list[Json] = [
        {"text": group if i == len(groups) - 1 else group + " "} for i, group in enumerate(groups)
    ]
    if "thoughtSignature" in part:
        pieces.append({"text": "", "thoughtSignature": part["thoughtSignature"]})
    return pieces


def signature(*about: str) -> str:
    """An opaque thought signature, base64, the same for the same thoughts."""
    digest = hashlib.sha256("\x1f".join(about).encode()).digest()
    return encode_base64(b"\x12\x20" + digest)

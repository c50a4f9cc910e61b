"""Names in an answer, in either spelling."""

from __future__ import annotations

import json
from typing import Any

from afterimage.adapters.gemini import answers
from afterimage.adapters.gemini.events import events
from afterimage.ports.models import ImageRequest


def read(said: str) -> Any:
    (event,) = events([f"data: {said}\n\n".encode()])
    return event.data


def test_a_call_in_names_of_the_schema_keeps_what_was_declared_for_it() -> None:
    args = {"prompt": "a red fox", "aspect_ratio": "16:9"}
    call = {"function_call": {"name": "generate_image", "args": args}, "thought_signature": "AA=="}

    said = {"candidates": [{"content": {"parts": [call]}, "finish_reason": "STOP"}]}
    reply = answers.text_reply(read(json.dumps(said)))

    assert isinstance(reply, ImageRequest)
    assert (reply.prompt, reply.aspect_ratio) == ("a red fox", "16:9")
    (kept,) = json.loads(reply.parts)
    assert (kept["functionCall"]["args"], kept["thoughtSignature"]) == (args, "AA==")


def test_a_refusal_in_names_of_the_schema_is_one() -> None:
    assert answers.is_blocked(read('{"prompt_feedback": {"block_reason": "SAFETY"}}'))


def test_what_is_deeper_than_anything_that_is_read_is_left() -> None:
    deep = 2_000

    assert list(read('{"a_b": ' * deep + "1" + "}" * deep)) == ["aB"]

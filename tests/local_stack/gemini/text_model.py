"""What a text model answers: a picture request becomes a function call, anything else is talk."""

import hashlib
import json
from typing import Any

from tests.local_stack.gemini import tokens
from tests.local_stack.gemini.answer import Answer, signature
from tests.local_stack.gemini.chat import reply
from tests.local_stack.gemini.conversation import count_parts, last_prompt
from tests.local_stack.gemini.picture_request import call_arguments, wants_picture
from tests.local_stack.gemini.wire import Json

PAINTER = "generate_image"
SMALLEST_CALL = 16


def answer_text(model_id: str, request: Json, response_id: str) -> Answer:
    """Deterministic: the same conversation gets the same words."""
    contents: list[Json] = request["contents"]
    config: Json = request.get("generationConfig", {})
    digest = hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()
    declaration = _function_to_call(request, contents)
    if declaration is None:
        parts, finish, written = _talk(reply(contents), config.get("maxOutputTokens"), digest)
    else:
        parts, finish, written = _call(declaration, contents, config.get("maxOutputTokens"), digest)
    if config.get("thinkingConfig", {}).get("includeThoughts"):
        parts = [{"text": "Considering what was asked.", "thought": True}, *parts]
    thoughts = 23 if finish == "STOP" else 0
    usage = tokens.usage(tokens.of_request(request), {"TEXT": written}, thoughts)
    return Answer(model_id, response_id, usage, parts, finish)


def _function_to_call(request: Json, contents: list[Json]) -> Json | None:
    calling = request.get("toolConfig", {}).get("functionCallingConfig")
    calling = calling if isinstance(calling, dict) else {}
    mode = str(calling.get("mode", "AUTO")).upper()
    declared = _declarations(request)
    allowed = calling.get("allowedFunctionNames")
    if not isinstance(allowed, list) or not allowed:
        allowed = [item["name"] for item in declared]
    usable = [item for item in declared if item["name"] in allowed]
    painter = next((item for item in usable if item["name"] == PAINTER), None)
    if mode == "ANY":
        return painter or (usable[0] if usable else None)
    asked = not count_parts(contents[-1], "functionResponse") and wants_picture(
        last_prompt(contents)
    )
    return painter if asked and mode != "NONE" else None


def _declarations(request: Json) -> list[Json]:
    tools = request.get("tools")
    found: list[Any] = []
    for tool in tools if isinstance(tools, list) else [tools]:
        listed = tool.get("functionDeclarations") if isinstance(tool, dict) else None
        found += listed if isinstance(listed, list) else []
    return [item for item in found if isinstance(item, dict) and isinstance(item.get("name"), str)]


def _call(
    declaration: Json, contents: list[Json], cap: int | None, digest: str
) -> tuple[list[Json], str, int]:
    if cap is not None and cap < SMALLEST_CALL:
        return [], "MAX_TOKENS", cap
    arguments = call_arguments(last_prompt(contents), declaration)
    call = {"name": declaration["name"], "args": arguments, "id": f"call_{digest[:12]}"}
    part: Json = {"functionCall": call, "thoughtSignature": signature("call", digest)}
    return [part], "STOP", tokens.of_text(json.dumps(call))


def _talk(text: str, cap: int | None, digest: str) -> tuple[list[Json], str, int]:
    written = tokens.of_text(text)
    if cap is not None and written > cap:
        return [{"text": text[: cap * tokens.CHARACTERS_PER_TOKEN]}], "MAX_TOKENS", cap
    part: Json = {"text": text}
    # Real answers carry a signature on some text parts and not on others.
    if int(digest[0], 16) % 2:
        part["thoughtSignature"] = signature("text", digest)
    return [part], "STOP", written

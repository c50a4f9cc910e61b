"""What a text model answers: a picture request becomes a function call, anything else is talk."""

import hashlib
import json
from typing import Any

from tests.local_stack.gemini import tokens
from tests.local_stack.gemini.album import Album
from tests.local_stack.gemini.answer import Answer, signature
from tests.local_stack.gemini.chat import LONGEST_NAME, chat_name, reply
from tests.local_stack.gemini.conversation import count_parts, last_prompt
from tests.local_stack.gemini.labels import brought_last, numbered
from tests.local_stack.gemini.picture_call import call_arguments, can_edit
from tests.local_stack.gemini.picture_change import chosen, wants_change, wants_description
from tests.local_stack.gemini.picture_request import wants_picture
from tests.local_stack.gemini.studio import open_picture
from tests.local_stack.gemini.wire import Json

PAINTER, NAMER = "generate_image", "name_chat"
SMALLEST_CALL = 16


def answer_text(
    model_id: str, request: Json, response_id: str, album: Album | None = None
) -> Answer:
    """Deterministic: the same conversation gets the same words.

    Args:
        album: knows what its pictures show.
    """
    contents: list[Json] = request["contents"]
    config: Json = request.get("generationConfig", {})
    digest = hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()
    declaration = _function_to_call(request, contents)
    cap = config.get("maxOutputTokens")
    name = _name_of(request, contents)
    if declaration is None:
        said = _description(contents, album or Album()) or reply(contents)
        parts, finish, written = _talk(said, cap, digest)
    else:
        parts, finish, written = _call(declaration, contents, cap, digest)
    if name and finish == "STOP":
        # Parallel calls share the signature of the first.
        parts = [*parts, {"functionCall": name | {"id": f"call_{digest[12:24]}"}}]
        written += tokens.of_text(json.dumps(name))
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
    if painter is None or mode == "NONE" or count_parts(contents[-1], "functionResponse"):
        return None
    wish = last_prompt(contents)
    return painter if wants_picture(wish) or _edited(painter, contents) else None


def _name_of(request: Json, contents: list[Json]) -> Json | None:
    """A call that names the chat by its first question, where that is too long to be a name."""
    offered = any(item["name"] == NAMER for item in _declarations(request))
    question = last_prompt(contents)
    if not offered or len(question.split()) <= LONGEST_NAME + 2:
        return None
    return {"name": NAMER, "args": {"title": chat_name(question)}}


def _edited(declaration: Json, contents: list[Json]) -> list[int]:
    """Numbers of the pictures that the last wish changes or uses; none for a new picture."""
    if not can_edit(declaration) or not (numbers := list(numbered(contents))):
        return []
    wish, here = last_prompt(contents), list(_here(contents))
    if wants_change(wish) or (here and wants_picture(wish)):
        return chosen(wish, numbers, here, brought_last(contents))
    return []


def _here(contents: list[Json]) -> list[int]:
    """Numbers of the pictures that came with the last question."""
    return [number for number in numbered(contents[-1:]) if number in numbered(contents)]


def _description(contents: list[Json], album: Album) -> str | None:
    """What the last picture shows, if that is the question and it was sent along."""
    here, question = _here(contents), last_prompt(contents)
    if not contents[-1].get("parts") or not wants_description(question, bool(here)):
        return None
    seen = numbered(contents)
    asked = chosen(question, list(seen), here) if seen else []
    files = [file for number in asked if (file := seen[number]) is not None]
    try:
        return " ".join(album.describe(open_picture(file)) for file in files) or None
    except ValueError:
        return "I cannot read that picture."


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
    edit = _edited(declaration, contents)
    arguments = call_arguments(last_prompt(contents), declaration, edit, _shape(contents, edit))
    call = {"name": declaration["name"], "args": arguments, "id": f"call_{digest[:12]}"}
    part: Json = {"functionCall": call, "thoughtSignature": signature("call", digest)}
    return [part], "STOP", tokens.of_text(json.dumps(call))


def _shape(contents: list[Json], edit: list[int]) -> float | None:
    """Width by height of the last picture of an edit, where it was sent along."""
    file = numbered(contents)[edit[-1]] if edit else None
    try:
        picture = open_picture(file) if file else None
    except ValueError:
        return None
    return picture.width / picture.height if picture else None


def _talk(text: str, cap: int | None, digest: str) -> tuple[list[Json], str, int]:
    written = tokens.of_text(text)
    if cap is not None and written > cap:
        return [{"text": text[: cap * tokens.CHARACTERS_PER_TOKEN]}], "MAX_TOKENS", cap
    part: Json = {"text": text}
    # Real answers carry a signature on some text parts and not on others.
    if int(digest[0], 16) % 2:
        part["thoughtSignature"] = signature("text", digest)
    return [part], "STOP", written

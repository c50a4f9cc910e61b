"""The turns of a request: their shape, the rules between them, and what they say."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from tests.local_stack.gemini.errors import MISSING_SIGNATURE, invalid, unknown_names
from tests.local_stack.gemini.labels import without_labels
from tests.local_stack.gemini.wire import Json, decode_base64, snake

PART_DATA = frozenset(
    [
        "text",
        "inlineData",
        "fileData",
        "functionCall",
        "functionResponse",
        "executableCode",
        "codeExecutionResult",
        "toolCall",
        "toolResponse",
    ]
)
PART_SIDE = frozenset(
    ["thought", "thoughtSignature", "videoMetadata", "mediaResolution", "partMetadata"]
)


def check_contents(
    contents: Any, needs_signatures: bool, declared: frozenset[str] | None = None
) -> None:
    """Shape first, then the order of calls and results.

    Args:
        declared: names of the tools that may have been called; None leaves that open.

    Raises:
        Refusal: with the sentence Google gives for that mistake.
    """
    if not isinstance(contents, list) or not contents:
        raise invalid("* GenerateContentRequest.contents: contents is not specified\n")
    for index, content in enumerate(contents):
        _check_content(index, content)
    _check_calls(contents)
    _check_ids(contents)
    if declared is not None:
        _check_declared(contents, declared)
    if needs_signatures:
        _check_signatures_present(contents)


def _check_content(index: int, content: Any) -> None:
    path = f"contents[{index}]"
    if not isinstance(content, dict):
        raise invalid(f"Invalid value at '{path}': not an object.")
    if content.get("role", "user") not in ("user", "model", "function"):
        raise invalid("Please use a valid role: user, model.")
    parts = content.get("parts")
    if not isinstance(parts, list) or not parts:
        raise invalid(f"* GenerateContentRequest.{path}.parts: contents.parts must not be empty.\n")
    for number, part in enumerate(parts):
        _check_part(f"{path}.parts[{number}]", part)


def _check_part(path: str, part: Any) -> None:
    if not isinstance(part, dict):
        raise invalid(f"Invalid value at '{path}': not an object.")
    strange = [(path, snake(name)) for name in part if name not in PART_DATA | PART_SIDE]
    if strange:
        raise unknown_names(strange)
    data = [name for name in part if name in PART_DATA]
    if len(data) > 1:
        raise invalid(f"Invalid value at '{path}' (oneof), oneof field 'data' is already set.")
    if not data:
        raise invalid(
            f"* GenerateContentRequest.{path}.data: required oneof field 'data' must have one "
            "initialized field\n"
        )
    for name in data:
        if not isinstance(part[name], str if name == "text" else dict):
            raise invalid(f"Invalid value at '{path}.{snake(name)}': of the wrong type.")
    # Google's "skip_thought_signature_validator", for history no model wrote, is base64 as well.
    _check_bytes(f"{path}.thought_signature", part.get("thoughtSignature", ""))
    if "inlineData" in part:
        _check_bytes(f"{path}.inline_data.data", part["inlineData"].get("data", ""))
    if not isinstance(part.get("functionCall", {}).get("args", {}), dict):
        raise invalid(f"Invalid value at '{path}.function_call.args': not an object.")
    if "functionResponse" in part and not isinstance(
        part["functionResponse"].get("response"), dict
    ):
        raise invalid(f"Invalid value at '{path}.function_response.response': not an object.")


def _check_bytes(path: str, value: Any) -> None:
    try:
        decode_base64(value)
    except (ValueError, AttributeError):
        shown = str(value)[:40]
        raise invalid(
            f"Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed for \"{shown}\""
        ) from None


def _check_calls(contents: list[Json]) -> None:
    for index, content in enumerate(contents):
        calls = count_parts(content, "functionCall")
        if calls and content.get("role") != "model":
            raise invalid("Please ensure that function call turn comes from the model.")
        if calls and index == 0:
            raise invalid(
                "Please ensure that function call turn comes immediately after a user turn "
                "or after a function response turn."
            )
        answers = (
            count_parts(contents[index + 1], "functionResponse") if index + 1 < len(contents) else 0
        )
        if calls and calls != answers:
            raise invalid(
                "Please ensure that the number of function response parts is equal to the "
                "number of function call parts of the function call turn."
            )
        before = count_parts(contents[index - 1], "functionCall") if index else 0
        if count_parts(content, "functionResponse") and not before:
            raise invalid(
                "Please ensure that function response turn comes immediately after a function "
                "call turn."
            )


def _check_ids(contents: list[Json]) -> None:
    """Each call's id is its own, and its result has the same."""
    seen: set[str] = set()
    for index, content in enumerate(contents):
        calls = [part["functionCall"].get("id") for part in _with(content, "functionCall")]
        for call_id in filter(None, calls):
            if call_id in seen:
                raise invalid(f"Function call id {call_id} is not unique.")
            seen.add(call_id)
        if calls and index + 1 < len(contents):
            results = _with(contents[index + 1], "functionResponse")
            answered = [part["functionResponse"].get("id") for part in results]
            if sorted(map(str, calls)) != sorted(map(str, answered)):
                raise invalid("Please ensure that each function response has its call's id.")


def _check_declared(contents: list[Json], declared: frozenset[str]) -> None:
    for content in contents:
        for kind in ("functionCall", "functionResponse"):
            for part in _with(content, kind):
                if (name := part[kind].get("name")) not in declared:
                    raise invalid(f"Function {name} is not declared in the request's tools.")


def _with(content: Json, name: str) -> list[Json]:
    return [part for part in content["parts"] if name in part]


def declared_names(request: Json) -> frozenset[str] | None:
    """Of the functions that a request offers; None where it says nothing about tools."""
    if not isinstance(tools := request.get("tools"), list):
        return None
    listed = [tool.get("functionDeclarations") for tool in tools if isinstance(tool, dict)]
    named = [item for items in listed if isinstance(items, list) for item in items]
    return frozenset(str(item.get("name")) for item in named if isinstance(item, dict))


def _check_signatures_present(contents: list[Json]) -> None:
    """Parallel calls share the signature of the first, so only that one must carry it."""
    for index, content in enumerate(contents):
        if content.get("role") != "model":
            continue
        first = next((part for part in content["parts"] if "functionCall" in part), None)
        if first is not None and not first.get("thoughtSignature"):
            name = first["functionCall"].get("name", "")
            raise invalid(MISSING_SIGNATURE.format(name=name, position=index + 1))


def count_parts(content: Json, name: str) -> int:
    return len(_with(content, name))


def text_of(content: Any) -> str:
    """All visible text of a turn; tolerant, since it also serves requests that will be refused."""
    parts = content.get("parts") if isinstance(content, dict) else None
    if not isinstance(parts, list):
        return ""
    texts = [
        part["text"]
        for part in without_labels(parts)
        if isinstance(part, dict) and isinstance(part.get("text"), str) and not part.get("thought")
    ]
    return re.sub(r"\s+", " ", " ".join(texts)).strip()


def user_texts(contents: Any) -> Iterator[str]:
    """What the user said, oldest first; turns without words (tool results) are left out."""
    for content in contents if isinstance(contents, list) else []:
        if isinstance(content, dict) and content.get("role", "user") == "user":
            words = text_of(content)
            if words:
                yield words


def last_prompt(contents: Any) -> str:
    return next(reversed(list(user_texts(contents))), "")


def last_pictures(contents: list[Json]) -> list[bytes]:
    """The pictures of the last user turn; without one there, the last the model painted."""
    for content in (contents[-1], *(c for c in reversed(contents) if c.get("role") == "model")):
        found = [
            decode_base64(part["inlineData"].get("data", ""))
            for part in content["parts"]
            if "inlineData" in part and not part.get("thought")
        ]
        if found:
            return found
    return []


def picture_digests(contents: Any) -> list[str]:
    """SHA-256 of every picture sent along, in hex; tolerant, as `text_of` is."""
    digests = []
    for content in contents if isinstance(contents, list) else []:
        parts = content.get("parts") if isinstance(content, dict) else None
        for part in parts if isinstance(parts, list) else []:
            inline = part.get("inlineData") if isinstance(part, dict) else None
            data = inline.get("data") if isinstance(inline, dict) else None
            if isinstance(data, str):
                digests.append(_digest(data))
    return digests


def _digest(data: str) -> str:
    try:
        return hashlib.sha256(decode_base64(data)).hexdigest()
    except ValueError:
        return "not base64"

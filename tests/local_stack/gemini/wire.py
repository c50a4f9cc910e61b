"""The JSON dialect: either naming style, either base64 alphabet, and two ways to stream."""

import base64
import binascii
import json
import re
from typing import Any

Json = dict[str, Any]

# Below these keys the names belong to the caller: arguments, results and schemas.
CALLERS_OWN = frozenset(
    {
        "args",
        "labels",
        "response",
        "parameters",
        "parametersJsonSchema",
        "responseSchema",
        "responseJsonSchema",
    }
)


def camel(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])_([a-z0-9])", lambda found: found.group(1).upper(), name)


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda found: "_" + found.group(1).lower(), name)


def normalised(value: Any) -> Any:
    """A copy with camelCase names everywhere except in what the caller defined.

    A null is an absent field, as in every proto3 JSON message.
    """
    if isinstance(value, list):
        return [normalised(item) for item in value]
    if not isinstance(value, dict):
        return value
    result: Json = {}
    for key, item in value.items():
        if item is None:
            continue
        name = camel(key)
        result[name] = item if name in CALLERS_OWN else normalised(item)
    return result


def decode_base64(text: str) -> bytes:
    """Either alphabet, with or without padding.

    Raises:
        ValueError: a character of neither alphabet, or an impossible length.
    """
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def encode_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def to_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def as_event(value: Any) -> bytes:
    """One server-sent event: Google ends lines with CRLF and sends no `event:` and no `[DONE]`."""
    return b"data: " + to_json(value) + b"\r\n\r\n"

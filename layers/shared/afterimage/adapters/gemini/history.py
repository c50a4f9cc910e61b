"""A conversation as the model takes it, whatever it once said.

A model refuses a whole request for one part of its history that it does not like, and would refuse
every later message of the chat. So what is sent back is mended by the rules that are known:

- a part holds one kind of data and known fields, of their types; a signature alone gets a text
- a call names a tool that is declared, and no id twice; the first of a turn carries a signature
- a user's turn has words, and pictures that are ours
- a turn with calls stands behind a user's turn, and each of its calls is answered right behind it

Sources: the provider's REST reference, and refusals of its servers that others reported.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from afterimage.adapters.gemini.loose import as_dict
from afterimage.domain.conversation import IMAGE_TOOL, Turn
from afterimage.domain.numbered_pictures import label

# What the provider documents for calls that it finds no signature of its own in.
_NO_SIGNATURE = "skip_thought_signature_validator"
_DEEPEST = 20  # levels of a call's arguments
_LARGEST_NUMBER = 1e300  # what a double can hold

Content = dict[str, Any]


def contents(turns: Sequence[Turn]) -> list[Content]:
    """The turns of a request, with everything in them that the model takes."""
    mended: list[Content] = []
    ids: set[str] = set()
    following = [*turns[1:], Turn("user", [])]
    for turn, after in zip(turns, following, strict=True):
        if turn.role != "model":
            _append(mended, "user", _words_and_pictures(turn.parts))
        elif mended and mended[-1]["role"] == "user":
            said, answered = _exchange(turn.parts, after.parts, ids)
            _append(mended, "model", said)
            _append(mended, "user", answered)
    return mended


def in_words(turns: Sequence[Turn]) -> list[Content]:
    """The same in plain words of both sides, in turns: what a model cannot refuse for its form.

    No picture is in it, only its number.
    """
    said = [_said(turn["role"], part) for turn in contents(turns) for part in turn["parts"]]
    plain: list[Content] = []
    for role, text in filter(None, said):
        if plain and plain[-1]["role"] == role:
            plain[-1]["parts"].append({"text": text})
        else:
            plain.append({"role": role, "parts": [{"text": text}]})
    return plain


def sendable(parts: Iterable[Any]) -> list[dict[str, Any]]:
    """The parts of an answer that are worth keeping, without what cannot be stored or sent."""
    return [mended for part in parts if (mended := _part(part)) is not None]


def arguments(call: dict[str, Any]) -> dict[str, Any]:
    """Of a call; gateways of other providers write them as a text that is JSON."""
    args = call.get("args")
    if isinstance(args, str):
        with suppress(ValueError, RecursionError):
            args = json.loads(args)
    return as_dict(args)


def whole_characters(text: str) -> str:
    """Halves of characters that stand beside each other joined, and others replaced."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _append(mended: list[Content], role: str, parts: list[dict[str, Any]]) -> None:
    if parts:
        mended.append({"role": role, "parts": parts})


def _said(role: str, part: dict[str, Any]) -> tuple[str, str] | None:
    """Who said what. A call is told by the user, so that the model does not learn to tell it."""
    if (call := part.get("functionCall")) is not None:
        return "user", f"(A picture was ordered here: {call['args'].get('prompt', '')})"
    if (result := part.get("functionResponse")) is not None:
        return ("user", " ".join(map(label, told))) if (told := _numbers(result)) else None
    if part.get("thought") or not part.get("text"):
        return None
    return role, part["text"]


def _numbers(result: dict[str, Any]) -> list[int]:
    """Of the pictures that a call has brought."""
    told = as_dict(result["response"].get("output"))
    return [told["picture"]] if "picture" in told else list(told.get("pictures", ()))


# --- A user's turn -----------------------------------------------------------------------------


def _words_and_pictures(parts: Iterable[Any]) -> list[dict[str, Any]]:
    """Without the results of calls, which `_exchange` puts where they belong."""
    sent = [_word_or_picture(part) for part in parts if isinstance(part, dict)]
    return [part for part in sent if part is not None]


def _word_or_picture(part: dict[str, Any]) -> dict[str, Any] | None:
    if isinstance(text := part.get("text"), str) and text:
        return {"text": whole_characters(text)}
    # Bytes are what we have read ourselves: what a model wrote is never any.
    picture = part.get("inlineData")
    if isinstance(picture, dict) and isinstance(picture.get("data"), bytes):
        return {"inlineData": picture}
    return None


# --- A model's turn and the results of its calls -----------------------------------------------


def _exchange(
    parts: Sequence[Any], after: Sequence[Any], ids: set[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the model said, and what became of its calls.

    Args:
        ids: of the calls before; those of this turn are added.
    """
    results = iter([part["functionResponse"] for part in after if _is_result(part)])
    said: list[dict[str, Any]] = []
    answered: list[dict[str, Any]] = []
    for part in parts:
        result: dict[str, Any] = next(results, {}) if _is_call(part) else {}
        if (mended := _part(part)) is None:
            continue
        if (call := mended.get("functionCall")) is not None:
            mended["functionCall"] = call = _with_new_id(call, ids)
            if not answered:
                mended.setdefault("thoughtSignature", _NO_SIGNATURE)
            answered.append(_answered(call, result))
        said.append(mended)
    return said, answered


def _is_call(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("functionCall"), dict)


def _is_result(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("functionResponse"), dict)


def _with_new_id(call: dict[str, Any], ids: set[str]) -> dict[str, Any]:
    """Without an id that was there before: calls are matched by their order, then."""
    if call.get("id") in ids:
        return {name: value for name, value in call.items() if name != "id"}
    if "id" in call:
        ids.add(call["id"])
    return call


def _answered(call: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    response = _json(result.get("response"))
    known = response if isinstance(response, dict) else {"error": "unknown"}
    named = {name: call[name] for name in ("name", "id") if name in call}
    return {"functionResponse": {**named, "response": known}}


# --- One part ----------------------------------------------------------------------------------


def _part(part: Any) -> dict[str, Any] | None:
    """The part with what is right of it; None if nothing of it can be sent."""
    if not isinstance(part, dict):
        return None
    mended: dict[str, Any] = {}
    call, text = _call(part.get("functionCall")), part.get("text")
    if call is not None:
        mended["functionCall"] = call
    else:
        mended["text"] = whole_characters(text) if isinstance(text, str) else ""
    if part.get("thought") is True:
        mended["thought"] = True
    # A signature belongs to what it came with, and goes with a call that is left out.
    signature = part.get("thoughtSignature")
    if _is_signature(signature) and (call is not None or "functionCall" not in part):
        mended["thoughtSignature"] = signature
    return mended if mended.get("text") != "" or "thoughtSignature" in mended else None


def _call(call: Any) -> dict[str, Any] | None:
    if not isinstance(call, dict) or call.get("name") != IMAGE_TOOL:
        return None
    mended = {"name": IMAGE_TOOL, "args": _json(arguments(call))}
    if isinstance(number := call.get("id"), str) and number:
        mended["id"] = whole_characters(number)
    return mended


def _is_signature(value: Any) -> bool:
    """Whether it is base64 of either kind."""
    if not isinstance(value, str) or not value:
        return False
    standard = value.translate(str.maketrans("+/", "-_")).rstrip("=")
    try:
        urlsafe_b64decode(standard + "=" * (-len(standard) % 4))
    except (ValueError, binascii.Error):
        return False
    return all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in standard)


def _json(value: Any, depth: int = 0) -> Any:
    """What JSON and the provider's own kind of it can both hold; the rest is null."""
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value if abs(value) <= _LARGEST_NUMBER else None  # not a number is not smaller
    if depth == _DEEPEST:
        return None
    if isinstance(value, dict):
        return {whole_characters(name): _json(item, depth + 1) for name, item in value.items()}
    return [_json(item, depth + 1) for item in value] if isinstance(value, list) else None

"""Token counts, about as the real service reports them."""

import json
import math
from typing import Any

from tests.local_stack.gemini.wire import Json

# An input picture costs 258 tokens, a painted one as many as its size says (price list, 2026-10).
INPUT_PICTURE = 258
PAINTED = {"1K": 1120, "2K": 1680, "4K": 2520}
CHARACTERS_PER_TOKEN = 4


def of_text(text: str) -> int:
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


def of_request(request: Json) -> dict[str, int]:
    """Tokens per modality, "TEXT" and "IMAGE", of everything the model has to read."""
    text = pictures = 0
    contents = [*request.get("contents", []), request.get("systemInstruction") or {}]
    for part in (part for content in contents for part in content.get("parts", [])):
        if "inlineData" in part or "fileData" in part:
            pictures += INPUT_PICTURE
        else:
            text += of_text(part["text"] if "text" in part else json.dumps(part))
    if request.get("tools"):
        text += of_text(json.dumps(request["tools"]))
    return {"TEXT": text, "IMAGE": pictures}


def details(counts: dict[str, int]) -> list[Json]:
    return [{"modality": name, "tokenCount": count} for name, count in counts.items() if count]


def usage(prompt: dict[str, int], answer: dict[str, int], thoughts: int = 0) -> Json:
    read, written = sum(prompt.values()), sum(answer.values())
    result: dict[str, Any] = {
        "promptTokenCount": read,
        "candidatesTokenCount": written,
        "totalTokenCount": read + written + thoughts,
        "promptTokensDetails": details(prompt),
    }
    if written:
        result["candidatesTokensDetails"] = details(answer)
    if thoughts:
        result["thoughtsTokenCount"] = thoughts
    return result

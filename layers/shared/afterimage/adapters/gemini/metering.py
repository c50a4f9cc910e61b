"""What an answer says that it used (`usageMetadata`), whatever it looks like.

Every field may be missing or odd; what is no number of tokens counts as none. Output is candidates
and thoughts, input is prompt and results of tools. By the provider's reference the figures of a
stream are cumulative, and the last ones are those of the whole answer.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from afterimage.adapters.gemini import answers, drawn
from afterimage.adapters.gemini.loose import as_dict
from afterimage.domain.usage import TEXT, UNTOLD, Usage

_MOST = 1_000_000_000  # tokens; more is no count, but an error of who counted
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)  # JSON of protocol buffers has numbers as texts, too
_MODALITIES = frozenset({TEXT, "image", "audio", "video", "document"})
_MODELS = "models/"


class Meter:
    """Reads an answer's events as they come."""

    def __init__(self) -> None:
        self._usage: Usage | None = None
        self._has_ended = False
        self._has_picture = False

    def add(self, event: Any) -> None:
        """Takes in one event. Raises nothing."""
        body = as_dict(event)
        if isinstance(said := body.get("usageMetadata"), dict) and said:
            told = usage_of(said, body.get("modelVersion"))
            # What is counted together never becomes less: an event with fewer leaves some out.
            if self._usage is None or told.tokens >= self._usage.tokens:
                self._usage = told
        self._has_ended |= answers.is_blocked(body)
        for candidate in answers.candidates(body):
            self._has_ended |= bool(candidate.get("finishReason"))
            self._has_picture |= drawn.has_picture(candidate)

    @property
    def usage(self) -> Usage | None:
        """What was used; None where nobody said so, or only at the beginning.

        What is told before an answer has ended may be the prompt alone, while the rest is paid too;
        and there is no picture without output.
        """
        if self._usage is None or self._usage.has_output:
            return self._usage
        is_all = self._has_ended and not self._has_picture
        return self._usage if is_all and self._usage.tokens else None


def usage_of(said: dict[str, Any], model: Any = None) -> Usage:
    """Args: said: `usageMetadata`. model: `modelVersion`."""
    prompt = _by_modality(said, "promptTokenCount", "promptTokensDetails")
    tools = _by_modality(said, "toolUsePromptTokenCount", "toolUsePromptTokensDetails")
    read = Counter(prompt) + Counter(tools)
    cached = _by_modality(said, "cachedContentTokenCount", "cacheTokensDetails")
    return Usage(
        read=dict(read),
        written=_by_modality(said, "candidatesTokenCount", "candidatesTokensDetails"),
        thoughts=_tokens(said.get("thoughtsTokenCount")),
        cached=min(cached.get(TEXT, 0) + cached.get(UNTOLD, 0), read[TEXT] + read[UNTOLD]),
        model=model.removeprefix(_MODELS)[:100] if isinstance(model, str) and model else None,
    )


def _by_modality(said: dict[str, Any], total: str, details: str) -> dict[str, int]:
    """Tokens by modality.

    Of a picture's answer the provider lists the picture, and leaves out the words beside it: what
    the list does not explain is text. Where there is no list, nothing is known of any.
    """
    listed: Counter[str] = Counter()
    entries = said.get(details)
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            listed[_modality(entry.get("modality"))] += _tokens(entry.get("tokenCount"))
    rest = _tokens(said.get(total)) - listed.total()
    if rest > 0:
        listed[TEXT if listed.total() else UNTOLD] += rest
    return {name: tokens for name, tokens in listed.items() if tokens}


def _modality(said: Any) -> str:
    name = said.lower() if isinstance(said, str) else UNTOLD
    return name if name in _MODALITIES else UNTOLD


def _tokens(said: Any) -> int:
    if isinstance(said, str) and _NUMBER.fullmatch(said):
        said = int(said)
    if isinstance(said, float) and said.is_integer():
        said = int(said)
    is_count = isinstance(said, int) and not isinstance(said, bool)
    return said if is_count and 0 <= said <= _MOST else 0

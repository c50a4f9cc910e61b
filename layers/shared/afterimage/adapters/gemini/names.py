"""The names in an answer, as the provider's reference has them.

JSON of protocol buffers may have a field by its name in the schema as well, `finish_reason` for
`finishReason`, and who reads it takes both (protobuf.dev, "ProtoJSON Format"). Gateways write them.
"""

from __future__ import annotations

import re
from typing import Any

_NEXT_WORD = re.compile("_(.)")
_OF_THE_TOOL = frozenset({"args"})  # its names are those that were declared
_DEEPEST = 12  # levels; what is read of an answer stands higher


def as_documented(value: Any, levels: int = _DEEPEST) -> Any:
    """The same, in which each name is the documented one."""
    if isinstance(value, list) and levels:
        return [as_documented(item, levels - 1) for item in value]
    if isinstance(value, dict) and levels:
        return {
            _documented(name): item if name in _OF_THE_TOOL else as_documented(item, levels - 1)
            for name, item in value.items()
        }
    return value


def _documented(name: str) -> str:
    return _NEXT_WORD.sub(lambda found: found[1].upper(), name)

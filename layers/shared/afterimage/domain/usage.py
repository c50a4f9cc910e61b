"""What one call of a model used, and money.

Money is `Decimal` US dollars where it is worked out, and whole nano-dollars where it is added up: a
token at a price with three decimals for a million is a whole number of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

TEXT: Final = "text"
IMAGE: Final = "image"
UNTOLD = ""  # the modality of tokens of which nothing was said
MILLION = 1_000_000
_NANO = 9  # places behind the point


@dataclass(frozen=True)
class Usage:
    """Tokens of one call, as the provider counted them.

    Attributes:
        read: input by modality in small letters (`text`, `image`, ...), results of tools included.
        written: output by modality, without thoughts.
        cached: of what was read as text, what the provider had kept.
        model: which model says that it answered, if it says so.
    """

    read: Mapping[str, int] = field(default_factory=dict)
    written: Mapping[str, int] = field(default_factory=dict)
    thoughts: int = 0
    cached: int = 0
    model: str | None = None

    @property
    def tokens(self) -> int:
        """All of them."""
        return sum(self.read.values()) + sum(self.written.values()) + self.thoughts

    @property
    def has_output(self) -> bool:
        return self.thoughts > 0 or sum(self.written.values()) > 0


def nano(usd: Decimal) -> int:
    """Whole nano-dollars."""
    return int(usd.scaleb(_NANO).to_integral_value(ROUND_HALF_UP))


def usd(nano_usd: int) -> str:
    """US dollars as text: `0.0336`, never with an exponent."""
    text = f"{Decimal(nano_usd).scaleb(-_NANO):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

"""Aspect ratios every current image model of the provider accepts."""

from __future__ import annotations

from typing import Literal, get_args

AspectRatio = Literal[
    "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9",
    "1:4", "4:1", "1:8", "8:1",
]  # fmt: skip
ASPECT_RATIOS: tuple[AspectRatio, ...] = get_args(AspectRatio)
DEFAULT: AspectRatio = "1:1"


def chosen(by_client: str | None, by_model: str | None, *, has_sources: bool) -> str | None:
    """The client's wish wins over the model's; what nobody paints becomes the default.

    Args:
        has_sources: whether the picture is made of others. Their shape is kept, then, where nobody
            wishes for one: None.
    """
    otherwise = None if has_sources else DEFAULT
    return next((ratio for ratio in (by_client, by_model) if ratio in ASPECT_RATIOS), otherwise)

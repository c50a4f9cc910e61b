"""Several pictures of one wish: image models take no seed, so words make them differ."""

from __future__ import annotations

# For the second, third and fourth picture; the first is painted by the wish's own words. No numbers
# of pictures among them, which a model would paint.
_OTHERWISE = (
    "Choose another point of view than the obvious one.",
    "Choose another composition and another light than the obvious ones.",
    "Choose another mood and other colours than the obvious ones, where nothing says which.",
)


def varied(prompt: str, slot: int) -> str:
    """What the painter is told.

    Args:
        slot: place of the picture among those of one wish, from 0.
    """
    return prompt if slot == 0 else f"{prompt}\n\n{_OTHERWISE[(slot - 1) % len(_OTHERWISE)]}"

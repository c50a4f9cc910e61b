"""The models that may be asked, and what they cost.

A setting: JSON that the operator may give in place of what is packaged (`models.json`, whose prices
are the provider's list of November 2026).

    {"text_models":  [{"id": "gemini-3.8-flash", "prices": [Prices, ...]}],
     "image_models": [{"id": "gemini-nano-banana-2.1", "prices": [Prices, ...],
                       "name": "careful", "label": "Careful", "max_sources": 14,
                       "aspect_ratios": ["1:1", ...],
                       "sizes": {"4K": {"tokens": 3780, "pictures": 3}}}]}

    Prices: {"input": {"text": "0.75"}, "output": {"text": "7.50", "image": "30"},
             "cached": "0.08", "since": "2027-01-01"}

Prices are US dollars for a million tokens. A modality that is not named costs as text does; what a
model thinks is text. `cached` is for input that the provider had kept, and is the price of text
where it is left out. Of several the latest that has begun holds (`since`, a UTC day). Fields that
this version does not know are for another one.

A message may choose among the image models that have a `name`, of which there are at most three,
and among the model's `sizes`: the tokens of one picture make its price, and it counts as so many
`pictures` of the day's limit. What nobody has chosen is the model of `ImageModel` in 1K, and one
picture; of another model it is the smallest size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from afterimage.domain.aspect_ratios import ASPECT_RATIOS, AspectRatio
from afterimage.domain.image_sizes import DEFAULT, IMAGE_SIZES, ImageSize
from afterimage.domain.limits import ModelKind
from afterimage.domain.usage import IMAGE, MILLION, TEXT, UNTOLD, Usage

_UNNAMED = "standard"


@dataclass(frozen=True)
class Prices:
    """US dollars for a million tokens, from a day on.

    Attributes:
        input, output: by modality, text among them.
        cached: of text that the provider had kept; None: as other text.
    """

    input: Mapping[str, Decimal]
    output: Mapping[str, Decimal]
    cached: Decimal | None = None
    since: date = date.min

    def cost(self, usage: Usage) -> Decimal:
        """US dollars for one call."""
        read, written = self.input, self.output
        kept = read[TEXT] if self.cached is None else self.cached
        total: Decimal = usage.thoughts * written[TEXT] - usage.cached * (read[TEXT] - kept)
        for prices, counted in ((read, usage.read), (written, usage.written)):
            total += sum(tokens * _of(prices, name) for name, tokens in counted.items())
        return total / MILLION


@dataclass(frozen=True)
class TextModel:
    """A model that chats, or one that paints.

    Attributes:
        id: the provider's name of it.
    """

    id: str
    prices: tuple[Prices, ...]

    def prices_on(self, day: date) -> Prices | None:
        """What holds on a UTC day; None before the first has begun."""
        begun = [prices for prices in self.prices if prices.since <= day]
        return max(begun, key=lambda prices: prices.since, default=None)


@dataclass(frozen=True)
class SizeOffer:
    """What one picture of a size takes.

    Attributes:
        tokens: of output, of modality `image`.
        pictures: of the day's limit.
    """

    tokens: int
    pictures: int = 1


@dataclass(frozen=True)
class ImageModel(TextModel):
    """A model that paints.

    Attributes:
        name: by which a message chooses it; None if none can.
        label: what people are shown; the name if it is left out.
        max_sources: how many pictures it paints after, at most.
    """

    name: str | None = None
    label: str | None = None
    sizes: dict[ImageSize, SizeOffer] = field(
        default_factory=lambda: {DEFAULT: SizeOffer(tokens=1_120)}
    )
    aspect_ratios: tuple[AspectRatio, ...] = ASPECT_RATIOS
    max_sources: int = 14

    @property
    def smallest(self) -> ImageSize:
        """The size that is painted where only the model is chosen."""
        return next(size for size in IMAGE_SIZES if size in self.sizes)

    def price_of(self, size: ImageSize, day: date) -> Decimal | None:
        """US dollars for one picture on a UTC day; None where that is not known."""
        prices = self.prices_on(day)
        return (
            None if prices is None else prices.cost(Usage(written={IMAGE: self.sizes[size].tokens}))
        )


@dataclass(frozen=True)
class Catalogue:
    """All models that are known."""

    text_models: tuple[TextModel, ...]
    image_models: tuple[ImageModel, ...]

    def offered(self, default: str) -> list[ImageModel]:
        """The image models that a message may choose among; each has a name.

        Args:
            default: id of the one that paints where nobody chooses, which comes first.
        """
        listed = (one for one in self.image_models if one.id == default)
        first = next(listed, None) or ImageModel(default, ())
        if first.name is None:
            first = replace(first, name=_UNNAMED)
        others = [one for one in self.image_models if one.name and one.id != default]
        return [first, *(one for one in others if one.name != first.name)]

    def names(self, default: str) -> dict[str, str]:
        """The ids of image models by the names under which they are offered."""
        return {one.name: one.id for one in self.offered(default) if one.name is not None}

    def prices(self, kind: ModelKind, model: str, day: date) -> Prices | None:
        """What a model costs on a UTC day; None if that is not known."""
        models = self.text_models if kind is ModelKind.TEXT else self.image_models
        found = next((one for one in models if one.id == model), None)
        return None if found is None else found.prices_on(day)

    def price_of(self, model: str, size: ImageSize, day: date) -> Decimal | None:
        """US dollars for one picture on a UTC day; None if that is not known."""
        found = next((one for one in self.image_models if one.id == model), None)
        return None if found is None or size not in found.sizes else found.price_of(size, day)


def catalogue_of(checked: Mapping[str, Any]) -> Catalogue:
    """Args: checked: JSON as above, both lists, known to be valid."""
    return Catalogue(
        tuple(TextModel(one["id"], _prices(one)) for one in checked["text_models"]),
        tuple(map(_image_model, checked["image_models"])),
    )


def _image_model(given: Mapping[str, Any]) -> ImageModel:
    plain = ("name", "label", "max_sources")
    known: dict[str, Any] = {key: given[key] for key in plain if key in given}
    if "sizes" in given:
        known["sizes"] = {size: SizeOffer(**offer) for size, offer in given["sizes"].items()}
    if "aspect_ratios" in given:
        known["aspect_ratios"] = tuple(given["aspect_ratios"])
    return ImageModel(given["id"], _prices(given), **known)


def _prices(model: Mapping[str, Any]) -> tuple[Prices, ...]:
    return tuple(
        Prices(
            input={name: Decimal(price) for name, price in one["input"].items()},
            output={name: Decimal(price) for name, price in one["output"].items()},
            cached=Decimal(one["cached"]) if "cached" in one else None,
            since=date.fromisoformat(one["since"]) if "since" in one else date.min,
        )
        for one in model["prices"]
    )


def _of(prices: Mapping[str, Decimal], modality: str) -> Decimal:
    """Of one modality; of what nobody has said the modality, the dearest."""
    if modality == UNTOLD:
        return max(prices.values())
    return next((price for name, price in prices.items() if name == modality), prices[TEXT])

"""The models that may be asked, and what they cost.

A setting: JSON that the operator may give in place of what is packaged (`models.json`, whose prices
are the provider's list of November 2026).

    {"text_models":  [{"id": "gemini-3.8-flash", "prices": [Prices, ...]}],
     "image_models": [{"id": "gemini-nano-banana-2.1", "prices": [Prices, ...]}]}

    Prices: {"input": {"text": "0.75"}, "output": {"text": "7.50", "image": "30"},
             "cached": "0.08", "since": "2027-01-01"}

Prices are US dollars for a million tokens. A modality that is not named costs as text does; what a
model thinks is text. `cached` is for input that the provider had kept, and is the price of text
where it is left out. Of several the latest that has begun holds (`since`, a UTC day). Fields that
this version does not know are for another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from afterimage.domain.limits import ModelKind
from afterimage.domain.usage import MILLION, TEXT, UNTOLD, Usage

Modality = Literal["text", "image", "audio", "video", "document"]
Price = Annotated[
    Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False, max_digits=13, decimal_places=6)
]
PriceList = Annotated[dict[Modality, Price], Field(min_length=1)]
_CONFIG = ConfigDict(frozen=True, defer_build=True)


class Prices(BaseModel):
    """US dollars for a million tokens, from a day on."""

    model_config = _CONFIG

    input: PriceList
    output: PriceList
    cached: Price | None = None
    since: date = date.min

    @model_validator(mode="after")
    def _text_has_a_price(self) -> Self:
        if TEXT not in self.input or TEXT not in self.output:
            raise ValueError("text needs a price, of input and of output")
        return self

    def cost(self, usage: Usage) -> Decimal:
        """US dollars for one call."""
        read, written = self.input, self.output
        kept = read[TEXT] if self.cached is None else self.cached
        total = usage.thoughts * written[TEXT] - usage.cached * (read[TEXT] - kept)
        for prices, counted in ((read, usage.read), (written, usage.written)):
            total += sum(tokens * _of(prices, name) for name, tokens in counted.items())
        return total / MILLION


class TextModel(BaseModel):
    """A model that chats, or one that paints.

    Attributes:
        id: the provider's name of it.
    """

    model_config = _CONFIG

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
    prices: Annotated[tuple[Prices, ...], Field(min_length=1)]

    def prices_on(self, day: date) -> Prices | None:
        """What holds on a UTC day; None before the first has begun."""
        begun = [prices for prices in self.prices if prices.since <= day]
        return max(begun, key=lambda prices: prices.since, default=None)


class ImageModel(TextModel):
    """A model that paints."""


class Catalogue(BaseModel):
    """All models that are known."""

    model_config = _CONFIG

    text_models: tuple[TextModel, ...]
    image_models: tuple[ImageModel, ...]

    def prices(self, kind: ModelKind, model: str, day: date) -> Prices | None:
        """What a model costs on a UTC day; None if that is not known."""
        models = self.text_models if kind is ModelKind.TEXT else self.image_models
        found = next((one for one in models if one.id == model), None)
        return None if found is None else found.prices_on(day)


class OwnModels(BaseModel):
    """What the operator sets: a list that is given stands in place of the packaged one."""

    model_config = _CONFIG

    text_models: tuple[TextModel, ...] | None = None
    image_models: tuple[ImageModel, ...] | None = None

    def over(self, packaged: Catalogue) -> Catalogue:
        """What holds then."""
        return Catalogue(
            text_models=packaged.text_models if self.text_models is None else self.text_models,
            image_models=packaged.image_models if self.image_models is None else self.image_models,
        )


def _of(prices: Mapping[Modality, Decimal], modality: str) -> Decimal:
    """Of one modality; of what nobody has said the modality, the dearest."""
    if modality == UNTOLD:
        return max(prices.values())
    return next((price for name, price in prices.items() if name == modality), prices[TEXT])

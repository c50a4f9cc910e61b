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

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from afterimage.domain.aspect_ratios import ASPECT_RATIOS, AspectRatio
from afterimage.domain.image_sizes import DEFAULT, IMAGE_SIZES, ImageSize
from afterimage.domain.limits import ModelKind
from afterimage.domain.usage import IMAGE, MILLION, TEXT, UNTOLD, Usage

Modality = Literal["text", "image", "audio", "video", "document"]
Price = Annotated[
    Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False, max_digits=13, decimal_places=6)
]
PriceList = Annotated[dict[Modality, Price], Field(min_length=1)]
_MOST_NAMED = 3  # that somebody has to choose among
_UNNAMED = "standard"
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


class SizeOffer(BaseModel):
    """What one picture of a size takes.

    Attributes:
        tokens: of output, of modality `image`.
        pictures: of the day's limit.
    """

    model_config = _CONFIG

    tokens: Annotated[int, Field(ge=1, le=1_000_000)]
    pictures: Annotated[int, Field(ge=1, le=100)] = 1


class ImageModel(TextModel):
    """A model that paints.

    Attributes:
        name: by which a message chooses it; None if none can.
        label: what people are shown; the name if it is left out.
        max_sources: how many pictures it paints after, at most.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=32)] | None = None
    label: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    sizes: Annotated[dict[ImageSize, SizeOffer], Field(min_length=1)] = {
        DEFAULT: SizeOffer(tokens=1_120)
    }
    aspect_ratios: tuple[AspectRatio, ...] = ASPECT_RATIOS
    max_sources: Annotated[int, Field(ge=0, le=14)] = 14

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


def _chosen_by_name(models: tuple[ImageModel, ...]) -> tuple[ImageModel, ...]:
    names = [model.name for model in models if model.name is not None]
    if len(names) > _MOST_NAMED or len(set(names)) < len(names):
        raise ValueError(f"at most {_MOST_NAMED} have a name, each another one")
    return models


ImageModels = Annotated[tuple[ImageModel, ...], AfterValidator(_chosen_by_name)]


class Catalogue(BaseModel):
    """All models that are known."""

    model_config = _CONFIG

    text_models: tuple[TextModel, ...]
    image_models: ImageModels

    def offered(self, default: str) -> list[ImageModel]:
        """The image models that a message may choose among; each has a name.

        Args:
            default: id of the one that paints where nobody chooses, which comes first.
        """
        listed = (one for one in self.image_models if one.id == default)
        first = next(listed, None) or ImageModel.model_construct(id=default, prices=())
        if first.name is None:
            first = first.model_copy(update={"name": _UNNAMED})
        others = [one for one in self.image_models if one.name and one.id != default]
        return [first, *(one for one in others if one.name != first.name)]

    def prices(self, kind: ModelKind, model: str, day: date) -> Prices | None:
        """What a model costs on a UTC day; None if that is not known."""
        models = self.text_models if kind is ModelKind.TEXT else self.image_models
        found = next((one for one in models if one.id == model), None)
        return None if found is None else found.prices_on(day)

    def price_of(self, model: str, size: ImageSize, day: date) -> Decimal | None:
        """US dollars for one picture on a UTC day; None if that is not known."""
        found = next((one for one in self.image_models if one.id == model), None)
        return None if found is None or size not in found.sizes else found.price_of(size, day)


class OwnModels(BaseModel):
    """What the operator sets: a list that is given stands in place of the packaged one."""

    model_config = _CONFIG

    text_models: tuple[TextModel, ...] | None = None
    image_models: ImageModels | None = None

    def over(self, packaged: Catalogue) -> Catalogue:
        """What holds then."""
        return Catalogue(
            text_models=packaged.text_models if self.text_models is None else self.text_models,
            image_models=packaged.image_models if self.image_models is None else self.image_models,
        )


def names_of(offered: Iterable[ImageModel]) -> dict[str, str]:
    """The ids of image models by the names under which they are offered."""
    return {model.name: model.id for model in offered if model.name is not None}


def _of(prices: Mapping[Modality, Decimal], modality: str) -> Decimal:
    """Of one modality; of what nobody has said the modality, the dearest."""
    if modality == UNTOLD:
        return max(prices.values())
    return next((price for name, price in prices.items() if name == modality), prices[TEXT])

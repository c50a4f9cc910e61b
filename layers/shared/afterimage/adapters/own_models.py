"""What the operator has set as models, checked. What it means: `afterimage.domain.catalogue`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from afterimage.domain.aspect_ratios import AspectRatio
from afterimage.domain.image_sizes import ImageSize
from afterimage.domain.metrics import Metric
from afterimage.domain.usage import TEXT
from afterimage.ports.system import Log, Metrics

_TOLD = 5  # of what is wrong
_MOST_NAMED = 3  # that somebody has to choose among

Modality = Literal["text", "image", "audio", "video", "document"]
Price = Annotated[
    Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False, max_digits=13, decimal_places=6)
]
PriceList = Annotated[dict[Modality, Price], Field(min_length=1)]
_CONFIG = ConfigDict(frozen=True, defer_build=True)


class Prices(BaseModel):
    model_config = _CONFIG

    input: PriceList
    output: PriceList
    cached: Price | None = None
    since: date | None = None

    @model_validator(mode="after")
    def _text_has_a_price(self) -> Self:
        if TEXT not in self.input or TEXT not in self.output:
            raise ValueError("text needs a price, of input and of output")
        return self


class TextModel(BaseModel):
    model_config = _CONFIG

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
    prices: Annotated[tuple[Prices, ...], Field(min_length=1)]


class SizeOffer(BaseModel):
    model_config = _CONFIG

    tokens: Annotated[int, Field(ge=1, le=1_000_000)]
    pictures: Annotated[int, Field(ge=1, le=100)] = 1


class ImageModel(TextModel):
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=32)] | None = None
    label: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    sizes: Annotated[dict[ImageSize, SizeOffer], Field(min_length=1)] | None = None
    aspect_ratios: tuple[AspectRatio, ...] | None = None
    max_sources: Annotated[int, Field(ge=0, le=14)] | None = None


def _chosen_by_name(models: tuple[ImageModel, ...]) -> tuple[ImageModel, ...]:
    names = [model.name for model in models if model.name is not None]
    if len(names) > _MOST_NAMED or len(set(names)) < len(names):
        raise ValueError(f"at most {_MOST_NAMED} have a name, each another one")
    return models


ImageModels = Annotated[tuple[ImageModel, ...], AfterValidator(_chosen_by_name)]


class OwnModels(BaseModel):
    """A list that is given stands in place of the packaged one."""

    model_config = _CONFIG

    text_models: tuple[TextModel, ...] | None = None
    image_models: ImageModels | None = None


def own_models(text: str, log: Log, metrics: Metrics | None) -> dict[str, Any]:
    """The lists that are set, as JSON; none where anything of it is not valid."""
    try:
        return OwnModels.model_validate_json(text).model_dump(mode="json", exclude_none=True)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False, include_context=False)
        log.exception("model_catalogue_invalid", wrong=wrong[:_TOLD])
        if metrics is not None:  # the page has none
            metrics.add(Metric.DEFECTS)
        return {}

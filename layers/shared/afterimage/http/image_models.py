"""The image models that a message may choose among, as `/config.json` has them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from typing_extensions import TypedDict

from afterimage.domain.aspect_ratios import AspectRatio
from afterimage.domain.catalogue import ImageModel
from afterimage.domain.image_sizes import ImageSize
from afterimage.domain.usage import nano, usd


class SizeView(TypedDict):
    """`pictures`: of the day's limit."""

    price_usd: str
    pictures: int


class ImageModelView(TypedDict):
    name: str
    label: str
    sizes: dict[ImageSize, SizeView]
    aspect_ratios: list[AspectRatio]
    max_sources: int


def views(offered: Iterable[ImageModel], flat: Decimal, day: date) -> list[dict[str, Any]]:
    """Args: flat: US dollars for a picture of a model whose prices nobody knows."""
    return [_view(model, flat, day) for model in offered]


def _view(model: ImageModel, flat: Decimal, day: date) -> dict[str, Any]:
    return {
        "name": model.name,
        "label": model.label or model.name,
        "sizes": {
            size: {
                "price_usd": usd(nano(_known(model.price_of(size, day), flat))),
                "pictures": offer.pictures,
            }
            for size, offer in model.sizes.items()
        },
        "aspect_ratios": list(model.aspect_ratios),
        "max_sources": model.max_sources,
    }


def _known(price: Decimal | None, flat: Decimal) -> Decimal:
    return flat if price is None else price

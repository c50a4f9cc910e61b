"""Which image model paints, and how large: what a message has chosen, or what the operator has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from afterimage.domain import image_sizes
from afterimage.domain.catalogue import Catalogue, ImageModel
from afterimage.domain.errors import Invalid
from afterimage.domain.image_sizes import IMAGE_SIZES, ImageSize
from afterimage.domain.metrics import Metric
from afterimage.ports.system import Log, Metrics


@dataclass(frozen=True)
class Painter:
    """Who paints a picture.

    Attributes:
        model: id of the image model.
        size: how large it is asked for.
        pictures: what one counts for of the day's limit.
        counts: the same of each smaller size, where that is less.
    """

    model: str
    size: ImageSize = image_sizes.DEFAULT
    pictures: int = 1
    counts: Mapping[str, int] = field(default_factory=dict)


class ChoosePainter:
    """Knows the models that may be chosen.

    Args:
        catalogue: read where somebody has chosen, and not for others.
        default: id of the model that paints where nobody chooses.
    """

    def __init__(
        self, catalogue: Callable[[], Catalogue], default: str, log: Log, metrics: Metrics
    ) -> None:
        self._catalogue = catalogue
        self._default = default
        self._log = log
        self._metrics = metrics

    def check(self, name: str | None, size: ImageSize | None, aspect_ratio: str | None) -> None:
        """Raises: Invalid: there is no such model, or it has no such size or shape."""
        if name is None and size is None:
            return
        offered = self._catalogue().offered(self._default)
        model = _named(offered, name)
        if model is None:
            known = ", ".join(str(one.name) for one in offered)
            raise Invalid("unknown model", public=f"image_model is none of: {known}.")
        if size is not None and size not in model.sizes:
            sizes = ", ".join(model.sizes)
            raise Invalid("unknown size", public=f"This image model paints in: {sizes}.")
        if aspect_ratio is not None and aspect_ratio not in model.aspect_ratios:
            raise Invalid("unknown shape", public="This image model does not paint in this shape.")

    def __call__(self, name: str | None, size: ImageSize | None) -> Painter:
        """Who paints. What the operator has taken away since it was chosen is left out."""
        if name is None and size is None:
            return Painter(self._default)
        try:
            offered = self._catalogue().offered(self._default)
        except Exception:  # noqa: BLE001 - a picture is not lost for it
            self._log.exception("model_catalogue_unread")
            self._metrics.add(Metric.DEFECTS)
            return Painter(self._default)
        model = _named(offered, name) or offered[0]
        chosen = size if size in model.sizes else model.smallest
        pictures = model.sizes[chosen].pictures
        smaller: list[str] = [*IMAGE_SIZES[: IMAGE_SIZES.index(chosen)]]
        fewer = {
            one: offer.pictures
            for one, offer in model.sizes.items()
            if one in smaller and offer.pictures < pictures
        }
        return Painter(model.id, chosen, pictures, {str(one): n for one, n in fewer.items()})


def _named(offered: list[ImageModel], name: str | None) -> ImageModel | None:
    if name is None:
        return offered[0]
    return next((one for one in offered if one.name == name), None)

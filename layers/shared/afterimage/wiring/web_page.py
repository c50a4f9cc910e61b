"""`web_page`: the chat page and the descriptions of the API. It does without the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.http.web_page import WebPage
from afterimage.wiring.base import Base

if TYPE_CHECKING:
    from afterimage.domain.catalogue import Catalogue


def build(logger: Logger, environment: Mapping[str, str], root: Path) -> WebPage:
    """Args: root: folder of the page's static files.

    Raises:
        RuntimeError: a variable is missing or wrong.
    """
    configured = settings.PageSettings.read(environment)
    base = Base(logger, configured)
    catalogue = cache(lambda: _catalogue(base))

    def image_models() -> list[dict[str, Any]]:
        # Imported here: static files need no models.
        from afterimage.http.image_models import views

        flat = Decimal(configured.image_price_usd)
        today = base.clock.now().date()
        return views(catalogue()().offered(configured.image_model), flat, today)

    def push_public_key() -> str:
        from afterimage.adapters.vapid import public_key_of

        return public_key_of(secret())

    secret = base.secret(configured.web_push_secret)
    return WebPage(
        root=root,
        config=base.public_config,
        image_models=image_models,
        push_public_key=push_public_key,
        log=base.log,
    )


def _catalogue(base: Base) -> Callable[[], Catalogue]:
    from afterimage.adapters.catalogue import in_force

    return in_force(base.model_catalogue, base.log)

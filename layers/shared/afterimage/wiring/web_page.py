"""`web_page`: the chat page and the descriptions of the API, and pages of shared pictures.

Only these read a table, the one of what is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.adapters.system import PowertoolsMetrics
from afterimage.http.web_page import WebPage
from afterimage.wiring.base import Base

if TYPE_CHECKING:
    from afterimage.domain.catalogue import Catalogue
    from afterimage.http.shared_page import SharedPage
    from afterimage.ports.system import Metrics


def build(logger: Logger, environment: Mapping[str, str], root: Path) -> WebPage:
    """Args: root: folder of the page's static files.

    Raises:
        RuntimeError: a variable is missing or wrong.
    """
    configured = settings.PageSettings.read(environment)
    base = Base(logger, configured)
    metrics = PowertoolsMetrics(
        configured.stack_name,
        logger.service,
        configured.aws_lambda_function_version,
        base.log.correlation_id,
    )
    catalogue = cache(lambda: _catalogue(base, metrics))

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
    shared_page = cache(lambda: _shared_page(base, configured, metrics))

    def shown(token: str, languages: str) -> dict[str, Any]:
        return shared_page()(token, languages)

    return WebPage(
        root=root,
        config=base.public_config,
        image_models=image_models,
        push_public_key=push_public_key,
        shared=shown,
        log=base.log,
        metrics=metrics,
    )


def _shared_page(base: Base, configured: settings.PageSettings, metrics: Metrics) -> SharedPage:
    # Imported here, as its table is connected here: the page's own files need neither.
    from afterimage.adapters.dynamodb.connect import connect
    from afterimage.adapters.dynamodb.shares import DynamoDbShares
    from afterimage.http.shared_page import SharedPage
    from afterimage.invocation import Invocation

    with base.aws.making:
        connect({"shares": configured.shares_table}, Invocation(base.clock), base.aws.session)
    return SharedPage(
        shares=DynamoDbShares(),
        clock=base.clock,
        config=base.public_config,
        log=base.log,
        metrics=metrics,
    )


def _catalogue(base: Base, metrics: Metrics) -> Callable[[], Catalogue]:
    from afterimage.adapters.catalogue import in_force

    return in_force(base.model_catalogue, base.log, metrics)

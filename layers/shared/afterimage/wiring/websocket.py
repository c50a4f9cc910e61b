"""`websocket`: the unified channel's connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.adapters.clients import PUSH
from afterimage.adapters.dynamodb.reports import DynamoDbReports
from afterimage.adapters.dynamodb.warmings import DynamoDbWarmings
from afterimage.adapters.warmer import LambdaWarmer
from afterimage.measured import Measured
from afterimage.use_cases.open_connection import Tickets
from afterimage.use_cases.report_wait import ReportWait
from afterimage.use_cases.resume_channel import ResumeChannel
from afterimage.use_cases.warm_functions import WarmFunctions
from afterimage.websocket_api import WebSocketApi
from afterimage.wiring.reading import Reading


def build(
    logger: Logger, environment: Mapping[str, str]
) -> Measured[[dict[str, Any], Any], dict[str, Any]]:
    """Raises: RuntimeError (a variable is missing or wrong)."""
    configured = settings.WebSocketSettings.read(environment)
    base = Reading(logger, configured)
    limit = base.limit()
    resume = ResumeChannel(
        registry=base.registry,
        waiting=base.registry,
        limit=limit,
        replay=base.replay(),
        push=base.push,
        clock=base.clock,
    )
    report = ReportWait(
        counter=DynamoDbReports(), clock=base.clock, log=base.log, metrics=base.metrics
    )
    warm = WarmFunctions(
        store=DynamoDbWarmings(),
        warmer=LambdaWarmer(
            base.aws.client("lambda", PUSH),
            [configured.llm_handler_function, configured.image_generate_function],
            base.log,
            base.metrics,
        ),
        clock=base.clock,
        log=base.log,
    )
    application = WebSocketApi(
        tickets=Tickets(tickets=base.registry, clock=base.clock),
        channel=resume,
        limit=limit,
        report=report,
        warm=warm if configured.warm_on_typing else _nobody,
        log=base.log,
        metrics=base.metrics,
    )
    return base.measured(application)


def _nobody(user_id: str) -> None:
    """Where functions are not to be warmed."""

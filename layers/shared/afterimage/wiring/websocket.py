"""`websocket`: the unified channel's connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.adapters.dynamodb.readers import DynamoDbEventLog, DynamoDbLedger
from afterimage.measured import Measured
from afterimage.use_cases.open_connection import Tickets
from afterimage.use_cases.report_wait import ReportWait
from afterimage.use_cases.resume_channel import ResumeChannel
from afterimage.websocket_api import WebSocketApi
from afterimage.wiring.connected import Connected


def build(
    logger: Logger, environment: Mapping[str, str]
) -> Measured[[dict[str, Any], Any], dict[str, Any]]:
    """Raises: RuntimeError (a variable is missing or wrong)."""
    base = Connected(logger, settings.WebSocketSettings.read(environment))
    limit = base.limit()
    resume = ResumeChannel(
        registry=base.store,
        waiting=base.store,
        limit=limit,
        replay=base.replay(DynamoDbEventLog()),
        push=base.push,
        clock=base.clock,
    )
    report = ReportWait(
        counter=DynamoDbLedger(), clock=base.clock, log=base.log, metrics=base.metrics
    )
    application = WebSocketApi(
        tickets=Tickets(tickets=base.store, clock=base.clock),
        channel=resume,
        limit=limit,
        report=report,
        log=base.log,
        metrics=base.metrics,
    )
    return base.measured(application)

"""What every function has that reads the tables and posts to connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.adapters.clients import PUSH
from afterimage.adapters.dynamodb.connect import connect
from afterimage.adapters.dynamodb.connections import DynamoDbConnections
from afterimage.adapters.dynamodb.event_log import DynamoDbEventLog
from afterimage.adapters.dynamodb.replayed_rows import DynamoDbRows, plain, settled
from afterimage.adapters.dynamodb.tables import TABLES
from afterimage.adapters.posts import ApiGatewayPush
from afterimage.adapters.signed_urls import SignedUrls
from afterimage.adapters.system import PowertoolsMetrics
from afterimage.domain.metrics import Metric
from afterimage.invocation import Invocation
from afterimage.measured import Measured
from afterimage.use_cases.current_events import CurrentEvents
from afterimage.use_cases.limit_connections import LimitConnections
from afterimage.use_cases.replay_events import ReplayEvents
from afterimage.wiring.base import Base

P = ParamSpec("P")
ResultT = TypeVar("ResultT")


class Reading(Base):
    """It knows who is connected, and changes nothing that is numbered."""

    def __init__(self, logger: Logger, configured: settings.TableSettings) -> None:
        super().__init__(logger, configured)
        self.metrics = PowertoolsMetrics(
            configured.stack_name,
            logger.service,
            configured.aws_lambda_function_version,
            self.log.correlation_id,
        )
        self.invocation = Invocation(self.clock)
        names = {key: getattr(configured, f"{key}_table") for key in TABLES}
        with self.aws.making:
            self.connection = connect(names, self.invocation, self.aws.session)
        self.registry = DynamoDbConnections(self.clock)
        self.urls = SignedUrls(
            self.public("public_url"),
            self.secret(configured.url_signing_secret),
            self.clock,
            configured.url_lifetime_days,
        )
        self.push = ApiGatewayPush(
            self.aws.client("apigatewaymanagementapi", PUSH, configured.websocket_endpoint),
            self.clock,
            self.log,
            self.metrics,
        )

    def measured(
        self,
        application: Callable[P, ResultT],
        own: tuple[Metric, Metric] | None = None,
        last: Callable[[], None] | None = None,
        ready: Callable[[], None] | None = None,
    ) -> Measured[P, ResultT]:
        """With each invocation's time kept, and its figures let go at its end."""
        return Measured(application, self.metrics, self.clock, self.invocation, own, last, ready)

    def replay(self) -> ReplayEvents:
        """What brings a client level."""
        return ReplayEvents(
            log=DynamoDbEventLog(),
            current=CurrentEvents(plain=DynamoDbRows(plain), settled=DynamoDbRows(settled)),
            urls=self.urls,
            clock=self.clock,
            metrics=self.metrics,
        )

    def limit(self) -> LimitConnections:
        """What keeps a user's connections few."""
        return LimitConnections(
            registry=self.registry, waiting=self.registry, push=self.push, clock=self.clock
        )

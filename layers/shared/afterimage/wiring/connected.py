"""What the functions have that use the tables: of those that read, and of those that change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache
from typing import ParamSpec, TypeVar

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.adapters import aws
from afterimage.adapters.dynamodb.channel_store import DynamoDbChannelStore
from afterimage.adapters.dynamodb.readers import (
    DynamoDbEventLog,
    DynamoDbLedger,
    DynamoDbMessages,
)
from afterimage.adapters.dynamodb.replayed_rows import DynamoDbRows, plain, settled
from afterimage.adapters.dynamodb.tables import TABLES, connect
from afterimage.adapters.system import PowertoolsMetrics
from afterimage.channel import Turns, UnifiedChannel
from afterimage.domain.metrics import Metric
from afterimage.invocation import Invocation
from afterimage.measured import Measured
from afterimage.use_cases.current_events import CurrentEvents
from afterimage.use_cases.end_slots import EndSlots
from afterimage.use_cases.limit_connections import LimitConnections
from afterimage.use_cases.replay_events import ReplayEvents
from afterimage.use_cases.turns import PaintersTurns
from afterimage.wiring.base import Base
from afterimage.wiring.ready import Need

_POSTS_SIDE_BY_SIDE = 20  # as many as one user has connections
_WORK_SIDE_BY_SIDE = 6
UPLOAD_TIMEOUT_S = 29  # of `image_upload`, as the template has it
_A_LITTLE_LONGER = timedelta(seconds=5)  # than a function's timeout, for the clocks' sake

P = ParamSpec("P")
ResultT = TypeVar("ResultT")


class Connected(Base):
    """What every function has that uses the tables and posts to connections."""

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
        self.store = DynamoDbChannelStore(self.connection, self.clock)
        self.urls = aws.SignedUrls(
            self.public("public_url"),
            self.secret(configured.url_signing_secret),
            self.clock,
            configured.url_lifetime_days,
        )
        self.push = aws.ApiGatewayPush(
            self.aws.client("apigatewaymanagementapi", aws.PUSH, configured.websocket_endpoint),
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

    def threads(self) -> ThreadPoolExecutor:
        """For work side by side."""
        return ThreadPoolExecutor(_WORK_SIDE_BY_SIDE, "work")

    def unified(self, turns: Turns) -> UnifiedChannel:
        """The channel that changes go over.

        Args:
            turns: whose picture begins where another one has ended.
        """
        return UnifiedChannel(
            store=self.store,
            push=self.push,
            urls=self.urls,
            clock=self.clock,
            executor=ThreadPoolExecutor(_POSTS_SIDE_BY_SIDE, "post"),
            log=self.log,
            metrics=self.metrics,
            invocation=self.invocation,
            turns=turns,
        )

    def first_needs(self) -> tuple[Need, ...]:
        """What a first request waits for, of all that every such function has.

        The read finds nothing: it is there for the connection to the tables.
        """
        return (
            self.aws.make_clients,
            self.model_catalogue,
            lambda: self.urls.url("warm"),
            lambda: self.store.read("warm"),
        )

    def fixed_secret(self, name: str) -> Callable[[], str]:
        """A secret that is never rotated, read once, also where two ask for it at once."""
        reading, read = threading.Lock(), cache(aws.secret(self.secrets, name))

        def value() -> str:
            with reading:
                return read()

        return value

    def replay(self, event_log: DynamoDbEventLog) -> ReplayEvents:
        """What brings a client level."""
        return ReplayEvents(
            log=event_log,
            current=CurrentEvents(plain=DynamoDbRows(plain), settled=DynamoDbRows(settled)),
            urls=self.urls,
            clock=self.clock,
            metrics=self.metrics,
        )

    def limit(self) -> LimitConnections:
        """What keeps a user's connections few."""
        return LimitConnections(
            registry=self.store, waiting=self.store, push=self.push, clock=self.clock
        )


class Channelled(Connected):
    """What every function has that changes a user's data, and so may begin who waits."""

    def __init__(self, logger: Logger, configured: settings.PaintingSettings) -> None:
        super().__init__(logger, configured)
        self.work = self.threads()
        self.starter = aws.LambdaImageStarter(
            self.aws.client("lambda"), configured.image_generate_function, self.log.correlation_id
        )
        self.turns = PaintersTurns(
            jobs=DynamoDbLedger(),
            messages=DynamoDbMessages(),
            starter=self.starter,
            clock=self.clock,
            at_once=configured.max_painting_per_user,
            image_deadline=timedelta(seconds=configured.image_deadline),
            log=self.log,
            metrics=self.metrics,
        )
        self.channel = self.unified(self.turns)
        self.end_slots = EndSlots(
            channel=self.channel,
            messages=DynamoDbMessages(),
            jobs=DynamoDbLedger(),
            invocation=self.invocation,
        )


def upload_time(image_timeout: int) -> timedelta:
    """How long a function that runs now may still upload, by the painter's timeout in seconds."""
    return timedelta(seconds=max(image_timeout, UPLOAD_TIMEOUT_S)) + _A_LITTLE_LONGER

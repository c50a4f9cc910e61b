"""What the functions have that change a user's data: of all of them, and of those that paint."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.adapters.dynamodb.channel_store import DynamoDbChannelStore
from afterimage.adapters.dynamodb.ledger import DynamoDbLedger
from afterimage.adapters.dynamodb.readers import DynamoDbMessages
from afterimage.adapters.dynamodb.replayed_rows import DynamoDbRows, plain
from afterimage.adapters.kept_texts import secret
from afterimage.adapters.lambdas import LambdaPainter, LambdaTeller
from afterimage.channel import Turns, UnifiedChannel
from afterimage.ports.web_push import Teller
from afterimage.use_cases.attach import Attach
from afterimage.use_cases.end_slots import EndSlots
from afterimage.use_cases.read_line import ReadLine
from afterimage.use_cases.turns import PaintersTurns
from afterimage.wiring.reading import Reading
from afterimage.wiring.ready import Need

_POSTS_SIDE_BY_SIDE = 20  # as many as one user has connections
_WORK_SIDE_BY_SIDE = 6
UPLOAD_TIMEOUT_S = 29  # of `image_upload`, as the template has it
_A_LITTLE_LONGER = timedelta(seconds=5)  # than a function's timeout, for the clocks' sake
COPY_TIME = timedelta(seconds=UPLOAD_TIMEOUT_S) + _A_LITTLE_LONGER  # of `chat_api`, too


class Connected(Reading):
    """What every function has that uses the tables and posts to connections."""

    def __init__(self, logger: Logger, configured: settings.TableSettings) -> None:
        super().__init__(logger, configured)
        self.store = DynamoDbChannelStore(self.connection, self.clock)

    def threads(self) -> ThreadPoolExecutor:
        """For work side by side."""
        return ThreadPoolExecutor(_WORK_SIDE_BY_SIDE, "work")

    def unified(self, turns: Turns, teller: Teller | None = None) -> UnifiedChannel:
        """The channel that changes go over.

        Args:
            turns: whose picture begins where another one has ended.
            teller: tells browsers where an answer has ended.
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
            teller=teller,
        )

    def first_needs(self) -> tuple[Need, ...]:
        """What a first request waits for, of all that every such function has.

        The reads find nothing: they are there for the connections to the tables, of which a first
        request uses two at a time.
        """
        return (
            self.aws.make_clients,
            lambda: self.urls.url("warm"),
            lambda: self.store.read("warm"),
            lambda: self.store.read("warm"),
            self.push.get_ready,
        )

    def fixed_secret(self, name: str) -> Callable[[], str]:
        """A secret that is never rotated, read once, also where two ask for it at once."""
        reading, read = threading.Lock(), cache(secret(self.secrets, name))

        def value() -> str:
            with reading:
                return read()

        return value


class Channelled(Connected):
    """What every function has that changes a user's data, and so may begin who waits."""

    def __init__(self, logger: Logger, configured: settings.PaintingSettings) -> None:
        super().__init__(logger, configured)
        self.work = self.threads()
        functions = self.aws.client("lambda")
        self.starter = LambdaPainter(
            functions, configured.image_generate_function, self.log.correlation_id
        )
        teller = LambdaTeller(
            functions, configured.keeper_function, self.log.correlation_id, self.log
        )
        messages, rows = DynamoDbMessages(), DynamoDbRows(plain)
        self.attach = Attach(images=rows)
        self.lines = ReadLine(messages=messages, chats=rows, attach=self.attach)
        self.turns = PaintersTurns(
            jobs=DynamoDbLedger(),
            messages=messages,
            starter=self.starter,
            clock=self.clock,
            at_once=configured.max_painting_per_user,
            image_deadline=timedelta(seconds=configured.image_deadline),
            log=self.log,
            metrics=self.metrics,
        )
        self.channel = self.unified(self.turns, teller)
        self.end_slots = EndSlots(
            channel=self.channel,
            messages=messages,
            jobs=DynamoDbLedger(),
            attach=self.attach,
            invocation=self.invocation,
        )


def upload_time(image_timeout: int) -> timedelta:
    """How long a function that runs now may still upload, by the painter's timeout in seconds."""
    return timedelta(seconds=max(image_timeout, UPLOAD_TIMEOUT_S)) + _A_LITTLE_LONGER

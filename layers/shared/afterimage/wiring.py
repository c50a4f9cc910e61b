"""Builds the real thing: one function per Lambda function, called at its first invocation.

All AWS clients of a function come from one botocore session, because each further session
costs a cold start as much as its first client. boto3 itself is not imported: it would add
its import and give the same clients.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache, lru_cache
from random import SystemRandom
from typing import Any

import botocore.session
from aws_lambda_powertools import Logger
from botocore.config import Config

from afterimage import settings
from afterimage.adapters import aws
from afterimage.adapters.cache_tags import HmacTags
from afterimage.adapters.system import PowertoolsLog, PowertoolsMetrics, SystemClock
from afterimage.domain.metrics import Metric
from afterimage.invocation import Invocation
from afterimage.measured import Measured

_POSTS_SIDE_BY_SIDE = 20  # as many as one user has connections
_WORK_SIDE_BY_SIDE = 6
_A_LITTLE_LONGER = timedelta(seconds=5)  # than a function's timeout, for the clocks' sake


class Aws:
    """One session and its clients."""

    def __init__(self) -> None:
        self.session = botocore.session.get_session()
        self.making = threading.Lock()  # a session makes one client at a time

    def client(
        self, service: str, config: Config = aws.QUICK, url: str | None = None
    ) -> Callable[[], Any]:
        """A client, made when it is first asked for."""

        @cache
        def made() -> Any:
            return self.session.create_client(service, config=config, endpoint_url=url)

        def locked() -> Any:
            with self.making:
                return made()

        return locked


class Base:
    """What every function has: clock, log, AWS and the public configuration."""

    def __init__(self, logger: Logger, public_config_parameter: str) -> None:
        self.aws = Aws()
        self.secrets = self.aws.client("secretsmanager")
        self.clock = SystemClock()
        self.log = PowertoolsLog(logger)
        self._public_config = aws.Cached(
            aws.parameter(self.aws.client("ssm"), public_config_parameter), self.log
        )
        # Once for each text, not for each of the hundred URLs of a page of pictures.
        self._parsed = lru_cache(maxsize=1)(_parse)

    def public_config(self) -> Mapping[str, str]:
        return self._parsed(self._public_config())

    def public(self, name: str) -> Callable[[], str]:
        """One value of the public configuration, read when it is called for."""
        return lambda: self.public_config()[name]


class Connected(Base):
    """What every function has that uses the tables and posts to connections."""

    def __init__(self, logger: Logger, configured: settings.TableSettings) -> None:
        # Imported here: `web_page` does without the tables.
        from afterimage.adapters.dynamodb.channel_store import DynamoDbChannelStore
        from afterimage.adapters.dynamodb.tables import TABLES, connect

        super().__init__(logger, configured.public_config_parameter)
        self.metrics = PowertoolsMetrics(
            configured.stack_name,
            logger.service,
            configured.aws_lambda_function_version,
            self.log.correlation_id,
        )
        self.invocation = Invocation(self.clock)
        names = {key: getattr(configured, f"{key}_table") for key in TABLES}
        with self.aws.making:
            connection = connect(names, self.invocation, self.aws.session)
        self.store = DynamoDbChannelStore(connection, self.clock)
        signing_secret = aws.Cached(
            aws.secret(self.secrets, configured.url_signing_secret), self.log
        )
        self.urls = aws.SignedUrls(
            self.public("public_url"), signing_secret, self.clock, configured.url_lifetime_days
        )
        self.push = aws.ApiGatewayPush(
            self.aws.client("apigatewaymanagementapi", aws.PUSH, configured.websocket_endpoint),
            self.clock,
            self.log,
            self.metrics,
        )

    def measured(self, application: Any, own: tuple[Metric, Metric] | None = None) -> Measured:
        """With each invocation's time kept, and its figures let go at its end."""
        return Measured(application, self.metrics, self.clock, self.invocation, own)


class Channelled(Connected):
    """What every function has that changes a user's data, and so may begin who waits."""

    def __init__(self, logger: Logger, configured: settings.PaintingSettings) -> None:
        from afterimage.adapters.dynamodb.readers import DynamoDbLedger, DynamoDbMessages
        from afterimage.channel import UnifiedChannel
        from afterimage.use_cases.turns import PaintersTurns

        super().__init__(logger, configured)
        self.work = ThreadPoolExecutor(_WORK_SIDE_BY_SIDE, "work")
        self.starter = aws.LambdaImageStarter(
            self.aws.client("lambda"), configured.image_generate_function, self.log.correlation_id
        )
        self.turns = PaintersTurns(
            jobs=DynamoDbLedger(),
            messages=DynamoDbMessages(),
            images=self.starter,
            clock=self.clock,
            at_once=configured.max_painting_per_user,
            image_deadline=timedelta(seconds=configured.image_deadline),
            log=self.log,
            metrics=self.metrics,
        )
        self.channel = UnifiedChannel(
            self.store,
            self.push,
            self.urls,
            self.clock,
            ThreadPoolExecutor(_POSTS_SIDE_BY_SIDE, "post"),
            self.log,
            self.metrics,
            self.invocation,
            self.turns,
        )


def llm_handler_gemini(logger: Logger, environment: Mapping[str, str]) -> Any:
    from afterimage.adapters.dynamodb.readers import DynamoDbLedger, DynamoDbMessages
    from afterimage.domain.limits import Limits
    from afterimage.http.chat_api import Asking
    from afterimage.use_cases.answer_message import AnswerMessage
    from afterimage.use_cases.end_answer import EndAnswer
    from afterimage.use_cases.open_question import OpenQuestion
    from afterimage.use_cases.order_picture import OrderPicture
    from afterimage.use_cases.retry_message import RetryMessage
    from afterimage.use_cases.think import Think

    configured = settings.LlmHandlerSettings.read(environment)
    base = Channelled(logger, configured)
    limits = Limits(
        daily_images=configured.daily_image_limit,
        daily_messages=configured.daily_message_limit,
        open_messages=configured.max_open_messages,
        text_deadline=timedelta(seconds=configured.text_deadline),
        image_deadline=timedelta(seconds=configured.image_deadline),
    )
    messages = DynamoDbMessages()
    end = EndAnswer(channel=base.channel, messages=messages, clock=base.clock, log=base.log)
    order = OrderPicture(
        channel=base.channel,
        jobs=DynamoDbLedger(),
        images=base.starter,
        turns=base.turns,
        end=end,
        clock=base.clock,
        limits=limits,
        image_model=configured.image_model,
        executor=base.work,
        log=base.log,
        metrics=base.metrics,
    )
    think = Think(
        channel=base.channel,
        messages=messages,
        model=_gemini(base, configured, configured.text_model),
        order=order,
        end=end,
        clock=base.clock,
        executor=base.work,
        log=base.log,
        metrics=base.metrics,
    )
    answer = AnswerMessage(
        channel=base.channel,
        messages=messages,
        open_question=OpenQuestion(channel=base.channel, clock=base.clock, limits=limits),
        think=think,
        order=order,
        end=end,
        clock=base.clock,
        log=base.log,
    )
    retry = RetryMessage(
        channel=base.channel,
        messages=messages,
        think=think,
        order=order,
        end=end,
        clock=base.clock,
        limits=limits,
        log=base.log,
    )
    handlers = Asking(answer, retry, base.urls, base.clock).handlers()
    own = Metric.TEXT_OWN_TIME, Metric.TEXT_MODEL_TIME
    return base.measured(_authenticated(base, handlers), own)


def image_generate(logger: Logger, environment: Mapping[str, str]) -> Any:
    from afterimage.adapters.dynamodb.readers import DynamoDbLedger, DynamoDbMessages
    from afterimage.adapters.pictures import PillowStudio, WebpSettings
    from afterimage.use_cases.create_image import CreateImage

    configured = settings.ImageGenerateSettings.read(environment)
    base = Channelled(logger, configured)
    create = CreateImage(
        channel=base.channel,
        messages=DynamoDbMessages(),
        jobs=DynamoDbLedger(),
        model=_gemini(base, configured, show_drafts=configured.show_drafts),
        studio=PillowStudio(WebpSettings(configured.webp_quality, configured.webp_method)),
        pictures=aws.S3Pictures(
            base.aws.client("s3", aws.UPLOAD)(), configured.images_bucket, base.clock
        ),
        tags=_cache_tags(base, configured.pseudonym_secret),
        clock=base.clock,
        price_usd=configured.image_price_usd,
        executor=base.work,
        log=base.log,
        metrics=base.metrics,
    )
    return base.measured(create, (Metric.IMAGE_OWN_TIME, Metric.IMAGE_MODEL_TIME))


def chat_api(logger: Logger, environment: Mapping[str, str]) -> Any:
    from afterimage.adapters import originals
    from afterimage.adapters.dynamodb import readers
    from afterimage.http.chat_api import Reading
    from afterimage.use_cases.cancel_message import CancelMessage
    from afterimage.use_cases.delete_account import DeleteAccount
    from afterimage.use_cases.delete_chat import DeleteChat
    from afterimage.use_cases.delete_image import DeleteImage
    from afterimage.use_cases.download_original import DownloadOriginal
    from afterimage.use_cases.open_connection import Tickets
    from afterimage.use_cases.read_chats import ReadChats, ReadImages, ReadMessages, ReadUsage
    from afterimage.use_cases.rename_chat import RenameChatTitle

    configured = settings.ChatApiSettings.read(environment)
    base = Channelled(logger, configured)
    chats, events = readers.DynamoDbChats(), readers.DynamoDbEventLog()
    messages, ledger = readers.DynamoDbMessages(), readers.DynamoDbLedger()
    images = readers.DynamoDbImages()
    starter = aws.LambdaDeletionStarter(
        base.aws.client("lambda"),
        configured.keeper_function,
        base.log.correlation_id,
        base.log,
    )
    gallery = ReadImages(images, chats)
    s3 = base.aws.client("s3", originals.PRESIGN)
    reading = Reading(
        messages=ReadMessages(messages, chats),
        chats=ReadChats(chats),
        images=gallery,
        original=DownloadOriginal(gallery, originals.S3Originals(s3, configured.images_bucket)),
        usage=ReadUsage(
            ledger,
            base.channel.read,
            base.clock,
            configured.daily_image_limit,
            configured.daily_message_limit,
            configured.max_painting_per_user,
        ),
        rename=RenameChatTitle(base.channel, chats),
        cancel=CancelMessage(
            base.channel,
            messages,
            ledger,
            base.clock,
            _upload_time(configured.image_timeout),
            base.log,
        ),
        delete_image=DeleteImage(base.channel, images, messages, starter, base.clock, base.log),
        delete_chat=DeleteChat(base.channel, starter, base.clock, base.log),
        delete_account=DeleteAccount(base.channel, starter, base.clock, base.log),
        tickets=Tickets(base.store, base.clock),
        replay=_replay(base, events),
        channel=base.channel,
        urls=base.urls,
        clock=base.clock,
        websocket_url=base.public("websocket_url"),
    )
    return base.measured(_authenticated(base, reading.handlers()))


def websocket(logger: Logger, environment: Mapping[str, str]) -> Any:
    from afterimage.adapters.dynamodb.readers import DynamoDbEventLog, DynamoDbLedger
    from afterimage.use_cases.open_connection import Tickets
    from afterimage.use_cases.report_wait import ReportWait
    from afterimage.use_cases.resume_channel import ResumeChannel
    from afterimage.websocket_api import WebSocketApi

    base = Connected(logger, settings.WebSocketSettings.read(environment))
    events = DynamoDbEventLog()
    replay = _replay(base, events)
    resume = ResumeChannel(base.store, replay, base.push, base.clock)
    report = ReportWait(DynamoDbLedger(), base.clock, base.log, base.metrics)
    tickets = Tickets(base.store, base.clock)
    return base.measured(WebSocketApi(tickets, resume, report, base.log, base.metrics))


def keeper(logger: Logger, environment: Mapping[str, str]) -> Any:
    from afterimage.adapters.dynamodb import readers
    from afterimage.use_cases.end_message import EndMessage
    from afterimage.use_cases.recount_open import RecountOpen
    from afterimage.use_cases.repost_events import RepostEvents
    from afterimage.use_cases.rescue_job import RescueJob
    from afterimage.use_cases.sweep import Sweep

    configured = settings.KeeperSettings.read(environment)
    base = Channelled(logger, configured)
    messages, ledger = readers.DynamoDbMessages(), readers.DynamoDbLedger()
    events = readers.DynamoDbEventLog()
    replay = _replay(base, events)
    end = EndMessage(
        base.channel, ledger, base.clock, _upload_time(configured.image_timeout), base.log
    )
    rescue = RescueJob(
        ledger,
        messages,
        base.starter,
        end,
        RepostEvents(base.channel, events, replay, base.clock, base.log),
        base.clock,
        base.log,
        base.metrics,
    )
    pictures = aws.S3Pictures(base.aws.client("s3")(), configured.images_bucket, base.clock)
    finish = _finish_deletion(base, configured, pictures)
    index = readers.DynamoDbOpenIndex()
    recount = RecountOpen(base.channel, index, messages, base.clock, base.log, base.metrics)
    sweep = Sweep(
        index,
        messages,
        ledger,
        pictures,
        base.starter,
        end,
        finish,
        recount,
        base.clock,
        timedelta(seconds=configured.image_deadline),
        base.log,
        base.metrics,
        base.invocation,
        SystemRandom(),
    )
    return base.measured(rescue), base.measured(sweep), base.measured(finish)


def _replay(base: Connected, log: Any) -> Any:
    from afterimage.adapters.dynamodb.replayed_rows import DynamoDbRows, plain, settled
    from afterimage.use_cases.current_events import CurrentEvents
    from afterimage.use_cases.replay_events import ReplayEvents

    current = CurrentEvents(DynamoDbRows(plain), DynamoDbRows(settled))
    return ReplayEvents(log, current, base.urls, base.clock, base.metrics)


def _finish_deletion(
    base: Channelled, configured: settings.KeeperSettings, pictures: aws.S3Pictures
) -> Any:
    from afterimage.adapters.dynamodb import readers
    from afterimage.adapters.dynamodb.deletions import DynamoDbDeletions, DynamoDbRemoval
    from afterimage.adapters.edge import CloudFrontEdge
    from afterimage.use_cases.empty_account import EmptyAccount
    from afterimage.use_cases.empty_chat import EmptyChat
    from afterimage.use_cases.finish_deletion import FinishDeletion

    deletions, rows = DynamoDbDeletions(), DynamoDbRemoval()
    edge = CloudFrontEdge(base.aws.client("cloudfront"), base.public("distribution_id"), base.log)
    tags = _cache_tags(base, configured.pseudonym_secret)
    upload_time = _upload_time(configured.image_timeout)
    empty_chat = EmptyChat(
        base.channel,
        readers.DynamoDbMessages(),
        readers.DynamoDbLedger(),
        deletions,
        rows,
        pictures,
        edge,
        tags,
        base.clock,
        upload_time,
        base.log,
        base.metrics,
    )
    empty_account = EmptyAccount(
        base.channel, rows, rows, pictures, pictures, edge, tags, base.clock
    )
    return FinishDeletion(
        deletions,
        empty_chat,
        empty_account,
        rows,
        pictures,
        edge,
        tags,
        base.clock,
        upload_time,
        base.log,
    )


def web_page(logger: Logger, environment: Mapping[str, str], root: Any) -> Any:
    from afterimage.http.web_page import WebPage

    configured = settings.PageSettings.read(environment)
    base = Base(logger, configured.public_config_parameter)
    return WebPage(root, base.public_config, base.log)


def _parse(public_config: str) -> Mapping[str, str]:
    return settings.PublicConfig.model_validate_json(public_config).model_dump()


def _cache_tags(base: Base, secret: str) -> HmacTags:
    return HmacTags(cache(aws.secret(base.secrets, secret)))


def _upload_time(image_timeout: int) -> timedelta:
    """How long a function that runs now may still upload."""
    return timedelta(seconds=image_timeout) + _A_LITTLE_LONGER


def _gemini(
    base: Channelled,
    configured: settings.GeminiFunctionSettings,
    text_model: str = "",
    *,
    show_drafts: bool = False,
) -> Any:
    import requests

    from afterimage.adapters.gemini.client import Gemini, GeminiSettings

    return Gemini(
        GeminiSettings(
            base_url=configured.gemini_base_url.rstrip("/"),
            api_version=configured.gemini_api_version,
            text_model=text_model,
            image_model=configured.image_model,
            show_drafts=show_drafts,
            follow_successor=configured.follow_successor,
        ),
        aws.Cached(aws.secret(base.secrets, configured.gemini_api_key_secret), base.log),
        requests.Session(),
        base.clock,
        base.log,
        base.metrics,
    )


def _authenticated(base: Channelled, handlers: Any) -> Any:
    """The HTTP routes behind the one check of tokens that every route passes."""
    import requests

    from afterimage.adapters.tokens import IssuerKeys, TokenVerifier, fetch_json
    from afterimage.http.api import HttpApi

    issuer = base.public("issuer")
    keys = IssuerKeys(issuer, fetch_json(requests.Session()), base.log)
    verifier = TokenVerifier(issuer, base.public("audience"), keys)
    return HttpApi(handlers, verifier.user_of, base.clock, base.log, base.metrics)

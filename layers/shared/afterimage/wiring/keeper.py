"""`keeper`: ends what was left open, and finishes what is deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from random import SystemRandom

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.adapters.dynamodb import readers
from afterimage.adapters.dynamodb.due_index import DynamoDbDueIndex
from afterimage.adapters.dynamodb.event_log import DynamoDbEventLog
from afterimage.adapters.dynamodb.ledger import DynamoDbLedger
from afterimage.adapters.dynamodb.stock import DynamoDbStock
from afterimage.adapters.dynamodb.subscriptions import DynamoDbSubscriptions
from afterimage.adapters.dynamodb.uploads import DynamoDbUploads
from afterimage.adapters.s3 import S3Pictures
from afterimage.adapters.suggestions import set_suggestions
from afterimage.domain.web_push import Notice
from afterimage.measured import Measured
from afterimage.use_cases.fail_message import FailMessage
from afterimage.use_cases.fail_stock import FailStock
from afterimage.use_cases.finish_deletion import FinishDeletion
from afterimage.use_cases.keep_stock import KeepStock
from afterimage.use_cases.purge_upload import PurgeUpload
from afterimage.use_cases.recount_open import RecountOpen
from afterimage.use_cases.repost_events import RepostEvents
from afterimage.use_cases.rescue_job import FailedInvocation, RescueJob
from afterimage.use_cases.sweep import Sweep
from afterimage.use_cases.tell_browsers import TellBrowsers
from afterimage.wiring.connected import Channelled, upload_time
from afterimage.wiring.finishing import finish_deletion

KEPT = timedelta(seconds=5)  # of the function's time, to finish what is begun


@dataclass(frozen=True)
class Keeper:
    """What it is told, each its own use case.

    Attributes:
        rescue: an invocation of the painter has failed.
        sweep: a minute is over; until when to look for what is overdue.
        stock_failed: as `rescue`, for the stock: which picture, and the invocation's request id.
        finish: something was deleted: whose, its name, and until when to go on with it.
        tell: an answer has ended: whose (`user_id`), and what browsers are told of it.
    """

    rescue: Measured[[FailedInvocation], None]
    sweep: Measured[[datetime], None]
    stock_failed: Measured[[str, str], None]
    finish: Measured[[str, str, datetime], None]
    tell: Measured[[Mapping[str, str]], None]


def build(logger: Logger, environment: Mapping[str, str]) -> Keeper:
    """Raises: RuntimeError (a variable is missing or wrong)."""
    configured = settings.KeeperSettings.read(environment)
    base = Channelled(logger, configured)
    pictures = S3Pictures(base.aws.client("s3"), configured.images_bucket, base.clock)
    end = FailMessage(
        channel=base.channel,
        end=base.end_slots,
        clock=base.clock,
        upload_time=upload_time(configured.image_timeout),
        log=base.log,
    )
    finish = finish_deletion(base, configured, pictures)
    return Keeper(
        rescue=base.measured(_rescue(base, end)),
        sweep=base.measured(_sweep(base, configured, pictures, end, finish)),
        stock_failed=base.measured(_stock_failed(base)),
        finish=base.measured(finish),
        tell=base.measured(_tell(base, configured)),
    )


def _tell(
    base: Channelled, configured: settings.KeeperSettings
) -> Callable[[Mapping[str, str]], None]:
    @cache
    def built() -> TellBrowsers:
        # Imported here: nothing else of the keeper's encrypts, or calls the world outside.
        import requests

        from afterimage.adapters.web_push import HttpPushServices

        return TellBrowsers(
            read_channel=base.channel.read,
            subscriptions=DynamoDbSubscriptions(),
            services=HttpPushServices(
                http=requests.Session(),
                secret_value=base.secret(configured.web_push_secret),
                contact=base.public("public_url"),
                clock=base.clock,
                log=base.log,
            ),
            hosts=base.public("push_hosts"),
            executor=base.work,
            clock=base.clock,
            log=base.log,
        )

    def tell(told: Mapping[str, str]) -> None:
        notice = Notice(told["chat_id"], told["message_id"], told["outcome"])
        built()(told["user_id"], notice)

    return tell


def _stock_failed(base: Channelled) -> FailStock:
    return FailStock(jobs=DynamoDbStock(base.connection), log=base.log, metrics=base.metrics)


def _keep_stock(
    base: Channelled, configured: settings.KeeperSettings, pictures: S3Pictures
) -> KeepStock:
    stock = DynamoDbStock(base.connection)
    setting = base.parameter(configured.suggestions_parameter)
    return KeepStock(
        setting=set_suggestions(setting, base.log, base.metrics),
        stock=stock,
        orders=stock,
        starter=base.starter,
        pictures=pictures,
        clock=base.clock,
        image_deadline=timedelta(seconds=configured.image_deadline),
        log=base.log,
        metrics=base.metrics,
    )


def _rescue(base: Channelled, end: FailMessage) -> RescueJob:
    repost = RepostEvents(
        channel=base.channel,
        event_log=DynamoDbEventLog(),
        replay=base.replay(),
        clock=base.clock,
        log=base.log,
    )
    return RescueJob(
        jobs=DynamoDbLedger(),
        messages=readers.DynamoDbMessages(),
        starter=base.starter,
        end=end,
        repost=repost,
        clock=base.clock,
        log=base.log,
        metrics=base.metrics,
    )


def _sweep(
    base: Channelled,
    configured: settings.KeeperSettings,
    pictures: S3Pictures,
    end: FailMessage,
    finish: FinishDeletion,
) -> Sweep:
    index, messages = DynamoDbDueIndex(), readers.DynamoDbMessages()
    recount = RecountOpen(
        channel=base.channel,
        index=index,
        messages=messages,
        clock=base.clock,
        log=base.log,
        metrics=base.metrics,
    )
    return Sweep(
        index=index,
        messages=messages,
        jobs=DynamoDbLedger(),
        pictures=pictures,
        starter=base.starter,
        end=end,
        finish=finish,
        purge_upload=PurgeUpload(
            uploads=DynamoDbUploads(), pictures=pictures, clock=base.clock, log=base.log
        ),
        recount=recount,
        keep_stock=_keep_stock(base, configured, pictures),
        clock=base.clock,
        image_deadline=timedelta(seconds=configured.image_deadline),
        log=base.log,
        metrics=base.metrics,
        invocation=base.invocation,
        randomness=SystemRandom(),
    )

"""`chat_api`: everything that is read, cancelled, renamed or deleted over HTTP, and tickets."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.adapters import originals
from afterimage.adapters.catalogue import in_force
from afterimage.adapters.dynamodb import readers
from afterimage.adapters.dynamodb.exports import DynamoDbExport
from afterimage.adapters.dynamodb.ledger import DynamoDbLedger
from afterimage.adapters.dynamodb.replayed_rows import DynamoDbRows, plain
from afterimage.adapters.dynamodb.shares import DynamoDbShares
from afterimage.adapters.dynamodb.stock import DynamoDbStock
from afterimage.adapters.dynamodb.subscriptions import DynamoDbSubscriptions
from afterimage.adapters.lambdas import LambdaDeletionStarter
from afterimage.adapters.share_tokens import HmacShareTokens
from afterimage.adapters.shared_files import S3SharedFiles
from afterimage.adapters.suggestions import set_suggestions
from afterimage.domain.limits import DailyLimits
from afterimage.http.chat_api import ChatApiRoutes
from afterimage.http.exports import ExportRoutes
from afterimage.http.push import PushRoutes
from afterimage.http.search import SearchRoutes
from afterimage.http.shares import ShareRoutes
from afterimage.http.suggestions import SuggestionRoutes
from afterimage.use_cases.cancel_message import CancelMessage
from afterimage.use_cases.choose_version import ChooseVersion
from afterimage.use_cases.delete_account import DeleteAccount
from afterimage.use_cases.delete_chat import DeleteChat
from afterimage.use_cases.delete_image import DeleteImage
from afterimage.use_cases.delete_question import DeleteQuestion
from afterimage.use_cases.download_original import DownloadOriginal
from afterimage.use_cases.edit_chat import EditChat
from afterimage.use_cases.end_share import TakeBack
from afterimage.use_cases.export_account import ExportAccount
from afterimage.use_cases.list_chats import ListChats
from afterimage.use_cases.open_connection import Tickets
from afterimage.use_cases.picture_changes import ChangePicture
from afterimage.use_cases.read_chats import ReadImages, ReadMessages, ReadUsage
from afterimage.use_cases.read_shares import ReadShares
from afterimage.use_cases.read_suggestions import ReadSuggestions
from afterimage.use_cases.search import Search
from afterimage.use_cases.share_image import ShareImage
from afterimage.use_cases.subscribe import Subscribe
from afterimage.wiring.authenticated import HttpFunction, authenticated
from afterimage.wiring.connected import COPY_TIME, Channelled, upload_time
from afterimage.wiring.removing import remove_pair


def build(logger: Logger, environment: Mapping[str, str]) -> HttpFunction:
    """Raises: RuntimeError (a variable is missing or wrong)."""
    configured = settings.ChatApiSettings.read(environment)
    base = Channelled(logger, configured)
    chats, messages = readers.DynamoDbChats(), readers.DynamoDbMessages()
    images = readers.DynamoDbImages()
    starter = LambdaDeletionStarter(
        client=base.aws.client("lambda"),
        function=configured.keeper_function,
        correlation_id=base.log.correlation_id,
        log=base.log,
    )
    gallery = ReadImages(images=images, chats=chats)
    stored = originals.S3Originals(
        client=base.aws.client("s3", originals.PRESIGN), bucket=configured.images_bucket
    )
    tokens = HmacShareTokens(base.fixed_secret(configured.pseudonym_secret))
    change = ChangePicture(
        channel=base.channel, images=images, messages=messages, starter=starter, log=base.log
    )
    served = ChatApiRoutes(
        messages=ReadMessages(messages=messages, chats=chats, attach=base.attach),
        chats=ListChats(chats=chats),
        images=gallery,
        original=DownloadOriginal(images=gallery, originals=stored),
        usage=_usage(base, configured),
        edit=EditChat(channel=base.channel, chats=chats),
        cancel=CancelMessage(
            channel=base.channel,
            messages=messages,
            end=base.end_slots,
            clock=base.clock,
            upload_time=upload_time(configured.image_timeout),
            log=base.log,
        ),
        choose=ChooseVersion(
            channel=base.channel, messages=messages, lines=base.lines, log=base.log
        ),
        delete_question=DeleteQuestion(
            messages=messages,
            lines=base.lines,
            remove=remove_pair(base, tokens, configured.image_timeout),
            starter=starter,
            clock=base.clock,
            log=base.log,
        ),
        delete_image=DeleteImage(change=change, tokens=tokens, clock=base.clock),
        delete_chat=DeleteChat(
            channel=base.channel, chats=chats, starter=starter, clock=base.clock, log=base.log
        ),
        delete_account=DeleteAccount(
            channel=base.channel, starter=starter, clock=base.clock, log=base.log
        ),
        tickets=Tickets(tickets=base.store, clock=base.clock),
        limit=base.limit(),
        replay=base.replay(),
        channel=base.channel,
        urls=base.urls,
        clock=base.clock,
        websocket_url=base.public("websocket_url"),
        others={
            **SuggestionRoutes(read=_suggestions(base, configured), urls=base.urls).handlers(),
            **SearchRoutes(
                search=_search(base, chats, messages), urls=base.urls, clock=base.clock
            ).handlers(),
            **ExportRoutes(
                export=_export(base, chats, messages, gallery), urls=base.urls, clock=base.clock
            ).handlers(),
            **PushRoutes(subscribe=_subscribe(base)).handlers(),
            **_shares(base, configured, gallery, tokens, change).handlers(),
        },
    )
    return base.measured(authenticated(base, served.handlers()))


def _usage(base: Channelled, configured: settings.ChatApiSettings) -> ReadUsage:
    catalogue = in_force(base.model_catalogue, base.log, base.metrics)
    return ReadUsage(
        usage=DynamoDbLedger(),
        read_channel=base.channel.read,
        clock=base.clock,
        limits=DailyLimits(
            daily_images=configured.daily_image_limit,
            daily_messages=configured.daily_message_limit,
            image_calls=configured.image_calls,
            text_calls=configured.text_calls,
        ),
        painting_limit=configured.max_painting_per_user,
        upload_limit=configured.daily_upload_limit,
        models=lambda: catalogue().names(configured.image_model),
        log=base.log,
        metrics=base.metrics,
    )


def _export(
    base: Channelled,
    chats: readers.DynamoDbChats,
    messages: readers.DynamoDbMessages,
    gallery: ReadImages,
) -> ExportAccount:
    return ExportAccount(
        exports=DynamoDbExport(),
        chats=chats,
        messages=messages,
        images=gallery,
        attach=base.attach,
    )


def _search(
    base: Channelled, chats: readers.DynamoDbChats, messages: readers.DynamoDbMessages
) -> Search:
    return Search(
        chats=chats,
        sayings=messages,
        rows=DynamoDbRows(plain),
        attach=base.attach,
        clock=base.clock,
        executor=base.work,
    )


def _subscribe(base: Channelled) -> Subscribe:
    return Subscribe(
        channel=base.channel,
        subscriptions=DynamoDbSubscriptions(),
        hosts=base.public("push_hosts"),
        clock=base.clock,
    )


def _shares(
    base: Channelled,
    configured: settings.ChatApiSettings,
    gallery: ReadImages,
    tokens: HmacShareTokens,
    change: ChangePicture,
) -> ShareRoutes:
    return ShareRoutes(
        share=ShareImage(
            channel=base.channel,
            one=gallery.one,
            messages=readers.DynamoDbMessages(),
            files=S3SharedFiles(base.aws.client("s3"), configured.images_bucket),
            tokens=tokens,
            clock=base.clock,
            copy_time=COPY_TIME,
            log=base.log,
        ),
        take_back=TakeBack(change=change, tokens=tokens, clock=base.clock),
        read=ReadShares(index=DynamoDbShares(), images=DynamoDbRows(plain), clock=base.clock),
        tokens=tokens,
        public_url=base.public("public_url"),
        urls=base.urls,
    )


def _suggestions(base: Channelled, configured: settings.ChatApiSettings) -> ReadSuggestions:
    setting = base.parameter(configured.suggestions_parameter)
    return ReadSuggestions(
        setting=set_suggestions(setting, base.log, base.metrics),
        stock=DynamoDbStock(base.connection),
        executor=base.work,
    )

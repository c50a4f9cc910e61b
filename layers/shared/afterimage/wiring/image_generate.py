"""`image_generate`: paints one picture, somebody's or nobody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.adapters.cache_tags import HmacTags
from afterimage.adapters.clients import UPLOAD
from afterimage.adapters.dynamodb.ledger import DynamoDbLedger
from afterimage.adapters.dynamodb.readers import DynamoDbMessages
from afterimage.adapters.dynamodb.replayed_rows import DynamoDbRows, plain
from afterimage.adapters.dynamodb.stock import DynamoDbStock
from afterimage.adapters.dynamodb.stock_calls import StockCalls
from afterimage.adapters.pictures import PillowStudio, WebpSettings
from afterimage.adapters.quick_puts import QuickPictures, QuickPuts
from afterimage.adapters.safety_identifiers import HmacSafetyIdentifiers
from afterimage.domain.limits import ModelKind
from afterimage.domain.metrics import Metric
from afterimage.measured import Measured
from afterimage.use_cases.count_calls import CountCalls
from afterimage.use_cases.create_image import CreateImage, Order
from afterimage.use_cases.keep_pictures import KeepPictures
from afterimage.use_cases.paint_picture import PaintPicture
from afterimage.use_cases.paint_stock import PaintStock, StockOrder
from afterimage.use_cases.read_sources import ReadSources
from afterimage.wiring.connected import Channelled
from afterimage.wiring.gemini import count_calls, gemini
from afterimage.wiring.ready import GetReady


@dataclass(frozen=True)
class Painter:
    """What it is told.

    Attributes:
        picture: somebody waits for one.
        stock: nobody does yet.
    """

    picture: Measured[[Order], None]
    stock: Measured[[StockOrder], None]


def build(logger: Logger, environment: Mapping[str, str]) -> Painter:
    """Raises: RuntimeError (a variable is missing or wrong)."""
    configured = settings.ImageGenerateSettings.read(environment)
    base = Channelled(logger, configured)
    s3 = base.aws.client("s3", UPLOAD)
    s3()  # now, and not when the picture is there
    pseudonyms = base.fixed_secret(configured.pseudonym_secret)
    calls = _calls(base, configured, DynamoDbLedger(), limit=configured.image_calls)
    # The limit is in the day's own row.
    stock_calls = _calls(base, configured, StockCalls(), limit=0)
    bucket = configured.images_bucket
    put = QuickPuts(base.aws.session.get_credentials, s3, bucket, base.log)
    pictures = QuickPictures(put, s3, bucket, base.clock)
    studio = PillowStudio(WebpSettings(configured.webp_quality, configured.webp_method))
    model = gemini(base, configured, show_drafts=configured.show_drafts, darkroom=studio)
    identifiers = HmacSafetyIdentifiers(pseudonyms)
    create = CreateImage(
        channel=base.channel,
        messages=DynamoDbMessages(),
        jobs=DynamoDbLedger(),
        paint=PaintPicture(
            model=model,
            identifiers=identifiers,
            calls=calls,
            sources=ReadSources(images=DynamoDbRows(plain), files=pictures, executor=base.work),
            pictures=pictures,
            clock=base.clock,
            log=base.log,
            metrics=base.metrics,
        ),
        keep=KeepPictures(pictures, HmacTags(pseudonyms), base.clock, base.log),
        end=base.end_slots,
        studio=studio,
        clock=base.clock,
        executor=base.work,
        log=base.log,
        metrics=base.metrics,
    )
    stock = PaintStock(
        jobs=DynamoDbStock(base.connection),
        model=model,
        identifiers=identifiers,
        calls=stock_calls,
        studio=studio,
        pictures=pictures,
        default_model=configured.image_model,
        clock=base.clock,
        executor=base.work,
        log=base.log,
        metrics=base.metrics,
    )
    own = Metric.IMAGE_OWN_TIME, Metric.IMAGE_MODEL_TIME
    ready = GetReady(
        *base.first_needs(),
        calls.costs.expect,
        base.secret(configured.gemini_api_key_secret),
        pseudonyms,
        executor=base.work,
        log=base.log,
    )
    return Painter(
        picture=base.measured(create, own, calls.costs.settle, ready),
        stock=base.measured(stock, own, stock_calls.costs.settle),
    )


def _calls(
    base: Channelled,
    configured: settings.ImageGenerateSettings,
    ledger: DynamoDbLedger | StockCalls,
    *,
    limit: int,
) -> CountCalls:
    return count_calls(
        base,
        ledger,
        model=ModelKind.IMAGE,
        limit=limit,
        flat_price_usd=Decimal(configured.image_price_usd),
        writes_at_once=False,
    )

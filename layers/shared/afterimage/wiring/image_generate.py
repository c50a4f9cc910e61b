"""`image_generate`: paints one picture."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.adapters import aws
from afterimage.adapters.cache_tags import HmacTags
from afterimage.adapters.dynamodb.readers import DynamoDbLedger, DynamoDbMessages
from afterimage.adapters.dynamodb.replayed_rows import DynamoDbRows, plain
from afterimage.adapters.pictures import PillowStudio, WebpSettings
from afterimage.adapters.safety_identifiers import HmacSafetyIdentifiers
from afterimage.domain.limits import ModelKind
from afterimage.domain.metrics import Metric
from afterimage.measured import Measured
from afterimage.use_cases.create_image import CreateImage, Order
from afterimage.use_cases.read_sources import ReadSources
from afterimage.wiring.connected import Channelled
from afterimage.wiring.gemini import count_calls, gemini


def build(logger: Logger, environment: Mapping[str, str]) -> Measured[[Order], None]:
    """Raises: RuntimeError (a variable is missing or wrong)."""
    configured = settings.ImageGenerateSettings.read(environment)
    base = Channelled(logger, configured)
    s3 = base.aws.client("s3", aws.UPLOAD)
    s3()  # now, and not when the picture is there
    ledger = DynamoDbLedger()
    pseudonyms = base.fixed_secret(configured.pseudonym_secret)
    calls = count_calls(
        base,
        ledger,
        model=ModelKind.IMAGE,
        limit=configured.image_calls,
        flat_price_usd=Decimal(configured.image_price_usd),
        writes_at_once=False,
    )
    pictures = aws.S3Pictures(s3, configured.images_bucket, base.clock)
    create = CreateImage(
        channel=base.channel,
        messages=DynamoDbMessages(),
        jobs=ledger,
        model=gemini(base, configured, show_drafts=configured.show_drafts),
        identifiers=HmacSafetyIdentifiers(pseudonyms),
        calls=calls,
        sources=ReadSources(images=DynamoDbRows(plain), files=pictures, executor=base.work),
        end=base.end_slots,
        studio=PillowStudio(WebpSettings(configured.webp_quality, configured.webp_method)),
        pictures=pictures,
        tags=HmacTags(pseudonyms),
        clock=base.clock,
        executor=base.work,
        log=base.log,
        metrics=base.metrics,
    )
    own = Metric.IMAGE_OWN_TIME, Metric.IMAGE_MODEL_TIME
    return base.measured(create, own, calls.costs.settle)

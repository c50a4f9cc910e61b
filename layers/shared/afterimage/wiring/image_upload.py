"""`image_upload`: takes in a picture that somebody brings."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.adapters.cache_tags import HmacTags
from afterimage.adapters.clients import UPLOAD
from afterimage.adapters.dynamodb.ledger import DynamoDbLedger
from afterimage.adapters.dynamodb.readers import DynamoDbImages
from afterimage.adapters.dynamodb.uploads import DynamoDbUploads
from afterimage.adapters.pictures import PillowStudio, WebpSettings
from afterimage.adapters.s3 import S3Pictures
from afterimage.domain.changes import Transition
from afterimage.domain.channels import Channel
from afterimage.domain.jobs import Job
from afterimage.http.image_upload import ImageUploadRoutes
from afterimage.use_cases.upload_image import UploadImage
from afterimage.wiring.authenticated import HttpFunction, authenticated
from afterimage.wiring.connected import Connected


class NoTurns:
    """Implements `channel.Turns`: who brings a picture neither takes nor makes room."""

    def taken(self, channel: Channel, transition: Transition) -> Transition:
        del channel
        return transition

    def start(self, user_id: str, job: Job) -> None:
        del user_id
        raise NotImplementedError(f"nobody began {job.id}")


def build(logger: Logger, environment: Mapping[str, str]) -> HttpFunction:
    """Raises: RuntimeError (a variable is missing or wrong)."""
    configured = settings.ImageUploadSettings.read(environment)
    base = Connected(logger, configured)
    s3 = base.aws.client("s3", UPLOAD)
    s3()  # every upload needs it: now, and not beside the work on its pixels
    upload = UploadImage(
        channel=base.unified(NoTurns()),
        uploads=DynamoDbUploads(),
        images=DynamoDbImages(),
        jobs=DynamoDbLedger(),
        intake=PillowStudio(WebpSettings(configured.webp_quality, configured.webp_method)),
        pictures=S3Pictures(s3, configured.images_bucket, base.clock),
        tags=HmacTags(base.fixed_secret(configured.pseudonym_secret)),
        clock=base.clock,
        daily_limit=configured.daily_upload_limit,
        executor=base.threads(),
        log=base.log,
    )
    routes = ImageUploadRoutes(upload=upload, urls=base.urls)
    return base.measured(authenticated(base, routes.handlers()))

"""A picture that somebody brings: claimed, stripped and decoded, stored, told of.

claiming     one transaction: a row of the ledger under the picture's id, and what it counts for
looking      its notes are taken out, and what is left is decoded; what is no picture ends here
developing   files, side by side, as of a painted one; what is left of the file is one of them
telling      picture and ledger in one transaction, with the event

The same request again finds what the first one made. A function that dies leaves a row with a time:
the sweep removes what there is (`purge_upload.py`), and the picture can be brought again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from afterimage.channel import UnifiedChannel
from afterimage.domain import clock_rule, quota
from afterimage.domain.changes import (
    CheckNoImage,
    CountUpload,
    InsertImage,
    InsertUpload,
    MoveUpload,
    Transition,
)
from afterimage.domain.channels import Channel
from afterimage.domain.errors import (
    AccountDeleted,
    Busy,
    ClockSkew,
    IdReused,
    ImageDeleted,
    NotAPicture,
    Refused,
    UploadLimit,
)
from afterimage.domain.events import ImageInserted
from afterimage.domain.images import Image, Origin
from afterimage.domain.uploads import Upload, UploadStatus
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import ImageReader
from afterimage.ports.jobs import JobStore
from afterimage.ports.pictures import Brought, CacheTags, Intake, PictureStore
from afterimage.ports.system import Clock, Log
from afterimage.ports.uploads import UploadStore
from afterimage.use_cases.develop_picture import PictureFiles, Running, develop

# Behind the end of the function's time, for the clocks' sake.
_A_LITTLE_LONGER = timedelta(seconds=5)
_SOON = 1  # seconds until who comes while it is under way is to come again


@dataclass(frozen=True)
class File:
    """Bytes that somebody sent.

    Attributes:
        image_id: the client's ULID.
        nonce: tells this request from every other one.
        until: when it will be stopped.
    """

    user_id: str
    image_id: str
    data: bytes
    nonce: str
    until: datetime

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Kept:
    """Attributes: is_new: False if an earlier request has stored it."""

    image: Image
    is_new: bool


class UploadImage:
    """Args: daily_limit: pictures that one user may bring in a UTC day."""

    def __init__(
        self,
        channel: UnifiedChannel,
        uploads: UploadStore,
        images: ImageReader,
        jobs: JobStore,
        intake: Intake,
        pictures: PictureStore,
        tags: CacheTags,
        clock: Clock,
        daily_limit: int,
        executor: Executor,
        log: Log,
    ) -> None:
        self._channel = channel
        self._uploads = uploads
        self._images = images
        self._jobs = jobs
        self._intake = intake
        self._pictures = pictures
        self._tags = tags
        self._clock = clock
        self._daily_limit = daily_limit
        self._executor = executor
        self._log = log

    def __call__(self, file: File) -> Kept:
        """Store it, or say what became of an earlier request with the same id.

        Raises:
            Refused: nothing was stored, or an earlier request is under way.
        """
        try:
            upload, channel = self._claim(file)
        except (ConditionsFailed, ClockSkew) as refusal:
            return self._repeat_or_refuse(file, refusal)
        return self._keep(file, upload, channel)

    # --- Claiming ---------------------------------------------------------------------------

    def _claim(self, file: File) -> tuple[Upload, Channel]:
        now = self._clock.now()
        clock_rule.check(file.image_id, now)
        day, purge_at = quota.day_of(now), file.until + _A_LITTLE_LONGER
        upload = Upload(
            file.image_id, file.sha256, day, now, claimed_by=file.nonce, purge_at=purge_at
        )
        claim = Transition(
            (
                InsertUpload(upload),
                CheckNoImage(file.image_id),
                CountUpload(day, self._daily_limit),
            ),
            (),
        )
        return upload, self._channel.change(file.user_id, claim).channel

    # --- The same request again -------------------------------------------------------------

    def _repeat_or_refuse(self, file: File, why: Exception) -> Kept:
        upload = self._uploads.get(file.user_id, file.image_id)
        if upload is None:
            raise self._refusal(file, why) from why
        if upload.sha256 != file.sha256:
            raise IdReused
        if upload.status is UploadStatus.SUCCEEDED:
            return Kept(self._stored(file), is_new=False)
        if upload.status is UploadStatus.RUNNING and upload.claimed_by == file.nonce:
            return self._keep(file, upload)  # our own claim, whose answer was lost
        if upload.may_be_brought_again:
            return self._bring_again(file, upload)
        if upload.status is UploadStatus.FAILED and upload.purge_at is None:
            raise NotAPicture("it was none the first time")
        raise Busy("under way", retry_after=_SOON)

    def _refusal(self, file: File, why: Exception) -> Refused:
        if self._channel.read(file.user_id).deleted:
            return AccountDeleted()
        if self._is_painted(file):
            return IdReused()
        if isinstance(why, Refused):
            return why
        return UploadLimit(retry_after=quota.seconds_to_reset(self._clock.now()))

    def _is_painted(self, file: File) -> bool:
        """Whether the id is that of a picture that was painted, or is to be."""
        which = file.user_id, file.image_id
        return self._jobs.get(*which) is not None or self._images.get(*which) is not None

    def _stored(self, file: File) -> Image:
        image = self._images.get(file.user_id, file.image_id)
        if image is None:
            raise ImageDeleted
        return image

    def _bring_again(self, file: File, upload: Upload) -> Kept:
        """It counts no second time: whoever stored it died."""
        ours = upload.again(file.nonce, file.until + _A_LITTLE_LONGER)
        if not self._uploads.move(file.user_id, upload, ours):
            raise Busy("under way", retry_after=_SOON)
        self._log.info("image_upload_brought_again", image_id=upload.id)
        return self._keep(file, ours)

    # --- Looking, developing, telling -------------------------------------------------------

    def _keep(self, file: File, upload: Upload, channel: Channel | None = None) -> Kept:
        brought = self._look_at(file, upload)
        image = self._develop(file, brought)
        change = Transition(
            (InsertImage(image), MoveUpload(upload, upload.succeeded(image.created_at))),
            (ImageInserted(image),),
        )
        try:
            delivery = self._channel.change(file.user_id, change, channel)
        except ConditionsFailed as failed:
            raise Busy("its time was over", retry_after=_SOON) from failed
        self._log.info("image_upload_stored", image_id=image.id, bytes=image.size)
        self._channel.deliver(delivery)
        return Kept(image, is_new=True)

    def _look_at(self, file: File, upload: Upload) -> Brought:
        try:
            return self._intake.bring(file.data)
        except NotAPicture as refusal:
            self._log.info("image_upload_refused", image_id=upload.id, reason=str(refusal))
            self._uploads.move(file.user_id, upload, upload.refused(self._clock.now()))
            raise

    def _develop(self, file: File, brought: Brought) -> Image:
        """Its files are stored, or nothing is being stored any more."""
        running = Running(self._executor)
        tags = running.begin(self._tags_of, file)
        files = PictureFiles.of(file.user_id, file.image_id, tags)
        original = running.begin(self._pictures.put_original, files.original, brought.original)
        try:
            developed = develop(running, self._pictures, brought.picture, files)
            original.result()
        finally:
            running.wait()
        return developed.image(self._clock.now(), origin=Origin.UPLOAD)

    def _tags_of(self, file: File) -> Sequence[str]:
        picture = self._tags.picture(file.user_id, file.image_id)
        return picture, self._tags.user(file.user_id)

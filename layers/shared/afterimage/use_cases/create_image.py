"""The life of one picture: claimed, painted, shown as a glimpse, stored, delivered.

claiming     one function, and only one, gets the job
painting     the image model
developing   pixels, glimpse, files in the bucket: all side by side
delivering   message, gallery, ledger and both events in one transaction
failing      whatever goes wrong gives the quota back and ends the message
"""

from __future__ import annotations

from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from afterimage import frames
from afterimage.channel import UnifiedChannel
from afterimage.domain import ids
from afterimage.domain.changes import (
    EndJob,
    InsertImage,
    RefundImage,
    ReplaceMessage,
    Transition,
)
from afterimage.domain.entities import Channel, Image, Job, JobStatus, Message
from afterimage.domain.errors import AccountDeleted, ConditionsFailed, Failure, Internal
from afterimage.domain.events import ImageInserted, MessageUpdated
from afterimage.ports import (
    Clock,
    DecodedPicture,
    EncodedImage,
    ImageModel,
    JobStore,
    Log,
    MessageReader,
    PictureStore,
    Studio,
)

# Kept of the function's time for developing and delivering.
_TIME_TO_DELIVER = timedelta(seconds=8)


@dataclass(frozen=True)
class Order:
    """One invocation: which job, and until when the function may run."""

    user_id: str
    job_id: str
    attempt: int
    until: datetime


@dataclass(frozen=True)
class _Keys:
    original: str
    full: str
    thumbnail: str

    @classmethod
    def of(cls, order: Order) -> _Keys:
        def key(name: str) -> str:
            return ids.image_key(order.user_id, order.job_id, name)

        return cls(key("original"), key("full.webp"), key("thumbnail.webp"))


class CreateImage:
    """Runs one image job. Everything it needs is passed in.

    Args:
        executor: encodes and uploads side by side.
        price_usd: price of one picture, for the ledger.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        messages: MessageReader,
        jobs: JobStore,
        model: ImageModel,
        studio: Studio,
        pictures: PictureStore,
        clock: Clock,
        price_usd: str,
        executor: Executor,
        log: Log,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._jobs = jobs
        self._model = model
        self._studio = studio
        self._pictures = pictures
        self._clock = clock
        self._price_usd = price_usd
        self._executor = executor
        self._log = log

    def __call__(self, order: Order) -> None:
        """Paint the picture, or end its message with the reason why there is none."""
        job = self._jobs.claim(order.user_id, order.job_id, order.attempt, self._clock.now())
        if job is None:
            self._log.info("image_generate_duplicate_ignored", job_id=order.job_id)
            return
        message = self._messages.get(order.user_id, job.chat_id, job.message_id)
        if message is None or message.version != job.message_version:
            self._log.warning("image_generate_message_moved_on", job_id=job.id)
            return
        try:
            self._create(order, job, message)
        except Failure as failure:
            self._fail(order, job, message, failure)
        except Exception:  # noqa: BLE001 - every picture ends
            self._log.exception("image_generate_failed", job_id=job.id)
            self._fail(order, job, message, Internal())

    # --- Painting ---------------------------------------------------------------------------

    def _create(self, order: Order, job: Job, message: Message) -> None:
        until = order.until - _TIME_TO_DELIVER
        data = self._model.paint(job.prompt, job.aspect_ratio, until)
        self._log.info("image_generate_bytes_received", job_id=job.id, bytes=len(data))
        keys = _Keys.of(order)
        # The channel is read while files are uploaded: one round trip less before the end.
        channel = self._executor.submit(self._channel.read, order.user_id)
        original = self._executor.submit(self._pictures.put_original, keys.original, data)
        try:
            image = self._develop(job, message, data, keys, channel)
            original.result()
        finally:
            wait([original])  # whatever is discarded later must have arrived
        self._deliver(order, job, message, image, channel.result())

    # --- Developing: pixels, glimpse, files -------------------------------------------------

    def _develop(
        self, job: Job, message: Message, data: bytes, keys: _Keys, channel: Future[Channel]
    ) -> Image:
        picture = self._studio.decode(data)
        glimpse = self._executor.submit(self._glimpse, message, picture, channel)
        thumbnail = self._executor.submit(self._thumbnail, picture, keys)
        try:
            full = picture.full()
            self._pictures.put_webp(keys.full, full.data)
        finally:
            # A glimpse never follows the picture, so it has left before the picture does.
            wait([glimpse, thumbnail])
        thumbnail.result()
        return self._image(job, keys, picture, full)

    def _glimpse(self, message: Message, picture: DecodedPicture, channel: Future[Channel]) -> None:
        try:
            frame = frames.preview(message.chat_id, message.id, message.version, picture.preview())
            self._channel.glimpse(channel.result(), frame)
        except Exception:  # noqa: BLE001 - a lost glimpse costs nothing
            self._log.exception("image_generate_preview_failed", message_id=message.id)

    def _thumbnail(self, picture: DecodedPicture, keys: _Keys) -> None:
        self._pictures.put_webp(keys.thumbnail, picture.thumbnail().data)

    def _image(self, job: Job, keys: _Keys, picture: DecodedPicture, full: EncodedImage) -> Image:
        return Image(
            id=job.id,
            message_id=job.message_id,
            chat_id=job.chat_id,
            prompt=job.prompt,
            created_at=self._clock.now(),
            key=keys.full,
            thumbnail_key=keys.thumbnail,
            width=full.width,
            height=full.height,
            size=len(full.data),
            color=picture.color(),
            thumbhash=picture.thumbhash(),
        )

    # --- Delivering -------------------------------------------------------------------------

    def _deliver(
        self, order: Order, job: Job, message: Message, image: Image, channel: Channel
    ) -> None:
        painted = message.painted(image)
        transition = Transition(
            changes=(
                ReplaceMessage(painted, message.version),
                InsertImage(image),
                self._ended(job, JobStatus.SUCCEEDED),
            ),
            events=(MessageUpdated(painted), ImageInserted(image)),
            opens=-1,
        )
        delivery = self._channel.change(order.user_id, transition, channel)
        self._log.info("image_generate_complete", job_id=job.id, bytes=image.size)
        self._channel.deliver(delivery)
        self._log.info("image_generate_message_broadcast_sent", message_id=message.id)

    def _ended(self, job: Job, status: JobStatus, failure: Failure | None = None) -> EndJob:
        return EndJob(
            job.id,
            job.attempt,
            JobStatus.RUNNING,
            status,
            self._clock.now(),
            price_usd=self._price_usd if failure is None else None,
            error_code=failure.code if failure else None,
        )

    # --- Failing ----------------------------------------------------------------------------

    def _fail(self, order: Order, job: Job, message: Message, failure: Failure) -> None:
        self._log.warning(
            "image_generate_job_failed", job_id=job.id, code=failure.code, reason=str(failure)
        )
        failed = message.failed(failure, self._clock.now())
        transition = Transition(
            changes=(
                ReplaceMessage(failed, message.version),
                RefundImage(job.quota_day),
                self._ended(job, JobStatus.FAILED, failure),
            ),
            events=(MessageUpdated(failed),),
            opens=-1,
        )
        try:
            delivery = self._channel.change(order.user_id, transition)
        except (ConditionsFailed, AccountDeleted):
            self._already_ended(order, job)
            return
        self._channel.deliver(delivery)
        self._log.info("image_generate_message_broadcast_sent", message_id=message.id)
        self._discard(order)

    def _already_ended(self, order: Order, job: Job) -> None:
        """Somebody else ended the message or the account, or our own answer was lost."""
        self._log.info("image_generate_already_ended", job_id=job.id)
        message = self._messages.get(order.user_id, job.chat_id, job.message_id)
        if message is None or message.image is None:
            self._discard(order)

    def _discard(self, order: Order) -> None:
        """Remove uploads that no row will ever point to."""
        keys = _Keys.of(order)
        try:
            self._pictures.delete([keys.original, keys.full, keys.thumbnail])
        except Exception:  # noqa: BLE001 - the message has ended; tidying up may wait
            self._log.exception("image_generate_discard_failed", key=keys.original)

"""The life of one picture: claimed, painted, shown as a glimpse, stored, delivered.

claiming     one function, and only one, gets the job
painting     the image model
developing   the original goes to the bucket first, where an attempt after a crash finds it;
             glimpse and files, all side by side
delivering   message, gallery, ledger and both events in one transaction
failing      whatever goes wrong gives the quota back and ends the message
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from afterimage import frames
from afterimage.channel import UnifiedChannel
from afterimage.domain import budget, ids
from afterimage.domain.changes import (
    InsertImage,
    MoveJob,
    RefundImage,
    ReplaceMessage,
    Transition,
)
from afterimage.domain.entities import Channel, Image, Job, Message
from afterimage.domain.errors import AccountDeleted, ConditionsFailed, Failure, Internal
from afterimage.domain.events import ImageInserted, MessageUpdated
from afterimage.domain.job_life import Move, moved
from afterimage.ports import (
    Clock,
    DecodedPicture,
    ImageModel,
    JobStore,
    Log,
    MessageReader,
    PictureStore,
    Studio,
)

# Kept of the function's time for developing and delivering.
_TIME_TO_DELIVER = timedelta(seconds=8)
_FIRST_ATTEMPT = 1

P = ParamSpec("P")
ResultT = TypeVar("ResultT")


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
        return cls(*(ids.image_key(order.user_id, order.job_id, name) for name in ids.IMAGE_FILES))


class _Running:
    """Work side by side that does not outlive the invocation.

    Whatever is purged later must have arrived by then, so uploads are waited for even when
    something else has failed.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._begun: list[Future[Any]] = []

    def begin(self, work: Callable[P, ResultT], *args: P.args, **kw: P.kwargs) -> Future[ResultT]:
        future = self._executor.submit(work, *args, **kw)
        self._begun.append(future)
        return future

    def wait(self) -> None:
        wait(self._begun)


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
        except (ConditionsFailed, AccountDeleted):
            # Cancelled, overdue or deleted meanwhile: the picture is discarded.
            self._log.info("image_generate_already_ended", job_id=job.id)
        except Failure as failure:
            self._fail(order, job, message, failure)
        except Exception:  # noqa: BLE001 - every picture ends
            self._log.exception("image_generate_failed", job_id=job.id)
            self._fail(order, job, message, Internal())

    # --- Painting ---------------------------------------------------------------------------

    def _create(self, order: Order, job: Job, message: Message) -> None:
        keys = _Keys.of(order)
        data = self._bought_before(job, keys) or self._paint(order, job)
        running = _Running(self._executor)
        try:
            # The channel is read while files are uploaded: one round trip less before the end.
            channel = running.begin(self._channel.read, order.user_id)
            original = running.begin(self._pictures.put_original, keys.original, data)
            image, glimpse = self._develop(running, job, message, data, keys, channel)
            if not original.result():
                stored = self._stored(keys)
                if stored != data:
                    image, glimpse = self._develop(running, job, message, stored, keys, channel)
            self._deliver(order, job, message, image, channel.result(), glimpse)
        finally:
            running.wait()

    def _bought_before(self, job: Job, keys: _Keys) -> bytes | None:
        """What an attempt that died had already got from the provider."""
        if job.attempt == _FIRST_ATTEMPT:
            return None
        data = self._pictures.get(keys.original)
        self._log.info("image_generate_original_looked_for", job_id=job.id, found=data is not None)
        return data

    def _paint(self, order: Order, job: Job) -> bytes:
        until = budget.keeping(_TIME_TO_DELIVER, self._clock.now(), order.until)
        data = self._model.paint(job.prompt, job.aspect_ratio, until)
        self._log.info("image_generate_bytes_received", job_id=job.id, bytes=len(data))
        return data

    def _stored(self, keys: _Keys) -> bytes:
        """The original that came first; everything is derived from that one."""
        data = self._pictures.get(keys.original)
        if data is None:
            raise Internal("the original has been removed meanwhile")
        return data

    # --- Developing: pixels, glimpse, files -------------------------------------------------

    def _develop(
        self,
        running: _Running,
        job: Job,
        message: Message,
        data: bytes,
        keys: _Keys,
        channel: Future[Channel],
    ) -> tuple[Image, Future[None]]:
        """The picture with its files uploaded, and the glimpse that may still be on its way."""
        picture = self._studio.decode(data)
        glimpse = running.begin(self._glimpse, message, picture, channel)
        thumbnail = running.begin(self._thumbnail, picture, keys)
        summary = running.begin(lambda: (picture.color(), picture.thumbhash()))
        full = picture.full()
        self._pictures.put_webp(keys.full, full.data)
        thumbnail.result()
        color, thumbhash = summary.result()
        image = Image(
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
            color=color,
            thumbhash=thumbhash,
        )
        return image, glimpse

    def _glimpse(self, message: Message, picture: DecodedPicture, channel: Future[Channel]) -> None:
        try:
            frame = frames.preview(message.chat_id, message.id, message.version, picture.preview())
            self._channel.glimpse(channel.result(), frame)
        except Exception:  # noqa: BLE001 - a lost glimpse costs nothing
            self._log.exception("image_generate_preview_failed", message_id=message.id)

    def _thumbnail(self, picture: DecodedPicture, keys: _Keys) -> None:
        self._pictures.put_webp(keys.thumbnail, picture.thumbnail().data)

    # --- Delivering -------------------------------------------------------------------------

    def _deliver(
        self,
        order: Order,
        job: Job,
        message: Message,
        image: Image,
        channel: Channel,
        glimpse: Future[None],
    ) -> None:
        painted, now = message.painted(image), self._clock.now()
        transition = Transition(
            changes=(
                ReplaceMessage(painted, message.version),
                InsertImage(image),
                MoveJob(job, moved(job, Move.SUCCEED, now, price_usd=self._price_usd)),
            ),
            events=(MessageUpdated(painted), ImageInserted(image)),
            opens=-1,
        )
        delivery = self._channel.change(order.user_id, transition, channel)
        self._log.info("image_generate_complete", job_id=job.id, bytes=image.size)
        wait([glimpse])  # it never follows the picture
        self._channel.deliver(delivery)
        self._log.info("image_generate_message_broadcast_sent", message_id=message.id)

    # --- Failing ----------------------------------------------------------------------------

    def _fail(self, order: Order, job: Job, message: Message, failure: Failure) -> None:
        self._log.warning(
            "image_generate_job_failed", job_id=job.id, code=failure.code, reason=str(failure)
        )
        now = self._clock.now()
        failed = message.failed(failure, now)
        # Nothing is uploading any more: what did arrive can go with the next sweep.
        ended = moved(job, Move.FAIL, now, error_code=failure.code, purge_at=now)
        transition = Transition(
            changes=(
                ReplaceMessage(failed, message.version),
                RefundImage(job.quota_day),
                MoveJob(job, ended),
            ),
            events=(MessageUpdated(failed),),
            opens=-1,
        )
        try:
            delivery = self._channel.change(order.user_id, transition)
        except (ConditionsFailed, AccountDeleted):
            # Who ended it saw to it that late uploads are removed.
            self._log.info("image_generate_already_ended", job_id=job.id)
            return
        self._channel.deliver(delivery)
        self._log.info("image_generate_message_broadcast_sent", message_id=message.id)

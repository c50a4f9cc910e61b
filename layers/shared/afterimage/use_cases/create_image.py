"""The life of one picture: claimed, painted, shown as a glimpse, stored, delivered.

claiming     one function, and only one, gets the job
painting     `PaintPicture`: the image model, whose drafts are shown as they come
developing   decoded once: a glimpse leaves before anything is uploaded; then `KeepPictures`: files,
             side by side; the original is one of them, where an attempt after a crash finds it
delivering   message, gallery, ledger and all events in one transaction
failing      whatever goes wrong gives the quota back and ends the picture's slot

What else the model has finished in the same answer is paid for: it is stored behind the picture and
delivered with it. If nothing that is finished can be read, its last draft is the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from afterimage.channel import UnifiedChannel
from afterimage.domain import endings
from afterimage.domain.channels import Channel
from afterimage.domain.endings import Ending
from afterimage.domain.errors import AccountDeleted, Busy, Failure, Internal, NoImage
from afterimage.domain.images import Image
from afterimage.domain.jobs import Job
from afterimage.domain.messages import Message
from afterimage.domain.metrics import Metric
from afterimage.measured import milliseconds
from afterimage.ports.chats import MessageReader
from afterimage.ports.jobs import JobStore
from afterimage.ports.pictures import DecodedPicture, Studio
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.develop_picture import Decode, LastDraft, Running
from afterimage.use_cases.end_slots import EndSlots, is_for
from afterimage.use_cases.keep_pictures import KeepPictures
from afterimage.use_cases.paint_picture import FIRST_ATTEMPT, PaintPicture
from afterimage.use_cases.show_previews import ShowPreviews

# The glimpse has processor and network to itself for a moment; a tab that takes it slowly must not
# keep what was paid for from being stored.
_HEAD_START = timedelta(milliseconds=30)


@dataclass(frozen=True)
class Order:
    """One invocation: which job of which message, and until when the function may run.

    Attributes:
        request_id: of the invocation, as the on-failure record would name it.
    """

    user_id: str
    chat_id: str
    message_id: str
    job_id: str
    attempt: int
    request_id: str
    until: datetime


class CreateImage:
    """Runs one image job. Everything it needs is passed in.

    Args:
        executor: encodes and uploads side by side.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        messages: MessageReader,
        jobs: JobStore,
        paint: PaintPicture,
        keep: KeepPictures,
        end: EndSlots,
        studio: Studio,
        clock: Clock,
        executor: Executor,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._jobs = jobs
        self._paint = paint
        self._keep = keep
        self._end = end
        self._studio = studio
        self._clock = clock
        self._executor = executor
        self._log = log
        self._metrics = metrics

    def __call__(self, order: Order) -> None:
        """Paint the picture, or end its message with the reason why there is none.

        Raises:
            Busy: there was no time left to deliver; another attempt finds what is stored.
        """
        job, message = self._claim(order)
        if job is None:
            self._log.info("image_generate_duplicate_ignored", job_id=order.job_id)
            return
        if job.attempt == FIRST_ATTEMPT:
            waited = milliseconds(job.handed_over_at, self._clock.now())
            self._metrics.add(Metric.QUEUE_TIME, waited)
        if message is None or not is_for(message, job):
            self._log.warning("image_generate_message_moved_on", job_id=job.id)
            return
        try:
            self._create(order, job, message)
        except AccountDeleted:
            self._log.info("image_generate_already_ended", job_id=job.id)
        except Busy:
            raise  # a failure of the function's, which the keeper rescues
        except Failure as failure:
            self._fail(order, job, message, failure)
        except Exception:  # noqa: BLE001 - every picture ends
            self._log.exception("image_generate_failed", job_id=job.id)
            self._metrics.add(Metric.DEFECTS)
            self._fail(order, job, message, Internal())

    def _claim(self, order: Order) -> tuple[Job | None, Message | None]:
        """The job, if it is ours now, and its message, read beside the claim.

        What the message was before the claim it still is at the claim: whatever ends it moves
        the job in the same transaction, and the claim would fail.
        """
        running = Running(self._executor)
        message = running.begin(self._messages.get, order.user_id, order.chat_id, order.message_id)
        try:
            job = self._jobs.claim(
                order.user_id, order.job_id, order.attempt, self._clock.now(), order.request_id
            )
        finally:
            running.wait()
        return job, message.result() if job else None

    # --- Painting ---------------------------------------------------------------------------

    def _create(self, order: Order, job: Job, message: Message) -> None:
        """In this order: bytes, glimpse, files with the original beside them, delivery.

        Reads and uploads run beside it. What another attempt stored first wins over our bytes.
        """
        user_id, running = order.user_id, Running(self._executor)
        files = self._keep.files(running, user_id, job, job.id)
        # Who is connected is known before the picture is, so that its glimpse need not ask.
        known = running.begin(self._channel.read, user_id)
        painting = self._paint.begin(running, user_id, job)
        previews = ShowPreviews(
            self._channel,
            self._studio,
            user_id,
            message,
            job.id,
            known,
            running.begin,
            self._log,
            self._metrics,
        )
        try:
            bought, drafts = self._paint.bought_before(user_id, job), LastDraft(previews.draft)
            came = bought or self._paint(painting, order.until, drafts)
            decode = partial(self._studio.decode, composite=painting.is_composite())
            picture, data, others = self._first_readable(came, drafts, decode, previews)
            self._report_wait(Metric.PREVIEW_TIME, message)
            running.begin(self._paint.costs.settle)
            again = running.begin(self._read_again, order, message, previews)
            original = None if bought else running.begin(self._keep.original, files, data)
            image = self._keep.develop(running, job, picture, files)
            if original is not None and (first := original.result()) != data:
                picture = self._shown(decode(first), previews)
                image = self._keep.develop(running, job, picture, files)
            images = [image, *self._keep.others(running, user_id, job, others, decode)]
            if painting.is_composite():
                images = [replace(one, composite=True) for one in images]
            self._deliver(order, job, images, again.result(), previews)
        finally:
            wait(previews.end().values())
            running.wait()

    # --- Developing: pixels and glimpse -----------------------------------------------------

    def _first_readable(
        self, came: Sequence[bytes], drafts: LastDraft, decode: Decode, previews: ShowPreviews
    ) -> tuple[DecodedPicture, bytes, Sequence[bytes]]:
        """The first picture that can be read, its bytes, and those of what follows it."""
        tried = drafts.behind(came)
        for place, data in enumerate(tried):
            try:
                return self._shown(decode(data), previews), data, came[place + 1 :]
            except NoImage as reason:
                if data is tried[-1]:
                    raise
                self._log.warning("image_generate_picture_dropped", reason=str(reason))
        raise NoImage("the model gave nothing")

    def _shown(self, picture: DecodedPicture, previews: ShowPreviews) -> DecodedPicture:
        """The same picture, a glimpse of which is on its way."""
        previews.glimpse(picture)
        wait(previews.begun().values(), _HEAD_START.total_seconds())
        return picture

    def _read_again(
        self, order: Order, message: Message, previews: ShowPreviews
    ) -> tuple[Channel, Message]:
        """Beside the uploads: one round trip less before the end.

        A message with one picture is what it was; of several, others have ended meanwhile.
        """
        channel = self._channel.read(order.user_id)
        previews.glimpse_for_newcomers(channel)
        if len(message.slots) > 1:
            now = self._messages.get(order.user_id, order.chat_id, order.message_id)
            return channel, now or message
        return channel, message

    # --- Delivering -------------------------------------------------------------------------

    def _deliver(
        self,
        order: Order,
        job: Job,
        images: Sequence[Image],
        read: tuple[Channel, Message],
        previews: ShowPreviews,
    ) -> None:
        channel, message = read
        price_usd = self._paint.costs.price_usd(job)

        def ending(now: Message) -> Ending:
            return endings.complete(now, job, images, price_usd, self._clock.now())

        delivery = self._end.of_job(order.user_id, message, job, ending, channel)
        if delivery is None:
            # Cancelled, overdue or deleted meanwhile: the picture is discarded.
            self._log.info("image_generate_already_ended", job_id=job.id)
            return
        self._log.info("image_generate_complete", job_id=job.id, bytes=images[0].size)
        self._channel.deliver(delivery, after=previews.end(), is_last=True)
        self._report_wait(Metric.PICTURE_TIME, message)
        self._log.info("image_generate_message_broadcast_sent", message_id=message.id)

    def _report_wait(self, metric: Metric, message: Message) -> None:
        """Since the question came; of an answer tried again that was long ago."""
        if message.tries == 1:
            self._metrics.add(metric, milliseconds(message.created_at, self._clock.now()))

    # --- Failing ----------------------------------------------------------------------------

    def _fail(self, order: Order, job: Job, message: Message, failure: Failure) -> None:
        self._log.warning(
            "image_generate_job_failed", job_id=job.id, code=failure.code, reason=str(failure)
        )
        now = self._clock.now()

        def ending(read: Message) -> Ending:
            # Nothing is uploading any more: what did arrive can go with the next sweep.
            return endings.fail(read, failure, now, [job], purge_at=now)

        delivery = None
        with suppress(AccountDeleted):
            delivery = self._end.of_job(order.user_id, message, job, ending)
        if delivery is None:
            # Who ended it saw to it that late uploads are removed.
            self._log.info("image_generate_already_ended", job_id=job.id)
            return
        self._channel.deliver(delivery)
        self._log.info("image_generate_message_broadcast_sent", message_id=message.id)

"""The life of one picture: claimed, painted, shown as a glimpse, stored, delivered.

claiming     one function, and only one, gets the job
painting     the image model, whose drafts are shown as they come; of an edit its sources are read
             first, and one that is gone ends the slot before the model is asked
developing   decoded once: a glimpse leaves before anything is uploaded; then files, side by side;
             the original is one of them, where an attempt after a crash finds it
delivering   message, gallery, ledger and all events in one transaction
failing      whatever goes wrong gives the quota back and ends the picture's slot

What else the model has finished in the same answer is paid for: it is stored behind the picture and
delivered with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from afterimage.channel import UnifiedChannel
from afterimage.domain import budget, endings, ids
from afterimage.domain.endings import Ending
from afterimage.domain.entities import Channel, Image, Job, Message
from afterimage.domain.errors import (
    AccountDeleted,
    Busy,
    Failure,
    Internal,
    NoImage,
    SourceDeleted,
)
from afterimage.domain.metrics import Metric
from afterimage.domain.variants import varied
from afterimage.measured import milliseconds, timed
from afterimage.ports.chats import MessageReader
from afterimage.ports.jobs import JobStore
from afterimage.ports.models import ImageModel, PaintRequest, SafetyIdentifiers, Source
from afterimage.ports.pictures import CacheTags, DecodedPicture, PictureStore, Studio
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.count_calls import CountCalls
from afterimage.use_cases.develop_picture import Decode, PictureFiles, Running, develop, readable
from afterimage.use_cases.end_slots import EndSlots, is_for
from afterimage.use_cases.read_sources import ReadSources
from afterimage.use_cases.show_previews import ShowPreviews

# Kept of the function's time for developing and delivering.
_TIME_TO_DELIVER = timedelta(seconds=8)
# The glimpse has processor and network to itself for a moment; a tab that takes it slowly must not
# keep what was paid for from being stored.
_HEAD_START = timedelta(milliseconds=30)
_FIRST_ATTEMPT = 1


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
        model: ImageModel,
        identifiers: SafetyIdentifiers,
        calls: CountCalls,
        sources: ReadSources,
        end: EndSlots,
        studio: Studio,
        pictures: PictureStore,
        tags: CacheTags,
        clock: Clock,
        executor: Executor,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._jobs = jobs
        self._model = model
        self._identifiers = identifiers
        self._calls = calls
        self._sources = sources
        self._end = end
        self._studio = studio
        self._pictures = pictures
        self._tags = tags
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
        if job.attempt == _FIRST_ATTEMPT:
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
        running = Running(self._executor)
        files = self._files(running, order, order.job_id)
        identifier = running.begin(self._identifiers.of, order.user_id)
        # Who is connected is known before the picture is, so that its glimpse need not ask.
        known = running.begin(self._channel.read, order.user_id)
        named = running.begin(self._sources.named, order.user_id, job.source_image_ids)
        previews = ShowPreviews(
            self._channel,
            self._studio,
            order.user_id,
            message,
            order.job_id,
            known,
            running.begin,
            self._log,
            self._metrics,
        )
        try:
            bought = self._bought_before(order, job, files)
            came = bought or self._paint(order, job, identifier, named, previews)
            decode = partial(self._studio.decode, composite=_is_composite(named.result()))
            picture, data, others = self._first_readable(came, decode, previews)
            self._report_wait(Metric.PREVIEW_TIME, message)
            running.begin(self._calls.costs.settle)
            again = running.begin(self._read_again, order, message, previews)
            original = running.begin(self._keep_original, files, data, bought=bool(bought))
            image = self._develop(running, job, picture, files)
            if (first := original.result()) != data:
                picture = self._shown(decode(first), previews)
                image = self._develop(running, job, picture, files)
            images = [image, *self._develop_others(running, order, job, others, decode)]
            if _is_composite(named.result()):
                images = [replace(image, composite=True) for image in images]
            self._deliver(order, job, images, again.result(), previews)
        finally:
            wait(previews.end().values())
            running.wait()

    def _files(self, running: Running, order: Order, image_id: str) -> PictureFiles:
        return PictureFiles.of(
            order.user_id, image_id, running.begin(self._tags_of, order, image_id)
        )

    def _tags_of(self, order: Order, image_id: str) -> Sequence[str]:
        return (
            self._tags.picture(order.user_id, image_id),
            self._tags.chat(order.user_id, order.chat_id),
            self._tags.user(order.user_id),
        )

    def _bought_before(self, order: Order, job: Job, files: PictureFiles) -> Sequence[bytes]:
        """What an attempt that died had already got from the provider."""
        if job.attempt == _FIRST_ATTEMPT:
            return ()
        data = self._pictures.get(files.original)
        self._log.info("image_generate_original_looked_for", job_id=job.id, found=data is not None)
        if data is None:
            return ()
        came = (data, *self._came_with(order, job))
        self._calls.costs.bought(order.user_id, job, len(came))
        return came

    def _came_with(self, order: Order, job: Job) -> Iterator[bytes]:
        """They are stored one after the other: behind one that is missing there is none."""
        for image_id in ids.unasked_ids(job.id):
            data = self._pictures.get(ids.image_key(order.user_id, image_id, ids.ORIGINAL))
            if data is None:
                return
            yield data

    def _paint(
        self,
        order: Order,
        job: Job,
        identifier: Future[str],
        named: Future[list[Image]],
        previews: ShowPreviews,
    ) -> Sequence[bytes]:
        # The call of the first attempt is counted with the order.
        counted_on = job.quota_day if job.attempt == _FIRST_ATTEMPT else None
        with self._calls.of_turn(order.user_id, counted_on, job.ordered) as calls:
            # Within the turn: its call goes back where a source is gone.
            request = PaintRequest(
                varied(job.prompt, job.slot),
                identifier.result(),
                job.aspect_ratio,
                job.image_size,
                self._read_sources(order, job, named.result()),
                job.model,
            )
            until = budget.keeping(_TIME_TO_DELIVER, self._clock.now(), order.until)
            with timed(self._metrics, Metric.IMAGE_MODEL_TIME, self._clock):
                came = self._model.paint(request, until, previews.draft, calls)
            calls.brought(len(came))
        self._log.info(
            "image_generate_bytes_received",
            job_id=job.id,
            bytes=sum(map(len, came)),
            pictures=len(came),
        )
        return came

    def _read_sources(self, order: Order, job: Job, named: Sequence[Image]) -> Sequence[Source]:
        if gone := len(job.source_image_ids) - len(named):
            raise SourceDeleted(f"{gone} of {len(job.source_image_ids)} are gone")
        return self._sources(order.user_id, named) if named else ()

    def _keep_original(self, files: PictureFiles, data: bytes, *, bought: bool) -> bytes:
        """The bytes that are stored: these, or those of an attempt that came first."""
        if bought or self._pictures.put_original(files.original, data):
            return data
        first = self._pictures.get(files.original)
        if first is None:
            raise Internal("the original has been removed meanwhile")
        return first

    # --- Developing: pixels, glimpse, files -------------------------------------------------

    def _first_readable(
        self, came: Sequence[bytes], decode: Decode, previews: ShowPreviews
    ) -> tuple[DecodedPicture, bytes, Sequence[bytes]]:
        """The first picture that can be read, its bytes, and those of what follows it."""
        for place, data in enumerate(came):
            try:
                return self._shown(decode(data), previews), data, came[place + 1 :]
            except NoImage:
                if data is came[-1]:
                    raise
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

    def _develop_others(
        self,
        running: Running,
        order: Order,
        job: Job,
        others: Sequence[bytes],
        decode: Decode,
    ) -> list[Image]:
        """What came with the picture, each under the next free id, so that none is missing before
        one that is stored.
        """
        images = []
        numbered = zip(ids.unasked_ids(job.id), readable(others, decode, self._log), strict=False)
        for image_id, (place, data, picture) in numbered:
            files = self._files(running, order, image_id)
            first = self._keep_original(files, data, bought=False)
            kept = picture if first == data else decode(first)
            image = self._develop(running, job, kept, files)
            images.append(replace(image, index=place + 1))
        return images

    def _develop(
        self, running: Running, job: Job, picture: DecodedPicture, files: PictureFiles
    ) -> Image:
        """The picture with its files uploaded."""
        developed = develop(running, self._pictures, picture, files)
        return developed.image(
            self._clock.now(),
            message_id=job.message_id,
            chat_id=job.chat_id,
            prompt=job.prompt,
            source_image_ids=job.source_image_ids,
        )

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
        price_usd = self._calls.costs.price_usd(job)

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


def _is_composite(sources: Sequence[Image]) -> bool:
    return any(source.has_brought for source in sources)

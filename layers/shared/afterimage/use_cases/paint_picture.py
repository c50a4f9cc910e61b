"""Painting: what the image model gives for a job, or had given to an attempt that died.

beginning    who asks, and the pictures that it is made of, are read beside other work
looking      a later attempt looks for the original, and for what came with it, before it asks
asking       one turn, whose calls are counted; of an edit its sources are read first, and one that
             is gone ends the slot before the model is asked
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta

from afterimage.domain import budget, ids
from afterimage.domain.errors import SourceDeleted
from afterimage.domain.images import Image
from afterimage.domain.jobs import Job
from afterimage.domain.metrics import Metric
from afterimage.domain.variants import varied
from afterimage.measured import timed
from afterimage.ports.models import ImageModel, PaintRequest, SafetyIdentifiers, Source
from afterimage.ports.pictures import PictureStore
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.count_calls import CountCalls
from afterimage.use_cases.develop_picture import Running
from afterimage.use_cases.read_sources import ReadSources

FIRST_ATTEMPT = 1
# Kept of the function's time for developing and delivering.
_TIME_TO_DELIVER = timedelta(seconds=8)


@dataclass(frozen=True)
class Painting:
    """A job whose painting has begun.

    Attributes:
        identifier: of who asks, as the provider knows them.
        named: what is there of the pictures that it is made of.
    """

    user_id: str
    job: Job
    identifier: Future[str]
    named: Future[list[Image]]

    def is_composite(self) -> bool:
        """Whether something that somebody brought is in it."""
        return any(source.has_brought for source in self.named.result())


class PaintPicture:
    """Asks an image model. Everything it needs is passed in."""

    def __init__(
        self,
        model: ImageModel,
        identifiers: SafetyIdentifiers,
        calls: CountCalls,
        sources: ReadSources,
        pictures: PictureStore,
        clock: Clock,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._model = model
        self._identifiers = identifiers
        self._calls = calls
        self._sources = sources
        self._pictures = pictures
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self.costs = calls.costs

    def begin(self, running: Running, user_id: str, job: Job) -> Painting:
        identifier = running.begin(self._identifiers.of, user_id)
        named = running.begin(self._sources.named, user_id, job.source_image_ids)
        return Painting(user_id, job, identifier, named)

    # --- Looking ----------------------------------------------------------------------------

    def bought_before(self, user_id: str, job: Job) -> Sequence[bytes]:
        """What an attempt that died had already got from the provider."""
        if job.attempt == FIRST_ATTEMPT:
            return ()
        data = self._original(user_id, job.id)
        self._log.info("image_generate_original_looked_for", job_id=job.id, found=data is not None)
        if data is None:
            return ()
        came = (data, *self._came_with(user_id, job))
        self.costs.bought(user_id, job, len(came))
        return came

    def _came_with(self, user_id: str, job: Job) -> Iterator[bytes]:
        """They are stored one after the other: behind one that is missing there is none."""
        for image_id in ids.unasked_ids(job.id):
            data = self._original(user_id, image_id)
            if data is None:
                return
            yield data

    def _original(self, user_id: str, image_id: str) -> bytes | None:
        return self._pictures.get(ids.image_key(user_id, image_id, ids.ORIGINAL))

    # --- Asking -----------------------------------------------------------------------------

    def __call__(
        self, painting: Painting, until: datetime, draft: Callable[[bytes], None]
    ) -> Sequence[bytes]:
        """The bytes of all pictures that the model has finished, in its order.

        Args:
            until: when the function will be stopped.
            draft: is given what the model shows before.

        Raises:
            Failure: there is none.
        """
        user_id, job = painting.user_id, painting.job
        # The call of the first attempt is counted with the order.
        counted_on = job.quota_day if job.attempt == FIRST_ATTEMPT else None
        with self._calls.of_turn(user_id, counted_on, job.ordered) as calls:
            # Within the turn: its call goes back where a source is gone.
            request = PaintRequest(
                varied(job.prompt, job.slot),
                painting.identifier.result(),
                job.aspect_ratio,
                job.image_size,
                self._read_sources(painting),
                job.model,
            )
            in_time = budget.keeping(_TIME_TO_DELIVER, self._clock.now(), until)
            with timed(self._metrics, Metric.IMAGE_MODEL_TIME, self._clock):
                came = self._model.paint(request, in_time, draft, calls)
            calls.brought(len(came))
        self._log.info(
            "image_generate_bytes_received",
            job_id=job.id,
            bytes=sum(map(len, came)),
            pictures=len(came),
        )
        return came

    def _read_sources(self, painting: Painting) -> Sequence[Source]:
        named, wanted = painting.named.result(), painting.job.source_image_ids
        if gone := len(wanted) - len(named):
            raise SourceDeleted(f"{gone} of {len(wanted)} are gone")
        return self._sources(painting.user_id, named) if named else ()

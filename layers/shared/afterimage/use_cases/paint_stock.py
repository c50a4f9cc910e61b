"""A picture that nobody has asked for yet: claimed, painted, developed, put into the stock.

It is nobody's, so there is no message, no event and no second attempt: the keeper orders another.
What the model has finished beside it is not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta

from afterimage.domain import budget, ids, image_sizes
from afterimage.domain.errors import Failure, NoImage
from afterimage.domain.jobs import OrderedPicture
from afterimage.domain.metrics import Metric
from afterimage.domain.stock import NOBODY, StockJob, StockPicture
from afterimage.domain.usage import nano
from afterimage.domain.variants import varied
from afterimage.measured import timed
from afterimage.ports.models import ImageModel, PaintRequest, SafetyIdentifiers
from afterimage.ports.pictures import PictureStore, Studio
from afterimage.ports.stock import StockJobs
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.count_calls import CountCalls
from afterimage.use_cases.develop_picture import (
    LastDraft,
    PictureFiles,
    Running,
    develop,
    readable,
)

# Kept of the function's time for developing.
_TIME_TO_DEVELOP = timedelta(seconds=8)
_DIFFERENT = 4  # ways of wording one wish


@dataclass(frozen=True)
class StockOrder:
    """One invocation: which picture, and until when the function may run.

    Attributes:
        request_id: of the invocation, as the on-failure record would name it.
    """

    picture: str
    request_id: str
    until: datetime


class PaintStock:
    """Runs the job that is under way.

    Args:
        calls: counts them by the day of the stock.
        default_model: id of the model that paints where nobody chooses.
        executor: encodes and uploads side by side.
    """

    def __init__(
        self,
        jobs: StockJobs,
        model: ImageModel,
        identifiers: SafetyIdentifiers,
        calls: CountCalls,
        studio: Studio,
        pictures: PictureStore,
        default_model: str,
        clock: Clock,
        executor: Executor,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._jobs = jobs
        self._model = model
        self._identifiers = identifiers
        self._calls = calls
        self._studio = studio
        self._pictures = pictures
        self._default_model = default_model
        self._clock = clock
        self._executor = executor
        self._log = log
        self._metrics = metrics

    def __call__(self, order: StockOrder) -> None:
        """Paint it, or let the keeper know that there is none."""
        job = self._jobs.claim(order.picture, order.request_id)
        if job is None:
            self._log.info("image_generate_duplicate_ignored", picture=order.picture)
            return
        try:
            self._create(order, job)
        except Failure as failure:
            self._log.warning("image_generate_stock_failed", code=failure.code, reason=str(failure))
            self._jobs.fail(job.picture, order.request_id)
        except Exception:  # noqa: BLE001 - the keeper goes on
            self._log.exception("image_generate_stock_failed")
            self._metrics.add(Metric.DEFECTS)
            self._jobs.fail(job.picture, order.request_id)

    def _create(self, order: StockOrder, job: StockJob) -> None:
        drafts = LastDraft(_unseen)
        came = drafts.behind(self._paint(order, job, drafts))
        running = Running(self._executor)
        files = PictureFiles.in_folder(
            job.picture,
            ids.stock_folder(job.suggestion, job.picture),
            running.begin(_tags),
        )
        first = next(readable(came, self._studio.decode, self._log), None)
        if first is None:
            raise NoImage("the model gave nothing that can be read")
        _, data, picture = first
        original = running.begin(self._pictures.put_original, files.original, data)
        try:
            developed = develop(running, self._pictures, picture, files)
            original.result()
        finally:
            running.wait()
        painted = StockPicture(
            suggestion=job.suggestion,
            name=job.name,
            image=developed.image(self._clock.now(), prompt=job.text),
            model=self._default_model,
            cost_nano_usd=nano(self._calls.costs.paid_for(job.picture)),
        )
        if self._jobs.deliver(job, painted):
            self._log.info("image_generate_stock_complete", picture=job.picture)
        else:  # somebody came first; if that was our own answer, which was lost, nothing fails
            self._log.warning("image_generate_stock_not_delivered", picture=job.picture)
            self._jobs.fail(job.picture, order.request_id)

    def _paint(self, order: StockOrder, job: StockJob, drafts: LastDraft) -> Sequence[bytes]:
        ordered = OrderedPicture(job.picture, self._default_model, image_sizes.DEFAULT)
        # Its first call is counted with the order.
        with self._calls.of_turn(NOBODY, job.day, ordered) as calls:
            request = PaintRequest(
                varied(job.text, ids.milliseconds_of(job.picture) % _DIFFERENT),
                self._identifiers.of(NOBODY),
                job.aspect_ratio,
                image_sizes.DEFAULT,
                (),
                self._default_model,
            )
            until = budget.keeping(_TIME_TO_DEVELOP, self._clock.now(), order.until)
            with timed(self._metrics, Metric.IMAGE_MODEL_TIME, self._clock):
                came = self._model.paint(request, until, drafts, calls)
            calls.brought(len(came))
        return came


def _tags() -> tuple[str, ...]:
    """One for all of them, since they belong to nobody."""
    return ("stock",)


def _unseen(draft: bytes) -> None:
    """Nobody looks at drafts."""
    del draft

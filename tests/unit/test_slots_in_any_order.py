"""Whatever ends an answer's pictures, in whatever order and between whichever steps of another:
each has one ending, the answer has one, and the day is charged for what was painted and no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.support.bundle import BYTES, FOX, LIMITS, USER, Bundle, new_bundle

from afterimage.domain.errors import Blocked, Refused
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.messages import Message, Status
from afterimage.domain.slots import SlotStatus
from afterimage.ports.models import ImageRequest

MANY = replace(LIMITS, daily_images=30, daily_messages=30, image_calls=99, text_calls=99)
PLACES = st.integers(0, 3)
ENDED = {
    SlotStatus.COMPLETE: {JobStatus.SUCCEEDED},
    SlotStatus.FAILED: {JobStatus.FAILED},
    SlotStatus.CANCELLED: {JobStatus.CANCELLED},
    SlotStatus.WAITING: {JobStatus.WAITING},
    SlotStatus.GENERATING: {JobStatus.RESERVED, JobStatus.RUNNING},
}

Act = Callable[["Slots"], object]


class Slots(RuleBasedStateMachine):
    """One answer with up to four pictures, of which two are painted at a time."""

    world: Bundle
    message: Message

    @initialize(count=st.integers(1, 4))
    def order(self, count: int) -> None:
        self.threads = ThreadPoolExecutor(8)
        self.world = new_bundle(self.threads, 2, MANY)
        self.world.text.script = [ImageRequest(FOX.prompt, FOX.aspect_ratio, FOX.parts, count)]
        self.message = self.world.ask().assistant
        self.before = self.now

    def teardown(self) -> None:
        if hasattr(self, "threads"):
            self.threads.shutdown()

    @property
    def now(self) -> Message:
        return self.world.now(self.message)

    @rule(act=st.sampled_from(["one", "interrupted"]), data=st.data(), place=PLACES)
    def something_ends(self, act: str, data: st.DataObject, place: int) -> None:
        first = data.draw(ANY)
        others = data.draw(BETWEEN)
        if act == "one":
            others = []
        self._between_read_and_write(others)
        first(self, place)

    def _between_read_and_write(self, others: list[tuple[Any, int]]) -> None:
        """Each of these comes right before one of the transactions that follow."""
        commit = type(self.world.tables).commit

        def interrupted(*given: Any) -> None:
            if others:
                act, place = others.pop()
                act(self, place)
            commit(self.world.tables, *given)

        setattr(self.world.tables, "commit", interrupted)  # noqa: B010 - for this one only

    def place(self, place: int) -> int:
        return place % len(self.now.asked)

    # --- What must hold at any time -------------------------------------------------------------

    @invariant()
    def one_answer_is_open_or_none(self) -> None:
        if hasattr(self, "message"):
            assert self.world.open_messages() == int(self.now.is_open)

    @invariant()
    def the_message_is_what_its_slots_are(self) -> None:
        if not hasattr(self, "message"):
            return
        statuses = {slot.status for slot in self.now.slots}
        if statuses & {SlotStatus.WAITING, SlotStatus.GENERATING}:
            assert self.now.status is Status.GENERATING
            assert self.now.deadline is not None
        else:
            assert self.now.status.value == next(
                status for status in ("complete", "cancelled", "failed") if status in statuses
            )
            assert self.now.deadline is None
        assert (self.now.error is not None) == (self.now.status is Status.FAILED)

    @invariant()
    def every_slot_is_what_its_job_is(self) -> None:
        if hasattr(self, "message"):
            for slot in self.now.asked:
                assert self.jobs[slot.id].status in ENDED[slot.status]

    @invariant()
    def charged_is_what_was_painted_or_cancelled_while_running(self) -> None:
        if not hasattr(self, "message"):
            return
        charged = sum(map(_is_charged, self.jobs.values()))
        used, counted = self.world.used()
        assert used == charged
        assert counted == self.now.tries
        shown = [slot for slot in self.now.slots if slot.unasked]
        assert not any(slot.is_charged for slot in shown)

    @invariant()
    def each_change_is_told_once(self) -> None:
        if not hasattr(self, "message"):
            return
        events = [reference for (_, _), (reference, _) in self.world.tables.rows.events.items()]
        told = Counter((event.message_id, event.image_id) for event in events)
        assert told[self.message.id, None] == self.now.version
        painted = [slot for slot in self.now.slots if slot.status is SlotStatus.COMPLETE]
        assert all(told[None, slot.id] >= 1 for slot in painted)

    @invariant()
    def the_painter_has_no_more_than_two_and_nobody_waits_for_nothing(self) -> None:
        if not hasattr(self, "message"):
            return
        channel = self.world.tables.read(USER)
        jobs = self.jobs.values()
        painting = frozenset(job.id for job in jobs if job.status in _PAINTED)
        waiting = frozenset(job.id for job in jobs if job.status is JobStatus.WAITING)
        assert (channel.painting, channel.waiting) == (painting, waiting)
        assert len(painting) <= 2
        assert len(painting) == 2 or not waiting

    @property
    def jobs(self) -> dict[str, Job]:
        return {job_id: job for (_, job_id), job in self.world.tables.rows.jobs.items()}


_PAINTED = {JobStatus.RESERVED, JobStatus.RUNNING}


def _is_charged(job: Job) -> bool:
    if job.status is JobStatus.CANCELLED:
        return job.started_at is not None
    return job.status is not JobStatus.FAILED


def paint(state: Slots, place: int, *answers: Any) -> None:
    state.world.painter.script[:0] = answers
    state.world.paint(
        state.now, state.world.job(state.now, state.place(place)).attempt, state.place(place)
    )


def painted(state: Slots, place: int) -> None:
    state.world.painter.script = [[BYTES]] * 9
    paint(state, place)


def painted_with_more(state: Slots, place: int) -> None:
    state.world.painter.script = [[BYTES, BYTES + b"more"]] * 9
    paint(state, place)


def refused(state: Slots, place: int) -> None:
    state.world.painter.script = [Blocked("no")] * 9
    paint(state, place)


def begun(state: Slots, place: int) -> None:
    """And its function dies."""
    with suppress(AssertionError):
        state.world.claim(state.message, state.place(place))


def rescued(state: Slots, place: int) -> None:
    job = state.world.job(state.now, state.place(place))
    if job.status is JobStatus.RUNNING:
        state.world.rescue(state.now, job.attempt, place=state.place(place))


def cancelled(state: Slots, _: int) -> None:
    with suppress(Refused):
        state.world.cancel(state.now)


def tried_again(state: Slots, _: int) -> None:
    with suppress(Refused):
        state.world.retry(state.now)


def overdue(state: Slots, _: int) -> None:
    state.world.clock.advance(minutes=8)
    state.world.sweep()


def handed_over_again(state: Slots, _: int) -> None:
    state.world.clock.advance(seconds=70)
    state.world.sweep()


def deleted(state: Slots, place: int) -> None:
    image = state.now.slots[place % len(state.now.slots)].id
    state.world.delete_image(image)


ACTS = [
    painted,
    painted_with_more,
    refused,
    begun,
    rescued,
    cancelled,
    tried_again,
    overdue,
    handed_over_again,
    deleted,
]

ANY = st.sampled_from(ACTS)
BETWEEN = st.lists(st.tuples(ANY, PLACES), max_size=3)
TestSlots = Slots.TestCase
TestSlots.settings = settings(max_examples=40, stateful_step_count=20)

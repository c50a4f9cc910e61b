"""Whatever becomes of the versions of a question, in whatever order and between whichever steps of
one another: exactly one pair of the line stands, and nobody's answer is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.support.bundle import BYTES, FOX, HELLO, LIMITS, Bundle, new_bundle

from afterimage.domain.errors import Blocked, Busy, ProviderUnavailable, Refused
from afterimage.domain.versions import Pair, pairs_in
from afterimage.ports.models import ImageRequest

MANY = replace(
    LIMITS, daily_images=99, daily_messages=99, image_calls=999, text_calls=999, open_messages=9
)
TWO = ImageRequest(FOX.prompt, FOX.aspect_ratio, FOX.parts, 2)
WHICH = st.integers(0, 9)
Act = Callable[["Versions", int], object]


class Versions(RuleBasedStateMachine):
    """The only line of a chat."""

    world: Bundle

    @initialize()
    def ask(self) -> None:
        self.threads = ThreadPoolExecutor(8)
        self.world = new_bundle(self.threads, 2, MANY)
        self.numbers = count(1)
        self.chosen: set[str] = set()
        self.others: list[tuple[Act, int]] = []
        self.world.text.script = [HELLO]
        self.line = self.world.ask(0).user.id
        commit = type(self.world.tables).commit

        def interrupted(*given: Any) -> None:
            if self.others:
                act, which = self.others.pop()
                act(self, which)
            commit(self.world.tables, *given)

        setattr(self.world.tables, "commit", interrupted)  # noqa: B010 - for this one only

    def teardown(self) -> None:
        if hasattr(self, "threads"):
            self.threads.shutdown()

    @rule(data=st.data(), which=WHICH)
    def something_happens(self, data: st.DataObject, which: int) -> None:
        first = data.draw(ANY)
        # Each of these comes right before one of the transactions that follow.
        self.others = data.draw(BETWEEN)
        first(self, which)
        self.others = []

    @property
    def pairs(self) -> list[Pair]:
        return pairs_in(self.world.tables.rows.messages.values(), self.line)

    def one(self, which: int) -> Pair:
        return self.pairs[which % len(self.pairs)]

    # --- What must hold at any time -------------------------------------------------------------

    @invariant()
    def exactly_one_pair_stands(self) -> None:
        if hasattr(self, "line"):
            assert sum(pair.stands for pair in self.pairs) == 1
            assert all(pair.answer.stands == pair.stands for pair in self.pairs)
            assert {pair.question.line for pair in self.pairs} == {self.line}

    @invariant()
    def what_stands_has_something_or_displaced_nothing(self) -> None:
        """Or a person has chosen it as it was, or tried it again."""
        if hasattr(self, "line"):
            (now,) = [pair for pair in self.pairs if pair.stands]
            if not now.answer.is_open and not now.answer.has_something:
                assert now.answer.stood_before is None or now.question.id in self.chosen

    @invariant()
    def each_change_is_told_once(self) -> None:
        if not hasattr(self, "line"):
            return
        events = [reference for (_, _), (reference, _) in self.world.tables.rows.events.items()]
        told = Counter(event.message_id for event in events if event.message_id)
        assert told == {m.id: m.version for m in self.world.tables.rows.messages.values()}

    @invariant()
    def what_is_open_is_counted(self) -> None:
        if hasattr(self, "line"):
            assert self.world.open_messages() == sum(pair.answer.is_open for pair in self.pairs)


def asked_anew(reply: Any) -> Act:
    def act(state: Versions, which: int) -> None:
        state.world.clock.advance(seconds=1)
        state.world.text.script = [reply] * 9
        with suppress(Refused):
            replaces = state.one(which).question.id
            state.world.ask(next(state.numbers), text=f"{which}?", replaces=replaces)

    return act


def chosen(state: Versions, which: int) -> None:
    question = state.one(which).question
    state.chosen.add(question.id)
    with suppress(Refused):
        state.world.choose(question)


def tried_again(state: Versions, which: int) -> None:
    state.world.text.script = [FOX] * 9
    with suppress(Refused):
        state.world.retry(state.one(which).answer)


def cancelled(state: Versions, which: int) -> None:
    with suppress(Refused):
        state.world.cancel(state.one(which).answer)


def _paint(state: Versions, which: int, answers: list[Any]) -> None:
    answer = state.one(which).answer
    state.world.painter.script = answers
    for place, slot in enumerate(answer.slots):
        if slot.is_open:
            job = state.world.job(answer, place)
            with suppress(Busy):  # its time is over
                state.world.paint(answer, job.attempt, place)


def painted(state: Versions, which: int) -> None:
    _paint(state, which, [[BYTES]] * 9)


def refused(state: Versions, which: int) -> None:
    _paint(state, which, [Blocked("no")] * 9)


def overdue(state: Versions, _: int) -> None:
    state.world.clock.advance(minutes=8)
    state.world.sweep()


def picture_deleted(state: Versions, which: int) -> None:
    for slot in state.one(which).answer.slots:
        state.world.delete_image(slot.id)


ACTS: list[Act] = [
    asked_anew(HELLO),
    asked_anew(FOX),
    asked_anew(TWO),
    asked_anew(ProviderUnavailable("HTTP 503")),
    chosen,
    tried_again,
    cancelled,
    painted,
    refused,
    overdue,
    picture_deleted,
]

ANY = st.sampled_from(ACTS)
BETWEEN = st.lists(st.tuples(ANY, WHICH), max_size=3)
TestVersions = Versions.TestCase
TestVersions.settings = settings(max_examples=40, stateful_step_count=20)

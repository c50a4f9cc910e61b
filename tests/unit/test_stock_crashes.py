"""A function dies before or after any step around the stock: nothing is lost, and nothing doubled.

A step is a call of what it needs of the world. What has died does nothing more; what is left is put
right by the same request again, or by the keeper.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from threading import RLock
from typing import Any

import pytest
from tests.support.answering import Take
from tests.support.builders import a_ulid
from tests.support.bundle import FOX as WISH
from tests.support.bundle import USER, Bundle, Killed, over, painters_turns
from tests.support.doubles import RecordingStarter
from tests.support.in_memory_stock import InMemoryStockFiles
from tests.support.keeping_stock import DEADLINE, KeepingStock

from afterimage.domain import ids
from afterimage.domain.errors import Busy
from afterimage.domain.messages import Status
from afterimage.domain.stock import StockStatus
from afterimage.domain.suggestions import Suggestion, Suggestions
from afterimage.use_cases.choose_painter import ChoosePainter
from afterimage.use_cases.open_question import OpenQuestion

FOX = Suggestion(text="A fox in the snow")
SETTING = Suggestions(suggestions=(FOX,), stock_size=2, pictures_a_day=99)
NEVER = 10**6


@dataclass
class Life:
    """Of one function: it dies at a step.

    Attributes:
        steps: names of those that were begun.
    """

    dies_at: int = NEVER
    after: bool = False
    steps: list[str] = field(default_factory=list)
    dead: bool = False
    lock: Any = field(default_factory=RLock)

    def of(self, world: Any) -> Any:
        """The same as this life meets it."""
        return _Met(world, self)

    def step(self, name: str, act: Callable[[], Any]) -> Any:
        with self.lock:
            self.steps.append(name)
            is_last = len(self.steps) - 1 == self.dies_at
            self.dead = self.dead or (is_last and not self.after)
            if self.dead:
                raise Killed
            done = act()
            if is_last:
                self.dead = True
                raise Killed
            return done


class _Met:
    def __init__(self, world: Any, life: Life) -> None:
        self._world, self._life = world, life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._world, name)
        if not callable(found):
            return found
        return lambda *given, **named: self._life.step(name, lambda: found(*given, **named))


class World(KeepingStock):
    """Each function may be one that dies."""

    def __init__(self, threads: Executor) -> None:
        super().__init__(threads, SETTING)
        self.life = Life()
        self.files = InMemoryStockFiles(self.pictures)
        self.asked_at: dict[str, datetime] = {}

    def met(self, needed: Any) -> Any:
        return self.life.of(needed)

    def run(self, function: Callable[[], object], life: Life | None) -> None:
        self.life = life or Life()
        with suppress(Killed):
            function()

    def sweep(self, life: Life | None = None) -> None:
        self.run(self.keep, life)

    def painter(self, life: Life | None = None) -> None:
        """What was started is painted."""
        self.model.script.clear()
        self.run(lambda: self.paint(f"picture {len(self.model.asked)}".encode()), life)

    def minutes(self, number: int) -> None:
        """Sweeps, and what they start is painted."""
        for _ in range(number):
            self.clock.advance(minutes=1)
            before = len(self.started)
            self.sweep()
            if len(self.started) > before:
                self.painter()

    def ask(self, life: Life | None = None, user: str = USER) -> Status | None:
        """The suggestion's words, in a new chat; the same request again is the same question."""
        answers: list[Status] = []
        self.run(lambda: answers.append(self._answered(user)), life)
        return answers[0] if answers else None

    def _answered(self, user: str) -> Status:
        starter = RecordingStarter()
        turns = painters_turns(self.tables, starter, self.clock, self.log, self.metrics)
        seen = starter, self.log, self.metrics
        mortal = self.met(self.tables), self.clock, self.threads, turns, *seen
        asked = over(Asked, *mortal, world=self)
        asked.text.script = [WISH]
        first = a_ulid(0, self.asked_at.setdefault(user, self.clock.now()))
        return asked.ask(user_id=user, message_id=first, text=FOX.text).assistant.status

    # --- What must hold ---------------------------------------------------------------------

    def check(self) -> None:
        """At rest: files and rows belong together, and what was handed out is one person's."""
        stored = {key.rpartition("/")[0] + "/" for key in self.pictures.files}
        rows = self.tables.rows
        of_stock = {ids.stock_folder(p.suggestion, p.image.id) for p in rows.stock.values()}
        of_users = {ids.picture_folder(user, image.id) for (user, _), image in rows.images.items()}
        assert stored == of_stock | of_users
        for folder in stored:
            assert {f"{folder}{name}" for name in ids.IMAGE_FILES} <= set(self.pictures.files)
        assert all(one.status is StockStatus.READY for one in rows.stock.values())
        assert rows.stock_jobs == []
        shown = [self.pictures.files[f"{folder}full.webp"] for folder in of_stock | of_users]
        assert len(set(shown)) == len(shown)
        used, _ = rows.stock_calls["2026-11-20"]
        assert len(shown) <= used
        for user in {user for user, _ in rows.images}:
            counted = rows.used[user, "quota#2026-11-20"]
            assert counted == sum(owner == user for owner, _ in rows.images)


@dataclass
class Asked(Bundle):
    """What answers a question: its life ends at the channel, the stock, or the copying."""

    world: World = None  # type: ignore[assignment]

    def open_stores(self) -> None:
        self.tables = self.world.tables
        super().open_stores()
        self.pictures = self.world.pictures

    def take(self, opening: OpenQuestion, painters: ChoosePainter, /) -> Take:
        stock, files = self.world.met(self.world.stock), self.world.met(self.world.files)
        return self.take_from(stock, files, lambda: SETTING, opening, painters)


def stocked(threads: Executor) -> World:
    world = World(threads)
    world.minutes(3)
    world.check()
    return world


def taking(world: World, life: Life) -> None:
    world.ask(life)


def putting_back(world: World, life: Life) -> None:
    """Whoever took it died when everything was copied."""
    world.ask(Life(_steps_of(taking, world.threads).index("copy"), after=True))
    world.clock.advance(minutes=1)
    world.sweep(life)


def removing(world: World, life: Life) -> None:
    """One was handed over."""
    assert world.ask() is Status.COMPLETE
    world.clock.advance(minutes=1)
    world.sweep(life)


def painting(world: World, life: Life) -> None:
    world.ask(user="bob")
    world.sweep()
    world.painter(life)


def clearing(world: World, life: Life) -> None:
    """The painter died when the picture was stored."""
    painter = Life(_steps_of(painting, world.threads).index("deliver"))
    painting(world, painter)
    world.clock.advance(seconds=DEADLINE.total_seconds())
    world.sweep(life)
    world.sweep(life)


SCENARIOS = (taking, putting_back, removing, painting, clearing)


@cache
def _steps_of(scenario: Callable[[World, Life], None], threads: Executor) -> list[str]:
    life = Life()
    scenario(stocked(threads), life)
    return life.steps


@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_whatever_dies_nothing_is_lost_or_doubled(
    threads: Executor, scenario: Callable[[World, Life], None], *, after: bool, repeats: bool
) -> None:
    steps = _steps_of(scenario, threads)
    assert len(steps) >= 3

    for number in range(len(steps)):
        world = stocked(threads)
        scenario(world, Life(number, after=after))
        if repeats:
            with suppress(Busy):  # which is to be repeated later
                assert world.ask() in (Status.COMPLETE, Status.GENERATING)
        world.minutes(15)
        world.check()

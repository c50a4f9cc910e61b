"""The stock: what is ordered, how it is painted, and what becomes of what nobody needs."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.doubles import REQUEST
from tests.support.interrupted import fail
from tests.support.keeping_stock import KeepingStock

from afterimage.domain import ids
from afterimage.domain.errors import Blocked, ProviderUnavailable
from afterimage.domain.metrics import Metric
from afterimage.domain.stock import StockJob, StockPicture, StockStatus
from afterimage.domain.suggestions import Suggestion, Suggestions
from afterimage.use_cases.fail_stock import FailStock

FOX = Suggestion(text="A fox in the snow", aspect_ratio="3:2")
BOAT = Suggestion(text="A boat at night")
DAY = "2026-11-20"


class World(KeepingStock):
    """A painter that may be out of reach, or quick."""

    unreachable = paints_at_once = False

    def start_stock(self, job: StockJob) -> None:
        if self.unreachable:
            raise ProviderUnavailable("nobody there")
        super().start_stock(job)
        if self.paints_at_once:
            self.paint()

    def minute(self) -> None:
        self.clock.advance(minutes=1)
        self.keep()

    def fill(self, times: int) -> None:
        """So many pictures are ordered and painted."""
        for _ in range(times):
            self.minute()
            self.paint()

    def ready(self, suggestion: Suggestion) -> list[StockPicture]:
        return list(self.stock.shelf(suggestion.id).ready)

    def job(self) -> StockJob | None:
        return self.stock.everything(self.clock.now()).job

    def used(self) -> int:
        return self.tables.rows.stock_calls.get(DAY, (0, 0))[0]


@pytest.fixture
def world(threads: Executor) -> World:
    both = Suggestions(suggestions=(FOX, BOAT), stock_size=3, pictures_a_day=99)
    return World(threads, both)


# --- Ordering ------------------------------------------------------------------------------------


def test_each_suggestion_has_a_sample_and_one_picture(world: World) -> None:
    world.fill(4)
    world.minute()

    assert len(world.started) == world.used() == 4
    for one in (FOX, BOAT):
        shelf = world.stock.shelf(one.id)
        assert shelf.sample is not None
        assert len(shelf.ready) == 1


def test_what_is_asked_often_is_kept_deeper_and_never_deeper_than_set(world: World) -> None:
    for _ in range(9):
        world.stock.asked(FOX.id, world.clock.now())
    world.fill(6)
    world.minute()

    assert (len(world.ready(FOX)), len(world.ready(BOAT))) == (3, 1)
    assert len(world.started) == 6


def test_one_is_painted_at_a_time(world: World) -> None:
    world.keep()
    world.keep()

    assert len(world.started) == 1


def test_a_day_has_so_many_calls(world: World) -> None:
    assert world.setting is not None
    world.setting = replace(world.setting, pictures_a_day=2)
    world.fill(2)
    world.minute()

    assert (len(world.started), world.used()) == (2, 2)
    world.clock.advance(days=1)
    world.keep()
    assert len(world.started) == 3


def test_one_sweep_has_one_painted_behind_the_other(world: World) -> None:
    world.paints_at_once = True

    world.keep(seconds=55)

    assert (len(world.started), world.clock.slept) == (4, [2] * 4)
    world.keep(seconds=55)
    assert len(world.clock.slept) == 4


def test_a_sweep_does_not_wait_for_what_another_has_ordered(world: World) -> None:
    world.keep()

    world.keep(seconds=55)

    assert world.clock.slept == []


def test_a_sweep_waits_no_longer_than_it_may(world: World) -> None:
    began = world.clock.now()

    world.keep(seconds=55)

    assert world.clock.now() - began <= timedelta(seconds=55)
    assert len(world.started) == 1


def test_nothing_is_painted_where_nothing_is_suggested(world: World) -> None:
    world.setting = Suggestions()

    world.keep()

    assert (world.started, world.job()) == ([], None)


def test_what_nobody_claims_is_started_again(world: World) -> None:
    world.unreachable = True
    world.keep()
    assert world.job() is not None
    world.unreachable = False

    world.minute()

    assert len(world.started) == 1


# --- Painting ------------------------------------------------------------------------------------


def test_a_picture_of_nobody_is_painted_stored_and_paid_for(world: World) -> None:
    world.keep()
    world.paint(b"a fox")

    sample = world.stock.shelf(FOX.id).sample
    assert sample is not None
    folder = ids.stock_folder(FOX.id, sample.image.id)
    assert set(world.pictures.files) == set(ids.files_in(folder))
    assert world.pictures.files[f"{folder}original"] == b"a fox"
    assert (sample.image.prompt, sample.image.message_id, sample.image.chat_id) == (
        FOX.text,
        None,
        None,
    )
    assert (sample.model, sample.cost_nano_usd) == ("an-image-model", 30_000_000)
    ((request, _),) = world.model.asked
    assert (request.prompt.splitlines()[0], request.aspect_ratio) == (FOX.text, "3:2")
    assert world.metrics.of(Metric.IMAGE_CALLS) == [1]
    assert world.metrics.of(Metric.IMAGE_COST) == [0.03]


def test_its_last_draft_is_the_picture_where_nothing_finished_can_be_read(world: World) -> None:
    world.model.drafts, world.studio.unreadable = [b"a draft"], {b"half"}
    world.keep()
    world.paint(b"half")

    sample = world.stock.shelf(FOX.id).sample
    assert sample is not None
    folder = ids.stock_folder(FOX.id, sample.image.id)
    assert world.pictures.files[f"{folder}original"] == b"a draft"


def test_the_same_event_again_paints_nothing(world: World) -> None:
    world.keep()
    world.paint()
    world.paint()

    assert len(world.model.asked) == 1


def test_what_fails_leaves_nothing_and_counts(world: World) -> None:
    world.keep()
    world.model.script.append(Blocked("no"))
    world.paint()
    failed = world.job()
    assert failed is not None
    assert failed.status is StockStatus.FAILED

    world.keep()

    assert (world.job(), world.used(), world.pictures.files) == (None, 1, {})
    world.keep()
    assert len(world.started) == 2


def test_what_was_stored_of_a_failed_one_goes(world: World) -> None:
    world.pictures.refuses.add("full.webp")
    world.keep()
    world.paint()
    assert world.pictures.files

    world.keep()

    assert (world.pictures.files, world.job()) == ({}, None)
    assert world.metrics.of(Metric.DEFECTS) == [1]


def test_what_somebody_came_before_goes_and_what_is_there_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.keep()
    deliver = world.stock.deliver
    lost = [deliver, lambda *_: False]  # the first time, the answer is lost

    def twice(*given: Any) -> bool:
        return bool([act(*given) for act in lost][-1])

    monkeypatch.setattr(world.stock, "deliver", twice)
    world.paint()
    assert world.job() is None
    assert world.stock.shelf(FOX.id).sample is not None
    lost.pop(0)

    world.keep()
    world.paint()
    world.keep()

    assert world.job() is None
    assert len(world.pictures.files) == len(ids.IMAGE_FILES)


def test_a_painter_that_died_is_followed_by_another_job(world: World) -> None:
    world.keep()
    world.stock.claim(world.started[-1], REQUEST)
    FailStock(world.stock, world.log, world.metrics)(world.started[-1], REQUEST)

    world.keep()
    world.keep()

    assert len(world.started) == 2
    assert world.metrics.of(Metric.INVOCATIONS_FAILED) == [1]


def test_a_painter_of_which_nobody_heard_is_overdue(world: World) -> None:
    world.keep()
    world.stock.claim(world.started[-1], REQUEST)
    world.clock.advance(seconds=459)
    world.keep()
    job = world.job()
    assert job is not None
    assert job.status is StockStatus.RUNNING

    world.clock.advance(seconds=1)
    for _ in range(3):
        world.keep()

    assert len(world.started) == 2


# --- Tidying -------------------------------------------------------------------------------------


def taken(world: World) -> StockPicture:
    """One that somebody has taken, with two of its files copied."""
    folder = ids.picture_folder("alice", "01")
    picture = world.ready(FOX)[0]
    took = world.stock.take(picture, folder, world.clock.now() + timedelta(minutes=1))
    assert took is not None
    for name in ("full.webp", "original"):
        world.pictures.files[f"{folder}{name}"] = b"copied"
    return took


def test_what_was_taken_comes_back_without_its_copies(world: World) -> None:
    world.fill(4)
    before = world.ready(FOX), dict(world.pictures.files)
    taken(world)
    world.clock.advance(seconds=59)
    world.keep()
    assert world.ready(FOX) == []

    world.clock.advance(seconds=1)
    world.keep()

    assert (world.ready(FOX), world.pictures.files) == before


def test_what_is_handed_over_is_gone_from_the_stock(world: World) -> None:
    world.fill(4)
    took = taken(world)
    key = took.suggestion, took.name
    world.tables.rows.stock[key] = replace(took, status=StockStatus.SPENT)

    world.keep()

    assert key not in world.tables.rows.stock
    own = ids.stock_folder(FOX.id, took.image.id)
    assert not [name for name in world.pictures.files if name.startswith(own)]
    assert [name for name in world.pictures.files if name.startswith("p/")]


def test_what_is_no_suggestion_any_more_goes(world: World) -> None:
    world.fill(4)
    world.setting = Suggestions(suggestions=(BOAT,), stock_size=1, pictures_a_day=99)

    world.keep()

    assert {key[0] for key in world.tables.rows.stock} == {BOAT.id}
    assert not [name for name in world.pictures.files if FOX.id in name]


def test_nothing_is_thrown_away_for_a_setting_that_is_not_valid(world: World) -> None:
    world.fill(4)
    world.setting = None

    world.keep()

    assert len(world.tables.rows.stock) == 4


def test_one_that_cannot_be_removed_keeps_no_other(world: World) -> None:
    world.fill(4)
    world.setting = Suggestions()
    fail(world.pictures, "delete", OSError("not now"), times=1)
    world.keep()
    assert len(world.tables.rows.stock) == 1
    world.keep()

    assert (world.tables.rows.stock, world.pictures.files) == ({}, {})
    assert world.metrics.of(Metric.DEFECTS) == [1]

"""The stock: one job at a time, a day's calls exactly, and no picture for two."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from tests.contracts.conftest import Tables
from tests.support.builders import CHAT, a_job, a_ulid, an_image
from tests.support.doubles import NOW

from afterimage.domain.changes import (
    Change,
    CountMessage,
    InsertJob,
    ReserveImage,
    SpendStock,
    TouchChat,
)
from afterimage.domain.jobs import JobStatus
from afterimage.domain.limits import DailyLimits, ModelKind
from afterimage.domain.stock import (
    SAMPLE,
    StockJob,
    StockPicture,
    StockStatus,
    ready_name,
    taken_name,
)

DAY = "2026-11-20"
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def suggestion() -> str:
    """One that nobody else has."""
    return uuid4().hex[:16]


@pytest.fixture
def day() -> str:
    """One whose calls nobody else counts: tests share tables."""
    return (date(2000, 1, 1) + timedelta(days=uuid4().int % 100_000)).isoformat()


def a_stock_job(suggestion: str, number: int = 0, **changed: object) -> StockJob:
    picture = a_ulid(number)
    job = StockJob(
        suggestion, picture, ready_name(picture), "a red fox", "3:2", DAY, NOW, until=LATER
    )
    return replace(job, **changed)  # type: ignore[arg-type]


def a_picture(suggestion: str, number: int = 0, *, name: str = "") -> StockPicture:
    image = an_image(number, message_id=None, chat_id=None, key="stock/a/b/full.webp")
    return StockPicture(suggestion, name or ready_name(image.id), image, "a-model", 33_600_000)


def painted(tables: Tables, suggestion: str, number: int = 0, *, name: str = "") -> StockPicture:
    """A picture, as it comes into the stock."""
    picture = a_picture(suggestion, number, name=name)
    assert tables.stock.order(a_stock_job(suggestion, number), 999)
    job = tables.stock.claim(picture.image.id, "a request")
    assert job is not None
    assert tables.stock.deliver(job, picture)
    return picture


@pytest.fixture(autouse=True)
def _no_job(tables: Tables) -> None:
    """Whatever another test has left."""
    if (job := tables.stock.everything(NOW).job) is not None:
        tables.stock.ended(job)


def test_one_is_painted_at_a_time_and_delivered_once(tables: Tables, suggestion: str) -> None:
    job, picture = a_stock_job(suggestion), a_picture(suggestion)
    assert tables.stock.order(job, 999)
    assert not tables.stock.order(a_stock_job(suggestion, 1), 999)
    assert tables.stock.everything(NOW).job == job

    running = tables.stock.claim(job.picture, "a request")
    assert running == replace(job, status=StockStatus.RUNNING, claimed_by="a request")
    assert tables.stock.claim(job.picture, "a request") is None
    assert tables.stock.deliver(running, picture)
    assert not tables.stock.deliver(running, picture)

    assert tables.stock.everything(NOW).job is None
    assert tables.stock.shelf(suggestion).ready == (picture,)


def test_a_days_calls_are_exact(tables: Tables, suggestion: str, day: str) -> None:
    job = a_stock_job(suggestion, day=day)

    def counted() -> bool:
        return tables.stock_calls.count_call("", ModelKind.IMAGE, day, 0)

    assert not tables.stock.order(job, 0)
    assert tables.stock.order(job, 2)
    assert [counted(), counted()] == [True, False]
    tables.stock_calls.return_call("", ModelKind.IMAGE, day)
    tables.stock.ended(job)
    assert tables.stock.order(job, 2)
    tables.stock.ended(job)
    assert not tables.stock.order(job, 2)


def test_many_keepers_order_one(atomic_tables: Tables, suggestion: str, day: str) -> None:
    tables = atomic_tables
    if (job := tables.stock.everything(NOW).job) is not None:
        tables.stock.ended(job)
    jobs = [a_stock_job(suggestion, number, day=day) for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        ordered = list(pool.map(lambda job: tables.stock.order(job, 8), jobs))

    assert sum(ordered) == 1


@pytest.mark.parametrize("claimed", [False, True])
def test_a_job_that_failed_is_not_delivered(
    tables: Tables, suggestion: str, *, claimed: bool
) -> None:
    job = a_stock_job(suggestion)
    tables.stock.order(job, 999)
    running = tables.stock.claim(job.picture, "a request") if claimed else job
    assert running is not None

    assert not tables.stock.fail(a_ulid(9), "a request")
    assert tables.stock.fail(job.picture, running.claimed_by)

    assert tables.stock.claim(job.picture, "another") is None
    assert not tables.stock.deliver(running, a_picture(suggestion))
    failed = tables.stock.everything(NOW).job
    assert failed == replace(running, status=StockStatus.FAILED)
    tables.stock.ended(running)
    assert tables.stock.everything(NOW).job == failed
    tables.stock.ended(failed)
    assert tables.stock.everything(NOW).job is None


def test_who_runs_it_no_more_does_not_fail_it(tables: Tables, suggestion: str) -> None:
    job = a_stock_job(suggestion)
    tables.stock.order(job, 999)
    tables.stock.claim(job.picture, "a request")

    assert not tables.stock.fail(job.picture, "another")
    assert not tables.stock.fail(job.picture, None)


def test_a_sample_is_shown_and_not_handed_out(tables: Tables, suggestion: str) -> None:
    sample = painted(tables, suggestion, name=SAMPLE)

    assert tables.stock.shelf(suggestion) == type(tables.stock.shelf(suggestion))(sample, ())
    assert not tables.stock.ready(suggestion)
    assert tables.stock.taken_for(suggestion, "p/a/b/") is None


def test_what_is_taken_is_its_messages_alone(tables: Tables, suggestion: str) -> None:
    first, second = painted(tables, suggestion, 0), painted(tables, suggestion, 1)
    own, ready = tables.stock.taken_for(suggestion, "p/a/b/"), tables.stock.ready(suggestion)
    assert (own, list(ready)) == (None, [first, second])

    taken = tables.stock.take(first, "p/a/b/", LATER)

    assert taken is not None
    assert (taken.name, taken.folder) == (taken_name("p/a/b/"), "p/a/b/")
    assert tables.stock.take(first, "p/c/d/", LATER) is None
    assert tables.stock.take(second, "p/a/b/", LATER) is None  # one for a message
    own, ready = tables.stock.taken_for(suggestion, "p/a/b/"), tables.stock.ready(suggestion)
    assert (own, list(ready)) == (taken, [second])
    again = tables.stock.take(taken, "p/a/b/", LATER + timedelta(minutes=1))
    assert again == replace(taken, until=LATER + timedelta(minutes=1))
    assert tables.stock.take(taken, "p/a/b/", LATER) is None


def test_of_many_who_want_the_same_one_has_it(atomic_tables: Tables, suggestion: str) -> None:
    tables = atomic_tables
    if (job := tables.stock.everything(NOW).job) is not None:
        tables.stock.ended(job)
    picture = painted(tables, suggestion)

    with ThreadPoolExecutor(8) as pool:
        took = list(pool.map(lambda n: tables.stock.take(picture, f"p/a/{n}/", LATER), range(8)))

    assert sum(one is not None for one in took) == 1


def test_what_was_taken_and_forgotten_is_ready_again(tables: Tables, suggestion: str) -> None:
    picture = painted(tables, suggestion)
    taken = tables.stock.take(picture, "p/a/b/", LATER)
    assert taken is not None

    held = tables.stock.hold(taken, LATER + timedelta(minutes=1))
    assert held is not None
    assert tables.stock.hold(taken, LATER) is None
    assert tables.stock.take(taken, "p/a/b/", LATER) is None
    own = tables.stock.taken_for(suggestion, "p/a/b/")
    assert own == held

    assert tables.stock.put_back(held)
    assert not tables.stock.put_back(held)
    assert tables.stock.ready(suggestion) == [picture]
    assert tables.stock.taken_for(suggestion, "p/a/b/") is None


def test_what_is_given_up_may_be_put_back_at_once(tables: Tables, suggestion: str) -> None:
    taken = tables.stock.take(painted(tables, suggestion), "p/a/b/", LATER)
    assert taken is not None

    tables.stock.give_up(taken, NOW)

    own = tables.stock.taken_for(suggestion, "p/a/b/")
    assert own == replace(taken, until=NOW)


def test_what_is_spent_is_nobodys_and_goes(tables: Tables, suggestion: str) -> None:
    picture = painted(tables, suggestion)
    tables.stock.remove(picture)
    spent = tables.stock.spend(picture)
    assert spent is not None
    assert tables.stock.spend(picture) is None
    assert tables.stock.take(picture, "p/a/b/", LATER) is None
    assert tables.stock.shelf(suggestion).ready == ()

    tables.stock.remove(spent)

    left = [one for one in tables.stock.everything(NOW).pictures if one.suggestion == suggestion]
    assert left == []


def test_what_is_asked_is_counted_for_two_days(tables: Tables, suggestion: str) -> None:
    for days in (0, 0, 1, 2):
        tables.stock.asked(suggestion, NOW - timedelta(days=days))

    assert tables.stock.everything(NOW).asked[suggestion] == 3


def handed_over(tables: Tables, user: str, taken: StockPicture, *also: Change) -> None:
    tables.commit(user, TouchChat(CHAT, "A fox", NOW, is_new=True), SpendStock(taken), *also)


def test_a_picture_is_handed_over_once_and_with_all_that_belongs_to_it(
    tables: Tables, suggestion: str, user: str
) -> None:
    taken = tables.stock.take(painted(tables, suggestion), "p/a/b/", LATER)
    assert taken is not None
    longer = tables.stock.take(taken, "p/a/b/", LATER + timedelta(minutes=1))
    job = a_job(status=JobStatus.SUCCEEDED, started_at=NOW, ended_at=NOW, price_usd="0.0336")

    handed_over(tables, user, taken, InsertJob(job))

    assert tables.jobs.get(user, job.id) == job
    own = tables.stock.taken_for(suggestion, "p/a/b/")
    assert longer is not None
    assert own == replace(longer, status=StockStatus.SPENT)
    assert tables.refused(user, SpendStock(taken)) == {SpendStock}
    assert tables.refused(user, TouchChat(CHAT, "A fox", NOW, is_new=True)) == {TouchChat}
    tables.stock.give_up(longer, NOW)
    assert tables.stock.hold(longer, LATER) is None


def test_what_is_being_put_back_is_not_handed_over(
    tables: Tables, suggestion: str, user: str
) -> None:
    taken = tables.stock.take(painted(tables, suggestion), "p/a/b/", LATER)
    assert taken is not None
    held = tables.stock.hold(taken, LATER + timedelta(minutes=1))

    assert tables.refused(user, SpendStock(taken)) == {SpendStock}
    assert held is not None
    tables.stock.put_back(held)
    assert tables.refused(user, SpendStock(taken)) == {SpendStock}


def test_a_first_question_is_none_in_a_chat_that_is_being_deleted(
    tables: Tables, user: str
) -> None:
    tables.commit(user, TouchChat(CHAT, "A fox", NOW))
    tables.delete_chat(user, CHAT)

    assert tables.refused(user, TouchChat(CHAT, "A fox", NOW, is_new=True)) == {TouchChat}


def test_a_first_question_may_take_until_its_day_is_used_up(tables: Tables, user: str) -> None:
    limits = DailyLimits(daily_images=2, daily_messages=1, image_calls=9, text_calls=9)
    assert tables.first.may_take(user, CHAT, DAY, limits)
    tables.commit(user, ReserveImage(DAY, 2))
    assert tables.first.may_take(user, CHAT, DAY, limits)
    tables.commit(user, CountMessage(DAY, 1))

    assert not tables.first.may_take(user, CHAT, DAY, limits)
    more = replace(limits, daily_messages=2)
    assert tables.first.may_take(user, CHAT, DAY, more)
    assert not tables.first.may_take(user, CHAT, DAY, replace(more, daily_images=1))


def test_a_second_question_of_a_chat_takes_nothing(tables: Tables, user: str) -> None:
    limits = DailyLimits(daily_images=2, daily_messages=2, image_calls=9, text_calls=9)
    tables.commit(user, TouchChat(CHAT, "A fox", NOW))

    assert not tables.first.may_take(user, CHAT, DAY, limits)
    assert tables.first.may_take(user, "another", DAY, limits)

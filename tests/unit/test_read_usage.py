"""What of a day's limits is used, and how long pictures take, as `/usage` says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.support.builders import a_job
from tests.support.bundle import Bundle
from tests.support.doubles import NOW
from tests.support.in_memory import Counter
from tests.unit.conftest import USER

from afterimage.domain.jobs import JobStatus
from afterimage.domain.limits import DailyLimits
from afterimage.domain.metrics import Metric
from afterimage.use_cases.read_chats import ReadUsage, Usage


def read_usage(alone: Bundle, models: Callable[[], Mapping[str, str]] = dict) -> Usage:
    limits = DailyLimits(10, 200, 30, 400), 4, 50
    kept = alone.ledger, alone.tables.read, alone.clock
    return ReadUsage(*kept, *limits, models, alone.log, alone.metrics)(USER)


def test_usage_of_today(alone: Bundle) -> None:
    alone.tables.rows.used[USER, "quota#2026-11-20"] = 7
    alone.tables.rows.used[USER, "messages#2026-11-20"] = 30
    alone.tables.rows.used[USER, "uploads#2026-11-20"] = 3
    alone.tables.rows.used[USER, "quota#2026-11-19"] = 10
    alone.tables.rows.used[USER, "image_calls#2026-11-20"] = 9
    alone.tables.rows.used[USER, "text_calls#2026-11-20"] = 31
    for number, seconds in enumerate((2, 9, 4)):
        done = NOW + timedelta(seconds=seconds)
        job = replace(a_job(number), status=JobStatus.SUCCEEDED, ended_at=done)
        alone.tables.rows.jobs[USER, job.id] = job
    failed = replace(a_job(8), status=JobStatus.FAILED, ended_at=NOW + timedelta(hours=1))
    alone.tables.rows.jobs[USER, failed.id] = failed
    alone.tables.rows.jobs[USER, a_job(9).id] = a_job(9)
    alone.tables.rows.counters[USER] = Counter(painting=frozenset({a_job(9).id}))

    alone.tables.rows.costs = {
        (USER, "cost#2026-11-20"): (34_000_000, 7),
        (USER, "cost#2026-11-19"): (1, 1),
    }

    assert read_usage(alone) == Usage(
        limit=10,
        used=7,
        resets_at=datetime(2026, 11, 21, tzinfo=UTC),
        message_limit=200,
        messages_used=30,
        upload_limit=50,
        uploads_used=3,
        image_calls=9,
        image_call_limit=30,
        text_calls=31,
        text_call_limit=400,
        painting=1,
        painting_limit=4,
        cost_usd="0.034",
        typical_ms=4_000,
        typical_ms_by_model={},
    )


def test_usage_without_any_picture_has_no_typical_time(alone: Bundle) -> None:
    assert read_usage(alone).typical_ms is None


def test_each_name_has_the_typical_time_of_its_model_alone(alone: Bundle) -> None:
    painted = [
        ("banana", 20),
        ("banana", 40),
        ("banana", 30),
        ("lite", 2),
        ("lite", 4),
        ("old", 99),
    ]
    for number, (model, seconds) in enumerate(painted):
        job = replace(a_job(number, model=model), status=JobStatus.SUCCEEDED)
        job = replace(job, ended_at=job.handed_over_at + timedelta(seconds=seconds))
        alone.tables.rows.jobs[USER, job.id] = job

    names = {"careful": "banana", "quick": "lite", "new": "never-asked"}
    usage = read_usage(alone, lambda: names)

    assert usage.typical_ms_by_model == {"careful": 30_000, "quick": 3_000, "new": None}
    assert usage.typical_ms == 25_000


def test_what_is_left_of_the_day_is_known_while_the_models_cannot_be_read(alone: Bundle) -> None:
    def unread() -> Mapping[str, str]:
        raise OSError

    usage = read_usage(alone, unread)

    assert (usage.limit, usage.typical_ms_by_model) == (10, {})
    assert alone.metrics.of(Metric.DEFECTS) == [1]

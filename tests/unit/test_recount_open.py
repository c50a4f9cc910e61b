"""A number of open answers that is off is put right once a day, and nothing else is."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta

import pytest
from tests.support.bundle import USER, Bundle
from tests.support.interrupted import behind

from afterimage.domain.metrics import Metric
from afterimage.use_cases.recount_open import PARTS, RecountOpen

MINUTE_OF_USER = zlib.crc32(USER.encode()) % PARTS


@pytest.fixture
def recount(bundle: Bundle) -> RecountOpen:
    now = bundle.clock.now()
    midnight = now.replace(hour=0, minute=0) + timedelta(days=1)
    bundle.clock.advance(seconds=(midnight - now).total_seconds() + MINUTE_OF_USER * 60)
    return RecountOpen(
        bundle.channel, bundle.index, bundle.messages, bundle.clock, bundle.log, bundle.metrics
    )


def soon(bundle: Bundle) -> datetime:
    return bundle.clock.now() + timedelta(seconds=50)


def off_by(bundle: Bundle, by: int) -> None:
    bundle.tables.rows.counters[USER].open += by


@pytest.mark.parametrize("by", [2, -2])
def test_what_is_off_is_put_right_and_told(bundle: Bundle, recount: RecountOpen, by: int) -> None:
    bundle.order()
    off_by(bundle, by)

    recount(soon(bundle))

    assert bundle.tables.read(USER).open_messages == 1
    assert bundle.metrics.of(Metric.OPEN_CORRECTED) == [1]


def test_what_is_right_is_not_looked_at_twice(bundle: Bundle, recount: RecountOpen) -> None:
    bundle.order()

    recount(soon(bundle))

    assert bundle.clock.slept == []
    assert bundle.metrics.of(Metric.OPEN_CORRECTED) == []


def test_somebody_who_is_at_it_is_left_alone(bundle: Bundle, recount: RecountOpen) -> None:
    message = bundle.order()
    off_by(bundle, 1)
    behind(bundle.clock, "sleep", lambda: bundle.cancel(message))

    recount(soon(bundle))

    assert bundle.tables.read(USER).open_messages == 1  # nothing is open; the next day sees it
    assert bundle.metrics.of(Metric.OPEN_CORRECTED) == []


def test_each_user_has_one_minute_of_the_day(bundle: Bundle, recount: RecountOpen) -> None:
    bundle.order()
    off_by(bundle, 1)
    bundle.clock.advance(minutes=1)

    recount(soon(bundle))

    assert bundle.tables.read(USER).open_messages == 2


def test_the_sweep_recounts(bundle: Bundle, recount: RecountOpen) -> None:
    bundle.order()
    off_by(bundle, 1)

    bundle.sweep()

    assert bundle.tables.read(USER).open_messages == 1

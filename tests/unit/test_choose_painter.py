"""Which image model paints, how large, and what that counts for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import pytest
from pydantic import ValidationError
from tests.support.builders import a_job, a_message, an_image
from tests.support.doubles import NOW, RecordingLog, RecordingMetrics

from afterimage.adapters.catalogue import packaged
from afterimage.adapters.own_models import OwnModels
from afterimage.domain import endings
from afterimage.domain.catalogue import Catalogue, catalogue_of
from afterimage.domain.changes import MoveJob, RefundImage, ReserveImage
from afterimage.domain.errors import Invalid, QuotaExceeded
from afterimage.domain.image_sizes import size_of
from afterimage.domain.jobs import JobStatus
from afterimage.domain.messages import Role
from afterimage.domain.metrics import Metric
from afterimage.domain.slots import Slot
from afterimage.http.image_models import views
from afterimage.use_cases.choose_painter import ChoosePainter, Painter

PRICES = [{"input": {"text": "1"}, "output": {"text": "10", "image": "30"}}]
LARGE = {"1K": {"tokens": 1120}, "2K": {"tokens": 1680, "pictures": 2}, "4K": {"tokens": 3780}}
LARGE["4K"]["pictures"] = 3


def a_catalogue(*models: dict[str, Any]) -> Catalogue:
    models = models or (
        {"id": "slow", "name": "careful", "label": "Careful", "sizes": LARGE},
        {"id": "fast", "name": "quick", "aspect_ratios": ["1:1", "16:9"]},
        {"id": "hidden"},
    )
    listed = [{"prices": PRICES, **model} for model in models]
    return catalogue_of({"text_models": [], "image_models": listed})


def choosing(default: str = "slow", catalogue: Catalogue | None = None) -> ChoosePainter:
    known = catalogue or a_catalogue()
    return ChoosePainter(lambda: known, default, RecordingLog(), RecordingMetrics())


def test_what_nobody_chooses_needs_no_catalogue() -> None:
    def unread() -> Catalogue:
        raise AssertionError

    choose = ChoosePainter(unread, "slow", RecordingLog(), RecordingMetrics())

    choose.check(None, None, "1:8")
    assert choose(None, None) == Painter("slow", "1K", 1)


def test_no_picture_is_lost_for_a_catalogue_that_cannot_be_read() -> None:
    log, metrics = RecordingLog(), RecordingMetrics()
    choose = ChoosePainter(Mock(side_effect=OSError("away")), "slow", log, metrics)

    assert choose("quick", None) == Painter("slow")
    assert (log.events(), metrics.of(Metric.DEFECTS)) == (["model_catalogue_unread"], [1])


def test_a_name_and_a_size_choose_who_paints_and_what_counts() -> None:
    choose = choosing()

    assert choose("quick", None) == Painter("fast", "1K", 1)
    assert choose(None, "4K") == Painter("slow", "4K", 3, {"1K": 1, "2K": 2})
    # What the operator has taken away since.
    assert choose("gone", "4K") == Painter("slow", "4K", 3, {"1K": 1, "2K": 2})
    assert choose("quick", "4K") == Painter("fast", "1K", 1)


@pytest.mark.parametrize(
    ("name", "size", "ratio"),
    [("gone", None, None), ("hidden", None, None), ("quick", "2K", None), ("quick", None, "21:9")],
)
def test_what_a_model_does_not_have_is_refused(name: str, size: Any, ratio: str | None) -> None:
    choosing().check("careful", "4K", "21:9")

    with pytest.raises(Invalid):
        choosing().check(name, size, ratio)


def test_the_default_comes_first_under_whatever_name() -> None:
    known = a_catalogue()

    def names(default: str) -> list[tuple[str | None, str]]:
        return [(model.name, model.id) for model in known.offered(default)]

    assert names("fast") == [("quick", "fast"), ("careful", "slow")]
    assert names("hidden") == [("standard", "hidden"), ("careful", "slow"), ("quick", "fast")]
    assert names("unheard-of")[0] == ("standard", "unheard-of")
    assert choosing("unheard-of")("standard", "1K") == Painter("unheard-of", "1K", 1)


@pytest.mark.parametrize("names", [["a", "a"], ["a", "b", "c", "d"], ["A b"]])
def test_at_most_three_have_a_name_each_another_one(names: list[str]) -> None:
    given = [{"id": f"m{n}", "name": one, "prices": PRICES} for n, one in enumerate(names)]

    with pytest.raises(ValidationError):
        OwnModels.model_validate({"image_models": given})


def test_the_page_is_told_sizes_with_their_prices() -> None:
    shown = views(packaged().offered("gemini-nano-banana-2.1"), Decimal("0.04"), date(2026, 11, 29))

    assert [model["name"] for model in shown] == ["careful", "quick"]
    assert shown[0]["sizes"]["4K"] == {"price_usd": "0.1134", "pictures": 3}
    assert shown[1]["sizes"] == {"1K": {"price_usd": "0.0336", "pictures": 1}}
    assert (len(shown[0]["aspect_ratios"]), shown[0]["max_sources"]) == (14, 14)
    unknown, *_ = views(a_catalogue().offered("unheard-of"), Decimal("0.04"), date(2026, 11, 29))
    assert unknown["sizes"] == {"1K": {"price_usd": "0.04", "pictures": 1}}


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (1024, 1024, "1K"),
        (352, 2928, "1K"),
        (848, 1264, "1K"),
        (2752, 1536, "2K"),
        (704, 5856, "2K"),
        (4096, 4096, "4K"),
        (5504, 3072, "4K"),
        (1408, 11712, "4K"),
    ],
)
def test_a_size_is_known_by_its_pixels(width: int, height: int, size: str) -> None:
    assert size_of(width, height) == size


@pytest.mark.parametrize(
    ("width", "counted"), [(4096, 3), (2048, 2), (1024, 1)], ids=["4K", "2K", "1K"]
)
def test_where_a_smaller_picture_came_the_difference_goes_back(width: int, counted: int) -> None:
    job = a_job(status=JobStatus.RUNNING, image_size="4K", pictures=3, counts={"1K": 1, "2K": 2})
    message = a_message(role=Role.ASSISTANT, slots=(Slot(job.id),), image_size="4K")
    image = an_image(id=job.id, width=width, height=width)

    ended = endings.complete(message, job, [image], "0.1", NOW)

    refunds = [one for one in ended.transition.changes if isinstance(one, RefundImage)]
    assert refunds == ([RefundImage(job.quota_day, 3 - counted)] if counted < 3 else [])
    (move,) = (one for one in ended.transition.changes if isinstance(one, MoveJob))
    assert move.after.pictures == counted
    assert (ended.message.image_size, ended.message.images[0].width) == ("4K", width)


def test_one_that_fails_gives_back_all_that_it_took() -> None:
    jobs = [a_job(number, status=JobStatus.RUNNING, pictures=3) for number in range(2)]
    message = a_message(role=Role.ASSISTANT, slots=tuple(Slot(job.id) for job in jobs))

    failed = endings.fail(message, QuotaExceeded(), NOW, jobs)

    assert RefundImage(jobs[0].quota_day, 6) in failed.transition.changes
    assert not any(isinstance(one, ReserveImage) for one in failed.transition.changes)

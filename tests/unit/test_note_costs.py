"""What calls cost: worked out, reported and added up, whatever comes of them."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from tests.support.builders import a_job
from tests.support.bundle import BYTES, DAY, HELLO, USER, Bundle, Killed, die
from tests.support.costs import FLAT, IMAGE_MODEL, MODELS, TEXT_MODEL
from tests.support.interrupted import fail

from afterimage.adapters.own_models import OwnModels
from afterimage.domain import ids
from afterimage.domain.catalogue import Catalogue
from afterimage.domain.errors import Blocked, ProviderUnavailable
from afterimage.domain.messages import Status
from afterimage.domain.metrics import Metric
from afterimage.domain.usage import Usage

# By the prices of the tests: $0.00001 + $0.0002, and $0.03.
SAID = Usage(read={"text": 10}, written={"text": 15}, thoughts=5, model=TEXT_MODEL)
PAINTED = Usage(written={"image": 1_000})
TEXT_NANO, IMAGE_NANO, FLAT_NANO = 210_000, 30_000_000, 33_600_000


# --- One turn ------------------------------------------------------------------------------------


def test_each_call_that_may_have_been_billed_costs_what_it_used(bundle: Bundle) -> None:
    counted = bundle.image_calls(9)
    with counted.of_turn(USER, DAY) as calls:
        calls.begin()
        calls.not_billed()
        calls.begin()
        calls.used(IMAGE_MODEL, Usage(written={"text": 10}))
        calls.begin()  # this one brought nothing, and said nothing
        calls.begin()
        calls.used(IMAGE_MODEL, None)
        calls.used(IMAGE_MODEL, PAINTED)
    counted.costs.settle()

    assert bundle.spent() == 100_000 + FLAT_NANO + IMAGE_NANO
    assert bundle.metrics.counts("ImageC") == {"ImageCalls": 3, "ImageCost": pytest.approx(0.0637)}


def test_a_turn_that_fails_has_cost_all_the_same(bundle: Bundle) -> None:
    counted = bundle.image_calls(9)
    with suppress(Blocked), counted.of_turn(USER, DAY) as calls:
        calls.begin()
        calls.used(IMAGE_MODEL, Usage(read={"text": 9}))
        raise Blocked
    counted.costs.settle()

    assert bundle.spent() == 9_000


def test_what_proves_that_nothing_was_billed_costs_nothing(bundle: Bundle) -> None:
    counted = bundle.image_calls(9)
    with suppress(ProviderUnavailable), counted.of_turn(USER, DAY) as calls:
        calls.begin()
        calls.not_billed()
        raise ProviderUnavailable
    counted.costs.settle()

    assert (bundle.tables.rows.costs, bundle.metrics.counts("ImageC")) == ({}, {})


@pytest.mark.parametrize(
    ("asked", "answered", "nano"),
    [
        (IMAGE_MODEL, None, IMAGE_NANO),
        (IMAGE_MODEL, "never-heard-of", IMAGE_NANO),
        ("gone", IMAGE_MODEL, IMAGE_NANO),  # the provider had another answer in its place
        ("gone", "never-heard-of", FLAT_NANO),
    ],
)
def test_who_answered_says_the_price(
    bundle: Bundle, asked: str, answered: str | None, nano: int
) -> None:
    counted = bundle.image_calls(9)
    for _ in range(2):
        with counted.of_turn(USER, DAY) as calls:
            calls.begin()
            calls.used(asked, Usage(written=PAINTED.written, model=answered))
    counted.costs.settle()

    assert bundle.spent() == 2 * nano
    told = [line for line in bundle.log.lines if line.event == "model_price_unknown"]
    assert len(told) == (nano == FLAT_NANO)  # once


def test_a_catalogue_that_cannot_be_read_loses_no_answer(bundle: Bundle) -> None:
    def unread() -> Catalogue:
        raise RuntimeError("no parameter")

    counted = bundle.image_calls(9, catalogue=unread)
    with counted.of_turn(USER, DAY) as calls:
        calls.begin()
        calls.used(IMAGE_MODEL, PAINTED)
    counted.costs.settle()

    assert bundle.spent() == FLAT_NANO
    assert bundle.log.events() == ["model_catalogue_unread"]
    assert bundle.metrics.of(Metric.DEFECTS) == [1]


def test_what_cannot_be_written_is_told_and_the_rest_is_written(bundle: Bundle) -> None:
    counted = bundle.image_calls(9)
    fail(bundle.ledger, "note_cost", RuntimeError("no table"), times=1)
    for _ in range(2):
        counted.costs.add(USER, None, FLAT, 0)
    counted.costs.settle()

    assert bundle.spent() == FLAT_NANO
    assert bundle.log.events() == ["cost_not_noted"]
    assert bundle.metrics.of(Metric.DEFECTS) == [1]


@pytest.mark.parametrize(
    ("asked", "job", "nano"),
    [
        (IMAGE_MODEL, {"image_size": "4K"}, 4 * IMAGE_NANO),
        ("", {"image_size": "4K"}, 4 * IMAGE_NANO),  # no answer came
        ("its-successor", {"image_size": "1K"}, IMAGE_NANO),
        (IMAGE_MODEL, {"image_size": "2K"}, FLAT_NANO),  # which it does not paint
        ("", {"model": "gone"}, FLAT_NANO),
    ],
    ids=str,
)
def test_what_is_not_told_costs_as_its_size_does(
    bundle: Bundle, asked: str, job: dict[str, Any], nano: int
) -> None:
    counted = bundle.image_calls(9)
    with counted.of_turn(USER, DAY, a_job(**job).ordered) as calls:
        calls.begin()
        calls.used(asked, None)
        calls.brought(2)
        calls.begin()
    counted.costs.settle()

    assert bundle.spent() == 3 * nano


# --- Answers and pictures ------------------------------------------------------------------------


def test_a_text_costs_its_tokens_which_are_added_up(bundle: Bundle) -> None:
    bundle.text.uses = SAID
    bundle.text.script = [HELLO, Blocked()]

    bundle.ask(0)
    bundle.ask(1)

    used = bundle.ledger.used(USER, DAY)
    assert (used.nano_usd, used.text_tokens) == (2 * TEXT_NANO, 60)


def test_a_picture_costs_what_its_job_says(bundle: Bundle) -> None:
    bundle.painter.uses = PAINTED

    job = bundle.job(bundle.painted())

    assert (job.price_usd, job.cost_nano_usd) == ("0.03", IMAGE_NANO)
    assert bundle.spent() == IMAGE_NANO


@pytest.mark.parametrize("failure", [Blocked(), ProviderUnavailable(), RuntimeError("a defect")])
def test_a_picture_that_fails_is_free_for_its_user_and_stands_in_the_ledger(
    bundle: Bundle, failure: Exception
) -> None:
    message = bundle.order()
    bundle.painter.script, bundle.painter.uses = [failure], PAINTED

    bundle.paint(message)

    job = bundle.job(message)
    assert bundle.now(message).status is Status.FAILED
    assert (bundle.used()[0], job.price_usd, job.cost_nano_usd) == (0, None, IMAGE_NANO)
    assert bundle.spent() == IMAGE_NANO


def test_a_picture_that_is_cancelled_while_it_is_painted_stands_in_the_ledger(
    bundle: Bundle,
) -> None:
    message = bundle.order()
    bundle.painter.script, bundle.painter.uses = [BYTES], PAINTED
    bundle.painter.meanwhile = lambda: bundle.cancel(message)

    bundle.paint(message)

    assert bundle.now(message).status is Status.CANCELLED
    assert (bundle.job(message).cost_nano_usd, bundle.spent()) == (IMAGE_NANO, IMAGE_NANO)


def test_what_a_dead_function_bought_costs_as_its_size_does(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = bundle.order()
    bundle.painter.script, bundle.painter.uses = [BYTES], PAINTED
    monkeypatch.setattr(bundle.studio, "decode", lambda *_, **__: die())
    with pytest.raises(Killed):
        bundle.paint(message)
    monkeypatch.undo()
    original, *_ = ids.image_keys(USER, message.job_id or "")
    bundle.pictures.put_original(original, BYTES)
    bundle.metrics.values.clear()  # they went with the function
    bundle.rescue(message)

    bundle.paint(message, attempt=2)

    assert bundle.job(message).price_usd == "0.03"
    assert bundle.spent() == IMAGE_NANO
    assert bundle.metrics.counts("ImageC") == {"ImageCalls": 1, "ImageCost": 0.03}


def test_of_a_chat_that_is_gone_the_day_alone_has_the_cost(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.painter.script, bundle.painter.uses = [BYTES], PAINTED
    bundle.painter.meanwhile = bundle.tables.rows.jobs.clear

    bundle.paint(message)

    assert bundle.tables.rows.jobs == {}
    assert bundle.spent() == IMAGE_NANO


def test_the_prices_of_the_tests_are_a_catalogue() -> None:
    assert OwnModels.model_validate(MODELS)
    assert Decimal("0.0336") == FLAT

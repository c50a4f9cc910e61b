"""What models cost: the packaged list, the operator's own, and a call's price."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.support.doubles import RecordingLog, RecordingMetrics
from tests.support.template import ROOT, template

from afterimage.adapters.catalogue import in_force, packaged
from afterimage.domain.catalogue import Catalogue, Prices
from afterimage.domain.limits import ModelKind
from afterimage.domain.metrics import Metric
from afterimage.domain.usage import UNTOLD, Usage, nano, usd

TODAY, NEXT_YEAR = date(2026, 11, 29), date(2027, 1, 1)
FLASH, BANANA = "gemini-3.8-flash", "gemini-nano-banana-2.1"
OWN = {"id": "own", "prices": [{"input": {"text": "1"}, "output": {"text": 2, "image": 0.5}}]}


def cost(kind: ModelKind, model: str, usage: Usage, day: date = TODAY) -> str:
    prices = packaged().prices(kind, model, day)
    assert prices is not None
    return usd(nano(prices.cost(usage)))


@pytest.mark.parametrize(
    ("model", "picture"),
    [
        (BANANA, {"1K": "0.0336", "2K": "0.0504", "4K": "0.1134"}),
        ("gemini-3.1-flash-lite-image", {"1K": "0.0336"}),
        ("gemini-3-pro-image", {"1K": "0.1344", "2K": "0.1344", "4K": "0.24"}),
    ],
)
def test_pictures_cost_what_the_provider_says(model: str, picture: dict[str, str]) -> None:
    tokens = {"1K": 1_120, "2K": 1_680, "4K": 3_780}
    if model == "gemini-3-pro-image":
        tokens |= {"2K": 1_120, "4K": 2_000}

    for size, price in picture.items():
        assert cost(ModelKind.IMAGE, model, Usage(written={"image": tokens[size]})) == price


def test_the_models_of_the_template_have_prices() -> None:
    defaults = {
        name: p["Default"] for name, p in template()["Parameters"].items() if "Default" in p
    }

    assert packaged().prices(ModelKind.TEXT, defaults["TextModel"], TODAY)
    one = Usage(written={"image": 1_120})
    assert cost(ModelKind.IMAGE, defaults["ImageModel"], one) == defaults["ImagePriceUsd"]


@pytest.mark.parametrize(("day", "price"), [(TODAY, "0.00045"), (NEXT_YEAR, "0.0009")])
def test_a_price_holds_from_its_day_on(day: date, price: str) -> None:
    usage = Usage(read={"text": 500}, written={"text": 10}, thoughts=10)

    assert cost(ModelKind.TEXT, FLASH, usage, day) == price


def test_each_modality_has_its_price() -> None:
    prices = Prices(
        input={"text": Decimal(1), "image": Decimal(2)},
        output={"text": Decimal(4), "image": Decimal(30)},
        cached=Decimal("0.25"),
    )

    def costs(**usage: Any) -> Decimal:
        return prices.cost(Usage(**usage)) * 1_000_000

    assert costs(read={"text": 3, "image": 5, "video": 7}) == 3 + 10 + 7
    assert costs(read={"text": 100}, cached=40) == 60 + 10
    assert costs(written={"text": 1, "image": 10}, thoughts=2) == 4 + 300 + 8
    assert costs(read={UNTOLD: 5}, written={UNTOLD: 10}) == 10 + 300
    assert prices.cost(Usage()) == 0


def test_what_adds_up_is_exact() -> None:
    assert nano(Decimal("0.75") / 1_000_000) == 750
    assert nano(Decimal("0.0000000005")) == 1
    assert [usd(n) for n in (0, 750, 33_600_000, 10**9, 25 * 10**8)] == [
        *("0", "0.00000075", "0.0336", "1", "2.5")
    ]


# --- The operator's own --------------------------------------------------------------------------


def set_to(text: str, log: RecordingLog, metrics: RecordingMetrics) -> Catalogue:
    return in_force(lambda: text, log, metrics)()


def test_a_list_that_is_set_stands_in_place_of_the_packaged_one(
    log: RecordingLog, metrics: RecordingMetrics
) -> None:
    later = {"image_models": [{**OWN, "label": "of a later version"}], "stock": 1}

    found = set_to(json.dumps(later), log, metrics)

    assert [one.id for one in found.image_models] == ["own"]
    assert found.text_models == packaged().text_models
    prices = found.prices(ModelKind.IMAGE, "own", TODAY)
    assert prices is not None
    assert prices.cost(Usage(written={"image": 2_000_000})) == 1
    assert found.prices(ModelKind.IMAGE, BANANA, TODAY) is None
    assert found.prices(ModelKind.TEXT, "own", TODAY) is None
    assert log.lines == []


def test_nothing_set_is_what_is_packaged(log: RecordingLog, metrics: RecordingMetrics) -> None:
    assert set_to("{}", log, metrics) == packaged()


def test_what_is_packaged_is_as_valid_as_what_is_set(
    log: RecordingLog, metrics: RecordingMetrics
) -> None:
    text = (ROOT / "layers" / "shared" / "afterimage" / "models.json").read_text("utf-8")

    assert set_to(text, log, metrics) == packaged()
    assert log.lines == []


def price(model: str = "x", **changed: Any) -> str:
    prices = {"input": {"text": 1}, "output": {"text": 1}, **changed}
    return json.dumps({"text_models": [{"id": model, "prices": [prices]}]})


def price_of_text(given: Any) -> str:
    return price(input={"text": given})


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "null", "{", '{"text_models": {}}', '{"text_models": [{"id": "x"}]}'),
        '{"text_models": [{"id": "x", "prices": []}]}',
        price("../x"),
        *map(price_of_text, (-1, "free", None, [], 2_000_000, "1e-9", float("nan"))),
        price(output={"image": "30"}),
        price(output={}),
        price(output={"text": 1, "smell": 2}),
        price(since="soon"),
    ],
)
def test_what_is_not_valid_changes_nothing_and_is_a_defect(
    text: str, log: RecordingLog, metrics: RecordingMetrics
) -> None:
    catalogue = in_force(lambda: text, log, metrics)

    assert catalogue() == catalogue() == packaged()
    assert log.events() == ["model_catalogue_invalid"]  # once for each text
    assert metrics.of(Metric.DEFECTS) == [1]


def test_another_setting_holds_as_soon_as_it_is_read(
    log: RecordingLog, metrics: RecordingMetrics
) -> None:
    setting = ["{}"]
    catalogue = in_force(lambda: setting[0], log, metrics)
    assert catalogue() == packaged()

    setting[0] = json.dumps({"text_models": [OWN]})

    assert [one.id for one in catalogue().text_models] == ["own"]

"""Counting of calls as `wiring` puts it together, and what a provider's log comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from afterimage.adapters.catalogue import packaged
from afterimage.domain.catalogue import Catalogue, catalogue_of
from afterimage.domain.limits import ModelKind
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.count_calls import CountCalls
from afterimage.use_cases.note_costs import NoteCosts
from tests.support.template import template

TEXT_MODEL, IMAGE_MODEL = "a-text-model", "an-image-model"
FLAT = Decimal("0.0336")  # a picture of a model whose prices nobody knows
_TEXT = {"input": {"text": "1"}, "output": {"text": "10"}}
_IMAGE = {"input": {"text": "1"}, "output": {"text": "10", "image": "30"}}
_SIZES = {"1K": {"tokens": 1_000}, "4K": {"tokens": 4_000, "pictures": 3}}  # $0.03, $0.12
MODELS = {
    "text_models": [{"id": TEXT_MODEL, "prices": [_TEXT]}],
    "image_models": [{"id": IMAGE_MODEL, "prices": [_IMAGE], "sizes": _SIZES}],
}
CATALOGUE = catalogue_of(MODELS)


def _at_once(work: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # as of a future that nobody looks at
        work()


def count_calls(
    ledger: Any,
    kind: ModelKind,
    limit: int,
    clock: Clock,
    log: Log,
    metrics: Metrics,
    catalogue: Callable[[], Catalogue] = lambda: CATALOGUE,
) -> CountCalls:
    """Costs of texts are written at once, those of pictures when they are settled."""
    is_text = kind is ModelKind.TEXT
    costs = NoteCosts(
        ledger,
        kind,
        catalogue,
        Decimal(0) if is_text else FLAT,
        clock,
        log,
        metrics,
        _at_once,
        writes_at_once=is_text,
    )
    return CountCalls(ledger, kind, limit, clock, log, metrics, costs)


def by_the_provider(log: Iterable[dict[str, Any]], word: str, broken: str = "") -> Decimal:
    """US dollars for every call with this word that was answered, by what the simulator counted.

    Args:
        broken: kind of the calls whose answers broke off before they said what they used.
    """
    return sum(
        (
            _unsaid(entry) if entry["kind"] == broken else _said(entry)
            for entry in log
            if word in entry["prompt"] and "usage" in entry
        ),
        Decimal(0),
    )


def _unsaid(entry: dict[str, Any]) -> Decimal:
    flat = template()["Parameters"]["ImagePriceUsd"]["Default"]
    return Decimal(flat if entry["kind"] == "image" else 0)


def _said(entry: dict[str, Any]) -> Decimal:
    usage, is_image = entry["usage"], entry["kind"] == "image"
    model = template()["Parameters"]["ImageModel" if is_image else "TextModel"]["Default"]
    kind = ModelKind.IMAGE if is_image else ModelKind.TEXT
    prices = packaged().prices(kind, model, datetime.now(UTC).date())
    assert prices is not None
    written = {d["modality"]: d["tokenCount"] for d in usage.get("candidatesTokensDetails", [])}
    total: Decimal = usage["promptTokenCount"] * prices.input["text"]
    total += (written.get("TEXT", 0) + usage.get("thoughtsTokenCount", 0)) * prices.output["text"]
    if is_image:
        total += written.get("IMAGE", 0) * prices.output["image"]
    return total / 1_000_000

"""The provider's client and what counts its calls, as two functions have them."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import requests

from afterimage import settings
from afterimage.adapters.catalogue import in_force
from afterimage.adapters.gemini.client import Gemini, GeminiSettings
from afterimage.domain.limits import ModelKind
from afterimage.ports.models import CallCounter, CostLedger
from afterimage.ports.pictures import Darkroom
from afterimage.use_cases.count_calls import CountCalls
from afterimage.use_cases.note_costs import NoteCosts
from afterimage.wiring.connected import Channelled, Connected


class _Ledger(CallCounter, CostLedger, Protocol):
    """Counts calls and what they cost."""


def count_calls(
    base: Channelled,
    ledger: _Ledger,
    *,
    model: ModelKind,
    limit: int,
    flat_price_usd: Decimal,
    writes_at_once: bool,
) -> CountCalls:
    """What counts the calls of one kind of model, and notes what they cost.

    Args:
        writes_at_once: whether costs are written beside what follows.
    """
    return CountCalls(
        counter=ledger,
        model=model,
        limit=limit,
        clock=base.clock,
        log=base.log,
        metrics=base.metrics,
        costs=NoteCosts(
            ledger=ledger,
            kind=model,
            catalogue=in_force(base.model_catalogue, base.log, base.metrics),
            flat=flat_price_usd,
            clock=base.clock,
            log=base.log,
            metrics=base.metrics,
            beside=base.work.submit,
            writes_at_once=writes_at_once,
        ),
    )


def gemini(
    base: Connected,
    configured: settings.GeminiFunctionSettings,
    *,
    text_model: str = "",
    show_drafts: bool = False,
    darkroom: Darkroom | None = None,
) -> Gemini:
    """Args: text_model: empty where no text is asked for; darkroom: None where none is painted."""
    return Gemini(
        settings=GeminiSettings(
            base_url=configured.gemini_base_url.rstrip("/"),
            api_version=configured.gemini_api_version,
            text_model=text_model,
            image_model=configured.image_model,
            show_drafts=show_drafts,
            follow_successor=configured.follow_successor,
        ),
        api_key=base.secret(configured.gemini_api_key_secret),
        http=requests.Session(),
        clock=base.clock,
        log=base.log,
        metrics=base.metrics,
        darkroom=darkroom,
    )

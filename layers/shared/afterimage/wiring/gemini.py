"""The provider's client, as two functions have it."""

from __future__ import annotations

import requests

from afterimage import settings
from afterimage.adapters.gemini.client import Gemini, GeminiSettings
from afterimage.wiring.connected import Connected


def gemini(
    base: Connected,
    configured: settings.GeminiFunctionSettings,
    *,
    text_model: str = "",
    show_drafts: bool = False,
) -> Gemini:
    """Args: text_model: empty where no text is asked for."""
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
    )

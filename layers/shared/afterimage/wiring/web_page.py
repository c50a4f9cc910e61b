"""`web_page`: the chat page and the descriptions of the API. It does without the tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.http.web_page import WebPage
from afterimage.wiring.base import Base


def build(logger: Logger, environment: Mapping[str, str], root: Path) -> WebPage:
    """Args: root: folder of the page's static files.

    Raises:
        RuntimeError: a variable is missing or wrong.
    """
    configured = settings.PageSettings.read(environment)
    base = Base(logger, configured)
    return WebPage(root=root, config=base.public_config, log=base.log)

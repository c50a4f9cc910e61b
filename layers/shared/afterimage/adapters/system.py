"""Clock and log of the machine the code runs on."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from aws_lambda_powertools import Logger

_CALLER = 3  # frames up: the line that logs is our caller's, not ours


class SystemClock:
    """Implements `Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class PowertoolsLog:
    """Implements `Log`: one JSON object a line, with the correlation id."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def info(self, event: str, /, **fields: object) -> None:
        self._logger.info(event, stacklevel=_CALLER, extra=fields)

    def warning(self, event: str, /, **fields: object) -> None:
        self._logger.warning(event, stacklevel=_CALLER, extra=fields)

    def exception(self, event: str, /, **fields: object) -> None:
        self._logger.exception(event, stacklevel=_CALLER, extra=fields)

    def correlation_id(self) -> str | None:
        """Of the invocation that is running."""
        return self._logger.get_correlation_id()

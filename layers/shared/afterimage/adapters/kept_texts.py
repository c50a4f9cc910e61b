"""Texts of Secrets Manager and SSM, kept between invocations."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from afterimage.adapters.age import is_fresh
from afterimage.ports.system import Log


class Cached:
    """A text read from AWS at first use and again when it is older than `max_age_s`.

    If reading again fails, the old value serves on.

    Args:
        now: the wall clock's seconds, see `is_fresh`.
    """

    def __init__(
        self,
        read: Callable[[], str],
        log: Log,
        max_age_s: float = 300.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._read = read
        self._log = log
        self._max_age_s = max_age_s
        self._now = now
        self._value: str | None = None
        self._read_at = 0.0

    def __call__(self) -> str:
        now = self._now()
        if self._value is None:
            self._value, self._read_at = self._read(), now
        elif not is_fresh(self._read_at, now, self._max_age_s):
            self._read_at = now
            try:
                self._value = self._read()
            except (ClientError, BotoCoreError):
                self._log.exception("setting_not_refreshed")
        return self._value


def secret(client: Callable[[], Any], secret_id: str) -> Callable[[], str]:
    """Reads a secret's text from Secrets Manager."""
    return lambda: str(client().get_secret_value(SecretId=secret_id)["SecretString"])


def parameter(client: Callable[[], Any], name: str) -> Callable[[], str]:
    """Reads a parameter's text from SSM."""
    return lambda: str(client().get_parameter(Name=name)["Parameter"]["Value"])

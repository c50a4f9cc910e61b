"""CPU of signing the addresses of pictures, in a function that has read its secret already."""

import os
import time
from collections.abc import Iterable, Sequence
from statistics import median
from unittest.mock import patch

from aws_lambda_powertools import Logger

from afterimage.adapters.signed_urls import SignedUrls
from afterimage.domain.ids import image_key
from afterimage.settings import ChatApiSettings
from afterimage.wiring.connected import Channelled
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Table, Target

_FUNCTION = "chat_api"
_URLS = 50
_ROUNDS = 40


def measure(bench: Bench) -> Iterable[Table]:
    table = Table(
        "CPU of the addresses of pictures, median",
        ("", "CPU", "target", "this run"),
        notes=(f"As {_FUNCTION} is wired, warm: secret and public address have been read.",),
    )
    keys = [image_key("alice", f"01JD4A7Y{number:018}", "full.webp") for number in range(_URLS)]
    environment = {**bench.stack.env(_FUNCTION), "AWS_LAMBDA_FUNCTION_VERSION": "1"}
    with patch.dict(os.environ, environment):
        configured = ChatApiSettings.read(environment)
        urls = Channelled(Logger(service=_FUNCTION, level="ERROR"), configured).urls
        urls.url(keys[0])
    taken = median(_signed(urls, keys) for _ in range(_ROUNDS * bench.repeat))
    table.add(f"{_URLS} signed", f"{taken:.2f} ms", *Target(1.0, "≤ {} ms").judged(taken))
    return [table]


def _signed(urls: SignedUrls, keys: Sequence[str]) -> float:
    """Milliseconds of CPU."""
    started = time.process_time_ns()
    for key in keys:
        urls.url(key)
    return (time.process_time_ns() - started) / 1e6

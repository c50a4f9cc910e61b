"""Functions behind `sam local start-lambda`, each in one container for all its events."""

import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from tests.sam_local.engine_api import EngineApi
from tests.sam_local.judging import Event
from tests.sam_local.printed import Printed, container_ids, read
from tests.sam_local.sam import Sam

_START_SECONDS = 60
_ANSWER_SECONDS = 60
_REPORT_SECONDS = 5.0  # what a container prints comes by another way than what it answers
_LAST = 500  # characters of what went wrong


class Served:
    """One function, which is asked one thing at a time.

    Args:
        http: with the CLI's address.
        log: for what the CLI and the container print: each invocation has its piece of it.
    """

    def __init__(self, function: str, http: httpx.Client, log: Path) -> None:
        self._path = f"/2015-03-31/functions/{function}/invocations"
        self._http = http
        self._log = log
        self._seen = 0

    def invoke(self, event: Event) -> Printed:
        """What it answers, and how that went."""
        answer, problems = self._asked(event)
        printed = self._read(answer)
        self._seen = self._log.stat().st_size
        return replace(printed, problems=(*printed.problems, *problems))

    def _asked(self, event: Event) -> tuple[str, list[str]]:
        """The CLI's answer, once it listens."""
        give_up = time.monotonic() + _START_SECONDS
        while True:
            try:
                response = self._http.post(self._path, json=event)
            except httpx.HTTPError as error:
                is_early = isinstance(error, httpx.ConnectError) and time.monotonic() < give_up
                if not is_early:
                    return "", [f"{error!r}: {self._since()[-_LAST:]}"]
                time.sleep(0.2)
            else:
                said = response.status_code
                return response.text, [] if said == 200 else [f"the CLI answered {said}"]

    def _read(self, answer: str) -> Printed:
        give_up = time.monotonic() + _REPORT_SECONDS
        printed = read(answer, self._since())
        while printed.started and printed.billed_ms is None and time.monotonic() < give_up:
            time.sleep(0.05)
            printed = read(answer, self._since())
        return printed

    def _since(self) -> str:
        """What was printed since the last answer."""
        return self._log.read_bytes()[self._seen :].decode(errors="replace")


@contextmanager
def served(
    sam: Sam, api: EngineApi, functions: Iterable[str], folder: Path
) -> Iterator[Mapping[str, Served]]:
    """Each function by its logical id; their containers are gone in the end."""
    with ExitStack() as opened:
        by_name = {}
        for function in functions:
            port, log = free_port(), folder / f"{function}.txt"
            opened.callback(_remove, api, log)
            opened.enter_context(sam.start(["start-lambda", function], port, log))
            base = f"http://127.0.0.1:{port}"
            http = httpx.Client(base_url=base, timeout=_ANSWER_SECONDS, trust_env=False)
            by_name[function] = Served(function, opened.enter_context(http), log)
        yield by_name


def _remove(api: EngineApi, log: Path) -> None:
    for container in container_ids(log.read_text(errors="replace")):
        api.remove_container(container)


def free_port() -> int:
    """Of the loopback interface."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port

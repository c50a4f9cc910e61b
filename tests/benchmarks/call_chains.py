"""How many AWS calls stand one behind the other on the two critical paths: counted, not timed.

The two use cases run in this process, wired by `afterimage.wiring` to the running stack, with a
listener on every AWS call. Each call is held up for a quarter of a second, longer than anything
computed between them. A call that has to wait for another then begins after its end, and calls
that do not wait overlap; so a call's step is one more than that of the last call that had ended
when it began, and the longest chain is the step of the last call that counts.
"""

import io
import json
import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Self
from unittest import mock

from aws_lambda_powertools import Logger

from afterimage import wiring
from afterimage.use_cases.create_image import Order
from tests.benchmarks.bench import Bench
from tests.benchmarks.live import User
from tests.benchmarks.report import NO_TARGET, Table, Target
from tests.local_stack.options import ROOT
from tests.local_stack.testing import RunningStack

_HELD_UP_S = 0.25
_TARGET = Target(2, "≤ {} calls")
_BYTES_RECEIVED = "image_generate_bytes_received"


@dataclass
class Call:
    """One AWS call; times in seconds of the monotonic clock."""

    name: str
    began: float
    ended: float = float("inf")
    step: int = 0


def steps(calls: Sequence[Call]) -> list[Call]:
    """The calls as they began, each with its place in the longest chain that ends with it."""
    in_order = sorted(calls, key=lambda call: call.began)
    for call in in_order:
        before = [other.step for other in in_order if other.ended <= call.began]
        call.step = 1 + max(before, default=0)
    return in_order


def measure(bench: Bench) -> Iterable[Table]:
    bench.stack.gemini(text_ms=0, image_ms=0)
    with ThreadPoolExecutor(1) as executor:
        user = User(bench.stack, executor)
        try:
            with mock.patch.object(wiring, "Aws", _ListenedTo):
                yield _to_placeholder(bench.stack, user)
                yield _to_picture(bench.stack, user)
        finally:
            user.close()


# --- The two paths ------------------------------------------------------------------------------


def _to_placeholder(stack: RunningStack, user: User) -> Table:
    with _Run(stack, "llm_handler_gemini") as run:
        answer = wiring.llm_handler_gemini(run.logger, os.environ)
        # The second message: keys, secrets and addresses are known, as in any warm function.
        for text in ("hello", "hello again"):
            run.calls.clear()
            response = answer(_post(user, text), _CONTEXT)
            assert response["statusCode"] == 200, response
    return _table("POST to the placeholder", steps(run.calls), "message-insert")


def _to_picture(stack: RunningStack, user: User) -> Table:
    jobs = []
    with _Run(stack, "llm_handler_gemini") as run:
        answer = wiring.llm_handler_gemini(run.logger, os.environ)
        for text in ("paint a fox", "paint a cat"):
            assert answer(_post(user, text), _CONTEXT)["statusCode"] == 202
            jobs.append(json.loads(run.payloads[-1]))
    with _Run(stack, "image_generate") as run:
        create = wiring.image_generate(run.logger, os.environ)
        for job in jobs:
            run.calls.clear()
            until = datetime.now(UTC) + timedelta(seconds=60)
            del job["correlation_id"]
            create(Order(**job, request_id="bench", until=until))
    received = run.log.at[_BYTES_RECEIVED]
    calls = [call for call in run.calls if call.began >= received]
    return _table("The provider's bytes to the complete picture", steps(calls), "message-update")


def _table(title: str, calls: Sequence[Call], shown_by: str) -> Table:
    table = Table(
        f"AWS calls: {title}",
        ("", "step", "target", "this run"),
        notes=("Calls of one step ran side by side, each held up so that one can tell.",),
    )
    show = f"PostToConnection {shown_by}"
    first_shown = next(call for call in calls if call.name == show)
    chain = first_shown.step - 1
    for call in calls:
        if call.began <= first_shown.began:
            table.add(f"  {call.name}", str(call.step), *NO_TARGET)
    table.add("longest chain before that post", str(chain), *_TARGET.judged(chain))
    return table


_CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)


def _post(user: User, text: str) -> dict[str, Any]:
    """The recorded event of the route, sent by this user."""
    event: dict[str, Any] = json.loads((ROOT / "events" / "post_message.json").read_text())
    event["headers"]["authorization"] = user.http.headers["authorization"]
    event["body"] = json.dumps({"text": text})
    return event


# --- Listening ----------------------------------------------------------------------------------


class _Run:
    """One function's wiring in this process, and what it did.

    Attributes:
        calls: in no certain order.
        payloads: of invocations, which are noted and not carried out.
    """

    current: "_Run"

    def __init__(self, stack: RunningStack, function: str) -> None:
        self.calls: list[Call] = []
        self.payloads: list[bytes] = []
        self.log = _Log()
        self.logger = Logger(service=f"bench-{function}", stream=self.log)
        self._environment = mock.patch.dict(os.environ, stack.env(function))
        self._thread = threading.local()

    def __enter__(self) -> Self:
        self._environment.start()
        _Run.current = self
        return self

    def __exit__(self, *_: object) -> None:
        self._environment.stop()

    def before_call(self, **about: Any) -> Any:
        """A botocore hook; what it returns stands for the answer, None lets the call go on."""
        name, params = about["model"].name, about["params"]
        call = Call(_described(name, params), time.monotonic())
        self._thread.call = call
        self.calls.append(call)
        time.sleep(_HELD_UP_S)
        if name != "Invoke":
            return None
        call.ended = time.monotonic()
        self.payloads.append(params["body"])
        return SimpleNamespace(status_code=202), {}

    def after_call(self, **_: Any) -> None:
        self._thread.call.ended = time.monotonic()


class _Log(io.StringIO):
    """Keeps the time of the last line of each name."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[str, float] = {}

    def write(self, line: str) -> int:
        if line.strip():
            self.at[json.loads(line)["message"]] = time.monotonic()
        return len(line)


class _ListenedTo(wiring.Aws):
    """Whatever client comes from it, every call is noted."""

    def __init__(self) -> None:
        super().__init__()
        self.session.register("before-call", _Run.current.before_call)
        self.session.register("after-call", _Run.current.after_call)


def _described(name: str, params: Mapping[str, Any]) -> str:
    """ "Query", "PutObject full.webp", "PostToConnection message-update"."""
    if name == "PutObject":
        return f"{name} {params['url_path'].rpartition('/')[2]}"
    if name == "PostToConnection":
        return f"{name} {json.loads(params['body'])['event']}"
    return name

"""How many AWS calls stand one behind the other on each path: counted, not timed.

The use cases run in this process, wired by `afterimage.wiring` to the running stack, with a
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
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Self
from unittest import mock

from aws_lambda_powertools import Logger
from PIL import Image

from afterimage.adapters.quick_puts import QuickPuts
from afterimage.domain.ids import image_key
from afterimage.domain.suggestions import Suggestion
from afterimage.invocation import end_of
from afterimage.use_cases.create_image import Order
from afterimage.wiring import base, chat_api, image_generate, llm_handler_gemini
from tests.benchmarks.bench import Bench
from tests.benchmarks.live import User
from tests.benchmarks.report import NO_TARGET, Table, Target
from tests.local_stack.options import ROOT
from tests.local_stack.testing import RunningStack

Job = dict[str, Any]  # what image_generate is invoked with
Message = dict[str, Any]

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
            with _listening():
                yield _to_placeholder(bench.stack, user)
                yield from _to_picture(bench.stack, user)
                yield _to_picture_again(bench.stack, user)
                yield from _to_cancelled_and_retried(bench.stack, user)
        finally:
            user.close()


@contextmanager
def _listening() -> Iterator[None]:
    """To every call, also of those that go out without a client."""
    with (
        mock.patch.object(base, "Aws", _ListenedTo),
        mock.patch.object(QuickPuts, "__call__", _listened_to(QuickPuts.__call__)),
    ):
        yield


# --- The paths ----------------------------------------------------------------------------------


def _to_placeholder(stack: RunningStack, user: User) -> Table:
    with _Run(stack, "llm_handler_gemini") as run:
        answer = llm_handler_gemini.build(run.logger, os.environ).until(end_of(_CONTEXT))
        # The second message: keys, secrets and addresses are known, as in any warm function.
        for text in ("hello", "hello again"):
            run.calls.clear()
            response = answer(_post(user, text), _CONTEXT)
            assert response["statusCode"] == 200, response
    return _table("POST to the placeholder", steps(run.calls), "message-insert", _TARGET)


def to_taken(
    stack: RunningStack, user: User, put: Callable[[], None], suggestion: Suggestion
) -> Table:
    """A suggestion that is there. Args: put: puts a picture into its stock."""
    wish = {"text": suggestion.text, "suggestion_id": suggestion.id}
    with _listening(), _Run(stack, "llm_handler_gemini") as run:
        answer = llm_handler_gemini.build(run.logger, os.environ).until(end_of(_CONTEXT))
        for _ in range(2):
            put()
            run.calls.clear()
            response = answer(_in_chat(_post(user, **wish), uuid.uuid4().hex), _CONTEXT)
            assert json.loads(response["body"])["assistant_message"]["meta"]["image"], response
    return _table("A suggestion to its picture", steps(run.calls), "message-insert")


def _to_picture(stack: RunningStack, user: User) -> Iterable[Table]:
    asked = _asked_for(stack, user)
    with _Run(stack, "image_generate") as run:
        create = image_generate.build(run.logger, os.environ).picture.until(end_of(_CONTEXT))
        for job, _ in asked:
            run.calls.clear()
            create(_order(job))
    received = run.log.at[_BYTES_RECEIVED]
    before = steps([call for call in run.calls if call.ended < received])
    yield _table("The painter's invocation to the provider's call", before)
    after = steps([call for call in run.calls if call.began >= received])
    yield _table("The provider's bytes to the complete picture", after, "message-update", _TARGET)


def _to_picture_again(stack: RunningStack, user: User) -> Table:
    """The first attempt died when it had stored the original."""
    (warm, _), (job, _) = _asked_for(stack, user)
    key = image_key(user.id, job["job_id"], "original")
    stack.aws("s3").put_object(Bucket=stack.name("ImagesBucket"), Key=key, Body=_a_picture())
    stack.aws("dynamodb").update_item(
        TableName=stack.name("ImageGenerationLogTable"),
        Key={"user_id": {"S": user.id}, "entry": {"S": job["job_id"]}},
        UpdateExpression="SET attempt = :second",
        ExpressionAttributeValues={":second": {"N": "2"}},
    )
    with _Run(stack, "image_generate") as run:
        create = image_generate.build(run.logger, os.environ).picture.until(end_of(_CONTEXT))
        create(_order(warm))
        run.calls.clear()
        create(_order({**job, "attempt": 2}))
    return _table(
        "A second attempt that finds its original, to the complete picture",
        steps(run.calls),
        "message-update",
    )


def _to_cancelled_and_retried(stack: RunningStack, user: User) -> Iterable[Table]:
    messages = [message for _, message in _asked_for(stack, user)]
    for verb, function, build, title in (
        ("cancel", "chat_api", chat_api.build, "Cancelling a picture"),
        ("retry", "llm_handler_gemini", llm_handler_gemini.build, "Retrying a picture"),
    ):
        with _Run(stack, function) as run:
            answer = build(run.logger, os.environ).until(end_of(_CONTEXT))
            for number, message in enumerate(messages):
                run.calls.clear()
                response = answer(_act(user, verb, message), _CONTEXT)
                assert response["statusCode"] in (200, 202), response
                messages[number] = json.loads(response["body"])["assistant_message"]
        yield _table(title, steps(run.calls), "message-update")


def _asked_for(stack: RunningStack, user: User) -> list[tuple[Job, Message]]:
    """Two pictures whose painting has not begun: one to warm up with, one to count."""
    asked = []
    with _Run(stack, "llm_handler_gemini") as run:
        answer = llm_handler_gemini.build(run.logger, os.environ).until(end_of(_CONTEXT))
        for _ in range(2):  # the second is painted already: nothing beside the call ends before it
            response = answer(_post(user, "paint a fox"), _CONTEXT)
            assert response["statusCode"] == 202, response
            message = json.loads(response["body"])["assistant_message"]
            asked.append((json.loads(run.payloads[-1]), message))
    return asked


def _order(job: Job) -> Order:
    ids = {name: value for name, value in job.items() if name != "correlation_id"}
    return Order(**ids, request_id="bench", until=datetime.now(UTC) + timedelta(seconds=60))


def _a_picture() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "PNG")
    return file.getvalue()


def _table(
    title: str, calls: Sequence[Call], shown_by: str | None = None, target: Target | None = None
) -> Table:
    """Up to the post of the event that shows it; without one, of all calls."""
    table = Table(
        f"AWS calls: {title}",
        ("", "step", "target", "this run"),
        notes=("Calls of one step ran side by side, each held up so that one can tell.",),
    )
    shown = [call for call in calls if call.name == f"PostToConnection {shown_by}"]
    chain = shown[0].step - 1 if shown_by else max(call.step for call in calls)
    for call in calls:
        if not shown_by or call.began <= shown[0].began:
            table.add(f"  {call.name}", str(call.step), *NO_TARGET)
    table.add("longest chain", str(chain), *(target.judged(chain) if target else NO_TARGET))
    return table


_CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)


def _post(user: User, text: str, **wishes: object) -> dict[str, Any]:
    """The recorded event of the route, sent by this user."""
    return _event(user, "post_message", {"text": text, **wishes})


def _in_chat(event: dict[str, Any], chat_id: str) -> dict[str, Any]:
    path = f"/chats/{chat_id}/messages"
    return {**event, "rawPath": path, "pathParameters": {"chat_id": chat_id}}


def _act(user: User, verb: str, message: Message) -> dict[str, Any]:
    event = _event(user, f"{verb}_message", {"version": message["version"]})
    names = {"chat_id": message["chat_id"], "message_id": message["id"]}
    path = f"/chats/{message['chat_id']}/messages/{message['id']}/{verb}"
    return {**event, "rawPath": path, "pathParameters": names}


def _event(user: User, name: str, body: dict[str, Any]) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    event["headers"]["authorization"] = user.http.headers["authorization"]
    return {**event, "body": json.dumps(body)}


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
        self._surroundings = ExitStack()
        self._env = {**stack.env(function), "AWS_LAMBDA_FUNCTION_VERSION": "1"}
        self._thread = threading.local()

    def __enter__(self) -> Self:
        self._surroundings.enter_context(mock.patch.dict(os.environ, self._env))
        self._surroundings.enter_context(redirect_stdout(io.StringIO()))  # metrics go there
        _Run.current = self
        return self

    def __exit__(self, *_: object) -> None:
        self._surroundings.close()

    def before_call(self, **about: Any) -> Any:
        """A botocore hook; what it returns stands for the answer, None lets the call go on."""
        name, params = about["model"].name, about["params"]
        call = self._thread.call = self.held_up(_described(name, params))
        if name != "Invoke":
            return None
        call.ended = time.monotonic()
        self.payloads.append(params["body"])
        return SimpleNamespace(status_code=202), {}

    def after_call(self, **_: Any) -> None:
        self._thread.call.ended = time.monotonic()

    def held_up(self, name: str) -> Call:
        """A call that has begun."""
        call = Call(name, time.monotonic())
        self.calls.append(call)
        time.sleep(_HELD_UP_S)
        return call


class _Log(io.StringIO):
    """Keeps the time of the last line of each name."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[str, float] = {}

    def write(self, line: str) -> int:
        if line.strip():
            self.at[json.loads(line)["message"]] = time.monotonic()
        return len(line)


class _ListenedTo(base.Aws):
    """Whatever client comes from it, every call is noted."""

    def __init__(self) -> None:
        super().__init__()
        self.session.register("before-call", _Run.current.before_call)
        self.session.register("after-call", _Run.current.after_call)


def _listened_to(send: Callable[..., bool]) -> Callable[..., bool]:
    def sent(
        self: QuickPuts, key: str, data: bytes, headers: Mapping[str, str], *more: Any
    ) -> bool:
        verb = "CopyObject" if "x-amz-copy-source" in headers else "PutObject"
        call = _Run.current.held_up(f"{verb} {key.rpartition('/')[2]}")
        is_done = send(self, key, data, headers, *more)
        call.ended = time.monotonic()
        return is_done

    return sent


def _described(name: str, params: Mapping[str, Any]) -> str:
    """ "Query", "PutObject full.webp", "PostToConnection message-update"."""
    if name == "PutObject":
        return f"{name} {params['url_path'].rpartition('/')[2]}"
    if name == "PostToConnection":
        return f"{name} {json.loads(params['body'])['event']}"
    return name

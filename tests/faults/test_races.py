"""Many at once, judged by what is stored in the end and not by the answers on the way."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import pytest
from ulid import ULID

from tests.faults.client import Client, Crowd
from tests.faults.invariants import Store, Truth, check_client, check_user, image_calls
from tests.local_stack.testing import RunningStack
from tests.support.hostile_pictures import a_picture, encoded

pytestmark = pytest.mark.timeout(180)

ValueT = TypeVar("ValueT")
Message = dict[str, Any]
_PATIENCE = 60.0  # seconds; only so that a broken run ends
_REPEATS = 10


def at_once(count: int, act: Callable[[int], ValueT]) -> list[ValueT]:
    """All of them begin at the same moment."""
    barrier = threading.Barrier(count)

    def begin(number: int) -> ValueT:
        barrier.wait()
        return act(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))


class Somebody:
    """A user of a stack, with the hands to hurry."""

    def __init__(self, stack: RunningStack, user: str) -> None:
        self.stack = stack
        self.user = user
        self.http = stack.http(user)

    def post(self, text: str, message_id: str | None = None) -> httpx.Response:
        body = {"text": text} | ({"id": message_id} if message_id else {})
        return self.http.post("/chats/c/messages", json=body)

    def insist(self, text: str) -> httpx.Response:
        """After a 503 the same id again, as the contract tells clients to."""
        message_id = str(ULID.from_datetime(datetime.now(UTC)))
        for _ in range(_REPEATS):
            answer = self.post(text, message_id)
            if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return answer
            time.sleep(1)
        raise AssertionError(f"refused {_REPEATS} times: {answer.text}")

    def asked(self, text: str) -> Message:
        """The answer as it stands when the request is answered."""
        message: Message = self.post(text).raise_for_status().json()["assistant_message"]
        return message

    def cancel(self, message: Message) -> httpx.Response:
        return self._act(message, "cancel")

    def retry(self, message: Message) -> httpx.Response:
        return self._act(message, "retry")

    def _act(self, message: Message, verb: str) -> httpx.Response:
        path = f"/chats/c/messages/{message['id']}/{verb}"
        return self.http.post(path, json={"version": message["version"]})

    def message(self, message: Message) -> Message:
        found: Message = (
            self.http.get(f"/chats/c/messages/{message['id']}").raise_for_status().json()
        )
        return found

    def used(self) -> int:
        return int(self.http.get("/usage").raise_for_status().json()["used"])

    def truth(self) -> Truth:
        return Store(self.stack).of(self.user)

    def job(self, message: Message) -> dict[str, Any]:
        """The newest job of a message."""
        jobs = [j for j in self.truth().jobs.values() if j["message_id"] == message["id"]]
        return max(jobs, key=lambda job: str(job["created_at"]))

    def until(self, holds: Callable[[Truth], bool]) -> Truth:
        give_up = time.monotonic() + _PATIENCE
        while time.monotonic() < give_up:
            truth = self.truth()
            if holds(truth):
                return truth
            time.sleep(0.05)
        truth = self.truth()
        raise AssertionError(f"never came: {codes(truth)}, {truth.open} open, at {truth.seq}")

    def settled(self) -> Truth:
        """Once nothing is open and nothing runs."""
        truth = self.until(lambda t: not t.open and not any(m.get("open") for m in t.messages))
        give_up = time.monotonic() + _PATIENCE
        while self.stack.status()["invocations"] and time.monotonic() < give_up:
            time.sleep(0.02)
        return truth

    def violations(self) -> list[str]:
        """Uploads that wait for their purge are not looked at: `roomy` is not swept."""
        calls = image_calls(self.stack.gemini()["log"])
        found = check_user(self.stack, self.user, calls=calls)
        return [one for one in found if "belongs to no picture" not in one]


@pytest.fixture
def alice(roomy: RunningStack, user: str) -> Iterator[Somebody]:
    roomy.gemini(text_ms=50, image_ms=100, script=[], reset=True)
    somebody = Somebody(roomy, user)
    yield somebody
    assert somebody.violations() == []


@pytest.fixture
def tab(roomy: RunningStack, alice: Somebody) -> Iterator[Client]:
    """An open tab, which must show the truth in the end."""
    with Crowd(roomy) as crowd:
        client = crowd.tab(alice.user)
        yield client
        crowd.level(client)
        assert check_client(client, roomy) == []


def deliver(stack: RunningStack, function: str, event: dict[str, Any]) -> None:
    """One asynchronous invocation, as Lambda's queue or EventBridge would make it."""
    stack.aws("lambda").invoke(
        FunctionName=f"{stack.functions[function]}:live",
        InvocationType="Event",
        Payload=json.dumps(event).encode(),
    )


def order(somebody: Somebody, job: dict[str, Any]) -> dict[str, Any]:
    return {
        "user_id": somebody.user,
        "chat_id": job["chat_id"],
        "message_id": job["message_id"],
        "job_id": job["entry"],
        "attempt": int(job["attempt"]),
        "correlation_id": "again",
    }


def failure_record(somebody: Somebody, job: dict[str, Any]) -> dict[str, Any]:
    """What Lambda sends to the keeper of the invocation that claimed the job."""
    context = {
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 1,
        "requestId": job["claimed_by"],
    }
    return {
        "version": "1.0",
        "requestContext": context,
        "requestPayload": order(somebody, job),
    }


def codes(truth: Truth) -> Counter[str]:
    """Endings of the answers: a status, or the code of a failure."""
    return Counter(
        _code(m) if m["status"] == "failed" else m["status"]
        for m in truth.messages
        if m["role"] == "assistant"
    )


def _code(message: dict[str, Any]) -> str:
    return str(json.loads(message["error"])["code"])


def running(somebody: Somebody, message: Message) -> dict[str, Any]:
    """The message's job, once a function has claimed it."""
    somebody.until(
        lambda truth: any(
            job["message_id"] == message["id"] and job["status"] == "running"
            for job in truth.jobs.values()
        )
    )
    return somebody.job(message)


# --- Pictures that are brought -------------------------------------------------------------------


def bring(somebody: Somebody, image_id: str, data: bytes) -> httpx.Response:
    """Until it is not under way any more."""
    headers = {"content-type": "image/jpeg"}
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up:
        answer = somebody.http.put(f"/images/{image_id}", content=data, headers=headers)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            return answer
        time.sleep(0.2)
    raise AssertionError("it was under way for too long")


def test_fifty_equal_uploads_are_one_picture(alice: Somebody, tab: Client) -> None:
    image_id, data = str(ULID()), encoded(a_picture())

    answers = at_once(50, lambda _: bring(alice, image_id, data))

    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {201: 1, 200: 49}
    assert len({answer.json()["image"]["id"] for answer in answers}) == 1
    assert alice.http.get("/usage").json()["uploads_used"] == 1
    truth = alice.settled()
    assert [event["name"] for event in truth.events] == ["image-insert"]


def test_a_picture_deleted_while_it_is_brought_is_there_or_gone(
    alice: Somebody, tab: Client
) -> None:
    for _ in range(_REPEATS):
        image_id, data = str(ULID()), encoded(a_picture())

        def act(number: int, image_id: str = image_id, data: bytes = data) -> int:
            if number:
                return alice.http.delete(f"/images/{image_id}").status_code
            return bring(alice, image_id, data).status_code

        assert at_once(4, act) == [201, 204, 204, 204]
        again = bring(alice, image_id, data)
        is_there = image_id in alice.settled().images
        assert again.status_code == (200 if is_there else 409)
        assert is_there or again.json()["error"]["code"] == "image_deleted"


# --- The quota -----------------------------------------------------------------------------------


def test_of_a_hundred_pictures_at_once_exactly_the_ten_left_are_painted(
    alice: Somebody, tab: Client
) -> None:
    at_once(100, lambda number: alice.insist(f"paint a fox w{number}"))

    truth = alice.settled()
    # On a machine that is far too small for this, somebody may have lost every race.
    for lost in [m for m in truth.messages if m.get("error") and _code(m) == "internal"]:
        alice.retry({"id": lost["message_id"], "version": int(lost["version"])})
    truth = alice.settled()
    assert codes(truth) == {"complete": 10, "quota_exceeded": 90}
    assert len(truth.images) == 10
    assert alice.used() == 10
    assert len(image_calls(alice.stack.gemini()["log"])) == 10


def test_beyond_the_open_ones_nothing_is_stored(swept: RunningStack, user: str) -> None:
    swept.gemini(text_ms=1500, image_ms=100, script=[])
    bob = Somebody(swept, user)
    try:
        answers = at_once(60, lambda number: bob.post(f"hello {number}"))
    finally:
        swept.gemini(text_ms=50)

    truth = bob.settled()
    statuses = Counter(answer.status_code for answer in answers)
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.json()["error"]["code"] for answer in refused} == {"too_many_open"}
    # One that lost every race was told to come again (503); it may have been stored or not.
    stored = len(truth.messages) // 2
    assert statuses[200] <= stored <= 60 - len(refused)
    assert set(truth.counters.values()) == {stored}
    assert 10 <= stored < 60
    assert check_user(swept, user) == []


# --- One job, one picture ------------------------------------------------------------------------


def test_fifty_deliveries_of_one_job_paint_once(alice: Somebody, tab: Client) -> None:
    alice.stack.gemini(image_ms=1000)
    message = alice.asked("paint a fox wonce")
    job = alice.job(message)

    at_once(50, lambda _: deliver(alice.stack, "image_generate", order(alice, job)))

    truth = alice.settled()
    assert codes(truth) == {"complete": 1}
    assert image_calls(alice.stack.gemini()["log"])["wonce"] == 1
    assert (len(truth.images), alice.used()) == (1, 1)


def test_fifty_sweeps_at_once_end_an_overdue_message_once(alice: Somebody, tab: Client) -> None:
    fifty_sweeps(alice.stack)  # so many new processes may take longer to start than the picture
    alice.settled()
    alice.stack.gemini(script=[{"on": "image", "match": "wslow", "delay_ms": 9000}])
    message = alice.asked("paint a fox wslow")
    running(alice, message)
    assert alice.used() == 1
    pass_deadline(alice, message)

    fifty_sweeps(alice.stack)

    truth = alice.until(lambda truth: codes(truth) == {"timed_out": 1})
    truth = alice.settled()
    assert codes(truth) == {"timed_out": 1}
    assert (truth.open, alice.used(), len(truth.images)) == (0, 0, 0)
    assert truth.seq == 4  # two placeholders, generating, failed


def fifty_sweeps(stack: RunningStack) -> None:
    at_once(50, lambda _: deliver(stack, "keeper", {"source": "aws.events"}))


def pass_deadline(somebody: Somebody, message: Message) -> None:
    """As if it had been waiting for long."""
    key = {"user_id_chat_id": {"S": f"{somebody.user}#c"}, "message_id": {"S": message["id"]}}
    somebody.stack.aws("dynamodb").update_item(
        TableName=somebody.stack.name("MessagesTable"),
        Key=key,
        UpdateExpression="SET deadline = :past",
        ExpressionAttributeValues={":past": {"N": "1000000000"}},
    )


# --- Cancel --------------------------------------------------------------------------------------


def test_fifty_cancels_at_once_are_one(alice: Somebody, tab: Client) -> None:
    alice.stack.gemini(image_ms=4000)
    message = alice.asked("paint a fox wcancel")
    running(alice, message)

    answers = at_once(50, lambda _: alice.cancel(message))

    truth = alice.settled()
    assert codes(truth) == {"cancelled": 1}
    assert truth.seq == 4
    assert alice.used() == 1  # it was running
    told = [answer.json() for answer in answers if answer.status_code == httpx.codes.OK]
    assert told, "somebody was first"
    assert {one["assistant_message"]["meta"]["status"] for one in told} == {"cancelled"}
    # The others lost every race, and were told so.
    assert {a.status_code for a in answers} <= {httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE}


def test_cancel_against_completing_has_one_ending(alice: Somebody, tab: Client) -> None:
    """Spread over the time in which a picture arrives, so that each comes first now and then."""
    alice.stack.gemini(text_ms=0, image_ms=150)

    def one(number: int) -> None:
        message = alice.asked(f"paint a fox w{number}")
        time.sleep(0.1 + number * 0.03)
        alice.cancel(message)

    for number in range(9):
        one(number)

    truth = alice.settled()
    assert set(codes(truth)) <= {"complete", "cancelled"}
    assert sum(codes(truth).values()) == 9


def test_cancel_against_rescue_has_one_ending(alice: Somebody, tab: Client) -> None:
    alice.stack.gemini(text_ms=0, image_ms=400)

    for number in range(6):
        message = alice.asked(f"paint a fox w{number}")
        job = running(alice, message)
        record = failure_record(alice, job)

        def act(which: int, message: Message = message, record: dict[str, Any] = record) -> None:
            if which:
                deliver(alice.stack, "keeper", record)
            else:
                alice.cancel(message)

        at_once(2, act)

    truth = alice.settled()
    assert set(codes(truth)) <= {"complete", "cancelled"}


def test_retry_and_cancel_and_repeat_in_one_heap(alice: Somebody, tab: Client) -> None:
    alice.stack.gemini(text_ms=0, image_ms=100)
    message = alice.asked("paint a fox wheap")

    def act(number: int) -> None:
        now = alice.message(message)
        [alice.cancel, alice.retry][number % 2](now)

    for _ in range(3):
        at_once(8, act)

    truth = alice.settled()
    assert sum(codes(truth).values()) == 1
    assert alice.used() <= 10


# --- Retry ---------------------------------------------------------------------------------------


def test_twenty_retries_of_one_failure_are_one_job(alice: Somebody, tab: Client) -> None:
    alice.stack.gemini(script=[{"on": "image", "match": "wagain", "finish_reason": "IMAGE_SAFETY"}])
    message = alice.asked("paint a fox wagain")
    alice.until(lambda truth: codes(truth) == {"blocked": 1})
    assert alice.used() == 0
    failed = alice.message(message)

    at_once(20, lambda _: alice.retry(failed))

    truth = alice.settled()
    assert codes(truth) == {"complete": 1}
    assert (len(truth.jobs), len(truth.images), alice.used()) == (2, 1, 1)
    assert image_calls(alice.stack.gemini()["log"])["wagain"] == 2


def test_twenty_retries_of_a_text_ask_the_model_once(alice: Somebody, tab: Client) -> None:
    alice.stack.gemini(script=[{"on": "text", "match": "wtext", "finish_reason": "SAFETY"}])
    message = alice.asked("hello wtext")
    assert message["meta"]["error"]["code"] == "blocked"

    at_once(20, lambda _: alice.retry(message))

    truth = alice.settled()
    assert codes(truth) == {"complete": 1}
    assert alice.stack.gemini()["calls"]["text"] == 2
    assert set(truth.counters.values()) == {2}


# --- Numbers -------------------------------------------------------------------------------------


def test_pictures_at_once_are_numbered_without_holes(alice: Somebody, tab: Client) -> None:
    at_once(10, lambda number: alice.post(f"paint a fox w{number}"))

    truth = alice.settled()
    assert codes(truth) == {"complete": 10}
    # Two placeholders, generating, complete and the picture; and one more of who waited its turn.
    assert 10 * 5 <= truth.seq < 10 * 6
    if len(resumes(tab)) == 1:  # who was late and asked again may get a frame twice
        assert len({seq for seq, _ in tab.received}) == len(tab.received), "a frame came twice"


def resumes(tab: Client) -> list[dict[str, Any]]:
    return [frame for frame in tab.system if frame["event"] in ("resumed", "more")]


def test_the_same_message_fifty_times_is_one(alice: Somebody, tab: Client) -> None:
    alice.stack.gemini(text_ms=800)
    message_id = str(ULID.from_datetime(datetime.now(UTC)))

    answers = at_once(50, lambda _: alice.post("hello wsame", message_id))

    truth = alice.settled()
    assert len(truth.messages) == 2
    assert alice.stack.gemini()["calls"]["text"] == 1
    assert {answer.status_code for answer in answers} <= {200, 202}
    bodies = [answer.json() for answer in answers]
    assert {body["user_message"]["id"] for body in bodies} == {message_id}
    assert len({body["assistant_message"]["id"] for body in bodies}) == 1
    final = alice.post("hello wsame", message_id).json()
    assert final["assistant_message"]["meta"]["status"] == "complete"
    done = [b for b in bodies if b["assistant_message"]["meta"]["status"] == "complete"]
    assert all(body == final for body in done)
    assert len(done) >= 1


# --- On-failure records that come many times -----------------------------------------------------


def test_one_record_twenty_times_is_one_more_attempt(alice: Somebody, tab: Client) -> None:
    alice.stack.gemini(script=[{"on": "image", "match": "wdied", "delay_ms": 8000}])
    message = alice.asked("paint a fox wdied")
    job = running(alice, message)
    record = failure_record(alice, job)

    at_once(20, lambda _: deliver(alice.stack, "keeper", record))

    truth = alice.settled()
    assert codes(truth) == {"complete": 1}
    [job] = truth.jobs.values()
    assert (int(job["attempt"]), job["status"]) == (2, "succeeded")
    assert image_calls(alice.stack.gemini()["log"])["wdied"] == 2
    assert (len(truth.images), alice.used()) == (1, 1)

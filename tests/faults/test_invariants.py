"""The judge can be shocked: each invariant is broken by hand and each breach is named."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from afterimage.domain.limits import MOST_PICTURES
from afterimage.domain.variants import varied
from tests.faults.client import Applied, Client, Crowd, Shown
from tests.faults.invariants import (
    Truth,
    _answers,
    _charges,
    _deleted,
    _steady,
    _uploads,
    _versions,
    check_client,
    check_user,
    folder,
    image_calls,
)
from tests.local_stack.gemini.conversation import last_prompt
from tests.local_stack.testing import RunningStack

Key = dict[str, Any]


@dataclass(frozen=True)
class Life:
    """A user with one message of every ending, and a hand on their rows."""

    stack: RunningStack
    user: str
    painted: dict[str, Any]
    cancelled: dict[str, Any]
    blocked: dict[str, Any]

    def job(self, message: dict[str, Any]) -> str:
        row = self.get("MessagesTable", self.message_key(message))
        return str(json.loads(row["slots"]["S"])[0]["id"])

    def message_key(self, message: dict[str, Any]) -> Key:
        partition = f"{self.user}#{message['chat_id']}"
        return {"user_id_chat_id": {"S": partition}, "message_id": {"S": message["id"]}}

    def job_key(self, message: dict[str, Any]) -> Key:
        return {"user_id": {"S": self.user}, "entry": {"S": self.job(message)}}

    def entry(self, name: str) -> Key:
        return {"user_id": {"S": self.user}, "entry": {"S": name}}

    def get(self, table: str, key: Key) -> dict[str, Any]:
        name = self.stack.name(table)
        found = self.stack.aws("dynamodb").get_item(TableName=name, Key=key, ConsistentRead=True)
        row: dict[str, Any] = found["Item"]
        return row

    @contextmanager
    def without(self, table: str, key: Key) -> Iterator[None]:
        """The row is gone for a while."""
        row, dynamodb = self.get(table, key), self.stack.aws("dynamodb")
        dynamodb.delete_item(TableName=self.stack.name(table), Key=key)
        try:
            yield
        finally:
            dynamodb.put_item(TableName=self.stack.name(table), Item=row)

    @contextmanager
    def changed(self, table: str, key: Key, **columns: Any) -> Iterator[None]:
        """Columns of the row are others for a while; None takes one away."""
        row, dynamodb = self.get(table, key), self.stack.aws("dynamodb")
        wrong = {**row, **columns}
        wrong = {name: value for name, value in wrong.items() if value is not None}
        dynamodb.put_item(TableName=self.stack.name(table), Item=wrong)
        try:
            yield
        finally:
            dynamodb.put_item(TableName=self.stack.name(table), Item=row)

    @contextmanager
    def without_object(self, name: str) -> Iterator[None]:
        key = f"{folder(self.user)}{self.job(self.painted)}/{name}"
        s3, bucket = self.stack.aws("s3"), self.stack.name("ImagesBucket")
        data = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        s3.delete_object(Bucket=bucket, Key=key)
        try:
            yield
        finally:
            s3.put_object(Bucket=bucket, Key=key, Body=data)

    @contextmanager
    def stray_object(self) -> Iterator[None]:
        key = f"{folder(self.user)}{self.job(self.cancelled)}/original"
        s3, bucket = self.stack.aws("s3"), self.stack.name("ImagesBucket")
        s3.put_object(Bucket=bucket, Key=key, Body=b"left behind")
        try:
            yield
        finally:
            s3.delete_object(Bucket=bucket, Key=key)


def post(http: Any, text: str) -> dict[str, Any]:
    answer = http.post("/chats/c/messages", json={"text": text}).raise_for_status().json()
    message: dict[str, Any] = answer["assistant_message"]
    return message


@pytest.fixture(scope="module")
def life(swept: RunningStack) -> Iterator[Life]:
    user = f"life-{time.time_ns()}"
    http = swept.http(user)
    post(http, "hello")
    swept.gemini(script=[{"on": "image", "match": "wslow", "delay_ms": 3000}])
    cancelled = post(http, "paint a boat wslow")
    deadline = time.monotonic() + 10
    while not any(i["function"] == "image_generate" for i in swept.status()["invocations"]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.3)
    http.post(
        f"/chats/c/messages/{cancelled['id']}/cancel", json={"version": cancelled["version"]}
    ).raise_for_status()
    swept.gemini(script=[{"on": "image", "match": "wbad", "finish_reason": "IMAGE_SAFETY"}])
    blocked = post(http, "paint a crime wbad")
    painted = post(http, "paint a fox wgood")
    made = Life(swept, user, painted, cancelled, blocked)
    while swept.status()["invocations"]:  # the cancelled picture's late uploads have arrived
        time.sleep(0.1)
    give_up = time.monotonic() + 60  # and are purged after 25 s
    while (violations := check_user(swept, user)) and time.monotonic() < give_up:
        time.sleep(0.5)
    assert violations == []
    yield made
    assert check_user(swept, user) == [], "a test did not put things back"


Breach = Callable[[Life], Any]
S, N = "S", "N"


def message(which: str, **columns: Any) -> Breach:
    """The row of the message that was `painted` or `blocked` is another."""
    return lambda life: life.changed(
        "MessagesTable", life.message_key(getattr(life, which)), **columns
    )


def job(which: str, **columns: Any) -> Breach:
    return lambda life: life.changed(
        "ImageGenerationLogTable", life.job_key(getattr(life, which)), **columns
    )


def slot(which: str, status: str) -> Breach:
    def one(life: Life) -> Any:
        slots = [{"id": life.job(getattr(life, which)), "status": status}]
        return message(which, slots={S: json.dumps(slots)})(life)

    return one


def counter(**columns: Any) -> Breach:
    return lambda life: life.changed("ChannelsTable", life.entry("seq"), **columns)


def counted(what: str, used: str) -> Breach:
    """Something of today is counted otherwise."""
    today = time.strftime("%Y-%m-%d", time.gmtime())
    entry = f"{what}#{today}"
    return lambda life: life.changed("ImageGenerationLogTable", life.entry(entry), used={N: used})


LATE = {N: "4000000000"}
BREACHES: dict[str, tuple[Breach, str]] = {
    "a message that never ends": (
        message("painted", status={S: "generating"}, deadline=LATE, open={S: "99"}),
        "is still generating",
    ),
    "an open message that no sweep finds": (
        message("painted", status={S: "thinking"}),
        "no sweep can find it",
    ),
    "an ended message in the index": (
        message("painted", deadline=LATE),
        "is in the index of open ones",
    ),
    "a failure without a reason": (message("blocked", error=None), "failed without a reason"),
    "an open counter that drifted": (counter(open={N: "1"}), "the counter says 1 open"),
    "a place with the painter that nobody gave back": (
        lambda life: counter(painting={"SS": [life.job(life.painted)]})(life),
        "painting names job",
    ),
    "a job that waits for ever": (
        counter(waiting={"SS": ["01J"]}),
        "1 jobs wait and none is painted",
    ),
    "a picture charged twice": (counted("quota", "3"), "says 3 used, and 2 are charged"),
    "a refund that should not have been": (counted("quota", "1"), "says 1 used, and 2 are charged"),
    "a price on a failed job": (job("blocked", price_usd={S: "0.1"}), "its price_usd is 0.1"),
    "a third attempt": (job("painted", attempt={N: "3"}), "is at attempt 3"),
    "a job that never ended": (
        job("blocked", status={S: "running"}, ended_at=None),
        "is still running",
    ),
    "a picture that is not in the gallery": (
        lambda life: life.without(
            "UserImagesTable",
            {"user_id": {S: life.user}, "image_id": {S: life.job(life.painted)}},
        ),
        "without a picture in the gallery",
    ),
    "a gallery row of a job that failed": (
        job("painted", status={S: "failed"}, error_code={S: "internal"}, price_usd=None),
        "without a job or upload that succeeded",
    ),
    "a lost file": (lambda life: life.without_object("full.webp"), "has no file full.webp"),
    "a lost original": (lambda life: life.without_object("original"), "has no file original"),
    "an object nobody owns": (lambda life: life.stray_object(), "belongs to no picture"),
    "a hole in the event log": (
        lambda life: life.without(
            "ChannelEventsTable", {"user_id": {S: life.user}, "seq": {N: "2"}}
        ),
        "the event log has holes at [2]",
    ),
    "a counter behind its log": (counter(seq={N: "1"}), "the counter is at 1"),
    "an event told twice": (
        message("painted", version={N: "2"}),
        "is at version 2, and 3 events tell of it",
    ),
    "a message nobody answered": (
        lambda life: life.without("MessagesTable", life.message_key(life.painted)),
        "has 0 answers",
    ),
    "a message counted twice": (counted("messages", "5"), "5 messages counted, 4 sent"),
    "a complete message without its picture": (
        slot("painted", "complete"),
        "whose picture is not as that says",
    ),
    "a slot that ended otherwise than its job": (
        slot("blocked", "generating"),
        "and its slot is generating",
    ),
    "a message that is not what its slots are": (
        message("painted", status={S: "cancelled"}),
        "and its slots are complete",
    ),
}


@pytest.mark.parametrize(("breach", "named"), BREACHES.values(), ids=BREACHES)
def test_a_breach_is_named(life: Life, breach: Breach, named: str) -> None:
    with breach(life):
        violations = check_user(life.stack, life.user)
    assert any(re.search(re.escape(named), sentence) for sentence in violations), violations


def test_a_third_call_of_the_provider_is_named(life: Life) -> None:
    calls = image_calls(life.stack.gemini()["log"])
    assert check_user(life.stack, life.user, calls=calls) == []

    twice = calls + Counter({"wgood": 1})

    [violation] = check_user(life.stack, life.user, calls=twice)
    assert "asked 2 times for wgood, 1 allowed" in violation


def test_calls_for_several_pictures_are_those_of_their_wish() -> None:
    wishes = [varied("A fox, wfour.", slot) for slot in range(MOST_PICTURES)]
    prompts = [last_prompt([{"parts": [{"text": wish}]}]) for wish in wishes]

    calls = image_calls({"kind": "image", "prompt": prompt} for prompt in prompts)

    assert calls == {"wfour": MOST_PICTURES}


def test_what_the_provider_turned_down_is_excused(life: Life) -> None:
    calls = image_calls(life.stack.gemini()["log"]) + Counter({"wgood": 1})
    assert check_user(life.stack, life.user, calls=calls, excused={"wgood": 1}) == []


def test_while_things_run_only_overdue_messages_are_named(life: Life) -> None:
    key = life.message_key(life.painted)
    with ExitStack() as breaches:
        columns = {"status": {S: "generating"}, "open": {S: "99"}}
        breaches.enter_context(
            life.changed("MessagesTable", key, deadline={N: "4000000000"}, **columns)
        )
        before = check_user(life.stack, life.user, settled=False)
        breaches.enter_context(life.changed("MessagesTable", key, deadline={N: "1000000000"}))
        after = check_user(life.stack, life.user, settled=False)
    assert not any("deadline" in sentence for sentence in before)
    assert any("after its deadline" in sentence for sentence in after)


# --- The judge of clients ------------------------------------------------------------------------


def shown(crowd: Crowd, life: Life) -> Client:
    tab = crowd.tab(life.user)
    crowd.level(tab)
    assert check_client(tab, life.stack) == []
    return tab


def test_a_client_that_shows_too_much_too_little_or_the_wrong_thing_is_named(
    crowd: Crowd, life: Life
) -> None:
    tab = shown(crowd, life)
    painted = tab.shown.messages.pop(life.painted["id"])
    assert any("is not shown" in sentence for sentence in check_client(tab, life.stack))

    tab.shown.messages[painted["id"]] = {**painted, "version": 2}
    assert any("is shown as" in sentence for sentence in check_client(tab, life.stack))

    tab.shown.messages = {**tab.shown.messages, painted["id"]: painted, "x": painted}
    assert any("x is shown and is not there" in one for one in check_client(tab, life.stack))


@pytest.mark.parametrize("numbers", [[1, 2, 4], [1, 2, 2], [2, 1]], ids=["hole", "double", "back"])
def test_a_client_that_applied_out_of_turn_is_named(
    crowd: Crowd, life: Life, numbers: list[int]
) -> None:
    tab = shown(crowd, life)
    tab.log = [Applied(number, "message-update") for number in numbers]
    assert any("applied event" in sentence for sentence in check_client(tab, life.stack))


def test_seconds_that_are_left_differ_from_reading_to_reading_wherever_they_stand() -> None:
    def as_read(seconds: int) -> dict[str, Any]:
        error = {"code": "quota_exceeded", "retry_after": seconds}
        return {"meta": {"error": error, "images": [{"status": "failed", "error": error}]}}

    assert _steady(as_read(9)) == _steady(as_read(8))
    assert _steady({"images": [{"status": "failed"}]}) != _steady({"images": []})


def test_a_number_with_two_meanings_is_named(crowd: Crowd, life: Life) -> None:
    tab = shown(crowd, life)
    for about in ("one", "two"):
        frame = {"seq": 1, "event": "image-delete", "payload": {"image_ids": [about]}}
        tab._numbered(frame)
    assert any("event 1 is about" in sentence for sentence in check_client(tab, life.stack))


def thinking(version: int, status: str = "thinking", text: str | None = "") -> dict[str, Any]:
    """An answer, as a frame brings it."""
    meta = {"status": status, "images": []}
    known = {"id": "m", "chat_id": "c", "role": "assistant"}
    return {**known, "version": version, "text": text, "meta": meta}


def delta(offset: int, text: str, version: int = 1) -> dict[str, Any]:
    return {"message_id": "m", "version": version, "offset": offset, "text": text}


def test_words_that_differ_from_those_before_them_are_named() -> None:
    tab = Shown()
    tab.apply("message-insert", {"message": thinking(1)})

    assert tab.write(delta(0, "Once upon")) == []
    assert tab.write(delta(0, "Once upon a time")) == []
    assert tab.write(delta(9, " a ti")) == [], "late"
    assert tab.write(delta(20, "beyond")) == [], "behind a hole"
    assert tab.write(delta(0, "other", version=2)) == [], "of another version"
    [named] = tab.write(delta(9, " Once upon a time"))
    assert "changed from 'Once upon a time'" in named


@pytest.mark.parametrize(
    ("text", "is_named"), [("Once upon a time", False), ("", False), (None, False), ("No", True)]
)
def test_an_answer_that_does_not_begin_as_it_was_shown_is_named(
    text: str | None, *, is_named: bool
) -> None:
    tab = Shown()
    tab.apply("message-insert", {"message": thinking(1)})
    tab.write(delta(0, "Once upon"))

    tab.apply("message-update", {"message": thinking(2, "complete", text)})

    assert bool(tab.taken_back) == is_named


# --- What is deleted -----------------------------------------------------------------------------

MARKED = {"chat_id": "c", "deleting": True}


def truth(**changed: Any) -> Truth:
    """Somebody who has nothing."""
    nothing: dict[str, Any] = {
        "messages": [],
        "chats": [],
        "images": {},
        "jobs": {},
        "uploads": {},
        "counters": {},
        "seq": 0,
        "open": 0,
        "painting": frozenset(),
        "queued": frozenset(),
        "connections": 0,
        "browsers": 0,
        "events": [],
        "objects": frozenset(),
        "deletions": [],
        "is_gone": False,
    }
    return Truth("somebody", **{**nothing, **changed})


@pytest.mark.parametrize(
    ("left", "named"),
    [
        ({"chats": [MARKED], "messages": [{"chat_id": "c"}]}, "has 1 messages and jobs"),
        ({"chats": [MARKED], "jobs": {"j": {"chat_id": "c"}}}, "has 1 messages and jobs"),
        ({"chats": [MARKED]}, "no sweep can find it"),
        ({"deletions": ["deletion#image#i"]}, "has not ended"),
        ({"deletions": ["deletion#line#c.q"]}, "has not ended"),
        ({"is_gone": True, "chats": [{"chat_id": "c"}]}, "has rows"),
        ({"is_gone": True, "objects": frozenset({"p/x"})}, "has files, events"),
        ({"is_gone": True, "connections": 1}, "connections or browsers"),
        ({"is_gone": True, "browsers": 1}, "connections or browsers"),
    ],
)
def test_what_a_deletion_leaves_is_named(left: dict[str, Any], named: str) -> None:
    assert named in " ".join(_deleted(truth(**left)))


BROUGHT = {"status": "running", "quota_day": "2026-11-20"}


@pytest.mark.parametrize(
    ("uploads", "named"),
    [
        ({"u": BROUGHT}, "has not ended"),
        ({"u": {**BROUGHT, "status": "succeeded", "purge_at": 1}}, "is to be removed"),
        ({"u": BROUGHT, "v": BROUGHT}, "1 uploads counted, 2 brought"),
    ],
)
def test_an_upload_that_is_not_in_order_is_named(uploads: dict[str, Any], named: str) -> None:
    counted = truth(uploads=uploads, counters={"uploads#2026-11-20": 1})
    assert named in " ".join(_uploads(counted, settled=True))


def asked(name: str, *, stands: bool, line: str | None = "q1") -> list[dict[str, Any]]:
    """A question with its answer."""
    both = {"chat_id": "c", "version_of": line, "stands": stands}
    question = {**both, "message_id": name, "role": "user"}
    return [question, {**both, "message_id": f"{name}a", "role": "assistant", "reply_to": name}]


FIRST, SECOND = asked("q1", stands=False, line=None), asked("q2", stands=True)


@pytest.mark.parametrize(
    ("messages", "named"),
    [
        ([*FIRST, *asked("q2", stands=False)], "line q1 has 0 pairs that stand"),
        ([*asked("q1", stands=True, line=None), *SECOND], "line q1 has 2 pairs that stand"),
        ([*FIRST, SECOND[0], {**SECOND[1], "stands": False}], "does not stand as its question"),
        ([*FIRST, SECOND[0], {**SECOND[1], "version_of": None}], "of another line than"),
        ([], "names q1 as its last line, which is not there"),
    ],
)
def test_versions_that_are_not_in_order_are_named(
    messages: list[dict[str, Any]], named: str
) -> None:
    chats = [{"chat_id": "c", "last_line": "q1"}]
    assert list(_versions(truth(chats=chats, messages=[*FIRST, *SECOND]))) == []
    assert named in " ".join(_versions(truth(chats=chats, messages=messages)))


DELETED = [
    {"name": "message-delete", "message_id": "q"},
    {"name": "message-delete", "message_id": "a"},
    {"name": "image-delete", "image_id": "i"},
]


@pytest.mark.parametrize(("used", "is_exact"), [(0, False), (1, True), (2, False)])
def test_a_question_that_is_deleted_stays_counted(used: int, *, is_exact: bool) -> None:
    counters = {"messages#2026-11-20": used, "quota#2026-11-20": used}
    left = truth(events=DELETED, counters=counters)
    assert bool(list(_answers(left))) is bool(list(_charges(left))) is not is_exact


def test_what_a_deletion_may_leave_is_no_breach() -> None:
    marked = truth(chats=[MARKED], deletions=["deletion#chat#c"], messages=[{"chat_id": "other"}])

    assert list(_deleted(marked)) == []
    assert list(_deleted(truth(is_gone=True, deletions=["deletion#account#"]))) == []

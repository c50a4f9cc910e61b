"""What is suggested is painted before anybody asks, and handed out to whoever does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import pytest
from tests.aws_smoke.channel_steps import ChannelSteps
from tests.aws_smoke.deployed import Deployed
from tests.aws_smoke.habit_steps import HabitSteps
from tests.aws_smoke.sign_in import Person, Signed
from tests.aws_smoke.visit import Visit
from tests.local_stack.names import STACK_NAME
from tests.local_stack.testing import RunningStack as Stack
from tests.local_stack.testing import StackProcess
from tests.support.channel_client import ChannelClient, is_event
from tests.support.stored import files_of, object_keys, scan
from ulid import ULID

from afterimage.domain import ids

_PATIENCE = 60.0  # seconds; only so that a broken run ends
FOX, BOAT = "A fox in the snow", "A boat at night"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of which two things are suggested."""
    suggested = [{"text": FOX, "aspect_ratio": "3:2"}, {"text": BOAT}]
    process = StackProcess(
        tmp_path_factory.mktemp("stocked"),
        *("--schedule-interval", "1"),
        *("--parameter", f"Suggestions={json.dumps(suggested)}", "--parameter", "StockSize=2"),
        *("--parameter", "CollectCandidates=true", "--parameter", "CommonAfter=2"),
    )
    with process.running() as stack:
        stack.gemini(text_ms=0, image_ms=10)
        yield stack


def until(what: str, holds: Callable[[], Any]) -> Any:
    give_up = time.monotonic() + _PATIENCE
    while not (found := holds()):
        assert time.monotonic() < give_up, what
        time.sleep(0.1)
    return found


def suggestion(http: httpx.Client, text: str) -> dict[str, Any]:
    """One of them, once a picture is there."""

    def ready() -> dict[str, Any] | None:
        listed = http.get("/suggestions").raise_for_status().json()["suggestions"]
        return next((one for one in listed if one["text"] == text and one["ready"]), None)

    found: dict[str, Any] = until(f"no picture of {text}", ready)
    return found


def ask(http: httpx.Client, one: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"text": one["text"], "suggestion_id": one["id"], **more}
    return http.post(f"/chats/{ULID()}/messages", json=body)


def test_a_suggestion_is_answered_at_once_with_a_picture_of_ones_own(stocked: Stack) -> None:
    alice = stocked.http("alice")
    one = suggestion(alice, FOX)
    sample = httpx.get(one["thumbnail_url"], trust_env=False)
    assert (sample.status_code, sample.headers["content-type"]) == (200, "image/webp")
    before = stocked.gemini()["calls"]["text"]
    with ChannelClient(alice) as tab:
        tab.resumed()

        answer = ask(alice, one)

        assert answer.json()["assistant_message"]["meta"]["status"] == "complete", answer.text
        frame = tab.until(is_event("image-insert"))
        assert tab.numbers() == [1, 2, 3]
    body = answer.json()
    message = body["assistant_message"]
    image = message["meta"]["image"]
    assert (answer.status_code, body["success"]) == (200, True)
    assert (message["meta"]["status"], message["meta"]["prompt"]) == ("complete", FOX)
    assert frame["payload"]["image"]["id"] == image["id"]
    assert stocked.gemini()["calls"]["text"] == before
    for address in ("url", "thumbnail_url"):
        shown = httpx.get(image[address], trust_env=False)
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
        assert "x-amz-meta-cache-tag" not in shown.headers
    original = alice.get(f"/images/{image['id']}/original").raise_for_status().json()
    assert httpx.get(original["url"], trust_env=False).status_code == 200
    used = alice.get("/usage").json()
    assert (used["used"], used["messages_used"], used["provider_calls"]) == (1, 1, 0)
    assert used["typical_ms"] is None


def test_where_none_is_what_is_wished_for_a_model_is_asked(stocked: Stack) -> None:
    zoe, before = stocked.http("zoe"), stocked.gemini()["calls"]["text"]

    answer = ask(zoe, suggestion(zoe, FOX), image_size="4K")

    assert stocked.gemini()["calls"]["text"] == before + 1, answer.text
    log = (stocked.logs / "llm_handler_gemini.log").read_text()
    assert "llm_handler_stock_empty" in log
    assert "llm_handler_stock_failed" not in log


def test_the_smoke_test_of_a_deployment_looks_at_the_samples(
    stocked: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    suggestion(stocked.http("alice"), FOX)
    for name, value in stocked.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    signed = Signed(stocked.token("operator"), "by a token", temporary=False)
    deployed = Deployed(STACK_NAME, boto3.Session(), patience=20)
    visit = Visit(deployed, Person(lambda: signed))
    ChannelSteps(visit).signed_in()

    said = HabitSteps(visit, dict).suggested()

    visit.close()
    deployed.close()
    assert said.startswith("2, ")
    assert " 0 with a sample" not in said


def test_what_is_deleted_is_gone_and_nothing_is_left_in_the_stock(stocked: Stack) -> None:
    dave = stocked.http("dave")
    message = ask(dave, suggestion(dave, FOX)).raise_for_status().json()["assistant_message"]
    stored = {key.rpartition("/")[2] for key in files_of(stocked, "dave")}
    assert stored == {*ids.IMAGE_FILES} - {ids.SMALL}

    dave.delete(f"/chats/{message['chat_id']}").raise_for_status()

    until("files of a deleted chat", lambda: not files_of(stocked, "dave"))
    until("a row of the ledger", lambda: not jobs_of(stocked, "dave"))
    until("a file that no row names", lambda: named(stocked))


def jobs_of(stack: Stack, user: str) -> list[Any]:
    rows = scan(stack, "ImageGenerationLogTable")
    return [row for row in rows if row["user_id"] == user and "message_id" in row]


def named(stack: Stack) -> bool:
    """Whether every file of the stock has a row, and every row its files."""
    files = {key.rpartition("/")[0] for key in object_keys(stack, "stock/")}
    rows = [row for row in scan(stack, "StockTable") if "image" in row]
    return files == {f"stock/{row['suggestion']}/{row['picture']}" for row in rows}


def test_a_day_has_so_many_calls_and_each_is_counted(stocked: Stack) -> None:
    rows = scan(stocked, "StockTable")

    (calls,) = [row for row in rows if row["suggestion"] == "calls"]
    assert calls["used"] <= calls["most"] == 20
    assert calls["cost_nano_usd"] > 0


def test_what_several_people_ask_can_be_read_and_nothing_else(stocked: Stack) -> None:
    for user in ("erin", "frank"):
        http = stocked.http(user)
        for text in ("A castle in the clouds", f"A castle for {user}"):
            http.post(f"/chats/{ULID()}/messages", json={"text": text}).raise_for_status()

    rows = scan(stocked, "CandidatesTable")

    assert [row["words"] for row in rows if "words" in row] == ["a castle in the clouds"]
    assert not [row for row in rows if "erin" in str(row)]

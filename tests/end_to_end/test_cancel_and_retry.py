"""Second thoughts: an answer that is no longer wanted, and one that is wanted after all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, Frame, is_event, is_update
from tests.support.painting import (
    painted,
    wait_until_nobody_paints,
    wait_until_the_model_paints,
)


def ask(http: httpx.Client, text: str) -> httpx.Response:
    return http.post("/chats/c/messages", json={"text": text}, timeout=40)


def click(http: httpx.Client, what: str, message: Any, version: int | None = None) -> Any:
    """A click on `cancel` or `retry`, on the version that `message` shows or another."""
    path = f"/chats/c/messages/{message['id']}/{what}"
    return http.post(path, json={"version": version or message["version"]}, timeout=40)


def message_of(frame: Frame) -> Any:
    return frame["payload"]["message"]


def is_placeholder(frame: Frame) -> bool:
    return bool(frame["event"] == "message-insert" and message_of(frame)["role"] == "assistant")


def used(http: httpx.Client) -> tuple[int, int]:
    """Pictures and messages of today."""
    usage = http.get("/usage").json()
    return usage["used"], usage["messages_used"]


# --- Cancel --------------------------------------------------------------------------------------


def test_cancelling_a_picture_ends_it_in_every_tab_and_the_late_one_never_appears(
    stack: Stack, alice: httpx.Client, word: str
) -> None:
    stack.gemini(script=[{"on": "image", "delay_ms": 2000, "match": word}])
    with ChannelClient(alice) as tab, ChannelClient(alice) as phone:
        tab.resumed()
        phone.resumed()
        message = ask(alice, f"paint a harbour {word}").json()["assistant_message"]
        wait_until_the_model_paints(stack, word)

        response = click(alice, "cancel", message)

        cancelled = response.json()["assistant_message"]
        assert response.status_code == 200
        assert (cancelled["version"], cancelled["meta"]["status"]) == (3, "cancelled")
        for client in (tab, phone):
            assert message_of(client.until(is_update("cancelled"))) == cancelled
        wait_until_nobody_paints(stack)
        assert alice.get(f"/chats/c/messages/{message['id']}").json() == cancelled
        assert alice.get("/images").json()["images"] == []
        tab.send({"action": "ping"})
        assert tab.until(is_event("pong"))["seq"] == 4
        late = [name for name in tab.events() if name != "message-preview"]
        assert late == ["message-insert", "message-insert", "message-update", "message-update"]
    assert used(alice) == (1, 1)  # the provider had been asked already


def test_cancelling_while_the_model_thinks_ends_it_and_keeps_the_words_that_come_late(
    stack: Stack, alice: httpx.Client, word: str
) -> None:
    stack.gemini(script=[{"on": "text", "delay_ms": 1500, "match": word}])
    with ChannelClient(alice) as tab, ThreadPoolExecutor(1) as pool:
        tab.resumed()
        asked = pool.submit(ask, alice, f"hello {word}")
        placeholder = message_of(tab.until(is_placeholder))

        response = click(alice, "cancel", placeholder)

        assert not asked.done()
        cancelled = response.json()["assistant_message"]
        assert message_of(tab.until(is_update("cancelled"))) == cancelled
        late = asked.result()
        assert late.status_code == 200
        assert late.json()["success"] is False
        kept = late.json()["assistant_message"]
        assert kept["text"]
        assert kept == {**cancelled, "text": kept["text"], "version": cancelled["version"] + 1}
        assert message_of(tab.until(is_update("cancelled"))) == kept
    assert used(alice) == (0, 1)


def test_a_second_click_on_cancel_changes_nothing(
    stack: Stack, alice: httpx.Client, word: str
) -> None:
    stack.gemini(script=[{"on": "image", "delay_ms": 1500, "match": word}])
    message = ask(alice, f"paint a pier {word}").json()["assistant_message"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: click(alice, "cancel", message), range(4)))

    assert {answer.status_code for answer in answers} == {200}
    (cancelled,) = {str(answer.json()["assistant_message"]) for answer in answers}
    assert "cancelled" in cancelled
    again = click(alice, "cancel", message, version=3)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "not_running")
    assert alice.get("/realtime/events").json()["seq"] == 4


# --- Retry ---------------------------------------------------------------------------------------


def test_a_failed_text_is_answered_after_all(stack: Stack, alice: httpx.Client, word: str) -> None:
    stack.gemini(script=[{"on": "text", "status": 403, "match": word}])
    ask(alice, "my name is Ada")
    with ChannelClient(alice) as tab:
        tab.resumed()
        failed = ask(alice, f"what is my name? {word}").json()["assistant_message"]
        assert failed["meta"]["status"] == "failed"

        response = click(alice, "retry", failed)

        answered = response.json()["assistant_message"]
        assert response.status_code == 200
        assert (answered["id"], answered["meta"]["status"]) == (failed["id"], "complete")
        assert answered["meta"]["error"] is None
        assert "Ada" in answered["text"]
        tab.until(is_update("thinking"))
        assert message_of(tab.until(is_update("complete"))) == answered
    assert click(alice, "retry", failed).json()["assistant_message"] == answered
    assert len(alice.get("/chats/c/messages").json()["messages"]) == 4
    assert used(alice) == (0, 3)


def test_a_failed_picture_is_painted_after_all(
    stack: Stack, alice: httpx.Client, word: str
) -> None:
    stack.gemini(script=[{"on": "image", "finish_reason": "IMAGE_SAFETY", "match": word}])
    with ChannelClient(alice) as tab, ChannelClient(alice) as phone:
        tab.resumed()
        phone.resumed()
        ask(alice, f"paint a mill {word}")
        failed = message_of(tab.until(is_update("failed")))
        assert used(alice) == (0, 1)

        response = click(alice, "retry", failed)

        ordered = response.json()["assistant_message"]
        assert response.status_code == 200
        assert ordered["meta"]["status"] == "generating"
        assert ordered["meta"]["prompt"] == failed["meta"]["prompt"]
        for client in (tab, phone):
            client.until(is_event("image-insert"))
        complete = tab.frames[-2]["payload"]["message"]
        assert (complete["id"], complete["version"]) == (failed["id"], 5)
        assert tab.numbers() == list(range(1, 8))
    assert [image["message_id"] for image in alice.get("/images").json()["images"]] == [
        failed["id"]
    ]
    assert used(alice) == (1, 2)
    assert painted(stack, word) == 2


def test_six_clicks_on_retry_buy_one_picture(stack: Stack, alice: httpx.Client, word: str) -> None:
    stack.gemini(script=[{"on": "image", "finish_reason": "IMAGE_SAFETY", "match": word}])
    with ChannelClient(alice) as tab:
        tab.resumed()
        ask(alice, f"paint a barn {word}")
        failed = message_of(tab.until(is_update("failed")))

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: click(alice, "retry", failed), range(6)))

        assert {answer.status_code for answer in answers} == {200}
        assert {answer.json()["assistant_message"]["version"] for answer in answers} <= {4, 5}
        tab.until(is_event("image-insert"))
    again = click(alice, "retry", failed).json()["assistant_message"]
    assert again["meta"]["status"] == "complete"
    assert painted(stack, word) == 2
    assert used(alice) == (1, 2)


def test_a_cancelled_picture_is_painted_after_all(
    stack: Stack, alice: httpx.Client, word: str
) -> None:
    stack.gemini(script=[{"on": "image", "delay_ms": 1500, "match": word}])
    with ChannelClient(alice) as tab:
        tab.resumed()
        message = ask(alice, f"paint a well {word}").json()["assistant_message"]
        wait_until_the_model_paints(stack, word)
        cancelled = click(alice, "cancel", message).json()["assistant_message"]

        ordered = click(alice, "retry", cancelled).json()["assistant_message"]

        assert ordered["version"] == 4
        image = tab.until(is_event("image-insert"))["payload"]["image"]
        wait_until_nobody_paints(stack)
    complete = alice.get(f"/chats/c/messages/{message['id']}").json()
    assert complete["meta"]["status"] == "complete"
    assert complete["meta"]["image"] == image
    assert alice.get("/images").json()["images"] == [image]
    assert used(alice) == (2, 2)  # the one cancelled while it ran, and the one that is there

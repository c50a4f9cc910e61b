"""A text is seen while it is written, in every tab, and stays where it breaks off."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, Frame, is_event, is_update

STORY = "tell me a story in {} words {}"


class Reader:
    """Shows the words of one answer as the contract says."""

    def __init__(self, frames: list[Frame]) -> None:
        self.text = ""
        for frame in frames:
            if frame["event"] != "message-delta":
                continue
            offset, text = frame["payload"]["offset"], frame["payload"]["text"]
            if offset <= len(self.text):
                self.text = max(self.text, self.text[:offset] + text, key=len)


@pytest.fixture
def writing(stack: Stack) -> Iterator[Stack]:
    """A model that writes a hundred words a second."""
    stack.gemini(words_a_second=100)
    yield stack
    stack.gemini(words_a_second=0)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def ask(threads: ThreadPoolExecutor, http: httpx.Client, text: str) -> Future[httpx.Response]:
    return threads.submit(http.post, "/chats/c/messages", json={"text": text}, timeout=60)


def message_of(frame: Frame) -> Any:
    return frame["payload"]["message"]


def click(http: httpx.Client, what: str, message: Any) -> Any:
    path = f"/chats/c/messages/{message['id']}/{what}"
    answer = http.post(path, json={"version": message["version"]}, timeout=40)
    return answer.raise_for_status().json()["assistant_message"]


def test_words_are_seen_in_every_tab_and_none_behind_the_answer(
    writing: Stack, alice: httpx.Client, threads: ThreadPoolExecutor, word: str
) -> None:
    with ChannelClient(alice) as tab:
        tab.resumed()
        asked = ask(threads, alice, STORY.format(300, word))
        first = tab.until(is_event("message-delta"))
        with ChannelClient(alice) as phone:
            phone.resumed()
            for client in (tab, phone):
                told = message_of(client.until(is_update("complete")))
                assert client.quiet()
                deltas = [f for f in client.frames if f["event"] == "message-delta"]

                assert len(told["text"].split()) == 300
                assert told["text"].startswith(Reader(client.frames).text)
                assert len(Reader(client.frames).text) > 200
                assert len(deltas) <= 12
                assert deltas[0]["payload"]["offset"] == 0
                assert client.events()[-1] == "message-update"

    assert first["payload"]["version"] == told["version"] - 1
    assert asked.result().json()["message"] == told["text"]


def test_a_text_that_breaks_off_stays_and_can_be_tried_again(
    writing: Stack, alice: httpx.Client, threads: ThreadPoolExecutor, word: str
) -> None:
    writing.gemini(script=[{"on": "text", "match": word, "cut_after_words": 20}])
    with ChannelClient(alice) as tab:
        tab.resumed()
        asked = ask(threads, alice, STORY.format(60, word))
        failed = message_of(tab.until(is_update("failed")))

        assert len(failed["text"].split()) == 20
        assert failed["text"].startswith(Reader(tab.frames).text)
        assert failed["meta"]["error"]["code"] == "provider_unavailable"
        assert asked.result().json()["success"] is False

        retried = threads.submit(click, alice, "retry", failed)
        assert message_of(tab.until(is_update("thinking")))["text"] == ""
        assert len(message_of(tab.until(is_update("complete")))["text"].split()) == 60
        assert retried.result()["meta"]["status"] == "complete"
    calls = [call for call in writing.gemini()["log"] if word in call["prompt"]]
    assert len(calls) == 2


def test_cancel_stops_the_stream_and_keeps_the_words(
    writing: Stack, alice: httpx.Client, threads: ThreadPoolExecutor, word: str
) -> None:
    writing.gemini(words_a_second=20)
    with ChannelClient(alice) as tab:
        tab.resumed()
        asked = ask(threads, alice, STORY.format(1_000, word))
        tab.until(is_event("message-delta"))
        thinking = message_of(next(f for f in reversed(tab.frames) if f["seq"] == 2))

        cancelled = click(alice, "cancel", thinking)
        assert (cancelled["text"], cancelled["meta"]["status"]) == ("", "cancelled")
        tab.until(is_update("cancelled"))
        kept = message_of(tab.until(is_update("cancelled")))

    assert kept["version"] == cancelled["version"] + 1
    assert 0 < len(kept["text"].split()) < 200
    assert kept["text"].startswith(Reader(tab.frames).text)
    assert asked.result().json()["assistant_message"] == kept

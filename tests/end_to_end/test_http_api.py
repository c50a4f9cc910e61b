"""The HTTP API as somebody uses it who is signed in. What is refused: `test_refusals.py`."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from tests.local_stack.testing import RunningStack as Stack

from afterimage.http import asyncapi, openapi


def test_eight_thousand_emoji_come_back_as_they_were_sent(alice: httpx.Client) -> None:
    text = "🌅" * 8_000

    sent = alice.post("/chats/c/messages", json={"text": text}, timeout=40)

    assert sent.status_code == 200
    message_id = sent.json()["user_message"]["id"]
    assert alice.get(f"/chats/c/messages/{message_id}").json()["text"] == text


LONG = "tell me why a lamp on a harbour wall would ever love the moon"


def test_the_model_names_a_chat_by_its_first_answer_and_no_later_one(
    alice: httpx.Client, stack: Stack, word: str
) -> None:
    alice.post("/chats/c/messages", json={"text": f"{LONG} {word}"})
    named = alice.get("/chats").json()["chats"][0]
    alice.post("/chats/c/messages", json={"text": f"and now {LONG} once more {word}"})

    assert (named["title"], named["title_origin"]) == ("Tell me why a lamp", "model")
    assert alice.get("/chats").json()["chats"][0]["title"] == named["title"]
    assert sum(word in call["prompt"] for call in stack.gemini()["log"]) == 2


def test_what_a_person_writes_while_the_model_thinks_stays(
    alice: httpx.Client, stack: Stack, word: str
) -> None:
    stack.gemini(script=[{"on": "text", "match": word, "delay_ms": 1_500}])
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(alice.post, "/chats/c/messages", json={"text": f"{LONG} {word}"})
        while alice.patch("/chats/c", json={"title": "Mine"}).status_code == 404:
            time.sleep(0.05)
        asking.result().raise_for_status()

    chat = alice.get("/chats").json()["chats"][0]
    events = alice.get("/realtime/events?after=0").json()["events"]
    told = [one["payload"]["chat"]["title"] for one in events if one["event"] == "chat-update"]

    assert (chat["title"], chat["title_origin"]) == ("Mine", "person")
    assert set(told) == {"Mine"}


def test_words_of_ones_own_chats_are_found_until_they_are_deleted(
    alice: httpx.Client, bob: httpx.Client
) -> None:
    alice.post("/chats/a/messages", json={"text": "Die Übung"})
    alice.post("/chats/b/messages", json={"text": "東京の猫"})

    def found(words: str, who: httpx.Client = alice) -> list[tuple[str, str]]:
        results = who.get("/search", params={"q": words}).raise_for_status().json()["results"]
        said = [(one["chat"]["id"], one["message"] or {"role": "title"}) for one in results]
        return [(chat, message["role"]) for chat, message in said if message["role"] != "assistant"]

    assert found("ubung") == [("a", "title"), ("a", "user")]
    assert found("猫") == [("b", "title"), ("b", "user")]
    assert found("猫", bob) == []
    alice.delete("/chats/b")
    assert found("猫") == []
    assert alice.get("/search").status_code == 400


def test_everything_of_ones_own_is_handed_out(alice: httpx.Client, bob: httpx.Client) -> None:
    for chat in "ab":
        alice.post(f"/chats/{chat}/messages", json={"text": f"hello {chat}"})
    alice.patch("/chats/a", json={"pinned": True})

    mine = alice.get("/me/export").raise_for_status().json()

    assert [chat["id"] for chat in mine["chats"]] == ["a", "b"]
    said = [message["text"] for message in mine["messages"] if message["role"] == "user"]
    assert said == ["hello a", "hello b"]
    assert (mine["images"], mine["next_cursor"]) == ([], None)
    counted = {entry["id"].partition("#")[0]: entry["used"] for entry in mine["ledger"]}
    assert counted["messages"] == counted["text_calls"] == 2
    theirs = bob.get("/me/export").json()
    assert not any(theirs[kind] for kind in ("chats", "messages", "images"))


def test_the_api_describes_itself(stack: Stack) -> None:
    described = httpx.get(f"{stack.url}/openapi.json").json()

    assert described == openapi.document(stack.url)


def test_the_channel_describes_itself(stack: Stack) -> None:
    described = httpx.get(f"{stack.url}/asyncapi.json").json()

    assert described == asyncapi.document(stack.websocket_url)

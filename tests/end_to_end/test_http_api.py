"""The HTTP API as somebody uses it who is signed in. What is refused: `test_refusals.py`."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tests.local_stack.testing import RunningStack as Stack
from ulid import ULID

from afterimage.http import asyncapi, openapi


@pytest.fixture
def alice(stack: Stack) -> httpx.Client:
    return stack.http(f"alice-{uuid.uuid4().hex[:8]}")


@pytest.mark.parametrize("path", ["/nowhere", "/chats/c/unknown", "/images/x/y"])
def test_an_unknown_route_answers_404_in_the_envelope(alice: httpx.Client, path: str) -> None:
    response = alice.get(path)

    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


def test_eight_thousand_emoji_come_back_as_they_were_sent(alice: httpx.Client) -> None:
    text = "🌅" * 8_000

    sent = alice.post("/chats/c/messages", json={"text": text}, timeout=40)

    assert sent.status_code == 200
    message_id = sent.json()["user_message"]["id"]
    assert alice.get(f"/chats/c/messages/{message_id}").json()["text"] == text


def test_a_clock_that_is_off_is_told_the_time(alice: httpx.Client) -> None:
    old = str(ULID.from_timestamp(1_700_000_000))

    response = alice.post("/chats/c/messages", json={"text": "hello", "id": old})

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "clock_skew"
    assert response.json()["error"]["server_time"].endswith("Z")


def test_chats_and_messages_are_paged_newest_first(alice: httpx.Client) -> None:
    for number in range(5):
        alice.post(f"/chats/c{number % 2}/messages", json={"text": f"hello {number}"})

    first = alice.get("/chats/c0/messages?limit=4").json()
    second = alice.get(f"/chats/c0/messages?limit=4&cursor={first['next_cursor']}").json()
    seen = [message["id"] for message in first["messages"] + second["messages"]]
    middle = seen[2]
    around = alice.get(f"/chats/c0/messages?limit=3&around={middle}").json()["messages"]
    chats = alice.get("/chats?limit=1").json()
    more = alice.get("/chats?limit=1", params={"cursor": chats["next_cursor"]}).json()

    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 6
    assert middle in [message["id"] for message in around]
    assert [chat["id"] for chat in chats["chats"] + more["chats"]] == ["c0", "c1"]
    assert chats["chats"][0]["title"] == "hello 0"


def test_a_chat_is_renamed(alice: httpx.Client) -> None:
    alice.post("/chats/c/messages", json={"text": "hello"})

    renamed = alice.patch("/chats/c", json={"title": "  Holidays "})

    assert renamed.status_code == 200
    assert renamed.json()["title"] == "Holidays"
    assert alice.get("/chats").json()["chats"][0]["title"] == "Holidays"
    assert alice.patch("/chats/c", json={"title": ""}).status_code == 400


LONG = "tell me why a lamp on a harbour wall would ever love the moon"


def test_the_model_names_a_chat_by_its_first_answer_and_no_later_one(
    alice: httpx.Client, stack: Stack
) -> None:
    word = uuid.uuid4().hex

    alice.post("/chats/c/messages", json={"text": f"{LONG} {word}"})
    named = alice.get("/chats").json()["chats"][0]
    alice.post("/chats/c/messages", json={"text": f"and now {LONG} once more {word}"})

    assert (named["title"], named["title_origin"]) == ("Tell me why a lamp", "model")
    assert alice.get("/chats").json()["chats"][0]["title"] == named["title"]
    assert sum(word in call["prompt"] for call in stack.gemini()["log"]) == 2


def test_what_a_person_writes_while_the_model_thinks_stays(
    alice: httpx.Client, stack: Stack
) -> None:
    word = uuid.uuid4().hex
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
    alice: httpx.Client, stack: Stack
) -> None:
    alice.post("/chats/a/messages", json={"text": "Die Übung"})
    alice.post("/chats/b/messages", json={"text": "東京の猫"})

    def found(words: str, who: httpx.Client = alice) -> list[tuple[str, str]]:
        results = who.get("/search", params={"q": words}).raise_for_status().json()["results"]
        said = [(one["chat"]["id"], one["message"] or {"role": "title"}) for one in results]
        return [(chat, message["role"]) for chat, message in said if message["role"] != "assistant"]

    assert found("ubung") == [("a", "title"), ("a", "user")]
    assert found("猫") == [("b", "title"), ("b", "user")]
    assert found("猫", stack.http(f"bob-{uuid.uuid4().hex[:8]}")) == []
    alice.delete("/chats/b")
    assert found("猫") == []
    assert alice.get("/search").status_code == 400


def test_everything_of_ones_own_is_handed_out(alice: httpx.Client, stack: Stack) -> None:
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
    theirs = stack.http(f"bob-{uuid.uuid4().hex[:8]}").get("/me/export").json()
    assert not any(theirs[kind] for kind in ("chats", "messages", "images"))


def test_pinned_chats_come_first_until_they_are_unpinned_or_deleted(alice: httpx.Client) -> None:
    for chat in "abcd":
        alice.post(f"/chats/{chat}/messages", json={"text": "hello"})
    pinned = [alice.patch(f"/chats/{chat}", json={"pinned": True}) for chat in "ab"]

    first = alice.get("/chats?limit=3").json()
    more = alice.get("/chats", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    alice.patch("/chats/a", json={"pinned": False})
    alice.delete("/chats/b")

    assert [answer.json()["pinned"] for answer in pinned] == [True, True]
    assert [chat["id"] for chat in first["chats"]] == ["b", "a", "d"]
    assert [chat["id"] for chat in more["chats"]] == ["c"]
    assert [chat["id"] for chat in alice.get("/chats").json()["chats"]] == ["d", "c", "a"]


def test_the_gallery_is_searched_by_words_of_the_prompt(alice: httpx.Client) -> None:
    assert alice.get("/images?q=sunset%20sea").json() == {"images": [], "next_cursor": None}


def test_the_api_describes_itself(stack: Stack) -> None:
    described = httpx.get(f"{stack.url}/openapi.json").json()

    assert described == openapi.document(stack.url)


def test_the_channel_describes_itself(stack: Stack) -> None:
    described = httpx.get(f"{stack.url}/asyncapi.json").json()

    assert described == asyncapi.document(stack.websocket_url)

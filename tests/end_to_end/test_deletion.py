"""Deleted means gone: every table, the bucket and the edge are looked at afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, Frame, is_event, is_update
from tests.support.painting import wait_until_nobody_paints, wait_until_the_model_paints
from tests.support.stored import files_of, rows_of
from websockets.exceptions import ConnectionClosed

from afterimage.adapters.cache_tags import HmacTags
from afterimage.domain import ids

TABLES = (
    "MessagesTable",
    "ChatsTable",
    "UserImagesTable",
    "ImageGenerationLogTable",
    "ChannelsTable",
    "ChannelEventsTable",
)
_PATIENCE = 30.0  # seconds; only so that a broken run ends
_LONG_AGO = 4 * 86_400  # seconds


@dataclass
class Person:
    """Somebody, what they may do, and everything that is stored of them."""

    stack: Stack
    user_id: str

    def __post_init__(self) -> None:
        self.http = self.stack.http(self.user_id)

    def ask(self, text: str, chat: str = "c") -> Any:
        response = self.http.post(f"/chats/{chat}/messages", json={"text": text}, timeout=40)
        return response.json()["assistant_message"]

    def rows(self, table: str) -> list[dict[str, Any]]:
        return rows_of(self.stack, table, self.user_id)

    def entries(self) -> list[str]:
        """Names of the rows of the ledger."""
        return sorted(row["entry"] for row in self.rows("ImageGenerationLogTable"))

    def files(self) -> list[str]:
        return files_of(self.stack, self.user_id)

    def content(self) -> list[Any]:
        """Everything stored that somebody wrote or a model made."""
        tables = ("MessagesTable", "UserImagesTable")
        rows = [row for table in tables for row in self.rows(table)]
        chats = [row for row in self.rows("ChatsTable") if "title" in row]
        jobs = [row for row in self.rows("ImageGenerationLogTable") if "prompt" in row]
        return [*rows, *chats, *jobs, *self.files()]

    def let_deletions_end(self) -> None:
        """The time has come for the last look of each; only the times in its row are moved."""

        def ended() -> bool:
            for entry in self.deletions():  # again, where a look was under way and has postponed it
                self._move(entry)
            return not self.deletions()

        self.until("the end of the deletions", ended, pause=0.5)

    def _move(self, entry: str) -> None:
        dynamodb, past = self.stack.aws("dynamodb"), int(time.time()) - _LONG_AGO
        begun = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(past))
        try:
            dynamodb.update_item(
                TableName=self.stack.name("ImageGenerationLogTable"),
                Key={"user_id": {"S": self.user_id}, "entry": {"S": entry}},
                UpdateExpression="SET created_at = :begun, purge_at = :past",
                ConditionExpression="attribute_exists(purge_at)",
                ExpressionAttributeValues={":begun": {"S": begun}, ":past": {"N": str(past)}},
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return  # ended a moment ago

    def deletions(self) -> list[str]:
        return [entry for entry in self.entries() if entry.startswith("deletion#")]

    def until(self, what: str, holds: Callable[[], Any], pause: float = 0.05) -> None:
        give_up = time.monotonic() + _PATIENCE
        while not holds():
            assert time.monotonic() < give_up, f"waited in vain for {what}"
            time.sleep(pause)

    @property
    def tags(self) -> HmacTags:
        """As the functions make them."""
        secret_id = self.stack.name("PseudonymSecret")
        found = self.stack.aws("secretsmanager").get_secret_value(SecretId=secret_id)
        return HmacTags(lambda: str(found["SecretString"]))

    def invalidated(self) -> set[str]:
        """Paths of this user, and tags of anybody, that the edge was told to forget."""
        cloudfront, distribution = self.stack.aws("cloudfront"), self.stack.name("Distribution")
        listed = cloudfront.list_invalidations(DistributionId=distribution)["InvalidationList"]
        paths: set[str] = set()
        for summary in listed.get("Items", []):
            found = cloudfront.get_invalidation(DistributionId=distribution, Id=summary["Id"])
            paths |= set(found["Invalidation"]["InvalidationBatch"]["Paths"]["Items"])
        folder = ids.image_folder(self.user_id)
        return {path for path in paths if folder in path or path.startswith("#")}


@pytest.fixture
def alice(stack: Stack, user: str) -> Person:
    return Person(stack, user)


def painted(person: Person, text: str = "paint a lake", chat: str = "c") -> Any:
    """A picture that has been delivered."""
    with ChannelClient(person.http) as tab:
        tab.resumed()
        person.ask(text, chat)
        return tab.until(is_event("image-insert"))["payload"]["image"]


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def until_closed(tab: ChannelClient) -> Iterator[Frame]:
    """What still comes before the socket is closed."""
    try:
        while True:
            yield tab.receive()
    except ConnectionClosed:
        return


# --- A picture -----------------------------------------------------------------------------------


def test_a_picture_is_deleted_in_every_tab_and_store(alice: Person) -> None:
    image = painted(alice)
    shown = [httpx.get(image[name], trust_env=False) for name in ("url", "thumbnail_url")]
    assert [response.status_code for response in shown] == [200, 200]
    assert not any("x-amz-meta-cache-tag" in response.headers for response in shown)
    with ChannelClient(alice.http) as tab, ChannelClient(alice.http) as phone:
        tab.resumed()
        phone.resumed()

        response = alice.http.delete(f"/images/{image['id']}")

        assert (response.status_code, response.content) == (204, b"")
        for client in (tab, phone):
            assert client.receive()["payload"] == {"image_ids": [image["id"]]}
            message = client.until(is_update("complete"))["payload"]["message"]
    assert (message["meta"]["image"], message["meta"]["image_deleted"]) == (None, True)
    assert alice.http.get(f"/chats/c/messages/{image['message_id']}").json() == message
    assert alice.http.get("/images").json()["images"] == []
    alice.until("the end of the deletion", lambda: not alice.deletions())
    assert alice.files() == []
    assert alice.rows("UserImagesTable") == []
    for name in ("url", "thumbnail_url"):
        assert httpx.get(image[name], trust_env=False).status_code == 403
    assert f"#{alice.tags.picture(alice.user_id, image['id'])}" in alice.invalidated()
    assert not any(image["id"] in item for item in alice.invalidated()), "one tag, no path"
    assert alice.http.delete(f"/images/{image['id']}").status_code == 204


# --- A chat --------------------------------------------------------------------------------------


def test_a_chat_is_deleted_in_every_tab_and_store(alice: Person) -> None:
    kept = painted(alice, chat="kept")
    image = painted(alice)
    alice.ask("hello")
    with ChannelClient(alice.http) as tab:
        tab.resumed()

        assert alice.http.delete("/chats/c").status_code == 204

        assert tab.receive()["payload"] == {"chat_id": "c"}
    assert alice.http.get(f"/chats/c/messages/{image['message_id']}").status_code == 404
    assert alice.http.get("/chats/c/messages").json()["messages"] == []
    assert [chat["id"] for chat in alice.http.get("/chats").json()["chats"]] == ["kept"]
    refused = alice.http.post("/chats/c/messages", json={"text": "hello"})
    assert code(refused) == (409, "chat_deleted")

    alice.until("the first look", lambda: len(alice.rows("MessagesTable")) == 2)
    alice.until("the postponing", lambda: not _is_due(alice))
    assert [row["chat_id"] for row in alice.rows("MessagesTable")] == ["kept", "kept"]
    assert [row["image_id"] for row in alice.rows("UserImagesTable")] == [kept["id"]]
    assert {key.split("/")[2] for key in alice.files()} == {kept["id"]}
    assert [chat for chat in alice.rows("ChatsTable") if chat["chat_id"] == "c"] == [
        {"user_id": alice.user_id, "chat_id": "c", "deleting": True}
    ]
    assert f"#{alice.tags.chat(alice.user_id, 'c')}" in alice.invalidated()
    assert f"#{alice.tags.chat(alice.user_id, 'kept')}" not in alice.invalidated()
    assert not any(kept["id"] in item or image["id"] in item for item in alice.invalidated())
    assert code(alice.http.post("/chats/c/messages", json={"text": "hello"}))[0] == 409

    alice.let_deletions_end()

    assert [chat["chat_id"] for chat in alice.rows("ChatsTable")] == ["kept"]
    jobs = [entry for entry in alice.entries() if "#" not in entry]
    assert jobs == [kept["id"]]
    assert alice.http.get("/usage").json()["used"] == 2


def _is_due(person: Person) -> bool:
    rows = person.rows("ImageGenerationLogTable")
    due = [row["purge_at"] for row in rows if row["entry"].startswith("deletion#chat#")]
    return any(at <= time.time() for at in due)


def test_a_client_that_was_away_while_its_chat_was_deleted_is_level(alice: Person) -> None:
    painted(alice)
    alice.http.delete("/chats/c")
    alice.until("the first look", lambda: not alice.rows("MessagesTable"))

    with ChannelClient(alice.http, after=0) as tab:
        tab.resumed()

    *before, last = tab.events()
    assert last == "chat-delete"
    assert set(before) == {"message-delete", "image-delete"}
    assert tab.numbers() == list(range(1, len(tab.numbers()) + 1))


# --- An account ----------------------------------------------------------------------------------


def test_an_account_is_deleted_from_every_store(alice: Person) -> None:
    painted(alice)
    painted(alice, chat="another")
    alice.ask("hello")
    alice.http.post("/realtime/tickets")
    with ChannelClient(alice.http) as tab:
        tab.resumed()

        response = alice.http.delete("/me")

        assert (response.status_code, response.content) == (202, b"{}")
        told = list(until_closed(tab))
    assert [(frame["event"], frame["code"]) for frame in told] == [("error", "account_deleted")]
    today = time.strftime("%Y-%m-%d", time.gmtime())
    counters = [f"messages#{today}", f"quota#{today}"]

    alice.until("the first look", lambda: not alice.rows("ChannelEventsTable"))

    assert alice.files() == []
    for table in TABLES[:3]:
        assert alice.rows(table) == [], table
    assert alice.entries() == ["deletion#account#", *counters]
    (counter,) = alice.rows("ChannelsTable")
    assert set(counter) == {"user_id", "entry", "deleted_at", "expires_at"}
    assert 6.9 < (float(counter["expires_at"]) - time.time()) / 86_400 <= 7
    folder = ids.image_folder(alice.user_id)
    assert {item for item in alice.invalidated() if folder in item} == {
        f"/cdn/{folder}*",
        f"/{folder}*",
    }
    assert f"#{alice.tags.user(alice.user_id)}" in alice.invalidated()

    alice.let_deletions_end()

    assert alice.entries() == counters
    assert alice.rows("ChannelsTable") == [counter]


# --- Every deletion against a job in every state -------------------------------------------------

SCRIPTS: dict[str, dict[str, Any]] = {
    "running": {"delay_ms": 1500},
    "failed": {"finish_reason": "IMAGE_SAFETY"},
}


@pytest.mark.parametrize("path", ["/chats/c", "/me"])
@pytest.mark.parametrize("state", SCRIPTS)
def test_nothing_comes_back_whatever_state_the_job_is_in(
    stack: Stack, alice: Person, word: str, state: str, path: str
) -> None:
    stack.gemini(script=[{"on": "image", "match": word, **SCRIPTS[state]}])
    with ChannelClient(alice.http) as tab:
        tab.resumed()
        alice.ask(f"paint a tower {word}")
        if state == "running":
            wait_until_the_model_paints(stack, word)
        else:
            tab.until(is_update("failed"))

        assert alice.http.delete(path).status_code in (202, 204)

        alice.until("the first look", lambda: not alice.rows("MessagesTable"))
        wait_until_nobody_paints(stack)
    alice.until("the first look", lambda: not alice.rows("UserImagesTable"))
    alice.let_deletions_end()

    assert alice.content() == []
    (counter,) = [row for row in alice.rows("ChannelsTable") if row["entry"] == "seq"]
    assert counter.get("open", 0) == 0
    if path == "/chats/c":
        assert "image-insert" not in tab.events()
        assert alice.http.get("/usage").json()["used"] == (state == "running")


def test_a_text_that_is_being_thought_about_goes_with_its_chat(
    stack: Stack, alice: Person, word: str
) -> None:
    stack.gemini(script=[{"on": "text", "delay_ms": 1500, "match": word}])
    with ChannelClient(alice.http) as tab:
        tab.resumed()
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(
                alice.http.post, "/chats/c/messages", json={"text": f"hello {word}"}
            )
            tab.until(is_event("message-insert"))
            tab.until(is_event("message-insert"))
            alice.http.delete("/chats/c")
            assert code(asked.result()) == (409, "chat_deleted")
        tab.until(is_event("chat-delete"))
        told = tab.numbers()
        tab.quiet()  # words that were on their way may pass; there is no bubble to show them in
        assert tab.numbers() == told
    alice.until("the first look", lambda: not alice.rows("MessagesTable"))
    alice.let_deletions_end()
    assert alice.content() == []
    assert alice.rows("ChatsTable") == []


@pytest.mark.parametrize("path", ["/chats/c", "/me"])
def test_requests_at_once_with_a_deletion_leave_nothing(alice: Person, path: str) -> None:
    alice.ask("hello")

    def work(number: int) -> int:
        if number % 4 == 1:
            return alice.http.delete(path).status_code
        text = "paint a bay" if number % 2 else "hello"
        body = {"text": text}
        return alice.http.post("/chats/c/messages", json=body, timeout=40).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = set(pool.map(work, range(12)))

    assert codes <= {200, 202, 204, 409, 410}
    alice.until("the first look", lambda: not alice.rows("MessagesTable"))
    wait_until_nobody_paints(alice.stack)
    alice.let_deletions_end()
    assert alice.content() == []
    (counter,) = [row for row in alice.rows("ChannelsTable") if row["entry"] == "seq"]
    assert counter.get("open", 0) == 0


def test_the_edge_keeps_a_picture_until_it_is_told_to_forget_it(alice: Person) -> None:
    """Else nothing here would notice a deletion that leaves it there."""
    image = painted(alice)
    assert httpx.get(image["url"], trust_env=False).status_code == 200
    s3, bucket = alice.stack.aws("s3"), alice.stack.name("ImagesBucket")
    s3.delete_object(Bucket=bucket, Key=ids.image_key(alice.user_id, image["id"], "full.webp"))

    assert httpx.get(image["url"], trust_env=False).status_code == 200

    assert alice.http.delete("/chats/c").status_code == 204
    alice.until("the edge", lambda: httpx.get(image["url"], trust_env=False).status_code == 403)

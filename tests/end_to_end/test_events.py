"""Every recorded event, run by its own function as `sam local invoke` would run it."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter
from tests.local_stack.testing import RunningStack
from tests.support.channel_client import ChannelClient, is_event
from ulid import ULID

from afterimage.domain import ids
from afterimage.http import answers, routes
from afterimage.http.routes import Route

EVENTS = Path(__file__).parents[2] / "events"
READ = (
    "list_messages",
    "get_message",
    "list_chats",
    "edit_chat",
    "search",
    "export_me",
    "list_images",
    "get_image",
    "get_original",
    "get_usage",
    "issue_ticket",
    "list_events",
)
DELETIONS = ("delete_image", "delete_chat", "delete_me")
ASKING = ("post_message", "paint_message")
CLICKS = ("cancel_message", "retry_message")
DESCRIBED = ("get_config", "get_openapi", "get_asyncapi")
FILES = {
    "get_page": "text/html",
    "get_static_file": "text/javascript",
    "get_icon": "image/vnd.microsoft.icon",
    "get_robots": "text/plain",
}

Event = dict[str, Any]


@dataclass(frozen=True)
class Painted:
    """A user for whom `post_message.json` has been run to its end.

    Attributes:
        answer: what `llm_handler_gemini` returned.
    """

    user_id: str
    token: str
    http: httpx.Client
    answer: Event

    @property
    def body(self) -> Event:
        body: Event = json.loads(self.answer["body"])
        return body

    @property
    def message_id(self) -> str:
        found: str = self.body["assistant_message"]["id"]
        return found


@pytest.fixture(scope="module")
def alice(stack: RunningStack) -> Painted:
    user_id = f"alice-{uuid.uuid4().hex[:8]}"
    http = stack.http(user_id)
    token = stack.token(user_id)
    with ChannelClient(http) as tab:
        tab.resumed()
        answer = invoke(stack, "llm_handler_gemini", signed_in("post_message", token))
        tab.until(is_event("image-insert"))
    return Painted(user_id, token, http, answer)


def recorded(name: str) -> Event:
    event: Event = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def signed_in(name: str, token: str) -> Event:
    event = recorded(name)
    event["headers"]["authorization"] = f"Bearer {token}"
    return event


def invoke(stack: RunningStack, function: str, event: Event) -> Any:
    answer = stack.aws("lambda").invoke(
        FunctionName=stack.functions[function],
        Qualifier="live",
        InvocationType="RequestResponse",
        Payload=json.dumps(event).encode(),
    )
    result = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, result
    return result


def route_of(name: str) -> Route:
    route: Route = getattr(routes, name.upper())
    return route


def error_of(response: Event) -> str:
    code: str = json.loads(response["body"])["error"]["code"]
    return code


# --- HTTP ----------------------------------------------------------------------------------------


def test_post_message_starts_a_picture(alice: Painted) -> None:
    assert alice.answer["statusCode"] == 202
    TypeAdapter(answers.AnswerView).validate_python(alice.body)
    assert alice.body["message"] == "Image generation started"
    assert alice.body["user_message"]["text"] == "paint a sunset over the sea"
    assert alice.body["assistant_message"]["meta"]["aspect_ratio"] == "16:9"


def test_paint_message_starts_its_pictures_without_a_text_model(stack: RunningStack) -> None:
    user_id = f"painter-{uuid.uuid4().hex[:8]}"
    event = signed_in("paint_message", stack.token(user_id))
    prompt = json.loads(event["body"])["text"]
    with ChannelClient(stack.http(user_id)) as tab:
        tab.resumed()
        answer = invoke(stack, "llm_handler_gemini", event)
        for _ in range(2):
            tab.until(is_event("image-insert"))

    assert answer["statusCode"] == 202
    meta = json.loads(answer["body"])["assistant_message"]["meta"]
    assert (meta["status"], meta["count"], meta["prompt"]) == ("generating", 2, prompt)
    assert "text" not in {c["kind"] for c in stack.gemini()["log"] if prompt in c["prompt"]}


@pytest.mark.parametrize("name", READ)
def test_what_is_read_has_the_shape_of_the_contract(
    stack: RunningStack, alice: Painted, name: str
) -> None:
    event = signed_in(name, alice.token)
    if name == "get_message":
        event["pathParameters"]["message_id"] = alice.message_id
    if name in ("get_image", "get_original"):
        event["pathParameters"]["image_id"] = alice.http.get("/images").json()["images"][0]["id"]

    response = invoke(stack, "chat_api", event)

    assert response["statusCode"] == 200, response
    assert response["headers"]["content-type"] == "application/json"
    TypeAdapter(route_of(name).answers[200]).validate_json(response["body"])


def test_put_image_brings_a_picture(stack: RunningStack) -> None:
    user_id = f"bob-{uuid.uuid4().hex[:8]}"
    event = signed_in("put_image", stack.token(user_id))
    event["pathParameters"]["image_id"] = str(ULID())  # of now, as a client's must be

    response = invoke(stack, "image_upload", event)

    assert response["statusCode"] == 201, response
    TypeAdapter(answers.UploadView).validate_json(response["body"])
    assert stack.http(user_id).get("/images").json()["images"] == [
        json.loads(response["body"])["image"]
    ]


def test_what_was_posted_is_what_is_read(stack: RunningStack, alice: Painted) -> None:
    def read(name: str) -> Any:
        return json.loads(invoke(stack, "chat_api", signed_in(name, alice.token))["body"])

    [image] = read("list_images")["images"]
    answer, question = read("list_messages")["messages"]
    [chat] = read("list_chats")["chats"]

    assert question == alice.body["user_message"]
    assert answer["meta"]["image"] == image
    assert chat["id"] == answer["chat_id"] == recorded("post_message")["pathParameters"]["chat_id"]
    assert read("get_usage")["used"] == 1
    assert [frame["seq"] for frame in read("list_events")["events"]][:5] == [1, 2, 3, 4, 5]
    assert read("edit_chat")["title"] == "Holiday pictures"


def clicked(stack: RunningStack, alice: Painted, name: str, version: int | None) -> Event:
    """What a click on alice's picture is answered, on the version recorded or another."""
    event = signed_in(name, alice.token)
    event["pathParameters"]["message_id"] = alice.message_id
    if version is not None:
        event["body"] = json.dumps({"version": version})
    function = "llm_handler_gemini" if name == "retry_message" else "chat_api"
    response: Event = invoke(stack, function, event)
    return response


@pytest.mark.parametrize(("name", "version"), [("cancel_message", None), ("retry_message", 2)])
def test_a_click_on_an_older_version_is_told_how_it_stands(
    stack: RunningStack, alice: Painted, name: str, version: int | None
) -> None:
    response = clicked(stack, alice, name, version)

    assert response["statusCode"] == 200
    body = TypeAdapter(route_of(name).answers[200]).validate_json(response["body"])
    assert body["assistant_message"]["version"] == 3


@pytest.mark.parametrize("name", DELETIONS)
def test_what_is_not_there_is_deleted_as_it_stands(stack: RunningStack, name: str) -> None:
    """By somebody who never did anything."""
    event = signed_in(name, stack.token(f"carol-{uuid.uuid4().hex[:8]}"))

    response = invoke(stack, "chat_api", event)

    assert response["statusCode"] in route_of(name).answers
    assert response.get("body", "{}") == "{}"


def test_a_route_that_is_not_there_is_not_found(stack: RunningStack, alice: Painted) -> None:
    response = invoke(stack, "chat_api", signed_in("otherwise", alice.token))

    assert (response["statusCode"], error_of(response)) == (404, "not_found")


@pytest.mark.parametrize("name", [*ASKING, *CLICKS, *READ, *DELETIONS])
def test_the_token_as_recorded_is_refused(stack: RunningStack, name: str) -> None:
    asking = name in (*ASKING, "retry_message")
    function = "llm_handler_gemini" if asking else "chat_api"

    response = invoke(stack, function, recorded(name))

    assert (response["statusCode"], error_of(response)) == (401, "unauthorized")


@pytest.mark.parametrize("name", [*FILES, *DESCRIBED])
def test_the_page_and_its_files_need_no_token(stack: RunningStack, name: str) -> None:
    response = invoke(stack, "web_page", recorded(name))

    assert response["statusCode"] == 200
    kind = response["headers"]["content-type"]
    if name in DESCRIBED:
        assert kind == "application/json"
        TypeAdapter(route_of(name).answers[200]).validate_json(response["body"])
    else:
        assert kind.startswith(FILES[name])
        assert response["body"]


# --- WebSocket -----------------------------------------------------------------------------------


def connections(stack: RunningStack, user_id: str) -> list[str]:
    rows = stack.aws("dynamodb").query(
        TableName=stack.name("ChannelsTable"),
        KeyConditionExpression="user_id = :user AND begins_with(entry, :connection)",
        ExpressionAttributeValues={":user": {"S": user_id}, ":connection": {"S": "connection#"}},
        ConsistentRead=True,
    )["Items"]
    return [row["entry"]["S"].removeprefix("connection#") for row in rows]


def only_connection(stack: RunningStack, user_id: str) -> str:
    """The one there is, once those of earlier tests have been forgotten."""
    give_up = time.monotonic() + 30
    while len(found := connections(stack, user_id)) != 1:
        assert time.monotonic() < give_up, found
        time.sleep(0.05)
    return found[0]


def of_connection(name: str, user_id: str, connection_id: str) -> Event:
    event = recorded(name)
    event["requestContext"]["connectionId"] = connection_id
    event["requestContext"]["authorizer"]["principalId"] = user_id
    return event


def effect_of(policy: Event) -> str:
    [statement] = policy["policyDocument"]["Statement"]
    assert statement["Action"] == "execute-api:Invoke"
    assert statement["Resource"] == recorded("authorize")["methodArn"]
    effect: str = statement["Effect"]
    return effect


def test_authorize_spends_a_ticket_once(stack: RunningStack, alice: Painted) -> None:
    url = alice.http.post("/realtime/tickets").json()["url"]
    event = recorded("authorize")
    event["queryStringParameters"] = {"ticket": url.partition("?ticket=")[2]}

    first, second = (invoke(stack, "websocket", event) for _ in range(2))

    assert (effect_of(first), first["principalId"]) == ("Allow", alice.user_id)
    assert (effect_of(second), second["principalId"]) == ("Deny", "nobody")


def test_authorize_as_recorded_is_denied(stack: RunningStack) -> None:
    assert effect_of(invoke(stack, "websocket", recorded("authorize"))) == "Deny"


def test_connect_is_accepted_and_registers_nothing(stack: RunningStack) -> None:
    user_id = f"alice-{uuid.uuid4().hex[:8]}"
    event = of_connection("connect", user_id, "a-connection")

    assert invoke(stack, "websocket", event) == {"statusCode": 200}
    assert connections(stack, user_id) == []


def test_resume_and_ping_are_answered_on_a_real_connection(
    stack: RunningStack, alice: Painted
) -> None:
    with ChannelClient(alice.http) as tab:
        tab.resumed()
        connection_id = only_connection(stack, alice.user_id)
        resume = of_connection("resume", alice.user_id, connection_id)
        resume["body"] = json.dumps({"action": "resume", "after": 0})

        resumed = invoke(stack, "websocket", resume)
        last = tab.resumed()
        pinged = invoke(stack, "websocket", of_connection("ping", alice.user_id, connection_id))
        pong = tab.receive()

    assert resumed == pinged == {"statusCode": 200}
    assert tab.numbers()[:5] == [1, 2, 3, 4, 5]
    assert last == {"type": "system", "event": "resumed", "seq": tab.numbers()[-1]}
    assert pong == {**last, "event": "pong"}


@pytest.mark.parametrize("name", ["resume", "ping"])
def test_a_connection_that_is_gone_is_forgotten(stack: RunningStack, name: str) -> None:
    user_id = f"alice-{uuid.uuid4().hex[:8]}"
    connection_id = recorded(name)["requestContext"]["connectionId"]

    answer = invoke(stack, "websocket", of_connection(name, user_id, connection_id))

    assert answer == {"statusCode": 200}
    assert connections(stack, user_id) == []


def test_disconnect_forgets_the_connection(stack: RunningStack, alice: Painted) -> None:
    with ChannelClient(alice.http) as tab:
        tab.resumed()
        connection_id = only_connection(stack, alice.user_id)

        answer = invoke(
            stack, "websocket", of_connection("disconnect", alice.user_id, connection_id)
        )

        assert answer == {"statusCode": 200}
        assert connections(stack, alice.user_id) == []


# --- Jobs ----------------------------------------------------------------------------------------


def test_a_job_nobody_ordered_is_ignored(stack: RunningStack) -> None:
    before = stack.gemini()["calls"]

    assert invoke(stack, "image_generate", recorded("image_generate")) is None
    assert stack.gemini()["calls"] == before


def test_a_job_delivered_twice_is_painted_once(stack: RunningStack, alice: Painted) -> None:
    before = stack.gemini()["calls"]
    chat_id = alice.body["assistant_message"]["chat_id"]
    event = recorded("image_generate")
    event |= {"user_id": alice.user_id, "job_id": ids.job_id(chat_id, alice.message_id, 1)}

    assert invoke(stack, "image_generate", event) is None
    assert stack.gemini()["calls"] == before
    assert len(alice.http.get("/images").json()["images"]) == 1


# --- What the keeper is given --------------------------------------------------------------------


def test_a_sweep_runs(stack: RunningStack) -> None:
    assert invoke(stack, "keeper", recorded("keeper_sweep")) is None


def test_a_deletion_nobody_asked_for_is_ignored(stack: RunningStack) -> None:
    assert invoke(stack, "keeper", recorded("keeper_deletion")) is None


def test_a_record_of_a_job_nobody_ordered_is_ignored(stack: RunningStack) -> None:
    before = stack.gemini()["calls"]

    assert invoke(stack, "keeper", recorded("keeper_record")) is None
    assert stack.gemini()["calls"] == before


def test_a_record_of_a_picture_that_is_there_has_it_posted_again(
    stack: RunningStack, alice: Painted
) -> None:
    chat_id = alice.body["assistant_message"]["chat_id"]
    event = recorded("keeper_record")
    job_id = ids.job_id(chat_id, alice.message_id, 1)
    event["requestPayload"] |= {"user_id": alice.user_id, "job_id": job_id}
    with ChannelClient(alice.http) as tab:
        seq = tab.resumed()["seq"]

        assert invoke(stack, "keeper", event) is None

        last = tab.until(is_event("image-insert"))
        assert tab.numbers() == [2, 3, 4, 5]
        assert last["payload"]["image"]["id"] == job_id
        tab.send({"action": "ping"})
        assert tab.until(is_event("pong"))["seq"] == seq
    assert alice.http.get("/usage").json()["used"] == 1

"""The channel's description of itself: valid AsyncAPI, and exactly what is sent and taken in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import CHAT, a_message, a_ulid, an_image
from tests.support.described import api, channel, problems_of_message
from tests.support.doubles import NOW, PlainUrls
from tests.unit.test_docs import frame_names
from tests.unit.test_websocket_api import GARBAGE

from afterimage import frames
from afterimage.actions import LARGEST_SEQ, parsed
from afterimage.domain.chats import Chat
from afterimage.domain.errors import Failure
from afterimage.domain.events import (
    ChatDeleted,
    ChatUpdated,
    EventName,
    ImageDeleted,
    ImageInserted,
    MessageDeleted,
    MessageInserted,
    MessageUpdated,
)
from afterimage.domain.slots import Slot
from afterimage.http.asyncapi import document

SPECIFICATION = Path(__file__).parent / "data" / "asyncapi" / "3.0.0.json"
ACTIONS = ("resume", "ping", "report", "typing", "visible")
URLS = PlainUrls()
IMAGE = an_image()


def test_it_is_valid() -> None:
    specification = jsonschema_rs.Draft7Validator(json.loads(SPECIFICATION.read_text("utf-8")))

    assert [error.message for error in specification.iter_errors(channel())] == []


def test_every_reference_leads_somewhere() -> None:
    found = set(references(channel()))

    assert found
    for reference in found:
        place: Any = channel()
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def references(value: Any) -> Iterator[str]:
    match value:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for inner in value.values():
                yield from references(inner)
        case list():
            for inner in value:
                yield from references(inner)


def test_it_has_every_frame_and_action_and_no_other() -> None:
    assert set(channel()["components"]["messages"]) == {
        *get_args(EventName),
        *frame_names(),
        *ACTIONS,
    }


def test_every_message_belongs_to_an_operation() -> None:
    operations = channel()["operations"].values()
    taken = {name for o in operations if o["action"] == "receive" for name in names(o)}
    sent = {name for o in operations if o["action"] == "send" for name in names(o)}
    replied = {name for o in operations for name in names(o.get("reply", {"messages": []}))}

    assert taken == set(ACTIONS)
    assert sent == {*get_args(EventName), "message-preview", "message-delta", "error"}
    assert replied == frame_names() - {"message-preview", "message-delta"}


def names(operation: dict[str, Any]) -> list[str]:
    return [message["$ref"].rpartition("/")[2] for message in operation["messages"]]


def test_every_message_says_what_it_is() -> None:
    assert all(message["summary"] for message in channel()["components"]["messages"].values())


def test_it_is_reached_where_the_page_connects() -> None:
    made = document("wss://channel.test/live")

    (server,) = made["servers"].values()
    (described,) = made["channels"].values()
    assert (server["protocol"], server["host"], described["address"]) == (
        "wss",
        "channel.test",
        "/live",
    )


FRAMES: list[frames.Frame] = [
    *(
        frames.broadcast(event, 41, URLS, NOW)
        for event in (
            MessageInserted(a_message()),
            MessageUpdated(
                a_message(prompt=IMAGE.prompt).with_slots([Slot(IMAGE.id).painted(IMAGE)])
            ),
            ImageInserted(IMAGE),
            ChatUpdated(Chat(CHAT, "title", NOW, NOW)),
            MessageDeleted(CHAT, a_ulid()),
            ImageDeleted(a_ulid()),
            ChatDeleted(CHAT),
        )
    ),
    frames.preview(CHAT, a_ulid(), 3, a_ulid(), "data:image/webp;base64,AAAA"),
    frames.delta(CHAT, a_ulid(), 1, 120, "once upon a time"),
    frames.system_frame("resumed", 41),
    frames.system_frame("more", 41),
    frames.system_frame("reset", 41),
    frames.system_frame("pong", 0),
    frames.error(41, "replaced", "A sentence."),
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: str(frame["event"]))
def test_every_frame_is_as_described_and_as_no_other(frame: frames.Frame) -> None:
    sent = json.loads(frames.encode(frame))
    fitting = [name for name in channel()["components"]["messages"] if fits(name, sent)]

    assert fitting == [frame["event"]]


def test_a_message_without_its_text_is_as_described() -> None:
    told = frames.broadcast(MessageInserted(a_message(text="x" * 40_000)), 1, URLS, NOW)

    assert problems_of_message("message-insert", json.loads(frames.encode(told))) == []


@pytest.mark.parametrize(
    "changed",
    [{"seq": "41"}, {"seq": None}, {"more": 1}, {"payload": {}}, {"type": "system"}],
    ids=str,
)
def test_another_frame_is_not(changed: dict[str, Any]) -> None:
    sent = {**json.loads(frames.encode(FRAMES[0])), **changed}

    assert problems_of_message("message-insert", sent)


def fits(name: str, message: Any) -> bool:
    return problems_of_message(name, message) == []


def is_described(action: Any) -> bool:
    return any(fits(name, action) for name in ACTIONS)


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_what_is_refused_is_not_described(body: Any) -> None:
    assert parsed(body) is None
    try:
        action = json.loads(body)
    except (ValueError, TypeError, RecursionError):
        return
    assert not is_described(action)


SEQS = (
    st.none() | st.integers() | st.sampled_from([0, -1, LARGEST_SEQ, LARGEST_SEQ + 1]) | st.text()
)


@given(
    st.fixed_dictionaries(
        {"action": st.sampled_from([*ACTIONS, "Ping", ""]) | st.none()},
        optional={"after": SEQS, "more": st.integers()},
    )
)
@pytest.mark.slow
def test_an_action_is_taken_exactly_if_it_is_described(action: dict[str, Any]) -> None:
    assert (parsed(json.dumps(action)) is not None) == is_described(action)


def test_every_failure_is_in_both_descriptions() -> None:
    codes = [failure.code for failure in Failure.__subclasses__()]

    for description in (channel(), api()):
        schemas = description["components"]["schemas"]
        (name,) = references(schemas["MessageError"]["properties"]["code"])
        assert schemas[name.rpartition("/")[2]]["enum"] == codes


def test_both_descriptions_agree_about_what_they_share() -> None:
    ours, theirs = (d["components"]["schemas"] for d in (channel(), api()))
    shared = set(ours) & set(theirs)

    assert {"Message", "Image", "Chat", "ChatFrame", "ChatDeletedFrame"} <= shared
    assert all(ours[name] == theirs[name] for name in shared)

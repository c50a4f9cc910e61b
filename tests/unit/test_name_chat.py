"""A model says what a chat is called: in its first turn, and never in place of a person's words."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from tests.support.builders import CHAT
from tests.support.bundle import Bundle
from tests.support.in_memory import InMemoryChats, InMemoryEventLog
from tests.support.interrupted import before, changing
from tests.unit.conftest import USER

from afterimage.domain.changes import NameChat
from afterimage.domain.chats import Chat, TitleOrigin
from afterimage.domain.errors import ProviderUnavailable
from afterimage.domain.messages import Status
from afterimage.ports.models import ImageRequest, TextReply
from afterimage.use_cases.edit_chat import EditChat

NAMED = TextReply("Hello!", '[{"text":"Hello!"}]', title="A greeting")
CALL = '[{"functionCall":{"name":"generate_image","id":"call_01"}}]'
FOX = ImageRequest("a red fox", "16:9", CALL, title="A red fox")


def chat(bundle: Bundle) -> Chat:
    return bundle.tables.rows.chats[USER, CHAT]


def edit(bundle: Bundle, title: str) -> None:
    EditChat(bundle.channel, InMemoryChats(bundle.tables))(USER, CHAT, title)


@pytest.mark.parametrize("reply", [NAMED, FOX])
def test_it_is_named_once_and_told_behind_the_answer(
    bundle: Bundle, reply: TextReply | ImageRequest
) -> None:
    bundle.text.script = [reply]

    bundle.ask(text="good morning to you")

    assert (chat(bundle).title, chat(bundle).title_origin) == (reply.title, TitleOrigin.MODEL)
    *_, last = bundle.push.to("tab")
    assert last["event"] == "chat-update"
    assert last["payload"]["chat"]["title"] == reply.title


def test_it_may_name_the_chat_in_its_first_turn_only(bundle: Bundle) -> None:
    bundle.text.script = [NAMED, replace(NAMED, title="Another name")]

    bundle.ask(0)
    bundle.clock.advance(seconds=1)
    bundle.ask(1)

    assert bundle.text.may_name == [True, False]
    assert chat(bundle).title == "A greeting"


@pytest.mark.parametrize("first", ["", "Hello?"])
def test_where_the_first_answer_failed_the_next_may_name_the_chat(
    bundle: Bundle, first: str
) -> None:
    """Without words a chat has no title until then."""
    bundle.text.script = [ProviderUnavailable("HTTP 503"), NAMED]

    bundle.ask(0, text=first)
    assert chat(bundle).title == first
    bundle.ask(1, text="Are you there?")

    assert bundle.text.may_name == [True, True]
    assert chat(bundle).title == "A greeting"


def test_a_first_question_in_other_words_may_name_the_chat(bundle: Bundle) -> None:
    bundle.text.script = [TextReply("Hello!", NAMED.parts), NAMED]
    first = bundle.ask(0, text="Hello?")

    bundle.ask(1, text="Good morning", replaces=first.user.id)

    assert chat(bundle).title == "A greeting"


def test_a_chat_that_begins_with_the_painter_keeps_its_first_words(bundle: Bundle) -> None:
    prompt = f"A lighthouse at night, {'far away, ' * 20}"
    bundle.text.script = [NAMED]

    bundle.ask(0, text=prompt, paint=True)
    bundle.clock.advance(seconds=1)
    bundle.ask(1)

    assert bundle.text.may_name == [False]
    assert (chat(bundle).title, chat(bundle).title_origin) == (prompt[:80], TitleOrigin.TEXT)


def test_what_a_person_wrote_meanwhile_stays_and_is_told_alone(bundle: Bundle) -> None:
    bundle.text.script = [NAMED]
    bundle.text.meanwhile = lambda: edit(bundle, "Mine")

    bundle.ask()

    assert (chat(bundle).title, chat(bundle).title_origin) == ("Mine", TitleOrigin.PERSON)
    told = [frame for frame in bundle.push.to("tab") if frame["event"] == "chat-update"]
    assert [frame["payload"]["chat"]["title"] for frame in told] == ["Mine"]


def test_a_race_with_a_person_is_lost_to_the_person(bundle: Bundle) -> None:
    """Between the reading of the chat and the commit."""
    bundle.text.script = [NAMED]
    mine = partial(edit, bundle, "Mine")
    before(bundle.tables, "commit", mine, when=changing(NameChat))

    bundle.ask()

    assert (chat(bundle).title, chat(bundle).title_origin) == ("Mine", TitleOrigin.PERSON)


def test_a_title_of_whom_nobody_knows_is_not_replaced(bundle: Bundle) -> None:
    """A function of the release before wrote it."""
    bundle.text.script = [NAMED]

    def renamed() -> None:
        bundle.tables.rows.chats[USER, CHAT] = replace(chat(bundle), title="Mine")

    bundle.text.meanwhile = renamed

    bundle.ask()

    assert chat(bundle).title == "Mine"


def test_an_answer_stands_whatever_becomes_of_its_name(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle.text.script = [NAMED]

    def broken(*_: object) -> None:
        raise OSError("no chats today")

    monkeypatch.setattr(InMemoryEventLog, "chats", broken)

    answer = bundle.ask().assistant

    assert (answer.status, answer.text) == (Status.COMPLETE, "Hello!")

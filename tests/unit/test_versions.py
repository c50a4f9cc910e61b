"""A question is asked in another one's place: a version of it, of which one stands."""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from tests.support.builders import CHAT, a_ulid
from tests.support.bundle import BYTES, FOX, HELLO, LIMITS, USER, Bundle, Killed, die, new_bundle
from tests.support.interrupted import before

from afterimage.domain.errors import (
    Blocked,
    ChatDeleted,
    IdReused,
    MessageLimit,
    NotEnded,
    NotFound,
    NotLast,
    ProviderUnavailable,
    QuestionDeleted,
)
from afterimage.domain.messages import Message, Status
from afterimage.domain.versions import Pair
from afterimage.ports.models import TextReply
from afterimage.use_cases.answer_message import Answer

BYE = TextReply("Bye!", '[{"text":"Bye!"}]')
MANY = replace(LIMITS, daily_images=9, daily_messages=30, text_calls=40)
DOWN = ProviderUnavailable("HTTP 503")


@pytest.fixture
def bundle(threads: Executor) -> Bundle:
    return new_bundle(threads, limits=MANY)


@pytest.fixture
def first(bundle: Bundle) -> Answer:
    """A question with its answer."""
    bundle.text.script = [HELLO]
    return bundle.ask(0, text="Hello?")


def anew(bundle: Bundle, asked: Message, number: int = 1, *said: Any, **changed: Any) -> Answer:
    """The question once more, as a version of it."""
    bundle.clock.advance(seconds=1)
    bundle.text.script = list(said)
    return bundle.ask(number, **{"text": "Hello??", "replaces": asked.id, **changed})


def stand(bundle: Bundle) -> list[str]:
    """Words of what stands, by the messages' ids."""
    stored = sorted(bundle.tables.rows.messages.items())
    return [message.text for _, message in stored if message.stands]


def told(bundle: Bundle) -> list[tuple[str, str, bool]]:
    """Every event's message, how it was told, and whether it stands by now."""
    rows = bundle.tables.rows
    return [
        (event.name, event.message_id or "", rows.messages[USER, CHAT, event.message_id].stands)
        for (_, _), (event, _) in sorted(rows.events.items())
        if event.message_id is not None
    ]


def sent(asked: Any) -> list[Any]:
    return [part.get("text") for turn in asked[0] for part in turn.parts]


# --- Asked anew --------------------------------------------------------------------------------


def test_what_is_asked_anew_stands_in_place_of_what_stood(bundle: Bundle, first: Answer) -> None:
    second = anew(bundle, first.user, 1, BYE)

    assert (second.user.version_of, second.assistant.version_of) == (first.user.id, first.user.id)
    assert (first.user.version_of, first.assistant.reply_to) == (None, first.user.id)
    assert stand(bundle) == ["Hello??", "Bye!"]
    assert bundle.now(first.user).version == first.user.version + 1
    old, new = (first.user.id, first.assistant.id), (second.user.id, second.assistant.id)
    assert told(bundle)[3:] == [
        ("message-insert", new[0], True),
        ("message-insert", new[1], True),
        ("message-update", old[0], False),
        ("message-update", old[1], False),
        ("message-update", new[1], True),
    ]
    assert bundle.used() == (0, 2)


def test_the_model_reads_what_stands_and_nothing_of_the_line_itself(
    bundle: Bundle, first: Answer
) -> None:
    second = anew(bundle, first.user, 1, BYE)
    assert sent(bundle.text.asked[-1]) == ["Hello??"]

    bundle.text.script = [HELLO]
    bundle.ask(20, text="And now?")

    assert sent(bundle.text.asked[-1]) == ["Hello??", "Bye!", "And now?"]
    assert second.assistant.stands


def test_versions_do_not_take_the_place_of_what_was_said_before(bundle: Bundle) -> None:
    bundle.text.script = [HELLO] * 30
    bundle.ask(0, text="Once")
    asked = bundle.ask(1, text="Twice").user
    for number in range(2, 15):
        asked = anew(bundle, asked, number, HELLO, text=f"Take {number}").user

    assert sent(bundle.text.asked[-1]) == ["Once", "Hello!", "Take 14"]


def test_it_takes_nothing_over(bundle: Bundle) -> None:
    image = bundle.upload(50).image
    bundle.text.script = [HELLO]
    asked = bundle.ask(0, image_ids=(image.id,), count=2, aspect_ratio="16:9").user

    again = anew(bundle, asked, 1, HELLO)

    assert (again.user.image_ids, again.assistant.count) == ((), None)
    # What was told of the first one still has its picture.
    (frame,) = [
        frame["payload"]["message"]
        for frame in bundle.push.to("tab")
        if frame["event"] == "message-update" and frame["payload"]["message"]["id"] == asked.id
    ]
    assert [one["id"] for one in frame["meta"]["attachments"]] == [image.id]


def test_a_version_of_a_version_is_of_the_same_line(bundle: Bundle, first: Answer) -> None:
    second = anew(bundle, first.user, 1, BYE)
    third = anew(bundle, first.user, 2, HELLO, text="Third")

    assert third.user.version_of == first.user.id
    assert third.assistant.stood_before == second.user.id
    assert stand(bundle) == ["Third", "Hello!"]


def test_another_one_is_a_version(bundle: Bundle) -> None:
    fox = bundle.painted()
    asked = bundle.now(replace(fox, id=fox.reply_to or ""))
    bundle.painter.script = [[BYTES]]

    again = bundle.ask(1, text="Another one", paint=True, again=fox.id, replaces=asked.id)
    bundle.paint(again.assistant)

    assert again.assistant.prompt == fox.prompt
    assert [bundle.now(one).stands for one in (fox, asked)] == [False, False]
    assert bundle.now(again.assistant).stands


# --- Refused -----------------------------------------------------------------------------------


def test_only_the_last_question_is_asked_anew(bundle: Bundle, first: Answer) -> None:
    bundle.text.script = [HELLO]
    bundle.ask(1)
    before = bundle.used()

    with pytest.raises(NotLast):
        bundle.ask(2, replaces=first.user.id)

    assert bundle.used() == before


@pytest.mark.parametrize("whose", ["nobody's", "an answer's", "another chat's", "somebody else's"])
def test_nothing_else_is_asked_anew(bundle: Bundle, first: Answer, whose: str) -> None:
    bundle.text.script = [HELLO, HELLO]
    named = {
        "nobody's": a_ulid(9),
        "an answer's": first.assistant.id,
        "another chat's": bundle.ask(2, chat_id="another").user.id,
        "somebody else's": bundle.ask(3, user_id="bob").user.id,
    }
    before = dict(bundle.tables.rows.messages)

    with pytest.raises(NotLast):
        bundle.ask(4, text="Hello??", replaces=named[whose])

    assert bundle.tables.rows.messages == before


def test_of_a_line_of_a_thousand_versions_one_stands_and_another_is_chosen(
    bundle: Bundle, first: Answer
) -> None:
    rows = bundle.tables.rows.messages
    for number in range(1, 1_000):
        asked, answer = a_ulid(2 * number), a_ulid(2 * number + 1)
        placed: dict[str, Any] = {"version_of": first.user.id, "stands": False}
        rows[USER, CHAT, asked] = replace(first.user, id=asked, **placed)
        answered = replace(first.assistant, id=answer, reply_to=asked, **placed)
        rows[USER, CHAT, answer] = answered

    second = anew(bundle, first.user, 1_001, BYE)

    assert stand(bundle) == [second.user.text, second.assistant.text]
    bundle.choose(first.user)
    assert stand(bundle) == [first.user.text, first.assistant.text]
    assert len(bundle.lines(USER, CHAT, first.user.id).pairs) == 1_001


def test_a_question_that_is_being_answered_is_not_asked_anew(bundle: Bundle) -> None:
    asked = bundle.order(0)

    with pytest.raises(NotEnded):
        bundle.ask(1, replaces=asked.reply_to)


def test_of_a_chat_that_is_deleted_nothing_is_asked_anew(bundle: Bundle, first: Answer) -> None:
    bundle.delete_chat()

    with pytest.raises(ChatDeleted):
        bundle.ask(1, replaces=first.user.id)


def test_what_is_deleted_is_not_asked_anew_and_its_chat_is_still_there(
    bundle: Bundle, first: Answer
) -> None:
    bundle.delete_question(first.user)

    with pytest.raises(NotLast):
        bundle.ask(1, replaces=first.user.id)


def test_it_counts_as_any_message(bundle: Bundle, first: Answer) -> None:
    bundle.limits = replace(MANY, daily_messages=1)
    bundle.__post_init__()

    with pytest.raises(MessageLimit):
        bundle.ask(1, replaces=first.user.id)

    assert stand(bundle) == ["Hello?", "Hello!"]


def test_the_same_request_again_finds_what_the_first_made(bundle: Bundle, first: Answer) -> None:
    second = anew(bundle, first.user, 1, BYE)

    bundle.clock.advance(seconds=-1)
    assert anew(bundle, first.user, 1) == second
    bundle.clock.advance(seconds=-1)
    with pytest.raises(IdReused):
        anew(bundle, first.user, 1, text="Other words")


def test_of_two_at_once_the_second_is_refused(bundle: Bundle, first: Answer) -> None:
    before(bundle.tables, "commit", lambda: bundle.order(1, text="First", replaces=first.user.id))

    with pytest.raises(NotEnded):
        bundle.ask(2, text="Second", replaces=first.user.id)

    assert stand(bundle) == ["First", ""]


def test_a_question_asked_meanwhile_wins(bundle: Bundle, first: Answer) -> None:
    before(bundle.tables, "commit", lambda: bundle.order(10, text="Next"))

    with pytest.raises(NotLast):
        bundle.ask(20, replaces=first.user.id)

    assert stand(bundle) == ["Hello?", "Hello!", "Next", ""]


def test_a_chat_from_before_there_were_lines(bundle: Bundle, first: Answer) -> None:
    rows = bundle.tables.rows
    rows.chats[USER, CHAT] = replace(rows.chats[USER, CHAT], last_line=None)

    second = anew(bundle, first.user, 1, BYE)

    assert second.user.version_of == first.user.id
    assert rows.chats[USER, CHAT].last_line == first.user.id


# --- It gives way ------------------------------------------------------------------------------


def test_an_answer_that_fails_gives_way_to_what_stood(bundle: Bundle, first: Answer) -> None:
    second = anew(bundle, first.user, 1, DOWN)

    assert second.assistant.status is Status.FAILED
    assert (second.user.stands, second.assistant.stands) == (False, False)
    assert stand(bundle) == ["Hello?", "Hello!"]
    ended, *others = told(bundle)[-4:]
    assert ended[1] == second.assistant.id
    assert [event[1:] for event in others] == [
        (first.user.id, True),
        (first.assistant.id, True),
        (second.user.id, False),
    ]


def test_a_picture_that_fails_gives_way(bundle: Bundle, first: Answer) -> None:
    second = anew(bundle, first.user, 1, FOX)
    bundle.painter.script = [Blocked("no")]

    bundle.paint(second.assistant)

    assert bundle.now(second.assistant).status is Status.FAILED
    assert stand(bundle) == ["Hello?", "Hello!"]


def test_one_that_fails_as_it_is_asked_never_stands(bundle: Bundle, first: Answer) -> None:
    for number in (1, 2):
        anew(bundle, first.user, number, FOX)
        bundle.cancel(bundle.now(bundle.open_one()))

    # No picture of the day is left.
    bundle.limits = replace(bundle.limits, daily_images=0)
    bundle.__post_init__()
    failed = anew(bundle, first.user, 3, paint=True)

    assert (failed.assistant.status, failed.user.stands) == (Status.FAILED, False)
    assert stand(bundle) == ["Hello?", "Hello!"]


def test_one_that_is_overdue_gives_way(bundle: Bundle, first: Answer) -> None:
    second = anew(bundle, first.user, 1, FOX)
    bundle.clock.advance(minutes=8)

    bundle.sweep()

    assert bundle.now(second.assistant).status is Status.FAILED
    assert stand(bundle) == ["Hello?", "Hello!"]


def test_one_that_is_cancelled_without_a_picture_gives_way(bundle: Bundle, first: Answer) -> None:
    second = anew(bundle, first.user, 1, FOX)

    assert not bundle.cancel(second.assistant).stands

    assert stand(bundle) == ["Hello?", "Hello!"]


def test_one_that_is_cancelled_with_a_picture_stands(bundle: Bundle, first: Answer) -> None:
    second = anew(bundle, first.user, 1, replace(FOX, count=2))
    bundle.painter.script = [[BYTES]]
    bundle.paint(second.assistant)

    bundle.cancel(bundle.now(second.assistant))

    assert bundle.now(second.assistant).stands
    assert not bundle.now(first.user).stands


def test_words_of_one_that_was_cancelled_bring_it_back(bundle: Bundle, first: Answer) -> None:
    seen: list[list[str]] = []

    def cancelled() -> None:
        bundle.cancel(bundle.open_one())
        seen.append(stand(bundle))

    bundle.text.said, bundle.text.meanwhile = ["Good", " day"], cancelled
    second = anew(bundle, first.user, 1, BYE)

    assert seen == [["Hello?", "Hello!"]]
    assert (second.assistant.status, second.assistant.text) == (Status.CANCELLED, "Good day")
    assert stand(bundle) == ["Hello??", "Good day"]


def test_words_do_not_bring_back_what_is_no_longer_of_the_last_line(
    bundle: Bundle, first: Answer
) -> None:
    def cancelled_and_asked_on() -> None:
        bundle.text.said, bundle.text.meanwhile = [], lambda: None
        bundle.cancel(bundle.open_one())
        bundle.text.script = [HELLO]
        bundle.ask(50, text="And now?")
        bundle.text.script = [BYE]

    bundle.text.said, bundle.text.meanwhile = ["Good"], cancelled_and_asked_on
    second = anew(bundle, first.user, 1, BYE)

    assert (second.assistant.text, second.assistant.stands) == ("Good", False)
    assert stand(bundle) == ["Hello?", "Hello!", "And now?", "Hello!"]


def test_what_stood_may_change_while_it_comes_back(bundle: Bundle) -> None:
    fox = bundle.painted()
    asked = bundle.now(replace(fox, id=fox.reply_to or ""))
    second = anew(bundle, asked, 1, FOX)
    before(bundle.tables, "commit", lambda: bundle.delete_image(fox.images[0].id))

    bundle.cancel(second.assistant)

    assert bundle.now(fox).stands
    assert bundle.now(fox).image_deleted


def test_a_failed_version_is_tried_again_without_the_words_of_the_others(
    bundle: Bundle, first: Answer
) -> None:
    second = anew(bundle, first.user, 1, DOWN)
    bundle.text.script = [BYE]

    tried = bundle.retry(second.assistant)

    assert sent(bundle.text.asked[-1]) == ["Hello??"]
    assert (tried.text, tried.stands) == ("Bye!", False)


# --- Chosen ------------------------------------------------------------------------------------


def test_a_person_goes_back_and_forth(bundle: Bundle, first: Answer) -> None:
    second = anew(bundle, first.user, 1, BYE)

    chosen = bundle.choose(first.user)

    assert chosen == Pair(bundle.now(first.user), bundle.now(first.assistant))
    assert stand(bundle) == ["Hello?", "Hello!"]
    assert [event[1] for event in told(bundle)[-4:]] == [
        first.user.id,
        first.assistant.id,
        second.user.id,
        second.assistant.id,
    ]
    seq = bundle.tables.read(USER).seq
    assert bundle.choose(first.user) == chosen
    assert bundle.tables.read(USER).seq == seq
    bundle.choose(second.user)
    assert stand(bundle) == ["Hello??", "Bye!"]


def test_only_versions_of_the_last_question_are_chosen(bundle: Bundle, first: Answer) -> None:
    anew(bundle, first.user, 1, BYE)
    before(bundle.tables, "commit", lambda: bundle.order(20, text="Next"))

    with pytest.raises(NotLast):
        bundle.choose(first.user)

    with pytest.raises(NotFound):
        bundle.choose(first.assistant)
    with pytest.raises(NotFound):
        bundle.choose(first.user, user="mallory")
    assert stand(bundle) == ["Hello??", "Bye!", "Next", ""]


@pytest.mark.parametrize("reply", [BYE, FOX, DOWN])
def test_what_is_chosen_while_another_is_answered_stands(
    bundle: Bundle, first: Answer, reply: Any
) -> None:
    """The answer goes on, and ends where it is: its words are not lost."""
    bundle.text.meanwhile = lambda: bundle.choose(first.user)

    second = anew(bundle, first.user, 1, reply)

    assert not second.assistant.stands
    assert second.assistant.text == ("Bye!" if reply is BYE else "")
    assert (second.assistant.status is Status.GENERATING) == (reply is FOX)
    assert stand(bundle) == ["Hello?", "Hello!"]


def test_one_that_is_chosen_again_while_it_is_answered_gives_way_to_what_it_displaced_then(
    bundle: Bundle, first: Answer
) -> None:
    second = anew(bundle, first.user, 1, BYE)
    third = anew(bundle, first.user, 2, FOX, text="Third")
    bundle.choose(first.user)
    bundle.choose(third.user)

    bundle.cancel(third.assistant)

    assert stand(bundle) == ["Hello?", "Hello!"]
    assert not bundle.now(second.user).stands


# --- Deleted -----------------------------------------------------------------------------------


def left(bundle: Bundle) -> dict[str, int]:
    """How many rows there are of what a question has."""
    rows = bundle.tables.rows
    return {name: len(getattr(rows, name)) for name in ("messages", "images", "jobs", "deletions")}


NOTHING = {"messages": 0, "images": 0, "jobs": 0, "deletions": 0}


def painted(bundle: Bundle, asked: Answer) -> Answer:
    bundle.painter.script = [[BYTES]] * 9
    for place in range(len(asked.assistant.slots)):
        bundle.paint(asked.assistant, place=place)
    return asked


def test_a_question_goes_with_its_answer_their_versions_and_pictures(bundle: Bundle) -> None:
    bundle.text.script = [replace(FOX, count=2)]
    first = painted(bundle, bundle.ask(0, text="Two foxes"))
    second = painted(bundle, anew(bundle, first.user, 1, FOX))
    bundle.journal.clear()

    bundle.delete_question(first.user)

    assert (left(bundle)["messages"], left(bundle)["images"]) == (0, 0)
    assert [event for event in bundle.posted() if "delete" in event] == [
        *["message-delete"] * 2,
        "image-delete",
        *["message-delete"] * 2,
        *["image-delete"] * 2,
    ]
    assert [event[1] for event in deleted(bundle)][:2] == [second.user.id, second.assistant.id]
    bundle.sweep()
    bundle.keep()
    assert left(bundle) == NOTHING
    assert bundle.pictures.files == {}


def deleted(bundle: Bundle) -> list[tuple[str, str]]:
    """Events that tell of a message's deletion."""
    events = [event for (_, _), (event, _) in sorted(bundle.tables.rows.events.items())]
    return [(e.name, e.message_id or "") for e in events if e.name == "message-delete"]


def test_what_is_brought_stays(bundle: Bundle) -> None:
    image = bundle.upload(50).image
    bundle.text.script = [HELLO]
    asked = bundle.ask(0, image_ids=(image.id,)).user

    bundle.delete_question(asked)
    bundle.keep()

    assert left(bundle) == {**NOTHING, "images": 1}


def test_what_is_being_answered_is_not_painted_any_more_and_costs_nothing(
    bundle: Bundle, first: Answer
) -> None:
    second = anew(bundle, first.user, 1, FOX)

    bundle.delete_question(second.user)
    bundle.paint(second.assistant)
    bundle.keep()

    assert bundle.painter.asked == []
    assert bundle.used() == (0, 2)
    assert bundle.open_messages() == 0
    assert left(bundle) == NOTHING


def test_what_is_being_painted_is_removed_once_nobody_uploads_it_any_more(bundle: Bundle) -> None:
    asked = bundle.order(0)
    bundle.painter.script = [[BYTES]]
    bundle.painter.meanwhile = lambda: bundle.delete_question(
        bundle.tables.rows.messages[USER, CHAT, asked.reply_to or ""]
    )

    bundle.paint(asked)

    assert (left(bundle)["messages"], left(bundle)["images"]) == (0, 0)
    bundle.clock.advance(minutes=5)
    bundle.sweep()
    assert left(bundle) == NOTHING
    assert bundle.pictures.files == {}


def test_words_that_are_being_written_go_with_their_question(bundle: Bundle) -> None:
    def delete() -> None:
        asked = bundle.open_one()
        bundle.delete_question(bundle.now(replace(asked, id=asked.reply_to or "")))

    bundle.text.script, bundle.text.meanwhile = [HELLO], delete

    with pytest.raises(QuestionDeleted):
        bundle.ask(0)

    assert left(bundle)["messages"] == 0
    assert bundle.open_messages() == 0


def test_of_very_many_versions_the_keeper_removes_what_would_be_waited_for(
    bundle: Bundle, first: Answer
) -> None:
    for number in range(1, 9):
        anew(bundle, first.user, number, BYE)
    bundle.push.meanwhile = lambda *_: bundle.clock.advance(seconds=2)

    bundle.delete_question(first.user)

    assert stand(bundle) == []
    assert 0 < left(bundle)["messages"] < 16
    bundle.keep()
    assert left(bundle) == NOTHING


@pytest.mark.parametrize("at", range(4))
def test_a_deletion_that_dies_is_finished(bundle: Bundle, first: Answer, at: int) -> None:
    """Before its first transaction it has not begun."""
    second = anew(bundle, first.user, 1, FOX)
    painted(bundle, second)
    painted(bundle, anew(bundle, first.user, 2, FOX))
    before(bundle.tables, "commit", *[lambda: None] * at, die)
    with suppress(Killed):
        bundle.delete_question(first.user)

    bundle.clock.advance(minutes=1)
    bundle.sweep()
    bundle.sweep()

    if at:
        assert left(bundle) == NOTHING
        assert bundle.pictures.files == {}
    else:
        assert left(bundle)["messages"] == 6


def test_the_question_before_it_can_be_changed_then(bundle: Bundle, first: Answer) -> None:
    bundle.text.script = [HELLO]
    bundle.delete_question(bundle.ask(10).user)

    assert anew(bundle, first.user, 2, BYE).user.stands


def test_a_question_in_the_middle_goes(bundle: Bundle, first: Answer) -> None:
    bundle.text.script = [HELLO]
    last = bundle.ask(10, text="Last").user
    bundle.delete_question(first.user)

    assert stand(bundle) == ["Last", "Hello!"]
    assert anew(bundle, last, 2, BYE).user.stands


@pytest.mark.parametrize(("title", "then"), [("Hello?", "And now?"), ("Mine", "Mine")])
def test_words_of_a_deleted_question_are_no_title(
    bundle: Bundle, first: Answer, title: str, then: str
) -> None:
    rows = bundle.tables.rows
    rows.chats[USER, CHAT] = replace(rows.chats[USER, CHAT], title=title)
    bundle.text.script = [HELLO]
    bundle.ask(10, text="And now?")

    bundle.delete_question(first.user)

    assert rows.chats[USER, CHAT].title == then
    told = [frame for frame in bundle.push.to("tab") if frame["event"] == "chat-update"]
    assert [frame["payload"]["chat"]["title"] for frame in told] == [then] * (title != then)


def test_deleting_what_is_not_there_or_somebody_elses_changes_nothing(
    bundle: Bundle, first: Answer
) -> None:
    seq = bundle.tables.read(USER).seq

    bundle.delete_question(replace(first.user, id=a_ulid(99)))
    bundle.delete_question(first.user, user="mallory")
    with pytest.raises(NotFound):
        bundle.delete_question(first.assistant)

    assert bundle.tables.read(USER).seq == seq
    assert stand(bundle) == ["Hello?", "Hello!"]


def test_a_question_that_changes_meanwhile_goes_all_the_same(bundle: Bundle, first: Answer) -> None:
    before(bundle.tables, "commit", lambda: anew(bundle, first.user, 1, BYE))

    bundle.delete_question(first.user)

    assert left(bundle)["messages"] == 0


@pytest.mark.parametrize("dies", [False, True])
def test_links_to_its_pictures_end_before_a_question(bundle: Bundle, *, dies: bool) -> None:
    """What dies between the two has taken the links back, and is told again."""
    fox = bundle.painted()
    asked = bundle.now(replace(fox, id=fox.reply_to or ""))
    bundle.share(fox.images[0].id)
    if dies:
        before(bundle.tables, "commit", lambda: None, die)
        with suppress(Killed):
            bundle.delete_question(asked)
        assert (bundle.tables.rows.shares, left(bundle)["messages"]) == ({}, 2)

    bundle.delete_question(asked)

    bundle.keep()
    bundle.sweep()
    assert left(bundle) == NOTHING
    assert bundle.pictures.files == {}

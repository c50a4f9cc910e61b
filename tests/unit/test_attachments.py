"""Pictures that a question names: whose they may be, and how they are shown as they are now."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import CHAT, a_ulid, an_image
from tests.support.bundle import HELLO, USER, Bundle
from tests.support.doubles import NOW, PlainUrls
from tests.support.in_memory import InMemoryEventLog
from tests.support.interrupted import before

from afterimage.domain.conversation import turns
from afterimage.domain.errors import AccountDeleted, ChatDeleted, IdReused, UnknownPicture
from afterimage.domain.events import MessageInserted
from afterimage.domain.images import Image
from afterimage.use_cases.attach import Attach
from afterimage.use_cases.current_events import CurrentEvents
from afterimage.views import message_view

FIRST, SECOND = a_ulid(1), a_ulid(2)


@pytest.fixture
def bundle(bundle: Bundle) -> Bundle:
    bundle.text.script = [HELLO] * 3
    return bundle


def brought(bundle: Bundle, *numbers: int) -> list[Image]:
    return [bundle.upload(number).image for number in numbers]


def attached(bundle: Bundle, message_id: str = a_ulid(0)) -> list[Any]:
    """The attachments of a stored question, as a client reads them."""
    message = bundle.tables.rows.messages[USER, CHAT, message_id]
    (whole,) = Attach(InMemoryEventLog(bundle.tables))(USER, [message])
    return message_view(whole, PlainUrls(), NOW)["meta"]["attachments"]


def test_a_question_shows_the_pictures_that_it_names(bundle: Bundle) -> None:
    one, other = brought(bundle, 1, 2)

    answer = bundle.ask(image_ids=(SECOND, FIRST))

    assert answer.user.attachments == (other, one)
    view = message_view(answer.user, PlainUrls(), NOW)["meta"]["attachments"]
    assert [image and (image["id"], image["prompt"]) for image in view] == [
        (SECOND, None),
        (FIRST, None),
    ]
    assert attached(bundle) == view
    assert message_view(answer.assistant, PlainUrls(), NOW)["meta"]["attachments"] == []


def test_a_painted_picture_can_be_named_as_well(bundle: Bundle) -> None:
    bundle.text.script = []
    answer = bundle.painted()
    bundle.text.script = [HELLO]

    named = bundle.ask(5, image_ids=(answer.job_id,))

    assert [image and image.id for image in named.user.attachments] == [answer.job_id]


def foreign(bundle: Bundle) -> None:
    bundle.tables.rows.images["bob", FIRST] = an_image(1)


def under_way(bundle: Bundle) -> None:
    bundle.upload(1)
    bundle.tables.rows.images.clear()


def deleted(bundle: Bundle) -> None:
    bundle.upload(1)
    bundle.delete_image(FIRST)


def of_a_chat_that_goes(bundle: Bundle) -> None:
    bundle.tables.rows.images[USER, FIRST] = an_image(1, chat_id="another")
    bundle.tables.rows.deleting.add((USER, "another"))


@pytest.mark.parametrize("make", [lambda _: None, foreign, under_way, deleted, of_a_chat_that_goes])
def test_a_picture_that_the_caller_does_not_have_is_refused(bundle: Bundle, make: Any) -> None:
    make(bundle)
    bundle.upload(2)

    with pytest.raises(UnknownPicture):
        bundle.ask(image_ids=(SECOND, FIRST))
    assert bundle.tables.rows.messages == {}
    assert bundle.used() == (0, 0)


def test_a_picture_deleted_between_look_and_commit_is_refused(bundle: Bundle) -> None:
    bundle.upload(1)
    before(bundle.tables, "commit", bundle.tables.rows.images.clear)

    with pytest.raises(UnknownPicture):
        bundle.ask(image_ids=(FIRST,))
    assert bundle.tables.rows.messages == {}


def test_a_deleted_chat_and_account_come_before_it(bundle: Bundle) -> None:
    bundle.ask()
    bundle.delete_chat()
    bundle.upload(1)
    with pytest.raises(ChatDeleted):
        bundle.ask(2, image_ids=(FIRST,))

    bundle.delete_account()
    with pytest.raises(AccountDeleted):
        bundle.ask(3, image_ids=(FIRST,))


def test_the_same_again_is_answered_though_its_picture_is_gone(bundle: Bundle) -> None:
    bundle.upload(1)
    first = bundle.ask(image_ids=(FIRST,))
    bundle.delete_image(FIRST)

    again = bundle.ask(image_ids=(FIRST,))

    assert again.assistant == first.assistant
    assert again.user.attachments == (None,)
    assert attached(bundle) == [None]


@pytest.mark.parametrize("image_ids", [(), (SECOND,), (SECOND, FIRST), (FIRST, SECOND, a_ulid(3))])
def test_the_same_id_with_other_pictures_is_refused(
    bundle: Bundle, image_ids: tuple[str, ...]
) -> None:
    brought(bundle, 1, 2)
    bundle.tables.rows.images[USER, a_ulid(3)] = an_image(3)
    bundle.ask(image_ids=(FIRST, SECOND))

    with pytest.raises(IdReused):
        bundle.ask(image_ids=image_ids)


def test_a_replay_shows_pictures_as_they_are_now(bundle: Bundle) -> None:
    brought(bundle, 1, 2)
    bundle.ask(image_ids=(FIRST, SECOND))
    bundle.delete_image(FIRST)
    log = InMemoryEventLog(bundle.tables)
    before = 2  # the events of both pictures
    references = log.after(USER, before, 200, bundle.clock.now())

    told = CurrentEvents(log, log)(USER, references)

    (question,) = (
        event.message
        for event in told
        if isinstance(event, MessageInserted) and event.message.id == a_ulid(0)
    )
    assert [image and image.id for image in question.attachments] == [None, SECOND]


def test_a_picture_without_words_is_a_question_of_a_chat_without_a_title(bundle: Bundle) -> None:
    bundle.upload(1)

    answer = bundle.ask(text="", image_ids=(FIRST,))

    assert answer.assistant.text == "Hello!"
    assert bundle.tables.rows.chats[USER, CHAT].title == ""
    (turn,) = turns([answer.user])
    assert all(part["text"] for part in turn.parts)

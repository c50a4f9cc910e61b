"""What becomes of words that were shown while they were written."""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from tests.support.bundle import BYTES, FOX, HELLO, Bundle, Killed, die
from tests.support.doubles import RecordingPush

from afterimage.domain.errors import Blocked, ProviderUnavailable, TimedOut
from afterimage.domain.messages import Message, MessageType, Status

SAID = ["Once ", "upon a time"]
TEXT = "".join(SAID)


def once_posted(bundle: Bundle, event: str = "message-delta") -> Event:
    """Set when the tab has been posted such a frame."""
    posted = Event()

    def meanwhile(_: str, names: list[str]) -> None:
        if event in names:
            posted.set()

    bundle.push.meanwhile = meanwhile
    return posted


def shown(push: RecordingPush) -> list[str]:
    """Names of the answer's frames behind its placeholder, and how it stood."""
    titles = []
    for frame in push.to("tab")[2:]:
        message = frame["payload"].get("message")
        titles.append(message["meta"]["status"] if message else frame["event"])
    return titles


def test_words_are_shown_before_the_answer_is_and_none_behind_it(bundle: Bundle) -> None:
    posted = once_posted(bundle)
    bundle.text.script, bundle.text.said = [replace(HELLO, text=TEXT)], SAID
    bundle.text.meanwhile = lambda: assert_(posted.wait(10))

    answer = bundle.ask().assistant

    assert (answer.status, answer.text) == (Status.COMPLETE, TEXT)
    assert shown(bundle.push)[0] == "message-delta"
    assert shown(bundle.push)[-1] == "complete"
    assert shown(bundle.push).count("complete") == 1


def assert_(what: Any) -> None:
    assert what


def test_the_end_waits_for_the_words_on_their_connection(bundle: Bundle) -> None:
    """A post of words that takes its time is never overtaken by the whole answer."""
    taking = Event()
    bundle.text.script, bundle.text.said = [replace(HELLO, text=TEXT)], SAID

    def meanwhile(_: str, names: list[str]) -> None:
        if names == ["message-delta"]:
            taking.set()
            while any(message.is_open for message in bundle.tables.rows.messages.values()):
                time.sleep(0.01)
            time.sleep(0.1)  # in which the end could be posted

    bundle.push.meanwhile = meanwhile
    bundle.text.meanwhile = lambda: assert_(taking.wait(10))

    bundle.ask()

    assert shown(bundle.push) == ["message-delta", "complete"]


@pytest.mark.parametrize(
    "broken", [ProviderUnavailable("cut"), TimedOut("late"), RuntimeError("a defect")]
)
def test_words_stay_where_the_provider_breaks_off_and_can_be_tried_again(
    bundle: Bundle, broken: Exception
) -> None:
    bundle.text.script, bundle.text.said = [broken], SAID

    failed = bundle.ask().assistant

    assert failed == bundle.now(failed)
    assert (failed.status, failed.text, failed.version) == (Status.FAILED, TEXT, 2)
    assert bundle.open_messages() == 0

    seen: list[Message] = []
    bundle.text.script, bundle.text.said = [HELLO], []
    bundle.text.meanwhile = lambda: seen.append(bundle.now(failed))
    answered = bundle.retry(failed)

    assert [(message.status, message.text) for message in seen] == [(Status.THINKING, "")]
    assert (answered.status, answered.text) == (Status.COMPLETE, HELLO.text)


def test_words_that_the_provider_takes_back_are_not_kept(bundle: Bundle) -> None:
    bundle.text.script, bundle.text.said = [Blocked("finishReason SAFETY")], SAID

    failed = bundle.ask().assistant

    assert (failed.status, failed.text) == (Status.FAILED, "")


@pytest.mark.parametrize("late", [HELLO, FOX, ProviderUnavailable("cut")])
def test_words_of_a_cancelled_answer_are_kept_by_one_more_update(bundle: Bundle, late: Any) -> None:
    cancelled: list[Message] = []
    bundle.text.script, bundle.text.said = [late], SAID
    bundle.text.meanwhile = lambda: cancelled.append(bundle.cancel(bundle.open_one()))

    answer = bundle.ask().assistant

    assert [(m.version, m.text) for m in cancelled] == [(2, "")], "it ends at once"
    assert answer == bundle.now(answer)
    assert (answer.status, answer.version, answer.text) == (Status.CANCELLED, 3, TEXT)
    assert bundle.open_messages() == 0
    told = [title for title in bundle.posted() if title != "message-delta"]
    assert told[-2:] == ["message-update cancelled"] * 2


def test_words_are_not_written_into_an_answer_that_is_tried_again(bundle: Bundle) -> None:
    """Its user was quicker than the function that streamed."""
    bundle.text.script, bundle.text.said = [HELLO, HELLO], SAID

    def click() -> None:
        bundle.text.meanwhile = lambda: None
        bundle.text.said = []
        bundle.retry(bundle.cancel(bundle.open_one()))

    bundle.text.meanwhile = click
    answer = bundle.ask().assistant

    assert (answer.status, answer.version, answer.text) == (Status.COMPLETE, 4, HELLO.text)


def test_words_are_not_written_into_a_later_try_that_was_cancelled_too(bundle: Bundle) -> None:
    bundle.text.script, bundle.text.said = [HELLO, HELLO], SAID

    def cancel() -> None:
        bundle.cancel(bundle.open_one())

    def again() -> None:
        bundle.text.meanwhile, bundle.text.said = cancel, []
        bundle.retry(bundle.cancel(bundle.open_one()))

    bundle.text.meanwhile = again
    answer = bundle.ask().assistant

    assert (answer.status, answer.text) == (Status.CANCELLED, "")


def test_words_beside_a_call_stay_with_the_picture(bundle: Bundle) -> None:
    bundle.text.script = [replace(FOX, text=TEXT)]
    ordered = bundle.ask().assistant
    assert (ordered.type, ordered.text) == (MessageType.IMAGE, TEXT)

    bundle.painter.script = [BYTES]
    bundle.paint(ordered)

    assert (bundle.now(ordered).status, bundle.now(ordered).text) == (Status.COMPLETE, TEXT)


def test_words_beside_a_call_that_has_no_room_stay_as_well(bundle: Bundle) -> None:
    bundle.limits = replace(bundle.limits, daily_images=0)
    bundle.__post_init__()
    bundle.text.script = [replace(FOX, text=TEXT)]

    failed = bundle.ask().assistant

    assert (bundle.code(failed), failed.text) == ("quota_exceeded", TEXT)


def test_a_function_that_dies_takes_its_words_along(bundle: Bundle) -> None:
    bundle.text.script, bundle.text.said = [HELLO], SAID
    bundle.text.meanwhile = die
    with pytest.raises(Killed):
        bundle.ask()

    thinking = bundle.open_one()
    assert (thinking.status, thinking.text) == (Status.THINKING, "")

    bundle.text.meanwhile = lambda: None
    bundle.text.script, bundle.text.said = [HELLO], []
    bundle.clock.advance(seconds=61)
    taken_over = bundle.ask(message_id=thinking.reply_to).assistant

    assert (taken_over.status, taken_over.text, taken_over.version) == (
        Status.COMPLETE,
        HELLO.text,
        3,
    )

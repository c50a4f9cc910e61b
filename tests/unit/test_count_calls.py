"""Calls that may be billed: counted where they are decided, given back where nothing was billed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import interrupted
from tests.support.bundle import (
    BYTES,
    DAY,
    FOX,
    HELLO,
    LIMITS,
    USER,
    Bundle,
    Killed,
    die,
    new_bundle,
)
from tests.support.doubles import NOW, RecordingLog

from afterimage.domain.errors import (
    Blocked,
    CallsUsedUp,
    MessageLimit,
    NotFailed,
    NotRunning,
    ProviderLimit,
    ProviderUnavailable,
    RetryLimit,
    TooManyOpen,
)
from afterimage.domain.limits import MOST_TRIES, ModelKind
from afterimage.domain.messages import Message, Status

TO_MIDNIGHT = 14 * 3600 + 1
TOMORROW = "2026-11-21"


def used_up(bundle: Bundle, model: ModelKind) -> None:
    limit = LIMITS.text_calls if model is ModelKind.TEXT else LIMITS.image_calls
    bundle.tables.rows.used[USER, f"{model.value}_calls#{DAY}"] = limit


def fail(bundle: Bundle, counted_on: str | None, *, billed: bool) -> None:
    """A turn of one call that brings nothing."""
    with suppress(ProviderUnavailable), bundle.image_calls().of_turn(USER, counted_on) as calls:
        calls.begin()
        if not billed:
            calls.not_billed()
        raise ProviderUnavailable


# --- One turn ------------------------------------------------------------------------------------


def test_what_is_counted_already_is_not_counted_again(bundle: Bundle) -> None:
    with bundle.image_calls().of_turn(USER, DAY) as calls:
        calls.begin()

    assert bundle.calls() == (0, 0)


def test_each_further_call_is_counted_before_it_is_made(bundle: Bundle) -> None:
    with bundle.image_calls().of_turn(USER, DAY) as calls:
        calls.begin()
        calls.begin()
        assert bundle.calls() == (0, 1)
        calls.begin()

    assert bundle.calls() == (0, 2)


def test_a_call_that_the_day_has_no_room_for_is_not_made(bundle: Bundle) -> None:
    with bundle.image_calls(1).of_turn(USER, None) as calls:
        calls.begin()
        with pytest.raises(CallsUsedUp) as refused:
            calls.begin()

    assert refused.value.retry_after == TO_MIDNIGHT
    assert bundle.calls() == (0, 1)


def test_what_was_not_billed_makes_room_for_the_next(bundle: Bundle) -> None:
    with bundle.image_calls(1).of_turn(USER, None) as calls:
        for _ in range(3):
            calls.begin()
            calls.not_billed()
        calls.begin()

    assert bundle.calls() == (0, 1)


def test_what_is_left_of_a_turn_that_failed_goes_back_to_the_day_it_is_of(bundle: Bundle) -> None:
    bundle.tables.rows.used = {(USER, f"image_calls#{day}"): 1 for day in (DAY, TOMORROW)}
    bundle.clock.advance(hours=20)

    fail(bundle, DAY, billed=False)

    assert bundle.tables.rows.used[USER, f"image_calls#{DAY}"] == 0
    assert bundle.tables.rows.used[USER, f"image_calls#{TOMORROW}"] == 1


def test_what_may_have_been_billed_stays_counted(bundle: Bundle) -> None:
    fail(bundle, None, billed=True)

    assert bundle.calls() == (0, 1)


def test_a_call_that_cannot_be_given_back_is_not_what_is_told(
    bundle: Bundle, log: RecordingLog
) -> None:
    interrupted.fail(bundle.ledger, "return_call", RuntimeError("no table"))

    with pytest.raises(Blocked), bundle.image_calls().of_turn(USER, DAY):
        raise Blocked

    assert log.events() == ["call_not_given_back"]


# --- Answers -------------------------------------------------------------------------------------


def test_a_text_is_one_call_and_a_picture_one_of_either_model(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]
    bundle.ask(0)
    assert bundle.calls() == (1, 0)

    message = bundle.order(1)
    assert bundle.calls() == (2, 1)
    bundle.painter.script = [BYTES]
    bundle.paint(message)
    assert bundle.calls() == (2, 1)


def test_without_calls_nothing_is_stored_and_nobody_asked(bundle: Bundle) -> None:
    used_up(bundle, ModelKind.TEXT)

    with pytest.raises(ProviderLimit) as refused:
        bundle.ask()

    assert refused.value.retry_after == TO_MIDNIGHT
    assert (bundle.tables.rows.messages, bundle.text.asked) == ({}, [])
    assert bundle.used() == (0, 0)


def test_who_has_neither_messages_nor_calls_hears_of_the_messages(bundle: Bundle) -> None:
    used_up(bundle, ModelKind.TEXT)
    bundle.tables.rows.used[USER, f"messages#{DAY}"] = LIMITS.daily_messages

    with pytest.raises(MessageLimit):
        bundle.ask()


def test_a_picture_that_nobody_may_paint_ends_and_costs_nothing(bundle: Bundle) -> None:
    used_up(bundle, ModelKind.IMAGE)

    message = bundle.order()

    assert (message.status, bundle.code(message)) == (Status.FAILED, "provider_limit")
    assert message.error is not None
    assert message.error.retry_at == NOW + timedelta(seconds=TO_MIDNIGHT)
    assert (bundle.starter.started, bundle.used()) == ([], (0, 1))
    assert bundle.open_messages() == 0


def test_a_question_that_no_model_was_asked_costs_no_call(bundle: Bundle) -> None:
    interrupted.fail(bundle.messages, "before", RuntimeError("no history"))

    answer = bundle.ask()

    assert bundle.code(answer.assistant) == "internal"
    assert bundle.calls() == (0, 0)


def test_the_call_of_a_function_that_died_stays_counted_and_who_takes_over_makes_another(
    bundle: Bundle,
) -> None:
    thinking = bundle.die_while_thinking()
    assert bundle.calls() == (1, 0)
    bundle.clock.advance(seconds=61)
    bundle.text.script = [HELLO]

    bundle.ask(message_id=thinking.reply_to)

    assert (bundle.now(thinking).status, bundle.calls()) == (Status.COMPLETE, (2, 0))


def test_who_may_make_no_other_call_ends_what_it_takes_over(bundle: Bundle) -> None:
    thinking = bundle.die_while_thinking()
    bundle.clock.advance(seconds=61)
    used_up(bundle, ModelKind.TEXT)
    asked = len(bundle.text.asked)

    answer = bundle.ask(message_id=thinking.reply_to)

    assert bundle.code(answer.assistant) == "provider_limit"
    assert (len(bundle.text.asked), bundle.open_messages()) == (asked, 0)


# --- Pictures ------------------------------------------------------------------------------------


def test_a_picture_that_ends_before_it_began_gives_back_its_call(bundle: Bundle) -> None:
    bundle.cancel(bundle.order())

    assert (bundle.used(), bundle.calls()) == ((0, 1), (1, 0))


def test_a_picture_that_was_never_begun_by_a_dead_painter_is_counted_once_more(
    bundle: Bundle,
) -> None:
    message = bundle.order()
    bundle.painter.meanwhile = die
    with pytest.raises(Killed):
        bundle.paint(message)
    bundle.painter.meanwhile = lambda: None
    bundle.painter.script = [BYTES]
    bundle.rescue(message)

    bundle.paint(message, attempt=2)

    assert bundle.now(message).status is Status.COMPLETE
    assert (bundle.used(), bundle.calls()) == ((1, 1), (1, 2))


def test_a_second_attempt_that_has_the_bytes_makes_no_call(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = bundle.order()
    bundle.painter.script = [BYTES]
    monkeypatch.setattr(bundle.studio, "decode", lambda *_, **__: die())
    with pytest.raises(Killed):
        bundle.paint(message)
    monkeypatch.undo()
    monkeypatch.setattr(bundle.pictures, "get", lambda _: BYTES)
    bundle.rescue(message)

    bundle.paint(message, attempt=2)

    assert bundle.now(message).status is Status.COMPLETE
    assert bundle.calls() == (1, 1)


def test_a_second_attempt_that_nobody_may_pay_for_ends_and_is_refunded(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.claim(message)
    used_up(bundle, ModelKind.IMAGE)
    bundle.rescue(message)

    bundle.paint(message, attempt=2)

    assert bundle.code(message) == "provider_limit"
    assert (bundle.painter.asked, bundle.used()) == ([], (0, 1))


def test_a_failed_picture_costs_a_call_and_no_picture(bundle: Bundle) -> None:
    bundle.blocked()

    assert (bundle.used(), bundle.calls()) == ((0, 1), (1, 1))


def test_a_lost_counter_of_calls_keeps_no_refund_back(bundle: Bundle) -> None:
    """An answer that was ordered before calls were counted ends all the same."""
    message = bundle.order()
    del bundle.tables.rows.used[USER, f"image_calls#{DAY}"]

    cancelled = bundle.cancel(message)

    assert (cancelled.status, bundle.used()) == (Status.CANCELLED, (0, 1))


# --- Tried again ---------------------------------------------------------------------------------


def again(bundle: Bundle, kind: str, message: Message) -> Message:
    """Another try that fails as well."""
    bundle.text.script = [ProviderUnavailable("HTTP 503")]
    bundle.painter.script = [Blocked("no")]
    tried = bundle.retry(message)
    if kind == "picture":
        bundle.paint(tried)
    return bundle.now(tried)


BOTH = pytest.mark.parametrize("kind", ["text", "picture"])


@BOTH
def test_a_retry_is_a_message_and_a_call(bundle: Bundle, kind: str) -> None:
    before = bundle.failed(kind)
    messages, (texts, pictures) = bundle.used()[1], bundle.calls()

    again(bundle, kind, before)

    assert bundle.used() == (0, messages + 1)
    more = (1, 0) if kind == "text" else (0, 1)
    assert bundle.calls() == (texts + more[0], pictures + more[1])


@BOTH
def test_a_retry_without_messages_changes_nothing(bundle: Bundle, kind: str) -> None:
    before = bundle.failed(kind)
    bundle.tables.rows.used[USER, f"messages#{DAY}"] = LIMITS.daily_messages

    with pytest.raises(MessageLimit):
        bundle.retry(before)

    assert bundle.now(before) == before


@BOTH
def test_a_retry_without_calls_changes_nothing(bundle: Bundle, kind: str) -> None:
    before = bundle.failed(kind)
    for model in ModelKind:
        used_up(bundle, model)

    with pytest.raises(ProviderLimit) as refused:
        bundle.retry(before)

    assert refused.value.retry_after == TO_MIDNIGHT
    assert bundle.now(before) == before
    assert bundle.used() == (0, 1)


@BOTH
def test_an_answer_is_tried_five_times(bundle: Bundle, kind: str) -> None:
    message = bundle.failed(kind)
    for _ in range(MOST_TRIES - 1):
        bundle.tables.rows.used.clear()
        message = again(bundle, kind, message)
    asked = len(bundle.text.asked) + len(bundle.painter.asked)

    with pytest.raises(RetryLimit):
        bundle.retry(message)

    assert asked == MOST_TRIES + (kind == "picture")  # the question of the picture
    assert len(bundle.text.asked) + len(bundle.painter.asked) == asked
    assert bundle.now(message) == message


def test_a_retry_without_a_picture_left_is_a_message_and_a_try(bundle: Bundle) -> None:
    """Nobody can have it stored and told again without end."""
    message = bundle.blocked()
    bundle.tables.rows.used[USER, f"quota#{DAY}"] = LIMITS.daily_images

    message = bundle.retry(message)

    assert (bundle.code(message), message.tries) == ("quota_exceeded", 2)
    assert bundle.used()[1] == 2
    for _ in range(MOST_TRIES - 2):
        del bundle.tables.rows.used[USER, f"messages#{DAY}"]
        message = bundle.retry(message)
    with pytest.raises(RetryLimit):
        bundle.retry(message)


# --- By attack -----------------------------------------------------------------------------------

POOR = replace(LIMITS, daily_images=3, daily_messages=12, image_calls=5, text_calls=7)
REFUSALS = (MessageLimit, NotFailed, NotRunning, ProviderLimit, RetryLimit, TooManyOpen)


class Attack:
    """One user who does whatever may be done, beside a provider that fails as it likes."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.sent = 0

    def latest(self) -> Message | None:
        answers = [m for m in self.bundle.tables.rows.messages.values() if m.reply_to]
        return max(answers, key=lambda message: message.id, default=None)

    def send(self, reply: Any) -> None:
        self.sent += 1
        self.bundle.text.script = [reply]
        self.bundle.ask(self.sent)

    def do(self, what: str) -> None:
        bundle, message = self.bundle, self.latest()
        bundle.text.script = [FOX]
        bundle.painter.script = [BYTES if what == "paint" else Blocked("no")]
        if what in ("ask", "order", "fail"):
            self.send({"ask": HELLO, "order": FOX, "fail": ProviderUnavailable("no")}[what])
        elif message is None:
            return
        elif what == "cancel":
            bundle.cancel(message)
        elif what == "retry":
            bundle.retry(message)
        elif message.status is Status.GENERATING:
            job = bundle.job(message)
            if what == "die" and job.attempt == 1:
                bundle.painter.meanwhile = die
                with suppress(Killed):
                    bundle.paint(message)
                bundle.painter.meanwhile = lambda: None
                bundle.rescue(message)
            else:
                bundle.paint(message, job.attempt)


@settings(max_examples=50)
@given(
    steps=st.lists(
        st.sampled_from(["ask", "order", "fail", "cancel", "retry", "die", "paint", "block"]),
        min_size=30,
        max_size=60,
    )
)
@pytest.mark.slow
def test_whatever_one_does_no_day_has_more_calls_than_it_may(steps: list[str]) -> None:
    with ThreadPoolExecutor(2) as threads:
        bundle = new_bundle(threads, limits=POOR)
        attack = Attack(bundle)
        for step in steps:
            with suppress(*REFUSALS):
                attack.do(step)

    texts, pictures = bundle.calls()
    assert len(bundle.text.asked) <= texts <= POOR.text_calls
    assert len(bundle.painter.asked) <= pictures <= POOR.image_calls
    assert bundle.used()[0] <= POOR.daily_images
    assert bundle.used()[1] <= POOR.daily_messages

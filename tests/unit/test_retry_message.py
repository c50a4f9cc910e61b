"""A click on retry: the same message, tried once more."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import CHAT, a_ulid
from tests.support.bundle import (
    BYTES,
    CALL,
    DAY,
    FOX,
    HELLO,
    LIMITS,
    USER,
    Bundle,
    Killed,
    die,
)
from tests.support.doubles import NOW
from tests.support.interrupted import before

from afterimage.domain import ids
from afterimage.domain.errors import (
    AccountDeleted,
    Blocked,
    NotFailed,
    NotFound,
    ProviderUnavailable,
    TooManyOpen,
)
from afterimage.domain.jobs import JobStatus
from afterimage.domain.messages import Message, MessageType, Status

# --- Text --------------------------------------------------------------------------------------


def test_a_failed_text_is_asked_again(bundle: Bundle) -> None:
    failed = bundle.unanswered()
    bundle.text.script = [HELLO]
    bundle.journal.clear()

    answered = bundle.retry(failed)

    assert answered == bundle.now(failed)
    assert (answered.status, answered.text, answered.error) == (Status.COMPLETE, "Hello!", None)
    assert (answered.version, answered.tries) == (4, 2)
    assert bundle.journal == [
        "post message-update thinking",
        "reply",
        "post message-update complete",
    ]
    assert bundle.open_messages() == 0
    assert bundle.used() == (0, 2)


def test_a_text_that_is_tried_again_has_a_deadline_and_a_lease_of_its_own(bundle: Bundle) -> None:
    failed = bundle.unanswered()
    bundle.clock.advance(hours=1)
    now = bundle.clock.now()
    seen: list[Message] = []
    bundle.text.script = [HELLO]
    bundle.text.meanwhile = lambda: seen.append(bundle.now(failed))

    bundle.retry(failed)

    assert seen[0].status is Status.THINKING
    assert seen[0].error is None
    assert seen[0].deadline == now + timedelta(seconds=75)
    assert seen[0].lease_until == now + timedelta(seconds=60)
    assert bundle.text.asked[-1][1] == now + timedelta(seconds=54)


def test_the_model_is_sent_what_was_said_before_the_question_and_no_more(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]
    bundle.ask(0, text="Hi")
    bundle.clock.advance(minutes=1)
    failed = bundle.unanswered(1, text="What is new?")
    bundle.clock.advance(minutes=1)
    bundle.text.script = [HELLO]
    bundle.ask(2, text="Something later")
    bundle.text.script = [HELLO]

    bundle.retry(failed)

    conversation, _ = bundle.text.asked[-1]
    assert [(turn.role, turn.parts) for turn in conversation] == [
        ("user", [{"text": "Hi"}]),
        ("model", json.loads(HELLO.parts)),
        ("user", [{"text": "What is new?"}]),
    ]


def test_a_text_may_fail_again_and_be_tried_again(bundle: Bundle) -> None:
    failed = bundle.unanswered()
    for tries in (2, 3):
        bundle.text.script = [ProviderUnavailable("HTTP 503")]

        failed = bundle.retry(failed)

        assert (failed.status, failed.tries) == (Status.FAILED, tries)
    assert bundle.open_messages() == 0


def test_a_text_tried_again_may_become_a_picture(bundle: Bundle) -> None:
    failed = bundle.unanswered(aspect_ratio="4:3")
    bundle.text.script = [FOX]

    message = bundle.retry(failed)

    assert (message.status, message.type) == (Status.GENERATING, MessageType.IMAGE)
    assert message.job_id == ids.job_id(CHAT, failed.id, 2)
    assert message.aspect_ratio == "4:3"  # as the question asked
    assert bundle.starter.started == [(USER, message.job_id, 1)]
    assert message.version == 4
    assert bundle.used() == (1, 2)
    bundle.painter.script = [BYTES]
    bundle.paint(message)
    assert bundle.now(message).status is Status.COMPLETE


def test_a_picture_refused_for_lack_of_quota_is_thought_about_again(bundle: Bundle) -> None:
    bundle.tables.rows.used[USER, f"quota#{DAY}"] = LIMITS.daily_images
    bundle.text.script = [FOX]
    failed = bundle.ask().assistant
    bundle.tables.rows.used[USER, f"quota#{DAY}"] = 0
    bundle.text.script = [FOX]

    message = bundle.retry(failed)

    assert message.status is Status.GENERATING
    assert [turn.role for turn in bundle.text.asked[-1][0]] == ["user"]


def test_a_text_whose_question_is_gone_is_not_asked(bundle: Bundle) -> None:
    failed = bundle.unanswered()
    del bundle.tables.rows.messages[USER, CHAT, failed.reply_to or ""]

    with pytest.raises(NotFound):
        bundle.retry(failed)

    assert bundle.now(failed) == failed


# --- Pictures ----------------------------------------------------------------------------------


def test_a_failed_picture_is_painted_again_without_asking_the_text_model(bundle: Bundle) -> None:
    failed = bundle.blocked()
    bundle.clock.advance(hours=1)
    now = bundle.clock.now()
    bundle.starter.started.clear()

    message = bundle.retry(failed)

    assert message == bundle.now(failed)
    assert (message.status, message.error) == (Status.GENERATING, None)
    assert (message.version, message.tries) == (4, 2)
    assert (message.prompt, message.aspect_ratio) == ("a red fox", "16:9")
    assert message.deadline == now + timedelta(seconds=450)
    assert message.lease_until == now + timedelta(seconds=60)
    job = bundle.job(message)
    assert job.id == message.job_id == ids.job_id(CHAT, failed.id, 2)
    assert (job.status, job.attempt) == (JobStatus.RESERVED, 1)
    assert (job.prompt, job.aspect_ratio, job.created_at) == ("a red fox", "16:9", now)
    assert bundle.starter.started == [(USER, job.id, 1)]
    assert len(bundle.text.asked) == 1
    assert bundle.open_messages() == 1
    assert bundle.used() == (1, 2)
    assert bundle.posted()[-1] == "message-update generating"


def test_a_picture_painted_again_arrives(bundle: Bundle) -> None:
    failed = bundle.blocked()
    message = bundle.retry(failed)
    bundle.painter.script = [BYTES]

    bundle.paint(message)

    complete = bundle.now(failed)
    assert complete.status is Status.COMPLETE
    assert complete.image is not None
    assert complete.image.id == ids.job_id(CHAT, failed.id, 2)
    assert [job.status for job in bundle.tables.rows.jobs.values()] == [
        JobStatus.FAILED,
        JobStatus.SUCCEEDED,
    ]
    assert bundle.used() == (1, 2)
    assert bundle.open_messages() == 0


def test_every_try_is_a_job_of_its_own(bundle: Bundle) -> None:
    failed = bundle.blocked()
    for _ in range(2):
        message = bundle.retry(failed)
        bundle.painter.script = [Blocked("no")]
        bundle.paint(message)
        failed = bundle.now(failed)

    assert {id_ for _, id_ in bundle.tables.rows.jobs} == {
        ids.job_id(CHAT, failed.id, number) for number in (1, 2, 3)
    }
    assert bundle.used() == (0, 3)


def test_tries_of_text_and_picture_never_share_a_job(bundle: Bundle) -> None:
    failed = bundle.unanswered()
    bundle.text.script = [FOX]
    message = bundle.retry(failed)
    bundle.painter.script = [Blocked("no")]
    bundle.paint(message)

    again = bundle.retry(bundle.now(failed))

    assert message.job_id == ids.job_id(CHAT, failed.id, 2)
    assert again.job_id == ids.job_id(CHAT, failed.id, 3)


def test_what_the_first_try_left_behind_is_removed_and_the_second_kept(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.painter.script = [BYTES, BYTES]
    bundle.pictures.refuses.add("thumbnail.webp")
    bundle.paint(message)
    left = set(bundle.pictures.files)
    bundle.pictures.refuses.clear()

    bundle.paint(bundle.retry(bundle.now(message)))
    bundle.sweep()

    complete = bundle.now(message)
    assert left
    assert left.isdisjoint(bundle.pictures.files)
    assert complete.image is not None
    assert {complete.image.key, complete.image.thumbnail_key} <= set(bundle.pictures.files)


def test_a_late_function_of_the_first_try_changes_nothing(bundle: Bundle) -> None:
    """It was cancelled while it painted, and the message tried again before it came to an end."""
    message = bundle.order()
    again: list[Message] = []

    def cancel_and_retry() -> None:
        bundle.painter.meanwhile = lambda: None
        again.append(bundle.retry(bundle.cancel(message)))

    bundle.painter.script = [BYTES]
    bundle.painter.meanwhile = cancel_and_retry

    bundle.paint(message)

    assert bundle.now(message) == again[0]
    assert bundle.now(message).status is Status.GENERATING
    assert bundle.tables.rows.images == {}
    assert bundle.used() == (2, 2)  # the one cancelled while running, and the one under way


def test_without_quota_it_fails_again_and_says_when_there_is_some(bundle: Bundle) -> None:
    failed = bundle.blocked()
    bundle.tables.rows.used[USER, f"quota#{DAY}"] = LIMITS.daily_images
    jobs = dict(bundle.tables.rows.jobs)
    bundle.starter.started.clear()

    refused = bundle.retry(failed)

    assert refused == bundle.now(failed)
    assert (refused.status, refused.version) == (Status.FAILED, 4)
    assert refused.error is not None
    assert refused.error.code == "quota_exceeded"
    assert refused.error.retry_at == NOW + timedelta(hours=14, seconds=1)
    assert bundle.tables.rows.jobs == jobs
    assert bundle.starter.started == []
    assert bundle.open_messages() == 0
    assert bundle.used()[0] == LIMITS.daily_images
    assert bundle.posted()[-1] == "message-update failed"


def test_with_quota_again_the_same_picture_is_painted(bundle: Bundle) -> None:
    failed = bundle.blocked()
    bundle.tables.rows.used[USER, f"quota#{DAY}"] = LIMITS.daily_images
    refused = bundle.retry(failed)
    bundle.clock.advance(hours=24)

    message = bundle.retry(refused)

    assert message.status is Status.GENERATING
    assert bundle.job(message).quota_day == "2026-11-21"
    assert bundle.tables.rows.used[USER, "quota#2026-11-21"] == 1
    assert message.prompt == "a red fox"


def test_the_models_own_words_stay_for_the_history(bundle: Bundle) -> None:
    failed = bundle.blocked()

    message = bundle.retry(failed)

    assert json.loads(message.parts or "") == json.loads(CALL)


# --- Cancelled ---------------------------------------------------------------------------------


def test_a_cancelled_text_can_be_tried_again(bundle: Bundle) -> None:
    bundle.text.meanwhile = lambda: bundle.cancel(bundle.open_one())
    bundle.text.script = [HELLO]
    cancelled = bundle.ask().assistant
    bundle.text.meanwhile = lambda: None
    bundle.text.script = [HELLO]

    answered = bundle.retry(cancelled)

    assert (answered.status, answered.text) == (Status.COMPLETE, "Hello!")


def test_a_cancelled_picture_can_be_tried_again(bundle: Bundle) -> None:
    cancelled = bundle.cancel(bundle.order())

    message = bundle.retry(cancelled)

    assert message.status is Status.GENERATING
    assert message.job_id == ids.job_id(CHAT, message.id, 2)
    assert bundle.used() == (1, 2)
    assert bundle.open_messages() == 1


# --- Limits and clicks -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["text", "picture"])
def test_too_many_open_messages_leave_no_room(bundle: Bundle, kind: str) -> None:
    message = bundle.failed(kind)
    bundle.tables.rows.counters[USER].open = LIMITS.open_messages

    with pytest.raises(TooManyOpen):
        bundle.retry(message)

    assert bundle.now(message) == message
    assert bundle.used()[0] == 0


@pytest.mark.parametrize("kind", ["text", "picture"])
def test_a_second_click_buys_nothing(bundle: Bundle, kind: str) -> None:
    message = bundle.failed(kind)
    bundle.text.script = [FOX]
    first = bundle.retry(message)
    jobs, asked = dict(bundle.tables.rows.jobs), len(bundle.text.asked)
    started = list(bundle.starter.started)

    second = bundle.retry(message)

    assert second == first
    assert bundle.tables.rows.jobs == jobs
    assert bundle.starter.started == started
    assert len(bundle.text.asked) == asked
    assert bundle.used()[0] == 1
    assert bundle.open_messages() == 1


@pytest.mark.parametrize("kind", ["text", "picture", "picture without quota"])
def test_two_clicks_at_once_buy_one(bundle: Bundle, kind: str) -> None:
    """Both have read the failed message; one commits first."""
    message = bundle.failed(kind)
    bundle.text.script = [FOX, FOX]
    clicks: list[Message] = []

    def click() -> None:
        clicks.append(bundle.retry(message))
        if kind == "picture without quota":
            bundle.tables.rows.used[USER, f"quota#{DAY}"] = LIMITS.daily_images

    before(bundle.tables, "commit", click)

    assert bundle.retry(message) == clicks[0] == bundle.now(message)

    assert clicks[0].status is Status.GENERATING
    assert bundle.open_messages() == 1
    open_jobs = [j for j in bundle.tables.rows.jobs.values() if j.status is JobStatus.RESERVED]
    assert len(open_jobs) == 1


@pytest.mark.parametrize("kind", ["text", "picture"])
def test_of_two_clicks_for_the_last_place_the_second_sees_what_the_first_did(
    bundle: Bundle, kind: str
) -> None:
    message = bundle.failed(kind)
    bundle.text.script = [FOX, FOX]
    bundle.tables.rows.counters[USER].open = LIMITS.open_messages - 1
    clicks: list[Message] = []
    before(bundle.tables, "commit", lambda: clicks.append(bundle.retry(message)))

    assert bundle.retry(message) == clicks[0] == bundle.now(message)
    assert bundle.open_messages() == LIMITS.open_messages


def test_two_clicks_without_quota_tell_it_once(bundle: Bundle) -> None:
    failed = bundle.blocked()
    bundle.tables.rows.used[USER, f"quota#{DAY}"] = LIMITS.daily_images
    before(bundle.channel, "change", lambda: None, lambda: bundle.retry(failed))

    assert bundle.retry(failed) == bundle.now(failed)
    assert bundle.now(failed).version == failed.version + 1


def test_another_version_is_told_as_it_stands(bundle: Bundle) -> None:
    failed = bundle.blocked()

    assert bundle.retry(failed, version=2) == failed
    assert bundle.retry(failed, version=9) == failed
    assert bundle.now(failed) == failed


@pytest.mark.parametrize("reply", [HELLO, FOX], ids=["complete", "under way"])
def test_what_is_complete_or_under_way_has_not_failed(bundle: Bundle, reply: Any) -> None:
    bundle.text.script = [reply]
    message = bundle.ask().assistant

    with pytest.raises(NotFailed):
        bundle.retry(message)

    assert bundle.now(message) == message


@pytest.mark.parametrize(
    ("user", "message_id"), [("bob", None), (USER, a_ulid(0)), (USER, a_ulid(99))]
)
def test_what_is_no_answer_of_ones_own_is_not_found(
    bundle: Bundle, user: str, message_id: str | None
) -> None:
    failed = bundle.blocked()

    with pytest.raises(NotFound):
        bundle.retry(replace(failed, id=message_id or failed.id), user=user)


def test_a_deleted_account_tries_nothing_again(bundle: Bundle) -> None:
    failed = bundle.blocked()
    bundle.tables.rows.counters[USER].deleted = True

    with pytest.raises(AccountDeleted):
        bundle.retry(failed)


# --- Who tries again may die as well -----------------------------------------------------------


def test_a_retry_whose_function_died_is_ended_by_the_sweep(bundle: Bundle) -> None:
    failed = bundle.unanswered()
    bundle.text.meanwhile = die
    with pytest.raises(Killed):
        bundle.retry(failed)

    bundle.clock.advance(seconds=76)
    bundle.sweep()

    assert bundle.code(failed) == "timed_out"
    assert bundle.open_messages() == 0


def test_a_repeat_of_the_question_goes_on_with_the_second_try(bundle: Bundle) -> None:
    """The client sends its message again after a retry: it hears of the retry."""
    failed = bundle.blocked()
    message = bundle.retry(failed)

    repeated = bundle.ask(message_id=failed.reply_to)

    assert repeated.assistant == message
    assert len(bundle.tables.rows.jobs) == 2

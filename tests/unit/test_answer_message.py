"""The life of one chat message, from the request to its answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest
from tests.support.builders import CHAT, a_job, a_message, a_ulid, inserted
from tests.support.bundle import CALL, DAY, FOX, HELLO, LIMITS, Bundle
from tests.support.doubles import (
    NOW,
)
from tests.support.in_memory import Counter
from tests.support.interrupted import fail
from tests.unit.conftest import USER

from afterimage.channel import UnifiedChannel
from afterimage.domain import ids
from afterimage.domain.errors import (
    AccountDeleted,
    Blocked,
    ChatDeleted,
    ClockSkew,
    Failure,
    IdReused,
    Internal,
    MessageLimit,
    NoImage,
    ProviderRejected,
    ProviderUnavailable,
    TimedOut,
    TooManyOpen,
)
from afterimage.domain.jobs import JobStatus
from afterimage.domain.messages import Message, MessageType, Role, Status
from afterimage.ports.models import ImageRequest, TextReply
from afterimage.use_cases.answer_message import Answer

# --- Text --------------------------------------------------------------------------------------


def test_a_question_is_answered_with_text(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]

    answer = bundle.ask()

    assert answer.user == Message(a_ulid(0), CHAT, Role.USER, "Draw a red fox", NOW)
    assert answer.assistant == Message(
        id=ids.assistant_message_id(CHAT, a_ulid(0)),
        chat_id=CHAT,
        role=Role.ASSISTANT,
        text="Hello!",
        created_at=NOW + timedelta(milliseconds=1),
        version=2,
        status=Status.COMPLETE,
        parts=HELLO.parts,
        reply_to=a_ulid(0),
    )
    assert bundle.now(answer.user) == answer.user
    assert bundle.now(answer.assistant) == answer.assistant
    assert bundle.open_messages() == 0
    assert bundle.used() == (0, 1)
    assert bundle.starter.started == []


def test_both_placeholder_frames_leave_before_the_model_is_asked(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]

    bundle.ask()

    assert bundle.journal == [
        "post message-insert complete",
        "post message-insert thinking",
        "reply",
        "post message-update complete",
    ]
    assert [frame["seq"] for frame in bundle.push.to("tab")] == [1, 2, 3]


@pytest.mark.parametrize("reply", [HELLO, FOX])
@pytest.mark.parametrize(("others", "reads"), [(0, 3), (1, 4)])
def test_who_is_answered_alone_waits_for_one_read_less(
    bundle: Bundle,
    channel: UnifiedChannel,
    monkeypatch: pytest.MonkeyPatch,
    reply: TextReply | ImageRequest,
    others: int,
    reads: int,
) -> None:
    """To open it and to see who came meanwhile, twice; the second time the first is still true."""
    for number in range(others):
        channel.change(USER, replace(inserted(a_message(50 + number)), opens=1))
    read = Mock(side_effect=bundle.tables.read)
    monkeypatch.setattr(bundle.tables, "read", read)
    bundle.text.script = [reply]

    bundle.ask()

    assert read.call_count == reads


def test_what_changes_while_the_model_thinks_is_seen(
    bundle: Bundle, channel: UnifiedChannel
) -> None:
    bundle.text.script = [HELLO]

    def meanwhile() -> None:
        bundle.tables.register(USER, "phone", NOW)
        channel.deliver(channel.change(USER, inserted(a_message(50))))

    bundle.text.meanwhile = meanwhile

    answer = bundle.ask()

    assert answer.assistant.status is Status.COMPLETE
    assert [frame["seq"] for frame in bundle.push.to("tab")] == [1, 2, 3, 4]
    assert [frame["seq"] for frame in bundle.push.to("phone")] == [3, 4]


def test_a_placeholder_knows_by_when_it_has_ended(bundle: Bundle) -> None:
    seen: list[Message] = []
    bundle.text.script = [HELLO]
    bundle.text.meanwhile = lambda: seen.extend(bundle.tables.rows.messages.values())

    bundle.ask()

    placeholder = seen[1]
    assert placeholder.status is Status.THINKING
    assert placeholder.deadline == NOW + timedelta(seconds=75)
    assert placeholder.lease_until == NOW + timedelta(seconds=60)


def test_the_chat_is_titled_by_its_first_eighty_characters(bundle: Bundle) -> None:
    bundle.text.script = [HELLO, HELLO]

    bundle.ask(0, text="x" * 81)
    bundle.clock.advance(minutes=1)
    bundle.ask(0, text="later words")

    chat = bundle.tables.rows.chats[USER, CHAT]
    assert (chat.title, chat.created_at) == ("x" * 80, NOW)
    assert chat.updated_at == NOW + timedelta(minutes=1)


def test_the_model_is_sent_what_was_said_before(bundle: Bundle) -> None:
    bundle.text.script = [HELLO, HELLO]
    bundle.ask(0, text="Hi")
    bundle.clock.advance(minutes=1)

    bundle.ask(0, text="And now?")

    conversation, until = bundle.text.asked[1]
    assert [(turn.role, turn.parts) for turn in conversation] == [
        ("user", [{"text": "Hi"}]),
        ("model", json.loads(HELLO.parts)),
        ("user", [{"text": "And now?"}]),
    ]
    assert until == bundle.clock.now() + timedelta(seconds=54)


def test_the_model_is_sent_the_latest_twenty_messages_of_this_chat_only(bundle: Bundle) -> None:
    for number in range(30):
        old = a_message(number, id=a_ulid(number, NOW - timedelta(hours=1)))
        bundle.tables.rows.messages[USER, CHAT, old.id] = old
        bundle.tables.rows.messages[USER, "another", old.id] = replace(old, chat_id="another")
    bundle.text.script = [HELLO]

    bundle.ask()

    assert bundle.text.identifiers == [f"identifier of {USER}"]
    conversation, _ = bundle.text.asked[0]
    texts = [turn.parts[0]["text"] for turn in conversation]
    assert texts == [*(f"message {number}" for number in range(10, 30)), "Draw a red fox"]


def test_messages_sent_at_once_reach_the_model_as_pairs(bundle: Bundle) -> None:
    """Their answers lie between one another; the model refuses a call that follows another."""
    for number, answer_to in enumerate([None, None, 0, 1, 99]):
        parts = None if answer_to is None else f'[{{"text":"answer to {answer_to}"}}]'
        message = a_message(
            number,
            id=a_ulid(number, NOW - timedelta(hours=1)),
            role=Role.USER if parts is None else Role.ASSISTANT,
            parts=parts,
            reply_to=None if answer_to is None else a_ulid(answer_to, NOW - timedelta(hours=1)),
        )
        bundle.tables.rows.messages[USER, CHAT, message.id] = message
    bundle.text.script = [HELLO]

    bundle.ask(9)

    conversation, _ = bundle.text.asked[0]
    assert [(turn.role, turn.parts[0]["text"]) for turn in conversation] == [
        ("user", "message 0"),
        ("model", "answer to 0"),
        ("user", "message 1"),
        ("model", "answer to 1"),
        ("user", "Draw a red fox"),
    ]


# --- Pictures ----------------------------------------------------------------------------------


def test_a_wish_for_a_picture_starts_one(bundle: Bundle) -> None:
    bundle.text.script = [FOX]

    answer = bundle.ask()

    job_id = ids.job_id(CHAT, answer.assistant.id, 1)
    assert answer.assistant.status is Status.GENERATING
    assert answer.assistant.type is MessageType.IMAGE
    assert (answer.assistant.prompt, answer.assistant.aspect_ratio) == ("a red fox", "16:9")
    assert answer.assistant.deadline == NOW + timedelta(seconds=450)
    assert answer.assistant.version == 2
    assert bundle.now(answer.assistant) == answer.assistant
    assert bundle.tables.rows.jobs[USER, job_id] == a_job(
        id=job_id,
        message_id=answer.assistant.id,
        aspect_ratio="16:9",
        quota_day=DAY,
    )
    assert bundle.starter.started == [(USER, job_id, 1)]
    assert bundle.used() == (1, 1)
    assert bundle.open_messages() == 1
    assert bundle.journal[-1] == "post message-update generating"


def test_the_picture_is_started_only_after_its_job_is_stored(bundle: Bundle) -> None:
    bundle.text.script = [FOX]
    known: list[bool] = []
    bundle.starter.meanwhile = lambda: known.append(bool(bundle.tables.rows.jobs))

    bundle.ask()

    assert known == [True]


def test_the_clients_aspect_ratio_wins_over_the_models(bundle: Bundle) -> None:
    assert bundle.order(aspect_ratio="4:3").aspect_ratio == "4:3"


def test_without_quota_the_message_fails_and_says_when_there_is_some(bundle: Bundle) -> None:
    bundle.tables.rows.used[USER, f"quota#{DAY}"] = LIMITS.daily_images
    bundle.text.script = [FOX]

    answer = bundle.ask()

    assert (answer.assistant.status, answer.assistant.slots) == (Status.FAILED, ())
    assert answer.assistant.parts == CALL  # which the history answers by an error
    assert answer.assistant.error is not None
    assert answer.assistant.error.code == "quota_exceeded"
    assert answer.assistant.error.retry_at == NOW + timedelta(hours=14, seconds=1)
    assert bundle.used() == (2, 1)
    assert bundle.tables.rows.jobs == {}
    assert bundle.starter.started == []
    assert bundle.open_messages() == 0
    assert bundle.journal[-1] == "post message-update failed"


def test_an_invocation_that_fails_costs_nothing(bundle: Bundle) -> None:
    bundle.text.script = [FOX]
    bundle.starter.fails = ProviderUnavailable("invoke failed: TooManyRequestsException")

    answer = bundle.ask()

    (job,) = bundle.tables.rows.jobs.values()
    assert answer.assistant.status is Status.FAILED
    assert bundle.now(answer.assistant) == answer.assistant
    assert (job.status, job.error_code) == (JobStatus.FAILED, "provider_unavailable")
    assert bundle.used() == (0, 1)
    assert bundle.open_messages() == 0
    assert bundle.journal[-2:] == ["post message-update generating", "post message-update failed"]


def test_an_invocation_that_breaks_ends_the_message_too(bundle: Bundle) -> None:
    bundle.text.script = [FOX]
    bundle.starter.fails = RuntimeError("nobody thought of this")

    answer = bundle.ask()

    assert bundle.code(answer.assistant) == "internal"
    assert bundle.used() == (0, 1)
    assert bundle.open_messages() == 0


def test_an_invocation_that_failed_in_vain_takes_nothing_back(bundle: Bundle) -> None:
    """Its answer was lost, but the job is running: the picture is on its way."""
    bundle.text.script = [FOX]
    bundle.starter.fails = ProviderUnavailable("invoke failed: ReadTimeoutError")

    bundle.starter.meanwhile = lambda: bundle.claim(bundle.open_one())

    answer = bundle.ask()

    assert answer.assistant.status is Status.GENERATING
    assert bundle.used() == (1, 1)
    assert bundle.open_messages() == 1


# --- Refused before anything is stored ---------------------------------------------------------


OFF = timedelta(minutes=5, seconds=1)


def nothing_stored(bundle: Bundle) -> bool:
    return bundle.tables.rows.messages == {} and bundle.push.sent == [] and bundle.text.asked == []


def test_the_daily_messages_are_limited(bundle: Bundle) -> None:
    bundle.tables.rows.used[USER, f"messages#{DAY}"] = LIMITS.daily_messages

    with pytest.raises(MessageLimit) as refused:
        bundle.ask()

    assert refused.value.retry_after == 14 * 3600 + 1
    assert nothing_stored(bundle)


def test_the_messages_under_way_are_limited(bundle: Bundle) -> None:
    bundle.text.script = [FOX, FOX, FOX]
    bundle.tables.rows.used[USER, f"quota#{DAY}"] = -1
    for number in range(LIMITS.open_messages):
        bundle.ask(number)

    with pytest.raises(TooManyOpen):
        bundle.ask(9)

    assert len(bundle.tables.rows.messages) == 6
    assert bundle.used()[1] == 3


def test_a_deleted_chat_takes_no_message(bundle: Bundle) -> None:
    bundle.tables.rows.deleting.add((USER, CHAT))

    with pytest.raises(ChatDeleted):
        bundle.ask()

    assert nothing_stored(bundle)


def test_a_deleted_account_takes_no_message(bundle: Bundle) -> None:
    bundle.tables.rows.counters[USER] = Counter(deleted=True)

    with pytest.raises(AccountDeleted):
        bundle.ask()

    assert nothing_stored(bundle)


@pytest.mark.parametrize(
    "message_id",
    [a_ulid(0, NOW + OFF), a_ulid(0, NOW - OFF), "0" * 26, "7" + "Z" * 25],
    ids=["later", "earlier", "the first there is", "the last there is"],
)
def test_an_id_of_another_time_is_refused_with_the_servers(bundle: Bundle, message_id: str) -> None:
    with pytest.raises(ClockSkew) as refused:
        bundle.ask(message_id=message_id)

    assert refused.value.extra == {"server_time": NOW}
    assert nothing_stored(bundle)


@pytest.mark.parametrize("off", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_an_id_five_minutes_off_is_fine(bundle: Bundle, off: timedelta) -> None:
    bundle.text.script = [HELLO]

    assert bundle.ask(message_id=a_ulid(0, NOW + off)).assistant.text == "Hello!"


# --- The same request again --------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0, 30])
def test_a_repeat_returns_the_first_answer(bundle: Bundle, hours: int) -> None:
    """However long after."""
    bundle.text.script = [HELLO]
    first = bundle.ask()
    bundle.clock.advance(hours=hours)

    again = bundle.ask(message_id=first.user.id)

    assert again == first
    assert len(bundle.text.asked) == 1
    assert bundle.used() == (0, 1)


@pytest.mark.parametrize("reason", ["messages", "open"])
def test_a_repeat_is_answered_where_a_new_message_would_be_refused(
    bundle: Bundle, reason: str
) -> None:
    bundle.text.script = [FOX]
    first = bundle.ask()
    if reason == "messages":
        bundle.tables.rows.used[USER, f"messages#{DAY}"] = LIMITS.daily_messages
    else:
        bundle.tables.rows.counters[USER].open = LIMITS.open_messages

    assert bundle.ask() == first


def test_a_repeat_of_a_running_answer_does_not_ask_again(bundle: Bundle) -> None:
    repeated: list[Answer] = []
    bundle.text.script = [HELLO]
    bundle.text.meanwhile = lambda: repeated.append(bundle.ask())

    bundle.ask()

    assert [answer.assistant.status for answer in repeated] == [Status.THINKING]
    assert len(bundle.text.asked) == 1


def test_another_text_under_the_same_id_is_refused(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]
    bundle.ask()

    with pytest.raises(IdReused):
        bundle.ask(text="Draw a blue fox")

    assert len(bundle.tables.rows.messages) == 2


def test_an_answers_id_is_no_id_for_a_question(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]
    first = bundle.ask()

    with pytest.raises(IdReused):
        bundle.ask(message_id=first.assistant.id, text=first.assistant.text)


def test_the_same_id_in_another_chat_or_of_another_person_is_another_message(
    bundle: Bundle,
) -> None:
    bundle.text.script = [HELLO, HELLO, HELLO]
    answers = [bundle.ask(), bundle.ask(chat_id="chat-2"), bundle.ask(user_id="bob")]

    assert len({answer.assistant.id for answer in answers}) == 2
    assert len(bundle.tables.rows.messages) == 6


def test_a_message_is_taken_over_once_its_lease_has_passed(bundle: Bundle) -> None:
    left = bundle.die_while_thinking()
    assert left.status is Status.THINKING
    bundle.text.script = [HELLO]

    bundle.clock.advance(seconds=60)
    assert bundle.ask(message_id=a_ulid(0)).assistant == left
    bundle.clock.advance(seconds=1)
    answer = bundle.ask(message_id=a_ulid(0))

    assert (answer.assistant.status, answer.assistant.text) == (Status.COMPLETE, "Hello!")
    assert answer.assistant.version == 3
    assert bundle.open_messages() == 0
    assert bundle.used() == (0, 1)


def test_a_takeover_renews_the_lease(bundle: Bundle) -> None:
    bundle.die_while_thinking()
    bundle.clock.advance(seconds=61)
    leases: list[Any] = []
    bundle.text.script = [HELLO]
    bundle.text.meanwhile = lambda: leases.extend(
        message.lease_until for message in bundle.tables.rows.messages.values()
    )

    bundle.ask(message_id=a_ulid(0))

    assert leases == [None, NOW + timedelta(seconds=121)]


def test_only_one_of_two_takeovers_asks_the_model(bundle: Bundle) -> None:
    bundle.die_while_thinking()
    bundle.clock.advance(seconds=61)
    second: list[Answer] = []
    bundle.text.script = [HELLO]
    bundle.text.meanwhile = lambda: second.append(bundle.ask(message_id=a_ulid(0)))

    bundle.ask(message_id=a_ulid(0))

    assert second[0].assistant.status is Status.THINKING
    assert bundle.journal.count("reply") == 2  # the one that was killed, and one takeover


def test_a_function_that_was_taken_over_changes_nothing_any_more(bundle: Bundle) -> None:
    """It was slow, not dead: its answer comes after another's and is dropped."""
    bundle.text.script = [HELLO, TextReply("Too late.", "[]")]
    ask = partial(bundle.ask, message_id=a_ulid(0))

    def overtake() -> None:
        bundle.text.meanwhile = lambda: None
        bundle.clock.advance(seconds=61)
        ask()

    bundle.text.meanwhile = overtake

    late = ask()

    assert late.assistant.text == "Hello!"
    assert bundle.open_messages() == 0


def test_a_picture_that_was_ordered_but_never_started_is_started_again(bundle: Bundle) -> None:
    bundle.text.script = [FOX]
    first = bundle.ask(message_id=a_ulid(0))
    bundle.clock.advance(seconds=61)

    again = bundle.ask(message_id=a_ulid(0))

    assert again.assistant == first.assistant
    assert len(bundle.text.asked) == 1
    assert bundle.starter.started == [(USER, first.assistant.job_id, 1)] * 2
    assert bundle.used() == (1, 1)


def test_a_picture_is_not_started_again_within_the_lease(bundle: Bundle) -> None:
    bundle.text.script = [FOX]
    bundle.ask(message_id=a_ulid(0))
    bundle.clock.advance(seconds=60)

    bundle.ask(message_id=a_ulid(0))

    assert len(bundle.starter.started) == 1


def test_a_running_picture_is_not_started_again(bundle: Bundle) -> None:
    bundle.text.script = [FOX]
    first = bundle.ask(message_id=a_ulid(0))
    bundle.claim(first.assistant)
    bundle.clock.advance(seconds=61)

    bundle.ask(message_id=a_ulid(0))

    assert len(bundle.starter.started) == 1


def test_starting_again_in_vain_ends_nothing(bundle: Bundle) -> None:
    bundle.text.script = [FOX]
    first = bundle.ask(message_id=a_ulid(0))
    bundle.clock.advance(seconds=61)
    bundle.starter.fails = ProviderUnavailable("invoke failed")

    assert bundle.ask(message_id=a_ulid(0)).assistant == first.assistant


def test_a_question_whose_answer_was_deleted_is_not_asked_again(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]
    answer = bundle.ask()
    del bundle.tables.rows.messages[USER, CHAT, answer.assistant.id]

    with pytest.raises(IdReused):
        bundle.ask()


# --- Failures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure", [Blocked, NoImage, ProviderUnavailable, ProviderRejected, TimedOut, Internal]
)
def test_a_failure_of_the_model_ends_the_message_with_its_reason(
    bundle: Bundle, failure: type[Failure]
) -> None:
    bundle.text.script = [failure("HTTP 500: the provider's own words")]

    answer = bundle.ask()

    assert (answer.assistant.status, answer.assistant.text) == (Status.FAILED, "")
    assert answer.assistant.error is not None
    assert answer.assistant.error.code == failure.code
    assert answer.assistant.error.message == failure.public
    assert bundle.now(answer.assistant) == answer.assistant
    assert bundle.open_messages() == 0
    assert bundle.journal[-1] == "post message-update failed"


def test_a_failure_that_says_how_long_to_wait_is_passed_on(bundle: Bundle) -> None:
    bundle.text.script = [ProviderUnavailable("429", retry_after=24)]

    answer = bundle.ask()

    assert answer.assistant.error is not None
    assert answer.assistant.error.retry_at == NOW + timedelta(seconds=24)


def test_whatever_else_happens_ends_the_message_as_internal(bundle: Bundle) -> None:
    bundle.text.script = [ZeroDivisionError("a defect")]

    answer = bundle.ask()

    assert answer.assistant.error is not None
    assert answer.assistant.error.code == "internal"
    assert "a defect" not in answer.assistant.error.message
    assert "ZeroDivisionError" in bundle.log.text()
    assert bundle.open_messages() == 0


def test_history_that_cannot_be_read_ends_the_message(bundle: Bundle) -> None:
    fail(bundle.messages, "before", OSError("the table is away"))

    answer = bundle.ask()

    assert bundle.code(answer.assistant) == "internal"
    assert bundle.text.asked == []


@pytest.mark.parametrize(
    ("has", "gives"), [(60, 54), (24, 18), (20, 15), (8, 6), (1, 0.75), (0.1, 0.075)]
)
def test_the_model_gets_most_of_the_time_however_short_it_is(
    bundle: Bundle, has: float, gives: float
) -> None:
    """Six seconds are kept for ending the answer, but never more than a quarter."""
    bundle.text.script = [HELLO]

    answer = bundle.ask(until=NOW + timedelta(seconds=has))

    ((_, until),) = bundle.text.asked
    assert until == NOW + timedelta(seconds=gives)
    assert answer.assistant.text == "Hello!"


def test_a_message_ended_by_somebody_else_stays_as_it_is(bundle: Bundle) -> None:
    """The sweep came first; the answer that comes after it is dropped."""
    bundle.text.script = [FOX]
    bundle.text.meanwhile = lambda: bundle.end(USER, bundle.open_one(), TimedOut())

    answer = bundle.ask()

    assert bundle.code(answer.assistant) == "timed_out"
    assert answer.assistant.text == ""
    assert bundle.open_messages() == 0
    assert bundle.used() == (0, 1)
    assert bundle.starter.started == []


def test_what_is_said_of_a_message_never_reaches_the_log(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]

    bundle.ask(text="something private")

    assert "something private" not in bundle.log.text()

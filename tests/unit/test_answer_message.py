"""The life of one chat message, from the request to its answer."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest
from tests.support.answering import Answering
from tests.support.builders import CHAT, a_job, a_message, a_question, a_ulid
from tests.support.doubles import (
    NOW,
    REQUEST,
    FixedClock,
    InMemoryPictures,
    RecordingLog,
    RecordingMetrics,
    RecordingPush,
    RecordingStarter,
    ScriptedModel,
)
from tests.support.in_memory import (
    InMemoryEventLog,
    InMemoryLedger,
    InMemoryMessages,
    InMemoryTables,
)
from tests.unit.conftest import USER

from afterimage.channel import UnifiedChannel
from afterimage.domain import ids
from afterimage.domain.changes import InsertMessage, Transition
from afterimage.domain.conversation import turns
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
from afterimage.domain.events import MessageInserted
from afterimage.domain.jobs import JobStatus
from afterimage.domain.limits import Limits
from afterimage.domain.messages import Message, MessageType, Role, Status
from afterimage.invocation import Invocation
from afterimage.ports.models import ImageRequest, TextReply
from afterimage.use_cases.answer_message import Answer, AnswerMessage
from afterimage.use_cases.turns import PaintersTurns

DAY = "2026-11-20"
PARTS = '[{"text":"Hello!","thoughtSignature":"b3Bh"}]'
CALL = '[{"functionCall":{"name":"generate_image","id":"call_01"},"thoughtSignature":"b3Bh"}]'
HELLO = TextReply("Hello!", PARTS)
FOX = ImageRequest("a red fox", "16:9", CALL)
LIMITS = Limits(
    daily_images=2,
    daily_messages=4,
    image_calls=6,
    text_calls=8,
    open_messages=3,
    text_deadline=timedelta(seconds=75),
    image_deadline=timedelta(seconds=450),
)


@dataclass
class World:
    """Everything around one `AnswerMessage`."""

    answer: AnswerMessage
    tables: InMemoryTables
    model: ScriptedModel
    starter: RecordingStarter
    push: RecordingPush
    clock: FixedClock
    log: RecordingLog
    journal: list[str]

    def ask(self, number: int = 0, **changed: Any) -> Answer:
        """Sends message `number` now, with a minute of the function's time left."""
        return self.answer(a_question(number, self.clock.now(), **changed))

    def stored(self, message: Message) -> Message:
        return self.tables.rows.messages[USER, message.chat_id, message.id]

    def open_messages(self) -> int:
        return self.tables.read(USER).open_messages

    def used(self) -> tuple[int, int]:
        used = InMemoryLedger(self.tables).used(USER, DAY)
        return used.images, used.messages


@pytest.fixture
def model(journal: list[str]) -> ScriptedModel:
    return ScriptedModel(journal=journal)


@pytest.fixture
def world(
    channel: UnifiedChannel,
    tables: InMemoryTables,
    model: ScriptedModel,
    push: RecordingPush,
    clock: FixedClock,
    threads: Executor,
    log: RecordingLog,
    metrics: RecordingMetrics,
    journal: list[str],
    starter: RecordingStarter,
    turns: PaintersTurns,
) -> World:
    tables.register(USER, "tab", NOW)
    answering = Answering(
        channel,
        InMemoryMessages(tables),
        InMemoryLedger(tables),
        InMemoryLedger(tables),
        model,
        starter,
        turns,
        Invocation(clock),
        InMemoryEventLog(tables),
        InMemoryPictures(journal),
        clock,
        LIMITS,
        threads,
        log,
        metrics,
    )
    return World(answering.answer, tables, model, starter, push, clock, log, journal)


# --- Text --------------------------------------------------------------------------------------


def test_a_question_is_answered_with_text(world: World) -> None:
    world.model.script = [HELLO]

    answer = world.ask()

    assert answer.user == Message(a_ulid(0), CHAT, Role.USER, "Draw a red fox", NOW)
    assert answer.assistant == Message(
        id=ids.assistant_message_id(CHAT, a_ulid(0)),
        chat_id=CHAT,
        role=Role.ASSISTANT,
        text="Hello!",
        created_at=NOW + timedelta(milliseconds=1),
        version=2,
        status=Status.COMPLETE,
        parts=PARTS,
        reply_to=a_ulid(0),
    )
    assert world.stored(answer.user) == answer.user
    assert world.stored(answer.assistant) == answer.assistant
    assert world.open_messages() == 0
    assert world.used() == (0, 1)
    assert world.starter.started == []


def test_both_placeholder_frames_leave_before_the_model_is_asked(world: World) -> None:
    world.model.script = [HELLO]

    world.ask()

    assert world.journal == [
        "post message-insert complete",
        "post message-insert thinking",
        "reply",
        "post message-update complete",
    ]
    assert [frame["seq"] for frame in world.push.to("tab")] == [1, 2, 3]


@pytest.mark.parametrize("reply", [HELLO, FOX])
@pytest.mark.parametrize(("others", "reads"), [(0, 3), (1, 4)])
def test_who_is_answered_alone_waits_for_one_read_less(
    world: World,
    channel: UnifiedChannel,
    monkeypatch: pytest.MonkeyPatch,
    reply: TextReply | ImageRequest,
    others: int,
    reads: int,
) -> None:
    """To open it and to see who came meanwhile, twice; the second time the first is still true."""
    for number in range(others):
        other = a_message(50 + number)
        opened = Transition((InsertMessage(other),), (MessageInserted(other),), opens=1)
        channel.change(USER, opened)
    read = Mock(side_effect=world.tables.read)
    monkeypatch.setattr(world.tables, "read", read)
    world.model.script = [reply]

    world.ask()

    assert read.call_count == reads


def test_what_changes_while_the_model_thinks_is_seen(world: World, channel: UnifiedChannel) -> None:
    other = a_message(50)
    world.model.script = [HELLO]

    def meanwhile() -> None:
        world.tables.register(USER, "phone", NOW)
        insert = Transition((InsertMessage(other),), (MessageInserted(other),))
        channel.deliver(channel.change(USER, insert))

    world.model.meanwhile = meanwhile

    answer = world.ask()

    assert answer.assistant.status is Status.COMPLETE
    assert [frame["seq"] for frame in world.push.to("tab")] == [1, 2, 3, 4]
    assert [frame["seq"] for frame in world.push.to("phone")] == [3, 4]


def test_a_placeholder_knows_by_when_it_has_ended(world: World) -> None:
    seen: list[Message] = []
    world.model.script = [HELLO]
    world.model.meanwhile = lambda: seen.extend(world.tables.rows.messages.values())

    world.ask()

    placeholder = seen[1]
    assert placeholder.status is Status.THINKING
    assert placeholder.deadline == NOW + timedelta(seconds=75)
    assert placeholder.lease_until == NOW + timedelta(seconds=60)


def test_the_chat_is_titled_by_its_first_eighty_characters(world: World) -> None:
    world.model.script = [HELLO, HELLO]

    world.ask(0, text="x" * 81)
    world.clock.advance(minutes=1)
    world.ask(0, text="later words")

    chat = world.tables.rows.chats[USER, CHAT]
    assert (chat.title, chat.created_at) == ("x" * 80, NOW)
    assert chat.updated_at == NOW + timedelta(minutes=1)


def test_the_model_is_sent_what_was_said_before(world: World) -> None:
    world.model.script = [HELLO, HELLO]
    world.ask(0, text="Hi")
    world.clock.advance(minutes=1)

    world.ask(0, text="And now?")

    conversation, until = world.model.asked[1]
    assert [(turn.role, turn.parts) for turn in conversation] == [
        ("user", [{"text": "Hi"}]),
        ("model", json.loads(PARTS)),
        ("user", [{"text": "And now?"}]),
    ]
    assert until == world.clock.now() + timedelta(seconds=54)


def test_the_model_is_sent_the_latest_twenty_messages_of_this_chat_only(world: World) -> None:
    for number in range(30):
        old = a_message(number, id=a_ulid(number, NOW - timedelta(hours=1)))
        world.tables.rows.messages[USER, CHAT, old.id] = old
        world.tables.rows.messages[USER, "another", old.id] = replace(old, chat_id="another")
    world.model.script = [HELLO]

    world.ask()

    assert world.model.identifiers == [f"identifier of {USER}"]
    conversation, _ = world.model.asked[0]
    texts = [turn.parts[0]["text"] for turn in conversation]
    assert texts == [*(f"message {number}" for number in range(10, 30)), "Draw a red fox"]


def test_messages_sent_at_once_reach_the_model_as_pairs(world: World) -> None:
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
        world.tables.rows.messages[USER, CHAT, message.id] = message
    world.model.script = [HELLO]

    world.ask(9)

    conversation, _ = world.model.asked[0]
    assert [(turn.role, turn.parts[0]["text"]) for turn in conversation] == [
        ("user", "message 0"),
        ("model", "answer to 0"),
        ("user", "message 1"),
        ("model", "answer to 1"),
        ("user", "Draw a red fox"),
    ]


# --- Pictures ----------------------------------------------------------------------------------


def test_a_wish_for_a_picture_starts_one(world: World) -> None:
    world.model.script = [FOX]

    answer = world.ask()

    job_id = ids.job_id(CHAT, answer.assistant.id, 1)
    assert answer.assistant.status is Status.GENERATING
    assert answer.assistant.type is MessageType.IMAGE
    assert (answer.assistant.prompt, answer.assistant.aspect_ratio) == ("a red fox", "16:9")
    assert answer.assistant.deadline == NOW + timedelta(seconds=450)
    assert answer.assistant.version == 2
    assert world.stored(answer.assistant) == answer.assistant
    assert world.tables.rows.jobs[USER, job_id] == a_job(
        id=job_id,
        message_id=answer.assistant.id,
        aspect_ratio="16:9",
        quota_day=DAY,
    )
    assert world.starter.started == [(USER, job_id, 1)]
    assert world.used() == (1, 1)
    assert world.open_messages() == 1
    assert world.journal[-1] == "post message-update generating"


def test_the_picture_is_started_only_after_its_job_is_stored(world: World) -> None:
    world.model.script = [FOX]
    known: list[bool] = []
    world.starter.meanwhile = lambda: known.append(bool(world.tables.rows.jobs))

    world.ask()

    assert known == [True]


@pytest.mark.parametrize(
    ("by_client", "by_model", "painted"),
    [("4:3", "16:9", "4:3"), (None, "16:9", "16:9"), (None, None, "1:1"), (None, "7:1", "1:1")],
)
def test_the_clients_aspect_ratio_wins_over_the_models(
    world: World, by_client: str | None, by_model: str | None, painted: str
) -> None:
    world.model.script = [replace(FOX, aspect_ratio=by_model)]

    answer = world.ask(aspect_ratio=by_client)

    assert answer.assistant.aspect_ratio == painted


def test_without_quota_the_message_fails_and_says_when_there_is_some(world: World) -> None:
    world.tables.rows.used[USER, f"quota#{DAY}"] = LIMITS.daily_images
    world.model.script = [FOX]

    answer = world.ask()

    assert answer.assistant.status is Status.FAILED
    assert answer.assistant.error is not None
    assert answer.assistant.error.code == "quota_exceeded"
    assert answer.assistant.error.retry_at == NOW + timedelta(hours=14, seconds=1)
    assert world.used() == (2, 1)
    assert world.tables.rows.jobs == {}
    assert world.starter.started == []
    assert world.open_messages() == 0
    assert world.journal[-1] == "post message-update failed"


def test_the_conversation_keeps_a_refused_call_answered_by_an_error(world: World) -> None:
    world.tables.rows.used[USER, f"quota#{DAY}"] = LIMITS.daily_images
    world.model.script = [FOX]

    answer = world.ask()

    call, outcome = turns([answer.user, answer.assistant])[1:]
    assert (call.role, call.parts) == ("model", json.loads(CALL))
    assert outcome.role == "user"
    assert outcome.parts == [
        {
            "functionResponse": {
                "name": "generate_image",
                "id": "call_01",
                "response": {"error": "quota_exceeded"},
            }
        }
    ]


def test_an_invocation_that_fails_costs_nothing(world: World) -> None:
    world.model.script = [FOX]
    world.starter.fails = ProviderUnavailable("invoke failed: TooManyRequestsException")

    answer = world.ask()

    (job,) = world.tables.rows.jobs.values()
    assert answer.assistant.status is Status.FAILED
    assert world.stored(answer.assistant) == answer.assistant
    assert (job.status, job.error_code) == (JobStatus.FAILED, "provider_unavailable")
    assert world.used() == (0, 1)
    assert world.open_messages() == 0
    assert world.journal[-2:] == ["post message-update generating", "post message-update failed"]


def test_an_invocation_that_breaks_ends_the_message_too(world: World) -> None:
    world.model.script = [FOX]
    world.starter.fails = RuntimeError("nobody thought of this")

    answer = world.ask()

    assert answer.assistant.status is Status.FAILED
    assert answer.assistant.error is not None
    assert answer.assistant.error.code == "internal"
    assert world.used() == (0, 1)
    assert world.open_messages() == 0


def test_an_invocation_that_failed_in_vain_takes_nothing_back(world: World) -> None:
    """Its answer was lost, but the job is running: the picture is on its way."""
    world.model.script = [FOX]
    world.starter.fails = ProviderUnavailable("invoke failed: ReadTimeoutError")

    def claim() -> None:
        ((_, job_id),) = world.tables.rows.jobs
        InMemoryLedger(world.tables).claim(USER, job_id, 1, NOW, REQUEST)

    world.starter.meanwhile = claim

    answer = world.ask()

    assert answer.assistant.status is Status.GENERATING
    assert world.used() == (1, 1)
    assert world.open_messages() == 1


# --- Refused before anything is stored ---------------------------------------------------------


def nothing_stored(world: World) -> bool:
    return world.tables.rows.messages == {} and world.push.sent == [] and world.model.asked == []


def test_the_daily_messages_are_limited(world: World) -> None:
    world.tables.rows.used[USER, f"messages#{DAY}"] = LIMITS.daily_messages

    with pytest.raises(MessageLimit) as refused:
        world.ask()

    assert refused.value.retry_after == 14 * 3600 + 1
    assert nothing_stored(world)


def test_the_messages_under_way_are_limited(world: World) -> None:
    world.model.script = [FOX, FOX, FOX]
    world.tables.rows.used[USER, f"quota#{DAY}"] = -1
    for number in range(LIMITS.open_messages):
        world.ask(number)

    with pytest.raises(TooManyOpen):
        world.ask(9)

    assert len(world.tables.rows.messages) == 6
    assert world.used()[1] == 3


def test_a_deleted_chat_takes_no_message(world: World) -> None:
    world.tables.rows.deleting.add((USER, CHAT))

    with pytest.raises(ChatDeleted):
        world.ask()

    assert nothing_stored(world)


def test_a_deleted_account_takes_no_message(world: World) -> None:
    world.tables.commit(
        world.tables.read(USER), Transition((), (MessageInserted(a_message()),)), NOW
    )
    world.tables.rows.counters[USER].deleted = True

    with pytest.raises(AccountDeleted):
        world.ask()

    assert nothing_stored(world)


@pytest.mark.parametrize("off", [timedelta(minutes=5, seconds=1), -timedelta(minutes=5, seconds=1)])
def test_an_id_of_another_time_is_refused_with_the_servers(world: World, off: timedelta) -> None:
    with pytest.raises(ClockSkew) as refused:
        world.ask(message_id=a_ulid(0, NOW + off))

    assert refused.value.extra == {"server_time": NOW}
    assert nothing_stored(world)


@pytest.mark.parametrize("off", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_an_id_five_minutes_off_is_fine(world: World, off: timedelta) -> None:
    world.model.script = [HELLO]

    assert world.ask(message_id=a_ulid(0, NOW + off)).assistant.text == "Hello!"


@pytest.mark.parametrize("extreme", ["0" * 26, "7" + "Z" * 25])
def test_the_first_and_the_last_ulid_there_are_are_only_skewed(world: World, extreme: str) -> None:
    with pytest.raises(ClockSkew):
        world.ask(message_id=extreme)


# --- The same request again --------------------------------------------------------------------


def test_a_repeat_returns_the_first_answer(world: World) -> None:
    world.model.script = [HELLO]
    first = world.ask()

    again = world.ask()

    assert again == first
    assert len(world.model.asked) == 1
    assert world.used() == (0, 1)


def test_a_repeat_long_after_is_no_clock_skew(world: World) -> None:
    world.model.script = [HELLO]
    first = world.ask(message_id=a_ulid(0))
    world.clock.advance(hours=30)

    assert world.ask(message_id=a_ulid(0)) == first


@pytest.mark.parametrize("reason", ["messages", "open"])
def test_a_repeat_is_answered_where_a_new_message_would_be_refused(
    world: World, reason: str
) -> None:
    world.model.script = [FOX]
    first = world.ask()
    if reason == "messages":
        world.tables.rows.used[USER, f"messages#{DAY}"] = LIMITS.daily_messages
    else:
        world.tables.rows.counters[USER].open = LIMITS.open_messages

    assert world.ask() == first


def test_a_repeat_of_a_running_answer_does_not_ask_again(world: World) -> None:
    repeated: list[Answer] = []
    world.model.script = [HELLO]
    world.model.meanwhile = lambda: repeated.append(world.ask())

    world.ask()

    assert repeated[0].assistant.status is Status.THINKING
    assert len(world.model.asked) == 1


def test_another_text_under_the_same_id_is_refused(world: World) -> None:
    world.model.script = [HELLO]
    world.ask()

    with pytest.raises(IdReused):
        world.ask(text="Draw a blue fox")

    assert len(world.tables.rows.messages) == 2


def test_an_answers_id_is_no_id_for_a_question(world: World) -> None:
    world.model.script = [HELLO]
    first = world.ask()

    with pytest.raises(IdReused):
        world.ask(message_id=first.assistant.id, text=first.assistant.text)


def test_the_same_id_in_another_chat_or_of_another_person_is_another_message(world: World) -> None:
    world.model.script = [HELLO, HELLO, HELLO]
    answers = [world.ask(), world.ask(chat_id="chat-2"), world.ask(user_id="bob")]

    assert len({answer.assistant.id for answer in answers}) == 2
    assert len(world.tables.rows.messages) == 6


def died_while_thinking(world: World) -> Message:
    """What a function leaves that was killed while the model was being asked."""
    world.model.script = [HELLO]
    world.model.meanwhile = _die
    with pytest.raises(_Killed):
        world.ask(message_id=a_ulid(0))
    world.model.meanwhile = lambda: None
    world.model.script = []
    return world.tables.rows.messages[USER, CHAT, ids.assistant_message_id(CHAT, a_ulid(0))]


class _Killed(BaseException):
    pass


def _die() -> None:
    raise _Killed


def test_a_message_is_taken_over_once_its_lease_has_passed(world: World) -> None:
    left = died_while_thinking(world)
    assert left.status is Status.THINKING
    world.model.script = [HELLO]

    world.clock.advance(seconds=60)
    assert world.ask(message_id=a_ulid(0)).assistant == left
    world.clock.advance(seconds=1)
    answer = world.ask(message_id=a_ulid(0))

    assert (answer.assistant.status, answer.assistant.text) == (Status.COMPLETE, "Hello!")
    assert answer.assistant.version == 3
    assert world.open_messages() == 0
    assert world.used() == (0, 1)


def test_a_takeover_renews_the_lease(world: World) -> None:
    died_while_thinking(world)
    world.clock.advance(seconds=61)
    leases: list[Any] = []
    world.model.script = [HELLO]
    world.model.meanwhile = lambda: leases.extend(
        message.lease_until for message in world.tables.rows.messages.values()
    )

    world.ask(message_id=a_ulid(0))

    assert leases == [None, NOW + timedelta(seconds=121)]


def test_only_one_of_two_takeovers_asks_the_model(world: World) -> None:
    died_while_thinking(world)
    world.clock.advance(seconds=61)
    second: list[Answer] = []
    world.model.script = [HELLO]
    world.model.meanwhile = lambda: second.append(world.ask(message_id=a_ulid(0)))

    world.ask(message_id=a_ulid(0))

    assert second[0].assistant.status is Status.THINKING
    assert world.journal.count("reply") == 2  # the one that was killed, and one takeover


def test_a_function_that_was_taken_over_changes_nothing_any_more(world: World) -> None:
    """It was slow, not dead: its answer comes after another's and is dropped."""
    world.model.script = [HELLO, TextReply("Too late.", "[]")]
    ask = partial(world.ask, message_id=a_ulid(0))

    def overtake() -> None:
        world.model.meanwhile = lambda: None
        world.clock.advance(seconds=61)
        ask()

    world.model.meanwhile = overtake

    late = ask()

    assert late.assistant.text == "Hello!"
    assert world.open_messages() == 0


def test_a_picture_that_was_ordered_but_never_started_is_started_again(world: World) -> None:
    world.model.script = [FOX]
    first = world.ask(message_id=a_ulid(0))
    world.clock.advance(seconds=61)

    again = world.ask(message_id=a_ulid(0))

    assert again.assistant == first.assistant
    assert len(world.model.asked) == 1
    assert world.starter.started == [(USER, first.assistant.job_id, 1)] * 2
    assert world.used() == (1, 1)


def test_a_picture_is_not_started_again_within_the_lease(world: World) -> None:
    world.model.script = [FOX]
    world.ask(message_id=a_ulid(0))
    world.clock.advance(seconds=60)

    world.ask(message_id=a_ulid(0))

    assert len(world.starter.started) == 1


def test_a_running_picture_is_not_started_again(world: World) -> None:
    world.model.script = [FOX]
    first = world.ask(message_id=a_ulid(0))
    InMemoryLedger(world.tables).claim(USER, first.assistant.job_id or "", 1, NOW, REQUEST)
    world.clock.advance(seconds=61)

    world.ask(message_id=a_ulid(0))

    assert len(world.starter.started) == 1


def test_starting_again_in_vain_ends_nothing(world: World) -> None:
    world.model.script = [FOX]
    first = world.ask(message_id=a_ulid(0))
    world.clock.advance(seconds=61)
    world.starter.fails = ProviderUnavailable("invoke failed")

    assert world.ask(message_id=a_ulid(0)).assistant == first.assistant


def test_a_question_whose_answer_was_deleted_is_not_asked_again(world: World) -> None:
    world.model.script = [HELLO]
    answer = world.ask()
    del world.tables.rows.messages[USER, CHAT, answer.assistant.id]

    with pytest.raises(IdReused):
        world.ask()


# --- Failures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure", [Blocked, NoImage, ProviderUnavailable, ProviderRejected, TimedOut, Internal]
)
def test_a_failure_of_the_model_ends_the_message_with_its_reason(
    world: World, failure: type[Failure]
) -> None:
    world.model.script = [failure("HTTP 500: the provider's own words")]

    answer = world.ask()

    assert answer.assistant.status is Status.FAILED
    assert answer.assistant.error is not None
    assert answer.assistant.error.code == failure.code
    assert answer.assistant.error.message == failure.public
    assert world.stored(answer.assistant) == answer.assistant
    assert world.open_messages() == 0
    assert world.journal[-1] == "post message-update failed"


def test_a_failure_that_says_how_long_to_wait_is_passed_on(world: World) -> None:
    world.model.script = [ProviderUnavailable("429", retry_after=24)]

    answer = world.ask()

    assert answer.assistant.error is not None
    assert answer.assistant.error.retry_at == NOW + timedelta(seconds=24)


def test_whatever_else_happens_ends_the_message_as_internal(world: World) -> None:
    world.model.script = [ZeroDivisionError("a defect")]

    answer = world.ask()

    assert answer.assistant.error is not None
    assert answer.assistant.error.code == "internal"
    assert "a defect" not in answer.assistant.error.message
    assert "ZeroDivisionError" in world.log.text()
    assert world.open_messages() == 0


def test_history_that_cannot_be_read_ends_the_message(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the table is away")

    monkeypatch.setattr(InMemoryMessages, "before", fail)

    answer = world.ask()

    assert answer.assistant.error is not None
    assert answer.assistant.error.code == "internal"
    assert world.model.asked == []


@pytest.mark.parametrize(
    ("has", "gives"), [(60, 54), (24, 18), (20, 15), (8, 6), (1, 0.75), (0.1, 0.075)]
)
def test_the_model_gets_most_of_the_time_however_short_it_is(
    world: World, has: float, gives: float
) -> None:
    """Six seconds are kept for ending the answer, but never more than a quarter."""
    world.model.script = [HELLO]

    answer = world.ask(until=NOW + timedelta(seconds=has))

    ((_, until),) = world.model.asked
    assert until == NOW + timedelta(seconds=gives)
    assert answer.assistant.text == "Hello!"


def test_a_message_ended_by_somebody_else_stays_as_it_is(world: World) -> None:
    """The sweep came first; the answer that comes after it is dropped."""
    swept: list[Message] = []

    def sweep() -> None:
        for key, message in world.tables.rows.messages.items():
            if message.is_open:
                swept.append(message.failed(TimedOut(), NOW))
                world.tables.rows.messages[key] = swept[0]

    world.model.script = [FOX]
    world.model.meanwhile = sweep

    answer = world.ask()

    assert [answer.assistant] == swept
    assert world.used() == (0, 1)
    assert world.starter.started == []


def test_a_push_that_breaks_does_not_break_the_answer(world: World) -> None:
    world.push.broken.add("tab")
    world.model.script = [HELLO]

    assert world.ask().assistant.text == "Hello!"


def test_what_is_said_of_a_message_never_reaches_the_log(world: World) -> None:
    world.model.script = [HELLO]

    world.ask(text="something private")

    assert "something private" not in world.log.text()


def test_other_messages_of_the_same_moment_do_not_disturb(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another transaction comes between read and commit; ours is repeated."""
    commit = world.tables.commit
    races = [a_message(77, chat_id="another")]

    def race(*arguments: Any) -> None:
        while races:
            other = races.pop()
            change = Transition((InsertMessage(other),), (MessageInserted(other),))
            commit(world.tables.read(USER), change, NOW)
        commit(*arguments)

    monkeypatch.setattr(world.tables, "commit", race)
    world.model.script = [HELLO]

    answer = world.ask()

    assert answer.assistant.text == "Hello!"
    assert [frame["seq"] for frame in world.push.to("tab")] == [2, 3, 4]

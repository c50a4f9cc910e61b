"""Questions that go straight to the painter: one transaction, and no text model."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from tests.support.builders import CHAT, a_message, a_ulid, an_image
from tests.support.bundle import DAY, Bundle, new_bundle
from tests.support.bundle import LIMITS as USUAL
from tests.support.doubles import (
    NOW,
)
from tests.support.interrupted import before
from tests.unit.conftest import USER

from afterimage.domain.catalogue import catalogue_of
from afterimage.domain.conversation import turns
from afterimage.domain.errors import (
    ChatDeleted,
    Invalid,
    MessageLimit,
    ProviderLimit,
    ProviderUnavailable,
    TooManyOpen,
    UnknownAnswer,
    UnknownPicture,
)
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.messages import MessageType, Role, Status
from afterimage.domain.metrics import Metric
from afterimage.domain.slots import SlotStatus
from afterimage.use_cases.answer_message import Answer

CATALOGUE = catalogue_of(
    {
        "text_models": [],
        "image_models": [
            {
                "id": "an-image-model",
                "prices": [{"input": {"text": "1"}, "output": {"text": "1"}}],
                "sizes": {"1K": {"tokens": 1120}, "4K": {"tokens": 3780, "pictures": 3}},
            }
        ],
    }
)
LIMITS = replace(USUAL, daily_images=5, daily_messages=4, open_messages=2)


@pytest.fixture
def bundle(threads: Executor) -> Bundle:
    return new_bundle(threads, limits=LIMITS, catalogue=lambda: CATALOGUE)


def paint(bundle: Bundle, number: int = 0, **changed: Any) -> Answer:
    return bundle.ask(number, **({"text": "a red fox", "paint": True} | changed))


def jobs(bundle: Bundle) -> list[Job]:
    return sorted(bundle.tables.rows.jobs.values(), key=lambda job: job.slot)


def used(bundle: Bundle) -> tuple[int, int, int, int]:
    """Pictures, messages, and calls of image and text models."""
    used = bundle.ledger.used(USER, DAY)
    return used.images, used.messages, used.image_calls, used.text_calls


def leave(bundle: Bundle, counter: str, left: int, limit: int) -> None:
    bundle.tables.rows.used[USER, counter] = limit - left


def test_one_transaction_stores_both_and_orders_and_no_text_model_is_asked(bundle: Bundle) -> None:
    answer = paint(bundle, count=2, aspect_ratio="16:9")

    assert [(frame["event"], frame["seq"]) for frame in bundle.push.to("tab")] == [
        ("message-insert", 1),
        ("message-insert", 2),
    ]
    assistant = answer.assistant
    assert (assistant.status, assistant.type) == (Status.GENERATING, MessageType.IMAGE)
    assert (assistant.version, assistant.tries, assistant.try_version) == (1, 1, 1)
    assert (assistant.prompt, assistant.aspect_ratio) == ("a red fox", "16:9")
    assert assistant.deadline == NOW + timedelta(seconds=450)
    assert bundle.tables.rows.messages[USER, CHAT, assistant.id] == assistant
    assert [job.status for job in jobs(bundle)] == [JobStatus.RESERVED] * 2
    assert len(bundle.starter.started) == 2
    assert used(bundle) == (2, 1, 2, 0)
    assert bundle.open_messages() == 1
    assert "reply" not in bundle.journal
    assert Metric.PLACEHOLDER_TIME in dict(bundle.metrics.values)


def test_the_painter_is_started_beside_the_posts(bundle: Bundle) -> None:
    bundle.starter.fails = ProviderUnavailable("no")

    answer = paint(bundle, count=2)

    assert [slot.status for slot in answer.assistant.slots] == [SlotStatus.FAILED] * 2
    assert answer.assistant.status is Status.FAILED
    assert bundle.journal[:2] == ["post message-insert complete", "post message-insert generating"]
    assert used(bundle) == (0, 1, 0, 0)
    assert bundle.open_messages() == 0


def test_the_named_pictures_are_its_sources_in_their_order(bundle: Bundle) -> None:
    for number in (1, 2):
        bundle.tables.rows.images[USER, a_ulid(number)] = an_image(number)
    named = (a_ulid(2), a_ulid(1))

    answer = paint(bundle, image_ids=named)

    assert answer.assistant.source_image_ids == named
    assert [job.source_image_ids for job in jobs(bundle)] == [named]
    assert [image.id for image in answer.user.attachments if image] == [*named]
    # The shape is theirs where nobody wishes for one.
    assert answer.assistant.aspect_ratio is None

    with pytest.raises(UnknownPicture):
        paint(bundle, 1, image_ids=(a_ulid(3),))


@pytest.mark.parametrize(
    ("counter", "limit", "code"),
    [(f"quota#{DAY}", 5, "quota_exceeded"), (f"image_calls#{DAY}", 6, "provider_limit")],
)
def test_as_many_are_painted_as_the_day_has_left(
    bundle: Bundle, counter: str, limit: int, code: str
) -> None:
    leave(bundle, counter, 1, limit)

    assistant = paint(bundle, count=3).assistant

    first, *others = assistant.slots
    assert (assistant.status, first.status) == (Status.GENERATING, SlotStatus.GENERATING)
    assert [slot.error and slot.error.code for slot in others] == [code, code]
    assert len(jobs(bundle)) == 1


def test_both_are_stored_where_the_day_has_none_left(bundle: Bundle) -> None:
    leave(bundle, f"quota#{DAY}", 0, 5)

    answer = paint(bundle, count=2)

    assistant = answer.assistant
    assert (assistant.status, assistant.type) == (Status.FAILED, MessageType.IMAGE)
    assert bundle.code(assistant) == "quota_exceeded"
    assert (len(assistant.slots), assistant.lease_until, assistant.deadline) == (2, None, None)
    assert bundle.tables.rows.messages[USER, CHAT, answer.user.id] == answer.user
    assert bundle.tables.rows.messages[USER, CHAT, assistant.id] == assistant
    assert bundle.open_messages() == 0
    assert (jobs(bundle), bundle.starter.started, used(bundle)) == ([], [], (5, 1, 0, 0))
    assert bundle.metrics.total(Metric.ENDED_QUOTA_EXCEEDED) == 1
    assert bundle.metrics.total(Metric.REFUSED_PICTURES) == 2

    # Tomorrow the same slots are tried.
    bundle.tables.rows.used.clear()
    again = bundle.retry(assistant)
    assert (again.status, again.prompt) == (Status.GENERATING, "a red fox")
    assert len(jobs(bundle)) == 2


def test_others_may_take_what_was_left_meanwhile(bundle: Bundle) -> None:
    """Each try finds fewer left; after four of them none is."""
    tries = [partial(leave, bundle, f"quota#{DAY}", left, 5) for left in (2, 1, 0)]
    before(bundle.tables, "commit", *tries)

    assistant = paint(bundle, count=4).assistant

    assert assistant.status is Status.FAILED
    assert used(bundle)[0] == 5


@pytest.mark.parametrize(
    ("counter", "limit", "refused"),
    [(f"messages#{DAY}", 4, MessageLimit), (f"image_calls#{DAY}", 6, ProviderLimit)],
)
def test_what_is_refused_stores_nothing(
    bundle: Bundle, counter: str, limit: int, refused: type[Exception]
) -> None:
    leave(bundle, counter, 0, limit)
    leave(bundle, f"quota#{DAY}", 0, 5)

    with pytest.raises(refused):
        paint(bundle)

    assert (bundle.tables.rows.messages, jobs(bundle)) == ({}, [])


def test_refusals_come_in_the_same_order_as_of_any_question(bundle: Bundle) -> None:
    leave(bundle, f"messages#{DAY}", 0, 4)
    leave(bundle, f"quota#{DAY}", 0, 5)
    bundle.tables.rows.deleting.add((USER, CHAT))
    with pytest.raises(ChatDeleted):
        paint(bundle)
    bundle.tables.rows.deleting.clear()
    leave(bundle, f"messages#{DAY}", 4, 4)
    leave(bundle, f"quota#{DAY}", 2, 5)
    paint(bundle, 0)
    paint(bundle, 1)
    with pytest.raises(TooManyOpen):
        paint(bundle, 2)


def test_a_repeat_finds_the_first_and_buys_nothing(bundle: Bundle) -> None:
    first = paint(bundle, count=2)

    again = paint(bundle, count=3, aspect_ratio="1:1")

    assert again == first
    assert (len(jobs(bundle)), used(bundle)) == (2, (2, 1, 2, 0))
    assert len(bundle.starter.started) == 2


def test_one_that_died_before_it_could_invoke_is_started_again(bundle: Bundle) -> None:
    died = paint(bundle, count=2)
    bundle.starter.started.clear()
    bundle.clock.advance(seconds=61)

    again = paint(bundle, 0, message_id=died.user.id)

    assert again.assistant == died.assistant
    assert [job_id for _, job_id, _ in bundle.starter.started] == [job.id for job in jobs(bundle)]
    assert used(bundle) == (2, 1, 2, 0)


# --- Another one -------------------------------------------------------------------------------


def test_another_one_is_painted_as_the_first_was(bundle: Bundle) -> None:
    bundle.tables.rows.images[USER, a_ulid(1)] = an_image(1)
    first = paint(bundle, image_ids=(a_ulid(1),), aspect_ratio="4:3")

    again = paint(bundle, 1, text="Another one", aspect_ratio="1:1", again=first.assistant.id)

    assert (again.user.text, again.assistant.prompt) == ("Another one", "a red fox")
    assert again.assistant.aspect_ratio == "4:3"
    assert again.assistant.source_image_ids == (a_ulid(1),)
    assert (again.user.image_ids, len(again.assistant.slots)) == ((), 1)
    assert jobs(bundle)[-1].prompt == "a red fox"


def test_there_is_no_other_of_what_has_no_pictures_or_is_elsewhere(bundle: Bundle) -> None:
    first = paint(bundle)
    text = a_message(9, role=Role.ASSISTANT)
    bundle.tables.rows.messages[USER, CHAT, text.id] = text

    for again, chat in (
        (a_ulid(7), CHAT),
        (first.user.id, CHAT),
        (text.id, CHAT),
        (first.assistant.id, "elsewhere"),
    ):
        with pytest.raises(UnknownAnswer):
            paint(bundle, 2, again=again, chat_id=chat)
    with pytest.raises(UnknownAnswer):
        paint(bundle, 2, again=first.assistant.id, user_id="mallory")


def test_the_model_learns_what_was_painted_without_it(bundle: Bundle) -> None:
    answer = paint(bundle, aspect_ratio="16:9")

    said = turns([answer.user, replace(answer.assistant, status=Status.COMPLETE)])

    assert [turn.role for turn in said] == ["user", "model", "user"]
    call = {"name": "generate_image", "args": {"prompt": "a red fox", "aspect_ratio": "16:9"}}
    assert json.loads(answer.assistant.parts or "") == [{"functionCall": call}]


# --- Sizes -------------------------------------------------------------------------------------


def test_a_large_picture_counts_as_several_and_no_more_are_painted_than_fit(bundle: Bundle) -> None:
    assistant = paint(bundle, count=2, image_size="4K").assistant

    assert [job.image_size for job in jobs(bundle)] == ["4K"]
    assert used(bundle) == (3, 1, 1, 0)
    assert [slot.status for slot in assistant.slots] == [SlotStatus.GENERATING, SlotStatus.FAILED]
    assert assistant.image_size == "4K"

    another = paint(bundle, 1, again=assistant.id).assistant
    assert (another.image_size, another.status) == ("4K", Status.FAILED)

    with pytest.raises(Invalid):
        paint(bundle, 2, image_model="unheard-of")

"""Rules that need nothing: days of a quota, aspect ratios, conversations, failures."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import a_message, a_ulid, an_image
from tests.support.doubles import NOW

from afterimage.domain import aspect_ratios, quota
from afterimage.domain.conversation import turns
from afterimage.domain.errors import Blocked, Failure, QuotaExceeded, Refused
from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.messages import Message, Role, Status
from afterimage.domain.numbered_pictures import numbered
from afterimage.domain.slots import Slot, SlotStatus

CALL = {"functionCall": {"name": "generate_image", "id": "c1"}, "thoughtSignature": "b3Bh"}
YEARS, HALF_A_DAY = timedelta(days=9_999), timedelta(hours=12)
OTHER_CALL = {"functionCall": {"name": "generate_image"}}


@given(st.timedeltas(-YEARS, YEARS), st.timedeltas(-HALF_A_DAY, HALF_A_DAY))
def test_the_quota_is_full_again_at_the_next_utc_midnight(later: timedelta, off: timedelta) -> None:
    now = (NOW + later).astimezone(timezone(off))

    resets = quota.resets_at(now)

    assert (resets.hour, resets.minute, resets.second, resets.utcoffset()) == (0, 0, 0, timedelta())
    assert timedelta(0) < resets - now <= timedelta(days=1)
    assert quota.day_of(resets) != quota.day_of(now)
    assert quota.day_of(resets - timedelta(microseconds=1)) == quota.day_of(now)
    wait = timedelta(seconds=quota.seconds_to_reset(now))
    assert timedelta(0) < now.astimezone(UTC) + wait - resets <= timedelta(seconds=1)


def test_a_day_is_utcs() -> None:
    in_auckland = datetime(2026, 11, 21, 2, 0, tzinfo=timezone(timedelta(hours=13)))

    assert quota.day_of(in_auckland) == "2026-11-20"


@pytest.mark.parametrize(
    ("by_client", "by_model", "chosen"),
    [
        (None, None, "1:1"),
        ("21:9", "9:16", "21:9"),
        ("8:1", "1:8", "8:1"),
        (None, "9:16", "9:16"),
        ("5:1", "9:16", "9:16"),
        (None, "square", "1:1"),
    ],
)
def test_the_chosen_aspect_ratio(by_client: str, by_model: str, chosen: str) -> None:
    assert aspect_ratios.chosen(by_client, by_model, has_sources=False) == chosen


@pytest.mark.parametrize(
    ("by_client", "by_model", "chosen"),
    [(None, None, None), (None, "square", None), (None, "9:16", "9:16"), ("1:1", "9:16", "1:1")],
)
def test_what_is_made_of_others_keeps_their_shape(
    by_client: str, by_model: str, chosen: str
) -> None:
    assert aspect_ratios.chosen(by_client, by_model, has_sources=True) == chosen


def _slot(number: int, status: Status) -> Slot:
    picture = an_image(number) if status is Status.COMPLETE else None
    return Slot(a_ulid(number), SlotStatus(status.value), picture)


def called(
    status: Status, *parts: dict[str, Any], code: str | None = None, pictures: int = 1
) -> Message:
    """An answer that was a call."""
    error = FailureNote(code, "A sentence.") if code else None
    return a_message(
        1,
        role=Role.ASSISTANT,
        text="",
        status=status,
        error=error,
        parts=json.dumps(parts or (CALL,)),
        slots=tuple(_slot(n, status) for n in range(1, pictures + 1)),
    )


@pytest.mark.parametrize(
    ("message", "response"),
    [
        (called(Status.COMPLETE), {"output": {"picture": 1, "shown_to_user": True}}),
        (called(Status.GENERATING), {"output": {"status": "still painting"}}),
        (
            called(Status.COMPLETE, pictures=2),
            {"output": {"pictures": [1, 2], "shown_to_user": True}},
        ),
        (called(Status.FAILED, code="blocked"), {"error": "blocked"}),
        (called(Status.FAILED, code="quota_exceeded"), {"error": "quota_exceeded"}),
        (called(Status.CANCELLED), {"error": "cancelled"}),
    ],
)
def test_a_call_is_answered_by_what_became_of_it(message: Message, response: object) -> None:
    model, outcome = turns([message], numbered([message]))

    assert (model.role, model.parts) == ("model", [CALL])
    answer = {"name": "generate_image", "response": response, "id": "c1"}
    assert (outcome.role, outcome.parts) == ("user", [{"functionResponse": answer}])


def test_every_call_of_a_turn_is_answered() -> None:
    _, outcome = turns([called(Status.COMPLETE, CALL, {"text": "and"}, OTHER_CALL)])

    first, second = (part["functionResponse"] for part in outcome.parts)
    assert first["id"] == "c1"  # type: ignore[index]
    assert second == {
        "name": "generate_image",
        "response": {"error": "not carried out: one call in an answer"},
    }


def test_parts_go_back_byte_for_byte() -> None:
    parts: list[dict[str, Any]] = [
        {"text": "", "thoughtSignature": "b3BhcXVl"},
        {"text": "ü🦊", "thought": True},
    ]
    answer = a_message(1, role=Role.ASSISTANT, parts=json.dumps(parts))

    assert [turn.parts for turn in turns([answer])] == [parts]


def test_answers_that_never_came_from_the_model_are_left_out() -> None:
    failed = a_message(1, role=Role.ASSISTANT, text="", status=Status.FAILED)
    too_large = replace(failed, parts="[]")

    conversation = turns([a_message(0), failed, too_large, a_message(2)])

    assert [turn.role for turn in conversation] == ["user", "user"]


def test_a_failure_is_kept_by_its_sentence_for_people() -> None:
    note = FailureNote.of(Blocked("finishReason SAFETY: the provider's words"), NOW)

    assert (note.code, note.retry_at) == ("blocked", None)
    assert "provider" not in note.message

    wait = FailureNote.of(QuotaExceeded(retry_after=60), NOW)
    assert wait.retry_at == NOW + timedelta(seconds=60)


def test_failures_have_the_contracts_codes() -> None:
    assert sorted(failure.code for failure in Failure.__subclasses__()) == sorted(
        [
            "quota_exceeded",
            "provider_limit",
            "source_deleted",
            "blocked",
            "no_image",
            "provider_unavailable",
            "provider_rejected",
            "timed_out",
            "internal",
        ]
    )


def test_every_error_has_a_sentence_and_a_code_of_its_own() -> None:
    families: list[list[Any]] = [Failure.__subclasses__(), Refused.__subclasses__()]

    for family in families:
        assert all(kind.public.endswith(".") for kind in family)
        assert len({kind.code for kind in family}) == len(family)

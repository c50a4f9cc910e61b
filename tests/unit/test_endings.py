"""Each way an answer ends, from each state of its job: what goes back, closes, and is told."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.builders import a_job, a_message, an_image
from tests.support.doubles import NOW

from afterimage.domain import endings
from afterimage.domain.changes import (
    BeginDeletion,
    InsertImage,
    MoveJob,
    RefundImage,
    RemoveJob,
    RemoveMessage,
    ReplaceMessage,
    ReturnCall,
    Transition,
)
from afterimage.domain.errors import TimedOut
from afterimage.domain.events import ImageInserted, MessageUpdated
from afterimage.domain.job_life import IllegalMove, Move, effect_of, moved
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.limits import ModelKind
from afterimage.domain.messages import Message, Role, Status
from afterimage.domain.slots import Slot

PACKAGE = Path(__file__).parents[2] / "layers" / "shared" / "afterimage"
LATER = NOW + timedelta(seconds=9)
PURGE = NOW + timedelta(seconds=155)
RESERVED = a_job(quota_day="2026-11-19")  # the day before
WAITING = replace(RESERVED, status=JobStatus.WAITING)
RUNNING = moved(RESERVED, Move.CLAIM, NOW)
RESCUED = moved(RUNNING, Move.RESCUE, NOW)
SUCCEEDED = moved(RUNNING, Move.SUCCEED, NOW)
PAINTING = a_message(
    1,
    role=Role.ASSISTANT,
    status=Status.GENERATING,
    version=2,
    slots=(Slot(RESERVED.id, deadline=PURGE),),
    deadline=PURGE,
)
THINKING = a_message(1, role=Role.ASSISTANT, status=Status.THINKING, version=1, deadline=PURGE)


def failing(message: Message, *jobs: Job) -> Transition:
    return endings.fail(message, TimedOut(), LATER, jobs, purge_at=PURGE).transition


def cancelling(message: Message, *jobs: Job) -> Transition:
    return endings.cancel(message, jobs, LATER, PURGE).transition


def removing(message: Message, *jobs: Job) -> Transition:
    return endings.remove(message, jobs, LATER, PURGE)


Way = Callable[..., Transition]
WAYS = [(failing, Move.FAIL), (cancelling, Move.CANCEL), (removing, Move.CANCEL)]


def refunds(transition: Transition) -> list[RefundImage]:
    return [change for change in transition.changes if isinstance(change, RefundImage)]


@pytest.mark.parametrize(("way", "move"), WAYS)
@pytest.mark.parametrize("job", [RESERVED, RUNNING, RESCUED], ids=lambda job: job.status.value)
def test_a_picture_goes_back_exactly_where_the_jobs_life_says_so(
    way: Way, move: Move, job: Job
) -> None:
    expected = [RefundImage(job.quota_day)] if effect_of(job, move).refunds else []

    assert refunds(way(PAINTING, job)) == expected


@pytest.mark.parametrize(("way", "move"), WAYS)
def test_a_job_that_has_ended_is_not_ended_again(way: Way, move: Move) -> None:
    with pytest.raises(IllegalMove):
        way(PAINTING, SUCCEEDED)


@pytest.mark.parametrize(("way", "move"), WAYS)
def test_one_answer_less_is_open_and_nothing_else_is_touched(way: Way, move: Move) -> None:
    transition = way(THINKING)

    assert transition.opens == -1
    assert len(transition.changes) == 1


def test_another_reason_for_what_had_ended_closes_nothing() -> None:
    failed = endings.fail(THINKING, TimedOut(), NOW).message

    assert endings.fail(failed, TimedOut(), LATER).transition.opens == 0


def test_a_reply_is_the_models_words() -> None:
    ending = endings.reply(THINKING, "Hello!", "[]")

    assert (ending.message.status, ending.message.text) == (Status.COMPLETE, "Hello!")
    assert ending.transition == Transition(
        (ReplaceMessage(ending.message, 1),), (MessageUpdated(ending.message),), opens=-1
    )


def test_a_picture_is_delivered_to_message_gallery_and_ledger_at_once() -> None:
    image = an_image()
    settled = moved(RUNNING, Move.SUCCEED, LATER, price_usd="0.0336")

    ending = endings.complete(PAINTING, RUNNING, [image], "0.0336", LATER)

    (slot,) = PAINTING.slots
    assert ending.message == PAINTING.changed([slot.painted(image)])
    assert ending.transition == Transition(
        (ReplaceMessage(ending.message, 2), InsertImage(image), MoveJob(RUNNING, settled)),
        (MessageUpdated(ending.message), ImageInserted(image)),
        opens=-1,
    )


def test_what_may_still_be_uploaded_for_a_removed_answer_is_noted() -> None:
    noted = [
        change
        for change in removing(PAINTING, RUNNING).changes
        if isinstance(change, BeginDeletion)
    ]

    assert [(each.deletion.subject, each.deletion.due_at) for each in noted] == [
        (RUNNING.id, PURGE)
    ]
    assert {RemoveMessage, RemoveJob} <= {
        type(each) for each in removing(PAINTING, RUNNING).changes
    }
    assert removing(PAINTING, RESERVED).events == ()
    assert not any(isinstance(each, BeginDeletion) for each in removing(PAINTING, RESERVED).changes)


def test_every_ended_state_of_a_job_has_its_way() -> None:
    ended = {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED}

    assert {move.after.status for move in moves()} == ended


def moves() -> list[MoveJob]:
    complete = endings.complete(PAINTING, RUNNING, [an_image()], "0", NOW).transition
    transitions = [complete, failing(PAINTING, RUNNING), cancelling(PAINTING, RUNNING)]
    return [each for one in transitions for each in one.changes if isinstance(each, MoveJob)]


@pytest.mark.parametrize(("way", "_move"), WAYS)
@pytest.mark.parametrize(
    ("job", "begun"), [(WAITING, False), (RESERVED, False), (RUNNING, True), (RESCUED, True)]
)
def test_the_call_goes_back_only_of_what_nobody_can_have_begun(
    way: Way, _move: Move, job: Job, *, begun: bool
) -> None:
    returned = [each for each in way(PAINTING, job).changes if isinstance(each, ReturnCall)]

    assert returned == ([] if begun else [ReturnCall(ModelKind.IMAGE, job.quota_day)])


ONLY_ENDINGS_MAY = {
    "ReturnCall",
    "RefundImage",
    "RemoveMessage",
    "RemoveJob",
    "answered",
    "painted",
    "cancelled",
    "failed",
}


def test_nobody_else_writes_an_ending_or_a_refund() -> None:
    """Names as they are called; where changes are defined and applied they are only matched."""
    elsewhere = {
        (path.name, name)
        for path in sorted((PACKAGE / "use_cases").glob("*.py"))
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and (name := called(call)) in ONLY_ENDINGS_MAY | {"MoveJob"}
    }

    assert elsewhere == set()


def test_nobody_else_closes_an_answer() -> None:
    for path in sorted((PACKAGE / "use_cases").glob("*.py")):
        assert "opens=-1" not in path.read_text(), path.name


def called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")

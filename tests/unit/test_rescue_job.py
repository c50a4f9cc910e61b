"""A function that painted has died: another attempt, an end, or its frames once more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.bundle import BYTES, UPLOAD_TIME, USER, Bundle
from tests.support.doubles import NOW
from tests.support.interrupted import behind, changing, fail

from afterimage.domain.changes import InsertImage
from afterimage.domain.errors import Busy, ProviderUnavailable
from afterimage.domain.job_life import Move
from afterimage.domain.jobs import JobStatus
from afterimage.domain.messages import Message, Status
from afterimage.ports.channel import LostRace


def begun(bundle: Bundle) -> Message:
    """A picture whose function has claimed it and died."""
    message = bundle.order()
    bundle.claim(message)
    bundle.starter.started.clear()
    return message


def test_after_the_first_attempt_a_second_is_started(bundle: Bundle) -> None:
    message = begun(bundle)
    seq = bundle.tables.read(USER).seq

    bundle.rescue(message)

    job = bundle.job(message)
    assert (job.status, job.attempt, job.started_at) == (JobStatus.RESERVED, 2, None)
    assert bundle.starter.started == [(USER, job.id, 2)]
    assert bundle.now(message) == message
    assert bundle.tables.read(USER).seq == seq  # nothing that a client sees
    assert bundle.used() == (1, 1)


def test_the_job_is_reserved_before_its_function_is_asked_for(bundle: Bundle) -> None:
    message = begun(bundle)
    seen: list[int] = []
    bundle.starter.meanwhile = lambda: seen.append(bundle.job(message).attempt)

    bundle.rescue(message)

    assert seen == [2]


def test_a_job_that_was_never_claimed_gets_its_second_attempt_too(bundle: Bundle) -> None:
    """The function died before it could; an invocation of attempt 1 must not claim it later."""
    message = bundle.order()

    bundle.rescue(message)

    bundle.paint(message, attempt=1)
    assert bundle.painter.asked == []
    bundle.painter.script = [BYTES]
    bundle.paint(message, attempt=2)
    assert bundle.now(message).status is Status.COMPLETE
    assert bundle.used() == (1, 1)


def test_after_the_second_attempt_it_ends_and_costs_nothing(bundle: Bundle) -> None:
    message = begun(bundle)
    bundle.rescue(message)
    bundle.claim(message)

    bundle.rescue(message, attempt=2)

    job = bundle.job(message)
    assert (job.status, job.attempt, job.error_code) == (JobStatus.FAILED, 2, "internal")
    assert job.purge_at == NOW + UPLOAD_TIME
    assert bundle.code(message) == "internal"
    assert bundle.used() == (0, 1)
    assert bundle.open_messages() == 0
    assert len(bundle.starter.started) == 1


@pytest.mark.parametrize("attempt", [1, 2])
def test_what_found_no_free_slot_in_time_ends(bundle: Bundle, attempt: int) -> None:
    message = bundle.order()
    if attempt == 2:
        bundle.move_job(message, Move.RESCUE)
    bundle.starter.started.clear()

    bundle.rescue(message, attempt, condition="EventAgeExceeded")

    assert bundle.code(message) == "timed_out"
    assert bundle.job(message).status is JobStatus.FAILED
    assert bundle.used() == (0, 1)
    assert bundle.open_messages() == 0
    assert bundle.starter.started == []


def test_a_second_record_of_the_first_attempt_starts_no_third(bundle: Bundle) -> None:
    """Records are delivered at least once."""
    message = begun(bundle)
    bundle.rescue(message)
    claimed = bundle.claim(message)

    bundle.rescue(message, attempt=1)

    assert bundle.job(message) == claimed
    assert len(bundle.starter.started) == 1
    assert bundle.now(message) == message


def test_a_keeper_that_died_before_it_could_invoke_is_made_up_for(bundle: Bundle) -> None:
    """Its record is delivered again; the job is reserved, and nobody has been asked to run it."""
    message = begun(bundle)
    job = bundle.move_job(message, Move.RESCUE)

    bundle.rescue(message, attempt=1)

    assert bundle.starter.started == [(USER, job.id, 2)]
    assert bundle.job(message) == job
    assert bundle.now(message) == message


def test_old_news_of_the_first_attempt_does_not_end_the_second(bundle: Bundle) -> None:
    message = begun(bundle)
    bundle.rescue(message)

    bundle.rescue(message, attempt=1, condition="EventAgeExceeded")

    assert bundle.now(message).status is Status.GENERATING


def test_a_job_claimed_or_ended_at_that_moment_is_left_alone(bundle: Bundle) -> None:
    message = begun(bundle)
    behind(bundle.ledger, "get", lambda: bundle.cancel(message))

    bundle.rescue(message)

    assert bundle.job(message).status is JobStatus.CANCELLED
    assert bundle.starter.started == []
    assert "keeper_job_moved_on" in bundle.log.events()


def test_a_rescue_whose_answer_was_lost_starts_its_attempt(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK sends it again, and finds the job where it wanted to bring it."""
    message = begun(bundle)
    move = bundle.ledger.move
    monkeypatch.setattr(bundle.ledger, "move", lambda *given: move(*given) and False)

    bundle.rescue(message)

    assert bundle.starter.started == [(USER, bundle.job(message).id, 2)]
    assert bundle.job(message).status is JobStatus.RESERVED


def test_a_second_attempt_that_cannot_be_started_ends_at_once(bundle: Bundle) -> None:
    message = begun(bundle)
    bundle.starter.fails = ProviderUnavailable("invoke failed")

    bundle.rescue(message)

    assert bundle.code(message) == "provider_unavailable"
    assert bundle.job(message).status is JobStatus.FAILED
    assert bundle.job(message).purge_at == NOW + UPLOAD_TIME  # the first may have uploaded
    assert bundle.used() == (0, 1)
    assert bundle.open_messages() == 0


def test_a_job_nobody_ordered_is_ignored(bundle: Bundle) -> None:
    message = begun(bundle)
    bundle.tables.rows.jobs.clear()

    bundle.rescue(message)

    assert bundle.starter.started == []
    assert bundle.log.events()[-1] == "keeper_unknown_job"


def test_a_job_of_another_person_is_nobodys(bundle: Bundle) -> None:
    message = begun(bundle)
    bundle.tables.rows.jobs["bob", message.job_id or ""] = bundle.job(message)
    del bundle.tables.rows.jobs[USER, message.job_id or ""]

    bundle.rescue(message)

    assert bundle.starter.started == []


def test_giving_up_ends_only_a_message_that_waits_for_this_job(bundle: Bundle) -> None:
    """It was tried again meanwhile, and waits for another."""
    message = bundle.order()
    first = bundle.job(message)
    again = bundle.retry(bundle.cancel(message))
    bundle.tables.rows.jobs[USER, first.id] = first

    bundle.rescue(message, condition="EventAgeExceeded")

    assert bundle.now(message) == again
    assert bundle.used()[0] == 1
    assert bundle.open_messages() == 1


def test_giving_up_on_a_message_that_is_gone_does_nothing(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.tables.rows.messages.clear()
    bundle.starter.started.clear()

    bundle.rescue(message, condition="EventAgeExceeded")

    assert bundle.tables.rows.messages == {}
    assert bundle.used()[0] == 1
    assert bundle.starter.started == []


@pytest.mark.parametrize("condition", ["EventAgeExceeded", "RetriesExhausted"])
def test_a_second_delivery_that_fails_does_not_end_what_the_first_began(
    bundle: Bundle, condition: str
) -> None:
    """Events are delivered at least once; who runs the job is in its row."""
    message = begun(bundle)
    job = bundle.job(message)

    bundle.rescue(message, condition=condition, request_id="another")

    assert (bundle.now(message), bundle.job(message)) == (message, job)
    assert bundle.starter.started == []


# --- Posted again ------------------------------------------------------------------------------


def died_before_its_posts(bundle: Bundle) -> Message:
    """A picture that is stored everywhere, and of which nobody was told."""
    bundle.push.gone.add("tab")
    message = bundle.painted()
    bundle.push.gone.clear()
    bundle.push.sent.clear()
    bundle.tables.register(USER, "tab", NOW)
    return message


def test_a_picture_nobody_was_told_of_is_told_under_its_own_numbers(bundle: Bundle) -> None:
    message = died_before_its_posts(bundle)
    rows = dict(bundle.tables.rows.messages)
    seq = bundle.tables.read(USER).seq

    bundle.rescue(message)

    frames = bundle.push.to("tab")
    assert [(frame["event"], frame["seq"]) for frame in frames] == [
        ("message-insert", 2),
        ("message-update", 3),
        ("message-update", 4),
        ("image-insert", 5),
    ]
    complete = frames[2]["payload"]["message"]
    assert complete["meta"]["status"] == "complete"
    assert frames[3]["payload"]["image"] == complete["meta"]["image"]
    assert bundle.tables.read(USER).seq == seq
    assert bundle.tables.rows.messages == rows
    assert bundle.starter.started == [(USER, message.job_id, 1)]  # nobody is asked again


@pytest.mark.parametrize("attempt", [1, 2])
def test_it_is_told_again_whichever_attempt_the_record_is_of(bundle: Bundle, attempt: int) -> None:
    message = died_before_its_posts(bundle)

    bundle.rescue(message, attempt, "EventAgeExceeded")

    assert bundle.push.to("tab")[-1]["event"] == "image-insert"
    assert bundle.now(message).status is Status.COMPLETE
    assert bundle.used() == (1, 1)


def test_a_failure_nobody_was_told_of_is_told_too(bundle: Bundle) -> None:
    bundle.push.gone.add("tab")
    message = bundle.blocked()
    bundle.push.gone.clear()
    bundle.tables.register(USER, "tab", NOW)

    bundle.rescue(message)

    last = bundle.push.to("tab")[-1]
    assert last["payload"]["message"]["meta"]["error"]["code"] == "blocked"


def test_only_what_is_about_this_picture_is_told_again(bundle: Bundle) -> None:
    message = died_before_its_posts(bundle)
    other = bundle.order(1)
    bundle.push.sent.clear()

    bundle.rescue(message)

    told = [frame["payload"].get("message", {}).get("id") for frame in bundle.push.to("tab")]
    assert set(told) == {message.id, None}
    assert other.id not in told


def test_nobody_connected_nothing_told(bundle: Bundle) -> None:
    message = died_before_its_posts(bundle)
    bundle.tables.rows.connections.clear()

    bundle.rescue(message)

    assert bundle.push.sent == []


def test_a_picture_deleted_meanwhile_is_told_as_deleted(bundle: Bundle) -> None:
    message = died_before_its_posts(bundle)
    bundle.tables.rows.images.clear()

    bundle.rescue(message)

    assert bundle.push.to("tab")[-1]["event"] == "image-delete"


def test_a_job_whose_events_the_log_has_forgotten_tells_nothing(bundle: Bundle) -> None:
    message = died_before_its_posts(bundle)
    bundle.tables.rows.events.clear()

    bundle.rescue(message)

    assert bundle.push.sent == []


# --- Others of the same user come first ----------------------------------------------------------


def test_a_picture_that_cannot_be_delivered_in_time_is_delivered_by_the_next_attempt(
    bundle: Bundle,
) -> None:
    """And is neither given up nor bought again."""
    message = bundle.order()
    bundle.painter.script = [BYTES]
    ends_at = bundle.clock.now() + timedelta(seconds=150)
    bundle.painter.meanwhile = lambda: bundle.clock.advance(seconds=140)

    mend = fail(bundle.tables, "commit", LostRace(), when=changing(InsertImage))
    with pytest.raises(Busy):
        bundle.paint(message)
    mend()
    ended_at = bundle.clock.now()
    bundle.rescue(message)
    bundle.paint(message, attempt=2)

    assert ended_at <= ends_at - timedelta(seconds=3)
    assert bundle.now(message).status is Status.COMPLETE
    assert len(bundle.painter.asked) == 1
    assert bundle.used() == (1, 1)

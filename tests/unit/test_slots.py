"""Several pictures in one answer: each is ordered, painted, ended and tried by itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from tests.support.builders import CHAT, a_ulid
from tests.support.bundle import BYTES, DAY, FOX, LIMITS, USER, Bundle, Killed, die, new_bundle
from tests.support.doubles import NOW
from tests.support.interrupted import before, changing, fail

from afterimage.domain import ids
from afterimage.domain.changes import ReserveImage
from afterimage.domain.errors import NotFailed, ProviderUnavailable
from afterimage.domain.jobs import JobStatus
from afterimage.domain.messages import Message, Status
from afterimage.domain.metrics import Metric
from afterimage.domain.slots import SlotStatus
from afterimage.ports.models import ImageRequest

MANY = replace(
    LIMITS, daily_images=50, daily_messages=50, image_calls=100, text_calls=100, open_messages=20
)
WAITING, GENERATING, COMPLETE, FAILED, CANCELLED = SlotStatus


@pytest.fixture
def bundle(threads: Executor) -> Bundle:
    return new_bundle(threads, 4, MANY)


def four(bundle: Bundle, number: int = 0) -> Message:
    """Four pictures of one wish, all with the painter."""
    return bundle.order(number, count=4)


def statuses(message: Message) -> list[SlotStatus]:
    return [slot.status for slot in message.slots]


# --- Ordering ------------------------------------------------------------------------------------


def test_each_picture_has_its_job_and_all_are_ordered_at_once(bundle: Bundle) -> None:
    message = four(bundle)

    jobs = [bundle.job(message, place) for place in range(4)]
    assert [job.id for job in jobs] == [ids.job_id(CHAT, message.id, 1, n) for n in range(4)]
    assert [(job.status, job.slot) for job in jobs] == [
        (JobStatus.RESERVED, place) for place in range(4)
    ]
    assert sorted(bundle.starter.started) == sorted((USER, job.id, 1) for job in jobs)
    assert bundle.used() == (4, 1)
    assert bundle.calls() == (1, 4)
    assert (message.status, message.version) == (Status.GENERATING, 2)
    assert bundle.posted().count("message-update generating") == 1


def test_no_two_pictures_of_an_answer_have_one_id() -> None:
    every = [
        picture
        for number in range(1, 6)
        for place in range(4)
        for picture in ids.pictures_of(ids.job_id(CHAT, a_ulid(), number, place))
    ]

    assert len(set(every)) == 5 * 4 * 4


@pytest.mark.parametrize(("client", "model", "pictures"), [(3, 1, 3), (None, 2, 2), (1, 4, 1)])
def test_the_clients_number_wins_over_the_models(
    bundle: Bundle, client: int | None, model: int, pictures: int
) -> None:
    bundle.text.script = [ImageRequest("a red fox", None, "[]", model)]

    message = bundle.ask(count=client).assistant

    assert len(message.slots) == pictures


def test_the_number_is_the_first_requests(bundle: Bundle) -> None:
    """The function died while the model was asked; the repeat says another number."""
    first = a_ulid(0, bundle.clock.now())
    bundle.text.meanwhile = die
    with pytest.raises(Killed):
        bundle.ask(count=3)
    bundle.text.meanwhile = lambda: None
    bundle.clock.advance(seconds=61)
    bundle.text.script = [FOX]

    assert len(bundle.ask(count=2, message_id=first).assistant.slots) == 3


def test_variants_differ_by_words_that_nobody_is_shown(bundle: Bundle) -> None:
    message = four(bundle)
    for place in range(4):
        bundle.complete(message, place)

    told = [request.prompt for request, _ in bundle.painter.asked]
    assert told[0] == FOX.prompt
    assert len(set(told)) == 4
    assert all(prompt.startswith(FOX.prompt) for prompt in told)
    now = bundle.now(message)
    assert {now.prompt, *(image.prompt for image in now.images)} == {FOX.prompt}


@pytest.mark.parametrize("left", [1, 3])
def test_what_the_day_has_no_room_for_is_said_in_its_slot(threads: Executor, left: int) -> None:
    bundle = new_bundle(threads, 4, replace(MANY, daily_images=left))

    message = four(bundle)

    assert statuses(message) == [GENERATING] * left + [FAILED] * (4 - left)
    assert {slot.error.code for slot in message.slots if slot.error} == {"quota_exceeded"}
    assert (message.status, message.error) == (Status.GENERATING, None)
    assert len(bundle.starter.started) == left
    assert bundle.used() == (left, 1)
    assert bundle.metrics.of(Metric.REFUSED_PICTURES) == [4 - left]


def test_calls_of_the_model_may_be_what_is_left_too_few(threads: Executor) -> None:
    bundle = new_bundle(threads, 4, replace(MANY, image_calls=2))

    message = four(bundle)

    assert [slot.error.code for slot in message.slots if slot.error] == ["provider_limit"] * 2
    assert (bundle.used(), bundle.calls()) == ((2, 1), (1, 2))


@pytest.mark.parametrize(("taken", "ordered"), [(0, 4), (2, 2), (3, 1), (4, 0), (9, 0)])
def test_others_may_take_what_was_left_while_we_look(
    threads: Executor, taken: int, ordered: int
) -> None:
    """One at a time, each just before our order."""
    bundle = new_bundle(threads, 4, replace(MANY, daily_images=4))

    def one_less() -> None:
        key = USER, f"quota#{DAY}"
        bundle.tables.rows.used[key] = bundle.tables.rows.used.get(key, 0) + 1

    before(bundle.tables, "commit", *[one_less] * taken, when=changing(ReserveImage))

    message = four(bundle)

    assert statuses(message) == ([GENERATING] * ordered + [FAILED] * (4 - ordered)) * bool(ordered)
    assert message.status is (Status.GENERATING if ordered else Status.FAILED)


def test_a_painter_that_is_not_reached_for_one_costs_only_that_one(bundle: Bundle) -> None:
    answer = ids.assistant_message_id(CHAT, a_ulid(0, bundle.clock.now()))
    unlucky = ids.job_id(CHAT, answer, 1, 2)
    throttled = ProviderUnavailable("throttled")
    fail(bundle.starter, "start", throttled, when=lambda _, job: job.id == unlucky)

    message = four(bundle)

    assert statuses(message) == [GENERATING, GENERATING, FAILED, GENERATING]
    assert message == bundle.now(message)
    assert bundle.used() == (3, 1)
    assert bundle.calls() == (1, 3)
    assert bundle.open_messages() == 1


# --- Endings -------------------------------------------------------------------------------------


def test_the_answer_ends_with_its_last_picture(bundle: Bundle) -> None:
    message = four(bundle)

    for place in (2, 0, 3):
        bundle.complete(message, place)
    assert bundle.now(message).status is Status.GENERATING
    assert bundle.open_messages() == 1
    bundle.refuse(message, 1)

    now = bundle.now(message)
    assert statuses(now) == [COMPLETE, FAILED, COMPLETE, COMPLETE]
    assert (now.status, now.error, now.deadline) == (Status.COMPLETE, None, None)
    assert now.image == now.slots[0].image
    assert bundle.open_messages() == 0
    assert bundle.used() == (3, 1)
    assert (now.version, len(bundle.tables.rows.images)) == (6, 3)
    assert bundle.posted()[-1] == "message-update complete"
    assert bundle.metrics.of(Metric.ENDED_COMPLETE) == [1]


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        ((Bundle.refuse, Bundle.refuse), Status.FAILED),
        ((Bundle.complete, Bundle.refuse), Status.COMPLETE),
        ((Bundle.refuse, Bundle.complete), Status.COMPLETE),
    ],
)
def test_what_a_message_is_follows_from_its_slots(
    bundle: Bundle, ends: tuple[Callable[..., None], ...], status: Status
) -> None:
    message = bundle.order(count=2)

    for place, end in enumerate(ends):
        end(bundle, message, place)

    assert bundle.now(message).status is status
    assert bundle.code(message) == ("blocked" if status is Status.FAILED else None)


def test_cancel_ends_what_is_open_and_gives_back_what_nobody_began(bundle: Bundle) -> None:
    message = four(bundle)
    bundle.complete(message, 0)
    bundle.claim(message, 1)

    cancelled = bundle.cancel(message, version=1)

    assert statuses(cancelled) == [COMPLETE, CANCELLED, CANCELLED, CANCELLED]
    assert [slot.is_charged for slot in cancelled.slots] == [True, True, False, False]
    assert cancelled.status is Status.COMPLETE
    assert cancelled == bundle.now(message)
    assert bundle.used() == (2, 1)
    assert bundle.calls() == (1, 2)
    assert bundle.open_messages() == 0


def test_cancel_of_one_question_ends_nothing_of_another(bundle: Bundle) -> None:
    first, second = four(bundle), four(bundle, 1)
    for place in range(2):
        bundle.complete(first, place)

    cancelled = bundle.cancel(bundle.now(first))
    for place in range(4):
        bundle.complete(second, place)

    assert statuses(cancelled) == [COMPLETE, COMPLETE, CANCELLED, CANCELLED]
    assert cancelled.status is Status.COMPLETE
    assert statuses(bundle.now(second)) == [COMPLETE] * 4
    assert len(bundle.tables.rows.images) == 6


def test_an_ending_goes_on_where_another_slot_has_changed_the_message(bundle: Bundle) -> None:
    message = four(bundle)
    others = [partial(bundle.complete, message, place) for place in (3, 2, 1)]
    before(bundle.tables, "commit", *others)

    bundle.complete(message, 0)

    assert statuses(bundle.now(message)) == [COMPLETE] * 4
    assert (bundle.now(message).version, bundle.open_messages()) == (6, 0)


def test_only_what_is_overdue_ends(bundle: Bundle) -> None:
    message = four(bundle)
    late, *others = message.slots
    soon = replace(late, deadline=NOW + timedelta(seconds=5))
    bundle.set(message, slots=(soon, *others), deadline=soon.deadline)
    bundle.clock.advance(seconds=6)

    bundle.sweep()

    now = bundle.now(message)
    assert statuses(now) == [FAILED, GENERATING, GENERATING, GENERATING]
    assert now.deadline == others[0].deadline
    assert now.slots[0].error is not None
    assert now.slots[0].error.code == "timed_out"


def test_what_waits_too_long_is_said_apart_from_what_is_painted_too_long(
    threads: Executor,
) -> None:
    bundle = new_bundle(threads, 1, MANY)
    message = bundle.order(count=2)
    assert statuses(message) == [GENERATING, WAITING]
    assert message.deadline == message.slots[0].deadline == NOW + LIMITS.image_deadline
    bundle.clock.advance(minutes=31)

    bundle.sweep()

    painted, waited = (slot.error for slot in bundle.now(message).slots)
    assert painted is not None
    assert waited is not None
    assert painted.message != waited.message
    assert bundle.open_messages() == 0
    assert bundle.used() == (0, 1)


def test_a_job_whose_function_died_is_rescued_and_given_up_alone(bundle: Bundle) -> None:
    message = four(bundle)
    bundle.claim(message, 2)
    bundle.rescue(message, place=2)
    assert bundle.job(message, 2).attempt == 2
    bundle.claim(message, 2)

    bundle.rescue(message, attempt=2, place=2)

    assert statuses(bundle.now(message)) == [GENERATING, GENERATING, FAILED, GENERATING]
    assert bundle.used() == (3, 1)


def test_every_one_that_nobody_claimed_is_handed_over_again(bundle: Bundle) -> None:
    message = four(bundle)
    bundle.claim(message, 1)
    bundle.starter.started.clear()
    bundle.clock.advance(seconds=61)

    bundle.sweep()

    assert [job for _, job, _ in bundle.starter.started] == [
        message.slots[place].id for place in (0, 2, 3)
    ]


# --- Turns ---------------------------------------------------------------------------------------


def test_the_next_of_the_same_answer_begins_with_the_end_of_the_one_before(
    threads: Executor,
) -> None:
    bundle = new_bundle(threads, 1, MANY)
    message = bundle.order(count=3)
    assert statuses(message) == [GENERATING, WAITING, WAITING]

    bundle.complete(message, 0)

    now = bundle.now(message)
    assert sorted(statuses(now)) == sorted([COMPLETE, GENERATING, WAITING])
    assert now.version == 3
    assert len(bundle.starter.started) == 2
    assert bundle.posted().count("message-update generating") == 2


def test_one_end_may_begin_several(threads: Executor) -> None:
    bundle = new_bundle(threads, 2, MANY)
    first = bundle.order(0, count=2)
    second = bundle.order(1, count=2)
    third = bundle.order(2, count=1)

    bundle.cancel(first)

    assert statuses(bundle.now(second)) == [GENERATING, GENERATING]
    assert bundle.now(second).version == 3
    assert statuses(bundle.now(third)) == [WAITING]
    assert len(bundle.starter.started) == 4


# --- Trying again --------------------------------------------------------------------------------


def test_only_what_failed_or_was_cancelled_is_tried_again(bundle: Bundle) -> None:
    message = four(bundle)
    bundle.complete(message, 0)
    bundle.refuse(message, 1)
    bundle.cancel(bundle.now(message))
    bundle.starter.started.clear()

    again = bundle.retry(bundle.now(message))

    assert statuses(again) == [COMPLETE, GENERATING, GENERATING, GENERATING]
    assert [slot.id for slot in again.slots[1:]] == [
        ids.job_id(CHAT, message.id, 2, place) for place in (1, 2, 3)
    ]
    assert (again.tries, again.try_version) == (2, again.version)
    assert bundle.used() == (4, 2)
    assert bundle.open_messages() == 1
    for place in (1, 2, 3):
        bundle.complete(again, place)
    assert statuses(bundle.now(message)) == [COMPLETE] * 4
    with pytest.raises(NotFailed):
        bundle.retry(bundle.now(message))


def test_what_failed_is_tried_again_beside_what_is_under_way(bundle: Bundle) -> None:
    message = four(bundle)
    bundle.refuse(message, 3)

    again = bundle.retry(bundle.now(message))

    assert statuses(again) == [GENERATING] * 4
    assert [slot.id for slot in again.slots[:3]] == [slot.id for slot in message.slots[:3]]
    assert bundle.open_messages() == 1
    for place in range(4):
        bundle.complete(again, place)
    assert (statuses(bundle.now(message)), bundle.open_messages()) == ([COMPLETE] * 4, 0)
    assert bundle.used() == (4, 2)


def test_another_try_without_room_says_so_in_the_slots_that_were_tried(threads: Executor) -> None:
    bundle = new_bundle(threads, 4, replace(MANY, daily_images=2))
    message = bundle.order(count=2)
    bundle.complete(message, 0)
    bundle.claim(message, 1)
    cancelled = bundle.cancel(bundle.now(message))

    again = bundle.retry(cancelled)

    assert statuses(again) == [COMPLETE, FAILED]
    assert again.slots[1].error is not None
    assert again.slots[1].error.code == "quota_exceeded"
    assert (again.status, again.tries) == (Status.COMPLETE, 2)
    assert bundle.used() == (2, 2)
    assert bundle.open_messages() == 0


# --- Pictures that came unasked ------------------------------------------------------------------


def unasked(bundle: Bundle, number: int = 2) -> Message:
    """An answer of the model with so many pictures more than were asked for."""
    message = bundle.order()
    bundle.painter.script = [[BYTES + str(n).encode() for n in range(number + 1)]]
    bundle.paint(message)
    return bundle.now(message)


def test_what_comes_unasked_is_kept_and_costs_no_picture(bundle: Bundle) -> None:
    message = unasked(bundle, 3)

    own, *others = message.slots
    assert own.id == bundle.job(message).id
    assert [slot.id for slot in others] == ids.unasked_ids(own.id)
    assert [slot.unasked for slot in message.slots] == [False, True, True, True]
    assert [slot.is_charged for slot in message.slots] == [True, False, False, False]
    assert [image.index for image in message.images] == [0, 1, 2, 3]
    assert {image.id for image in message.images} == {key[1] for key in bundle.tables.rows.images}
    assert bundle.job(message).price_usd == "0.12"
    assert bundle.metrics.of(Metric.IMAGE_COST) == [0.12]
    assert bundle.used() == (1, 1)
    assert bundle.posted().count("image-insert") == 4
    assert bundle.tables.read(USER).open_messages == 0


def test_each_of_them_has_files_and_tags_of_its_own(bundle: Bundle) -> None:
    message = unasked(bundle, 1)

    assert len(message.images) == 2
    for place, image in enumerate(message.images):
        original, full, *_ = ids.image_keys(USER, image.id)
        assert bundle.pictures.files[original] == BYTES + str(place).encode()
        assert bundle.pictures.tags[full][0] == f"picture {USER} {image.id}"


def test_what_came_unasked_and_cannot_be_read_does_not_cost_the_picture(bundle: Bundle) -> None:
    bundle.studio.unreadable = {BYTES + b"1"}

    message = unasked(bundle, 2)

    assert [image.index for image in message.images] == [0, 2]
    assert "image_generate_picture_dropped" in bundle.log.events()
    assert len(bundle.pictures.files) == 2 * len(ids.IMAGE_FILES)  # nothing of it


def test_where_the_first_cannot_be_read_the_next_is_the_picture(bundle: Bundle) -> None:
    bundle.studio.unreadable = {BYTES + b"0"}

    message = unasked(bundle, 2)

    assert message.status is Status.COMPLETE
    originals = [ids.image_key(USER, slot.id, ids.ORIGINAL) for slot in message.slots]
    assert [bundle.pictures.files[key] for key in originals] == [BYTES + b"1", BYTES + b"2"]
    assert len(bundle.pictures.files) == 2 * len(ids.IMAGE_FILES)


def test_an_attempt_after_a_crash_brings_all_that_was_paid_for(bundle: Bundle) -> None:
    message = bundle.order()
    own, *others = ids.pictures_of(bundle.job(message).id)
    for number, image_id in enumerate((own, *others[:2])):
        key = ids.image_key(USER, image_id, ids.ORIGINAL)
        bundle.pictures.files[key] = BYTES + str(number).encode()
    bundle.claim(message)
    bundle.rescue(message)

    bundle.paint(message, attempt=2)

    assert bundle.painter.asked == []
    assert [image.id for image in bundle.now(message).images] == [own, *others[:2]]


def test_a_crash_behind_one_that_cannot_be_read_loses_none_and_leaves_nothing(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle.studio.unreadable = {BYTES + b"1"}
    message = bundle.order()
    bundle.painter.script = [[BYTES + str(n).encode() for n in range(3)]]
    monkeypatch.setattr(bundle.tables, "commit", lambda *_: die())
    with pytest.raises(Killed):
        bundle.paint(message)
    monkeypatch.undo()
    bundle.rescue(message)

    bundle.paint(message, attempt=2)

    now = bundle.now(message)
    originals = [ids.image_key(USER, image.id, ids.ORIGINAL) for image in now.images]
    assert [bundle.pictures.files[key] for key in originals] == [BYTES + b"0", BYTES + b"2"]
    bundle.delete_chat()
    bundle.keep()
    assert bundle.pictures.files == {}


def test_deleting_one_leaves_the_others(bundle: Bundle) -> None:
    message = unasked(bundle)
    first, second, third = message.images

    bundle.delete_image(first.id)
    bundle.keep()

    now = bundle.now(message)
    assert [slot.image_deleted for slot in now.slots] == [True, False, False]
    assert (now.image, now.image_deleted) == (second, False)
    kept = {key for image in (second, third) for key in ids.image_keys(USER, image.id)}
    assert set(bundle.pictures.files) == kept
    bundle.delete_image(second.id)
    bundle.delete_image(third.id)
    assert (bundle.now(message).image, bundle.now(message).image_deleted) == (None, True)


def test_a_late_answer_with_several_is_removed_whole(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.painter.script = [[BYTES + str(n).encode() for n in range(3)]]
    bundle.painter.meanwhile = lambda: bundle.cancel(message)
    bundle.paint(message)
    assert len(bundle.pictures.files) == 3 * len(ids.IMAGE_FILES)
    bundle.clock.advance(seconds=155)

    bundle.sweep()

    assert bundle.pictures.files == {}


# --- Deletion ------------------------------------------------------------------------------------


def test_a_picture_is_deleted_beside_others_that_are_painted(bundle: Bundle) -> None:
    message = four(bundle)
    bundle.complete(message, 0)

    bundle.delete_image(message.slots[0].id)
    bundle.complete(message, 1)

    now = bundle.now(message)
    assert statuses(now) == [COMPLETE, COMPLETE, GENERATING, GENERATING]
    assert [slot.image_deleted for slot in now.slots] == [True, False, False, False]


@pytest.mark.parametrize("done", range(5))
def test_a_chat_goes_with_all_that_had_come_and_all_that_was_under_way(
    bundle: Bundle, done: int
) -> None:
    message = four(bundle)
    for place in range(done):
        bundle.painter.script = [[BYTES, BYTES + b"more"]]
        bundle.paint(bundle.now(message), place=place)
    if done < 4:
        bundle.claim(message, 3)
    bundle.delete_chat()

    bundle.keep()
    if done < 4:
        late = ids.pictures_of(message.slots[3].id)[:2]  # the function that was at it uploads
        bundle.pictures.files |= dict.fromkeys(ids.image_keys(USER, late[0]), BYTES)
        bundle.pictures.files |= dict.fromkeys(ids.image_keys(USER, late[1]), BYTES)
    bundle.clock.advance(seconds=155)
    bundle.sweep()

    rows = bundle.tables.rows
    assert (rows.messages, rows.jobs, rows.images, bundle.pictures.files) == ({}, {}, {}, {})
    assert bundle.open_messages() == 0
    assert bundle.used()[0] == min(4, done + 1)
    assert bundle.edge.forgotten() == ({f"#chat {USER} {CHAT}"} if done else set())


def test_what_died_or_was_tried_again_leaves_nothing_behind(bundle: Bundle) -> None:
    message = four(bundle)
    bundle.refuse(message, 0)
    bundle.claim(message, 1)
    again = bundle.retry(bundle.cancel(bundle.now(message)))
    for place in range(4):
        bundle.complete(again, place)
    stray = ids.image_keys(USER, ids.unasked_ids(message.slots[1].id)[0])
    bundle.pictures.files |= dict.fromkeys(stray, BYTES)
    bundle.delete_chat()

    bundle.keep()

    assert (bundle.tables.rows.jobs, bundle.pictures.files) == ({}, {})


def test_events_of_all_its_pictures_are_posted_again(bundle: Bundle) -> None:
    message = unasked(bundle)
    bundle.push.sent.clear()

    bundle.rescue(message)

    again = [frame["event"] for _, frame in bundle.push.sent]
    assert again.count("image-insert") == 3

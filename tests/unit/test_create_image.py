"""The life of one picture, from the claim to its delivery or its end."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import CHAT, a_job, a_message, a_ulid
from tests.support.doubles import (
    NOW,
    FakeStudio,
    FixedClock,
    InMemoryPictures,
    RecordingLog,
    RecordingPush,
    ScriptedModel,
)
from tests.support.in_memory import Counter, InMemoryLedger, InMemoryMessages, InMemoryTables
from tests.unit.conftest import USER

from afterimage.channel import UnifiedChannel
from afterimage.domain import ids
from afterimage.domain.entities import Image, Job, JobStatus, Message, Role, Status
from afterimage.domain.errors import (
    Blocked,
    Failure,
    LostRace,
    NoImage,
    ProviderRejected,
    ProviderUnavailable,
    TimedOut,
)
from afterimage.use_cases.create_image import CreateImage, Order

DAY = "2026-11-20"
BYTES = b"\xff\xd8 a jpeg"
JOB = a_job(1, message_id=a_ulid(0), quota_day=DAY)
WAITING = a_message(
    0,
    role=Role.ASSISTANT,
    text="",
    version=1,
    status=Status.THINKING,
).generating(JOB, "[]", NOW + timedelta(seconds=450), NOW)
FULL = ids.image_key(USER, JOB.id, "full.webp")
THUMBNAIL = ids.image_key(USER, JOB.id, "thumbnail.webp")
ORIGINAL = ids.image_key(USER, JOB.id, "original")
ORDER = Order(USER, JOB.id, 1, NOW + timedelta(seconds=150))


@dataclass
class World:
    """Everything around one `CreateImage`, with one picture ordered and paid for."""

    channel: UnifiedChannel
    tables: InMemoryTables
    model: ScriptedModel
    pictures: InMemoryPictures
    push: RecordingPush
    clock: FixedClock
    log: RecordingLog
    journal: list[str]
    threads: Executor

    def run(self, order: Order = ORDER, studio: FakeStudio | None = None) -> None:
        create = CreateImage(
            self.channel,
            InMemoryMessages(self.tables),
            InMemoryLedger(self.tables),
            self.model,
            studio or FakeStudio(),
            self.pictures,
            self.clock,
            "0.0336",
            self.threads,
            self.log,
        )
        create(order)

    def message(self) -> Message:
        return self.tables.rows.messages[USER, CHAT, WAITING.id]

    def job(self) -> Job:
        return self.tables.rows.jobs[USER, JOB.id]

    def used(self) -> int:
        return InMemoryLedger(self.tables).used(USER, DAY).images

    def error_code(self) -> str | None:
        error = self.message().error
        return error.code if error else None


@pytest.fixture
def world(
    channel: UnifiedChannel,
    tables: InMemoryTables,
    push: RecordingPush,
    clock: FixedClock,
    threads: Executor,
    log: RecordingLog,
    journal: list[str],
) -> World:
    rows = tables.rows
    rows.counters[USER] = Counter(seq=3, open=1)
    rows.messages[USER, CHAT, WAITING.id] = WAITING
    rows.jobs[USER, JOB.id] = JOB
    rows.used[USER, f"quota#{DAY}"] = 1
    tables.register(USER, "tab", NOW)
    model = ScriptedModel([BYTES], journal)
    pictures = InMemoryPictures(journal)
    return World(channel, tables, model, pictures, push, clock, log, journal, threads)


# --- The picture is delivered ------------------------------------------------------------------


def test_a_picture_reaches_chat_gallery_and_ledger_at_once(world: World) -> None:
    world.run()

    image = Image(
        id=JOB.id,
        message_id=WAITING.id,
        chat_id=CHAT,
        prompt="a red fox",
        created_at=NOW,
        key=FULL,
        thumbnail_key=THUMBNAIL,
        width=1024,
        height=768,
        size=len(b"full " + BYTES),
        color="#aabbcc",
        thumbhash="3OcRJYB4d3h/iIeHeEh3eIhw+j2w",
    )
    assert world.message() == replace(
        WAITING, version=3, status=Status.COMPLETE, image=image, deadline=None, lease_until=None
    )
    assert world.tables.rows.images == {(USER, JOB.id): image}
    assert world.job() == replace(
        JOB, status=JobStatus.SUCCEEDED, started_at=NOW, ended_at=NOW, price_usd="0.0336"
    )
    channel = world.tables.read(USER)
    assert (channel.seq, channel.open_messages) == (5, 0)
    assert world.used() == 1


def test_the_files_are_stored_under_keys_that_follow_from_the_job(world: World) -> None:
    world.run()

    assert world.pictures.files == {
        ORIGINAL: BYTES,
        FULL: b"full " + BYTES,
        THUMBNAIL: b"thumbnail " + BYTES,
    }


def test_a_glimpse_comes_first_and_both_events_last(world: World) -> None:
    world.run()

    assert world.journal[0] == "paint"
    posts = [entry for entry in world.journal if entry.startswith("post")]
    assert posts == ["post message-preview", "post message-update complete", "post image-insert"]
    stored = [world.journal.index(f"put {name}") for name in ("original", "full.webp")]
    assert max(stored) < world.journal.index("post message-update complete")


def test_a_late_glimpse_never_follows_the_picture(world: World) -> None:
    world.run(studio=FakeStudio(preview_takes=0.05))

    posts = [entry for entry in world.journal if entry.startswith("post")]
    assert posts == ["post message-preview", "post message-update complete", "post image-insert"]


def test_what_the_frames_carry(world: World) -> None:
    world.run()

    preview, update, insert = world.push.to("tab")
    assert preview == {
        "type": "broadcast",
        "event": "message-preview",
        "seq": None,
        "payload": {
            "chat_id": CHAT,
            "message_id": WAITING.id,
            "version": 2,
            "preview": "data:image/webp;base64,AAAA",
        },
    }
    assert (update["seq"], insert["seq"]) == (4, 5)
    assert update["payload"]["message"]["meta"]["image"] == insert["payload"]["image"]


def test_the_model_is_given_the_order_and_time_that_leaves_some(world: World) -> None:
    world.run()

    assert world.model.asked == [("a red fox", "1:1", NOW + timedelta(seconds=142))]


def test_a_lost_glimpse_costs_nothing(world: World) -> None:
    world.run(studio=FakeStudio(preview_fails=True))

    assert world.message().status is Status.COMPLETE
    assert "image_generate_preview_failed" in world.log.events()


def test_a_tab_opened_while_painting_gets_the_picture(world: World) -> None:
    world.model.meanwhile = lambda: world.tables.register(USER, "phone", NOW)

    world.run()

    assert [frame["event"] for frame in world.push.to("phone")][-2:] == [
        "message-update",
        "image-insert",
    ]


def test_an_original_that_is_there_already_stays(world: World) -> None:
    world.pictures.files[ORIGINAL] = b"of another attempt"

    world.run()

    assert world.pictures.files[ORIGINAL] == b"of another attempt"


def test_somebody_elses_transaction_in_between_does_not_disturb(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The channel is read before the uploads; by the commit it may be old."""
    commit, lost = world.tables.commit, [LostRace(), LostRace()]

    def commit_later(*arguments: Any) -> None:
        if lost:
            raise lost.pop()
        commit(*arguments)

    monkeypatch.setattr(world.tables, "commit", commit_later)

    world.run()

    assert world.message().status is Status.COMPLETE
    assert ORIGINAL in world.pictures.files


# --- Once and only once ------------------------------------------------------------------------


def test_a_duplicate_never_reaches_the_model(world: World) -> None:
    world.run()
    before = world.tables.rows.messages.copy()

    world.run()

    assert world.journal.count("paint") == 1
    assert world.tables.rows.messages == before
    assert world.tables.read(USER).seq == 5


@pytest.mark.parametrize("attempt", [0, 2])
def test_another_attempt_than_the_jobs_is_a_duplicate(world: World, attempt: int) -> None:
    world.run(replace(ORDER, attempt=attempt))

    assert world.model.asked == []
    assert world.message() == WAITING


def test_a_job_that_never_was_is_ignored(world: World) -> None:
    world.run(replace(ORDER, job_id=a_ulid(99)))

    assert world.model.asked == []


def test_a_message_that_moved_on_is_not_painted(world: World) -> None:
    moved = replace(WAITING, version=3, status=Status.CANCELLED)
    world.tables.rows.messages[USER, CHAT, WAITING.id] = moved

    world.run()

    assert world.model.asked == []
    assert world.message() == moved


def test_a_message_that_is_gone_is_not_painted(world: World) -> None:
    del world.tables.rows.messages[USER, CHAT, WAITING.id]

    world.run()

    assert world.model.asked == []


# --- Failures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure", [Blocked, NoImage, ProviderUnavailable, ProviderRejected, TimedOut]
)
def test_a_failure_refunds_and_ends(world: World, failure: type[Failure]) -> None:
    world.model.script = [failure("finishReason IMAGE_SAFETY")]

    world.run()

    assert world.message().status is Status.FAILED
    assert world.error_code() == failure.code
    assert world.message().image is None
    assert world.used() == 0
    assert (world.job().status, world.job().error_code) == (JobStatus.FAILED, failure.code)
    assert world.job().price_usd is None
    channel = world.tables.read(USER)
    assert (channel.seq, channel.open_messages) == (4, 0)
    assert world.push.to("tab")[-1]["payload"]["message"]["meta"]["status"] == "failed"
    assert world.tables.rows.images == {}
    assert world.pictures.files == {}


def test_the_refund_goes_to_the_day_it_was_taken(world: World) -> None:
    world.tables.rows.used[USER, "quota#2026-11-21"] = 1
    world.clock.advance(hours=20)
    world.model.script = [Blocked("no")]

    world.run()

    assert world.used() == 0
    assert world.tables.rows.used[USER, "quota#2026-11-21"] == 1


def test_bytes_that_are_no_picture_end_it_and_leave_no_file(world: World) -> None:
    world.run(studio=FakeStudio(fails=NoImage("not a picture")))

    assert world.error_code() == "no_image"
    assert world.used() == 0
    assert world.pictures.files == {}


def test_a_late_upload_does_not_outlive_the_failure(world: World) -> None:
    world.pictures.takes["original"] = 0.05

    world.run(studio=FakeStudio(fails=NoImage("not a picture")))
    world.threads.shutdown()  # nothing arrives any more

    assert world.journal[-1] == "delete files"
    assert world.pictures.files == {}


def test_a_crash_in_the_studio_ends_it_and_leaves_no_file(world: World) -> None:
    world.run(studio=FakeStudio(fails=MemoryError("pixels")))

    assert world.error_code() == "internal"
    assert world.used() == 0
    assert world.pictures.files == {}
    assert "pixels" not in str(world.message())


@pytest.mark.parametrize("name", ["original", "full.webp", "thumbnail.webp"])
def test_a_file_that_cannot_be_stored_ends_it_and_leaves_no_other(world: World, name: str) -> None:
    world.pictures.refuses.add(name)

    world.run()

    assert world.error_code() == "internal"
    assert world.used() == 0
    assert world.job().status is JobStatus.FAILED
    assert world.pictures.files == {}
    assert world.tables.rows.images == {}


def test_files_that_cannot_be_removed_do_not_keep_it_from_ending(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise OSError("the bucket is away")

    monkeypatch.setattr(world.pictures, "delete", fail)
    world.model.script = [Blocked("no")]

    world.run()

    assert world.error_code() == "blocked"
    assert "image_generate_discard_failed" in world.log.events()


def test_a_picture_cancelled_while_painting_stays_cancelled_and_leaves_no_file(
    world: World,
) -> None:
    cancelled = replace(WAITING, version=3, status=Status.CANCELLED)

    def cancel() -> None:
        world.tables.rows.messages[USER, CHAT, WAITING.id] = cancelled
        job = replace(world.job(), status=JobStatus.CANCELLED)
        world.tables.rows.jobs[USER, JOB.id] = job

    world.model.meanwhile = cancel

    world.run()

    assert world.message() == cancelled
    assert world.job().status is JobStatus.CANCELLED
    assert world.used() == 1  # charges = pictures + pictures cancelled while running
    assert world.pictures.files == {}
    assert world.tables.rows.images == {}


def test_a_picture_that_was_delivered_is_never_discarded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction came through, but its answer was lost on the way."""
    commit = world.tables.commit

    def commit_and_lose_the_answer(*arguments: Any) -> None:
        commit(*arguments)
        raise ConnectionError("the answer was lost")

    monkeypatch.setattr(world.tables, "commit", commit_and_lose_the_answer)

    world.run()

    assert world.message().status is Status.COMPLETE
    assert world.used() == 1
    assert set(world.pictures.files) == {ORIGINAL, FULL, THUMBNAIL}


def test_an_account_deleted_while_painting_gets_nothing_back(world: World) -> None:
    def delete() -> None:
        world.tables.rows.counters[USER].deleted = True

    world.model.meanwhile = delete

    world.run()

    assert world.message() == WAITING
    assert world.tables.rows.images == {}
    assert world.pictures.files == {}


def test_no_prompt_reaches_the_log(world: World) -> None:
    world.run()

    assert "red fox" not in world.log.text()

"""The life of one picture, from the claim to its delivery or its end."""

from __future__ import annotations

from base64 import b64encode
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from tests.support.builders import CHAT, a_job, a_message, a_ulid
from tests.support.costs import count_calls
from tests.support.doubles import (
    NOW,
    REQUEST,
    FakeStudio,
    FixedClock,
    InMemoryPictures,
    PlainIdentifiers,
    PlainTags,
    RecordingLog,
    RecordingMetrics,
    RecordingPush,
    ScriptedModel,
)
from tests.support.in_memory import (
    Counter,
    InMemoryEventLog,
    InMemoryLedger,
    InMemoryMessages,
    InMemoryTables,
)
from tests.unit.conftest import USER

from afterimage.channel import UnifiedChannel
from afterimage.domain import ids
from afterimage.domain.channels import Channel
from afterimage.domain.errors import (
    Blocked,
    Failure,
    NoImage,
    ProviderRejected,
    ProviderUnavailable,
    TimedOut,
)
from afterimage.domain.images import Image
from afterimage.domain.job_life import Move, moved
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.limits import ModelKind
from afterimage.domain.messages import Message, Role, Status
from afterimage.domain.slots import Slot, SlotStatus
from afterimage.invocation import Invocation
from afterimage.ports.channel import LostRace
from afterimage.ports.models import PaintRequest
from afterimage.use_cases.attach import Attach
from afterimage.use_cases.create_image import CreateImage, Order
from afterimage.use_cases.end_slots import EndSlots
from afterimage.use_cases.keep_pictures import KeepPictures
from afterimage.use_cases.paint_picture import PaintPicture
from afterimage.use_cases.read_sources import ReadSources

DAY = "2026-11-20"
CALLS = 6
BYTES = b"\xff\xd8 a jpeg"
JOB = a_job(1, message_id=a_ulid(0), quota_day=DAY)
WAITING = a_message(
    0,
    role=Role.ASSISTANT,
    text="",
    version=1,
    status=Status.THINKING,
).generating(JOB, {0: Slot.of(JOB, NOW + timedelta(seconds=450))}, "[]", NOW)
FULL = ids.image_key(USER, JOB.id, "full.webp")
THUMBNAIL = ids.image_key(USER, JOB.id, "thumbnail.webp")
SMALL = ids.image_key(USER, JOB.id, "small.webp")
ORIGINAL = ids.image_key(USER, JOB.id, "original")
A_FOX = PaintRequest("a red fox", f"identifier of {USER}", "1:1", "1K", model="an-image-model")
ORDER = Order(USER, CHAT, WAITING.id, JOB.id, 1, REQUEST, NOW + timedelta(seconds=150))


class Journal(list[str]):
    """A journal that raises a flag when an entry is made."""

    def __init__(self, journal: list[str], entry: str, made: Event) -> None:
        super().__init__()
        self._journal, self._entry, self._made = journal, entry, made

    def append(self, entry: str) -> None:
        self._journal.append(entry)
        if entry == self._entry:
            self._made.set()


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
    metrics: RecordingMetrics
    journal: list[str]
    threads: Executor

    def run(self, order: Order = ORDER, studio: FakeStudio | None = None) -> None:
        ledger = InMemoryLedger(self.tables)
        create = CreateImage(
            self.channel,
            InMemoryMessages(self.tables),
            ledger,
            PaintPicture(
                self.model,
                PlainIdentifiers(),
                count_calls(ledger, ModelKind.IMAGE, CALLS, self.clock, self.log, self.metrics),
                ReadSources(InMemoryEventLog(self.tables), self.pictures, self.threads),
                self.pictures,
                self.clock,
                self.log,
                self.metrics,
            ),
            KeepPictures(self.pictures, PlainTags(), self.clock, self.log),
            EndSlots(
                self.channel,
                InMemoryMessages(self.tables),
                ledger,
                Attach(InMemoryEventLog(self.tables)),
                Invocation(self.clock),
            ),
            studio or FakeStudio(),
            self.clock,
            self.threads,
            self.log,
            self.metrics,
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
    metrics: RecordingMetrics,
    journal: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    rows = tables.rows
    rows.counters[USER] = Counter(seq=3, open=1)
    rows.messages[USER, CHAT, WAITING.id] = WAITING
    rows.jobs[USER, JOB.id] = JOB
    rows.used[USER, f"quota#{DAY}"] = 1
    tables.register(USER, "tab", NOW)
    # Who is connected is read by another thread, which a busy machine may start late.
    monkeypatch.setattr("afterimage.use_cases.show_previews._A_MOMENT", timedelta(seconds=10))
    model = ScriptedModel([BYTES], journal)
    pictures = InMemoryPictures(journal)
    return World(channel, tables, model, pictures, push, clock, log, metrics, journal, threads)


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
        width=2048,
        height=1536,
        size=len(b"full " + BYTES),
        color="#aabbcc",
        thumbhash="3OcRJYB4d3h/iIeHeEh3eIhw+j2w",
        tagged=True,
    )
    slot = replace(WAITING.slots[0], status=SlotStatus.COMPLETE, image=image, deadline=None)
    assert world.message() == replace(
        WAITING, version=3, status=Status.COMPLETE, slots=(slot,), deadline=None, lease_until=None
    )
    assert world.tables.rows.images == {(USER, JOB.id): image}
    assert world.job() == replace(
        JOB,
        status=JobStatus.SUCCEEDED,
        claimed_by=REQUEST,
        started_at=NOW,
        ended_at=NOW,
        price_usd="0.03",
        cost_nano_usd=30_000_000,
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
        SMALL: b"small " + BYTES,
    }


def test_a_glimpse_comes_first_and_both_events_last(world: World) -> None:
    world.run()

    assert world.journal[0] == "paint"
    posts = [entry for entry in world.journal if entry.startswith("post")]
    assert posts == ["post message-preview", "post message-update complete", "post image-insert"]
    stored = [world.journal.index(f"put {name}") for name in ("original", "full.webp")]
    assert max(stored) < world.journal.index("post message-update complete")


def test_a_late_glimpse_never_follows_the_picture(world: World) -> None:
    updated = Event()

    def meanwhile(_: str, events: list[str]) -> None:
        if "message-update" in events:
            updated.set()
        elif "message-preview" in events:
            updated.wait(0.5)  # would be set if the picture did not wait

    world.push.meanwhile = meanwhile

    world.run()

    posts = [entry for entry in world.journal if entry.startswith("post")]
    assert posts == ["post message-preview", "post message-update complete", "post image-insert"]


def test_the_original_is_not_uploaded_before_the_glimpse_has_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterimage.use_cases.create_image._HEAD_START", timedelta(seconds=10))
    stored = Event()
    world.pictures.journal = Journal(world.journal, "put original", stored)

    def meanwhile(_: str, events: list[str]) -> None:
        if "message-preview" in events:
            stored.wait(0.3)  # would be set if the upload did not wait

    world.push.meanwhile = meanwhile

    world.run()

    assert world.journal.index("post message-preview") < world.journal.index("put original")


def test_a_tab_that_takes_its_glimpse_slowly_does_not_keep_the_picture_from_being_stored(
    world: World,
) -> None:
    stored = Event()
    world.pictures.journal = Journal(world.journal, "put original", stored)
    waited: list[bool] = []

    def meanwhile(_: str, events: list[str]) -> None:
        if "message-preview" in events:
            waited.append(stored.wait(10))

    world.push.meanwhile = meanwhile

    world.run()

    assert waited == [True]
    assert world.message().status is Status.COMPLETE


def test_drafts_are_shown_while_the_model_paints(world: World) -> None:
    world.model.drafts = [b"a draft"]
    shown = Event()
    world.push.meanwhile = lambda *_: shown.set()
    world.model.meanwhile = lambda: None if shown.wait(10) else pytest.fail("no draft")

    world.run()

    previews = [f for f in world.push.to("tab") if f["event"] == "message-preview"]
    assert [frame["payload"]["preview"] for frame in previews] == [
        f"data:image/webp;base64,{b64encode(data).decode()}" for data in (b"a draft", BYTES)
    ]
    assert {frame["payload"]["version"] for frame in previews} == {WAITING.version}


def test_a_draft_is_never_stored_and_never_the_picture(world: World) -> None:
    world.model.drafts = [b"a draft", b"another"]
    world.model.script = [Blocked("finishReason IMAGE_SAFETY")]

    world.run()

    assert world.pictures.files == {}
    assert world.message().status is Status.FAILED


@pytest.mark.parametrize("draft_is_read", [True, False])
def test_a_draft_is_the_picture_where_nothing_finished_can_be_read(
    world: World, *, draft_is_read: bool
) -> None:
    """It has been paid for: nothing is asked again."""
    world.model.drafts = [b"a draft", b"another"]
    world.model.script = [[b"half", b"a picture"]]
    unread = {b"half", b"a picture", *([] if draft_is_read else [b"another"])}

    world.run(studio=FakeStudio(unreadable=unread))

    assert len(world.model.asked) == 1
    if draft_is_read:
        original = ids.image_keys(USER, JOB.id)[0]
        assert (world.message().status, world.used()) == (Status.COMPLETE, 1)
        assert (world.pictures.files[original], len(world.message().images)) == (b"another", 1)
    else:
        assert (world.error_code(), world.used()) == ("no_image", 0)


def test_without_knowing_who_is_connected_the_picture_is_made_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, failing = world.tables.read, [ConnectionError("no answer")]

    def read_later(user_id: str) -> Channel:
        if failing:
            raise failing.pop()
        return read(user_id)

    monkeypatch.setattr(world.tables, "read", read_later)

    world.run()

    assert world.message().status is Status.COMPLETE
    assert [frame["event"] for frame in world.push.to("tab")][-1] == "image-insert"
    assert "image_generate_connections_unknown" in world.log.events()


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
            "image_id": JOB.id,
            "preview": f"data:image/webp;base64,{b64encode(BYTES).decode()}",
        },
    }
    assert (update["seq"], insert["seq"]) == (4, 5)
    assert update["payload"]["message"]["meta"]["image"] == insert["payload"]["image"]


def test_the_model_is_given_the_order_and_time_that_leaves_some(world: World) -> None:
    world.run()

    assert world.model.asked == [(A_FOX, NOW + timedelta(seconds=142))]


def test_a_lost_glimpse_costs_nothing(world: World) -> None:
    world.run(studio=FakeStudio(preview_fails=True))

    assert world.message().status is Status.COMPLETE
    assert "image_generate_preview_failed" in world.log.events()


def test_a_tab_opened_while_painting_gets_glimpse_and_picture(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, was_read = world.tables.read, Event()

    def read_and_say(user_id: str) -> Channel:
        channel = read(user_id)
        was_read.set()
        return channel

    def open_another() -> None:
        assert was_read.wait(10)
        world.tables.register(USER, "phone", NOW)

    monkeypatch.setattr(world.tables, "read", read_and_say)
    world.model.meanwhile = open_another

    world.run()

    for connection in ("tab", "phone"):
        assert [frame["event"] for frame in world.push.to(connection)] == [
            "message-preview",
            "message-update",
            "image-insert",
        ]


@pytest.mark.parametrize(
    ("has", "gives"), [(150, 142), (40, 32), (32, 24), (20, 15), (4, 3), (0.4, 0.3)]
)
def test_the_model_gets_most_of_the_time_however_short_it_is(
    world: World, has: float, gives: float
) -> None:
    """Eight seconds are kept for developing, but never more than a quarter."""
    world.run(replace(ORDER, until=NOW + timedelta(seconds=has)))

    assert world.model.asked == [(A_FOX, NOW + timedelta(seconds=gives))]
    assert world.message().status is Status.COMPLETE


def test_who_comes_second_with_an_original_derives_from_the_first(world: World) -> None:
    """Another attempt's bytes arrived while this one's were being painted."""
    world.pictures.files[ORIGINAL] = b"of another attempt"

    world.run()

    assert world.pictures.files == {
        ORIGINAL: b"of another attempt",
        FULL: b"full of another attempt",
        THUMBNAIL: b"thumbnail of another attempt",
        SMALL: b"small of another attempt",
    }
    image = world.message().image
    assert image is not None
    assert image.size == len(b"full of another attempt")


def test_an_original_that_was_first_and_is_gone_again_ends_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.pictures, "put_original", lambda *_: False)

    world.run()

    assert world.error_code() == "internal"
    assert world.used() == 0


# --- The second attempt ------------------------------------------------------------------------


def rescued(world: World) -> Order:
    """The first attempt died; the keeper has ordered another."""
    claimed = moved(JOB, Move.CLAIM, NOW)
    world.tables.rows.jobs[USER, JOB.id] = moved(claimed, Move.RESCUE, NOW)
    return replace(ORDER, attempt=2)


def test_bytes_already_stored_are_never_bought_again(world: World) -> None:
    world.pictures.files[ORIGINAL] = b"bought by the first"
    world.model.script = []

    world.run(rescued(world))

    assert world.model.asked == []
    assert world.message().status is Status.COMPLETE
    assert world.pictures.files[FULL] == b"full bought by the first"
    assert "put original" not in world.journal  # nor stored twice
    assert (world.job().status, world.job().attempt) == (JobStatus.SUCCEEDED, 2)
    assert world.used() == 1


def test_without_an_original_the_second_attempt_asks_once(world: World) -> None:
    world.run(rescued(world))

    assert world.journal.count("paint") == 1
    assert world.message().status is Status.COMPLETE
    assert world.pictures.files[ORIGINAL] == BYTES


def test_the_first_attempt_looks_for_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every picture would pay that round trip."""
    asked: list[str] = []
    monkeypatch.setattr(world.pictures, "get", asked.append)

    world.run()

    assert asked == []
    assert world.message().status is Status.COMPLETE


def test_a_second_attempt_that_fails_refunds_and_leaves_no_upload_behind(world: World) -> None:
    world.pictures.files[ORIGINAL] = b"no picture at all"

    world.run(rescued(world), FakeStudio(fails=NoImage("not a picture")))

    assert world.model.asked == []
    assert world.error_code() == "no_image"
    assert world.used() == 0
    assert world.job().purge_at == NOW


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
    moved = WAITING.changed([WAITING.slots[0].cancelled(refunded=False)])
    world.tables.rows.messages[USER, CHAT, WAITING.id] = moved

    world.run()

    assert world.model.asked == []
    assert world.message() == moved


def test_a_job_of_another_message_is_not_painted(world: World) -> None:
    other = replace(WAITING, id=a_ulid(7))
    world.tables.rows.messages[USER, CHAT, other.id] = other

    world.run(replace(ORDER, message_id=other.id))

    assert world.model.asked == []
    assert world.tables.rows.messages[USER, CHAT, other.id] == other


def test_the_message_is_read_beside_the_claim(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = Event()
    get, claim = InMemoryMessages.get, InMemoryLedger.claim

    def get_and_say(*arguments: Any) -> Message | None:
        reading.set()
        return get(*arguments)

    def claim_meanwhile(*arguments: Any) -> Job | None:
        assert reading.wait(10)
        return claim(*arguments)

    monkeypatch.setattr(InMemoryMessages, "get", get_and_say)
    monkeypatch.setattr(InMemoryLedger, "claim", claim_meanwhile)

    world.run()

    assert world.message().status is Status.COMPLETE


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


def test_bytes_that_are_no_picture_end_it(world: World) -> None:
    world.run(studio=FakeStudio(fails=NoImage("not a picture")))

    assert world.error_code() == "no_image"
    assert world.used() == 0
    assert world.job().status is JobStatus.FAILED


def test_a_crash_in_the_studio_ends_it(world: World) -> None:
    world.run(studio=FakeStudio(fails=MemoryError("pixels")))

    assert world.error_code() == "internal"
    assert world.used() == 0
    assert "pixels" not in str(world.message())


@pytest.mark.parametrize("name", ids.IMAGE_FILES)
def test_a_file_that_cannot_be_stored_ends_it(world: World, name: str) -> None:
    world.pictures.refuses.add(name)

    world.run()

    assert world.error_code() == "internal"
    assert world.used() == 0
    assert world.job().status is JobStatus.FAILED
    assert world.tables.rows.images == {}


def test_of_what_is_no_picture_nothing_is_uploaded(world: World) -> None:
    world.run(studio=FakeStudio(fails=NoImage("not a picture")))

    assert world.pictures.files == {}
    assert world.error_code() == "no_image"


@pytest.mark.parametrize("slow", ["original", "thumbnail.webp", "small.webp"])
def test_an_upload_is_waited_for_when_another_fails(world: World, slow: str) -> None:
    world.pictures.refuses.add("full.webp")
    world.pictures.takes[slow] = 0.05

    world.run()

    arrived = world.journal.index(f"put {slow}")
    assert arrived < world.journal.index("post message-update failed")


def test_a_delivered_picture_is_never_due_for_removal(world: World) -> None:
    world.run()

    assert world.job().purge_at is None


# --- Ended by somebody else in between ---------------------------------------------------------


def end_meanwhile(world: World, move: Move) -> Message:
    """Ends the job while the model paints, as a user or the keeper would."""
    ended = WAITING.cancelled() if move is Move.CANCEL else WAITING.failed(TimedOut(), NOW)

    def end() -> None:
        world.tables.rows.messages[USER, CHAT, WAITING.id] = ended
        purge_at = NOW + timedelta(seconds=155)
        job = moved(world.job(), move, NOW, error_code="of its own", purge_at=purge_at)
        world.tables.rows.jobs[USER, JOB.id] = job

    world.model.meanwhile = end
    return ended


@pytest.mark.parametrize("move", [Move.CANCEL, Move.FAIL])
@pytest.mark.parametrize("outcome", ["a picture", "a failure", "a crash"])
def test_who_ended_it_first_has_the_last_word(world: World, move: Move, outcome: str) -> None:
    ended = end_meanwhile(world, move)
    if outcome == "a failure":
        world.model.script = [Blocked("no")]
    studio = FakeStudio(fails=MemoryError("pixels") if outcome == "a crash" else None)

    world.run(studio=studio)

    assert world.message() == ended
    assert world.job().error_code == "of its own"
    assert world.job().purge_at == NOW + timedelta(seconds=155)  # late uploads go then
    assert world.used() == 1  # who ended it has settled that already
    assert world.tables.rows.images == {}
    assert world.tables.read(USER).seq == 3


def test_a_late_picture_is_posted_to_nobody_and_no_error(world: World) -> None:
    end_meanwhile(world, Move.CANCEL)

    world.run()

    assert [frame["event"] for frame in world.push.to("tab")] == ["message-preview"]
    assert {line.level for line in world.log.lines} == {"info"}
    assert world.log.events()[-1] == "image_generate_already_ended"


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
    assert set(world.pictures.files) == {ORIGINAL, FULL, THUMBNAIL, SMALL}


def test_an_account_deleted_while_painting_gets_nothing_back(world: World) -> None:
    def delete() -> None:
        world.tables.rows.counters[USER].deleted = True

    world.model.meanwhile = delete

    world.run()

    assert world.message() == WAITING
    assert world.tables.rows.images == {}
    assert {line.level for line in world.log.lines} == {"info"}


def test_no_prompt_reaches_the_log(world: World) -> None:
    world.run()

    assert "red fox" not in world.log.text()

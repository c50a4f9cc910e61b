"""The life of one picture, from the claim to its delivery or its end."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from tests.support.builders import CHAT, a_job, a_message, a_ulid
from tests.support.bundle import BYTES, DAY, Bundle
from tests.support.doubles import (
    NOW,
    REQUEST,
    FakeStudio,
)
from tests.support.in_memory import (
    Counter,
    InMemoryLedger,
    InMemoryMessages,
)
from tests.support.interrupted import behind, fail
from tests.unit.conftest import USER

from afterimage.domain import ids
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
from afterimage.domain.messages import Message, Role, Status
from afterimage.domain.slots import Slot, SlotStatus
from afterimage.ports.channel import LostRace
from afterimage.ports.models import PaintRequest
from afterimage.use_cases.create_image import Order

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


@pytest.fixture
def bundle(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """One picture is ordered and paid for."""
    rows = bundle.tables.rows
    rows.counters[USER] = Counter(seq=3, open=1)
    rows.messages[USER, CHAT, WAITING.id] = WAITING
    rows.jobs[USER, JOB.id] = JOB
    rows.used[USER, f"quota#{DAY}"] = 1
    # Who is connected is read by another thread, which a busy machine may start late.
    monkeypatch.setattr("afterimage.use_cases.show_previews._A_MOMENT", timedelta(seconds=10))
    bundle.painter.script = [BYTES]
    return bundle


def run(bundle: Bundle, order: Order = ORDER, studio: FakeStudio | None = None) -> None:
    bundle.studio = studio or bundle.studio
    bundle.create_image(bundle.image_calls())(order)


# --- The picture is delivered ------------------------------------------------------------------


def test_a_picture_reaches_chat_gallery_and_ledger_at_once(bundle: Bundle) -> None:
    run(bundle)

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
    assert bundle.now(WAITING) == replace(
        WAITING, version=3, status=Status.COMPLETE, slots=(slot,), deadline=None, lease_until=None
    )
    assert bundle.tables.rows.images == {(USER, JOB.id): image}
    assert bundle.job(WAITING) == replace(
        JOB,
        status=JobStatus.SUCCEEDED,
        claimed_by=REQUEST,
        started_at=NOW,
        ended_at=NOW,
        price_usd="0.03",
        cost_nano_usd=30_000_000,
    )
    channel = bundle.tables.read(USER)
    assert (channel.seq, channel.open_messages) == (5, 0)
    assert bundle.used()[0] == 1


def test_the_files_are_stored_under_keys_that_follow_from_the_job(bundle: Bundle) -> None:
    run(bundle)

    assert bundle.pictures.files == {
        ORIGINAL: BYTES,
        FULL: b"full " + BYTES,
        THUMBNAIL: b"thumbnail " + BYTES,
        SMALL: b"small " + BYTES,
    }


def test_a_glimpse_comes_first_and_both_events_last(bundle: Bundle) -> None:
    run(bundle)

    assert bundle.journal[0] == "paint"
    posts = [entry for entry in bundle.journal if entry.startswith("post")]
    assert posts == ["post message-preview", "post message-update complete", "post image-insert"]
    stored = [bundle.journal.index(f"put {name}") for name in ("original", "full.webp")]
    assert max(stored) < bundle.journal.index("post message-update complete")


def test_a_late_glimpse_never_follows_the_picture(bundle: Bundle) -> None:
    updated = Event()

    def meanwhile(_: str, events: list[str]) -> None:
        if "message-update" in events:
            updated.set()
        elif "message-preview" in events:
            updated.wait(0.5)  # would be set if the picture did not wait

    bundle.push.meanwhile = meanwhile

    run(bundle)

    posts = [entry for entry in bundle.journal if entry.startswith("post")]
    assert posts == ["post message-preview", "post message-update complete", "post image-insert"]


def test_the_original_is_not_uploaded_before_the_glimpse_has_left(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterimage.use_cases.create_image._HEAD_START", timedelta(seconds=10))
    stored = Event()
    bundle.pictures.journal = Journal(bundle.journal, "put original", stored)

    def meanwhile(_: str, events: list[str]) -> None:
        if "message-preview" in events:
            stored.wait(0.3)  # would be set if the upload did not wait

    bundle.push.meanwhile = meanwhile

    run(bundle)

    assert bundle.journal.index("post message-preview") < bundle.journal.index("put original")


def test_a_tab_that_takes_its_glimpse_slowly_does_not_keep_the_picture_from_being_stored(
    bundle: Bundle,
) -> None:
    stored = Event()
    bundle.pictures.journal = Journal(bundle.journal, "put original", stored)
    waited: list[bool] = []

    def meanwhile(_: str, events: list[str]) -> None:
        if "message-preview" in events:
            waited.append(stored.wait(10))

    bundle.push.meanwhile = meanwhile

    run(bundle)

    assert waited == [True]
    assert bundle.now(WAITING).status is Status.COMPLETE


def test_drafts_are_shown_while_the_model_paints(bundle: Bundle) -> None:
    bundle.painter.drafts = [b"a draft"]
    shown = Event()
    bundle.push.meanwhile = lambda *_: shown.set()
    bundle.painter.meanwhile = lambda: None if shown.wait(10) else pytest.fail("no draft")

    run(bundle)

    previews = [f for f in bundle.push.to("tab") if f["event"] == "message-preview"]
    assert [frame["payload"]["preview"] for frame in previews] == [
        f"data:image/webp;base64,{b64encode(data).decode()}" for data in (b"a draft", BYTES)
    ]
    assert {frame["payload"]["version"] for frame in previews} == {WAITING.version}


def test_a_draft_is_never_stored_and_never_the_picture(bundle: Bundle) -> None:
    bundle.painter.drafts = [b"a draft", b"another"]
    bundle.painter.script = [Blocked("finishReason IMAGE_SAFETY")]

    run(bundle)

    assert bundle.pictures.files == {}
    assert bundle.now(WAITING).status is Status.FAILED


@pytest.mark.parametrize("draft_is_read", [True, False])
def test_a_draft_is_the_picture_where_nothing_finished_can_be_read(
    bundle: Bundle, *, draft_is_read: bool
) -> None:
    """It has been paid for: nothing is asked again."""
    bundle.painter.drafts = [b"a draft", b"another"]
    bundle.painter.script = [[b"half", b"a picture"]]
    unread = {b"half", b"a picture", *([] if draft_is_read else [b"another"])}

    run(bundle, studio=FakeStudio(unreadable=unread))

    assert len(bundle.painter.asked) == 1
    if draft_is_read:
        original = ids.image_keys(USER, JOB.id)[0]
        assert (bundle.now(WAITING).status, bundle.used()[0]) == (Status.COMPLETE, 1)
        assert bundle.pictures.files[original] == b"another"
        assert len(bundle.now(WAITING).images) == 1
    else:
        assert (bundle.code(WAITING), bundle.used()[0]) == ("no_image", 0)


def test_without_knowing_who_is_connected_the_picture_is_made_all_the_same(
    bundle: Bundle,
) -> None:
    fail(bundle.tables, "read", ConnectionError("no answer"), times=1)

    run(bundle)

    assert bundle.now(WAITING).status is Status.COMPLETE
    assert [frame["event"] for frame in bundle.push.to("tab")][-1] == "image-insert"
    assert "image_generate_connections_unknown" in bundle.log.events()


def test_what_the_frames_carry(bundle: Bundle) -> None:
    run(bundle)

    preview, update, insert = bundle.push.to("tab")
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


def test_the_model_is_given_the_order_and_time_that_leaves_some(bundle: Bundle) -> None:
    run(bundle)

    assert bundle.painter.asked == [(A_FOX, NOW + timedelta(seconds=142))]


def test_a_lost_glimpse_costs_nothing(bundle: Bundle) -> None:
    run(bundle, studio=FakeStudio(preview_fails=True))

    assert bundle.now(WAITING).status is Status.COMPLETE
    assert "image_generate_preview_failed" in bundle.log.events()


def test_a_tab_opened_while_painting_gets_glimpse_and_picture(bundle: Bundle) -> None:
    was_read = Event()
    behind(bundle.tables, "read", was_read.set)

    def open_another() -> None:
        assert was_read.wait(10)
        bundle.tables.register(USER, "phone", NOW)

    bundle.painter.meanwhile = open_another

    run(bundle)

    for connection in ("tab", "phone"):
        assert [frame["event"] for frame in bundle.push.to(connection)] == [
            "message-preview",
            "message-update",
            "image-insert",
        ]


@pytest.mark.parametrize(
    ("has", "gives"), [(150, 142), (40, 32), (32, 24), (20, 15), (4, 3), (0.4, 0.3)]
)
def test_the_model_gets_most_of_the_time_however_short_it_is(
    bundle: Bundle, has: float, gives: float
) -> None:
    """Eight seconds are kept for developing, but never more than a quarter."""
    run(bundle, replace(ORDER, until=NOW + timedelta(seconds=has)))

    assert bundle.painter.asked == [(A_FOX, NOW + timedelta(seconds=gives))]
    assert bundle.now(WAITING).status is Status.COMPLETE


def test_who_comes_second_with_an_original_derives_from_the_first(bundle: Bundle) -> None:
    """Another attempt's bytes arrived while this one's were being painted."""
    bundle.pictures.files[ORIGINAL] = b"of another attempt"

    run(bundle)

    assert bundle.pictures.files == {
        ORIGINAL: b"of another attempt",
        FULL: b"full of another attempt",
        THUMBNAIL: b"thumbnail of another attempt",
        SMALL: b"small of another attempt",
    }
    image = bundle.now(WAITING).image
    assert image is not None
    assert image.size == len(b"full of another attempt")


def test_an_original_that_was_first_and_is_gone_again_ends_it(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle.pictures, "put_original", lambda *_: False)

    run(bundle)

    assert bundle.code(WAITING) == "internal"
    assert bundle.used()[0] == 0


# --- The second attempt ------------------------------------------------------------------------


def rescued(bundle: Bundle) -> Order:
    """The first attempt died; the keeper has ordered another."""
    claimed = moved(JOB, Move.CLAIM, NOW)
    bundle.tables.rows.jobs[USER, JOB.id] = moved(claimed, Move.RESCUE, NOW)
    return replace(ORDER, attempt=2)


def test_bytes_already_stored_are_never_bought_again(bundle: Bundle) -> None:
    bundle.pictures.files[ORIGINAL] = b"bought by the first"
    bundle.painter.script = []

    run(bundle, rescued(bundle))

    assert bundle.painter.asked == []
    assert bundle.now(WAITING).status is Status.COMPLETE
    assert bundle.pictures.files[FULL] == b"full bought by the first"
    assert "put original" not in bundle.journal  # nor stored twice
    assert (bundle.job(WAITING).status, bundle.job(WAITING).attempt) == (JobStatus.SUCCEEDED, 2)
    assert bundle.used()[0] == 1


def test_the_first_attempt_looks_for_nothing(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every picture would pay that round trip."""
    asked: list[str] = []
    monkeypatch.setattr(bundle.pictures, "get", asked.append)

    run(bundle)

    assert asked == []
    assert bundle.now(WAITING).status is Status.COMPLETE


def test_a_second_attempt_that_fails_refunds_and_leaves_no_upload_behind(bundle: Bundle) -> None:
    bundle.pictures.files[ORIGINAL] = b"no picture at all"

    run(bundle, rescued(bundle), FakeStudio(fails=NoImage("not a picture")))

    assert bundle.painter.asked == []
    assert bundle.code(WAITING) == "no_image"
    assert bundle.used()[0] == 0
    assert bundle.job(WAITING).purge_at == NOW


def test_somebody_elses_transaction_in_between_does_not_disturb(bundle: Bundle) -> None:
    """The channel is read before the uploads; by the commit it may be old."""
    fail(bundle.tables, "commit", LostRace(), times=2)

    run(bundle)

    assert bundle.now(WAITING).status is Status.COMPLETE
    assert ORIGINAL in bundle.pictures.files


# --- Once and only once ------------------------------------------------------------------------


def test_a_duplicate_never_reaches_the_model(bundle: Bundle) -> None:
    run(bundle)
    before = bundle.tables.rows.messages.copy()

    run(bundle)

    assert bundle.journal.count("paint") == 1
    assert bundle.tables.rows.messages == before
    assert bundle.tables.read(USER).seq == 5


@pytest.mark.parametrize("other", [{"attempt": 0}, {"attempt": 2}, {"job_id": a_ulid(99)}])
def test_another_attempt_or_job_than_was_ordered_paints_nothing(
    bundle: Bundle, other: dict[str, Any]
) -> None:
    run(bundle, replace(ORDER, **other))

    assert bundle.painter.asked == []
    assert bundle.now(WAITING) == WAITING


def test_a_message_that_moved_on_is_not_painted(bundle: Bundle) -> None:
    moved = WAITING.changed([WAITING.slots[0].cancelled(refunded=False)])
    bundle.tables.rows.messages[USER, CHAT, WAITING.id] = moved

    run(bundle)

    assert bundle.painter.asked == []
    assert bundle.now(WAITING) == moved


def test_a_job_of_another_message_is_not_painted(bundle: Bundle) -> None:
    other = replace(WAITING, id=a_ulid(7))
    bundle.tables.rows.messages[USER, CHAT, other.id] = other

    run(bundle, replace(ORDER, message_id=other.id))

    assert bundle.painter.asked == []
    assert bundle.tables.rows.messages[USER, CHAT, other.id] == other


def test_the_message_is_read_beside_the_claim(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
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

    run(bundle)

    assert bundle.now(WAITING).status is Status.COMPLETE


def test_a_message_that_is_gone_is_not_painted(bundle: Bundle) -> None:
    del bundle.tables.rows.messages[USER, CHAT, WAITING.id]

    run(bundle)

    assert bundle.painter.asked == []


# --- Failures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure", [Blocked, NoImage, ProviderUnavailable, ProviderRejected, TimedOut]
)
def test_a_failure_refunds_and_ends(bundle: Bundle, failure: type[Failure]) -> None:
    bundle.painter.script = [failure("finishReason IMAGE_SAFETY")]

    run(bundle)

    assert bundle.now(WAITING).status is Status.FAILED
    assert bundle.code(WAITING) == failure.code
    assert bundle.now(WAITING).image is None
    assert bundle.used()[0] == 0
    assert (bundle.job(WAITING).status, bundle.job(WAITING).error_code) == (
        JobStatus.FAILED,
        failure.code,
    )
    assert bundle.job(WAITING).price_usd is None
    channel = bundle.tables.read(USER)
    assert (channel.seq, channel.open_messages) == (4, 0)
    assert bundle.push.to("tab")[-1]["payload"]["message"]["meta"]["status"] == "failed"
    assert bundle.tables.rows.images == {}
    assert bundle.pictures.files == {}


@pytest.mark.parametrize(
    ("fails", "code"), [(NoImage("pixels"), "no_image"), (MemoryError("pixels"), "internal")]
)
def test_bytes_that_are_no_picture_end_it(bundle: Bundle, fails: Exception, code: str) -> None:
    run(bundle, studio=FakeStudio(fails=fails))

    assert (bundle.code(WAITING), bundle.used()[0]) == (code, 0)
    assert bundle.job(WAITING).status is JobStatus.FAILED
    assert bundle.pictures.files == {} or code == "internal"
    assert "pixels" not in str(bundle.now(WAITING))


@pytest.mark.parametrize("name", ids.IMAGE_FILES)
def test_a_file_that_cannot_be_stored_ends_it(bundle: Bundle, name: str) -> None:
    bundle.pictures.refuses.add(name)

    run(bundle)

    assert bundle.code(WAITING) == "internal"
    assert bundle.used()[0] == 0
    assert bundle.job(WAITING).status is JobStatus.FAILED
    assert bundle.tables.rows.images == {}


@pytest.mark.parametrize("slow", ["original", "thumbnail.webp", "small.webp"])
def test_an_upload_is_waited_for_when_another_fails(bundle: Bundle, slow: str) -> None:
    bundle.pictures.refuses.add("full.webp")
    bundle.pictures.takes[slow] = 0.05

    run(bundle)

    arrived = bundle.journal.index(f"put {slow}")
    assert arrived < bundle.journal.index("post message-update failed")


# --- Ended by somebody else in between ---------------------------------------------------------


def end_meanwhile(bundle: Bundle, move: Move) -> Message:
    """Ends the job while the model paints, as a user or the keeper would."""
    ended = WAITING.cancelled() if move is Move.CANCEL else WAITING.failed(TimedOut(), NOW)

    def end() -> None:
        bundle.tables.rows.messages[USER, CHAT, WAITING.id] = ended
        purge_at = NOW + timedelta(seconds=155)
        job = moved(bundle.job(WAITING), move, NOW, error_code="of its own", purge_at=purge_at)
        bundle.tables.rows.jobs[USER, JOB.id] = job

    bundle.painter.meanwhile = end
    return ended


@pytest.mark.parametrize("move", [Move.CANCEL, Move.FAIL])
@pytest.mark.parametrize("outcome", ["a picture", "a failure", "a crash"])
def test_who_ended_it_first_has_the_last_word(bundle: Bundle, move: Move, outcome: str) -> None:
    ended = end_meanwhile(bundle, move)
    if outcome == "a failure":
        bundle.painter.script = [Blocked("no")]
    studio = FakeStudio(fails=MemoryError("pixels") if outcome == "a crash" else None)

    run(bundle, studio=studio)

    assert bundle.now(WAITING) == ended
    assert bundle.job(WAITING).error_code == "of its own"
    assert bundle.job(WAITING).purge_at == NOW + timedelta(seconds=155)  # late uploads go then
    assert bundle.used()[0] == 1  # who ended it has settled that already
    assert bundle.tables.rows.images == {}
    assert bundle.tables.read(USER).seq == 3


def test_a_late_picture_is_posted_to_nobody_and_no_error(bundle: Bundle) -> None:
    end_meanwhile(bundle, Move.CANCEL)

    run(bundle)

    assert [frame["event"] for frame in bundle.push.to("tab")] == ["message-preview"]
    assert {line.level for line in bundle.log.lines} == {"info"}
    assert bundle.log.events()[-1] == "image_generate_already_ended"


def lose_the_answer() -> None:
    raise ConnectionError("the answer was lost")


def test_a_picture_that_was_delivered_is_never_discarded(bundle: Bundle) -> None:
    """The transaction came through, but its answer was lost on the way."""
    behind(bundle.tables, "commit", lose_the_answer)

    run(bundle)

    assert bundle.now(WAITING).status is Status.COMPLETE
    assert bundle.used()[0] == 1
    assert set(bundle.pictures.files) == {ORIGINAL, FULL, THUMBNAIL, SMALL}


def test_an_account_deleted_while_painting_gets_nothing_back(bundle: Bundle) -> None:
    def delete() -> None:
        bundle.tables.rows.counters[USER].deleted = True

    bundle.painter.meanwhile = delete

    run(bundle)

    assert bundle.now(WAITING) == WAITING
    assert bundle.tables.rows.images == {}
    assert {line.level for line in bundle.log.lines} == {"info"}


def test_no_prompt_reaches_the_log(bundle: Bundle) -> None:
    run(bundle)

    assert "red fox" not in bundle.log.text()

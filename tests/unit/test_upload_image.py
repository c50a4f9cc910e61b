"""The life of a picture that somebody brings."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import a_ulid
from tests.support.bundle import BYTES, DAY, UPLOAD_LIMIT, USER, Bundle, Killed
from tests.support.doubles import NOW
from tests.support.interrupted import before

from afterimage.domain import ids
from afterimage.domain.errors import (
    AccountDeleted,
    Busy,
    ClockSkew,
    IdReused,
    ImageDeleted,
    NotAPicture,
    UploadLimit,
)
from afterimage.domain.images import Origin
from afterimage.domain.uploads import UploadStatus
from afterimage.use_cases.purge_upload import PurgeUpload

ID = a_ulid(0)
OTHER = b"another picture"


def brought(bundle: Bundle) -> int:
    """How many were counted today."""
    return bundle.ledger.used(USER, DAY).uploads


def test_it_is_in_the_gallery_with_its_files_and_told_of(bundle: Bundle) -> None:
    kept = bundle.upload()

    assert kept.is_new
    assert kept.image == bundle.images.get(USER, ID)
    assert (kept.image.id, kept.image.origin, kept.image.prompt) == (ID, Origin.UPLOAD, "")
    assert (kept.image.message_id, kept.image.chat_id) == (None, None)
    kinds = (b"stripped ", b"full ", b"thumbnail ", b"small ")
    assert [bundle.pictures.files[key] for key in ids.image_keys(USER, ID)] == [
        kind + BYTES for kind in kinds
    ]
    _, *webps = ids.image_keys(USER, ID)
    tags = (f"picture {USER} {ID}", f"user {USER}")
    assert bundle.pictures.tags == dict.fromkeys(webps, tags)
    assert bundle.posted() == ["image-insert"]
    assert brought(bundle) == 1
    upload = bundle.tables.rows.uploads[USER, ID]
    assert (upload.status, upload.purge_at) == (UploadStatus.SUCCEEDED, None)


def test_it_is_told_of_once_its_files_are_there(bundle: Bundle) -> None:
    bundle.pictures.takes |= {"original": 0.05, "small.webp": 0.05}

    bundle.upload()

    assert bundle.journal[-1] == "post image-insert"
    assert {"put original", "put small.webp"} <= set(bundle.journal)


def test_the_same_again_is_the_same_picture_and_counts_once(bundle: Bundle) -> None:
    first = bundle.upload()

    again = bundle.upload()

    assert again == replace(first, is_new=False)
    assert brought(bundle) == 1
    assert bundle.posted() == ["image-insert"]


def test_an_id_that_is_known_is_answered_whatever_its_time(bundle: Bundle) -> None:
    first = bundle.upload()
    bundle.clock.advance(minutes=6)

    assert bundle.upload(image_id=ID) == replace(first, is_new=False)
    with pytest.raises(ClockSkew):
        bundle.upload(image_id=a_ulid(1))


def test_other_bytes_under_the_same_id_are_refused(bundle: Bundle) -> None:
    bundle.upload()

    with pytest.raises(IdReused):
        bundle.upload(data=OTHER)
    assert brought(bundle) == 1


def test_a_deleted_pictures_id_never_comes_back(bundle: Bundle) -> None:
    bundle.upload()
    bundle.delete_image(ID)
    bundle.keep()

    with pytest.raises(ImageDeleted):
        bundle.upload()
    with pytest.raises(IdReused):
        bundle.upload(data=OTHER)
    assert bundle.pictures.files == {}
    assert bundle.posted() == ["image-insert", "image-delete"]


@pytest.mark.parametrize("painted", ["complete", "complete, its job lost", "under way"])
def test_the_id_of_a_painted_picture_is_no_uploads(bundle: Bundle, painted: str) -> None:
    answer = bundle.order() if painted == "under way" else bundle.painted()
    if painted == "complete, its job lost":
        bundle.tables.rows.jobs.clear()
    files = dict(bundle.pictures.files)

    for minutes in (0, 6):
        bundle.clock.advance(minutes=minutes)
        with pytest.raises(IdReused):
            bundle.upload(image_id=answer.job_id)
    assert bundle.pictures.files == files
    assert brought(bundle) == 0


def test_what_is_no_picture_is_refused_and_counts_once(bundle: Bundle) -> None:
    bundle.studio.unreadable.add(OTHER)

    for _ in range(2):
        with pytest.raises(NotAPicture):
            bundle.upload(data=OTHER)

    assert brought(bundle) == 1
    assert bundle.pictures.files == {}
    assert bundle.tables.rows.images == {}
    upload = bundle.tables.rows.uploads[USER, ID]
    assert (upload.status, upload.purge_at) == (UploadStatus.FAILED, None)


def test_no_more_than_the_days_limit(bundle: Bundle) -> None:
    for number in range(UPLOAD_LIMIT):
        bundle.upload(number)

    with pytest.raises(UploadLimit) as refusal:
        bundle.upload(UPLOAD_LIMIT)
    assert refusal.value.retry_after == 14 * 3600 + 1
    assert not bundle.upload(0).is_new
    bundle.clock.advance(days=1)
    assert bundle.upload(UPLOAD_LIMIT).is_new


def test_an_account_that_is_deleted_brings_nothing(bundle: Bundle) -> None:
    first = a_ulid(0)
    bundle.upload()
    bundle.delete_account()
    bundle.keep()

    for image_id in (first, a_ulid(1), a_ulid(2, NOW - timedelta(hours=1))):
        with pytest.raises(AccountDeleted):
            bundle.upload(image_id=image_id)
    assert bundle.pictures.files == {}
    assert bundle.tables.rows.images == {}
    assert brought(bundle) == 1


def test_deleting_a_chat_leaves_what_was_brought(bundle: Bundle) -> None:
    bundle.painted()
    bundle.upload(7)

    bundle.delete_chat()
    bundle.keep()

    assert [image.origin for image in bundle.tables.rows.images.values()] == [Origin.UPLOAD]
    assert set(bundle.pictures.files) == set(ids.image_keys(USER, a_ulid(7)))


# --- Two at once, and functions that die --------------------------------------------------------


def test_it_is_claimed_before_anything_is_looked_at_or_stored(bundle: Bundle) -> None:
    seen: list[UploadStatus] = []

    def look() -> None:
        seen.append(bundle.tables.rows.uploads[USER, ID].status)
        assert bundle.pictures.files == {}
        assert brought(bundle) == 1

    before(bundle.studio, "bring", look)
    bundle.upload()

    assert seen == [UploadStatus.RUNNING]


def test_who_comes_while_it_is_under_way_comes_again(bundle: Bundle) -> None:
    refused: list[int | None] = []

    def come_again() -> None:
        with pytest.raises(Busy) as busy:
            bundle.upload(nonce="another")
        refused.append(busy.value.retry_after)

    before(bundle.studio, "bring", come_again)
    bundle.upload()

    assert refused == [1]
    assert brought(bundle) == 1


def test_twenty_at_once_are_one_picture(bundle: Bundle) -> None:
    start = threading.Barrier(20)
    outcomes: list[bool | None] = []

    def bring(number: int) -> None:
        start.wait()
        try:
            outcomes.append(bundle.upload(nonce=str(number)).is_new)
        except Busy:
            outcomes.append(None)

    with ThreadPoolExecutor(20) as crowd:
        list(crowd.map(bring, range(20)))

    assert outcomes.count(True) == 1
    assert len(bundle.tables.rows.images) == brought(bundle) == 1
    assert bundle.posted() == ["image-insert"]


def dies_at(bundle: Bundle, name: str) -> None:
    """The function is killed once it has stored one file."""
    put = bundle.pictures.put_webp

    def put_and_die(key: str, data: bytes, tags: Any = ()) -> None:
        put(key, data, tags)
        if key.endswith(name):
            raise Killed

    bundle.pictures.put_webp = put_and_die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        bundle.upload()
    bundle.pictures.put_webp = put  # type: ignore[method-assign]


@pytest.mark.parametrize("name", ["full.webp", "thumbnail.webp", "small.webp"])
def test_what_a_dead_function_left_is_removed_and_can_be_brought_again(
    bundle: Bundle, name: str
) -> None:
    dies_at(bundle, name)
    assert bundle.pictures.files != {}

    bundle.sweep()
    with pytest.raises(Busy):
        bundle.upload(nonce="another")
    bundle.clock.advance(seconds=40)
    bundle.sweep()
    assert bundle.pictures.files == {}
    assert bundle.tables.rows.images == {}

    assert bundle.upload(image_id=ID, nonce="another").is_new
    assert brought(bundle) == 1
    bundle.clock.advance(minutes=9)
    bundle.sweep()
    assert set(bundle.pictures.files) == set(ids.image_keys(USER, ID))


def test_who_wakes_up_after_the_sweep_ends_nothing(bundle: Bundle) -> None:
    """Its time was over, and what it stored has been removed."""

    def be_swept() -> None:
        bundle.clock.advance(seconds=40)
        bundle.sweep()

    before(bundle.studio, "bring", be_swept)
    with pytest.raises(Busy):
        bundle.upload()

    assert bundle.tables.rows.images == {}
    assert bundle.posted() == []


def test_a_claim_whose_answer_was_lost_is_gone_on_with(bundle: Bundle) -> None:
    bundle.upload()
    stored = bundle.tables.rows.uploads[USER, ID]
    running = replace(stored, status=UploadStatus.RUNNING, purge_at=NOW + timedelta(seconds=34))
    bundle.tables.rows.uploads[USER, ID] = running
    bundle.tables.rows.images.clear()

    assert bundle.upload().is_new
    assert brought(bundle) == 1


def test_while_a_dead_functions_files_are_removed_it_is_busy(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies_at(bundle, "full.webp")
    bundle.clock.advance(seconds=40)
    removes = PurgeUpload(bundle.uploads, bundle.pictures, bundle.clock, bundle.log)

    def come_again(_: Sequence[str]) -> None:
        with pytest.raises(Busy):
            bundle.upload(image_id=ID, nonce="another")

    monkeypatch.setattr(bundle.pictures, "delete", come_again)
    assert removes(USER, ID)


def test_what_may_still_be_under_way_is_not_purged(bundle: Bundle) -> None:
    """The index may be behind the row."""
    dies_at(bundle, "full.webp")
    files = dict(bundle.pictures.files)
    removes = PurgeUpload(bundle.uploads, bundle.pictures, bundle.clock, bundle.log)

    assert removes(USER, ID)
    assert bundle.pictures.files == files


def test_what_nobody_brought_is_not_purged(bundle: Bundle) -> None:
    removes = PurgeUpload(bundle.uploads, bundle.pictures, bundle.clock, bundle.log)
    bundle.upload()

    assert removes(USER, ID)
    assert not removes(USER, a_ulid(1))
    assert len(bundle.pictures.files) == len(ids.IMAGE_FILES)

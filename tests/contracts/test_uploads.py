"""Pictures that are brought and named, as transactions and rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.contracts.conftest import Tables
from tests.contracts.test_channel_store import DAY
from tests.support.builders import CHAT, a_job, a_message, a_ulid, an_image
from tests.support.doubles import NOW

from afterimage.domain.changes import (
    CheckImage,
    CheckNoImage,
    CountUpload,
    InsertImage,
    InsertJob,
    InsertMessage,
    InsertUpload,
    MoveUpload,
)
from afterimage.domain.images import Origin
from afterimage.domain.jobs import JobStatus
from afterimage.domain.uploads import Upload, UploadStatus

LATER, MUCH_LATER = NOW + timedelta(seconds=34), timedelta(minutes=2)
UPLOAD = Upload(a_ulid(), "ab" * 32, DAY, NOW, "a nonce", purge_at=LATER)


def test_the_first_thing_of_all_may_be_an_upload(tables: Tables, user: str) -> None:
    """It is claimed without an event, so that the counter still stands at none."""
    claim = (InsertUpload(UPLOAD), CheckNoImage(UPLOAD.id), CountUpload(DAY, 2))
    image = an_image(id=UPLOAD.id, message_id=None, chat_id=None, origin=Origin.UPLOAD)
    done = UPLOAD.succeeded(NOW)

    tables.commit(user, *claim, events=())
    assert tables.store.read(user).seq == 0
    assert tables.uploads.get(user, UPLOAD.id) == UPLOAD
    tables.commit(user, InsertImage(image), MoveUpload(UPLOAD, done))

    assert tables.store.read(user).seq == 1
    assert tables.uploads.get(user, UPLOAD.id) == done
    assert tables.images.get(user, UPLOAD.id) == image
    assert tables.rows.images(user, [UPLOAD.id]) == [image]
    assert tables.usage.used(user, DAY).uploads == 1


def test_an_id_is_taken_once(tables: Tables, user: str) -> None:
    tables.commit(user, InsertUpload(UPLOAD), InsertImage(an_image(3)))

    assert tables.refused(user, InsertUpload(UPLOAD)) == {InsertUpload}
    assert tables.refused(user, InsertJob(a_job(id=UPLOAD.id))) == {InsertJob}
    assert tables.refused(user, CheckNoImage(a_ulid(3))) == {CheckNoImage}
    tables.commit(user, InsertJob(a_job(4)))
    assert tables.refused(user, InsertUpload(replace(UPLOAD, id=a_ulid(4)))) == {InsertUpload}


def test_uploads_are_counted_to_their_limit(tables: Tables, user: str) -> None:
    for _ in range(2):
        tables.commit(user, CountUpload(DAY, 2))

    assert tables.refused(user, CountUpload(DAY, 2)) == {CountUpload}
    assert tables.usage.used(user, DAY).uploads == 2


@pytest.mark.parametrize("alone", [True, False])
def test_of_two_movers_one_wins(tables: Tables, user: str, *, alone: bool) -> None:
    tables.commit(user, InsertUpload(UPLOAD))
    assert tables.uploads.move(user, UPLOAD, UPLOAD.died(LATER))

    if alone:
        assert not tables.uploads.move(user, UPLOAD, UPLOAD.succeeded(LATER))
    else:
        assert tables.refused(user, MoveUpload(UPLOAD, UPLOAD.succeeded(LATER))) == {MoveUpload}
    assert tables.uploads.get(user, UPLOAD.id) == UPLOAD.died(LATER)


def test_who_was_given_up_for_dead_ends_nobody_elses(tables: Tables, user: str) -> None:
    """The same picture is under way again, by another request and until another time."""
    tables.commit(user, InsertUpload(UPLOAD))
    died = replace(UPLOAD.died(LATER), purge_at=None)
    assert tables.uploads.move(user, UPLOAD, UPLOAD.died(LATER))
    assert tables.uploads.move(user, UPLOAD.died(LATER), died)
    again = died.again("another", LATER + timedelta(minutes=1))
    assert tables.uploads.move(user, died, again)

    assert not tables.uploads.move(user, UPLOAD, UPLOAD.succeeded(LATER))
    assert tables.uploads.get(user, UPLOAD.id) == again
    assert (again.error_code, again.ended_at) == (None, None)


def test_it_is_found_while_it_may_have_died(tables: Tables, user: str) -> None:
    tables.commit(user, InsertUpload(UPLOAD))
    assert tables.due(user, MUCH_LATER) == [UPLOAD.id]

    tables.commit(user, MoveUpload(UPLOAD, UPLOAD.succeeded(NOW)))

    assert tables.due(user, MUCH_LATER) == []
    assert tables.uploads.get(user, UPLOAD.id) == UPLOAD.succeeded(NOW)


def test_an_upload_is_no_job_and_a_job_no_upload(tables: Tables, user: str) -> None:
    brought = [replace(UPLOAD, id=a_ulid(number)) for number in range(10, 15)]
    job = a_job(1)
    tables.commit(user, InsertJob(job), *map(InsertUpload, brought))

    assert tables.jobs.get(user, brought[0].id) is None
    assert tables.jobs.claim(user, brought[0].id, 1, NOW, "a request") is None
    assert tables.uploads.get(user, job.id) is None
    assert tables.usage.recent_jobs(user, 5) == [job]
    assert job.status is JobStatus.RESERVED


def test_what_is_no_picture_has_ended(tables: Tables, user: str) -> None:
    tables.commit(user, InsertUpload(UPLOAD))

    assert tables.uploads.move(user, UPLOAD, UPLOAD.refused(NOW))

    stored = tables.uploads.get(user, UPLOAD.id)
    assert stored == UPLOAD.refused(NOW)
    assert (stored.status, stored.may_be_brought_again) == (UploadStatus.FAILED, False)
    assert tables.due(user, MUCH_LATER) == []


def test_a_question_names_pictures_that_are_there(
    tables: Tables, user: str, somebody_else: str
) -> None:
    tables.commit(user, InsertImage(an_image(1)), InsertImage(an_image(2)))
    named = a_message(5, image_ids=(a_ulid(2), a_ulid(1)))

    tables.commit(user, InsertMessage(named), CheckImage(a_ulid(1)), CheckImage(a_ulid(2)))

    assert tables.messages.get(user, CHAT, named.id) == named
    assert tables.refused(user, CheckImage(a_ulid(3))) == {CheckImage}
    assert tables.refused(somebody_else, CheckImage(a_ulid(1))) == {CheckImage}

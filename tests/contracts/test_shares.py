"""`ShareReader`, `ShareRows`, `ShareIndex`, and the changes by which a picture is shared."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from tests.contracts.conftest import Tables
from tests.support.builders import an_image
from tests.support.doubles import NOW

from afterimage.domain.changes import (
    BeginDeletion,
    ClaimShare,
    CountShare,
    HideShared,
    InsertImage,
    RemoveImage,
    SetShare,
    ShowShared,
)
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.images import Image
from afterimage.domain.shares import Share, SharedPicture, name_of, subject_of

DAY = "2026-11-20"
WEEK = NOW + timedelta(days=7)
SHARE = Share(1, WEEK, with_prompt=False)


def shown(prompt: str | None = None) -> SharedPicture:
    """What a link shows, by a name that nobody has heard of."""
    return SharedPicture(name_of(str(uuid4())), WEEK, 1024, 768, "#aabbcc", prompt)


def begun(image: Image, number: int = 1, due_at: datetime = WEEK) -> BeginDeletion:
    subject = subject_of(image.id, number)
    return BeginDeletion(Deletion(DeletionKind.SHARE, subject, NOW, due_at))


@pytest.mark.parametrize("prompt", [None, "a red fox"])
def test_what_is_shown_is_read_as_it_was_until_it_is_hidden(
    tables: Tables, user: str, prompt: str | None
) -> None:
    picture, other = shown(prompt), shown()
    tables.commit(user, ShowShared(picture), ShowShared(other))

    assert tables.shares.get(picture.name) == picture

    longer = replace(picture, until=WEEK + timedelta(days=1), prompt=None)
    tables.commit(user, ShowShared(longer))
    assert tables.shares.get(picture.name) == longer

    tables.commit(user, HideShared(picture.name))
    assert tables.shares.get(picture.name) is None
    assert tables.shares.get(other.name) == other


def test_what_is_over_is_read_and_removed_any_number_of_times(tables: Tables, user: str) -> None:
    over = replace(shown(), until=NOW - timedelta(days=1))
    tables.commit(user, ShowShared(over))
    assert tables.shares.get(over.name) == over

    for _ in range(2):
        tables.shares.remove([over.name, "of nothing"])

    assert tables.shares.get(over.name) is None


def test_each_number_of_a_picture_is_claimed_once(
    tables: Tables, user: str, somebody_else: str
) -> None:
    image = an_image()
    tables.commit(user, InsertImage(image))

    assert tables.refused(user, ClaimShare(image.id, 2))
    tables.commit(user, ClaimShare(image.id, 1), begun(image))
    assert tables.refused(user, ClaimShare(image.id, 1))
    tables.commit(user, ClaimShare(image.id, 2))

    assert tables.refused(somebody_else, ClaimShare(image.id, 1))
    assert tables.images.get(user, image.id) == replace(image, shares_begun=2)


def test_a_day_has_so_many_links(tables: Tables, user: str, somebody_else: str) -> None:
    for _ in range(2):
        tables.commit(user, CountShare(DAY, 2))

    assert tables.refused(user, CountShare(DAY, 2))
    tables.commit(user, CountShare("2026-11-21", 2))
    tables.commit(somebody_else, CountShare(DAY, 2))


def test_a_picture_is_shared_only_as_it_was_seen(tables: Tables, user: str) -> None:
    image, later = an_image(), replace(SHARE, until=WEEK + timedelta(days=1))
    assert tables.refused(user, SetShare(image.id, None, SHARE))
    tables.commit(user, InsertImage(image))

    assert tables.refused(user, SetShare(image.id, SHARE, None))
    tables.commit(user, SetShare(image.id, None, SHARE))
    assert tables.images.get(user, image.id) == replace(image, share=SHARE)
    assert tables.refused(user, SetShare(image.id, None, SHARE))
    assert tables.refused(user, SetShare(image.id, replace(SHARE, number=2), None))
    assert tables.refused(user, SetShare(image.id, later, None))

    tables.commit(user, SetShare(image.id, SHARE, later))
    assert tables.refused(user, SetShare(image.id, SHARE, None))
    tables.commit(user, SetShare(image.id, later, None))
    assert tables.images.get(user, image.id) == image


def test_a_picture_is_removed_only_with_the_link_that_it_has(tables: Tables, user: str) -> None:
    image = an_image()
    tables.commit(user, InsertImage(image))
    tables.commit(user, SetShare(image.id, None, SHARE))

    assert tables.refused(user, RemoveImage(image.id, None))
    tables.commit(user, RemoveImage(image.id, SHARE))
    assert tables.images.get(user, image.id) is None


def test_what_may_be_shared_comes_page_by_page_the_newest_first_and_each_once(
    tables: Tables, user: str, somebody_else: str
) -> None:
    images = [an_image(number) for number in range(5)]
    for image in images:
        tables.commit(user, begun(image))
    tables.commit(user, begun(images[2], number=2))
    tables.commit(user, BeginDeletion(Deletion.now(DeletionKind.IMAGE, images[0].id, NOW)))
    tables.commit(somebody_else, begun(an_image(9)))

    first = tables.shares.page(user, None, 3)
    second = tables.shares.page(user, first[-1], 3)

    assert [*first, *second] == [image.id for image in reversed(images)]
    assert list(tables.shares.page(user, images[0].id, 3)) == []

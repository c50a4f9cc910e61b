"""A link shows one picture until it ends, is taken back, or the picture goes; whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from tests.support.bundle import BYTES, COPY_TIME, USER, Bundle, Killed, die
from tests.support.doubles import NOW, PlainShareTokens
from tests.support.in_memory import InMemoryEventLog
from tests.support.interrupted import before, behind

from afterimage.domain import quota
from afterimage.domain.errors import AccountDeleted, NotFound, ShareLimit
from afterimage.domain.images import Image
from afterimage.domain.limits import MOST_SHARED_A_DAY
from afterimage.domain.messages import Message
from afterimage.domain.shares import SharedPicture, name_of, shared_key
from afterimage.use_cases.read_shares import ReadShares

WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)


def image_of(bundle: Bundle, message: Message) -> Image:
    return bundle.tables.rows.images[USER, message.job_id or ""]


def name(message: Message, number: int = 1) -> str:
    return name_of(PlainShareTokens().token(USER, message.job_id or "", number))


def shown(bundle: Bundle, message: Message, number: int = 1) -> SharedPicture | None:
    """What whoever has a link is shown."""
    return bundle.shares.get(name(message, number))


def copies(bundle: Bundle) -> set[str]:
    return {key for key in bundle.pictures.files if key.startswith("shared/")}


def left(bundle: Bundle) -> tuple[object, ...]:
    """Everything that there is of links."""
    rows = bundle.tables.rows
    deletions = [entry for _, entry in rows.deletions if entry.startswith("deletion#share#")]
    return rows.shares, copies(bundle), deletions


NOTHING: tuple[object, ...] = ({}, set(), [])


def let_pass(bundle: Bundle, time: timedelta) -> None:
    bundle.clock.advance(seconds=time.total_seconds())
    bundle.sweep()


# --- Sharing -------------------------------------------------------------------------------------


def test_a_shared_picture_is_copied_shown_and_told(bundle: Bundle) -> None:
    message = bundle.painted()
    told = len(bundle.posted())

    shared = bundle.share(message.job_id or "")

    picture = shown(bundle, message)
    assert picture is not None
    assert (picture.until, picture.prompt) == (NOW + WEEK, None)
    assert copies(bundle) == {shared_key(name(message))}
    assert bundle.pictures.tags[shared_key(name(message))] == (f"shared {USER} {message.job_id} 1",)
    assert bundle.posted()[told:] == ["image-update", "message-update complete"]
    assert image_of(bundle, message) == shared
    [slot] = bundle.now(message).slots
    assert slot.image is not None
    assert slot.image.share == shared.share


def test_asked_again_it_is_the_same_link_and_shows_what_was_asked_last(bundle: Bundle) -> None:
    message = bundle.painted()
    bundle.share(message.job_id or "", days=1)
    bundle.clock.advance(hours=20)

    shared = bundle.share(message.job_id or "", days=30, prompt=True)

    picture = shown(bundle, message)
    assert picture is not None
    assert shared.share is not None
    assert (shared.share.number, picture.prompt) == (1, image_of(bundle, message).prompt)
    let_pass(bundle, timedelta(days=29))
    assert shown(bundle, message) == picture
    bundle.share(message.job_id or "")
    assert shown(bundle, message) == replace(picture, until=bundle.clock.now() + WEEK, prompt=None)


def test_a_day_has_so_many_links_and_what_is_there_lasts_longer_all_the_same(
    bundle: Bundle,
) -> None:
    """Whoever shares and takes back in a loop has the edge forget each of them, which costs."""
    picture = bundle.painted().job_id or ""
    for _ in range(MOST_SHARED_A_DAY - 1):
        bundle.share(picture)
        bundle.take_back(picture)
    bundle.share(picture)
    bundle.share(picture, days=30)
    bundle.take_back(picture)

    with pytest.raises(ShareLimit) as refusal:
        bundle.share(picture)
    assert refusal.value.retry_after == quota.seconds_to_reset(bundle.clock.now())

    bundle.clock.advance(days=1)
    assert bundle.share(picture).share is not None


def test_its_time_ends_it(bundle: Bundle) -> None:
    message = bundle.painted()
    bundle.share(message.job_id or "")

    let_pass(bundle, WEEK - MINUTE)
    assert shown(bundle, message) is not None
    told = len(bundle.posted())
    let_pass(bundle, MINUTE)

    assert left(bundle) == NOTHING
    assert image_of(bundle, message).share is None
    assert bundle.posted()[told:] == ["image-update", "message-update complete"]
    assert f"#shared {USER} {message.job_id} 1" in bundle.edge.forgotten()


def test_what_is_shared_after_it_ended_is_another_link(bundle: Bundle) -> None:
    message = bundle.painted()
    bundle.share(message.job_id or "")
    bundle.clock.advance(days=7)  # and the keeper has not looked yet

    bundle.share(message.job_id or "")

    assert shown(bundle, message) is None
    assert shown(bundle, message, 2) is not None
    bundle.sweep()
    assert copies(bundle) == {shared_key(name(message, 2))}
    assert image_of(bundle, message).share is not None


# --- Taking back ---------------------------------------------------------------------------------


def test_what_is_over_is_not_listed_also_where_no_keeper_has_come(bundle: Bundle) -> None:
    image = bundle.painted().job_id or ""
    rows = InMemoryEventLog(bundle.tables)
    shares = ReadShares(bundle.shares, rows, bundle.clock)
    bundle.share(image, days=1)
    assert [one.id for one in shares(USER, 10, None).rows] == [image]

    bundle.clock.advance(days=1)

    assert list(shares(USER, 10, None).rows) == []


def test_a_picture_whose_file_is_gone_is_not_shared(bundle: Bundle) -> None:
    message = bundle.painted()
    del bundle.pictures.files[image_of(bundle, message).key]

    with pytest.raises(NotFound):
        bundle.share(message.job_id or "")

    assert (shown(bundle, message), image_of(bundle, message).share) == (None, None)


def test_taken_back_nobody_sees_it_at_once_and_the_copy_goes_soon(bundle: Bundle) -> None:
    message = bundle.painted()
    bundle.share(message.job_id or "")
    told = len(bundle.posted())

    bundle.take_back(message.job_id or "")

    assert shown(bundle, message) is None
    assert bundle.posted()[told:] == ["image-update", "message-update complete"]
    bundle.keep()
    assert left(bundle) == NOTHING
    assert f"#shared {USER} {message.job_id} 1" in bundle.edge.forgotten()
    bundle.take_back(message.job_id or "")
    bundle.share(message.job_id or "")
    assert shown(bundle, message, 2) is not None


def test_a_brought_picture_is_shared_and_taken_back(bundle: Bundle) -> None:
    image = bundle.upload().image

    bundle.share(image.id, prompt=True)
    [picture] = bundle.tables.rows.shares.values()
    bundle.take_back(image.id)
    bundle.keep()

    assert picture.prompt is None  # it has none
    assert left(bundle) == NOTHING


@pytest.mark.parametrize("what", ["image", "chat", "account"])
def test_what_is_deleted_takes_its_links_along(bundle: Bundle, what: str) -> None:
    message = bundle.painted()
    bundle.share(message.job_id or "")

    bundle.delete(what, message)
    if what == "image":
        assert shown(bundle, message) is None  # with the answer, before anything is finished
    bundle.keep()

    assert left(bundle) == NOTHING
    assert f"#shared {USER} {message.job_id} 1" in bundle.edge.forgotten()
    with pytest.raises((NotFound, AccountDeleted)):
        bundle.share(message.job_id or "")


@pytest.mark.parametrize("what", ["chat", "account"])
def test_an_edge_that_is_busy_is_told_later(bundle: Bundle, what: str) -> None:
    message = bundle.painted()
    bundle.share(message.job_id or "")
    bundle.delete(what, message)
    bundle.edge.busy = 1

    bundle.keep()
    assert bundle.tables.rows.shares == {}
    assert f"#shared {USER} {message.job_id} 1" not in bundle.edge.forgotten()
    bundle.sweep()

    assert left(bundle) == NOTHING
    assert f"#shared {USER} {message.job_id} 1" in bundle.edge.forgotten()


# --- Races ---------------------------------------------------------------------------------------


def test_of_two_at_once_one_is_shared_and_nothing_is_left_of_the_other(bundle: Bundle) -> None:
    message = bundle.painted()
    quicker: list[Image] = []
    share = partial(bundle.share, message.job_id or "", days=3)
    before(bundle.pictures, "share", lambda: quicker.append(share()))

    slower = bundle.share(message.job_id or "", days=5)

    assert slower.share is not None
    assert quicker[0].share is not None
    assert slower.share.number == quicker[0].share.number
    assert len(bundle.tables.rows.shares) == 1
    let_pass(bundle, COPY_TIME)
    assert copies(bundle) == {shared_key(name(message, slower.share.number))}


@pytest.mark.parametrize("what", ["image", "chat", "account"])
def test_a_picture_that_is_deleted_while_it_is_shared_is_not(bundle: Bundle, what: str) -> None:
    message = bundle.painted()
    behind(bundle.pictures, "share", lambda: bundle.delete(what, message))

    with pytest.raises((NotFound, AccountDeleted)):
        bundle.share(message.job_id or "")

    bundle.keep()
    let_pass(bundle, COPY_TIME)
    assert left(bundle) == NOTHING


@pytest.mark.parametrize("what", ["chat", "account"])
def test_a_copy_that_comes_behind_the_deletion_is_found(bundle: Bundle, what: str) -> None:
    message = bundle.painted()

    def meanwhile(source: str, copy: str, tag: str) -> bool:
        bundle.delete(what, message)
        bundle.keep()
        bundle.pictures.files[copy] = BYTES
        return True

    bundle.pictures.share = meanwhile  # type: ignore[method-assign]
    with pytest.raises((NotFound, AccountDeleted)):
        bundle.share(message.job_id or "")

    let_pass(bundle, COPY_TIME)
    assert left(bundle) == NOTHING


def test_a_link_that_was_made_to_last_longer_outlives_its_first_end(bundle: Bundle) -> None:
    """The keeper has read that it is due, and is slower."""
    message = bundle.painted()
    bundle.share(message.job_id or "", days=1)
    [due] = [d for d in bundle.tables.rows.deletions.values() if d.kind.value == "share"]
    bundle.share(message.job_id or "", days=2)
    bundle.clock.advance(days=1)

    bundle.deletions.begin(USER, due)
    bundle.sweep()

    assert shown(bundle, message) is not None
    assert copies(bundle) == {shared_key(name(message))}


# --- Crashes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", [before, behind])
def test_what_died_while_it_shared_leaves_nothing_and_can_be_asked_again(
    bundle: Bundle, when: Callable[..., None]
) -> None:
    """Right before the copy, and right behind it."""
    message = bundle.painted()
    when(bundle.pictures, "share", die)
    with pytest.raises(Killed):
        bundle.share(message.job_id or "")

    assert shown(bundle, message) is None
    again = bundle.share(message.job_id or "")
    let_pass(bundle, COPY_TIME)

    assert again.share is not None
    assert again.share.number == 2
    assert copies(bundle) == {shared_key(name(message, 2))}
    assert shown(bundle, message, 2) is not None


def test_a_keeper_that_dies_is_followed_by_another(bundle: Bundle) -> None:
    message = bundle.painted()
    bundle.share(message.job_id or "")
    bundle.take_back(message.job_id or "")
    asked, bundle.keeper.started = bundle.keeper.started, []

    assert shown(bundle, message) is None
    assert copies(bundle)
    bundle.sweep()

    assert asked == [(USER, f"deletion#share#{message.job_id}.1")]
    assert left(bundle) == NOTHING


def test_who_is_so_slow_that_the_keeper_has_ended_its_claim_begins_again(bundle: Bundle) -> None:
    message = bundle.painted()
    behind(bundle.pictures, "share", lambda: let_pass(bundle, COPY_TIME))

    shared = bundle.share(message.job_id or "")

    assert shared.share is not None
    assert shared.share.number == 2
    assert copies(bundle) == {shared_key(name(message, 2))}
    assert list(bundle.tables.rows.shares) == [name(message, 2)]

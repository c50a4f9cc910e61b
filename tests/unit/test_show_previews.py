"""Previews: one after another, the newest draft only, nothing behind the picture, at no cost."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from tests.support.builders import (
    a_message,
    a_ulid,
)
from tests.support.bundle import Bundle
from tests.support.doubles import NOW
from tests.unit.conftest import USER

from afterimage.domain.channels import Channel
from afterimage.domain.errors import NoImage
from afterimage.domain.messages import Role, Status
from afterimage.use_cases.show_previews import ShowPreviews

MESSAGE = a_message(0, role=Role.ASSISTANT, status=Status.GENERATING, version=2)
PICTURE = a_ulid(7)
NEVER, AT_ONCE = timedelta(minutes=5), timedelta(0)
SECONDS = 10  # a test that waits longer has failed


@dataclass
class Stage:
    """One picture's previews, with one tab connected when painting began."""

    bundle: Bundle
    previews: ShowPreviews
    work: list[Future[None]] = field(default_factory=list)

    def shown(self, connection: str = "tab") -> list[bytes]:
        """What one connection saw."""
        urls = [frame["payload"]["preview"] for frame in self.bundle.push.to(connection)]
        return [b64decode(url.partition(",")[2]) for url in urls]

    def glimpse(self, data: bytes = b"the picture") -> None:
        self.previews.glimpse(self.bundle.studio.decode(data))

    def settle(self) -> None:
        wait(self.previews.end().values(), SECONDS)
        wait(self.work, SECONDS)


@pytest.fixture
def between_drafts() -> timedelta:
    return AT_ONCE


@pytest.fixture
def stage(bundle: Bundle, between_drafts: timedelta) -> Iterator[Stage]:
    known: Future[Channel] = Future()
    known.set_result(bundle.tables.read(USER))
    work: list[Future[None]] = []

    def begin(task: Any) -> None:
        work.append(bundle.threads.submit(task))

    picture = bundle.channel, bundle.studio, USER, MESSAGE, PICTURE, known, begin
    previews = ShowPreviews(*picture, bundle.log, bundle.metrics, between_drafts)
    stage = Stage(bundle, previews, work)
    yield stage
    stage.settle()


def once_shown(stage: Stage, number: int = 1) -> Event:
    """Set when the tab has been posted so many previews."""
    event, posts = Event(), []

    def meanwhile(*post: Any) -> None:
        posts.append(post)
        if len(posts) == number:
            event.set()

    stage.bundle.push.meanwhile = meanwhile
    return event


def test_a_draft_is_shown(stage: Stage) -> None:
    shown = once_shown(stage)

    stage.previews.draft(b"one")

    assert shown.wait(SECONDS)
    stage.settle()
    assert stage.shown() == [b"one"]


def test_drafts_are_shown_in_their_order(stage: Stage) -> None:
    for number in (1, 2, 3):
        shown = once_shown(stage)
        stage.previews.draft(b"%d" % number)
        assert shown.wait(SECONDS)
    stage.settle()

    assert stage.shown() == [b"1", b"2", b"3"]


@pytest.mark.parametrize("between_drafts", [NEVER])
def test_of_drafts_that_come_too_fast_the_picture_is_the_next_to_be_shown(stage: Stage) -> None:
    shown = once_shown(stage)
    stage.previews.draft(b"first")
    assert shown.wait(SECONDS)

    for number in range(1000):
        stage.previews.draft(b"%d" % number)
    stage.glimpse()
    stage.settle()

    assert stage.shown() == [b"first", b"the picture"]
    assert len(stage.work) == 1


@pytest.mark.parametrize("between_drafts", [timedelta(seconds=0.05)])
def test_the_newest_of_drafts_that_came_meanwhile_is_shown(stage: Stage) -> None:
    first, second = once_shown(stage, 1), None
    stage.previews.draft(b"first")
    assert first.wait(SECONDS)
    second = once_shown(stage, 1)

    with stage.previews._changed:  # as fast as can be
        for number in (1, 2, 3):
            stage.previews.draft(b"%d" % number)

    assert second.wait(SECONDS)
    stage.settle()
    assert stage.shown() == [b"first", b"3"]


def test_no_draft_follows_the_picture(stage: Stage) -> None:
    stage.glimpse()

    stage.previews.draft(b"late")
    stage.settle()

    assert stage.shown() == [b"the picture"]
    assert stage.work == []


def test_a_draft_that_is_still_being_decoded_when_the_picture_comes_is_dropped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoding, go_on = Event(), Event()
    decode = stage.bundle.studio.decode

    def slow(data: bytes) -> Any:
        if data == b"a draft":
            decoding.set()
            assert go_on.wait(SECONDS)
        return decode(data)

    monkeypatch.setattr(stage.bundle.studio, "decode", slow)
    stage.previews.draft(b"a draft")
    assert decoding.wait(SECONDS)

    stage.glimpse()
    go_on.set()
    stage.settle()

    assert stage.shown() == [b"the picture"]


def test_a_connection_gets_the_picture_behind_a_draft_it_takes_slowly(stage: Stage) -> None:
    taking, go_on = Event(), Event()

    def meanwhile(*_: Any) -> None:
        if not taking.is_set():
            taking.set()
            assert go_on.wait(SECONDS)

    stage.bundle.push.meanwhile = meanwhile
    stage.previews.draft(b"a draft")
    assert taking.wait(SECONDS)

    stage.glimpse()
    go_on.set()
    stage.settle()

    assert stage.shown() == [b"a draft", b"the picture"]


def test_a_draft_that_is_no_picture_is_skipped(stage: Stage) -> None:
    stage.bundle.studio.unreadable.add(b"evil")
    shown = once_shown(stage)
    stage.previews.draft(b"evil")
    wait(stage.work, SECONDS)

    stage.previews.draft(b"good")

    assert shown.wait(SECONDS)
    stage.settle()
    assert stage.shown() == [b"good"]
    assert "image_generate_draft_unreadable" in stage.bundle.log.events()


@pytest.mark.parametrize("trouble", [MemoryError("pixels"), NoImage("none")])
def test_a_studio_that_fails_costs_nothing(stage: Stage, trouble: Exception) -> None:
    stage.bundle.studio.fails = trouble

    stage.previews.draft(b"one")
    wait(stage.work, SECONDS)

    assert [future.exception() for future in stage.work] == [None]


def test_drafts_reach_who_is_connected_by_then(stage: Stage) -> None:
    stage.bundle.tables.register(USER, "phone", NOW)
    shown = once_shown(stage, 2)

    stage.previews.draft(b"one")

    assert shown.wait(SECONDS)
    stage.settle()
    assert stage.shown("phone") == [b"one"]


def test_newcomers_get_the_glimpse_once(stage: Stage) -> None:
    stage.bundle.tables.register(USER, "phone", NOW)

    stage.glimpse()
    stage.previews.glimpse_for_newcomers(stage.bundle.tables.read(USER))
    stage.settle()

    assert stage.shown("tab") == [b"the picture"]
    assert stage.shown("phone") == [b"the picture"]


def test_nobody_waits_for_a_read_that_is_slow(bundle: Bundle, stage: Stage) -> None:
    unknown: Future[Channel] = Future()
    picture = bundle.channel, bundle.studio, USER, MESSAGE, PICTURE, unknown, lambda _: None
    previews = ShowPreviews(*picture, bundle.log, bundle.metrics)

    previews.glimpse(stage.bundle.studio.decode(b"the picture"))

    assert previews.begun() == {}
    previews.glimpse_for_newcomers(stage.bundle.tables.read(USER))
    wait(previews.end().values(), SECONDS)
    assert stage.shown() == [b"the picture"]


def test_no_post_begins_after_the_end(stage: Stage) -> None:
    """Nobody would wait for it; where the function is frozen meanwhile, it would come too late."""
    stage.bundle.tables.register(USER, "phone", NOW)
    stage.glimpse()

    stage.previews.end()
    stage.previews.glimpse_for_newcomers(stage.bundle.tables.read(USER))
    stage.settle()

    assert stage.shown("tab") == [b"the picture"]
    assert stage.shown("phone") == []


def test_a_preview_that_cannot_be_made_costs_nothing(stage: Stage) -> None:
    stage.bundle.studio.preview_fails = True

    stage.glimpse()
    stage.previews.glimpse_for_newcomers(stage.bundle.tables.read(USER))
    stage.settle()

    assert stage.shown() == []
    assert "image_generate_preview_failed" in stage.bundle.log.events()

"""Words while they are written: to every tab, in order, at no cost, and not for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Event
from time import sleep
from typing import Any

import pytest
from tests.support.builders import a_message
from tests.support.bundle import Bundle
from tests.support.doubles import NOW
from tests.unit.conftest import USER

from afterimage.domain.messages import Role, Status
from afterimage.domain.metrics import Metric
from afterimage.use_cases.show_words import ShowWords

MESSAGE = a_message(0, role=Role.ASSISTANT, status=Status.THINKING, text="", version=1)
NEVER, AT_ONCE = timedelta(minutes=5), timedelta(milliseconds=1)
SECONDS = 10  # a test that waits longer has failed


@dataclass
class Stage:
    """One answer's words, with one tab connected when it was asked for."""

    bundle: Bundle
    words: ShowWords

    def add(self, text: str, to: str = "tab") -> None:
        """Words, a second after those before; waits until this connection has them all."""
        self.bundle.clock.advance(seconds=1)
        self.words.add(text)
        self.wait_for_all(to)

    def wait_for_all(self, connection: str) -> None:
        for _ in range(1000):
            offset, text = (self.shown(connection) or [(0, "")])[-1]
            if offset + len(text) == len(self.words.text):
                break
            sleep(SECONDS / 1000)
            self.bundle.clock.advance(seconds=0.01)  # it may have had a post just now
        else:
            pytest.fail(f"{connection} has not been posted all")
        self.words._frames.begun()[connection].result(SECONDS)

    def shown(self, connection: str = "tab") -> list[tuple[int, str]]:
        """Offset and text of each frame that one connection got."""
        payloads = [frame["payload"] for frame in self.bundle.push.to(connection)]
        return [(payload["offset"], payload["text"]) for payload in payloads]


@pytest.fixture
def between_looks() -> timedelta:
    return NEVER


@pytest.fixture
def stage(bundle: Bundle, between_looks: timedelta) -> Iterator[Stage]:
    bundle.tables.rows.messages[USER, MESSAGE.chat_id, MESSAGE.id] = MESSAGE
    answer = bundle.channel, bundle.messages, USER, MESSAGE, ["tab"], bundle.threads.submit
    seen = bundle.clock, bundle.log, bundle.metrics
    with ShowWords(*answer, *seen, between_looks) as words:
        yield Stage(bundle, words)


def test_the_first_words_are_posted_at_once(stage: Stage) -> None:
    stage.add("Once")

    (frame,) = stage.bundle.push.to("tab")
    assert frame == {
        "type": "broadcast",
        "event": "message-delta",
        "seq": None,
        "payload": {
            "chat_id": MESSAGE.chat_id,
            "message_id": MESSAGE.id,
            "version": 1,
            "offset": 0,
            "text": "Once",
        },
    }
    assert stage.bundle.metrics.of(Metric.WORDS_TIME) == [1000]


def test_what_follows_is_posted_as_soon_as_there_is_enough_of_it(stage: Stage) -> None:
    stage.add("Once")
    stage.words.add(" upon")  # too little

    stage.bundle.clock.advance(seconds=-0.5)  # less than a second since the whole was posted
    stage.add("x" * 200)

    assert stage.shown() == [(0, "Once"), (4, " upon" + "x" * 200)]
    assert stage.words.text == "Once upon" + "x" * 200


def test_a_tab_that_takes_its_time_delays_no_other(stage: Stage) -> None:
    stage.bundle.tables.register(USER, "phone", NOW)
    stage.words._look_who_is_there()
    stuck, go_on = Event(), Event()

    def meanwhile(connection: str, _: list[str]) -> None:
        if connection == "phone" and not stuck.is_set():
            stuck.set()
            assert go_on.wait(SECONDS)

    stage.bundle.push.meanwhile = meanwhile
    stage.words.add("Once")
    assert stuck.wait(SECONDS)
    for piece in ("x" * 200, "y" * 200):
        stage.add(piece)
    assert stage.shown()[-1][1].endswith("y" * 200)
    assert stage.shown("phone") == []

    go_on.set()
    stage.wait_for_all("phone")
    stage.add("z" * 200, to="phone")

    assert stage.shown("phone")[0] == (0, "Once")
    assert stage.shown("phone")[-1] == (0, stage.words.text)


@pytest.mark.parametrize("between_looks", [AT_ONCE])
def test_who_connects_meanwhile_gets_the_whole(stage: Stage) -> None:
    stage.add("Once")

    stage.bundle.tables.register(USER, "phone", NOW)
    stage.add("x" * 200, to="phone")

    offset, text = stage.shown("phone")[0]
    assert (offset, text[:4]) == (0, "Once")


def test_nothing_is_posted_behind_the_end(stage: Stage) -> None:
    stage.add("Once")

    stage.words.end()
    stage.words.add("x" * 500)
    stage.bundle.clock.advance(minutes=1)

    assert stage.shown() == [(0, "Once")]
    assert stage.words.text == "Once" + "x" * 500, "what was read is kept"


def test_the_end_tells_the_post_that_is_under_way(stage: Stage) -> None:
    stuck, go_on = Event(), Event()

    def meanwhile(*_: Any) -> None:
        stuck.set()
        assert go_on.wait(SECONDS)

    stage.bundle.push.meanwhile = meanwhile
    stage.words.add("Once")
    assert stuck.wait(SECONDS)

    (post,) = stage.words.end().values()

    assert not post.done()
    go_on.set()


@pytest.mark.parametrize("between_looks", [AT_ONCE])
@pytest.mark.parametrize("is_deleted", [True, False])
def test_an_answer_that_is_no_longer_as_it_was_is_unwanted(stage: Stage, is_deleted: bool) -> None:
    stage.add("Once")
    assert not stage.words.unwanted.done()

    key = USER, MESSAGE.chat_id, MESSAGE.id
    if is_deleted:
        del stage.bundle.tables.rows.messages[key]
    else:
        stage.bundle.tables.rows.messages[key] = MESSAGE.cancelled()

    stage.words.unwanted.result(SECONDS)
    stage.words.add("x" * 500)
    assert stage.shown() == [(0, "Once")]


@pytest.mark.parametrize("between_looks", [AT_ONCE])
def test_a_look_that_fails_costs_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    failed, looks = Event(), list[str]()

    def fail(user_id: str) -> Any:
        looks.append(user_id)
        if len(looks) == 2:  # what became of the first is known
            failed.set()
        raise OSError("no network")

    monkeypatch.setattr(stage.bundle.channel, "read", fail)
    assert failed.wait(SECONDS)

    stage.add("Once")

    assert stage.shown() == [(0, "Once")]
    assert "llm_handler_words_failed" in stage.bundle.log.events()


def test_an_answer_tried_again_is_no_part_of_the_figure(bundle: Bundle) -> None:
    again = replace(MESSAGE, tries=2)
    answer = bundle.channel, bundle.messages, USER, again, (), bundle.threads.submit
    with ShowWords(*answer, bundle.clock, bundle.log, bundle.metrics) as words:
        words.add("Once")

    assert bundle.metrics.of(Metric.WORDS_TIME) == []

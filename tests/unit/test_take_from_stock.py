"""Questions that were expected: the picture is there, and no model is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.answering import Take
from tests.support.builders import CHAT, an_image
from tests.support.bundle import DAY, Bundle, Killed, die, new_of
from tests.support.bundle import FOX as WISH
from tests.support.bundle import LIMITS as USUAL
from tests.support.costs import IMAGE_MODEL
from tests.support.doubles import (
    NOW,
)
from tests.support.in_memory_stock import InMemoryStock, InMemoryStockFiles
from tests.unit.conftest import USER

from afterimage.domain import ids
from afterimage.domain.conversation import turns
from afterimage.domain.errors import Busy, IdReused, MessageLimit
from afterimage.domain.jobs import JobStatus
from afterimage.domain.messages import MessageType, Status
from afterimage.domain.metrics import Metric
from afterimage.domain.stock import SAMPLE, StockPicture, StockStatus, ready_name
from afterimage.domain.suggestions import Suggestion, Suggestions
from afterimage.use_cases.answer_message import Answer
from afterimage.use_cases.choose_painter import ChoosePainter
from afterimage.use_cases.open_question import OpenQuestion

FOX = Suggestion(text="A fox in the snow", aspect_ratio="3:2")
SETTING = Suggestions(suggestions=(FOX,), stock_size=3, pictures_a_day=9)
LIMITS = replace(USUAL, daily_images=3, daily_messages=4, open_messages=2)


class Stocked(Bundle):
    """A bundle whose stock has one picture of the suggestion."""

    def take(self, opening: OpenQuestion, painters: ChoosePainter, /) -> Take:
        self.setting: Suggestions | None = SETTING
        self.stock, self.files = InMemoryStock(self.tables), InMemoryStockFiles(self.pictures)
        return self.take_from(
            self.stock, self.files, lambda: self.setting, opening, painters, LIMITS
        )

    def ask(self, number: int = 0, **changed: Any) -> Answer:
        return super().ask(number, **({"text": FOX.text} | changed))

    def asks_a_model(self, **changed: Any) -> bool:
        """Whether the question goes the usual way, and the stock stays as it is."""
        self.text.script.append(WISH)
        before = dict(self.tables.rows.stock)
        answer = self.ask(**changed)
        is_usual = answer.assistant.status is Status.GENERATING
        assert is_usual == (self.tables.rows.stock == before)
        return is_usual

    def put(
        self, number: int, name: str = "", model: str = IMAGE_MODEL, **of_image: Any
    ) -> StockPicture:
        nobodys = {"message_id": None, "chat_id": None, "prompt": FOX.text}
        image = an_image(number, **{**nobodys, **of_image})
        folder = ids.stock_folder(FOX.id, image.id)
        for key in ids.files_in(folder):
            self.pictures.files[key] = f"{number} {key.rpartition('/')[2]}".encode()
        name = name or ready_name(image.id)
        picture = StockPicture(FOX.id, name, image, model, 33_600_000)
        self.tables.rows.stock[FOX.id, name] = picture
        return picture

    def statuses(self) -> list[StockStatus]:
        return [one.status for one in self.tables.rows.stock.values() if not one.is_sample]


@pytest.fixture
def bundle(threads: Executor) -> Stocked:
    made = new_of(Stocked, threads, limits=LIMITS)
    made.put(0, SAMPLE)
    made.put(1)
    return made


# --- What is handed over -------------------------------------------------------------------------


def test_both_messages_and_the_picture_are_there_at_once(bundle: Stocked) -> None:
    answer = bundle.ask(suggestion_id=FOX.id)

    assistant = answer.assistant
    assert [(frame["event"], frame["seq"]) for frame in bundle.push.to("tab")] == [
        ("message-insert", 1),
        ("message-insert", 2),
        ("image-insert", 3),
    ]
    assert (assistant.status, assistant.type) == (Status.COMPLETE, MessageType.IMAGE)
    assert (assistant.version, assistant.tries, assistant.deadline) == (1, 1, None)
    assert (assistant.prompt, assistant.aspect_ratio) == (FOX.text, "3:2")
    assert bundle.tables.rows.messages[USER, CHAT, assistant.id] == assistant
    image = assistant.image
    assert image is not None
    assert bundle.tables.rows.images[USER, image.id] == image
    assert (image.id, image.message_id, image.chat_id) == (
        assistant.slots[0].id,
        assistant.id,
        CHAT,
    )
    assert "reply" not in bundle.text.journal
    assert bundle.tables.read(USER).open_messages == 0


@pytest.mark.parametrize(
    ("width", "names"),
    [(1024, ("original", "full.webp", "thumbnail.webp")), (2048, ids.IMAGE_FILES)],
)
def test_the_files_are_the_users_own(bundle: Stocked, width: int, names: Sequence[str]) -> None:
    bundle.put(1, width=width)

    image = bundle.ask().assistant.image

    assert image is not None
    keys = ids.image_keys(USER, image.id)
    own = ids.picture_folder(USER, image.id)
    copied = {key: data for key, data in bundle.pictures.files.items() if key in keys}
    assert copied == {f"{own}{name}": f"1 {name}".encode() for name in names}
    assert (image.key, image.thumbnail_key) == (keys[1], keys[2])
    tags = (f"picture {USER} {image.id}", f"chat {USER} {CHAT}", f"user {USER}")
    assert set(bundle.files.copied.values()) == {tags}


def test_it_counts_as_a_message_and_a_picture_and_as_no_call(bundle: Stocked) -> None:
    answer = bundle.ask()

    used = bundle.ledger.used(USER, DAY)
    assert (used.messages, used.images, used.image_calls, used.text_calls) == (1, 1, 0, 0)
    (job,) = bundle.tables.rows.jobs.values()
    assert (job.status, job.price_usd, job.model) == (JobStatus.SUCCEEDED, "0.0336", IMAGE_MODEL)
    assert job.id == answer.assistant.slots[0].id
    assert bundle.statuses() == [StockStatus.SPENT]
    assert bundle.metrics.counts("Ended", "Success") == {"EndedComplete": 1, "Success": 100}


def test_a_later_question_knows_what_was_painted(bundle: Stocked) -> None:
    answer = bundle.ask()

    asked, called = turns([answer.user, answer.assistant])[:2]
    assert asked.role == "user"
    assert called.parts[0]["functionCall"] == {
        "name": "generate_image",
        "args": {"prompt": FOX.text, "aspect_ratio": "3:2"},
    }


# --- Who gets it ---------------------------------------------------------------------------------


def test_nobody_gets_the_same_picture_twice(bundle: Stocked) -> None:
    bundle.put(2)
    users = ["bob", "carol"]
    for user in users:
        bundle.ask(user_id=user)

    assert bundle.asks_a_model()
    got = {bundle.pictures.files[image.key] for image in bundle.tables.rows.images.values()}
    assert got == {b"1 full.webp", b"2 full.webp"}


@pytest.mark.parametrize(
    "otherwise",
    [
        {"text": "A fox"},
        {"text": "A fox", "suggestion_id": FOX.id},
        {"aspect_ratio": "1:1"},
        {"count": 2},
    ],
)
def test_a_question_that_wishes_for_something_else_goes_the_usual_way(
    bundle: Stocked, otherwise: dict[str, Any]
) -> None:
    assert bundle.asks_a_model(**otherwise)


@pytest.mark.parametrize(
    "the_same",
    [
        {"text": " a FOX in the snow"},
        {"text": "a fox in the snow", "suggestion_id": "f" * 16},
        {"aspect_ratio": "3:2"},
        {"count": 1},
        {"paint": True},
        {"image_size": "1K"},
    ],
)
def test_the_same_wish_in_other_letters_is_the_same(
    bundle: Stocked, the_same: dict[str, Any]
) -> None:
    assert not bundle.asks_a_model(**the_same)


def test_who_chooses_a_model_gets_none_of_another(bundle: Stocked) -> None:
    bundle.tables.rows.stock.clear()
    bundle.put(1, model="an-older-model")

    assert bundle.asks_a_model(image_size="1K")
    assert not bundle.asks_a_model(number=1, chat_id="another")


def test_only_a_chats_first_question_is_answered_so(bundle: Stocked) -> None:
    bundle.text.script.append(WISH)
    bundle.ask(number=1, text="Draw something", user_id="bob")

    assert bundle.asks_a_model(number=2, user_id="bob")
    assert bundle.statuses() == [StockStatus.READY]


@pytest.mark.parametrize("setting", [None, Suggestions()])
def test_what_is_not_suggested_any_more_is_not_handed_out(
    bundle: Stocked, setting: Suggestions | None
) -> None:
    bundle.setting = setting

    assert bundle.asks_a_model()


@pytest.mark.parametrize("counter", ["quota", "messages"])
def test_a_day_without_room_takes_nothing(bundle: Stocked, counter: str) -> None:
    bundle.tables.rows.used[USER, f"{counter}#{DAY}"] = 9
    bundle.text.script.append(WISH)
    with suppress(MessageLimit):
        assert bundle.code(bundle.ask().assistant) == "quota_exceeded"

    assert bundle.statuses() == [StockStatus.READY]


def test_what_is_asked_makes_the_stock_deeper_also_where_it_is_empty(bundle: Stocked) -> None:
    bundle.ask()
    bundle.asks_a_model(user_id="bob")

    assert bundle.stock.everything(NOW).asked == {FOX.id: 2}


# --- Again, beside one another, and in a crash ---------------------------------------------------


def test_a_repeat_gets_the_first_answer(bundle: Stocked) -> None:
    bundle.put(2)
    first = bundle.ask()

    assert bundle.ask() == first
    assert sorted(bundle.statuses()) == [StockStatus.READY, StockStatus.SPENT]
    with pytest.raises(IdReused):
        bundle.ask(text="something else")


def test_who_died_behind_the_taking_is_followed_by_a_repeat_with_the_same(bundle: Stocked) -> None:
    bundle.put(2)
    bundle.files.meanwhile = die
    with pytest.raises(Killed):
        bundle.ask()
    assert sorted(bundle.statuses()) == [StockStatus.READY, StockStatus.TAKEN]
    bundle.files.meanwhile = lambda: None

    bundle.ask()

    assert sorted(bundle.statuses()) == [StockStatus.READY, StockStatus.SPENT]


def test_while_it_is_put_back_a_repeat_waits(bundle: Stocked) -> None:
    bundle.files.meanwhile = die
    with pytest.raises(Killed):
        bundle.ask()
    (taken,) = [p for p in bundle.tables.rows.stock.values() if p.status is StockStatus.TAKEN]
    assert bundle.stock.hold(taken, NOW + timedelta(minutes=2))

    with pytest.raises(Busy):
        bundle.ask()


def failing() -> None:
    raise OSError("not copied")


def another_asked(bundle: Stocked) -> Callable[[], None]:
    """In the same chat, between the taking and the handing over."""

    def ask() -> None:
        bundle.files.meanwhile = lambda: None
        bundle.text.script.append(WISH)
        bundle.ask(number=5, text="Draw something")

    return ask


@pytest.mark.parametrize("how", ["copies fail", "the chat has begun", "put back"])
def test_what_does_not_come_about_goes_the_usual_way_and_back(bundle: Stocked, how: str) -> None:
    def put_back() -> None:
        for key, one in list(bundle.tables.rows.stock.items()):
            if one.status is StockStatus.TAKEN:
                bundle.tables.rows.stock[key] = replace(one, status=StockStatus.HELD)

    happens = {
        "copies fail": failing,
        "the chat has begun": another_asked(bundle),
        "put back": put_back,
    }
    bundle.files.meanwhile = happens[how]
    bundle.text.script.append(WISH)

    answer = bundle.ask()

    assert answer.assistant.status is Status.GENERATING
    left = [one for one in bundle.tables.rows.stock.values() if not one.is_sample]
    if how == "put back":
        assert [one.status for one in left] == [StockStatus.HELD]
    else:
        assert [(one.status, one.until) for one in left] == [(StockStatus.TAKEN, NOW)]
    assert bundle.metrics.of(Metric.DEFECTS) == ([1] if how == "copies fail" else [])


def test_open_answers_keep_nobody_from_what_is_there(bundle: Stocked) -> None:
    for number in range(LIMITS.open_messages):
        bundle.text.script.append(WISH)
        bundle.ask(number=number, text="Draw something", chat_id=f"another-{number}")

    assert bundle.ask(number=2).assistant.status is Status.COMPLETE

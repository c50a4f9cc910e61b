"""DynamoDB takes 100 items and 4 MB in a transaction: the largest of each use case, by what bounds
an answer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from tests.support.bundle import FOX, HELLO, LIMITS, USER, Bundle, new_bundle

from afterimage.adapters.dynamodb.items import Check, Put, Update, Write
from afterimage.adapters.dynamodb.tables import MessageRow
from afterimage.adapters.dynamodb.writes import writes_of
from afterimage.domain.ids import MOST_UNASKED
from afterimage.domain.limits import MOST_PICTURES, MOST_TRIES
from afterimage.domain.messages import Message
from afterimage.use_cases.answer_message import Answer

ITEMS, BYTES = 100, 4 * 1024 * 1024  # of a transaction, in AWS's "Quotas in Amazon DynamoDB"
MESSAGE, OTHER = 400 * 1024, 12 * 1024  # bytes: as large as a row may be; two prompts, at most
PICTURES = MOST_PICTURES * (1 + MOST_UNASKED)
EVERYTHING = replace(
    LIMITS, daily_images=999, daily_messages=999, image_calls=999, text_calls=999, open_messages=99
)


class Largest:
    """What the largest transaction so far had."""

    def __init__(self, bundle: Bundle) -> None:
        self.items = self.bytes = 0
        self._commit = bundle.tables.commit
        bundle.tables.commit = self  # type: ignore[method-assign, assignment]

    def __call__(self, *asked: Any) -> None:
        writes = [item.write for item in writes_of(*asked)]
        assert len(set(map(_key, writes))) == len(writes), "an item is written twice"
        self.items = max(self.items, len(writes))
        messages = sum(
            isinstance(one, Put | Update) and isinstance(one.row, MessageRow) for one in writes
        )
        self.bytes = max(self.bytes, messages * MESSAGE + (len(writes) - messages) * OTHER)
        self._commit(*asked)


def _key(write: Write) -> tuple[object, ...]:
    if isinstance(write, Check):
        return write.model, *write.key
    keys: dict[str, str] = write.row._get_keys()  # type: ignore[no-untyped-call]
    return type(write.row), *keys.values()


def four_pictures(bundle: Bundle, number: int = 0, **changed: Any) -> Answer:
    """A question with everything it can have, whose pictures are ordered."""
    bundle.text.script = [replace(FOX, count=MOST_PICTURES)]
    return bundle.ask(number, **changed)


def tried_again(bundle: Bundle, answer: Message) -> Message:
    """Each of its pictures was cancelled while it was painted, as often as it can be."""
    for _ in range(MOST_TRIES - 1):
        for place in range(MOST_PICTURES):
            bundle.claim(answer, place)
        answer = bundle.retry(bundle.cancel(bundle.now(answer)))
    return answer


def painted(bundle: Bundle, answer: Message) -> Message:
    """Each of its pictures comes, and with it as many more as are kept."""
    kinds = count()
    for place in range(MOST_PICTURES):
        bundle.painter.script = [[b"%d" % next(kinds) for _ in range(1 + MOST_UNASKED)]]
        bundle.paint(answer, place=place)
    return bundle.now(answer)


def waiting(bundle: Bundle) -> None:
    """As many pictures as may wait, each in a chat of its own."""
    for number in range(10, 10 + 2 * MOST_PICTURES):
        bundle.order(number, chat_id=f"chat-{number}")


def delete_a_question(bundle: Bundle) -> None:
    asked = four_pictures(bundle)
    answer = painted(bundle, tried_again(bundle, asked.assistant))
    assert len(answer.images) == PICTURES
    for image in answer.images:
        bundle.share(image.id)
    bundle.delete_question(asked.user)
    bundle.keep()
    bundle.sweep()
    assert not bundle.tables.rows.images
    assert not bundle.tables.rows.shares


def delete_a_version(bundle: Bundle) -> None:
    """Its keeper removes what is not told by the click."""
    asked = four_pictures(bundle)
    painted(bundle, tried_again(bundle, asked.assistant))
    bundle.clock.advance(seconds=1)
    again = four_pictures(bundle, 1, replaces=asked.user.id)
    for image in painted(bundle, tried_again(bundle, again.assistant)).images:
        bundle.share(image.id)
    bundle.delete_question(asked.user)
    assert not bundle.tables.rows.messages


def delete_what_is_painted(bundle: Bundle) -> None:
    asked = four_pictures(bundle)
    tried_again(bundle, asked.assistant)
    waiting(bundle)
    bundle.delete_question(asked.user)


def cancel_a_version(bundle: Bundle) -> None:
    """What stood before stands again, and others' turn comes."""
    bundle.text.script = [HELLO]
    first = bundle.ask(0)
    bundle.clock.advance(seconds=1)
    again = four_pictures(bundle, 1, replaces=first.user.id)
    waiting(bundle)
    bundle.cancel(bundle.now(again.assistant))


def fail_a_version(bundle: Bundle) -> None:
    bundle.text.script = [HELLO]
    first = bundle.ask(0)
    bundle.clock.advance(seconds=1)
    again = four_pictures(bundle, 1, replaces=first.user.id).assistant
    waiting(bundle)
    bundle.clock.advance(seconds=LIMITS.image_deadline.total_seconds() + 1)
    bundle.sweep()
    assert again.slots[0].id not in bundle.tables.read(USER).painting


def delete_a_chat(bundle: Bundle) -> None:
    four_pictures(bundle)
    waiting(bundle)
    bundle.delete_chat()
    bundle.keep()


def ask_with_pictures(bundle: Bundle) -> None:
    """Straight to the painter, in place of another question."""
    brought = [bundle.upload(50 + number).image.id for number in range(2)]
    bundle.text.script = [HELLO]
    first = bundle.ask(0)
    bundle.clock.advance(seconds=1)
    four_pictures(bundle, 1, replaces=first.user.id, image_ids=tuple(brought), paint=True, count=4)


def let_more_be_painted(bundle: Bundle) -> None:
    """Many wait, and their operator lets more be painted at once."""
    first = four_pictures(bundle).assistant
    then, *_ = (bundle.order(number, chat_id=f"chat-{number}") for number in range(10, 60))
    bundle.turns._at_once = 99
    bundle.cancel(bundle.now(first))
    assert len(bundle.tables.read(USER).painting) == MOST_PICTURES
    bundle.cancel(bundle.now(then))
    assert len(bundle.tables.read(USER).painting) == 2 * MOST_PICTURES - 1


@pytest.mark.parametrize(
    "use",
    [
        delete_a_question,
        delete_a_version,
        delete_what_is_painted,
        cancel_a_version,
        fail_a_version,
        delete_a_chat,
        ask_with_pictures,
        let_more_be_painted,
    ],
)
def test_no_transaction_is_larger_than_dynamodb_takes(
    threads: Executor, use: Callable[[Bundle], None]
) -> None:
    bundle = new_bundle(threads, MOST_PICTURES, EVERYTHING)
    largest = Largest(bundle)

    use(bundle)

    assert 0 < largest.items <= ITEMS
    assert largest.bytes <= BYTES

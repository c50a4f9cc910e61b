"""What moves whenever it is looked at is told as busy, and what takes too long is gone on with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.support.bundle import BYTES, HELLO, USER, Bundle
from tests.support.doubles import NOW
from tests.support.interrupted import fail, slow

from afterimage.domain.changes import ReplaceMessage
from afterimage.domain.errors import Busy
from afterimage.domain.messages import Message
from afterimage.ports.channel import ConditionsFailed

Act = Callable[[Bundle, Message], object]


def question_of(bundle: Bundle, painted: Message) -> Message:
    return bundle.tables.rows.messages[USER, painted.chat_id, painted.reply_to or ""]


def versions(bundle: Bundle) -> Message:
    """A picture, and another version of its question, which stands."""
    painted = bundle.order()
    bundle.painter.script = [BYTES]
    bundle.paint(painted)
    bundle.text.script = [HELLO]
    bundle.ask(1, replaces=painted.reply_to)
    return bundle.now(painted)


@pytest.mark.parametrize(
    "act",
    [
        lambda bundle, painted: bundle.choose(question_of(bundle, painted)),
        lambda bundle, painted: bundle.ask(2, replaces=painted.reply_to),
        lambda bundle, painted: bundle.delete_question(question_of(bundle, painted)),
        lambda bundle, painted: bundle.delete_image(painted.slots[0].id),
        lambda bundle, painted: bundle.share(painted.slots[0].id),
    ],
    ids=["a version", "a question", "a deleted question", "a deleted picture", "a link"],
)
def test_what_keeps_moving_is_told_as_busy(bundle: Bundle, act: Act) -> None:
    painted = versions(bundle)
    fail(bundle.tables, "commit", ConditionsFailed([ReplaceMessage(painted, 1)]))

    with pytest.raises(Busy):
        act(bundle, painted)


@pytest.mark.parametrize(
    ("owner", "step"),
    [("pictures", "some_keys"), ("removal", "messages"), ("removal", "remove_some")],
)
def test_an_account_of_much_is_gone_on_with_by_the_next_sweep(
    bundle: Bundle, owner: str, step: str
) -> None:
    versions(bundle)
    bundle.delete_account()
    mend = slow(getattr(bundle, owner), step, bundle.clock, 50)

    bundle.keep(seconds=50)

    assert bundle.clock.now() - NOW == timedelta(seconds=50)  # one step, and no other
    mend()
    bundle.sweep()
    rows = bundle.tables.rows
    assert (rows.messages, rows.images, bundle.pictures.files) == ({}, {}, {})
    assert [key[1] for key in rows.connections if key[0] == USER] == []

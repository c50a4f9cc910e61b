"""A line of a chat: a question, its answer, and all their versions. Exactly one pair of it stands.

    asked anew    a new pair stands from the beginning, in place of the one that stood
    chosen        a person has another pair stand
    gives way     its answer ends with nothing to show, and stands: what it displaced stands again
    comes back    words of it are there all the same, and what it gave way to still stands

The model's history is the pairs that stand. Only of a chat's last line a person changes which one
it is, so that history never changes behind later words. A pair is displaced for good: it forgets
what it had displaced itself. One that gives way does not, so that it can come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from afterimage.domain.changes import Change, ReplaceMessage
from afterimage.domain.events import Event, MessageUpdated
from afterimage.domain.messages import Message, Role


@dataclass(frozen=True)
class Pair:
    """A question with its answer."""

    question: Message
    answer: Message

    @property
    def stands(self) -> bool:
        """Whether it is the one of its line that counts."""
        return self.question.stands


# What is changed of rows, and the events that tell of it.
Told = tuple[tuple[Change, ...], tuple[Event, ...]]


def pairs_in(messages: Iterable[Message], line: str) -> list[Pair]:
    """The pairs of a line, by the questions' ids."""
    of_line = [message for message in messages if message.line == line]
    answers = {message.reply_to: message for message in of_line if message.role is not Role.USER}
    return [
        Pair(message, answers[message.id])
        for message in sorted(of_line, key=lambda message: message.id)
        if message.role is Role.USER and message.id in answers
    ]


def standing(pairs: Sequence[Pair]) -> Pair | None:
    """The pair that stands; None of a line that is being deleted."""
    return next((pair for pair in pairs if pair.stands), None)


def made_to_stand(pair: Pair, instead_of: str | None = None) -> tuple[Told, Pair]:
    """The pair stands from now on.

    Args:
        instead_of: the question of the pair that it displaces; None where it stands again.
    """
    stands = Pair(
        pair.question.placed(stands=True), pair.answer.placed(stands=True, stood_before=instead_of)
    )
    return _told(pair, stands), stands


def displaced(pair: Pair) -> Told:
    """The pair does not stand any more."""
    return _told(pair, Pair(pair.question.placed(stands=False), pair.answer.placed(stands=False)))


def _told(read: Pair, now: Pair) -> Told:
    both = ((read.question, now.question), (read.answer, now.answer))
    changes = tuple(ReplaceMessage(then, before.version) for before, then in both)
    return changes, tuple(MessageUpdated(then) for _, then in both)

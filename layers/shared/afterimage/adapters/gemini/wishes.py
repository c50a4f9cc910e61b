"""What is asked for only while the model takes it.

A model that refuses such a wish answers 400, for a request that is right without it. It is asked
without, and the wish is left out from then on, which the log says once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from afterimage.adapters.gemini.refusals import RequestRefused
from afterimage.ports.system import Log

ReplyT = TypeVar("ReplyT")


@dataclass(frozen=True)
class Wish:
    """A part of the request that can be left out.

    Attributes:
        named: how a refusal speaks of it.
        suspected: whether it is left out of a request that was refused for no reason that is known.
        setting: of the template, that turns it off; None if none does.
    """

    name: str
    named: re.Pattern[str]
    suspected: bool = False
    setting: str | None = None


# Not every model thinks, and some say no more than that an argument is invalid.
DRAFTS = Wish("includeThoughts", re.compile("(?i)think|thought"), True, "ShowDrafts")
LABELS = Wish("labels", re.compile("(?i)label|safety_?identifier"))


@dataclass
class Wishes:
    """Those that one kind of model is still asked for."""

    log: Log
    left: set[Wish] = field(default_factory=set)

    def ask(self, model: str, ask: Callable[[frozenset[Wish]], ReplyT]) -> ReplyT:
        """What `ask` answers to the wishes that the model takes.

        Raises:
            RequestRefused: for another reason; and whatever `ask` raises.
        """
        wishes, refused = frozenset(self.left), list[Wish]()
        while True:
            try:
                reply = ask(wishes)
            except RequestRefused as refusal:
                if (wish := _to_blame(refusal, wishes)) is None:
                    raise
                wishes -= {wish}
                refused.append(wish)
                continue
            for wish in refused:
                self._leave_out(wish, model)
            return reply

    def _leave_out(self, wish: Wish, model: str) -> None:
        if wish in self.left:
            self.left.remove(wish)
            self.log.warning(
                "gemini_wish_refused", wish=wish.name, setting=wish.setting, model=model
            )


def fields(wishes: Iterable[Wish], safety_identifier: str) -> dict[str, Any]:
    """What stands beside the contents of every request."""
    return {"labels": {"safety_identifier": safety_identifier}} if LABELS in wishes else {}


def _to_blame(refusal: RequestRefused, wishes: frozenset[Wish]) -> Wish | None:
    said = str(refusal)
    named = [wish for wish in wishes if wish.named.search(said)]
    return next(iter(named or [wish for wish in wishes if wish.suspected]), None)

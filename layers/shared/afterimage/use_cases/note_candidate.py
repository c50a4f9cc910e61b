"""What several people ask in the same words is worth suggesting, and nobody is read for it.

Only where the operator wants it. A chat's first question is counted under a keyed hash of its
words, by keyed hashes of who asked; the words themselves are written by the request that makes it
enough people, and only then.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import datetime, timedelta

from afterimage.domain.messages import Message
from afterimage.domain.metrics import Metric
from afterimage.domain.suggestions import LONGEST, Suggestions, same_words
from afterimage.ports.candidates import CandidateHashes, CandidateStore
from afterimage.ports.chats import ChatsById
from afterimage.ports.system import Log, Metrics

_KEPT_FOR = timedelta(days=14)


class NoteCandidate:
    """Args: executor: counts beside the answer, for which nobody waits."""

    def __init__(
        self,
        setting: Callable[[], Suggestions | None],
        candidates: CandidateStore,
        hashes: CandidateHashes,
        chats: ChatsById,
        executor: Executor,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._setting = setting
        self._candidates = candidates
        self._hashes = hashes
        self._chats = chats
        self._executor = executor
        self._log = log
        self._metrics = metrics
        self._begun: list[Future[None]] = []

    def __call__(self, user_id: str, question: Message) -> None:
        """Begin to count a question that is stored. Raises nothing."""
        if not question.image_ids and len(question.text) <= LONGEST:
            self._begun.append(self._executor.submit(self._guarded, user_id, question))

    def settle(self) -> None:
        """When it returns, nothing is being counted any more."""
        while self._begun:
            self._begun.pop().result()

    def _guarded(self, user_id: str, question: Message) -> None:
        try:
            self._note(user_id, question)
        except Exception:  # noqa: BLE001 - an answer is not lost for it
            self._log.exception("candidate_not_noted")
            self._metrics.add(Metric.DEFECTS)

    def _note(self, user_id: str, question: Message) -> None:
        setting = self._setting()
        if setting is None or not setting.collect_candidates:
            return
        words = same_words(question.text)
        if not words or setting.asked(words, None, None) or not self._is_first(user_id, question):
            return
        week = _week_of(question.created_at)
        text = self._hashes.text(week, words)
        who = self._hashes.user(week, text, user_id)
        until = question.created_at + _KEPT_FOR
        most = setting.common_after
        if self._candidates.count(week, text, who, most, until) == most:
            self._candidates.name(week, text, words)
            self._log.info("candidate_found")

    def _is_first(self, user_id: str, question: Message) -> bool:
        """Whether the chat began with it; what follows means what stands before it."""
        chats = self._chats.chats(user_id, [question.chat_id])
        return any(_is_same(chat.created_at, question.created_at) for chat in chats)


def _week_of(at: datetime) -> str:
    """The ISO week of a UTC time, `2026-W48`."""
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02d}"


def _is_same(stored: datetime, at: datetime) -> bool:
    """Times are stored in milliseconds."""
    return abs(stored - at) < timedelta(milliseconds=1)

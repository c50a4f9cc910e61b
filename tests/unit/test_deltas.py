"""What is posted of a growing text: in order, never twice, whole in time, and not too often."""

from __future__ import annotations

from itertools import pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterimage.domain.deltas import BETWEEN_POSTS, LONGEST_PIECE, Delta, Progress

ALPHABET = "abcdefghijklmnopqrstuvwxyzäöü€𝒳"


def of_length(length: int) -> str:
    return "".join(ALPHABET[i * i % len(ALPHABET)] for i in range(length))


class Tab:
    """What a client shows that goes by the contract."""

    def __init__(self) -> None:
        self.text = ""

    def take(self, delta: Delta) -> None:
        if delta.offset <= len(self.text):
            grown = self.text[: delta.offset] + delta.text
            self.text = max(self.text, grown, key=len)


class Stage:
    """A text that comes in pieces, and one connection that takes its time, on a clock of its own.

    Args:
        pieces: (seconds since the one before, code points).
        takes: seconds that each post takes, in turn.
        lost: numbers of posts that never arrive.
    """

    def __init__(
        self,
        pieces: list[tuple[float, int]],
        takes: list[float],
        lost: frozenset[int] = frozenset(),
        room: float = inf,
    ) -> None:
        self.text = of_length(sum(length for _, length in pieces))
        self.posts: list[tuple[float, Delta]] = []
        self.tab, self.progress = Tab(), Progress()
        self._takes, self._lost, self._room = takes, lost, room
        now, length, free = 1000.0, 0, 0.0
        for pause, more in [*pieces, (10.0, 0)]:
            until = now + pause
            while (due := max(free, now) + self.progress.due(length, max(free, now))) <= until:
                now, free = due, self._post(due, length)
            now, length = until, length + more
        self.length = length

    def _post(self, now: float, length: int) -> float:
        delta = self.progress.next(self.text[:length], now, lambda one: len(one.text) <= self._room)
        if delta is None:
            return now
        if len(self.posts) not in self._lost:
            self.tab.take(delta)
            assert self.text.startswith(self.tab.text)
        self.posts.append((now, delta))
        return now + self._takes[len(self.posts) % len(self._takes)]


PIECES = st.lists(st.tuples(st.floats(0, 5), st.integers(0, 700)), max_size=25)
TAKES = st.lists(st.floats(0, 2), min_size=1, max_size=5)


@given(PIECES, TAKES)
def test_any_schedule_gives_the_text_in_order_and_never_twice(
    pieces: list[tuple[float, int]], takes: list[float]
) -> None:
    stage = Stage(pieces, takes)

    assert stage.tab.text == stage.text
    for (_, before), (_, then) in pairwise(stage.posts):
        assert then.offset in (0, before.offset + len(before.text))
    assert all(then - now >= BETWEEN_POSTS - 1e-6 for (now, _), (then, _) in pairwise(stage.posts))


@given(PIECES, TAKES, st.frozensets(st.integers(0, 30)))
def test_who_misses_posts_gets_the_whole_with_the_next_that_is_whole(
    pieces: list[tuple[float, int]], takes: list[float], missed: frozenset[int]
) -> None:
    posts = Stage(pieces, takes).posts
    last_whole = max((n for n, (_, post) in enumerate(posts) if post.offset == 0), default=0)

    stage = Stage(pieces, takes, frozenset(n for n in missed if n < last_whole))

    assert stage.tab.text == stage.text


@given(PIECES)
def test_two_seconds_with_something_new_never_pass_without_the_whole(
    pieces: list[tuple[float, int]],
) -> None:
    stage = Stage(pieces, [0.0])

    last = stage.posts[0][0] if stage.posts else 0.0
    for at, delta in stage.posts:
        assert at - last <= 2.0 + 1e-6 or delta.offset == 0
        last = at if delta.offset == 0 else last
    assert not stage.posts or stage.posts[-1][1] == Delta(0, stage.text)


@given(PIECES, TAKES, st.integers(0, 3_000))
def test_what_fits_no_frame_goes_in_pieces_that_do(
    pieces: list[tuple[float, int]], takes: list[float], room: int
) -> None:
    stage = Stage(pieces, takes, room=room)

    assert stage.tab.text == stage.text
    assert all(delta.text for _, delta in stage.posts)


def test_a_burst_goes_in_pieces_that_fit() -> None:
    stage = Stage([(0, 12_000)], [0.0], room=0)

    assert [len(delta.text) for _, delta in stage.posts] == [LONGEST_PIECE, LONGEST_PIECE, 2_000]


def test_a_few_words_behind_what_fits_no_frame_are_posted_after_two_seconds() -> None:
    stage = Stage([(0, 1_000), (0.5, 100)], [0.0], room=500)

    assert [(at - 1000, len(post.text)) for at, post in stage.posts] == [(0, 1_000), (2, 100)]


def test_a_connection_that_comes_late_gets_the_whole_at_once() -> None:
    progress = Progress()

    assert progress.due(500, 7.0) == 0
    assert progress.next("x" * 500, 7.0, lambda _: True) == Delta(0, "x" * 500)


def test_while_nothing_is_new_nothing_is_posted() -> None:
    stage = Stage([(0, 10), (60, 0)], [0.0])

    assert len(stage.posts) == 1


@pytest.mark.parametrize("per_second", [100, 150, 400, 2_000])
@pytest.mark.parametrize("piece", [1, 6, 40])
def test_an_answer_of_three_hundred_words_costs_at_most_twelve_posts(
    per_second: int, piece: int
) -> None:
    """Of 1,750 code points, without what follows the last of them: then the answer has ended."""
    pieces = [(piece / per_second, piece)] * (1_750 // piece)
    ends = 1000.0 + 1_750 / per_second

    stage = Stage(pieces, [0.02])

    assert len([at for at, _ in stage.posts if at < ends]) <= 12

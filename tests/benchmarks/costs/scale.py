"""Which limit is met first, by the number of daily users; and how long a crowd needs to come back.

Quotas are defaults of an account and a region, as AWS's documentation names them (2026-11-25); the
provider's are whatever its console says.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.benchmarks.costs.model import ASSUMED, ONE_VCPU_MB, billed_ms
from tests.benchmarks.costs.usage import Counts, Usage

_DAY_S = 86_400
_SOCKET_LIFE_S = 7_200
_KEPT_S = 300  # that each process of a function keeps secrets and configuration
CROWDS = (1_000, 100_000, 10_000_000)


@dataclass(frozen=True)
class Habits:
    """Of a daily user, in the busiest minute.

    Attributes:
        peak: times the day's mean.
        connected: share of the day's users.
        crashed: share of messages whose function died, which only the sweep ends.
    """

    pictures: float = 3
    texts: float = 3
    peak: float = 4
    connected: float = 0.1
    tabs: float = 1.3
    crashed: float = 0.001


HABITS = Habits()


@dataclass(frozen=True)
class Load:
    """Per second, at the peak, unless it says otherwise."""

    pictures: float
    texts: float
    connections: float  # at the same time
    habits: Habits

    @classmethod
    def of(cls, users: int, habits: Habits = HABITS) -> Load:
        each = users * habits.peak / _DAY_S
        open_ = users * habits.connected * habits.tabs
        return cls(each * habits.pictures, each * habits.texts, open_, habits)


@dataclass(frozen=True)
class Limit:
    """One quota.

    Attributes:
        demand: in the quota's unit.
        lifted_by: what an operator does about it.
    """

    name: str
    quota: float
    demand: Callable[[Load], float]
    lifted_by: str


def limits(counts: Counts) -> list[Limit]:
    """Every limit that traffic can meet."""
    picture, text, ping = counts["picture"], counts["text"], counts["ping"]

    def both(load: Load, of: Callable[[Usage], float]) -> float:
        return load.pictures * of(picture) + load.texts * of(text)

    def pings(load: Load) -> float:
        return load.connections / (ASSUMED.minutes_between_pings * 60)

    def busy(load: Load) -> float:
        painting = load.pictures * _seconds(picture, "image_generate")
        answering = both(load, lambda usage: _seconds(usage, "llm_handler_gemini"))
        return painting + answering + pings(load) * _seconds(ping, "websocket")

    def requests(load: Load) -> float:
        posts = both(load, lambda usage: usage.http + usage.posts * load.habits.tabs)
        return posts + 2 * pings(load)

    def open_index(load: Load) -> float:
        return both(load, lambda usage: usage.writes["messages/open"]) / 16

    def table(load: Load) -> float:
        return max(
            both(load, lambda usage, name=name: usage.writes.get(name, 0))  # type: ignore[misc]
            for name in picture.writes
        )

    return [
        Limit(
            "Pictures at once, `ImageConcurrency`",
            10,
            lambda load: load.pictures * _seconds(picture, "image_generate"),
            "the parameter, up to the account's concurrency less 100, and the provider's quota",
        ),
        Limit(
            "Pictures a minute at the provider",
            float("nan"),
            lambda load: load.pictures * 60,
            "the provider's next tier; `ImageConcurrency` keeps below it",
        ),
        Limit("Functions at once, Lambda", 1_000, busy, "a quota; painting moved off Lambda"),
        Limit("Requests a second, API Gateway, posts included", 10_000, requests, "a quota"),
        Limit(
            "Reads of the public configuration a second, Parameter Store",
            40,
            lambda load: busy(load) / _KEPT_S,
            "its higher throughput, a setting of the account; after an outage see below",
        ),
        Limit(
            "New sockets a second, steady",
            500,
            lambda load: load.connections / _SOCKET_LIFE_S,
            "a quota; after an outage see below",
        ),
        Limit(
            "Writes a second of the busiest table, on its first day",
            4_000,
            table,
            "nothing below twice the last peak in 30 minutes, warm throughput for a launch",
        ),
        Limit("Writes a second of the busiest table", 40_000, table, "a quota"),
        Limit(
            "Writes a second of one of the 16 partitions of `open`",
            1_000,
            open_index,
            "more partitions: `OPEN_PARTITIONS`, 16 more queries a sweep for each 16",
        ),
        Limit(
            "Messages a minute that only the sweep ends, at 0.1 s each",
            600,
            lambda load: 60 * load.habits.crashed * (load.pictures + load.texts),
            "a sweep for each partition, side by side",
        ),
        Limit(
            "Requests a second, CloudFront",
            250_000,
            lambda load: requests(load) + 2 * ASSUMED.loads * load.pictures,
            "a quota",
        ),
    ]


def _seconds(usage: Usage, function: str) -> float:
    return billed_ms(usage, function, ONE_VCPU_MB) / 1_000


def first_met(counts: Counts, users: int) -> tuple[str, float]:
    """The limit that is used most, and how much of it; the provider's is not known."""
    load = Load.of(users)
    used = {one.name: one.demand(load) / one.quota for one in limits(counts)}
    known: Mapping[str, float] = {name: share for name, share in used.items() if share == share}
    name = max(known, key=lambda one: known[one])
    return name, known[name]


def back_after(
    clients: int, a_second: int = 500, seed: int = 1, first_s: float = 0.5, longest_s: float = 30
) -> Mapping[str, float]:
    """A crowd that lost its sockets at once comes back, each with full jitter as the page does.

    Returns:
        Seconds until half, 99 % and all are back, and tries per client.
    """
    chance = random.Random(seed)  # noqa: S311 - jitter
    waiting = [(chance.uniform(0, first_s), 1) for _ in range(clients)]
    heapq.heapify(waiting)
    taken: dict[int, int] = {}
    back: list[float] = []
    tries = 0
    while waiting:
        at, failures = heapq.heappop(waiting)
        tries += 1
        second = int(at)
        if taken.get(second, 0) < a_second:
            taken[second] = taken.get(second, 0) + 1
            back.append(at)
        else:
            pause = chance.uniform(0, min(longest_s, first_s * 2**failures))
            heapq.heappush(waiting, (at + pause, failures + 1))
    return {
        "half": back[clients // 2],
        "99 %": back[clients * 99 // 100],
        "all": back[-1],
        "tries": tries / clients,
    }

"""Everything that can go wrong at once, from a seed; then everything that must hold is checked.

    python -m tests.faults.storm --seed 7 --messages 10000

Ends by itself. Prints what happened and the seed; exits with 1 if anything is violated.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.client import Client, Rules, come_level, read_snapshot, signed_in
from tests.faults.invariants import Store, check_shown, check_user, image_calls
from tests.faults.stack_behind import stack_behind
from tests.faults.storm_faults import KINDS, Faults, Sky, Weather
from tests.faults.storm_plan import Plan, plan
from tests.faults.storm_report import Report, SimulatorLog, endings, longest_to_end
from tests.faults.storm_settle import settle
from tests.faults.storm_users import Person
from tests.local_stack.testing import RunningStack

TABS = 3
# Impatient enough for a short storm, and not so much that a slow machine gets even more to do.
_RULES = Rules(answer=15.0, ping=8.0, backoff=0.3, longest_backoff=4.0)
_READERS_AT_ONCE = 6
# Requests of all users under way. Beyond what a machine can serve in time a storm only feeds
# itself: functions run out of time, are asked for again, and start cold again.
_REQUESTS_AT_ONCE = 12
_COME_LEVEL_SECONDS = 60.0
# Processes of one function. More than a machine can run at once only take its memory: who is turned
# away comes again, as with an account's quota.
_INVOCATIONS_AT_ONCE = 16
# Between two messages. Two cores serve a message, its share of kills, cuts and cold starts, and its
# company of sixty sockets in about half a second.
_SECONDS_A_MESSAGE = 0.6
_WORDS_A_SECOND = 100
_TIMES = {
    "TextTimeout": 10,
    "TextDeadline": 20,
    "ImageTimeout": 10,
    "ImageEventAge": 60,
    "ImageDeadline": 110,
}


@dataclass(frozen=True)
class Options:
    """Attributes:
    real_deadlines: wait for deadlines; else those of dead pictures are brought forward.
    logs: folder to keep the stack's logs in.
    kinds: of weather.
    """

    seed: int
    messages: int
    users: int
    seconds: float
    real_deadlines: bool
    logs: Path | None = None
    kinds: frozenset[str] = frozenset(KINDS)


def run(options: Options, folder: Path) -> Report:
    """One storm on a stack of its own."""
    drawn = plan(options.seed, options.messages, options.users, options.seconds)
    with _stack(drawn, folder) as (stack, between, root):
        stack.gemini(
            text_ms=100,
            image_ms=300,
            words_a_second=_WORDS_A_SECOND,
            script=list(drawn.script),
        )
        return asyncio.run(_Storm(options, drawn, stack, between, root).blow())


@contextlib.contextmanager
def _stack(drawn: Plan, folder: Path) -> Iterator[tuple[RunningStack, Sky, int]]:
    parameters = {
        **_TIMES,
        "DailyImageLimit": drawn.daily_images,
        "DailyMessageLimit": drawn.daily_messages,
        "DailyUploadLimit": drawn.daily_uploads,
        "MaxOpenMessages": drawn.open_messages,
    }
    arguments = (
        *("--schedule-interval=2", "--retry-delay=1", "--throttle-delay=0.2"),
        f"--concurrency={_INVOCATIONS_AT_ONCE}",
        *(f"--parameter={name}={value}" for name, value in parameters.items()),
    )
    with (
        Sky("aws", "gateway") as between,
        stack_behind(between, folder, *arguments) as (stack, root),
    ):
        yield stack, between, root


class _Storm:
    def __init__(
        self, options: Options, drawn: Plan, stack: RunningStack, between: Sky, root: int
    ) -> None:
        self._options = options
        self._plan = drawn
        self._stack = stack
        self._chance = random.Random(options.seed)  # noqa: S311 - chance that can be repeated
        self._faults = Faults(stack, root, self._chance, options.seconds / options.messages)
        self._weather = Weather(between, self._faults, options.kinds)
        self._calls = SimulatorLog(stack)
        self._room = asyncio.Semaphore(_REQUESTS_AT_ONCE)

    async def blow(self) -> Report:
        begun = time.monotonic()
        people = [await self._person(number) for number in range(self._plan.users)]
        clients = [tab for person in people for tab in person.tabs]
        calm = asyncio.Event()
        self._weather.blows = True
        working = [
            asyncio.create_task(self._faults.blow(clients, calm)),
            asyncio.create_task(self._calls.follow(calm)),
        ]
        await self._live(people)
        self._weather.blows = False
        calm.set()
        await asyncio.gather(*working)
        hurried = await settle(self._stack, real_deadlines=self._options.real_deadlines)
        report = await self._judge(people, clients)
        report.deadlines_moved = hurried
        report.seconds = time.monotonic() - begun
        for person in people:
            await asyncio.gather(*(tab.close() for tab in person.tabs))
            await person.tabs[0].http.aclose()
        return report

    async def _person(self, number: int) -> Person:
        user = self._name(number)
        http = await asyncio.to_thread(signed_in, self._stack, user)
        tabs = [Client(http, user, _RULES, random.Random(number)) for _ in range(TABS)]  # noqa: S311
        for tab in tabs:
            tab.start()
        return Person(http, tabs, random.Random(number), self._room)  # noqa: S311 - jitter

    def _name(self, number: int) -> str:
        return f"storm-{self._plan.seed}-{number}"

    async def _live(self, people: Sequence[Person]) -> None:
        begin = time.monotonic() + 1
        await asyncio.gather(*(people[deed.user].do(deed, begin) for deed in self._plan.deeds))

    # --- The judgement ------------------------------------------------------------------------

    async def _judge(self, people: Sequence[Person], clients: Sequence[Client]) -> Report:
        self._calls.read()
        store = await asyncio.to_thread(Store, self._stack)
        calls = image_calls(self._calls.log)
        excused = self._turned_down()
        report = Report(self._plan.seed, len(self._plan.deeds), self._faults.counted)
        truths = [store.of(self._name(number)) for number in range(self._plan.users)]
        for person, truth in zip(people, truths, strict=True):
            report.violations += check_user(self._stack, truth.user, store, calls, excused)
            report.violations += [
                f"{truth.user}: picture {lost} was stored, it was said, and is not there"
                for lost in person.stored - truth.images.keys()
            ]
            report.answers += person.answers
        report.violations += await self._check_clients(clients)
        report.endings = endings(truths)
        report.longest_to_end = longest_to_end(
            self._stack.logs, self._faults.kills, truths, clients
        )
        report.kills = len(self._faults.kills)
        report.connections = sum(client.connections for client in clients)
        report.events = sum(truth.seq for truth in truths)
        report.brought = sum(len(person.stored) for person in people)
        report.pictures = sum(len(truth.images) for truth in truths) - report.brought
        report.written = sum(len(client.shown.words) for client in clients)
        report.calls = sum(calls.values())
        return report

    def _turned_down(self) -> Mapping[str, int]:
        """Failing script entries that were served, by word."""
        left: dict[str, int] = {}
        for entry in self._stack.gemini()["settings"]["script"]:
            if entry["on"] == "image" and not entry.get("body", "").startswith("{"):
                left[entry["match"]] = left.get(entry["match"], 0) + 1
        return {word: count - left.get(word, 0) for word, count in self._plan.troubles.items()}

    async def _check_clients(self, clients: Sequence[Client]) -> list[str]:
        room = asyncio.Semaphore(_READERS_AT_ONCE)

        async def check(client: Client) -> list[str]:
            async with room:
                try:
                    await come_level(client, _COME_LEVEL_SECONDS)
                except TimeoutError:
                    return [f"a client of {client.user} stays behind: {client.state()}"]
                return check_shown(client, await read_snapshot(client.http))

        found = await asyncio.gather(*(check(client) for client in clients))
        return [violation for violations in found for violation in violations]


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the process's exit status."""
    options = _options(arguments)
    sys.stdout.write(f"storm: seed {options.seed}, {options.messages} messages\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory(prefix="storm-") as folder:
        if options.logs is not None:
            options.logs.mkdir(parents=True, exist_ok=True)
        report = run(options, options.logs or Path(folder))
    sys.stdout.write(report.text())
    return 1 if report.violations else 0


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.storm", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="default: a fresh one, printed")
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=None, help="over which they are sent")
    parser.add_argument("--real-deadlines", action="store_true", help="wait for every deadline")
    parser.add_argument("--logs", type=Path, default=None, help="folder to keep the logs in")
    parser.add_argument(
        "--without", action="append", default=[], choices=KINDS, metavar="KIND", help="weather"
    )
    given = parser.parse_args(arguments)
    seconds = given.messages * _SECONDS_A_MESSAGE if given.minutes is None else given.minutes * 60
    seed = secrets.randbelow(2**31) if given.seed is None else given.seed
    kinds = frozenset(KINDS) - set(given.without)
    return Options(
        seed, given.messages, given.users, seconds, given.real_deadlines, given.logs, kinds
    )


if __name__ == "__main__":
    sys.exit(main())

"""What a storm did and what came of it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.client import Client
from tests.faults.invariants import OPEN, Truth
from tests.faults.storm_faults import Kill
from tests.local_stack.testing import RunningStack

_MOST_SHOWN = 40


@dataclass
class Report:
    """Attributes:
    longest_to_end: seconds from a kill until its message had ended; None without any.
    brought: pictures that people were told are stored.
    written: answers of which a tab has shown words before their end, by tab.
    """

    seed: int
    messages: int
    faults: Counter[str]
    violations: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    longest_to_end: float | None = None
    kills: int = 0
    connections: int = 0
    events: int = 0
    pictures: int = 0
    brought: int = 0
    written: int = 0
    calls: int = 0
    deadlines_moved: int = 0
    seconds: float = 0.0

    def text(self) -> str:
        longest = "-" if self.longest_to_end is None else f"{self.longest_to_end:.1f} s"
        lines = [
            f"seed           {self.seed}",
            f"messages       {self.messages} planned, {sum(self.endings.values())} stored",
            f"endings        {_listed(self.endings)}",
            f"pictures       {self.pictures}, for {self.calls} calls of the image model",
            f"brought        {self.brought}",
            f"written        {self.written} times seen by a tab",
            f"events         {self.events}, on {self.connections} connections",
            f"kills          {self.kills}; longest from a kill to the ending {longest}",
            f"faults         {_listed(self.faults)}",
            f"answers        {_listed(self.answers)}",
            f"deadlines      {self.deadlines_moved} brought forward",
            f"took           {self.seconds:.0f} s",
            f"violations     {len(self.violations)}",
            *(f"  {violation}" for violation in self.violations[:_MOST_SHOWN]),
        ]
        return "\n".join(lines) + "\n"


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counted.items())) or "none"


def endings(truths: Iterable[Truth]) -> Counter[str]:
    """Answers by how they ended: a kind that is complete, or why it is not."""
    return Counter(
        _ending(message)
        for truth in truths
        for message in truth.messages
        if message["role"] == "assistant"
    )


def _ending(message: dict[str, Any]) -> str:
    if message["status"] == "failed":
        return str(json.loads(message["error"])["code"])
    if message["status"] == "complete":
        return "picture" if message["type"] == "image" else "text"
    return str(message["status"])


class SimulatorLog:
    """All calls the simulator got; it keeps only the last thousand itself."""

    def __init__(self, stack: RunningStack) -> None:
        self.log: list[dict[str, str]] = []
        self._stack = stack

    async def follow(self, until: asyncio.Event) -> None:
        while not until.is_set():
            await asyncio.to_thread(self.read)
            await asyncio.sleep(5)

    def read(self) -> None:
        """Takes over what came since the last time."""
        told = self._stack.gemini()
        missing = sum(told["calls"].values()) - len(self.log)
        if missing > 0:
            self.log += told["log"][-missing:]


def longest_to_end(
    logs: Path, kills: Sequence[Kill], truths: Sequence[Truth], clients: Sequence[Client]
) -> float | None:
    """From a kill until a client saw that the message it worked for had ended."""
    jobs = {name: job["message_id"] for truth in truths for name, job in truth.jobs.items()}
    worked_for = _messages_of_requests(logs, jobs)
    ended: dict[str, list[float]] = {}
    for client in clients:
        for applied in client.log:
            if applied.status is not None and applied.status not in OPEN:
                ended.setdefault(applied.about[0], []).append(applied.at)
    waits = [
        min(later) - kill.at
        for kill in kills
        if (message := worked_for.get(kill.request_id)) is not None
        and (later := [at for at in ended.get(message, ()) if at > kill.at])
    ]
    return max(waits, default=None)


def _messages_of_requests(logs: Path, jobs: dict[str, str]) -> dict[str, str]:
    """Which message an invocation was about, as the functions' logs tell."""
    found: dict[str, str] = {}
    for function in ("llm_handler_gemini", "image_generate"):
        for line in (logs / f"{function}.log").read_text(errors="replace").splitlines():
            if not line.startswith("{"):
                continue
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # two processes wrote at once
            message = entry.get("message_id") or jobs.get(entry.get("job_id", ""))
            if message and "function_request_id" in entry:
                found[entry["function_request_id"]] = message
    return found

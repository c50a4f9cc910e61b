"""Counts on a running stack what one picture, connection, ping, sweep or habit causes.

Every request of a function goes through a proxy. CPU is what the functions' processes used, logs
what they wrote and what Lambda adds.
"""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from afterimage.adapters.gemini.events import events
from afterimage.domain.ids import IMAGE_FILES
from tests.benchmarks.costs.habits import REPEATS, Habits
from tests.benchmarks.costs.units import Meter
from tests.benchmarks.costs.usage import Counts, Usage
from tests.faults.calls import Request
from tests.faults.processes import descendants, function_of
from tests.faults.proxy import Answer, FaultProxy
from tests.faults.stack_behind import stack_behind
from tests.local_stack.options import ROOT
from tests.local_stack.testing import RunningStack
from tests.support.channel_client import ChannelClient, is_event, is_update
from tests.support.stocked import ARGUMENTS, SUGGESTION, put_picture

_FRAME = 32 * 1024
_REPEATS = 12
_LINE_EXTRA = 26  # CloudWatch Logs counts 26 bytes more for each event
_PLATFORM_LINES = 3 * _LINE_EXTRA + 330  # START, END, REPORT of one invocation, about
_TICK_MS = 1_000 / os.sysconf("SC_CLK_TCK")
_LIMITS = {"DAILY_IMAGE_LIMIT": "10000", "DAILY_MESSAGE_LIMIT": "10000"}
_NO_SWEEP = "--schedule-interval=100000"
_PAGE = ROOT / "functions" / "web_page" / "static" / "index.html"


class CountingProxy(FaultProxy):
    """Keeps every request with its answer."""

    def __init__(self) -> None:
        super().__init__("aws", "gateway", "gemini")
        self.seen: list[tuple[str, Request, Answer]] = []

    def exchange(
        self,
        request: Request,
        sender: tuple[int | None, str],
        forward: Callable[[Request], Answer],
    ) -> Answer | None:
        answer = super().exchange(request, sender, forward)
        if answer is not None:
            self.seen.append((sender[1], request, answer))
        return answer


def count() -> Counts:
    """Starts a stack, lets each thing happen some times, and stops it."""
    with (
        tempfile.TemporaryDirectory(prefix="afterimage-costs-") as folder,
        CountingProxy() as proxy,
        stack_behind(proxy, Path(folder), _NO_SWEEP, *ARGUMENTS, env=_LIMITS) as (stack, pid),
    ):
        stack.gemini(text_ms=0, image_ms=0)
        return Counting(stack, proxy, pid).all()


class Counting:
    """One user and what happens to them."""

    def __init__(self, stack: RunningStack, proxy: CountingProxy, pid: int) -> None:
        self._stack = stack
        self._proxy = proxy
        self._pid = pid
        self._meter = Meter()
        self._http = stack.http(f"costs-{uuid.uuid4().hex[:8]}")
        self._chat = f"/chats/{uuid.uuid4().hex}"

    def all(self) -> Counts:
        invoked = {"llm_handler_gemini": 1, "image_generate": 1}
        counts = {
            "visit": self._usage(self._visit, 5, http=5, received=0, invocations={"chat_api": 5}),
            "connection": self._usage(
                lambda: self._open().close(),
                http=1,
                received=1,
                invocations={"chat_api": 1, "websocket": 4},
            ),
        }
        files = len(_first_view())
        page = {"web_page": files + 1}
        counts["page"] = self._usage(self._page, 5, http=files + 1, invocations=page)
        with self._open() as tab:
            self._tab = tab
            counts["picture"] = self._usage(self._picture, http=1, invocations=invoked)
            counts["text"] = self._usage(self._text, http=1, invocations={"llm_handler_gemini": 1})
            counts["ping"] = self._usage(self._ping, received=1, invocations={"websocket": 1})
        counts["sweep"] = self._usage(self._sweep, invocations={"keeper": 1})
        with self._open() as self._tab:  # behind the sweeps, which would remove what was taken
            asked = {"llm_handler_gemini": 1}
            counts["suggestion"] = self._usage(self._suggestion, http=1, invocations=asked)
        user = f"habits-{uuid.uuid4().hex[:8]}"
        http = self._stack.http(user)
        for name, habit in Habits(self._stack, self._proxy.seen, self._meter, user, http).all():
            counts[name] = self._usage(habit.happens, REPEATS, **habit.known)
        return counts

    # --- What happens -----------------------------------------------------------------------

    def _open(self) -> ChannelClient:
        tab = ChannelClient(self._http)
        tab.resumed()
        return tab

    def _visit(self) -> None:
        for path in ("/realtime/events", "/chats", f"{self._chat}/messages", "/images", "/usage"):
            self._http.get(path).raise_for_status()

    def _page(self) -> None:
        for path in ("/", *_first_view()):
            self._http.get(path).raise_for_status()

    def _picture(self) -> None:
        self._post("paint a fox")
        self._tab.until(is_event("image-insert"))

    def _text(self) -> None:
        self._post("how are you?")
        self._tab.until(is_update("complete"))

    def _suggestion(self) -> None:
        put_picture(self._stack, dict.fromkeys(IMAGE_FILES, b"copied"))
        asked = {"text": SUGGESTION.text, "suggestion_id": SUGGESTION.id}
        path = f"/chats/{uuid.uuid4().hex}/messages"
        self._http.post(path, json=asked).raise_for_status()
        self._tab.until(is_event("image-insert"))

    def _post(self, text: str) -> None:
        self._http.post(f"{self._chat}/messages", json={"text": text}).raise_for_status()

    def _ping(self) -> None:
        self._tab.send({"action": "ping"})
        self._tab.until(is_event("pong"))

    def _sweep(self) -> None:
        event = (ROOT / "events" / "keeper_sweep.json").read_bytes()
        name = self._stack.functions["keeper"]
        self._stack.aws("lambda").invoke(FunctionName=name, Payload=event)

    # --- Counting ---------------------------------------------------------------------------

    def _usage(self, happens: Callable[[], object], repeats: int = _REPEATS, **known: Any) -> Usage:
        happens()  # warm, and rows that are made once are there
        self._settle()
        self._add_up(self._proxy.seen)
        self._proxy.seen.clear()
        self._meter.reads, self._meter.writes = 0.0, Counter()
        cpu, logs = self._cpu(), self._logged()
        for _ in range(repeats):
            happens()
        self._settle()
        seen = list(self._proxy.seen)
        self._proxy.seen.clear()
        sums = self._add_up(seen)
        used = {name: ms - cpu.get(name, 0) for name, ms in self._cpu().items()}
        written = self._logged() - logs
        mean = _mean(repeats)
        invocations = known.pop("invocations")
        extra = sum(invocations.values()) * _PLATFORM_LINES
        return Usage(
            **known,
            invocations=invocations,
            cpu_ms=mean({name: used.get(name, 0) for name in invocations}),
            calls=mean(sums["calls"]),
            reads=round(self._meter.reads / repeats, 2),
            writes=mean(self._meter.writes),
            puts=round(sum(sums["uploads"].values()) / repeats, 2),
            posts=round(sum(sums["posts"].values()) / repeats, 2),
            stored=mean(sums["stored"]),
            tokens=mean(sums["tokens"]),
            log_bytes=round(written / repeats + extra),
        )

    def _settle(self) -> None:
        """Posts end after the frame that was waited for; functions end a little later."""
        while self._stack.status()["invocations"]:
            pass

    def _add_up(self, seen: list[tuple[str, Request, Answer]]) -> dict[str, Counter[str]]:
        sums = {name: Counter[str]() for name in ("calls", "uploads", "posts", "stored", "tokens")}
        for function, request, answer in seen:
            target = request.headers.get("x-amz-target", "")
            path = request.path.partition("?")[0]
            if "models/" in path:
                _add_tokens(sums["tokens"], request, answer)
                continue
            if request.method == "PUT":
                name = path.rpartition("/")[2]
                sums["uploads"][name] += 1
                sums["stored"][name] += len(request.body)
                continue
            sums["calls"][function] += 1
            if "/@connections/" in path:
                sums["posts"][function] += math.ceil(len(request.body) / _FRAME)
            elif target.startswith("DynamoDB_"):
                operation = target.partition(".")[2]
                self._meter.take(operation, json.loads(request.body), json.loads(answer.body))
        return sums

    def _cpu(self) -> Counter[str]:
        """Milliseconds that the processes of each function have used."""
        used: Counter[str] = Counter()
        for pid in descendants(self._pid):
            if function := function_of(pid):
                # "pid (name) state …": user and system time are the 12th and 13th behind the name.
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                used[function] += round((int(fields[11]) + int(fields[12])) * _TICK_MS)
        return used

    def _logged(self) -> int:
        texts = [file.read_bytes() for name in self._stack.functions for file in self._files(name)]
        return sum(len(text) + text.count(b"\n") * _LINE_EXTRA for text in texts)

    def _files(self, function: str) -> list[Path]:
        return list(self._stack.logs.glob(f"*{function}*.log"))


def _first_view() -> list[str]:
    """What the page names; the other modules come when they are needed."""
    html = _PAGE.read_text().replace("{{version}}/", "")
    return re.findall(r'(?:src|href)="(/static/[^"]+)"', html)


def _mean(repeats: int) -> Callable[[Counter[str] | dict[str, int]], dict[str, float]]:
    return lambda sums: {name: round(n / repeats, 2) for name, n in sorted(sums.items()) if n}


def _add_tokens(tokens: Counter[str], request: Request, answer: Answer) -> None:
    if "imageConfig" in json.loads(request.body).get("generationConfig", {}):
        return  # the picture's are in its price
    *_, last = (event.data for event in events([answer.body]) if "usageMetadata" in event.data)
    usage = last["usageMetadata"]
    tokens["in"] += usage["promptTokenCount"]
    tokens["out"] += usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)

"""What one case of the matrix plays on: a user, a chat, a watching client, and the kill."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from boto3.dynamodb.types import TypeDeserializer
from ulid import ULID

from tests.faults import kill_stock
from tests.faults.calls import Call
from tests.faults.client import Client, Crowd
from tests.faults.invariants import OPEN, check_client, folder
from tests.faults.kill_steps import COLD, OF_NOBODY
from tests.faults.processes import function_of, kill
from tests.faults.proxy import Action, FaultProxy, Rule, kill_after, kill_before
from tests.faults.stack_behind import stack_behind
from tests.local_stack.testing import RunningStack
from tests.support import stocked
from tests.support.stored import Row
from tests.support.template import template

_ARGUMENTS = (
    "--parameter=ImageConcurrency=50",
    # So that a second picture waits; no scenario of one message meets it.
    "--parameter=MaxPaintingPerUser=1",
    *stocked.ARGUMENTS,
    *("--schedule-interval=2", "--retry-delay=0.3", "--throttle-delay=0.1"),
)
# Where deadlines are waited for: the shortest that template.yaml allows.
_SHORT_TIMES = (
    *("--parameter=TextTimeout=5", "--parameter=TextDeadline=15"),
    *("--parameter=ImageTimeout=10", "--parameter=ImageEventAge=60"),
    "--parameter=ImageDeadline=110",
)
# Now and then the kernel's tables do not tell who sent something: it may have been one of these.
_UNKNOWN = ""
_WORKERS = frozenset({"llm_handler_gemini", "image_generate", "image_upload", "keeper", _UNKNOWN})
_PNG = {"content-type": "image/png"}
_KILLS: dict[str, Action] = {"before": kill_before, "after": kill_after}
# What runs is known, and what must come: this is for what lies between two of them.
_QUIET_SECONDS = 0.7
# Only then is nobody coming: a deadline moved too early fails what would have ended well.
_FORSAKEN_SECONDS = 6.0
# An invocation that must come does come, however busy the machine is.
_OWED_SECONDS = 60.0
_KEEPER_TRIES = 3  # Lambda's own two retries included
_PATIENCE = 120.0
_POLL_SECONDS = 0.5
_REAL_PATIENCE = 240.0
_REPEATS = 3
_A_LINK_LASTS = 3_600.0  # at least, once it is there; what is only claimed is removed soon
_NOTICED_SECONDS = 0.3  # until the gateway gives a dead worker nothing more
_LEASE_SECONDS = 6.0  # a little over the short TextTimeout
_IMAGE_DEADLINE = int(template()["Parameters"]["ImageDeadline"]["Default"])  # seconds
_OVER_A_MINUTE = 65
_ADVANCE = 2  # seconds; deadlines are whole seconds, and are over only when they have passed


class World:
    """One stack, one proxy and one crowd of clients for all cases.

    Args:
        waits: whether deadlines are waited for, not moved.
    """

    def __init__(
        self, stack: RunningStack, proxy: FaultProxy, crowd: Crowd, *, waits: bool
    ) -> None:
        self.stack = stack
        self.proxy = proxy
        self.crowd = crowd
        self.waits = waits

    def cool(self, function: str) -> None:
        """The function's next invocation begins in a new process."""
        # The first process of a function only forks; its children serve.
        warm = {pid for pid in self.proxy.processes() if function_of(pid) == function}

        def are_gone() -> bool:
            # One that sweeps just now would be there for the next invocation too.
            busy = {one["pid"] for one in self.stack.status()["invocations"]}
            for pid in warm - busy:
                kill(pid)
            warm.intersection_update(busy)
            return not warm

        until(f"no warm {function}", are_gone, _PATIENCE)
        time.sleep(_NOTICED_SECONDS)


def until(what: str, holds: Callable[[], Any], patience: float) -> Any:
    """What `holds` gives once it is true, within so many seconds. Raises: AssertionError."""
    give_up = time.monotonic() + patience
    while time.monotonic() < give_up:
        found = holds()
        if found:
            return found
        time.sleep(_POLL_SECONDS)
    raise AssertionError(f"waited in vain for {what}")


@contextmanager
def running_world(run_dir: Path, *, waits: bool = False) -> Iterator[World]:
    """Everything started, and stopped again."""
    arguments = (*_ARGUMENTS, *(_SHORT_TIMES if waits else ()))
    with (
        FaultProxy("aws", "gateway", "gemini") as proxy,
        stack_behind(proxy, run_dir, *arguments) as (stack, _),
    ):
        stack.gemini(text_ms=50, image_ms=50)
        with Crowd(stack) as crowd:
            yield World(stack, proxy, crowd, waits=waits)


@dataclass(frozen=True)
class Kill:
    """Which process dies: the one that sends a step for the n-th time, before or after it."""

    function: str
    step: str
    nth: int
    when: str

    @property
    def is_cold(self) -> bool:
        """Whether only a process that has just started takes this step."""
        return self.step in COLD

    def rule(self, owner: str) -> Rule:
        # The first thing a new process reads says nothing about whom it works for.
        whose = None if self.step in OF_NOBODY or self.step == "GetParameter" else owner
        return Rule(_KILLS[self.when], self.step, self.function, whose, self.nth)


class Stage:
    """One user's world.

    Attributes:
        rule: of the kill, once the scenario has armed it.
        swept: whether a deadline was moved.
        gave_up: whether that was because nobody seemed to come any more.
    """

    def __init__(self, world: World, kill: Kill | None) -> None:
        word = f"w{str(ULID()).lower()[-12:]}"
        self.user = f"user-{word}"
        self.chat = f"chat-{word}"
        self.word = word
        self.message_id = ""
        self.rule: Rule | None = None
        self.swept = False
        self.gave_up = False
        self.stack = world.stack
        self.proxy = world.proxy
        self._world = world
        self._kill = kill
        self._armed_at: int | None = None
        self._minute_passed: dict[str, float] = {}
        self._settled_at: int | None = None
        self._repeat: Callable[[], httpx.Response] | None = None
        self._background = ThreadPoolExecutor(1)
        self._clients: list[Client] = []
        self.proxy.watch(self.user, word, folder(self.user))
        self.http = world.stack.http(self.user)

    def open(self) -> None:
        """A client begins to watch."""
        self._clients.append(self._world.crowd.tab(self.user))

    def leave(self) -> None:
        """Nobody watches any more."""
        for client in self._clients:
            self._world.crowd.run(client.close())
        self._clients.clear()
        self.until("no connection", lambda: not self._connections())

    def _connections(self) -> list[Row]:
        rows = self._query("ChannelsTable", "user_id", self.user)
        return [row for row in rows if row["entry"].startswith("connection#")]

    def close(self) -> None:
        """Leave: what comes later about this user is nobody's."""
        self._background.shutdown()
        self.proxy.forget(self.user)
        if self.rule is not None:
            self.proxy.remove(self.rule)
        for client in self._clients:
            self._world.crowd.run(client.close())
        self.http.close()

    # --- The kill ---------------------------------------------------------------------------

    def arm(self) -> None:
        """From here on the steps of the scenario's function count, and one of them kills."""
        self._armed_at = len(self.proxy.calls_of(self.user))
        if self._kill is not None:
            if self._kill.is_cold:
                self._world.cool(self._kill.function)
            self.rule = self.proxy.add(self._kill.rule(self.user))

    def steps(self, function: str) -> Counter[str]:
        """What the function did for this user from `arm` to the end, and how often."""
        calls = self.proxy.calls_of(self.user)[self._armed_at or 0 : self._settled_at]
        return Counter(call.step for call in calls if call.function == function)

    def told(self) -> str:
        """Every call about this user, with its second, who sent it, and what became of it."""
        calls = self.proxy.calls_of(self.user)
        return "; ".join(
            f"{call.at - calls[0].at:.1f} {call.function or 'unknown'} {call.step}"
            f" {'killed' if call.killed else call.status}"
            for call in calls
        )

    def deaths(self, function: str) -> int:
        """How many processes of a function died on this user's work."""
        calls = self.proxy.calls_of(self.user)
        return sum(call.killed and call.function == function for call in calls)

    def on(
        self,
        step: str,
        action: Action,
        function: str = "",
        *,
        nth: int = 1,
        then: Callable[[], None] | None = None,
    ) -> Rule:
        """A rule for this user's requests."""
        return self.proxy.add(Rule(action, step, function, self.user, nth, then))

    # --- What the user does -----------------------------------------------------------------

    def ask(
        self, text: str, *, count: int = 1, paint: bool = False, replaces: str | None = None
    ) -> None:
        """POST a message, and again if this case repeats.

        The same words for everybody: the simulator paints a prompt once.
        """
        self.message_id = str(ULID())
        body: dict[str, Any] = {"id": self.message_id, "text": text, "count": count}
        body |= {"paint": paint, "replaces": replaces}
        self.does(lambda: self.http.post(f"/chats/{self.chat}/messages", json=body))

    def bring(self, picture: bytes) -> None:
        """PUT a picture, and again if this case repeats."""
        path = f"/images/{ULID()}"
        self.does(lambda: self.http.put(path, content=picture, headers=_PNG))

    def ask_meanwhile(self, text: str) -> None:
        """As `ask`, without waiting for the answer."""
        self._background.submit(self.ask, text)

    def click(self, what: str) -> None:
        """Cancel or retry the answer at the version it has now."""
        answer = self.answer()
        path = f"/chats/{self.chat}/messages/{answer['message_id']}/{what}"
        body = {"version": int(answer["version"])}
        self.does(lambda: self.http.post(path, json=body))

    def delete(self, path: str) -> None:
        """DELETE something of one's own, and again if this case repeats."""
        self.does(lambda: self.http.delete(path))
        self.until("the keeper's first look", lambda: not self._deletions_due())

    def _deletions_due(self) -> list[Row]:
        rows = self._query("ImageGenerationLogTable", "user_id", self.user)
        begun = [row for row in rows if row["entry"].startswith("deletion#")]
        return [row for row in begun if row["purge_at"] <= time.time()]

    def does(self, request: Callable[[], httpx.Response]) -> None:
        self._repeat = request
        request()

    def answer(self) -> Row:
        """The assistant's message, once there is one."""
        answer: Row = self.until("an answer", lambda: next(iter(self.answers()), None))
        return answer

    def answers_until(self, *statuses: str) -> None:
        """Wait until the answer has one of these statuses."""
        self.until(
            f"an answer that is {statuses}",
            lambda: any(a["status"] in statuses for a in self.answers()),
        )

    def answers(self) -> list[Row]:
        """The assistant's messages, as rows: asking over HTTP would keep every function busy."""
        rows = self._query("MessagesTable", "user_id_chat_id", f"{self.user}#{self.chat}")
        return [row for row in rows if row["role"] == "assistant"]

    def endings(self) -> list[str]:
        """What became of each answer and of each picture that was brought."""
        brought = [upload["status"] for upload in self.uploads()]
        return [str(one) for one in (*(a["status"] for a in self.answers()), *brought)]

    # --- The end ----------------------------------------------------------------------------

    def settle(self, *, repeat: bool) -> None:
        """Wait until everything about this user is over, making deadlines pass."""
        self._background.shutdown()
        if repeat and self._repeat is not None:
            self._repeat_until_ended(self._repeat)
        self.until("an end of every message", self._all_ended)
        self.until("nothing that runs", self.is_quiet)
        self.until("the stock", lambda: kill_stock.nothing_taken(self.stack, self.user))
        self._settled_at = len(self.proxy.calls_of(self.user))
        self.until("the removal of uploads", self.nothing_to_purge)

    def _repeat_until_ended(self, request: Callable[[], httpx.Response]) -> None:
        """As a client does that got no answer: at once, and later, when the lease is over."""
        for _ in range(_REPEATS):
            request()
            open_answers = [answer for answer in self.answers() if answer["status"] in OPEN]
            open_uploads = [upload for upload in self.uploads() if upload["status"] != "succeeded"]
            if self.endings() and not open_answers and not open_uploads:
                return
            self.until("nothing that runs", self.is_quiet)
            for answer in open_answers:
                self._pass_lease(answer["message_id"])
            if open_uploads:  # whoever brings it again waits for its removal
                self.until("the removal of uploads", self.nothing_to_purge)

    def _all_ended(self) -> bool:
        overdue = [a for a in self.answers() if a["status"] in OPEN]
        if overdue and not self._world.waits and self.is_quiet(_FORSAKEN_SECONDS):
            for answer in overdue:
                self._hurry(answer)
        return not overdue

    def _hurry(self, answer: Row) -> None:
        """Time passes: a minute, after which a picture is handed over again; then the deadline."""
        message_id = answer["message_id"]
        if answer["deadline"] < time.time():
            return  # the next sweep ends it, however late it comes
        if answer["status"] == "generating" and message_id not in self._minute_passed:
            self._minute_passed[message_id] = time.monotonic()
            self.pass_a_minute(message_id)
        elif time.monotonic() > self._minute_passed.get(message_id, 0) + _FORSAKEN_SECONDS:
            self.gave_up = True
            self.pass_deadline(message_id)

    def nothing_to_purge(self) -> bool:
        """Whether all uploads that belong to no picture are gone; else their time has come."""
        rows = self._query("ImageGenerationLogTable", "user_id", self.user)
        waiting = [row for row in rows if "purge_at" in row and not _looked_at_again(row)]
        if not self._world.waits:
            for row in waiting:
                self.pass_purge(row["entry"])
        return not waiting

    def is_quiet(self, seconds: float = _QUIET_SECONDS) -> bool:
        """Whether no function runs, or is about to run, for this user; none has for so long."""
        calls = [c for c in self.proxy.calls_of(self.user) if c.function in _WORKERS]
        if calls:
            silence = time.monotonic() - calls[-1].at
            if silence < seconds:
                return False
            if silence < _OWED_SECONDS and self._is_owed(calls):
                return False
        running = self.stack.status()["invocations"]
        return not any(self.proxy.serves(one["pid"], self.user) for one in running)

    def _is_owed(self, calls: list[Call]) -> bool:
        """Whether an invocation must be on its way: one asked for, or the record of a dead one."""
        functions = [call.function for call in calls]
        asked = [i for i, call in enumerate(calls) if call.step == "Invoke" and _is_done(call)]
        if asked and "image_generate" not in functions[asked[-1] :]:
            return True
        died = [index for index, call in enumerate(calls) if call.killed]
        if any(
            functions[index] == "image_generate" and "keeper" not in functions[index:]
            for index in died
        ):
            return True
        if not died or functions[died[-1]] != "keeper" or died[-1] != len(calls) - 1:
            return False
        tries = sum(functions[index] == "keeper" for index in died)
        return tries % _KEEPER_TRIES != 0 and self._is_open()

    def _is_open(self) -> bool:
        return any(answer["status"] in OPEN for answer in self.answers())

    def until(self, what: str, holds: Callable[[], Any]) -> Any:
        """What `holds` gives once it is true."""
        return until(what, holds, _REAL_PATIENCE if self._world.waits else _PATIENCE)

    def until_words_were_posted(self) -> None:
        """Or until whoever was to post them is dead."""
        step = "PostToConnection message-delta"
        self.until(
            "the first words",
            lambda: any(
                call.step == step and (call.killed or _is_done(call))
                for call in self.proxy.calls_of(self.user)
            ),
        )

    # --- Time, and rows -----------------------------------------------------------------------

    def pass_deadline(self, message_id: str) -> None:
        """The deadline of an open message is over: only what it says is moved."""
        self.swept = True
        self._move("MessagesTable", self._message_key(message_id), "deadline")

    def pass_a_minute(self, message_id: str) -> None:
        """A picture was handed to the painter more than a minute ago."""
        due = int(time.time()) + _IMAGE_DEADLINE - _OVER_A_MINUTE
        self._move("MessagesTable", self._message_key(message_id), "deadline", due)

    def _pass_lease(self, message_id: str) -> None:
        """The time of the function that answered is over, as it is itself."""
        if self._world.waits:
            time.sleep(_LEASE_SECONDS)
            return
        self._move("MessagesTable", self._message_key(message_id), "lease_until")

    def _message_key(self, message_id: str) -> dict[str, str]:
        return {"user_id_chat_id": f"{self.user}#{self.chat}", "message_id": message_id}

    def pass_purge(self, job_id: str) -> None:
        """The time has come to remove what a job uploaded."""
        key = {"user_id": self.user, "entry": job_id}
        self._move("ImageGenerationLogTable", key, "purge_at")

    def jobs(self) -> list[Row]:
        """The user's image jobs."""
        rows = self._query("ImageGenerationLogTable", "user_id", self.user)
        return [row for row in rows if "message_id" in row]

    def uploads(self) -> list[Row]:
        """The user's pictures that were brought, whatever became of them."""
        rows = self._query("ImageGenerationLogTable", "user_id", self.user)
        return [row for row in rows if row.get("kind") == "upload"]

    def _query(self, table: str, key: str, value: str) -> list[Row]:
        read = TypeDeserializer().deserialize
        found = self.stack.aws("dynamodb").query(
            TableName=self.stack.name(table),
            KeyConditionExpression=f"{key} = :value",
            ExpressionAttributeValues={":value": {"S": value}},
            ConsistentRead=True,
        )
        return [{name: read(value) for name, value in item.items()} for item in found["Items"]]

    def _move(self, table: str, key: dict[str, str], column: str, to: int | None = None) -> None:
        """Set an epoch in seconds that is there; by default so that it has just passed."""
        dynamodb = self.stack.aws("dynamodb")
        try:
            dynamodb.update_item(
                TableName=self.stack.name(table),
                Key={name: {"S": value} for name, value in key.items()},
                UpdateExpression="SET #column = :past",
                ConditionExpression="attribute_exists(#column)",
                ExpressionAttributeNames={"#column": column},
                ExpressionAttributeValues={":past": {"N": str(to or int(time.time()) - _ADVANCE)}},
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return  # ended a moment ago

    def is_gone(self) -> bool:
        """Whether the account is deleted."""
        return any(
            "deleted_at" in row for row in self._query("ChannelsTable", "user_id", self.user)
        )

    # --- What clients see -------------------------------------------------------------------

    def clients_disagree(self) -> list[str]:
        """What the client that watched, and one that comes now, show and HTTP does not say."""
        if self.is_gone():
            return []  # nobody is told anything any more
        self._clients.append(self._world.crowd.begin(self.user, after=0))
        found = []
        for client in self._clients:
            self._world.crowd.level(client)
            found += check_client(client, self.stack)
        return found


def _looked_at_again(row: Row) -> bool:
    """A deletion that is over, but for its last look, and one that is for the end of a link."""
    if row["entry"].startswith("deletion#share#"):
        return bool(row["purge_at"] > time.time() + _A_LINK_LASTS)
    is_large = row["entry"].startswith(("deletion#chat#", "deletion#account#"))
    return is_large and bool(row["purge_at"] > time.time())


def _is_done(call: Call) -> bool:
    return call.status is not None and call.status < httpx.codes.BAD_REQUEST

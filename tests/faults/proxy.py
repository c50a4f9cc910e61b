"""An HTTP proxy between the functions and everything they call, which fails on purpose.

It listens on one port for each thing behind it and passes requests on unchanged, `Host`
included, so that signatures stay valid. A rule picks requests and says what becomes of them;
an action is a function of the `Exchange`, so a test can write its own.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from tests.faults.calls import Call, Request, operation_of, step_of
from tests.faults.processes import function_of, is_running, kill, sender_of

_UPSTREAM_SECONDS = 60
_START_SECONDS = 60
# These say nothing about anybody: who they are for is known by the process that sends them.
_ACROSS_USERS = ("Query messages/open", "Query image_generation_log/open", "Scan stock")
# Neither does what names nobody among these, whoever its sender has served before.
_OF_THE_STOCK = re.compile(rb"StockTable|<Key>stock/")
# What belongs to one connection, not to the message (RFC 9110, 7.6.1).
_OF_THE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "expect"})


@dataclass(frozen=True)
class Answer:
    """What the sender gets.

    Attributes:
        paused: what happens between the first so many bytes of the body and the others.
    """

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    paused: tuple[int, Callable[[], object]] | None = None


class Exchange:
    """One request on its way, as one action sees it.

    Args:
        forward: what comes after this action: another rule's, or what stands behind the proxy.
    """

    def __init__(
        self, call: Call, request: Request, forward: Callable[[Request], Answer | None]
    ) -> None:
        self.call = call
        self.request = request
        self._forward = forward

    def forward(self, request: Request | None = None) -> Answer | None:
        """Pass it on, or another in its place; the answer, or None if the connection broke."""
        return self._forward(request or self.request)

    def kill_sender(self) -> None:
        """SIGKILL the process that sent it."""
        if self.call.pid is None:
            raise RuntimeError(f"nobody is known to have sent {self.call.step}")
        self.call.killed = True
        kill(self.call.pid)


# The answer, or None to break the connection without one.
Action = Callable[[Exchange], "Answer | None"]
# Sends a request to what is behind the proxy.
Forward = Callable[[Request], Answer]


# --- Actions --------------------------------------------------------------------------------


def kill_before(exchange: Exchange) -> None:
    """The sender dies and its request is never seen."""
    exchange.kill_sender()


def kill_after(exchange: Exchange) -> None:
    """The request has its effect; the sender dies before it hears of it."""
    exchange.forward()
    exchange.kill_sender()


def reset(_: Exchange) -> None:
    """The connection breaks; the request is never seen."""


def lose_answer(exchange: Exchange) -> None:
    """The request has its effect and the connection breaks."""
    exchange.forward()


def duplicate(exchange: Exchange) -> Answer | None:
    """The request arrives twice; the sender gets the second answer."""
    exchange.forward()
    return exchange.forward()


def delay(seconds: float) -> Action:
    """Passed on late."""

    def act(exchange: Exchange) -> Answer | None:
        time.sleep(seconds)
        return exchange.forward()

    return act


def refuse(status: int, body: Any = None, **headers: str) -> Action:
    """Answered with an error, never passed on; underscores in header names stand for hyphens."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    answer = Answer(status, named, json.dumps(body or {}).encode())
    return lambda _: answer


def dynamodb_error(code: str, **more: Any) -> Action:
    """An error of DynamoDB, e.g. `ThrottlingException`."""
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    return refuse(400, {"__type": kind, "message": code, **more})


def cancelled_transaction(*reasons: str) -> Action:
    """A cancelled transaction with these reasons, e.g. `TransactionConflict`, in order."""
    listed = [{"Code": reason, "Message": reason} for reason in reasons]
    return dynamodb_error(
        "TransactionCanceledException",
        Message=f"Transaction cancelled, specific reasons [{', '.join(reasons)}]",
        CancellationReasons=listed,
    )


def in_part(exchange: Exchange) -> Answer | None:
    """Half of a batch is left for later, which is no error to DynamoDB."""
    operation, body = operation_of(exchange.request), json.loads(exchange.request.body)
    done: dict[str, Any] = {}
    left: dict[str, Any] = {}
    for table, asked in body["RequestItems"].items():
        every = asked["Keys"] if operation == "BatchGetItem" else asked
        half = len(every) // 2
        for part, some in ((done, every[:half]), (left, every[half:])):
            if some:
                part[table] = {**asked, "Keys": some} if operation == "BatchGetItem" else some
    unprocessed = "UnprocessedKeys" if operation == "BatchGetItem" else "UnprocessedItems"
    if not done:
        return Answer(HTTPStatus.OK, (), json.dumps({"Responses": {}, unprocessed: left}).encode())
    answer = exchange.forward(exchange.request.asking(operation or "", {"RequestItems": done}))
    if answer is None or answer.status != HTTPStatus.OK:
        return answer
    return changed(answer, json.loads(answer.body) | {unprocessed: left})


def changed(answer: Answer, body: Any) -> Answer:
    """The same answer of DynamoDB with another body."""
    headers = [(name, value) for name, value in answer.headers if name.lower() != "x-amz-crc32"]
    return Answer(answer.status, headers, json.dumps(body).encode())


def aws_error(status: int, code: str) -> Action:
    """An error of one of the REST services: Invoke, @connections."""
    return refuse(status, {"message": code}, x_amzn_ErrorType=code)


def s3_error(status: int, code: str) -> Action:
    """An error of S3, which speaks XML."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    headers = (("content-type", "application/xml"),)
    return lambda _: Answer(status, headers, body.encode())


# --- Rules ----------------------------------------------------------------------------------


@dataclass(eq=False)
class Rule:
    """Which requests an action is for. Of two that want a request, the later one comes first.

    Attributes:
        step: name of the request.
        function: folder of the function that sends it; empty for any.
        owner: whom it must be about; None for anybody.
        nth: which of the matching requests, from 1; 0 for every one.
        on_hit: called before the action.
    """

    action: Action
    step: str
    function: str = ""
    owner: str | None = None
    nth: int = 1
    on_hit: Callable[[], None] | None = None
    hit: threading.Event = field(default_factory=threading.Event)
    seen: int = 0

    def wants(self, call: Call) -> bool:
        """Whether it is this request's turn. Counts: ask once."""
        if (
            call.step != self.step
            or self.function not in ("", call.function)
            or self.owner not in (None, call.owner)
        ):
            return False
        self.seen += 1
        return self.nth in (0, self.seen)


class Hold:
    """An action that keeps a request until it is released, then goes on with another.

    Attributes:
        held: set while a request waits.
    """

    def __init__(self, then: Action = Exchange.forward, at_most: float = 30.0) -> None:
        self.held = threading.Event()
        self._released = threading.Event()
        self._then = then
        self._at_most = at_most

    def release(self) -> None:
        self._released.set()

    def __call__(self, exchange: Exchange) -> Answer | None:
        self.held.set()
        self._released.wait(self._at_most)
        return self._then(exchange)


# --- The proxy ------------------------------------------------------------------------------


class FaultProxy:
    """Ports for the functions; rules for what becomes of their requests.

    Attributes:
        beneath: between the rules and what is behind the proxy.
    """

    def __init__(self, *upstreams: str) -> None:
        """`upstreams`: names of what stands behind, each behind a port of its own."""
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._owners: dict[str, str] = {}
        self._calls: dict[str, list[Call]] = {}
        self._owner_of_process: dict[int, str] = {}
        self._processes: list[int] = []
        self._root = 0
        self._ready = threading.Event()
        self._addresses: dict[str, tuple[str, int]] = {}
        self.beneath: Callable[[Request, Forward], Answer] = lambda request, send: send(request)
        self.upstreams = upstreams
        self._servers = {name: _Server(self, name) for name in upstreams}

    def url(self, upstream: str) -> str:
        """Where the functions reach it through the proxy."""
        return f"http://127.0.0.1:{self._servers[upstream].server_port}"

    def connect(self, root: int, **upstreams: str) -> None:
        """Say what is behind; requests that came before this wait for it.

        Args:
            root: process whose descendants send requests, and may be killed.
            upstreams: address by name.
        """
        self._root = root
        for name, address in upstreams.items():
            parts = urlsplit(address)
            self._addresses[name] = (parts.hostname or "", parts.port or 80)
        self._ready.set()

    def __enter__(self) -> Self:
        for server in self._servers.values():
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def watch(self, owner: str, *words: str) -> None:
        """Requests that hold one of these words are about this owner."""
        with self._lock:
            self._owners.update(dict.fromkeys(words, owner))
            self._calls[owner] = []

    def forget(self, owner: str) -> None:
        """Nothing about this owner is noted, or picked by a rule of its own, from now on."""
        with self._lock:
            self._owners = {word: one for word, one in self._owners.items() if one != owner}
            self._rules = [rule for rule in self._rules if rule.owner != owner]

    def add(self, rule: Rule) -> Rule:
        with self._lock:
            self._rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        with self._lock:
            if rule in self._rules:
                self._rules.remove(rule)

    def calls_of(self, owner: str) -> list[Call]:
        """Requests about somebody, in order of arrival."""
        return list(self._calls[owner])

    def processes(self) -> list[int]:
        """Processes that serve a function, or have served one."""
        return list(self._processes)

    def serves(self, pid: int, owner: str) -> bool:
        """Whether the last thing a process did was about this owner."""
        return self._owner_of_process.get(pid) == owner

    # --- One request ------------------------------------------------------------------------

    def upstream(self, name: str) -> http.client.HTTPConnection:
        if not self._ready.wait(_START_SECONDS):
            raise TimeoutError("the proxy was never told what is behind it")
        return http.client.HTTPConnection(*self._addresses[name], timeout=_UPSTREAM_SECONDS)

    def sender(self, client_port: int, server_port: int) -> tuple[int | None, str]:
        pid = sender_of(client_port, server_port, self._root, self.processes()[::-1])
        if pid is None:
            return None, ""
        with self._lock:
            # Latest last, and those that were killed no more.
            others = [one for one in self._processes if one != pid and is_running(one)]
            self._processes = [*others, pid]
        return pid, function_of(pid)

    def exchange(
        self,
        request: Request,
        sender: tuple[int | None, str],
        forward: Forward,
    ) -> Answer | None:
        pid, function = sender
        step = step_of(request)
        with self._lock:
            owner = self._owner(request, step, pid)
            call = Call(step, function, pid, owner, time.monotonic())
            if owner in self._calls:
                self._calls[owner].append(call)
            rules = [rule for rule in self._rules if rule.wants(call)]

        def pass_on(request: Request) -> Answer | None:
            if rules:
                rule = rules.pop()
                if rule.on_hit is not None:
                    rule.on_hit()
                rule.hit.set()
                return rule.action(Exchange(call, request, pass_on))
            answer = self.beneath(request, forward)
            call.status = answer.status
            return answer

        return pass_on(request)

    def _owner(self, request: Request, step: str, pid: int | None) -> str | None:
        if step in _ACROSS_USERS:
            return None
        # Pictures are large, and their paths say whose they are.
        body = b"" if step.startswith("PutObject") else request.body
        for word, owner in self._owners.items():
            if word in request.path or word.encode() in body:
                if pid is not None:
                    self._owner_of_process[pid] = owner
                return owner
        if pid is None or _OF_THE_STOCK.search(body):
            return None
        return self._owner_of_process.get(pid)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, proxy: FaultProxy, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy
        self.name = name

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Senders die on purpose here; a broken connection is no news."""


class _Handler(BaseHTTPRequestHandler):
    """One connection of one process."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._sender: tuple[int | None, str] | None = None
        self._upstream: http.client.HTTPConnection | None = None

    def finish(self) -> None:
        super().finish()
        if self._upstream is not None:
            self._upstream.close()

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        request = Request(
            self.command,
            self.path,
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        if self._upstream is None:
            self._upstream = self.server.proxy.upstream(self.server.name)
        if self._sender is None or self._sender[0] is None:
            self._sender = self.server.proxy.sender(self.client_address[1], self.server.server_port)
        answer = self.server.proxy.exchange(request, self._sender, self._forward)
        if answer is None:
            self.close_connection = True
            return
        self._answer(answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815 - the base class's

    def _forward(self, request: Request) -> Answer:
        upstream = self._upstream
        if upstream is None:
            raise RuntimeError("not connected")
        headers = {
            name: value for name, value in request.headers.items() if name not in _OF_THE_CONNECTION
        }
        try:
            upstream.request(request.method, request.path, request.body or None, headers)
            response = upstream.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            upstream.close()  # kept alive too long; nothing was read of this request
            upstream.request(request.method, request.path, request.body or None, headers)
            response = upstream.getresponse()
        body = response.read()
        kept = [
            (name, value)
            for name, value in response.getheaders()
            if name.lower() not in {*_OF_THE_CONNECTION, "content-length"}
        ]
        return Answer(response.status, kept, body)

    def _answer(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        body = answer.body
        if answer.paused is not None:
            length, pause = answer.paused
            self.wfile.write(body[:length])
            self.wfile.flush()
            pause()
            body = body[length:]
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Says nothing."""

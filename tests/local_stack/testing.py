"""A running stack as tests see it: its addresses, users, simulator and AWS clients."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.local_stack.emulator import admin_client, admin_session
from tests.local_stack.names import ADMIN_KEY, ADMIN_SECRET, REGION
from tests.local_stack.options import ROOT

_START_SECONDS = 90
_STOP_SECONDS = 30
_NOT_ALLOWED = "is not authorized to perform"  # IAM's words
_OWN_VARIABLES = {
    "PORT",
    "GEMINI_API_KEY",
    "STATE_DIR",
    "LOG",
    "DAILY_IMAGE_LIMIT",
    "DAILY_MESSAGE_LIMIT",
    "DAILY_UPLOAD_LIMIT",
    "MAX_OPEN_MESSAGES",
    "ALLOWED_ORIGINS",
}


class StackProcess:
    """`python -m tests.local_stack` as a process of the tests.

    Args:
        folder: for its logs and the file that says it is ready.
        arguments: of the command line, besides those that tests always give.
        root, python: another commit's tree, and the interpreter that has what it needs.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        root: Path = ROOT,
        python: str = sys.executable,
    ) -> None:
        self._root = root
        self._python = python
        self._ready = folder / "ready.json"
        self._output = folder / "output.txt"
        self._arguments = [
            *("--port", "0"),
            *("--ready-file", str(self._ready)),
            *("--run-dir", str(folder / "logs")),
            "--until-input-closes",
            *arguments,
        ]
        self._environment = {**_clean(os.environ), **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the gateway's process."""
        return self._started().pid

    def output(self) -> str:
        """Everything it printed so far."""
        return self._output.read_text(errors="replace")

    def start(self) -> "RunningStack":
        """Starts it and returns once it answers."""
        self._ready.unlink(missing_ok=True)
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [self._python, "-m", "tests.local_stack", *self._arguments],
                cwd=self._root,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the local stack did not start:\n{self.output()}")
            time.sleep(0.02)
        stack = RunningStack(json.loads(self._ready.read_text()))
        # What is painted a second time then costs nothing: tests ask for the same picture often.
        # Before simulators had a seed, every picture of a prompt was the same.
        if "seed" in stack.gemini()["settings"]:
            stack.gemini(seed=1)
        return stack

    @contextmanager
    def running(self, *, may_be_refused: bool = False) -> Iterator["RunningStack"]:
        """Starts it, and stops it at the end.

        Args:
            may_be_refused: its functions try what their roles do not allow.

        Raises:
            AssertionError: something went wrong at the end, or a role refused a function something.
        """
        stack = self.start()
        try:
            yield stack
        finally:
            stack.close()
            problem = self.stop() or (None if may_be_refused else _refused(stack.logs))
        assert problem is None, problem

    def stop(self) -> str | None:
        """Stops it; returns what went wrong while it stopped, if anything did."""
        process = self._started()
        if process.stdin is not None:
            process.stdin.close()
        try:
            status = process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return f"the local stack had to be killed:\n{self.output()}"
        left = _leftovers(self._ready)
        if left:
            return f"the local stack left processes behind: {left}"
        return f"the local stack ended with {status}:\n{self.output()}" if status else None

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError("start it first")
        return self._process


class RunningStack:
    """A stack that answers."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.url: str = facts["http"]
        self.websocket_url: str = facts["websocket"]
        self.aws_endpoint: str = facts["aws_endpoint"]
        self.logs = Path(facts["logs"])
        self.functions: Mapping[str, str] = facts["functions"]  # folder to full name
        # Behind each alias, by folder; older stacks have none.
        self.versions: Mapping[str, str] = facts.get("versions", {})
        self._facts = facts
        self._session = admin_session()
        self._client = httpx.Client(base_url=self.url, trust_env=False, timeout=35)
        self._clients: list[httpx.Client] = [self._client]
        self._aws: dict[str, Any] = {}

    def token(self, user: str, **claims: Any) -> str:
        """A bearer token of that user, with these claims instead of the usual ones."""
        response = self._client.post("/dev/token", json={"user": user, "claims": claims})
        response.raise_for_status()
        token: str = response.json()["access_token"]
        return token

    def status(self) -> dict[str, Any]:
        """What GET /dev/status says."""
        found: dict[str, Any] = self._client.get("/dev/status").raise_for_status().json()
        return found

    def gemini(self, **settings: object) -> dict[str, Any]:
        """Sets how the simulator behaves; without settings, only says how."""
        method = "PUT" if settings else "GET"
        response = self._client.request(method, "/dev/gemini", json=settings or None)
        found: dict[str, Any] = response.raise_for_status().json()
        return found

    def http(self, user: str) -> httpx.Client:
        """A client of the HTTP API, signed in as that user."""
        client = httpx.Client(
            base_url=self.url,
            headers={"authorization": f"Bearer {self.token(user)}"},
            trust_env=False,
            timeout=35,
        )
        self._clients.append(client)
        return client

    def aws(self, service: str) -> Any:
        """A boto3 client with the emulator's root credentials."""
        if service not in self._aws:
            endpoints = {
                "lambda": self._facts["lambda"],
                "apigatewaymanagementapi": self._facts["management"],
            }
            endpoint = endpoints.get(service, self.aws_endpoint)
            # The engine may close an idle connection in the moment in which it is used again.
            attempts = 1 if service in endpoints else 2
            self._aws[service] = admin_client(self._session, service, endpoint, attempts)
        return self._aws[service]

    def name(self, logical_id: str) -> str:
        """The name of a table, bucket, secret or role of the template."""
        found: str = self._facts["physical_ids"][logical_id]
        return found

    def env(self, function: str | None = None) -> dict[str, str]:
        """Variables with which a process reaches the stack's AWS with root credentials.

        Args:
            function: folder of a function whose variables from the template are added.
        """
        variables = {
            "AWS_ENDPOINT_URL": self.aws_endpoint,
            "AWS_ENDPOINT_URL_LAMBDA": self._facts["lambda"],
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ADMIN_KEY,
            "AWS_SECRET_ACCESS_KEY": ADMIN_SECRET,
        }
        if function is None:
            return variables
        own = dict(self._facts["environment"][function])
        if "WEBSOCKET_ENDPOINT" in own:
            own["WEBSOCKET_ENDPOINT"] = self._facts["management"]
        return {**own, **variables}

    def close(self) -> None:
        """Closes the connections of these helpers."""
        for client in self._clients:
            client.close()
        for aws_client in self._aws.values():
            aws_client.close()


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what would change the stack under test."""
    return {name: value for name, value in environment.items() if name not in _OWN_VARIABLES}


def _leftovers(ready_file: Path) -> list[int]:
    """Pids that the stack started and that still run a few seconds after its end."""
    if not ready_file.exists():
        return []
    pids = json.loads(ready_file.read_text())["pids"]
    deadline = time.monotonic() + 3
    while (left := [pid for pid in pids if _runs(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _refused(logs: Path) -> str | None:
    """The first time that a function's role did not let it do something, also if that was borne."""
    for file in logs.glob("*.log"):
        text = file.read_text(errors="replace")
        if (place := text.find(_NOT_ALLOWED)) >= 0:
            return f"{file.stem} may not do what it does: {text[place - 300 : place + 200]}"
    return None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

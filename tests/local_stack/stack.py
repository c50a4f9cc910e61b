"""The whole stack: started in order, with progress, and stopped in the opposite order."""

import asyncio
import json
import socket
import sys
import time
from pathlib import Path
from typing import Any

from tests.local_stack.assembly import Parts, Surroundings, assemble
from tests.local_stack.children import Child
from tests.local_stack.emulator import (
    admin_client,
    admin_session,
    emulator_address,
    start_emulator,
)
from tests.local_stack.lambda_runtime.invocation import Outcome
from tests.local_stack.lambda_runtime.schedules import run_schedules
from tests.local_stack.names import ISSUER_PATH, LAMBDA_PATH, WEBSOCKET_PATH
from tests.local_stack.options import Options
from tests.local_stack.push_service import BROWSERS_SERVICES
from tests.local_stack.states import State, engine_lock, newest_state
from tests.local_stack.template.deployment import (
    Deployment,
    deploy,
    enable_expiry,
    protect_tables,
    tables,
)
from tests.local_stack.template.plan import Plan, make_plan
from tests.local_stack.template.serving import FunctionSpec, Serving
from tests.local_stack.template.versions import Versions
from tests.local_stack.unfinished import bring_deadlines_forward
from tests.sam.aws_models import BOTOCORES, cut

AUDIENCE = "afterimage"
CLIENT_ID = "chat-page"
STAGE = "live"
_SIMULATOR_SECONDS = 30
_WARM_UP_SECONDS = 5
_DISCONNECT_SECONDS = 5
_DRAIN_SECONDS = 2
_WATCH_SECONDS = 0.5
_CHILD_SECONDS = 20  # the engine keeps all its state then


class Stack:
    """One running stack.

    Args:
        listener: the socket that everything is served on, already bound.
        run_dir: folder for logs and temporary files.
    """

    def __init__(self, options: Options, listener: socket.socket, run_dir: Path) -> None:
        self._options = options
        self._listener = listener
        self._run_dir = run_dir
        self._aws_models = run_dir / "aws-models"
        self._session = admin_session()
        self._children: list[Child] = []
        self._state: State | None = None  # that this run goes on with
        self._tasks: list[asyncio.Task[Any]] = []
        self._parts: Parts | None = None
        self._url = "http://{}:{}".format(*listener.getsockname()[:2])
        self._emulator = ""
        self._simulator: str | None = None

    async def start(self) -> None:
        """Starts everything; the stack answers when this returns."""
        started = time.perf_counter()
        try:
            plan, deployment = await asyncio.to_thread(self._prepare)
        except Exception:
            self._check_children()  # one that has ended is the reason
            raise
        serving = plan.serving(
            deployment, self._options.template.parent, self._versions(deployment.stack_id)
        )
        self._parts = assemble(serving, self._surroundings())
        say("importing the functions")
        self._tasks.append(asyncio.create_task(self._parts.server.serve([self._listener])))
        await self._warm_up(self._parts)
        schedules = run_schedules(
            serving.schedules,
            self._parts.service,
            self._options.schedule_interval,
            at_once=self._options.sweeps_at_once or self._state is not None,
        )
        self._tasks.append(asyncio.create_task(schedules))
        self._announce(time.perf_counter() - started)
        self._write_ready_file(serving, deployment, self._pids(self._parts))

    async def watch(self) -> None:
        """Raises ChildFailedError once a process has ended without which nothing works."""
        while True:
            self._check_children()
            await asyncio.sleep(_WATCH_SECONDS)

    async def stop(self) -> None:
        """Closes sockets, lets workers finish briefly, ends every process."""
        if self._parts is not None:
            for schedules in self._tasks[1:]:
                schedules.cancel()
            if self._parts.websocket is not None:
                await self._parts.websocket.stop(_DISCONNECT_SECONDS)
            await self._parts.service.stop(_DRAIN_SECONDS)
            await self._parts.dev.stop()
            self._parts.server.should_exit = True
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for child in reversed(self._children):
            if not await asyncio.to_thread(child.stop, _CHILD_SECONDS):
                print(f"  {child.name} had to be killed; see {child.log}", file=sys.stderr)

    def _check_children(self) -> None:
        for child in self._children:
            child.check()

    def _prepare(self) -> tuple[Plan, Deployment]:
        """Everything before serving: other processes started, the data side deployed."""
        say("starting MiniStack, reading template.yaml")
        emulator = self._start_emulator()
        if self._options.gemini_api_key is None:
            self._start_simulator()
        plan = make_plan(self._options.template, self._parameters())
        cut(BOTOCORES, self._aws_models)
        self._emulator = emulator_address(emulator)
        say("deploying tables, bucket, secrets and roles")
        client = admin_client(self._session, "cloudformation", self._emulator)
        deployment = deploy(client, plan.data_template(), plan.asked_for)
        dynamodb = admin_client(self._session, "dynamodb", self._emulator)
        enable_expiry(dynamodb, plan.resources, deployment)
        protect_tables(dynamodb, plan.resources, deployment)
        if self._state is not None:
            bring_deadlines_forward(dynamodb, tables(plan.resources, deployment))
        emulator.tell("deployed")
        return plan, deployment

    def _start_emulator(self) -> Child:
        state_dir = self._options.state_dir
        if state_dir is not None:
            with engine_lock(state_dir):
                self._state, damaged = newest_state(state_dir)
            for name in damaged:
                say(f"state {name} is damaged and is not used")
            if self._state is not None:
                say(_said(self._state))
        emulator = start_emulator(self._run_dir, state_dir, self._state)
        self._children.append(emulator)
        return emulator

    def _start_simulator(self) -> None:
        simulator = Child(
            "The Gemini simulator",
            "tests.local_stack.with_parent",
            "tests.local_stack.gemini",
            "--port",
            "0",
            env={},
            log=self._run_dir / "gemini.log",
        )
        self._children.append(simulator)
        self._simulator = simulator.first_line(_SIMULATOR_SECONDS).rsplit(" ", 1)[-1]

    def _parameters(self) -> dict[str, str]:
        parameters = {
            "Issuer": self._url + ISSUER_PATH,
            "Audience": AUDIENCE,
            "ClientId": CLIENT_ID,
            "GeminiApiKey": self._options.gemini_api_key or "simulated",
            "PublicUrl": self._url,
            "WebSocketUrl": self._websocket_url(),
            # Of real browsers, which are told from here as well, and of the stack's own.
            "PushHosts": f"{BROWSERS_SERVICES},{self._url}",
        }
        if self._simulator is not None:
            parameters["GeminiBaseUrl"] = self._simulator
        return {**parameters, **self._options.parameters}

    def _versions(self, stack_id: str) -> Versions:
        """Of the functions; a STATE_DIR without any state has none."""
        state_dir = self._options.state_dir
        file = state_dir / "versions.json" if state_dir is not None else None
        if file is not None and self._state is None:
            file.unlink(missing_ok=True)
        return Versions(file, stack_id)

    def _websocket_url(self) -> str:
        return f"{self._url.replace('http', 'ws', 1)}{WEBSOCKET_PATH}/{STAGE}"

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            options=self._options,
            session=self._session,
            run_dir=self._run_dir,
            aws_models=self._aws_models,
            url=self._url,
            addresses=self._addresses(),
            issuer_url=self._url + ISSUER_PATH,
            audience=AUDIENCE,
            emulator=self._emulator,
            simulator=self._simulator,
            failed=_show_failure,
        )

    def _addresses(self) -> dict[str, str]:
        return {
            "http": self._url,
            "websocket": self._websocket_url(),
            "aws_endpoint": self._emulator,
            "gemini": self._simulator or "https://generativelanguage.googleapis.com",
        }

    async def _warm_up(self, parts: Parts) -> None:
        """Imports every handler; what takes too long goes on behind the first requests."""
        warming = [
            asyncio.create_task(function.warm_up()) for function in parts.service.functions.values()
        ]
        if warming:
            self._tasks += warming
            await asyncio.wait(warming, timeout=_WARM_UP_SECONDS)

    def _announce(self, seconds: float) -> None:
        addresses = self._addresses()
        for name, address in (
            ("page", addresses["http"] + "/"),
            ("HTTP API", addresses["http"]),
            ("WebSocket", addresses["websocket"]),
            ("AWS endpoint", addresses["aws_endpoint"]),
            ("Gemini", addresses["gemini"]),
            ("logs", str(self._run_dir)),
        ):
            print(f"{name:<13} {address}")
        print(f"Ready after {seconds:.1f} s. Ctrl-C stops it.", flush=True)

    def _pids(self, parts: Parts) -> list[int]:
        own = [pid for function in parts.service.functions.values() for pid in function.pids()]
        return [*(child.process.pid for child in self._children), *own]

    def _write_ready_file(self, serving: Serving, deployment: Deployment, pids: list[int]) -> None:
        file = self._options.ready_file
        if file is None:
            return
        facts = {
            **self._addresses(),
            "lambda": self._url + LAMBDA_PATH,
            "management": f"{self._url}{WEBSOCKET_PATH}/{STAGE}",
            "physical_ids": dict(deployment.physical_ids),
            "functions": {spec.short_name: spec.name for spec in serving.functions},
            "versions": {spec.short_name: spec.version for spec in serving.functions},
            "environment": {spec.short_name: dict(spec.environment) for spec in serving.functions},
            "logs": str(self._run_dir),
            "pids": pids,
        }
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(facts, indent=1))
        unfinished.replace(file)


def _said(state: State) -> str:
    moment = state.moment.strftime("%Y-%m-%d %H:%M:%S UTC")
    if state.is_last:
        return f"going on with the state of {moment}, with which the last run ended"
    return f"going on with the state of {moment}: the last run was cut off after it"


def say(step: str) -> None:
    """One line of progress."""
    print(f"· {step}", flush=True)


def _show_failure(spec: FunctionSpec, outcome: Outcome, log: Path) -> None:
    error = json.loads(outcome.payload)
    what = f"{error.get('errorType')}: {error.get('errorMessage')}"
    print(f"! {spec.short_name} failed: {what} (see {log})", file=sys.stderr, flush=True)

"""One Lambda function: its processes, its free workers and its concurrency."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.local_stack.lambda_runtime.first_process import FirstProcess
from tests.local_stack.lambda_runtime.invocation import Invocation, Outcome, ThrottledError
from tests.local_stack.lambda_runtime.permissions import services_of
from tests.local_stack.lambda_runtime.worker import Worker
from tests.local_stack.template.serving import FunctionSpec

# "The default concurrency limit per AWS Region is 1,000 invocations" (page "Lambda quotas").
ACCOUNT_CONCURRENCY = 1000

Environment = Callable[[str], tuple[Mapping[str, str], float]]


class Function:
    """Runs invocations of one function, each in a process that serves no other meanwhile.

    Args:
        spec: what the template says of it.
        environment: gives a worker's variables for its id, and the epoch second at which its
            credentials end.
        log: file for all that it prints.
        aws_models: folder of what its SDK knows of AWS.
        failed: told about every function error, for people to see.
        concurrency: invocations at once where none are reserved; each takes a process.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        environment: Environment,
        log: Path,
        aws_models: Path,
        failed: Callable[[FunctionSpec, Outcome], None],
        concurrency: int = ACCOUNT_CONCURRENCY,
    ) -> None:
        self.spec = spec
        self._concurrency = concurrency
        self.workers: dict[str, Worker] = {}
        self.running: set[Invocation] = set()
        self._environment = environment
        self._log = log
        self._aws_models = aws_models
        self._failed = failed
        self._free: list[Worker] = []
        self._first: FirstProcess | None = None
        self._starting: asyncio.Task[FirstProcess] | None = None
        self._tasks: set[asyncio.Task[Outcome]] = set()
        self._stopping = False

    def begin(
        self, payload: bytes, qualifier: str | None, request_id: str | None = None
    ) -> "asyncio.Task[Outcome]":
        """Starts an invocation, which then runs to its end whoever waits for it.

        Raises:
            ThrottledError: every slot is in use. "If your function has reserved concurrency, it
                is throttled at that number" ("Configuring reserved concurrency").
        """
        limit = self.spec.reserved_concurrency
        if len(self.running) >= (self._concurrency if limit is None else limit):
            raise ThrottledError(self.spec.name)
        arn = f"{self.spec.arn}:{qualifier}" if qualifier else self.spec.arn
        invocation = Invocation(payload, arn)
        if request_id is not None:
            invocation.request_id = request_id
        self.running.add(invocation)
        task = asyncio.create_task(self._run(invocation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def pids(self) -> list[int]:
        """Of all its processes at this moment."""
        workers = [worker.pid for worker in self.workers.values()]
        first = self._first.pid if self._first is not None else None
        return [pid for pid in (first, *workers) if pid is not None]

    async def warm_up(self) -> None:
        """Imports the handler and starts a first worker, so that nobody waits for them."""
        first = await self._first_process()
        await first.ready.wait()
        if self._first is first and not self.workers:
            self._free.append(self._fork(first))

    async def drain(self, seconds: float) -> None:
        """Waits a little for what runs."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def stop(self) -> None:
        """Ends every process."""
        self._stopping = True
        if self._first is not None:
            await self._first.stop()
        for worker in list(self.workers.values()):
            worker.kill()

    async def _run(self, invocation: Invocation) -> Outcome:
        try:
            await self._dispatch(invocation)
            outcome = await invocation.outcome
        finally:
            self.running.discard(invocation)
        if outcome.failed and not self._stopping:
            self._failed(self.spec, outcome)
        return outcome

    async def _dispatch(self, invocation: Invocation) -> None:
        worker = self._free_worker()
        if worker is None:
            first = await self._first_process()
            while first is not self._first:  # it may have ended meanwhile
                first = await self._first_process()
            # Another may have become free while the first process started.
            worker = self._free_worker() or self._fork(first)
        worker.assign(invocation)

    def _free_worker(self) -> Worker | None:
        while self._free:
            worker = self._free.pop()
            if worker.expires_at > time.time() + self.spec.timeout:
                return worker
            worker.kill()
        return None

    async def _first_process(self) -> FirstProcess:
        if self._first is not None:
            return self._first
        if self._starting is None:
            self._starting = asyncio.create_task(self._start_first())
        try:
            return await self._starting
        finally:
            self._starting = None

    async def _start_first(self) -> FirstProcess:
        variables, _ = await asyncio.to_thread(self._environment, "first")
        first = FirstProcess(
            variables,
            self.spec.code_dir,
            self._log,
            self._aws_models,
            services_of(self.spec.statements),
            started=self._worker_started,
            ended=self._worker_ended,
            gone=self._first_gone,
        )
        await first.start()
        self._first = first
        return first

    def _fork(self, first: FirstProcess) -> Worker:
        worker_id = secrets.token_urlsafe(12)
        variables, expires_at = self._environment(worker_id)
        worker = Worker(worker_id, self.spec.timeout, expires_at, self._free.append)
        self.workers[worker_id] = worker
        first.fork(worker_id, variables)
        return worker

    def _worker_started(self, worker_id: str, pid: int) -> None:
        self.workers[worker_id].pid = pid

    def _worker_ended(self, pid: int, status: int) -> None:
        for worker in list(self.workers.values()):
            if worker.pid == pid:
                self._forget(worker, status)

    def _forget(self, worker: Worker, status: int) -> None:
        del self.workers[worker.worker_id]
        if worker in self._free:
            self._free.remove(worker)
        unstarted = worker.ended(status)
        if unstarted is not None and not self._stopping:
            again = asyncio.create_task(self._dispatch_again(unstarted))
            self._tasks.add(again)
            again.add_done_callback(self._tasks.discard)

    async def _dispatch_again(self, invocation: Invocation) -> Outcome:
        """A worker that died before it had started its invocation makes no difference to it."""
        await self._dispatch(invocation)
        return await invocation.outcome

    def _first_gone(self, init_error: bytes | None) -> None:
        self._first = None
        for worker in list(self.workers.values()):
            if worker.invocation is not None and worker.invocation.started_at is None:
                if init_error is not None:
                    worker.invocation.fail_with(init_error)
                else:
                    worker.invocation.crash(1)
                worker.invocation = None
            worker.kill()
            self._forget(worker, 1)

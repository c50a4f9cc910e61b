"""The first process of a function: imports the handler once, then forks a worker on demand.

A fork is what keeps a burst of cold starts bearable on a small machine; everything that counts is
as on AWS: one process per concurrent invocation, module state shared with nobody, init code run
before the first invocation. Its arguments are a folder of what the SDK reads of AWS, as a built
layer has it, and the AWS services that the function may call: before a second worker is forked,
what botocore reads of them is read for all (`models.py`). Commands come as lines on standard input,
answers leave on standard output, and when the input closes every process of the function ends.

    in:  {"worker": "id", "environment": {…}}     start a worker
    out: ready | failed {error} | started ID PID | ended PID STATUS
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MANY = 2  # workers; one alone gains nothing by sharing, and starts sooner without
_ROOT = str(Path(__file__).resolve().parents[4])


def load_handler(name: str) -> Any:
    """The handler "module.function" names ("Define Lambda function handler in Python")."""
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(module.replace("/", ".")), function)


def import_layers() -> None:
    """Imports all modules of the function's layers, which handlers else import at their first call.

    Modules do nothing on import, so this only saves each worker the time. What cannot be imported
    fails where it is used.
    """
    for folder in os.environ["PYTHONPATH"].split(os.pathsep)[1:]:
        for package in pkgutil.iter_modules([folder]):
            path = [os.path.join(folder, package.name)]
            for module in pkgutil.walk_packages(path, package.name + ".", onerror=lambda _: None):
                with contextlib.suppress(Exception):
                    importlib.import_module(module.name)


class Forker:
    """Starts workers and says what became of them.

    Args:
        handler: the function's handler, already imported.
        answers: file descriptor for the answers.
        serve: a worker's loop.
        share: reads what all workers read; called once there is more than one.
    """

    def __init__(self, handler: Any, answers: int, serve: Any, share: Callable[[], None]) -> None:
        self._handler = handler
        self._answers = answers
        self._serve = serve
        self._share = share
        self._forked = 0
        self._workers: set[int] = set()  # not reaped yet, so their pids are their own
        # Workers hold only the reading end: it closes when this process is gone.
        self._alive_read, self._alive_write = os.pipe()
        self._child_read, self._child_write = os.pipe()
        os.set_blocking(self._child_write, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._child_write)

    def run(self) -> None:
        """Obeys commands until standard input closes."""
        pending = b""
        while True:
            readable, _, _ = select.select([0, self._child_read], [], [])
            if self._child_read in readable:
                os.read(self._child_read, 4096)
                self._reap()
            if 0 in readable:
                chunk = os.read(0, 65536)
                if not chunk:
                    self._end_workers()
                    return
                *commands, pending = (pending + chunk).split(b"\n")
                for command in commands:
                    self._fork(json.loads(command))

    def _fork(self, command: dict[str, Any]) -> None:
        self._forked += 1
        if self._forked == _MANY:
            self._share()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            self._become_worker(command)
        self._workers.add(pid)
        say(self._answers, f"started {command['worker']} {pid}")

    def _end_workers(self) -> None:
        for pid in self._workers:
            os.kill(pid, signal.SIGKILL)
        for pid in self._workers:
            os.waitpid(pid, 0)

    def _become_worker(self, command: dict[str, Any]) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in (
                self._answers,
                self._alive_write,
                self._child_read,
                self._child_write,
            ):
                os.close(descriptor)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.environ.update(command["environment"])
            threading.Thread(target=self._end_with_parent, daemon=True).start()
            self._serve(self._handler, os.environ["AWS_LAMBDA_RUNTIME_API"])
            status = 0
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else 1
        finally:
            sys.stdout.flush()
            os._exit(status)

    def _end_with_parent(self) -> None:
        os.read(self._alive_read, 1)
        os._exit(0)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._workers.discard(pid)
            say(self._answers, f"ended {pid} {os.waitstatus_to_exitcode(status)}")


def say(descriptor: int, line: str) -> None:
    """Writes one answer."""
    os.write(descriptor, line.encode() + b"\n")


def main() -> None:
    """Imports the handler and serves commands."""
    # Answers keep the real standard output; what handlers print goes to the log with the errors.
    answers = os.dup(1)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.path.append(_ROOT)
    from tests.local_stack.lambda_runtime.process.models import read_models_in, share_models
    from tests.local_stack.lambda_runtime.process.runtime_client import error_payload
    from tests.local_stack.lambda_runtime.process.worker import work

    sys.path.remove(_ROOT)  # a handler finds its own folder and its layers, as on AWS
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except BaseException as error:  # noqa: BLE001  # reported as the function's init error
        say(answers, "failed " + error_payload(error).decode())
        sys.exit(1)
    import_layers()
    aws_models, *services = sys.argv[1:]
    read_models_in(aws_models)
    gc.freeze()  # what is imported stays shared between the workers
    say(answers, "ready")
    Forker(handler, answers, work, lambda: share_models(services)).run()


if __name__ == "__main__":
    main()

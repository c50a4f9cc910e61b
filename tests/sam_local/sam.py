"""The SAM CLI as it is called here: built once, then one process for each function."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.local_stack.names import REGION
from tests.local_stack.options import ROOT
from tests.sam_local.base_image import architecture
from tests.sam_local.printed import Printed, container_ids, read

_SAM = str(ROOT / ".venv-sam/bin/sam")
_BUILD_SECONDS = 300
_INVOKE_SECONDS = 60
_STOP_SECONDS = 15
_ANSWER = 500  # characters of what went wrong


class SamError(Exception):
    """The SAM CLI itself failed; the message is for people."""


@dataclass(frozen=True)
class Sam:
    """The CLI with everything that its local commands have in common.

    Attributes:
        engine: address of the container engine.
        folder: for the build and all else that the CLI writes.
        env_vars: file with the functions' variables.
        add_host: a name and an address for the containers' hosts.
        credentials: variables by which the CLI, and through it a function, signs for AWS.
        image: instead of AWS's own.
    """

    engine: str
    folder: Path
    env_vars: Path
    add_host: str
    credentials: Mapping[str, str]
    image: str | None

    def invoke(self, function: str, event: Path) -> tuple[Printed, list[str]]:
        """Runs one function with one event; what it printed, and the containers it made."""
        command = [_SAM, "local", "invoke", function, "--event", str(event), *self._options()]
        with _process(command, self.environment()) as process:
            try:
                stdout, stderr = process.communicate(timeout=_INVOKE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                stdout, stderr = process.communicate()
                stderr += f"\nsam local invoke timed out after {_INVOKE_SECONDS} seconds"
        printed = read(stdout, stderr)
        if printed.billed_ms is None:
            # It never ran: what the CLI said is all there is to know.
            why = stderr.strip()[-_ANSWER:]
            printed = replace(printed, problems=(*printed.problems, why))
        return printed, container_ids(stderr)

    @contextmanager
    def start(self, what: Sequence[str], port: int, log: Path) -> Iterator[None]:
        """`sam local start-api`, or `start-lambda FUNCTION`, on that port of the loopback.

        Containers stay for what is asked later.
        """
        command = [_SAM, "local", *what, "--host", "127.0.0.1", "--port", str(port)]
        command += ["--warm-containers", "LAZY", "--no-watch", *self._options()]
        with log.open("wb") as output, _process(command, self.environment(), output) as process:
            try:
                yield
            finally:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)

    def environment(self) -> dict[str, str]:
        """Of the CLI's processes: nothing of the user's own AWS account."""
        own = {"DOCKER_HOST": self.engine, **self.credentials}
        return sam_environment(self.folder) | own

    def _options(self) -> list[str]:
        options = ["--template", str(self.folder / "build/template.yaml"), "--skip-pull-image"]
        options += ["--env-vars", str(self.env_vars), "--add-host", self.add_host]
        options += ["--layer-cache-basedir", str(self.folder / "layers")]
        options += ["--parameter-overrides", f"Architecture={architecture()}"]
        return [*options, "--invoke-image", self.image] if self.image else options


def sam_environment(folder: Path) -> dict[str, str]:
    """Variables for any command of the CLI, which writes into this folder alone."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("AWS_", "SAM_CLI_"))}
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return kept | {
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_CONTAINER_CONNECTION_TIMEOUT": "45",  # seconds; 20 are few on a busy machine
        "__SAM_CLI_APP_DIR": str(folder / "settings"),
        "TMPDIR": str(temporary),
        "AWS_DEFAULT_REGION": REGION,
    }


def build(folder: Path) -> None:
    """`make build` for this machine's processor. Raises: SamError."""
    built = folder / "build"
    command = ["make", "build", f"ARCHITECTURE={architecture()}", f"BUILD_FOLDER={built}"]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=sam_environment(folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SamError("make build takes too long") from error
    if done.returncode:
        raise SamError(f"make build failed: {(done.stderr or done.stdout).strip()[-_ANSWER:]}")


@contextmanager
def _process(
    command: list[str], environment: dict[str, str], output: object = subprocess.PIPE
) -> "Iterator[subprocess.Popen[str]]":
    # Behind the containers, whose runtimes must listen when the CLI asks.
    process = subprocess.Popen(
        ["nice", *command],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,  # type: ignore[call-overload]
        stderr=output,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

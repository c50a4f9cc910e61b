"""A container engine: the one that answers, else one of our own until it is no longer needed."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.sam_local.engine_api import EngineApi

_START_SECONDS = 30
_STOP_SECONDS = 20
_INSTALL_SECONDS = 120
_PACKAGES = ("docker.io", "iptables")
_BRIDGE = "docker0"


class NoEngineError(Exception):
    """There is no container engine, and none can be had; the message says why."""


@dataclass(frozen=True)
class Engine:
    """A running engine.

    Attributes:
        host: its address as DOCKER_HOST has it.
        own: it was started by us, and ends with us.
    """

    host: str
    own: bool


@contextlib.contextmanager
def container_engine(folder: Path) -> Iterator[Engine]:
    """An engine that answers.

    Args:
        folder: for everything of an engine of our own.

    Raises:
        NoEngineError: there is none, and none can be installed or started.
    """
    if found := _running(os.environ):
        yield Engine(found, own=False)
        return
    if shutil.which("dockerd") is None:
        refusal = why_not_installed(os.environ, os.geteuid(), shutil.which("apt-get"))
        if refusal:
            raise NoEngineError(refusal)
        _install()
        # A package may have started its service.
        if found := _running(os.environ):
            yield Engine(found, own=False)
            return
    if os.geteuid() != 0:
        raise NoEngineError("no container engine answers, and only root can start one")
    with _own_engine(folder) as host:
        yield Engine(host, own=True)


def sockets(environment: Mapping[str, str]) -> list[str]:
    """Where an engine may be: where DOCKER_HOST says, and there only; else the usual places."""
    if environment.get("DOCKER_HOST"):
        return [environment["DOCKER_HOST"]]
    places = ["/var/run/docker.sock"]
    if "XDG_RUNTIME_DIR" in environment:
        places.append(f"{environment['XDG_RUNTIME_DIR']}/docker.sock")
    if "HOME" in environment:
        places.append(f"{environment['HOME']}/.docker/run/docker.sock")
    return [f"unix://{place}" for place in places]


def why_not_installed(
    environment: Mapping[str, str], user_id: int, apt_get: str | None
) -> str | None:
    """Why no engine is installed here, None where one may be."""
    if environment.get("DOCKER_HOST"):
        return f"no container engine answers at DOCKER_HOST={environment['DOCKER_HOST']}"
    if apt_get is None:
        return "no container engine answers, and there is no apt-get to install one"
    if user_id != 0:
        return "no container engine answers, and only root can install one"
    return None


def _running(environment: Mapping[str, str]) -> str | None:
    for host in sockets(environment):
        with EngineApi(host) as api:
            if api.answers():
                return host
    return None


def _install() -> None:
    print(f"· installing {' and '.join(_PACKAGES)}, once", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *_PACKAGES]
    for command in (["apt-get", "update", "-qq"], install):
        try:
            done = subprocess.run(
                command,
                env=quiet,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_INSTALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NoEngineError(f"{command[1]} by apt-get takes too long") from error
        if done.returncode:
            raise NoEngineError(f"apt-get cannot {command[1]}: {done.stderr.strip()[-300:]}")


@contextlib.contextmanager
def _own_engine(folder: Path) -> Iterator[str]:
    """An engine that touches neither the firewall nor forwarding; its containers reach us only."""
    folder.mkdir(parents=True, exist_ok=True)
    host = f"unix://{folder}/docker.sock"
    had_bridge = _has_bridge()
    command = ["dockerd", "--host", host, "--data-root", str(folder / "data")]
    command += ["--exec-root", str(folder / "exec"), "--pidfile", str(folder / "dockerd.pid")]
    command += ["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--log-level=warn"]
    log = folder / "dockerd.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_for(process, host, log)
        yield host
    finally:
        _stop(process)
        if not had_bridge and _has_bridge():
            subprocess.run(["ip", "link", "delete", _BRIDGE], capture_output=True, check=False)


def _wait_for(process: "subprocess.Popen[bytes]", host: str, log: Path) -> None:
    give_up = time.monotonic() + _START_SECONDS
    with EngineApi(host) as api:
        while not api.answers():
            if process.poll() is not None or time.monotonic() > give_up:
                last = log.read_text(errors="replace").strip()[-300:]
                raise NoEngineError(f"dockerd does not start here: {last}")
            time.sleep(0.1)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _has_bridge() -> bool:
    return Path(f"/sys/class/net/{_BRIDGE}").exists()

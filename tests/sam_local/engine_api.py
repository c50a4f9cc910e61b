"""What is asked of a container engine, over its HTTP API ("Docker Engine API", v1.41)."""

import json
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

_VERSION = "/v1.41"
_ANSWER_SECONDS = 10
_PULL_SILENCE_SECONDS = 20  # a pull that goes on says so more often
_IMPORT_SECONDS = 120


class EngineError(Exception):
    """The engine refused or did not answer; the message is for people."""


class EngineApi:
    """One engine.

    Args:
        host: as DOCKER_HOST has it, `unix:///var/run/docker.sock`.
        transport: instead of the socket.
    """

    def __init__(self, host: str, transport: httpx.BaseTransport | None = None) -> None:
        kind, _, path = host.partition("://")
        if transport is None and kind == "unix":
            transport = httpx.HTTPTransport(uds=path)
        base = "http://engine" if kind == "unix" else f"http://{path}"
        self._http = httpx.Client(
            base_url=base, transport=transport, timeout=_ANSWER_SECONDS, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def answers(self) -> bool:
        """Whether there is an engine."""
        try:
            return self._http.get("/_ping").is_success
        except httpx.TransportError:
            return False

    def has_image(self, name: str) -> bool:
        """Whether an image of this name is there."""
        return self._http.get(f"{_VERSION}/images/{name}/json").is_success

    def pull(self, name: str) -> None:
        """Raises: EngineError (no registry answers, or it has no such image)."""
        repository, _, tag = name.rpartition(":")
        wanted = {"fromImage": repository, "tag": tag}
        self._create(wanted, b"", _PULL_SILENCE_SECONDS)

    def import_image(self, name: str, root: Path, changes: Iterable[str]) -> None:
        """Makes an image of a tar file with the files of its root, as `docker import` does.

        Raises: EngineError.
        """
        repository, _, tag = name.rpartition(":")
        wanted = {"fromSrc": "-", "repo": repository, "tag": tag, "changes": list(changes)}
        with root.open("rb") as content:
            self._create(wanted, content, _IMPORT_SECONDS)

    def remove_image(self, name: str) -> None:
        """Whether or not it is there."""
        self._http.delete(f"{_VERSION}/images/{name}", params={"force": True})

    def remove_container(self, container_id: str) -> None:
        """Whether or not it runs, or is there."""
        self._http.delete(f"{_VERSION}/containers/{container_id}", params={"force": True})

    def bridge(self) -> tuple[IPv4Address, IPv4Network]:
        """This machine's address on the network of the containers, and that network."""
        found = self._http.get(f"{_VERSION}/networks/bridge")
        if not found.is_success:
            raise EngineError("the container engine has no network called bridge")
        return bridge_of(found.json())

    def _create(self, wanted: Mapping[str, Any], content: Any, seconds: float) -> None:
        path = f"{_VERSION}/images/create"
        try:
            with self._http.stream(
                "POST", path, params=wanted, content=content, timeout=seconds
            ) as answer:
                said = [json.loads(line) for line in answer.iter_lines() if line.strip()]
        except (httpx.TransportError, ValueError) as error:
            raise EngineError(f"the container engine did not finish: {error}") from error
        problems = [line["error"] for line in said if "error" in line]
        if not answer.is_success or problems:
            raise EngineError("; ".join(problems) or str(said))


def bridge_of(network: Mapping[str, Any]) -> tuple[IPv4Address, IPv4Network]:
    """The first address of the network is the engine's own machine, unless it says otherwise."""
    for config in network["IPAM"]["Config"]:
        subnet = IPv4Network(config["Subnet"])
        gateway = config.get("Gateway") or next(subnet.hosts())
        return IPv4Address(gateway), subnet
    raise EngineError("the container engine's network has no addresses")

"""Everything with which functions in containers work beside a running local stack.

In a container 127.0.0.1 is the container. So `localhost` is this machine there, by `--add-host`,
and what listens on this machine's loopback interface is forwarded to the containers. AWS is
reached by the bridge's address instead, because the SDK would put a bucket's name before a host's.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.local_stack.emulator import admin_client, admin_session
from tests.local_stack.names import (
    ADMIN_KEY,
    ADMIN_SECRET,
    ISSUER_PATH,
    LAMBDA_PATH,
    REGION,
)
from tests.sam_local.engine_api import EngineApi
from tests.sam_local.forward import Forward

_LOOPBACK = "127.0.0.1"
# Of each function's own; everything else means the same to all of them.
_OWN = "POWERTOOLS_SERVICE_NAME"


@dataclass(frozen=True)
class Surroundings:
    """What is known of a running local stack.

    Attributes:
        url: its own address, "http://127.0.0.1:8000".
        websocket: of its WebSocket.
        aws_endpoint: of its AWS.
        gemini: of the model.
        functions: each function's variables by its folder.
    """

    url: str
    websocket: str
    aws_endpoint: str
    gemini: str
    functions: Mapping[str, Mapping[str, str]]

    @property
    def public_config(self) -> str:
        """Name of the SSM parameter with the public configuration."""
        return next(iter(self.functions.values()))["PUBLIC_CONFIG_PARAMETER"]


@dataclass(frozen=True)
class Containers:
    """How to run functions in containers beside the stack.

    Attributes:
        env_vars: content of the file for `--env-vars`.
        credentials: variables of the CLI itself, which passes them on.
        add_host: value for `--add-host`.
        issuer: the "iss" that tokens must have for them.
    """

    env_vars: dict[str, dict[str, str]]
    credentials: dict[str, str]
    add_host: str
    issuer: str


def surroundings_of(url: str) -> Surroundings:
    """Asks the stack at this address. Raises: httpx.HTTPError."""
    with httpx.Client(base_url=url, trust_env=False, timeout=10) as client:
        status = client.get("/dev/status").raise_for_status().json()
        functions = client.get("/dev/functions").raise_for_status().json()
    return Surroundings(
        url=status["http"],
        websocket=status["websocket"],
        aws_endpoint=status["aws_endpoint"],
        gemini=status["gemini"],
        functions={name: about["environment"] for name, about in functions.items()},
    )


@contextlib.contextmanager
def beside(stack: Surroundings, api: EngineApi) -> Iterator[Containers]:
    """Makes the stack reachable for containers while the context lasts.

    Raises:
        EngineError, OSError: the containers' network is not on this machine.
    """
    address, network = api.bridge()
    issuer = seen_from_inside(stack.url) + ISSUER_PATH
    _write_public_config(stack, issuer)
    with Forward(address, network, ports_of(stack)):
        yield Containers(
            env_vars={"Parameters": variables(stack, address)},
            credentials=_credentials(stack),
            add_host=f"localhost:{address}",
            issuer=issuer,
        )


def ports_of(stack: Surroundings) -> set[int]:
    """Of everything that listens on this machine's loopback interface."""
    addresses = [urlsplit(url) for url in (stack.url, stack.aws_endpoint, stack.gemini)]
    return {url.port for url in addresses if url.hostname == _LOOPBACK and url.port is not None}


def seen_from_inside(url: str) -> str:
    """An address of this machine's loopback interface as a container names it; others stay."""
    parts = urlsplit(url)
    if parts.hostname != _LOOPBACK:
        return url
    return parts._replace(netloc=f"localhost:{parts.port}").geturl()


def variables(stack: Surroundings, bridge: IPv4Address) -> dict[str, str]:
    """Values for the variables that the template declares; each function takes its own."""
    declared: dict[str, str] = {}
    for environment in stack.functions.values():
        declared |= environment
    declared.pop(_OWN, None)
    endpoint = urlsplit(stack.websocket)._replace(scheme="http").geturl()
    return declared | {
        "PUBLIC_CONFIG_PARAMETER": _inside_parameter(stack),
        "GEMINI_BASE_URL": seen_from_inside(stack.gemini),
        "WEBSOCKET_ENDPOINT": seen_from_inside(endpoint),
        "AWS_ENDPOINT_URL": f"http://{bridge}:{urlsplit(stack.aws_endpoint).port}",
        "AWS_ENDPOINT_URL_LAMBDA": seen_from_inside(stack.url) + LAMBDA_PATH,
    }


def _credentials(stack: Surroundings) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": ADMIN_KEY,
        "AWS_SECRET_ACCESS_KEY": ADMIN_SECRET,
        "AWS_DEFAULT_REGION": REGION,
        # The CLI asks whose they are, and would ask AWS.
        "AWS_ENDPOINT_URL_STS": stack.aws_endpoint,
    }


def _inside_parameter(stack: Surroundings) -> str:
    return f"{stack.public_config}-in-containers"


def _write_public_config(stack: Surroundings, issuer: str) -> None:
    """The stack's public configuration once more, with the issuer as containers reach it."""
    ssm: Any = admin_client(admin_session(), "ssm", stack.aws_endpoint)
    with contextlib.closing(ssm):
        config = json.loads(ssm.get_parameter(Name=stack.public_config)["Parameter"]["Value"])
        config["issuer"] = issuer
        ssm.put_parameter(
            Name=_inside_parameter(stack), Value=json.dumps(config), Type="String", Overwrite=True
        )

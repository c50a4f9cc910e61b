"""The environment variables of a function's processes.

What the runtime sets itself: "Defined runtime environment variables" on the page "Working with
Lambda environment variables" of the AWS Lambda developer guide.
"""

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.local_stack.children import clean_environment
from tests.local_stack.names import REGION, RUNTIME_PATH
from tests.local_stack.template.read_functions import BUILT
from tests.local_stack.template.serving import FunctionSpec

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

_CREDENTIAL_SECONDS = 43_200  # the longest a role may ask for (sts:AssumeRole)
_RENEW_BEFORE_SECONDS = 3_600
# Needed only where the way to Google leads over a company's proxy.
_PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


@dataclass(frozen=True)
class Addresses:
    """Where things are reached.

    Attributes:
        gateway: "127.0.0.1:8000".
        emulator: "http://127.0.0.1:4566".
        invoke_api: "http://127.0.0.1:8000/dev/lambda".
        websocket_endpoints: the cloud's addresses of the WebSocket API, and ours for each.
    """

    gateway: str
    emulator: str
    invoke_api: str
    websocket_endpoints: Mapping[str, str]


class RoleCredentials:
    """Credentials of the functions' own roles, and which role a key belongs to."""

    def __init__(self, client: "STSClient") -> None:
        self._client = client
        self._lock = threading.Lock()
        self._current: dict[str, tuple[dict[str, str], float]] = {}
        self._roles: dict[str, str] = {}

    def role_of(self, access_key_id: str) -> str | None:
        """ARN of the role that the key was given out for."""
        return self._roles.get(access_key_id)

    def of(self, role_arn: str) -> tuple[dict[str, str], float]:
        """Variables with credentials for a role, and the epoch second at which they end."""
        with self._lock:
            variables, expires_at = self._current.get(role_arn, ({}, 0.0))
            if expires_at < time.time() + _RENEW_BEFORE_SECONDS:
                variables, expires_at = self._assume(role_arn)
                self._current[role_arn] = variables, expires_at
            return variables, expires_at

    def _assume(self, role_arn: str) -> tuple[dict[str, str], float]:
        credentials = self._client.assume_role(
            RoleArn=role_arn, RoleSessionName="local", DurationSeconds=_CREDENTIAL_SECONDS
        )["Credentials"]
        self._roles[credentials["AccessKeyId"]] = role_arn
        variables = {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
        }
        return variables, time.time() + _CREDENTIAL_SECONDS


def worker_environment(
    spec: FunctionSpec,
    worker_id: str,
    addresses: Addresses,
    credentials: Mapping[str, str],
    *,
    through_proxy: bool,
) -> dict[str, str]:
    """All variables of one worker: the template's, the runtime's and its role's credentials."""
    return {
        **clean_environment(),
        **_network(through_proxy=through_proxy),
        **_runtime_variables(spec, worker_id, addresses),
        **_read_only(spec),
        **_localised(spec.environment, addresses),
        **credentials,
    }


def _read_only(spec: FunctionSpec) -> dict[str, str]:
    """What was built is mounted read-only: a module without bytecode is compiled each time."""
    is_built = any(layer.name == BUILT for layer in spec.layer_dirs)
    return {"PYTHONDONTWRITEBYTECODE": "1"} if is_built else {}


def _network(*, through_proxy: bool) -> dict[str, str]:
    if not through_proxy:
        return {"NO_PROXY": "*", "no_proxy": "*"}
    passed_on = {name: os.environ[name] for name in _PROXY_VARIABLES if name in os.environ}
    return {**passed_on, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


def _runtime_variables(spec: FunctionSpec, worker_id: str, addresses: Addresses) -> dict[str, str]:
    path = os.pathsep.join(map(str, (spec.code_dir, *spec.layer_dirs)))
    return {
        "_HANDLER": spec.handler,
        "TZ": ":UTC",
        "PYTHONPATH": path,
        "LAMBDA_TASK_ROOT": str(spec.code_dir),
        "AWS_LAMBDA_RUNTIME_API": f"{addresses.gateway}{RUNTIME_PATH}/{spec.name}/{worker_id}",
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": (
            f"{time.strftime('%Y/%m/%d', time.gmtime())}[{spec.version}]{worker_id}"
        ),
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": addresses.emulator,
        "AWS_ENDPOINT_URL_LAMBDA": addresses.invoke_api,
        # Nothing of the user's own AWS settings, and no instance metadata.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Workers are forked; macOS's own libraries would refuse that after an import.
        "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
    }


def _localised(variables: Mapping[str, str], addresses: Addresses) -> dict[str, str]:
    """The template's variables, with the WebSocket's cloud address replaced by ours."""
    return {
        name: addresses.websocket_endpoints.get(value, value) for name, value in variables.items()
    }

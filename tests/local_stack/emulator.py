"""Starts MiniStack with a clean environment and makes clients for it."""

import tempfile
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.local_stack.children import Child
from tests.local_stack.names import ADMIN_KEY, ADMIN_SECRET, REGION
from tests.local_stack.states import State

_START_SECONDS = 30
# Only what the data side and the drills need; the fewer services, the faster it starts and stops.
_SERVICES = (
    "cloudfront,cloudformation,cognito-idp,dynamodb,s3,secretsmanager,ssm,iam,sts,logs,sqs,sns,kms"
)


def start_emulator(
    run_dir: Path, state_dir: Path | None = None, state: State | None = None
) -> Child:
    """MiniStack in its own process; its first line names its address.

    Args:
        run_dir: folder for its log and its temporary files.
        state_dir: folder to keep its state in, if it shall outlive the run.
        state: to go on with.
    """
    scratch = Path(tempfile.mkdtemp(prefix="emulator-", dir=run_dir))
    if state is not None:
        state.copy_to(scratch / "state")
    return Child(
        "MiniStack",
        "tests.local_stack.engine",
        *([str(state_dir)] if state_dir else []),
        env=_environment(scratch, state_dir),
        log=run_dir / "emulator.log",
    )


def _environment(scratch: Path, state_dir: Path | None) -> dict[str, str]:
    environment = {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "SERVICES": _SERVICES,
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///dev/null/none",  # never talk to a container daemon
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(scratch),
        "STATE_DIR": str(scratch / "state"),
        "S3_DATA_DIR": str(scratch / "objects"),
    }
    if state_dir is not None:
        environment |= {
            "PERSIST_STATE": "1",
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(state_dir / "objects"),
        }
    return environment


def emulator_address(child: Child) -> str:
    """Its address, once it listens."""
    return child.first_line(_START_SECONDS).rsplit(" ", 1)[-1]


def admin_session() -> boto3.Session:
    """A session with the emulator's root credentials, whatever the user's own settings say."""
    return boto3.Session(
        aws_access_key_id=ADMIN_KEY, aws_secret_access_key=ADMIN_SECRET, region_name=REGION
    )


def admin_client(session: boto3.Session, service: Any, endpoint: str, attempts: int = 1) -> Any:
    """A client for one service of the emulator."""
    config = Config(proxies={}, retries={"total_max_attempts": attempts}, read_timeout=20)
    return session.client(service, endpoint_url=endpoint, config=config)

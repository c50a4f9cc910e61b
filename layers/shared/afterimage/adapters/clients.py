"""How long clients of AWS wait and what they try again, and what their errors say."""

from __future__ import annotations

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

QUICK = Config(
    connect_timeout=1,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=24,
)
# What may be tried again is decided here, where it is known until when.
PUSH = Config(
    connect_timeout=1,
    read_timeout=1,
    retries={"mode": "standard", "total_max_attempts": 1},
    max_pool_connections=24,
)
# What is waited for a second in all.
BRIEF = Config(
    connect_timeout=0.5,
    read_timeout=0.5,
    retries={"mode": "standard", "total_max_attempts": 1},
)
# Uploads need no second checksum: TLS and SigV4 cover the body.
UPLOAD = QUICK.merge(Config(request_checksum_calculation="when_required"))


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def reason_of(error: ClientError | BotoCoreError) -> str:
    return code_of(error) if isinstance(error, ClientError) else type(error).__name__

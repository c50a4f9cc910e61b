"""What workers of a function share: botocore's own files, and no client."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.local_stack.lambda_runtime.permissions import services_of
from tests.support.template import ROOT

# In a process of its own, because what it changes is botocore itself.
_ONE_PROCESS = """
import json, sys
sys.path.append(sys.argv[1])
from tests.local_stack.lambda_runtime.process.models import share_models
share_models(["dynamodb"])  # nothing imported yet, nothing shared
import botocore.loaders, botocore.session
share_models(["dynamodb", "no-such-service"])
read = []
parse = json.loads
def noting(text, **how):
    found = parse(text, **how)
    read.append(str(found.get("metadata", {}).get("serviceId", "")))
    return found
botocore.loaders.json.loads = noting
sessions = [botocore.session.Session(), botocore.session.Session()]
clients = [one.create_client("dynamodb", "eu-central-1") for one in sessions]
other = [one.create_client("sts", "eu-central-1") for one in sessions]
print(json.dumps({"read": read, "same": clients[0] is clients[1]}))
"""


def test_models_are_read_once_and_clients_are_everybodys_own(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    command = [sys.executable, "-c", _ONE_PROCESS, str(ROOT)]
    printed = subprocess.run(command, env=environment, check=True, capture_output=True).stdout

    found = json.loads(printed)
    assert not found["same"]
    assert "DynamoDB" not in found["read"]
    assert "STS" in found["read"]  # what was not named is read as usual


@pytest.mark.parametrize(
    ("statements", "services"),
    [
        ([], []),
        ([{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"]}], ["s3"]),
        (
            [
                {"Effect": "Allow", "Action": "execute-api:ManageConnections"},
                {"Effect": "Allow", "Action": "logs:PutLogEvents"},
                {"Effect": "Deny", "Action": "kms:Decrypt"},
            ],
            ["apigatewaymanagementapi"],
        ),
    ],
)
def test_services_that_a_role_may_call(
    statements: list[dict[str, object]], services: list[str]
) -> None:
    assert services_of(statements) == services

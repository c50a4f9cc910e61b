"""The local stack as a process: it keeps STATE_DIR, minds its port, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.local_stack.loopback import listen
from tests.local_stack.options import ROOT
from tests.local_stack.testing import RunningStack, StackProcess

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties: {GenerateSecretString: {PasswordLength: 20, ExcludePunctuation: true}}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: handler.lambda_handler
      CodeUri: function/
      Events:
        Any: {Type: HttpApi}
"""


def stack_in(folder: Path, *arguments: str, state: bool = True) -> StackProcess:
    (folder / "function").mkdir(parents=True, exist_ok=True)
    (folder / "function" / "handler.py").write_text("def lambda_handler(e, c): return 'here'\n")
    template = folder / "template.yaml"
    template.write_text(TEMPLATE)
    env = {"STATE_DIR": str(folder / "state")} if state else {}
    return StackProcess(folder, "--template", str(template), *arguments, env=env)


def kept(stack: RunningStack) -> tuple[object, str, str]:
    item = stack.aws("dynamodb").get_item(TableName=stack.name("Table"), Key={"id": {"S": "kept"}})
    secret = stack.aws("secretsmanager").get_secret_value(SecretId=stack.name("Secret"))
    keys = stack.http("alice").get("/dev/identity/jwks").text
    return item.get("Item"), secret["SecretString"], keys


def ends(pids: list[int], seconds: float = 8) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(_runs(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def _runs(pid: int) -> bool:
    """True for a process that is not just waiting to be noted as ended."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    state = found.stdout.decode().strip()
    return bool(state) and not state.startswith("Z")


def test_the_local_stack_is_reached_from_this_machine_only() -> None:
    with listen(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_state_dir_keeps_everything_even_when_the_stack_is_killed(tmp_path: Path) -> None:
    process = stack_in(tmp_path)
    stack = process.start()
    pids = json.loads((tmp_path / "ready.json").read_text())["pids"]
    stack.aws("dynamodb").put_item(TableName=stack.name("Table"), Item={"id": {"S": "kept"}})
    before = kept(stack)
    assert stack.http("alice").get("/").json() == "here"
    stack.close()
    os.kill(process.pid, signal.SIGKILL)
    assert ends(pids)
    process.stop()

    again = stack_in(tmp_path)
    stack = again.start()
    after = kept(stack)
    stack.close()
    assert again.stop() is None
    assert after == before
    assert after[0] is not None


def test_port_in_use_is_one_line_and_status_2(tmp_path: Path) -> None:
    process = stack_in(tmp_path, state=False)
    stack = process.start()
    port = stack.url.rsplit(":", 1)[1]
    second = subprocess.run(
        [sys.executable, "-m", "tests.local_stack"],
        cwd=ROOT,
        env={**os.environ, "PORT": port},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    stack.close()
    assert process.stop() is None
    assert second.returncode == 2
    assert len(second.stderr.splitlines()) == 1
    assert f"Port {port} is in use" in second.stderr


def test_signal_ends_it_cleanly(tmp_path: Path) -> None:
    process = stack_in(tmp_path, state=False)
    stack = process.start()
    pids = json.loads((tmp_path / "ready.json").read_text())["pids"]
    stack.close()
    os.kill(process.pid, signal.SIGINT)
    assert process.stop() is None
    assert ends(pids)
    assert "Traceback" not in process.output()

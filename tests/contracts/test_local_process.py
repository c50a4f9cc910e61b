"""The local stack as a process: it keeps STATE_DIR, and leaves nothing behind."""

import json
import os
import resource
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.local_stack.loopback import listen
from tests.local_stack.testing import RunningStack, StackProcess

pytestmark = pytest.mark.slow

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


def ends(pids: list[int], seconds: float = 30) -> bool:
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


def put(stack: RunningStack, key: str) -> None:
    stack.aws("dynamodb").put_item(TableName=stack.name("Table"), Item={"id": {"S": key}})


def has(stack: RunningStack, key: str) -> bool:
    found = stack.aws("dynamodb").get_item(TableName=stack.name("Table"), Key={"id": {"S": key}})
    return "Item" in found


def pids_of(folder: Path) -> list[int]:
    """The engine's, then the others'."""
    found: list[int] = json.loads((folder / "ready.json").read_text())["pids"]
    return found


def kill_all(process: StackProcess, folder: Path) -> None:
    """At one moment, as by a power cut of the processes: nothing is told to anything."""
    pids = [process.pid, *pids_of(folder)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert ends(pids)
    process.stop()


def put_and_wait(stack: RunningStack, folder: Path, key: str) -> None:
    """Writes an item, and more, until a state is whole that was begun after it."""
    put(stack, key)
    since = datetime.now(UTC)
    deadline = time.monotonic() + 20
    while newest_moment(folder) <= since:
        assert time.monotonic() < deadline, "no state was kept"
        put(stack, "and more")
        time.sleep(0.1)


def newest_moment(folder: Path) -> datetime:
    about = folder / f"state/states/{newest_number(folder):08}/about.json"
    if not about.exists():  # none yet
        return datetime.min.replace(tzinfo=UTC)
    return datetime.fromisoformat(json.loads(about.read_text())["moment"])


def newest_number(folder: Path) -> int:
    return max((int(state.name) for state in (folder / "state/states").glob("[0-9]*")), default=0)


def test_reading_writes_no_state_and_a_kill_of_the_stack_loses_nothing(tmp_path: Path) -> None:
    process = stack_in(tmp_path)
    stack = process.start()
    put_and_wait(stack, tmp_path, "kept")
    written = -1
    while written != (written := newest_number(tmp_path)):
        time.sleep(3)  # what was written last is kept, too

    for _ in range(30):
        before = kept(stack)
        time.sleep(0.1)

    assert newest_number(tmp_path) == written
    put(stack, "last")
    assert stack.http("alice").get("/").json() == "here"
    stack.close()
    os.kill(process.pid, signal.SIGKILL)
    process.stop()

    again = stack_in(tmp_path)
    with again.running() as stack:
        assert has(stack, "last")
        after = kept(stack)
    assert after == before
    assert after[0] is not None
    assert "with which the last run ended" in again.output()


def test_a_kill_of_everything_loses_what_was_not_yet_written_and_a_signal_nothing(
    tmp_path: Path,
) -> None:
    process = stack_in(tmp_path)
    stack = process.start()
    put_and_wait(stack, tmp_path, "early")
    put_and_wait(stack, tmp_path, "later")
    kill_all(process, tmp_path)
    stack.close()

    again = stack_in(tmp_path)
    stack = again.start()
    assert has(stack, "early")
    assert has(stack, "later")
    assert "the last run was cut off after it" in again.output()

    # When: it is told to end
    pids = pids_of(tmp_path)
    put(stack, "last")
    stack.close()
    os.kill(again.pid, signal.SIGINT)

    # Then: it does so cleanly, and the next has everything
    assert again.stop() is None
    assert ends(pids)
    assert "Traceback" not in again.output()
    with stack_in(tmp_path).running() as stack:
        assert has(stack, "last")


def test_a_disk_that_takes_nothing_more_ends_the_stack_with_one_line(tmp_path: Path) -> None:
    process = stack_in(tmp_path)
    stack = process.start()
    put_and_wait(stack, tmp_path, "early")
    before = len(process.output().splitlines())
    resource.prlimit(pids_of(tmp_path)[0], resource.RLIMIT_FSIZE, (0, 0))

    put(stack, "late")

    assert ends([process.pid], 30)
    stack.close()
    ended = process.stop()
    assert ended is not None
    assert "ended with 1" in ended
    said = process.output().splitlines()[before:]
    assert len(said) == 1, said
    assert f"STATE_DIR {tmp_path / 'state'} cannot be written: File too large" in said[0]
    again = stack_in(tmp_path)
    with again.running() as stack:
        assert has(stack, "early")
        assert "the last run was cut off after it" in again.output()


def test_a_file_of_the_bucket_that_cannot_be_written_ends_the_stack(tmp_path: Path) -> None:
    process = stack_in(tmp_path)
    stack = process.start()
    s3 = stack.aws("s3")
    s3.create_bucket(
        Bucket="pictures", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    resource.prlimit(pids_of(tmp_path)[0], resource.RLIMIT_FSIZE, (500_000, 500_000))

    s3.put_object(Bucket="pictures", Key="one", Body=bytes(1_000_000))

    assert ends([process.pid], 30)
    stack.close()
    assert "ended with 1" in str(process.stop())
    assert "cannot be written" in process.output()


def test_an_engine_that_is_killed_ends_the_stack_with_one_line(tmp_path: Path) -> None:
    process = stack_in(tmp_path, state=False)
    stack = process.start()
    before = len(process.output().splitlines())
    os.kill(pids_of(tmp_path)[0], signal.SIGKILL)

    assert ends([process.pid], 30)
    stack.close()
    ended = process.stop()
    assert ended is not None
    assert "ended with 1" in ended
    said = process.output().splitlines()[before:]
    assert said == ["The local stack has ended: MiniStack was killed by signal 9"]


def test_a_damaged_state_is_said_and_the_one_before_taken(tmp_path: Path) -> None:
    with stack_in(tmp_path).running() as stack:
        put_and_wait(stack, tmp_path, "early")
    newest = newest_number(tmp_path)
    states = tmp_path / "state/states"
    (states / f"{newest:08}" / "dynamodb.json").write_text('{"payload": {}}')

    again = stack_in(tmp_path)
    with again.running() as stack:
        assert has(stack, "early")
        assert f"state {newest:08} is damaged" in again.output()

    # When: none is whole, nothing begins anew
    for file in states.glob("*/dynamodb.json"):
        file.unlink()
    with pytest.raises(RuntimeError, match="none of the states"):
        stack_in(tmp_path).start()

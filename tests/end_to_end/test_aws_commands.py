"""`make aws-smoke` and `make preflight` on the local stack, as far as it has what they ask for.

What it has not is skipped, and said; so the checks that were made are counted here. What is asked
of AWS alone is in tests/unit/test_aws_smoke.py and tests/unit/test_aws_preflight.py.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import boto3
import pytest
from tests.aws_preflight.__main__ import main as preflight
from tests.aws_smoke.__main__ import main as aws_smoke
from tests.aws_smoke.channel_steps import ChannelSteps
from tests.aws_smoke.deletion_steps import DeletionSteps
from tests.aws_smoke.deployed import Deployed
from tests.aws_smoke.sign_in import Person, Signed
from tests.aws_smoke.visit import Visit
from tests.local_stack.names import REGION, STACK_NAME
from tests.local_stack.testing import RunningStack as Stack

_ROW = re.compile(r"^(.+?) +(ok|failed|skipped) +[\d.]+ s  (.+)$", re.MULTILINE)
# Without a picture.
ALWAYS_MADE = {
    "stack: deployed as a whole",
    "stack: public configuration",
    "tables: active, protected, encrypted",
    "tables: point-in-time recovery",
    "tables: time to live",
    "bucket: closed to the public",
    "logs: kept for a limited time",
    "page: through the distribution",
    "page: static files (the {proxy+} route's permission)",
    "page: /config.json",
    "page: HEAD",
    "page: preflight of a front end elsewhere",
    "page: no token, no answer",
    "sign-in: discovery, also for scripts of other origins",
    "sign-in: the page that asks for a password",
    "client: signed in",
    "client: a ticket for the channel",
    "client: socket, resume",
    "client: a ticket opens one socket only",
    "client: ping over the socket",
    "client: a closed socket is forgotten",
    "client: placeholder",
    "client: the answer to the message",
    "client: missed events over HTTP",
    "client: a picture is brought",
    "client: the brought picture opens",
    "client: the brought picture is deleted",
    "client: search",
    "client: the key of Web Push",
    "client: a browser that is to be told",
    "client: everything of one's own",
    "client: a link to a picture",
    "client: a link that is taken back",
    "client: a deleted chat",
    "edge: the distribution",
    "edge: no error is kept",
}
OF_A_PICTURE = {
    "client: preview",
    "client: picture",
    "client: a picture's address opens",
    "client: a changed address is refused",
    "client: the original is refused",
    "client: the original for its owner",
    "client: gallery and usage",
    "client: the picture is changed by words",
    "client: words while they are written",
    "client: cancel",
    "client: retry, cancelled again",
    "client: a message after a pause",
    "client: a deleted picture",
    "client: the deleted picture is gone at edge and bucket",
    "edge: an invalidation was made",
}
ASKED_BEFORE = {
    "Region",
    "credentials",
    "name of the stack",
    "state of the stack",
    "CloudFront",
    "mails of the user pool",
}
NAMES = {
    "names: log groups",
    "names: parameter",
    "left of a former stack: tables",
    "left of a former stack: bucket",
    "left of a former stack: user pool",
    "left of a former stack: CloudFront",
}


@pytest.fixture
def shell(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The variables that lead both commands to the local stack, and a token; nothing else does."""
    for name, value in stack.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("TOKEN", stack.token(f"operator-{uuid.uuid4().hex[:8]}"))
    # What is cancelled takes so long that the click comes before the picture.
    cancelled = {"on": "image", "match": "lighthouse", "delay_ms": 2_500}
    stack.gemini(script=[cancelled] * 2)
    yield
    stack.gemini(script=[])


def outcomes(printed: str) -> dict[str, set[str]]:
    """What was printed of the checks: names by outcome."""
    found: dict[str, set[str]] = {"ok": set(), "failed": set(), "skipped": set()}
    for what, outcome, _ in _ROW.findall(printed):
        found[outcome].add(what)
    return found


@pytest.mark.usefixtures("shell")
def test_a_stack_is_looked_at_and_used_once(capsys: pytest.CaptureFixture[str]) -> None:
    status = aws_smoke([STACK_NAME, "--patience", "30", "--pause", "0.1"])

    printed = capsys.readouterr().out
    made = outcomes(printed)
    assert made["ok"] == ALWAYS_MADE | OF_A_PICTURE, printed
    assert made["failed"] == set()
    assert status == 0


@pytest.mark.usefixtures("shell")
def test_a_key_that_the_provider_rejects_fails_cleanly(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.gemini(script=[{"on": "text", "status": 403}])

    status = aws_smoke([STACK_NAME, "--patience", "30"])

    printed = capsys.readouterr().out
    made = outcomes(printed)
    assert made["ok"] == ALWAYS_MADE, printed
    assert made["failed"] == set()
    assert "provider_rejected, told cleanly and not counted" in printed
    assert status == 0


@pytest.mark.usefixtures("shell")
def test_what_failed_is_told_and_is_the_exit_status(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "nobody's")

    status = aws_smoke([STACK_NAME, "--patience", "1"])

    made = outcomes(capsys.readouterr().out)
    assert made["failed"] == {"client: signed in"}
    assert not made["ok"] & OF_A_PICTURE
    assert status == 1


@pytest.mark.usefixtures("shell")
def test_an_account_of_this_run_is_deleted(stack: Stack) -> None:
    token = stack.token(f"temporary-{uuid.uuid4().hex[:8]}")
    person = Person(lambda: Signed(token, "made for this run", temporary=True))
    deployed = Deployed(STACK_NAME, boto3.Session(), patience=20)
    visit = Visit(deployed, person)

    assert ChannelSteps(visit).signed_in() == "made for this run"
    assert DeletionSteps(visit).deleted_account() == "a new message is refused with 410"
    visit.close()
    deployed.close()


@pytest.mark.usefixtures("shell")
def test_no_such_stack(capsys: pytest.CaptureFixture[str]) -> None:
    assert aws_smoke(["nowhere"]) == 2
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.usefixtures("shell")
def test_a_stack_that_is_there_stands_in_nobodys_way(capsys: pytest.CaptureFixture[str]) -> None:
    status = preflight([STACK_NAME])

    made = outcomes(capsys.readouterr().out)
    assert made["ok"] == ASKED_BEFORE
    assert made["failed"] == set()
    assert status == 0


@pytest.mark.usefixtures("shell")
def test_an_empty_place_is_free(capsys: pytest.CaptureFixture[str]) -> None:
    status = preflight([f"new-{uuid.uuid4().hex[:8]}"])

    made = outcomes(capsys.readouterr().out)
    assert made["ok"] == ASKED_BEFORE | NAMES
    assert made["failed"] == set()
    assert status == 0


@pytest.mark.usefixtures("shell")
def test_what_a_failed_stack_left_is_found_until_it_is_removed(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    former = f"former-{uuid.uuid4().hex[:8]}"
    group, bucket = f"/aws/lambda/{former}-keeper", f"{former}-imagesbucket-1a2b"
    table = f"{former}-MessagesTable-1A2B"
    stack.aws("logs").create_log_group(logGroupName=group)
    stack.aws("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    stack.aws("dynamodb").create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )

    status = preflight([former])

    printed = capsys.readouterr().out
    assert outcomes(printed)["failed"] == {
        "names: log groups",
        "left of a former stack: tables",
        "left of a former stack: bucket",
    }
    assert f"aws logs delete-log-group --log-group-name {group}" in printed
    assert status == 1
    # As docs/deploy.md says, "If the first deployment failed".
    stack.aws("dynamodb").update_table(TableName=table, DeletionProtectionEnabled=False)
    stack.aws("dynamodb").delete_table(TableName=table)
    stack.aws("s3").delete_bucket(Bucket=bucket)
    stack.aws("logs").delete_log_group(logGroupName=group)
    assert preflight([former]) == 0


@pytest.mark.parametrize("command", [aws_smoke, preflight])
def test_the_commands_explain_themselves(
    command: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(command)
    with pytest.raises(SystemExit) as ended:
        command(["--help"])

    assert ended.value.code == 0
    assert "Exit status" in capsys.readouterr().out

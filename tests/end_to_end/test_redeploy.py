"""A stack is deleted and deployed again over what it left: its people sign in and find their own.

As docs/restore.md says ("Restore", "Delete the stack"): tables restored under other names, one
import of tables, bucket and user pool, a deployment, and one secret put back. The pool is
MiniStack's, which speaks Cognito's API and is no Cognito; the functions here ask the local issuer,
so what the pool's tokens say is judged by the same verifier, outside of them.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.aws_retained.__main__ import main as retained
from tests.aws_retained.left import TABLE
from tests.aws_smoke.sign_in import access_token
from tests.local_stack.names import REGION, STACK_NAME
from tests.local_stack.testing import RunningStack, StackProcess
from tests.support.doubles import RecordingLog
from tests.support.template import of_type

from afterimage.adapters.issuer_keys import IssuerKeys
from afterimage.adapters.tokens import TokenVerifier

PATIENCE = 20.0
OFTEN = {"Delay": 0.1, "MaxAttempts": 200}
WORDS = "paint a lighthouse in a storm"


@dataclass
class Pool:
    """The stack's own user pool, and one person in it."""

    stack: RunningStack
    id: str
    name: str = "alice@example.org"
    password: str = "aA1-what-only-alice-knows"

    def invite(self) -> None:
        cognito = self.stack.aws("cognito-idp")
        who = {"UserPoolId": self.id, "Username": self.name}
        cognito.admin_create_user(**who, MessageAction="SUPPRESS")
        cognito.admin_set_user_password(**who, Password=self.password, Permanent=True)

    def new_client(self) -> str:
        """Each stack makes its page's client anew."""
        made = self.stack.aws("cognito-idp").create_user_pool_client(
            UserPoolId=self.id, ClientName="page", ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"]
        )
        return str(made["UserPoolClient"]["ClientId"])

    def sign_in(self, client: str) -> str:
        """The id of whoever signs in with name and password, by the product's own verifier."""
        cognito = self.stack.aws("cognito-idp")
        token = access_token(cognito, self.id, client, self.name, self.password)
        issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{self.id}"
        keys = IssuerKeys(lambda: issuer, self._json, RecordingLog())
        verifier = TokenVerifier(lambda: issuer, lambda: client, keys)
        return verifier.caller_of(f"Bearer {token}").user_id

    def _json(self, url: str) -> Any:
        here = f"{self.stack.aws_endpoint}/{self.id}/.well-known/{url.rpartition('/')[2]}"
        return httpx.get(here, trust_env=False).raise_for_status().json()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[StackProcess]:
    """A stack of its own, which is deleted; what it keeps outlives its process."""
    process = StackProcess(tmp_path, env={"STATE_DIR": str(tmp_path / "state")})
    yield process
    assert process.stop() is None


def first_pool(stack: RunningStack) -> Pool:
    made = stack.aws("cognito-idp").create_user_pool(
        PoolName=STACK_NAME, UsernameAttributes=["email"], AutoVerifiedAttributes=["email"]
    )
    pool = Pool(stack, made["UserPool"]["Id"])
    pool.invite()
    return pool


def paint(stack: RunningStack, user: str) -> dict[str, Any]:
    http = stack.http(user)
    http.post("/chats/before/messages", json={"text": WORDS}).raise_for_status()
    deadline = time.monotonic() + PATIENCE
    while not (images := http.get("/images").raise_for_status().json()["images"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (image,) = images
    return dict(image)


def restore_tables(stack: RunningStack) -> None:
    for logical_id in of_type(TABLE):
        name = stack.name(logical_id)
        stack.aws("dynamodb").restore_table_to_point_in_time(
            SourceTableName=name,
            TargetTableName=f"{name}-restored",
            UseLatestRestorableTime=True,
        )


def delete_stack(stack: RunningStack) -> None:
    formation = stack.aws("cloudformation")
    formation.delete_stack(StackName=STACK_NAME)
    waiter = formation.get_waiter("stack_delete_complete")
    waiter.wait(StackName=STACK_NAME, WaiterConfig=OFTEN)


def take_in(stack: RunningStack, files: Path) -> None:
    formation = stack.aws("cloudformation")
    formation.create_change_set(
        StackName=STACK_NAME,
        ChangeSetName="retained",
        ChangeSetType="IMPORT",
        TemplateBody=(files / "template.json").read_text(),
        ResourcesToImport=json.loads((files / "resources.json").read_text()),
    )
    formation.execute_change_set(StackName=STACK_NAME, ChangeSetName="retained")
    waiter = formation.get_waiter("stack_import_complete")
    waiter.wait(StackName=STACK_NAME, WaiterConfig=OFTEN)


def get_secret(stack: RunningStack) -> str:
    """By which links have their names."""
    id_ = stack.name("PseudonymSecret")
    return str(stack.aws("secretsmanager").get_secret_value(SecretId=id_)["SecretString"])


def put_secret(stack: RunningStack, words: str) -> None:
    id_ = stack.name("PseudonymSecret")
    stack.aws("secretsmanager").put_secret_value(SecretId=id_, SecretString=words)


def pool_of(stack: RunningStack) -> Pool:
    """The pool that the next stack has."""
    formation = stack.aws("cloudformation")
    asked = {"StackName": STACK_NAME, "LogicalResourceId": "UserPool"}
    found = formation.describe_stack_resource(**asked)["StackResourceDetail"]
    return Pool(stack, found["PhysicalResourceId"])


def test_a_person_signs_in_to_the_next_stack_and_sees_their_pictures(
    process: StackProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = process.start()
    stack.gemini(text_ms=20, image_ms=50)
    pool = first_pool(stack)
    alice = pool.sign_in(pool.new_client())
    put_secret(stack, "Made-by-a-stack-that-is-gone-" * 2)  # here all stacks would make the same
    before = paint(stack, alice)
    share = f"/images/{before['id']}/share"
    link = httpx.URL(stack.http(alice).put(share, json={}).raise_for_status().json()["url"])
    kept = get_secret(stack)
    restore_tables(stack)
    delete_stack(stack)
    for name, value in stack.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")

    assert retained([STACK_NAME, "--ending=-restored", f"--folder={tmp_path}"]) == 0
    take_in(stack, tmp_path)
    pool = pool_of(stack)
    stack.close()
    assert process.stop() is None
    stack = process.start()  # deploys over it
    put_secret(stack, kept)

    pool = Pool(stack, pool.id)  # at its new address
    assert stack.name("UserImagesTable").endswith("-restored")
    assert pool.sign_in(pool.new_client()) == alice
    (after,) = stack.http(alice).get("/images").raise_for_status().json()["images"]
    assert (after["id"], after["prompt"]) == (before["id"], before["prompt"])
    shown = httpx.get(httpx.URL(stack.url).join(after["url"]), trust_env=False)
    assert shown.headers["content-type"] == "image/webp"
    page = httpx.URL(stack.url).join(link.path)
    assert httpx.get(page, trust_env=False).status_code == 200
    stack.http(alice).delete(share).raise_for_status()
    assert httpx.get(page, trust_env=False).status_code == 404
    assert uuid.UUID(alice)  # Cognito's, and no name that another pool would give
    stack.close()

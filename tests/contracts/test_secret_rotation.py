"""The signing secret is changed on a running bundle, and no picture is lost on the way.

The steps are those of docs/secrets.md ("Rotate the signing secret"), against the template's own
data side: functions sign with the secret's first word, the edge accepts those that it was deployed
with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.local_stack.edge.function import EdgeFunction, Forward
from tests.local_stack.emulator import (
    admin_client,
    admin_session,
    emulator_address,
    start_emulator,
)
from tests.local_stack.names import STACK_NAME
from tests.local_stack.options import ROOT
from tests.local_stack.template.deployment import deploy
from tests.local_stack.template.dynamic_references import with_secrets
from tests.local_stack.template.plan import Plan, make_plan
from tests.support.docs import shell_blocks
from tests.support.doubles import FixedClock, RecordingLog
from tests.support.edge import a_request
from tests.support.shell import Shell

from afterimage.adapters.kept_texts import Cached, secret
from afterimage.adapters.signed_urls import SignedUrls

pytestmark = pytest.mark.slow

KEY = f"p/{'0' * 32}/01JD4A7Y000000000000000000/full.webp"
GIVEN = {
    "Issuer": "https://issuer.test",
    "Audience": "audience",
    "ClientId": "page",
    "GeminiApiKey": "key",
}


# What may have been saved by a deployment before, or said for this one.
SAVED: list[dict[str, str]] = [
    {"UrlSecretRead": ""},
    {"UrlSecretRead": "saved-long-ago"},
    {"LogLevel": "DEBUG"},
]


@cache
def plan_of(given: tuple[tuple[str, str], ...]) -> Plan:
    """Of the template with these parameters; it takes a second."""
    return make_plan(ROOT / "template.yaml", {**GIVEN, **dict(given)})


class Bundle:
    """The template's data side in MiniStack, one function that signs, and the edge."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._code = ""
        self._parameters: dict[str, str] = {}
        self.secrets = self._client("secretsmanager")
        self.clock = FixedClock()
        self.deploy()

    def _client(self, service: str) -> Any:
        return admin_client(admin_session(), service, self.address)

    def deploy(self, **overrides: str) -> None:
        """`sam deploy --parameter-overrides …`: what is not named stays, and so does the secret.

        CloudFormation reads a secret again only where the text that names it has changed.
        """
        self._parameters |= overrides
        plan = plan_of(tuple(sorted(self._parameters.items())))
        deployment = deploy(self._client("cloudformation"), plan.data_template(), plan.asked_for)
        edge = plan.serving(deployment, ROOT).edge
        assert edge is not None
        if edge.function != self._code:
            self.edge = EdgeFunction(with_secrets(edge.function, self.secrets), print)
        self._code = edge.function
        self.secret_id = deployment.physical_ids["UrlSigningSecret"]

    def delete(self) -> None:
        """Else the next deployment would be an update of this stack."""
        formation = self._client("cloudformation")
        formation.delete_stack(StackName=STACK_NAME)
        waiter = formation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=STACK_NAME, WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})

    def secret(self) -> str:
        """Its text."""
        return str(self.secrets.get_secret_value(SecretId=self.secret_id)["SecretString"])

    def put(self, text: str) -> str:
        """Gives the secret another text; returns the id of this version."""
        put = self.secrets.put_secret_value(SecretId=self.secret_id, SecretString=text)
        return str(put["VersionId"])

    def url(self) -> str:
        """What a function signs that has just read the secret."""
        read = Cached(secret(lambda: self.secrets, self.secret_id), RecordingLog())
        return SignedUrls(lambda: "https://page.test", read, self.clock, 7).url(KEY)

    def shows(self, url: str) -> bool:
        """Whether the edge lets it through."""
        parts = urlsplit(url)
        request = a_request(parts.path, parse_qsl(parts.query))
        return self.edge(request, self.clock.now().timestamp()) == Forward(f"/{KEY}")

    def rotation(self, new: str) -> Iterator[str]:
        """Each step of docs/secrets.md, with its name."""
        old = self.secret()
        version = self.put(f"{old} {new}")
        yield "the new word behind the old"
        self.deploy(UrlSecretRead=version)
        yield "the edge knows both"
        self.put(f"{new} {old}")
        yield "functions sign with the new"
        self.clock.advance(days=14)
        version = self.put(new)
        yield "the old one is taken away"
        self.deploy(UrlSecretRead=version)
        yield "the edge forgets it"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    emulator = start_emulator(tmp_path_factory.mktemp("rotation"), None)
    try:
        yield emulator_address(emulator)
    finally:
        emulator.stop()


@pytest.fixture
def bundle(address: str) -> Iterator[Bundle]:
    bundle = Bundle(address)
    yield bundle
    bundle.delete()


@pytest.mark.parametrize("saved", SAVED, ids=str)
def test_whatever_is_deployed_between_two_steps_every_url_works_until_it_expires(
    bundle: Bundle, saved: dict[str, str]
) -> None:
    old, urls = bundle.secret(), []
    for step in bundle.rotation("n" * 64):
        urls.append((bundle.clock.now(), bundle.url()))
        good = [url for signed, url in urls if bundle.clock.now() - signed < timedelta(days=14)]
        assert all(bundle.shows(url) for url in good), step

        bundle.deploy(**saved)

        assert bundle.shows(bundle.url()), f"deployed after: {step}"
        assert all(bundle.shows(url) for url in good), f"deployed after: {step}"

    # Then: the old secret is worth nothing, and the next rotation can begin
    assert bundle.secret() == "n" * 64
    (signed_before, first), *_ = urls
    bundle.clock.advance(days=-14)
    assert bundle.clock.now() == signed_before
    assert not bundle.shows(first)
    assert old not in bundle.secret()


def test_the_commands_of_the_documentation_are_these_steps(bundle: Bundle, tmp_path: Path) -> None:
    [commands] = shell_blocks("secrets", "Rotate the signing secret")
    told = tmp_path / "told"
    make = f'test "$1" = deploy && echo "$2" >{told}'
    shell, old, urls = Shell(bundle.address, tmp_path, {"make": make}), bundle.secret(), []
    deployment = re.compile(r"^(make deploy .*\n)", re.MULTILINE)
    *steps, rest = deployment.split(commands)

    for step in steps:
        shell.run(step)
        urls.append(bundle.url())
        if deployment.match(step):
            name, _, version = told.read_text().strip().removeprefix("PARAMETERS=").partition("=")
            bundle.deploy(**{name: version})
        assert bundle.shows(bundle.url())

    assert rest == ""
    assert len(bundle.secret()) == 64
    assert bundle.secret() != old
    assert not bundle.shows(urls[0])


def test_a_secret_that_leaked_is_dropped_at_once(bundle: Bundle) -> None:
    leaked = bundle.url()

    bundle.deploy(UrlSecretRead=bundle.put("n" * 64))

    assert not bundle.shows(leaked)
    assert bundle.shows(bundle.url())


def test_without_the_first_two_steps_pictures_would_break(bundle: Bundle) -> None:
    bundle.put("n" * 64)

    assert not bundle.shows(bundle.url())


def test_a_secret_is_not_made_anew_by_a_deployment(bundle: Bundle) -> None:
    before = bundle.secret()

    bundle.deploy(UrlLifetimeDays="30")

    assert bundle.secret() == before

"""The signing secret is changed on a running bundle, and no picture is lost on the way.

The steps are those of docs/operate.md ("Rotate the signing secret"), against the template's own
data side: functions read the current version, the edge what it was deployed with.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from tests.local_stack.options import ROOT
from tests.local_stack.template.deployment import deploy
from tests.local_stack.template.dynamic_references import with_secrets
from tests.local_stack.template.plan import make_plan
from tests.support.doubles import FixedClock, RecordingLog
from tests.support.edge import a_request

from afterimage.adapters import aws

KEY = f"p/{'0' * 32}/01JD4A7Y000000000000000000/full.webp"
GIVEN = {
    "Issuer": "https://issuer.test",
    "Audience": "audience",
    "ClientId": "page",
    "GeminiApiKey": "key",
}


class Bundle:
    """The template's data side in MiniStack, one function that signs, and the edge."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.secrets = self._client("secretsmanager")
        self.clock = FixedClock()
        self.deploy()

    def _client(self, service: str) -> Any:
        return admin_client(admin_session(), service, self._address)

    def deploy(self, **overrides: str) -> None:
        """`sam deploy --parameter-overrides …`: data side and edge; the secret stays."""
        plan = make_plan(ROOT / "template.yaml", {**GIVEN, **overrides})
        deployment = deploy(self._client("cloudformation"), plan.data_template(), plan.asked_for)
        edge = plan.serving(deployment, ROOT).edge
        assert edge is not None
        self.edge = EdgeFunction(with_secrets(edge.function, self.secrets), print)
        self.secret_id = deployment.physical_ids["UrlSigningSecret"]

    def versions(self) -> dict[str, str]:
        """Version ids by their stage."""
        described = self.secrets.describe_secret(SecretId=self.secret_id)
        return {
            stage: version
            for version, stages in described["VersionIdsToStages"].items()
            for stage in stages
        }

    def url(self) -> str:
        """What a function signs that has just read the secret."""
        read = aws.Cached(aws.secret(lambda: self.secrets, self.secret_id), RecordingLog())
        return aws.SignedUrls(lambda: "https://page.test", read, self.clock, 7).url(KEY)

    def shows(self, url: str) -> bool:
        """Whether the edge lets it through."""
        parts = urlsplit(url)
        request = a_request(parts.path, parse_qsl(parts.query))
        return self.edge(request, self.clock.now().timestamp()) == Forward(f"/{KEY}")


@pytest.fixture
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    emulator = start_emulator(tmp_path_factory.mktemp("rotation"), None)
    try:
        yield Bundle(emulator_address(emulator))
    finally:
        emulator.stop()


def test_through_a_whole_rotation_every_url_works_until_it_expires(bundle: Bundle) -> None:
    # Given: a first deployment, without any version
    signed_before = bundle.url()
    assert bundle.shows(signed_before)

    # When: a new version is put beside the current one
    new = bundle.secrets.put_secret_value(
        SecretId=bundle.secret_id, SecretString="n" * 64, VersionStages=["AWSPENDING"]
    )["VersionId"]
    old = bundle.versions()["AWSCURRENT"]
    assert new != old

    # Then: nothing has changed yet
    assert bundle.url() == signed_before

    # When: the edge is told of both, and nobody else
    bundle.deploy(UrlSecretVersion=new, UrlSecretOtherVersion=old)
    assert bundle.url() == signed_before
    assert bundle.shows(signed_before)

    # When: the new version becomes the current one, at a time the edge knows it already
    bundle.secrets.update_secret_version_stage(
        SecretId=bundle.secret_id,
        VersionStage="AWSCURRENT",
        MoveToVersionId=new,
        RemoveFromVersionId=old,
    )
    signed_after = bundle.url()

    # Then: what was signed before and after works, through any other deployment as well
    assert signed_after != signed_before
    assert bundle.shows(signed_before)
    assert bundle.shows(signed_after)
    bundle.deploy(UrlSecretVersion=new, UrlSecretOtherVersion=old, LogLevel="DEBUG")
    assert bundle.shows(signed_before)
    assert bundle.shows(signed_after)

    # When: the last URL of the old version has expired, it is dropped
    bundle.clock.advance(days=14)
    assert not bundle.shows(signed_before)
    bundle.deploy(UrlSecretVersion=new, UrlSecretOtherVersion=new)

    # Then: the old secret is worth nothing, and the next rotation can begin
    assert bundle.shows(bundle.url())
    assert bundle.versions()["AWSPREVIOUS"] == old
    bundle.clock.advance(days=-14)
    assert not bundle.shows(signed_before)


def test_a_secret_that_leaked_is_dropped_at_once(bundle: Bundle) -> None:
    leaked = bundle.url()
    new = bundle.secrets.put_secret_value(SecretId=bundle.secret_id, SecretString="n" * 64)

    bundle.deploy(UrlSecretVersion=new["VersionId"], UrlSecretOtherVersion=new["VersionId"])

    assert not bundle.shows(leaked)
    assert bundle.shows(bundle.url())


def test_without_the_first_two_steps_pictures_would_break(bundle: Bundle) -> None:
    bundle.secrets.put_secret_value(SecretId=bundle.secret_id, SecretString="n" * 64)

    assert not bundle.shows(bundle.url())


def test_a_secret_is_not_made_anew_by_a_deployment(bundle: Bundle) -> None:
    before = bundle.versions()

    bundle.deploy(UrlLifetimeDays="30")

    assert bundle.versions() == before

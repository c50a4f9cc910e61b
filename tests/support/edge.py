"""The function of template.yaml that guards the pictures, as the edge runs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.local_stack.edge.event import fields
from tests.local_stack.edge.function import Answer, EdgeFunction, Forward
from tests.local_stack.template.dynamic_references import with_secrets
from tests.local_stack.template.intrinsics import Values, resolve
from tests.support.template import of_type

CURRENT, OTHER = "c" * 64, "o" * 64
_SECRET_ID = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:Signing-x"


class Secrets:
    """A secret with versions, as a client of Secrets Manager sees it."""

    def __init__(self, versions: Mapping[str, str], current: str) -> None:
        self._versions = versions
        self._current = current

    def get_secret_value(self, **asked: str) -> dict[str, str]:
        assert asked.pop("SecretId") == _SECRET_ID
        stage = asked.pop("VersionStage", "AWSCURRENT")
        assert stage == "AWSCURRENT", "a stage that the template does not use"
        return {"SecretString": self._versions[asked.pop("VersionId", self._current)]}


def function_code(version: str = "", other: str = "") -> str:
    """The template's text with its parameters put in; secrets are still references."""
    values = Values(
        {
            "UrlSigningSecret": _SECRET_ID,
            "UrlSecretVersion": version,
            "UrlSecretOtherVersion": other,
        }
    )
    code = resolve(of_type("AWS::CloudFront::Function")["VerifyImageUrl"]["FunctionCode"], values)
    assert isinstance(code, str)
    return code


def verify_image_url(version: str = "", other: str = "", current: str = "current") -> EdgeFunction:
    """The function with the secrets of the given versions, `current` or `other`."""
    secrets: Any = Secrets({"current": CURRENT, "other": OTHER}, current)
    return EdgeFunction(with_secrets(function_code(version, other), secrets), print)


def a_request(uri: str, query: list[tuple[str, str]], method: str = "GET") -> dict[str, Any]:
    """The event of a viewer request."""
    return {
        "version": "1.0",
        "context": {"eventType": "viewer-request"},
        "viewer": {"ip": "127.0.0.1"},
        "request": {
            "method": method,
            "uri": uri,
            "querystring": fields(query),
            "headers": {"host": {"value": "page.test"}},
            "cookies": {},
        },
    }


def is_forbidden(verdict: Answer | Forward) -> bool:
    """Whether the function refused."""
    return isinstance(verdict, Answer) and verdict.status == 403

"""The function of template.yaml that guards the pictures, as the edge runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.local_stack.edge.event import fields
from tests.local_stack.edge.function import Answer, EdgeFunction, Forward
from tests.local_stack.template.dynamic_references import with_secrets
from tests.local_stack.template.intrinsics import Values, resolve
from tests.support.template import of_type

CURRENT, OTHER = "c" * 64, "o" * 64
_SECRET_ID = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:Signing-x"


class Secrets:
    """A secret with this text, as a client of Secrets Manager sees it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self, **asked: str) -> dict[str, str]:
        assert asked == {"SecretId": _SECRET_ID}, "the current version, whatever it is"
        return {"SecretString": self._text}


def function_code(read: str = "") -> str:
    """The template's text with its parameters put in; secrets are still references."""
    values = Values({"UrlSigningSecret": _SECRET_ID, "UrlSecretRead": read})
    code = resolve(of_type("AWS::CloudFront::Function")["VerifyImageUrl"]["FunctionCode"], values)
    assert isinstance(code, str)
    return code


def verify_image_url(secret: str = CURRENT) -> EdgeFunction:
    """The function, deployed while the secret has this text."""
    secrets: Any = Secrets(secret)
    return EdgeFunction(with_secrets(function_code(), secrets), print)


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


def run(body: str, log: Callable[[str], None] = print, now: float = 0) -> Answer | Forward:
    """What a function with this body answers to GET /a?x=1."""
    edge = EdgeFunction(f"function handler(event) {{ {body} }}", log)
    return edge(a_request("/a", [("x", "1")]), now)


def is_forbidden(verdict: Answer | Forward) -> bool:
    """Whether the function refused."""
    return isinstance(verdict, Answer) and verdict.status == 403

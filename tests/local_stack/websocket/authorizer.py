"""The decision of the $connect route's authorizer.

Pages "Use API Gateway Lambda authorizers" and "Create a REQUEST authorizer for WebSocket APIs":
a missing identity source is 401 without calling the function; a policy that denies is 403; an
error with the message "Unauthorized" is 401; anything else is 500. Values of the context are
strings, numbers or booleans, and reach later events as strings.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from tests.local_stack.lambda_runtime.invocation import Outcome
from tests.local_stack.lambda_runtime.permissions import is_allowed
from tests.local_stack.template.serving import AuthorizerSpec
from tests.local_stack.websocket.events import ConnectionInfo


class RefusedError(Exception):
    """The handshake is refused.

    Attributes:
        status: of the HTTP response.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"handshake refused with {status}")
        self.status = status


def require_identity(spec: AuthorizerSpec, info: ConnectionInfo) -> None:
    """Refuses a handshake in which an identity source is missing or empty."""
    query = parse_qs(info.query)  # drops empty values
    headers = {name.lower(): value for name, value in info.headers}
    for source in spec.identity_sources:
        kind, _, name = source.removeprefix("route.request.").partition(".")
        value = query.get(name) if kind == "querystring" else headers.get(name.lower())
        if not value:
            raise RefusedError(401)


def authorized_context(outcome: Outcome, arn: str) -> dict[str, str]:
    """The context for later events, when the answer's policy allows the route.

    Args:
        arn: of the $connect route.
    """
    answer = _answer(outcome)
    try:
        statements = answer["policyDocument"]["Statement"]
        allowed = is_allowed(_invoke_statements(statements), "execute-api:Invoke", arn)
        principal = str(answer["principalId"])
        context = {name: _text(value) for name, value in (answer.get("context") or {}).items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RefusedError(500) from error
    if not allowed:
        raise RefusedError(403)
    return {"principalId": principal, **context}


def _answer(outcome: Outcome) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(outcome.payload)
    if outcome.failed:
        raise RefusedError(401 if answer.get("errorMessage") == "Unauthorized" else 500)
    return answer


def _invoke_statements(statements: Any) -> list[Mapping[str, Any]]:
    return [statements] if isinstance(statements, dict) else list(statements)


def _text(value: Any) -> str:
    if isinstance(value, dict | list) or value is None:
        raise TypeError("a context value is a string, a number or a boolean")
    return str(value).lower() if isinstance(value, bool) else str(value)

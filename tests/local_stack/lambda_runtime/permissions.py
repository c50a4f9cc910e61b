"""May this role do that? The gateway's own part of IAM.

MiniStack decides about data; the two actions that the gateway serves, lambda:InvokeFunction and
execute-api:ManageConnections, are decided here. Page "Policy evaluation logic" of the IAM user
guide: everything is denied by default, an explicit deny overrides every allow.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

# Where the prefix of a service's actions is not botocore's name of it.
_BOTOCORE = {"execute-api": "apigatewaymanagementapi"}
_BY_THE_RUNTIME = {"logs"}  # written by Lambda, not by the function's code

Statement = Mapping[str, Any]


def is_allowed(statements: Iterable[Statement], action: str, resource: str) -> bool:
    """True when the statements allow `action` ("service:Name") on the ARN `resource`."""
    effects = {s["Effect"] for s in statements if _covers(s, action, resource)}
    return "Allow" in effects and "Deny" not in effects


def _covers(statement: Statement, action: str, resource: str) -> bool:
    if "NotAction" in statement or "NotResource" in statement or statement.get("Condition"):
        raise ValueError("the local stack reads Action and Resource only")
    # "Action names are case insensitive" ("IAM JSON policy elements: Action"); ARNs are not.
    actions = [pattern.lower() for pattern in _list(statement["Action"])]
    return any(matches(pattern, action.lower()) for pattern in actions) and any(
        matches(pattern, resource) for pattern in _list(statement["Resource"])
    )


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def matches(pattern: str, value: str) -> bool:
    """ "*" stands for any characters, "?" for one ("IAM JSON policy elements: Resource")."""
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(escaped, value, re.DOTALL) is not None


def services_of(statements: Iterable[Statement]) -> list[str]:
    """The services that a role may call, by botocore's names."""
    allowed = [one for one in statements if one["Effect"] == "Allow"]
    prefixes = {
        action.partition(":")[0].lower() for one in allowed for action in _list(one["Action"])
    }
    return sorted(_BOTOCORE.get(prefix, prefix) for prefix in prefixes - _BY_THE_RUNTIME)

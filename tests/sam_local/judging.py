"""Whether an answer is the one that an event should give."""

import json
from typing import Any

from tests.support.described import problems_of_answer
from tests.support.routes import OTHERWISE

Event = dict[str, Any]


def http_problems(route: str, answer: Any, status: int, code: str | None = None) -> list[str]:
    """What is wrong with an answer of an HTTP route.

    Args:
        route: as API Gateway names it; what no route takes is described by its error alone.
        code: of the error, where one is due.
    """
    if not isinstance(answer, dict) or answer.get("statusCode") != status:
        return [f"answered {_short(answer)}, not {status}"]
    kind = answer.get("headers", {}).get("content-type", "application/json")
    if kind != "application/json":
        return [] if answer.get("body") else ["the file is empty"]
    body = json.loads(answer["body"]) if "body" in answer else None
    problems = [] if route in OTHERWISE else problems_of_answer(route, status, body)
    if code is not None and code not in _codes(body):
        problems.append(f"refused with {_short(body)}, not {code}")
    return problems


def _codes(body: Any) -> list[str]:
    return [body["error"]["code"]] if isinstance(body, dict) and "error" in body else []


def policy_problems(answer: Any, effect: str, event: Event) -> list[str]:
    """What is wrong with an authorizer's answer."""
    try:
        [statement] = answer["policyDocument"]["Statement"]
        given = statement["Effect"], statement["Action"], statement["Resource"]
    except (KeyError, TypeError, ValueError):
        return [f"answered {_short(answer)}, not a policy"]
    wanted = effect, "execute-api:Invoke", event["methodArn"]
    return [] if given == wanted else [f"answered {given}, not {wanted}"]


def same_problems(answer: Any, wanted: Any) -> list[str]:
    """What is wrong with an answer that can be one thing only."""
    return [] if answer == wanted else [f"answered {_short(answer)}, not {_short(wanted)}"]


def _short(answer: Any) -> str:
    return json.dumps(answer)[:200]

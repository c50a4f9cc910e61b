"""Which route of the HTTP API a request takes.

Page "Create routes for HTTP APIs": a full match of route and method wins, then one with a greedy
path variable, then $default. Among full matches, static segments win over variables; among greedy
ones the most specific.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.local_stack.template.serving import HttpRoute

_VARIABLE = re.compile(r"\{([^}+]+)(\+?)\}")


@dataclass(frozen=True)
class Match:
    """The chosen route and its path parameters."""

    route: HttpRoute
    path_parameters: Mapping[str, str]


class Router:
    """Chooses among the routes of one API."""

    def __init__(self, routes: Iterable[HttpRoute]) -> None:
        ordered = sorted(routes, key=_precedence)
        self._routes = [(route, _pattern(route.path)) for route in ordered]

    def match(self, method: str, path: str) -> Match | None:
        """The route for a request.

        Args:
            path: percent-decoded.
        """
        for route, pattern in self._routes:
            if route.method not in (method, "ANY"):
                continue
            found = pattern.fullmatch(path)
            if found is not None:
                return Match(route, found.groupdict())
        return None


def _precedence(route: HttpRoute) -> tuple[bool, bool, int, int, bool]:
    variables = _VARIABLE.findall(route.path)
    greedy = any(plus for _, plus in variables)
    depth = -route.path.count("/") if greedy else 0
    return (route.path == "$default", greedy, depth, len(variables), route.method == "ANY")


def _pattern(path: str) -> re.Pattern[str]:
    if path == "$default":
        return re.compile(r".*", re.DOTALL)
    pattern, end = "", 0
    for variable in _VARIABLE.finditer(path):
        pattern += re.escape(path[end : variable.start()])
        pattern += f"(?P<{variable[1]}>{'.+' if variable[2] else '[^/]+'})"
        end = variable.end()
    return re.compile(pattern + re.escape(path[end:]), re.DOTALL)

"""The recorded events, and which function each belongs to."""

import copy
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.local_stack.options import ROOT
from tests.local_stack.template.transform import read_template

_FOLDER = ROOT / "events"


@dataclass(frozen=True)
class Recorded:
    """One file of `events/`.

    Attributes:
        name: the file's, without its ending.
        function: logical id of the function that it is for.
    """

    name: str
    function: str

    @property
    def file(self) -> Path:
        return _FOLDER / f"{self.name}.json"

    @property
    def route(self) -> str:
        """As API Gateway names it."""
        route: str = self.content()["routeKey"]
        return route

    def content(self) -> dict[str, Any]:
        """A copy of one's own."""
        return copy.deepcopy(_read(self.file))


@cache
def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def all_events() -> dict[str, Recorded]:
    """By name."""
    routes = _routes()
    names = sorted(file.stem for file in _FOLDER.glob("*.json"))
    return {name: Recorded(name, _function_of(name, routes)) for name in names}


def _function_of(name: str, routes: dict[str, str]) -> str:
    event = _read(_FOLDER / f"{name}.json")
    if "routeKey" in event:
        return routes[event["routeKey"]]
    if "warm" in event:
        return "LlmHandlerGeminiFunction"
    if "job_id" in event or "stock" in event:
        return "ImageGenerateFunction"
    if "connectionId" in event.get("requestContext", {}):
        return "WebSocketFunction"
    return "KeeperFunction"


def _routes() -> dict[str, str]:
    """The function of every route of the HTTP API."""
    return {
        f"{event['Properties']['Method']} {event['Properties']['Path']}": function
        for function, resource in read_template(ROOT / "template.yaml")["Resources"].items()
        for event in resource.get("Properties", {}).get("Events", {}).values()
        if event["Type"] == "HttpApi"
    }


def functions() -> set[str]:
    """Logical ids of every function of the template."""
    resources = read_template(ROOT / "template.yaml")["Resources"]
    return {name for name, r in resources.items() if r["Type"] == "AWS::Serverless::Function"}

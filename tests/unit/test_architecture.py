"""Dependencies point inward, nothing happens on import, and no route forgets the token."""

from __future__ import annotations

import ast
import graphlib
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from botocore.session import Session
from tests.support.routes import OTHERWISE
from tests.support.template import ROOT, http_routes, of_type
from tests.unit.test_settings import IMAGE, LLM

from afterimage.http.api import HttpApi
from afterimage.wiring import image_generate, keeper

LAYER = ROOT / "layers" / "shared"
PACKAGE = LAYER / "afterimage"
HANDLERS = sorted((ROOT / "functions").glob("*/handler.py"))

# The core, and what it may import beside the standard library.
CORE = (
    *("domain", "use_cases", "ports", "channel", "frames", "invocation", "measured", "place"),
    *("posting", "views"),
)
CORE_MAY_IMPORT = {"pydantic", "ulid", "typing_extensions"}


def test_every_exception_to_a_lint_rule_says_why() -> None:
    """The rules of bandit's class (`S`) are on for functions and layers; no file is left out."""
    files = [*HANDLERS, *sorted(PACKAGE.rglob("*.py"))]
    exceptions = [
        line for path in files for line in path.read_text().splitlines() if "noqa" in line
    ]

    assert exceptions
    assert [line for line in exceptions if not re.search(r"# noqa: [A-Z0-9]+ - \w", line)] == []
    assert not any(path.read_text().startswith("# ruff: noqa") for path in files)


def module_name(path: Path) -> str:
    parts = path.relative_to(LAYER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def is_core(module: str) -> bool:
    parts = module.split(".")
    return parts[:1] == ["afterimage"] and (len(parts) == 1 or parts[1] in CORE)


@cache
def imported(path: Path) -> frozenset[str]:
    """Modules that a file imports anywhere, also inside functions, by their full names."""
    return frozenset(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            module = node.module or ""
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                yield inner if inner in MODULES else module


def test_there_is_a_core() -> None:
    core = [module for module in MODULES if is_core(module)]

    assert len(core) > 15
    assert "afterimage.use_cases.answer_message" in core
    assert {module for part in CORE for module in core if part in module}


def test_the_core_imports_nothing_from_outside() -> None:
    allowed = sys.stdlib_module_names | CORE_MAY_IMPORT
    outside = {
        (module, name)
        for module, path in MODULES.items()
        for name in imported(path)
        if is_core(module) and not is_core(name) and name.split(".")[0] not in allowed
    }

    assert outside == set()


def test_the_domain_imports_no_use_case() -> None:
    domain = {module: path for module, path in MODULES.items() if ".domain" in module}

    assert domain
    for module, path in domain.items():
        assert not [name for name in imported(path) if ".use_cases" in name], module


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Not even for types: a reader can begin with any module, and read upward from there."""
    ours = {
        module: {name for name in imported(path) if name in MODULES} - {module}
        for module, path in MODULES.items()
    }

    assert list(graphlib.TopologicalSorter(ours).static_order())  # raises at a circle


def test_only_wiring_builds_adapters() -> None:
    """Nobody but `wiring` and the adapters themselves imports one."""
    for module, path in MODULES.items():
        if not module.startswith(("afterimage.wiring.", "afterimage.adapters")):
            reached = [name for name in imported(path) if name.startswith("afterimage.adapters")]
            assert reached == [], module


def test_no_line_exists_for_tests() -> None:
    for path in [*MODULES.values(), *HANDLERS]:
        names = imported(path)
        assert not {name for name in names if name.split(".")[0] in ("tests", "moto", "pytest")}


def test_handlers_are_thin() -> None:
    assert len(HANDLERS) == len(of_type("AWS::Serverless::Function"))
    for path in HANDLERS:
        assert len(path.read_text("utf-8").splitlines()) <= 40, path


# Imports everything in a process of its own, where making a client, opening a socket or
# reading the environment from our own code ends the process.
ON_IMPORT = """
import importlib, os, runpy, socket, sys, types

def refuse(what):
    def refusing(*_, **__):
        raise SystemExit(f"{what} on import")
    return refusing

import botocore.session, requests
botocore.session.Session.create_client = refuse("a client was made")
requests.Session.__init__ = refuse("a session was made")
socket.socket.connect = refuse("a socket was opened")

class Watched(type(os.environ)):
    def __getitem__(self, key):
        caller = sys._getframe(1)
        while caller.f_globals.get("__name__", "").partition(".")[0] in ("os", "collections"):
            caller = caller.f_back
        owner = caller.f_globals.get("__name__", "")
        if owner.startswith(("afterimage", "handler")):
            raise SystemExit(f"{owner} read {key} on import")
        return super().__getitem__(key)

os.environ.__class__ = Watched
modules, handlers = sys.argv[1].split(","), sys.argv[2].split(",")
for name in modules:
    importlib.import_module(name)
for path in handlers:
    names = runpy.run_path(path, run_name="handler")
    assert callable(names["lambda_handler"]), path
print(len(modules), len(handlers))
"""


def run_alone(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={"PYTHONPATH": str(LAYER)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_nothing_happens_on_import() -> None:
    result = run_alone(ON_IMPORT, ",".join(MODULES), ",".join(map(str, HANDLERS)))

    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [str(len(MODULES)), str(len(HANDLERS))]


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ("import os; os.environ.get('MESSAGES_TABLE')", "read MESSAGES_TABLE on import"),
        ("import os; 'MESSAGES_TABLE' in os.environ", "read MESSAGES_TABLE on import"),
        ("import botocore.session as b; b.get_session().create_client('s3')", "a client was made"),
        ("import requests; requests.Session()", "a session was made"),
    ],
)
def test_what_happens_on_import_would_be_seen(tmp_path: Path, broken: str, complaint: str) -> None:
    handler = tmp_path / "handler.py"
    handler.write_text(f"{broken}\nlambda_handler = print\n")

    result = run_alone(ON_IMPORT, "afterimage", str(handler))

    assert result.returncode != 0
    assert complaint in result.stderr


# What a function does without: each of them costs its cold start milliseconds.
_HTTP = {"cryptography", "jwt", "pydantic", "requests"}
DOES_WITHOUT = {
    "chat_api": {"PIL", "afterimage.adapters.own_models", "afterimage.use_cases.answer_message"},
    "image_generate": {"cryptography", "jwt", "pydantic", "pydantic_core"},
    "image_upload": {"afterimage.adapters.own_models"},
    "keeper": {"PIL", "pydantic_core", *_HTTP},
    "llm_handler_gemini": {
        "PIL",
        "afterimage.adapters.own_models",
        "afterimage.use_cases.read_chats",
    },
    "web_page": {"PIL", "pydantic_core", "pynamodb", *_HTTP},
    "websocket": {"PIL", "pydantic_core", "afterimage.domain.changes", *_HTTP},
}


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: str(handler.parent.name))
def test_a_function_imports_nothing_that_it_does_without(handler: Path) -> None:
    code = "import json, runpy, sys; runpy.run_path(sys.argv[1]); print(json.dumps([*sys.modules]))"
    result = run_alone(code, str(handler))

    assert result.returncode == 0, result.stderr
    imported_now = set(json.loads(result.stdout))
    assert imported_now & DOES_WITHOUT[handler.parent.name] == set()
    assert "boto3" in imported_now


# --- No route forgets the token ----------------------------------------------------------------


@pytest.fixture
def aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


def built(function: str) -> object:
    """A function's application, as its handler builds it."""
    folder = Path(of_type("AWS::Serverless::Function")[function]["CodeUri"]).name
    wiring = importlib.import_module(f"afterimage.wiring.{folder}")
    measured = wiring.build(Logger(service="test"), {**LLM, **IMAGE})
    application: object = measured.application
    return application


HTTP_FUNCTIONS = sorted(set(http_routes().values()) - {"WebPageFunction"})


@pytest.mark.usefixtures("aws_settings")
@pytest.mark.parametrize("function", HTTP_FUNCTIONS)
def test_a_request_without_a_token_is_401_before_anything_is_read(function: str) -> None:
    """Nothing else could answer: the test has no network."""
    api = built(function)
    routes = {route for route, of in http_routes().items() if of == function} - {*OTHERWISE}

    assert isinstance(api, HttpApi)
    assert routes <= set(api._handlers)
    for route in routes:
        assert api({"routeKey": route, "headers": {}}, None)["statusCode"] == 401


@pytest.mark.usefixtures("aws_settings")
def test_the_other_functions_are_built_too() -> None:
    assert callable(built("WebSocketFunction"))
    assert image_generate.build(Logger(service="test"), {**LLM, **IMAGE})


@pytest.mark.usefixtures("aws_settings")
def test_the_keeper_makes_a_client_when_it_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep finds nothing as a rule, and each client costs a new environment's first call."""
    made: list[str] = []
    create = Session.create_client

    def counted(session: Session, service: str, *more: Any, **named: Any) -> Any:
        made.append(service)
        return create(session, service, *more, **named)

    monkeypatch.setattr(Session, "create_client", counted)

    assert keeper.build(Logger(service="test"), {**LLM, **IMAGE})
    assert made == ["dynamodb"]

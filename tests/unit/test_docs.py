"""Documentation, template, settings, tables and code say the same."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from pynamodb.attributes import Attribute
from pynamodb.indexes import GlobalSecondaryIndex, LocalSecondaryIndex
from pynamodb.models import Model
from tests.local_stack.options import parse_options
from tests.sam_local.events import all_events
from tests.support.docs import DOCS, PAGES, headings, rows, section
from tests.support.routes import HEADS, OTHERWISE
from tests.support.template import http_routes, of_type, template

from afterimage import frames, settings
from afterimage.adapters.dynamodb.tables import TABLES
from afterimage.domain.aspect_ratios import ASPECT_RATIOS
from afterimage.domain.errors import Failure, Refused
from afterimage.domain.events import EventName
from afterimage.http.routes import ROUTES, Route
from afterimage.http.taken import PostMessage
from afterimage.setting import Settings

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()

SETTINGS: dict[str, type[Settings]] = {
    "LlmHandlerGeminiFunction": settings.LlmHandlerSettings,
    "ImageGenerateFunction": settings.ImageGenerateSettings,
    "ImageUploadFunction": settings.ImageUploadSettings,
    "ChatApiFunction": settings.ChatApiSettings,
    "WebSocketFunction": settings.WebSocketSettings,
    "KeeperFunction": settings.KeeperSettings,
    "WebPageFunction": settings.PageSettings,
}
# "Defined runtime environment variables" in Lambda's developer guide.
SET_BY_LAMBDA = {"AWS_LAMBDA_FUNCTION_VERSION"}
# Only there to make another configuration, and so another version, of a function.
UNREAD = {"RELEASE"}
TOP_LEVEL = {
    ".ci",
    ".gitignore",
    ".python-version",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "client",
    "docs",
    "events",
    "findings",
    "functions",
    "layers",
    "pyproject.toml",
    "samconfig.toml",
    "template.yaml",
    "tests",
}


# --- The wire ------------------------------------------------------------------------------------


def test_every_route_is_in_the_docs_and_no_other() -> None:
    mentioned = set(re.findall(r"\b((?:GET|POST|PUT|PATCH|DELETE) /[^\s`?]*)", DOCS))
    ours = {key for key in mentioned if "/dev/" not in key}

    assert set(rows("contract", "HTTP")) == {route.key for route in ROUTES}
    assert ours == {route.key for route in ROUTES}


def test_the_template_serves_the_routes_of_the_contract() -> None:
    assert set(http_routes()) == {*HEADS, *OTHERWISE, *(route.key for route in ROUTES)}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_a_routes_row_names_what_it_takes_and_answers(route: Route) -> None:
    takes, answers = rows("contract", "HTTP")[route.key]
    models = [model for model in (route.body, route.query) if model is not None]
    fields = {name for model in models for name in model.model_fields}

    assert set(re.findall(r"`(\w+)`", takes)) == fields
    for status in route.answers:
        assert str(status) in answers


def test_every_shape_of_a_picture_is_in_the_docs() -> None:
    assert all(f"`{ratio}`" in section("contract", "A question") for ratio in ASPECT_RATIOS)


def test_every_field_of_a_question_is_in_the_docs_and_no_other() -> None:
    fields = re.findall(r"^\| (`.+?) \|", section("contract", "A question"), re.MULTILINE)

    assert set(re.findall(r"`(\w+)`", " ".join(fields))) == set(PostMessage.model_fields)


def test_every_frame_is_in_the_docs_and_no_other() -> None:
    assert set(rows("channel", "Frames")) == {*get_args(EventName), *frame_names()}


def test_every_code_of_an_error_frame_is_in_the_docs() -> None:
    said = set(re.findall(r"`(\w+)`", rows("channel", "Frames")["error"][0]))

    assert said == {"code", "message", *get_args(frames.ErrorCode)}


def frame_names() -> set[str]:
    """Values of `event` in the frames that are no event of the log."""
    found: set[str] = set()
    for frame in (*get_args(frames.PassingFrame), frames.SystemFrame, frames.ErrorFrame):
        event: Any = get_type_hints(frame)["event"]
        assert get_origin(event) is Literal
        found |= set(get_args(event))
    return found


def test_every_refusal_is_in_the_docs_with_its_status() -> None:
    said = {code: cells[0] for code, cells in rows("contract", "Refusals").items()}

    assert said == {
        "internal": "500",
        **{error.code: str(error.status) for error in Refused.__subclasses__()},
    }


def test_every_failure_of_a_message_is_in_the_docs() -> None:
    assert set(rows("contract", "Failed messages")) == {
        error.code for error in Failure.__subclasses__()
    }


# --- Settings ------------------------------------------------------------------------------------


def test_every_parameter_is_in_the_docs_with_its_default() -> None:
    said = {name: cells[0] for name, cells in rows("settings", "Parameters of the stack").items()}

    assert said == {name: default_of(p) for name, p in template()["Parameters"].items()}


def default_of(parameter: dict[str, Any]) -> str:
    if "Default" not in parameter:
        return "required"
    return f"`{parameter['Default']}`" if parameter["Default"] != "" else "none"


def test_what_the_docs_say_of_a_parameter_is_its_description() -> None:
    said = {name: cells[1] for name, cells in rows("settings", "Parameters of the stack").items()}

    assert said == {name: p["Description"] for name, p in template()["Parameters"].items()}


def test_every_environment_variable_is_in_the_docs_with_who_reads_it() -> None:
    said = {
        name: set(re.findall(r"`(\w+)`", cells[0]))
        for name, cells in rows("settings", "Environment of the functions").items()
    }

    assert said == {name: readers_of(name) for name in shared() | own_of_any()}


def readers_of(variable: str) -> set[str]:
    """Folders of the functions that read a variable."""
    return {
        folder_of(function)
        for function, model in SETTINGS.items()
        if reads(model, variable)
        or (is_a_librarys(variable) and variable in shared() | own(function))
    }


def reads(model: type[Settings], variable: str) -> bool:
    return variable.lower() in model.fields()


def is_a_librarys(variable: str) -> bool:
    """Read by Powertools, AWS's SDK or the C library themselves."""
    families = ("POWERTOOLS_", "AWS_ENDPOINT_URL", "MALLOC_")
    return variable == "LOG_LEVEL" or variable.startswith(families)


def functions() -> dict[str, dict[str, Any]]:
    return of_type("AWS::Serverless::Function")


def folder_of(function: str) -> str:
    return Path(functions()[function]["CodeUri"]).name


def shared() -> set[str]:
    return set(template()["Globals"]["Function"]["Environment"]["Variables"])


def own(function: str) -> set[str]:
    return set(functions()[function].get("Environment", {}).get("Variables", {}))


def own_of_any() -> set[str]:
    return set().union(*(own(function) for function in functions()))


def test_every_function_has_settings() -> None:
    assert set(SETTINGS) == set(functions())


@pytest.mark.parametrize("function", SETTINGS)
def test_every_setting_is_given_to_the_function_that_reads_it(function: str) -> None:
    wanted = {field.upper() for field in SETTINGS[function].fields()}

    assert wanted <= shared() | own(function) | SET_BY_LAMBDA


@pytest.mark.parametrize("function", SETTINGS)
def test_every_variable_of_a_function_is_read_by_it(function: str) -> None:
    given = {variable for variable in own(function) if not is_a_librarys(variable)}

    assert {variable for variable in given if not reads(SETTINGS[function], variable)} == set()


def test_every_shared_variable_is_read_by_several_functions() -> None:
    lonely = {v for v in shared() - UNREAD if not is_a_librarys(v) and len(readers_of(v)) < 2}

    assert lonely == set()


def test_what_make_run_reads_is_in_the_docs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_options(["--help"], {})
    explained = capsys.readouterr().out.partition("environment:")[2]
    names = set(re.findall(r"^  ([A-Z_]+)", explained, re.MULTILINE))

    assert names
    assert set(rows("local", "Variables of make run")) == names


# --- Tables --------------------------------------------------------------------------------------


def table(key: str) -> dict[str, Any]:
    """Properties of the table that a `…_TABLE` variable names."""
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    return of_type("AWS::DynamoDB::Table")[variables[f"{key.upper()}_TABLE"]["Ref"]]


def key_schema(attributes: Iterable[Attribute[Any]]) -> list[tuple[str, str]]:
    ordered = list(attributes)
    found = [(a.attr_name, "HASH") for a in ordered if a.is_hash_key]
    return found + [(a.attr_name, "RANGE") for a in ordered if a.is_range_key]


def declared_schema(properties: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key["AttributeName"], key["KeyType"]) for key in properties["KeySchema"]]


@pytest.mark.parametrize(("key", "model"), TABLES.items())
def test_keys_and_their_types_are_the_templates(key: str, model: type[Model]) -> None:
    types = {a.attr_name: a.attr_type for a in model.get_attributes().values()}
    declared = {a["AttributeName"]: a["AttributeType"] for a in table(key)["AttributeDefinitions"]}

    assert key_schema(model.get_attributes().values()) == declared_schema(table(key))
    assert declared == {name: types[name] for name in declared}


@pytest.mark.parametrize(("key", "model"), TABLES.items())
def test_indexes_are_the_templates(key: str, model: type[Model]) -> None:
    kinds = {
        "LocalSecondaryIndexes": LocalSecondaryIndex,
        "GlobalSecondaryIndexes": GlobalSecondaryIndex,
    }
    declared = {
        index["IndexName"]: (kinds[kind], declared_schema(index), index["Projection"])
        for kind in kinds
        for index in table(key).get(kind, [])
    }
    used = {
        name: (type(index).__bases__[0], key_schema(attributes_of(index)), projection_of(index))
        for name, index in model._indexes.items()
    }

    assert used == declared


def attributes_of(index: Any) -> Iterable[Attribute[Any]]:
    found: dict[str, Attribute[Any]] = index.Meta.attributes
    return found.values()


def projection_of(index: Any) -> dict[str, Any]:
    return {"ProjectionType": index.Meta.projection.projection_type}


@pytest.mark.parametrize(("key", "model"), TABLES.items())
def test_rows_expire_by_the_attribute_that_is_written(key: str, model: type[Model]) -> None:
    declared = table(key).get("TimeToLiveSpecification")
    written = [name for name in model.get_attributes() if name == "expires_at"]

    assert written == ([declared["AttributeName"]] if declared else [])


# --- The repository ------------------------------------------------------------------------------


def test_every_target_of_make_is_in_the_docs_and_no_other() -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE)) - {"help"}
    mentioned = set(re.findall(r"\bmake ([a-z][\w-]*)\b", "\n".join(code_of(DOCS))))

    assert mentioned == targets


def code_of(text: str) -> list[str]:
    """Code blocks and code spans."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", text)
    return [*blocks, *spans]


def test_nothing_else_lies_at_the_top() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git repository")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout

    assert {path.split("/")[0] for path in listed.splitlines()} == TOP_LEVEL


def test_the_map_of_the_local_stack_names_its_folders() -> None:
    folders = {
        f"{path.parent.name}/" for path in (ROOT / "tests/local_stack").rglob("*/__init__.py")
    }

    assert folders <= set(re.findall(r"`(\w+/)`", PAGES["tests/local_stack/README.md"]))


def test_links_lead_somewhere() -> None:
    for page, target in links():
        path, _, anchor = target.partition("#")
        if not path.startswith("https://"):
            file = (ROOT / page).parent.joinpath(path).resolve() if path else ROOT / page
            assert file.exists(), (page, target)
            assert not anchor or anchor in headings(str(file.relative_to(ROOT))), (page, target)


def links() -> Iterator[tuple[str, str]]:
    """Each page with what it leads to."""
    for page in (*PAGES, "CHANGELOG.md", "client/README.md"):
        text = (ROOT / page).read_text("utf-8")
        for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
            yield page, "".join(target)


def test_every_page_is_reached_from_the_readme() -> None:
    found, new = set[str](), {"README.md"}
    while new:
        found |= new
        new = {
            str((ROOT / page).parent.joinpath(target).resolve().relative_to(ROOT))
            for page in new
            for target in re.findall(r"\]\(([^)#:\s]+\.md)", PAGES.get(page, ""))
        } - found

    assert set(PAGES) <= found


def test_the_readme_is_a_door() -> None:
    assert len(PAGES["README.md"].splitlines()) <= 250


DECISIONS = {
    page: text
    for page, text in PAGES.items()
    if page.startswith("docs/decisions/") and not page.endswith("README.md")
}


def test_a_decision_has_its_date_its_subject_and_whether_it_holds() -> None:
    index = PAGES["docs/decisions/README.md"]
    subjects = re.findall(r"^## (.+)$", index, re.MULTILINE)

    for page, text in DECISIONS.items():
        title, _, dated, *_ = text.splitlines()
        said = re.fullmatch(
            r"\*\d{4}-\d\d-\d\d · (.+) · (in force|superseded by \[.+\]\(.+\))\*", dated
        )
        assert f"- [{title.removeprefix('# ')}]({Path(page).name})" in index, page
        assert said is not None, page
        assert said[1] in subjects, page


def test_every_finding_is_listed_and_says_of_what_it_is_true() -> None:
    scripts = {path.name: path.read_text() for path in (ROOT / "findings").glob("*.sh")}

    listed = re.findall(r"^\| \[.+?\]\((.+?\.sh)\)", PAGES["findings/README.md"], re.MULTILINE)
    assert set(listed) == set(scripts)
    for name, text in scripts.items():
        assert re.search(r"# Seen with [^.].*? on \d{4}-\d\d-\d\d\.\n", text, re.DOTALL), name
        for installed in re.findall(r"pip\" install (.+(?:\n  .+)?)", text):
            packages = [word for word in installed.split() if word[0] not in "-\\"]
            assert packages, name
            assert all("==" in package for package in packages), name
        assert "://" not in re.sub(r"s3://|http://127\.0\.0\.1", "", text), name


def test_paths_in_the_docs_exist() -> None:
    paths = re.findall(r"`((?:functions|layers|events|tests)/[\w./]+)`", DOCS)

    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", ["docs/promises.md", "docs/security.md"])
def test_tests_that_the_docs_name_exist(page: str) -> None:
    # One link may name several tests of one file.
    links = re.findall(r"\[(`test_[^]]+)\]\(\.\./(tests/\w+/test_\w+\.py)\)", PAGES[page])
    named = [(name, path) for names, path in links for name in re.findall(r"\w+", names)]

    assert named
    for name, path in named:
        assert f"def {name}(" in (ROOT / path).read_text(), f"{path} has no {name}"


def test_every_way_in_has_a_test_that_shows_what_stands_against_it() -> None:
    table = [
        line for line in section("security", "Threat model").splitlines() if line.startswith("| ")
    ]
    entries = [line.strip("| ").split(" | ") for line in table if not line.startswith("| Where")]

    assert len(entries) > 10
    assert all(len(cells) == 4 and "[`test_" in cells[3] for cells in entries)


def test_functions_are_invoked_with_their_own_events() -> None:
    files = re.findall(r"sam local invoke (\w+) -e events/(\w+)\.json", DOCS)
    piped = re.findall(r"with_token (\w+) \| sam local invoke (\w+) -e -", DOCS)
    invoked = {*files, *((function, event) for event, function in piped)}
    events = all_events()

    assert {function for function, _ in invoked} == set(functions())
    assert all(events[event].function == function for function, event in invoked)

"""Every command that the Makefile or the documentation names starts, and says how it is used."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.sam.deploy import target
from tests.sam.pinned import pinned
from tests.support.docs import PAGES
from tests.support.template import template

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"-m (tests(?:\.\w+)+)")
COMMANDS = sorted(
    {
        name
        for text in ((ROOT / "Makefile").read_text(), *PAGES.values())
        for name in _NAMED.findall(text)
    }
)


def test_some_are_named() -> None:
    assert {"tests.local_stack", "tests.faults.storm"} <= set(COMMANDS)


# Each in a process of its own that knows nothing but where it was started. What they share of
# others is imported once, before: that is most of the time they take.
ASKED = """
import os, runpy, sys
import boto3, httpx, playwright.sync_api, pydantic, pynamodb.models, pytest, scipy.ndimage
import samtranslator.translator.transform, skimage.metrics, starlette.applications, ulid
for command in sys.argv[1:]:
    if not (child := os.fork()):
        sys.argv = [command, "--help"]
        print(f"<{command}>")
        try:
            runpy.run_module(command, run_name="__main__", alter_sys=True)
        except SystemExit as ended:
            sys.stdout.flush()
            os._exit(ended.code or 0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0, command
"""


def test_each_command_says_how_it_is_used() -> None:
    # Nothing that pytest knows of where code lies is handed on.
    run = subprocess.run(
        [sys.executable, "-c", ASKED, *COMMANDS],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )

    assert run.returncode == 0, run.stderr
    assert re.findall(r"<(.*)>\nusage: ", run.stdout) == COMMANDS


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_make_finds_its_modules_in_spite_of_pythonsafepath(tmp_path: Path) -> None:
    """With it `python -m tests.local_stack` would not find the folder that it runs in."""
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"include {ROOT / 'Makefile'}\nfind:\n\t@$(PYTHON) -m tests\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__main__.py").write_text("print('found')")

    found = make("-C", str(tmp_path), "find", PYTHON=sys.executable, PYTHONSAFEPATH="1")

    assert "found" in found.stdout


def lines_of_deploy(*arguments: str) -> list[str]:
    """What `make deploy` would run, a command in a line."""
    printed = make("-n", "deploy", *arguments).stdout.replace("\\\n", "")
    return [
        " ".join(line.split())
        for line in printed.splitlines()
        if "bin/sam" in line or "tests.sam.deploy" in line
    ]


def test_what_is_deployed_was_built_and_for_the_same_processor() -> None:
    built, deployed = lines_of_deploy("ARCHITECTURE=x86_64", "PARAMETERS=Release=2 WebpQuality=90")

    assert built.endswith("sam build --parameter-overrides Architecture=x86_64")
    assert deployed.endswith(
        "python -m tests.sam.deploy Architecture=x86_64 Release=2 WebpQuality=90 --"
    )


def test_only_the_first_deployment_asks_and_reads_what_was_saved() -> None:
    _, asking = lines_of_deploy("ARGS=--guided")
    _, later = lines_of_deploy()

    assert asking.endswith("sam deploy --guided")
    assert later.endswith("python -m tests.sam.deploy Architecture=arm64 --")


@pytest.mark.parametrize("part", ["SharedLayer/python", "KeeperFunction"])
def test_what_is_built_is_compiled_whatever_becomes_of_the_times_of_files(
    tmp_path: Path, part: str
) -> None:
    folder = tmp_path / ".aws-sam" / "build" / part
    folder.mkdir(parents=True)
    module = folder / "built.py"
    module.write_text("print('as it was built')")
    (command,) = [line for line in make("-n", "build").stdout.splitlines() if "compileall" in line]

    compiling = command.lstrip("@").replace("python3.13", sys.executable)
    subprocess.run(["sh", "-c", compiling], cwd=tmp_path, check=True)
    module.write_text("print('compiled anew')")  # of another time and size
    ran = subprocess.run(
        [sys.executable, "-B", "-c", "import built"],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.strip() == "as it was built"


@pytest.mark.parametrize(("target", "folder"), [("build", ".aws-sam/build"), ("check", "build")])
def test_what_is_built_knows_of_aws_what_functions_call(target: str, folder: str) -> None:
    said = make("-n", target).stdout

    for module in ("tests.sam.aws_models", "compileall", "tests.sam.sized"):
        assert re.search(rf"-m {module} [^&]*{re.escape(folder)}", said), module


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_a_built_template_takes_the_processor_that_it_was_built_for(architecture: str) -> None:
    parameters = template()["Parameters"]
    built = yaml.safe_dump({"Parameters": parameters}, sort_keys=False)

    only = yaml.safe_load(pinned(built, architecture))["Parameters"]

    assert only.pop("Architecture")["AllowedValues"] == [architecture]
    assert only == {name: p for name, p in parameters.items() if name != "Architecture"}


def test_a_template_that_cannot_be_bound_to_a_processor_is_refused() -> None:
    with pytest.raises(ValueError, match="no parameter Architecture"):
        pinned("Parameters: {}\n", "arm64")


def test_windows_itself_is_answered_with_a_sentence() -> None:
    refused = make("help", OS="Windows_NT")

    assert refused.returncode != 0
    assert "does not run on Windows itself: use WSL" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


CONFIG = """
[default.global.parameters]
stack_name = "saved"
[default.deploy.parameters]
region = "eu-west-1"
[test.deploy.parameters]
stack_name = "tested"
profile = "tester"
"""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ("saved", "eu-west-1", None)),
        (("--stack-name", "mine", "--no-confirm-changeset"), ("mine", "eu-west-1", None)),
        (("--stack-name=mine", "--region=us-east-1"), ("mine", "us-east-1", None)),
        (("--config-env", "test"), ("tested", None, "tester")),
    ],
)
def test_what_is_looked_at_is_what_sam_would_deploy(
    tmp_path: Path, arguments: tuple[str, ...], expected: tuple[str | None, ...]
) -> None:
    file = tmp_path / "samconfig.toml"
    file.write_text(CONFIG)

    assert target(arguments, file) == expected

"""Layers in the local stack: sources as they are, and what was built as Lambda mounts it."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest
from tests.local_stack.lambda_runtime.environment import Addresses, worker_environment
from tests.local_stack.template.read_functions import read_functions
from tests.local_stack.template.serving import FunctionSpec

RESOURCES = {
    "Job": {
        "Type": "AWS::Lambda::Function",
        "Id": "job",
        "Properties": {
            "Handler": "handler.lambda_handler",
            "Code": {"S3Key": "job"},
            "Layers": ["Tools"],
            "Role": "role",
        },
    },
    "Tools": {
        "Type": "AWS::Lambda::LayerVersion",
        "Properties": {"Content": {"S3Key": "tools"}},
    },
}


def function(root: Path) -> FunctionSpec:
    (read,) = read_functions(RESOURCES, root)
    return read


def imported(root: Path) -> str:
    """What a new environment of the function finds when it imports the layer's module."""
    addresses = Addresses("127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:1/dev/lambda", {})
    variables = worker_environment(function(root), "one", addresses, {}, through_proxy=False)
    ran = subprocess.run(
        [sys.executable, "-P", "-c", "import tool; print(tool.SAID)"],
        env={**variables, "PATH": os.environ["PATH"]},
        capture_output=True,
        check=True,
        text=True,
    )
    return ran.stdout.strip()


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A module of a built layer; what it says is its source's first word."""
    module = tmp_path / "tools" / "python" / "tool.py"
    module.parent.mkdir(parents=True)
    module.write_text("SAID = 'before'")
    return module


def test_sources_are_imported_where_they_lie(tmp_path: Path) -> None:
    assert function(tmp_path).layer_dirs == (tmp_path / "tools",)


def test_a_built_layer_without_bytecode_is_compiled_each_time(tmp_path: Path, built: Path) -> None:
    assert imported(tmp_path) == "before"
    assert [path.name for path in built.parent.iterdir()] == ["tool.py"]


def test_a_built_layers_bytecode_is_taken_as_it_is(tmp_path: Path, built: Path) -> None:
    mode = PycInvalidationMode.UNCHECKED_HASH
    assert compileall.compile_file(built, quiet=2, invalidation_mode=mode)
    built.write_text("SAID = 'compiled anew'")

    assert imported(tmp_path) == "before"

"""What a cold start computes, over what `boto3.client("dynamodb")` alone would.

Each sample is a fresh interpreter that imports a function's handler, builds its application and
makes the client that its first invocation needs, measured in CPU time after the interpreter's
own start (see cold_start_child.py). Functions read of AWS what a built layer has; the floor reads
all that botocore has. The interpreters take turns. The first round is dropped: it writes the
bytecode.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.bench import Bench
from tests.benchmarks.report import NO_TARGET, Table, Target, in_turns, middle_and_worst
from tests.sam.aws_models import BOTOCORES, cut
from tests.support.template import ROOT, of_type, template

_ROUNDS = 9
_HEAVY, _LIGHT = Target(1.4, "≤ {} x floor"), Target(1.2, "≤ {} x floor")
_TARGETS = {
    "llm_handler_gemini": _HEAVY,
    "image_generate": _HEAVY,
    "image_upload": _HEAVY,
    "chat_api": _HEAVY,
    "keeper": _LIGHT,
    "websocket": _LIGHT,
    "web_page": _LIGHT,
}
CHILD = Path(__file__).with_name("cold_start_child.py")
_FLOOR = "floor"
# What the runtime sets; the credentials are never used.
RUNTIME = {
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}
# Stands for whatever a deployment fills in: a name, or an address where one is wanted.
_FILLED_IN = "https://placeholder.example/{}"


def measure(bench: Bench) -> Iterable[Table]:
    functions = environments()
    with tempfile.TemporaryDirectory() as aws_models:
        cut(BOTOCORES, Path(aws_models))
        measures = [partial(_cpu_ms, {}, _FLOOR)]
        measures += [partial(_cpu_ms, of, name, aws_models) for name, of in functions.items()]
        in_turns(1, measures)
        floors, *samples = in_turns(_ROUNDS * bench.repeat, measures)
    table = Table(
        "Cold start: CPU of imports and first client",
        ("", "median", "worst", "x floor", "target", "this run"),
        notes=(f"Medians of {len(floors)} fresh interpreters each, bytecode warm.",),
    )
    table.add(
        'import boto3; boto3.client("dynamodb")', *middle_and_worst(floors), "1.0", *NO_TARGET
    )
    for name, sample in zip(functions, samples, strict=True):
        ratio = median(sample) / median(floors)
        target = _TARGETS.get(name)
        verdict = target.judged(ratio) if target else NO_TARGET
        table.add(name, *middle_and_worst(sample), f"{ratio:.2f}", *verdict)
    return [table]


def _cpu_ms(variables: Mapping[str, str], what: str, *aws_models: str) -> float:
    path = os.pathsep.join([str(ROOT / "functions" / what), str(ROOT / "layers" / "shared")])
    printed = subprocess.run(
        [sys.executable, "-P", str(CHILD), what, *aws_models],
        env={**RUNTIME, **variables, "PATH": os.environ["PATH"], "PYTHONPATH": path},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return float(printed.stdout.splitlines()[-1].split()[0])


def environments() -> dict[str, dict[str, str]]:
    """Variables of every function of the template, by its folder's name."""
    shared = _variables(template()["Globals"]["Function"])
    return {
        Path(properties["CodeUri"]).name: {**shared, **_variables(properties)}
        for properties in of_type("AWS::Serverless::Function").values()
    }


def _variables(properties: Mapping[str, Any]) -> dict[str, str]:
    variables = properties.get("Environment", {}).get("Variables", {})
    return {name: _value(name, written) for name, written in variables.items()}


def _value(name: str, written: Any) -> str:
    if not isinstance(written, Mapping):
        return str(written)
    parameter = template()["Parameters"].get(written.get("Ref"), {})
    return str(parameter.get("Default", _FILLED_IN.format(name)))

"""Cuts what was built down to what functions need of AWS: `python -m tests.sam.aws_models FOLDER`.

botocore describes AWS in JSON, which a function parses before it makes a client: where 400 services
are in all Regions, and of each service a hundred operations with their manuals. Kept are the
operations that functions call, with the shapes that these name; nothing of them is changed. The
local stack's functions read the same.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

OPERATIONS = {
    "apigatewaymanagementapi": ("DeleteConnection", "GetConnection", "PostToConnection"),
    "cloudfront": ("CreateInvalidation",),
    # PynamoDB's calls.
    "dynamodb": (
        *("BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query"),
        *("Scan", "TransactGetItems", "TransactWriteItems", "UpdateItem"),
    ),
    "lambda": ("Invoke",),
    "s3": ("CopyObject", "DeleteObjects", "GetObject", "ListObjectsV2", "PutObject"),
    "secretsmanager": ("GetSecretValue",),
    "ssm": ("GetParameter",),
}
BOTOCORES = Path(Loader.BUILTIN_DATA_PATH)
_OF_ALL = ("_retry", "partitions", "sdk-default-configuration")
_IN_A_LAYER = "*/python/botocore/data"


def cut(data: Path, target: Path) -> None:
    """Has `target`, which may be the same folder, hold what is needed of `data`, and no more."""
    written = dict(_needed(Loader([str(data)], include_default_search_paths=False)))
    shutil.rmtree(target, ignore_errors=True)
    for name, what in written.items():
        path = target / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(what, separators=(",", ":"), ensure_ascii=False), "utf-8")


def _needed(botocores: Loader) -> Iterator[tuple[str, Any]]:
    for name in _OF_ALL:
        yield name, botocores.load_data(name)
    yield "endpoints", _places(botocores.load_data("endpoints"))
    for service, operations in OPERATIONS.items():
        folder = f"{service}/{botocores.determine_latest_version(service, 'service-2')}"
        model = botocores.load_service_model(service, "service-2")
        yield f"{folder}/service-2", _model(model, operations)
        rules = "endpoint-rule-set-1"
        yield f"{folder}/{rules}", botocores.load_service_model(service, rules)


def _places(known: dict[str, Any]) -> dict[str, Any]:
    """The partitions with these services alone."""
    partitions = [
        {**one, "services": {k: v for k, v in one["services"].items() if k in OPERATIONS}}
        for one in known["partitions"]
    ]
    return {**known, "partitions": partitions}


def _model(whole: dict[str, Any], operations: tuple[str, ...]) -> dict[str, Any]:
    needed = {name: whole["operations"][name] for name in operations}
    named, new = set[str](), set(_shapes_in(needed))
    while new:
        named |= new
        new = {one for name in new for one in _shapes_in(whole["shapes"][name])} - named
    shapes = {name: shape for name, shape in whole["shapes"].items() if name in named}
    return {**whole, "operations": _without_words(needed), "shapes": _without_words(shapes)}


def _shapes_in(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("shape"), str):
            yield part["shape"]
        for value in part.values():
            yield from _shapes_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from _shapes_in(value)


def _without_words(part: Any) -> Any:
    if isinstance(part, dict):
        # One that is no text is a member of this name.
        return {
            name: _without_words(value)
            for name, value in part.items()
            if name != "documentation" or not isinstance(value, str)
        }
    return [_without_words(value) for value in part] if isinstance(part, list) else part


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sam.aws_models", description=__doc__)
    parser.add_argument("build", type=Path)
    build = parser.parse_args().build
    layers = list(build.glob(_IN_A_LAYER))
    if not layers:
        raise SystemExit(f"{build} holds no layer with botocore")
    for data in layers:
        cut(data, data)


if __name__ == "__main__":
    main()

"""AWS's CLI as far as the documentation uses it, so that its commands can be run as they stand.

`python -m tests.support.aws_cli SERVICE OPERATION --option value …`, at AWS_ENDPOINT_URL. The CLI
makes its commands from the models that botocore has; so does this. `--query` is JMESPath, `--output
text` is always on, and of the commands that the CLI makes by hand it knows `s3 rb`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
import jmespath  # type: ignore[import-untyped]
from botocore import xform_name

_OF_THE_CLI = ("--query", "--output", "--region")


def main(arguments: Sequence[str]) -> None:
    """Runs one command, and prints what it answers."""
    service, operation, *rest = arguments
    client: Any = boto3.client(service)  # type: ignore[call-overload]
    if (service, operation) == ("s3", "rb"):
        client.delete_bucket(Bucket=rest[0].removeprefix("s3://"))
        return
    if operation == "wait":
        waiter = client.get_waiter(rest[0].replace("-", "_"))
        names = {"--table-name": "TableName"}
        waiter.wait(**{names[option]: values[0] for option, values in _options(rest[1:])})
        return
    options = dict(_options(rest))
    own = {name: options.pop(name)[0] for name in _OF_THE_CLI if name in options}
    [name] = [
        n for n in client.meta.service_model.operation_names if xform_name(n, "-") == operation
    ]
    members = client.meta.service_model.operation_model(name).input_shape.members
    asked = dict(_member(option, values, members) for option, values in options.items())
    answer = getattr(client, operation.replace("-", "_"))(**asked)
    answer.pop("ResponseMetadata", None)
    found = jmespath.search(own["--query"], answer) if "--query" in own else None
    for line in _lines(found):
        sys.stdout.write(f"{line}\n")


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each option with what stands behind it."""
    found: list[tuple[str, list[str]]] = []
    for argument in arguments:
        if argument.startswith("--"):
            found.append((argument, []))
        else:
            found[-1][1].append(argument)
    yield from found


def _member(option: str, values: list[str], members: dict[str, Any]) -> tuple[str, Any]:
    wanted = option.removeprefix("--")
    for name, shape in members.items():
        spelled = xform_name(name, "-")
        if spelled == wanted:
            return name, _value(shape, values)
        if f"no-{spelled}" == wanted and shape.type_name == "boolean":
            return name, False
    raise SystemExit(f"Unknown options: {option}")


def _value(shape: Any, values: list[str]) -> Any:
    if shape.type_name == "boolean":
        return True
    if shape.type_name == "list" and shape.member.type_name == "string":
        return values
    return values[0] if shape.type_name == "string" else json.loads(values[0])


def _lines(found: Any) -> Iterator[str]:
    """Text output: a row for each list, what is in it with tabs between."""
    if isinstance(found, list) and any(isinstance(one, list) for one in found):
        for one in found:
            yield from _lines(one)
    elif isinstance(found, list):
        yield "\t".join(map(str, found))
    elif found is not None:
        yield str(found)


if __name__ == "__main__":
    main(sys.argv[1:])

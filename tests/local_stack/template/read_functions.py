"""Reads the Lambda functions out of the resolved template."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.local_stack.template.serving import AsyncSettings, FunctionSpec
from tests.local_stack.template.stand_ins import function_arn

Resources = Mapping[str, Any]  # logical id to resource, every reference resolved

# What AWSLambdaBasicExecutionRole and its like grant is CloudWatch Logs, which is not served here.
BUILT = "python"
_DEFAULT_TIMEOUT = 3
_DEFAULT_MEMORY = 128


def of_type(resources: Resources, type_: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Logical ids and properties of the resources of one type."""
    for name, resource in resources.items():
        if resource["Type"] == type_:
            yield name, resource.get("Properties", {})


def read_functions(resources: Resources, root: Path) -> tuple[FunctionSpec, ...]:
    """Every function of the template; code paths are taken from `root`."""
    return tuple(
        _function(name, properties, resources, root)
        for name, properties in of_type(resources, "AWS::Lambda::Function")
    )


def _function(
    logical_id: str, properties: Mapping[str, Any], resources: Resources, root: Path
) -> FunctionSpec:
    name = resources[logical_id]["Id"]
    reserved = properties.get("ReservedConcurrentExecutions")
    return FunctionSpec(
        logical_id=logical_id,
        name=name,
        arn=function_arn(name),
        handler=properties["Handler"],
        code_dir=root / properties["Code"]["S3Key"],
        layer_dirs=_layers(properties.get("Layers", []), resources, root),
        environment=_texts(properties.get("Environment", {}).get("Variables", {})),
        timeout=float(properties.get("Timeout", _DEFAULT_TIMEOUT)),
        memory=int(properties.get("MemorySize", _DEFAULT_MEMORY)),
        role_arn=properties["Role"],
        statements=_statements(properties["Role"], resources),
        reserved_concurrency=None if reserved is None else int(reserved),
        async_settings=dict(_async_settings(name, resources)),
        qualifiers=frozenset(_aliases(name, resources)),
        version=resources[logical_id].get("Version", "1"),
    )


def _texts(variables: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in variables.items()}


def _layers(names: list[str], resources: Resources, root: Path) -> tuple[Path, ...]:
    # A layer's stand-in reference is its own logical id.
    contents = (root / resources[name]["Properties"]["Content"]["S3Key"] for name in names)
    return tuple(_on_the_path(content) for content in contents)


def _on_the_path(content: Path) -> Path:
    """A built layer is unpacked under /opt, of which Python reads /opt/python; sources as is."""
    built = content / BUILT
    return built if built.is_dir() else content


def _aliases(function_name: str, resources: Resources) -> Iterator[str]:
    for _, alias in of_type(resources, "AWS::Lambda::Alias"):
        if alias["FunctionName"] in (function_name, function_arn(function_name)):
            yield alias["Name"]


def _async_settings(
    function_name: str, resources: Resources
) -> Iterator[tuple[str, AsyncSettings]]:
    for _, config in of_type(resources, "AWS::Lambda::EventInvokeConfig"):
        if config["FunctionName"] not in (function_name, function_arn(function_name)):
            continue
        default = AsyncSettings()
        failure = config.get("DestinationConfig", {}).get("OnFailure", {})
        yield (
            config["Qualifier"],
            AsyncSettings(
                max_retries=int(config.get("MaximumRetryAttempts", default.max_retries)),
                max_age=float(config.get("MaximumEventAgeInSeconds", default.max_age)),
                on_failure=failure.get("Destination"),
            ),
        )


def _statements(role_arn: str, resources: Resources) -> tuple[Mapping[str, Any], ...]:
    found: list[Mapping[str, Any]] = []
    for name, role in of_type(resources, "AWS::IAM::Role"):
        if role.get("Arn") != role_arn:
            continue
        documents = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
        documents += _attached(name, resources)
        for document in documents:
            statements = document["Statement"]
            found += statements if isinstance(statements, list) else [statements]
    return tuple(found)


def _attached(role: str, resources: Resources) -> list[Mapping[str, Any]]:
    return [
        policy["PolicyDocument"]
        for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
        for _, policy in of_type(resources, kind)
        if role in policy.get("Roles", [])
    ]

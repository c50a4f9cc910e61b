"""JSON schemas of the wire's types, for the two descriptions of the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from afterimage.domain.aspect_ratios import ASPECT_RATIOS
from afterimage.domain.errors import Failure
from afterimage.domain.image_sizes import IMAGE_SIZES
from afterimage.frames import ErrorCode

REF = "#/components/schemas/{model}"

_FAILURES = tuple(failure.code for failure in Failure.__subclasses__())
_NAMES: dict[tuple[str, ...], str] = {
    IMAGE_SIZES: "ImageSize",
    ASPECT_RATIOS: "AspectRatio",
    get_args(ErrorCode): "ErrorCode",
    _FAILURES: "FailureCode",
}

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]


class Untitled(GenerateJsonSchema):
    """Fields have names, and no titles beside them: a generator makes a type of each title."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's
        return False


class _AsTheContractSays(Untitled):
    """What is a `MessageView` to us, is a Message to everybody else.

    No default stands in it, also not null: generators take such a field for one that must be there.
    """

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> Schema:
        described = super().dict_schema(schema)
        if "propertyNames" in described:
            described["propertyNames"] = {"type": "string", **described["propertyNames"]}
        return described

    def normalize_name(self, name: str) -> str:
        return super().normalize_name(name).removesuffix("View")

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> Schema:
        described = super().typed_dict_schema(schema)
        return {**described, "title": str(described["title"]).removesuffix("View")}


def schemas(types: Mapping[str, tuple[Mode, Any]]) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """A schema for every type, by the names given, and the components that they refer to.

    Args:
        types: what is taken in ("validation") or sent out ("serialization").
    """
    adapters = [(name, mode, TypeAdapter(type_)) for name, (mode, type_) in types.items()]
    by_name, rest = TypeAdapter.json_schemas(
        adapters, ref_template=REF, schema_generator=_AsTheContractSays
    )
    components: dict[str, Schema] = rest["$defs"]
    components["MessageError"]["properties"]["code"]["enum"] = [*_FAILURES]
    named = {name: _with_names(schema) for name, schema in components.items()}
    used = json.dumps(named)
    named |= {
        name: {"enum": [*values], "title": name, "type": "string"}
        for values, name in _NAMES.items()
        if REF.format(model=name) in used
    }
    return {name: schema for (name, _), schema in by_name.items()}, named


def _with_names(schema: Any) -> Any:
    """A schema whose lists of values have names: of others generators number the types."""
    if isinstance(schema, list):
        return [_with_names(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    values = schema.get("enum")
    if isinstance(values, list) and (name := _NAMES.get(tuple(values))) is not None:
        return {"$ref": REF.format(model=name)}
    return {key: _with_names(inner) for key, inner in schema.items()}

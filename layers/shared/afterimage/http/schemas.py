"""JSON schemas of the wire's types, for the two descriptions of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from afterimage.domain.errors import Failure

REF = "#/components/schemas/{model}"

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]


class _AsTheContractSays(GenerateJsonSchema):
    """What is a `MessageView` to us, is a Message to everybody else."""

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
    codes = [failure.code for failure in Failure.__subclasses__()]
    components["MessageError"]["properties"]["code"]["enum"] = codes
    return {name: schema for (name, _), schema in by_name.items()}, components

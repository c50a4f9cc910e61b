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
    codes = [failure.code for failure in Failure.__subclasses__()]
    components["MessageError"]["properties"]["code"]["enum"] = codes
    return {name: schema for (name, _), schema in by_name.items()}, components

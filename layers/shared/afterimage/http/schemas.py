"""JSON schemas of the wire's types, for the two descriptions of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import TypeAdapter

from afterimage.domain.errors import Failure

REF = "#/components/schemas/{model}"

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]


def schemas(types: Mapping[str, tuple[Mode, Any]]) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """A schema for every type, by the names given, and the components that they refer to.

    Args:
        types: what is taken in ("validation") or sent out ("serialization").
    """
    adapters = [(name, mode, TypeAdapter(type_)) for name, (mode, type_) in types.items()]
    by_name, rest = TypeAdapter.json_schemas(adapters, ref_template=REF)
    components: dict[str, Schema] = rest["$defs"]
    codes = [failure.code for failure in Failure.__subclasses__()]
    components["MessageErrorView"]["properties"]["code"]["enum"] = codes
    return {name: schema for (name, _), schema in by_name.items()}, components

"""Whole numbers in JSON, where 3.0 and 3 are the same number."""

from __future__ import annotations

from pydantic import BeforeValidator


def _without_point(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Last in an annotation, so that limits before it are part of the schema.
WHOLE = BeforeValidator(_without_point)

"""What outlives the stack can be taken into a new one, before anything else is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.template import template


def data() -> dict[str, dict[str, Any]]:
    kinds = ("AWS::DynamoDB::Table", "AWS::S3::Bucket")
    return {name: one for name, one in template()["Resources"].items() if one["Type"] in kinds}


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_tables_and_bucket_are_kept() -> None:
    assert len(data()) == 7
    for name, one in data().items():
        assert (one["DeletionPolicy"], one["UpdateReplacePolicy"]) == ("Retain", "Retain"), name


def test_what_is_kept_refers_to_nothing_and_has_no_name_of_its_own() -> None:
    for name, one in data().items():
        found = set(keys(one))
        assert not [key for key in found if key == "Ref" or key.startswith("Fn::")], name
        assert not {"TableName", "BucketName", "DependsOn", "Condition"} & found, name

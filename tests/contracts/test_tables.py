"""What the code believes of the tables is what template.yaml declares."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session
from pynamodb.models import Model
from tests.support.template import of_type

from afterimage.adapters.dynamodb.tables import TABLES, connect


def declared(key: str) -> dict[str, Any]:
    name = "".join(word.capitalize() for word in key.split("_")) + "Table"
    return of_type("AWS::DynamoDB::Table")[name]


def keys(model: type[Model]) -> list[tuple[str, str]]:
    found = [
        ("HASH", attribute)
        for attribute in model.get_attributes().values()
        if attribute.is_hash_key
    ]
    found += [
        ("RANGE", attribute)
        for attribute in model.get_attributes().values()
        if attribute.is_range_key
    ]
    return [(kind, attribute.attr_name) for kind, attribute in found]


def test_there_is_a_model_for_every_table() -> None:
    assert len(of_type("AWS::DynamoDB::Table")) == len(TABLES)
    assert all(declared(key) for key in TABLES)


def test_keys_agree() -> None:
    for key, model in TABLES.items():
        schema = [(part["KeyType"], part["AttributeName"]) for part in declared(key)["KeySchema"]]
        assert keys(model) == schema, key


def test_types_of_keys_agree() -> None:
    for key, model in TABLES.items():
        types = {a.attr_name: a.attr_type for a in model.get_attributes().values()}
        for definition in declared(key)["AttributeDefinitions"]:
            assert types[definition["AttributeName"]] == definition["AttributeType"], key


def test_expiring_tables_expire_by_the_attribute_that_is_written() -> None:
    for key in ("channels", "channel_events"):
        attribute = declared(key)["TimeToLiveSpecification"]["AttributeName"]
        assert attribute in TABLES[key].get_attributes()


def test_every_thread_uses_the_one_session() -> None:
    """PynamoDB keeps a session for each thread, and its first call may be made in any."""
    session = botocore.session.Session()
    connection = connect({key: key for key in TABLES}, session)

    with ThreadPoolExecutor(1) as another_thread:
        seen = another_thread.submit(lambda: connection.session).result()

    assert seen is session
    assert connection.session is session

"""What a function asks of a table, its role allows: each step of a life, by who takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import botocore.session
import pytest
from tests.contracts.conftest import Tables, connection_of, on_moto
from tests.contracts.test_stock import LATER, a_picture, a_stock_job
from tests.local_stack.template.intrinsics import references
from tests.support.doubles import NOW
from tests.support.plain_template import as_list, statements

Asked = set[tuple[str, str]]  # table and action


def allowed(role: str) -> Asked:
    """Tables, with what a role may do to their items."""
    return {
        (name.removesuffix(".Arn"), action)
        for owner, statement in statements()
        if owner == role and statement["Effect"] == "Allow"
        for name in references(statement["Resource"])
        for action in as_list(statement["Action"])
    }


def noted(asked: Asked, operation: str, params: dict[str, Any]) -> None:
    """What IAM looks at: of a transaction each item, of a batch each table."""
    if operation == "TransactWriteItems":
        for item in params["TransactItems"]:
            asked |= {(one["TableName"], f"dynamodb:{kind}Item") for kind, one in item.items()}
    else:
        for table in params.get("RequestItems", [params.get("TableName")]):
            asked.add((table, f"dynamodb:{operation}"))


@pytest.fixture
def asked() -> Asked:
    return set()


@pytest.fixture
def tables(moto_session: botocore.session.Session, asked: Asked) -> Iterator[Tables]:
    def note(**call: Any) -> None:
        noted(asked, call["model"].name, call["params"])

    events = connection_of(moto_session).client.meta.events
    events.register("before-parameter-build.dynamodb", note)
    try:
        with on_moto(moto_session) as tables:
            yield tables
    finally:
        events.unregister("before-parameter-build.dynamodb", note)


def test_whoever_has_to_do_with_the_stock_may(tables: Tables, asked: Asked) -> None:
    stock, suggestion = tables.stock, uuid4().hex[:16]
    job, picture = a_stock_job(suggestion), a_picture(suggestion)
    later = LATER + timedelta(minutes=1)

    def by(role: str, step: Callable[[], Any]) -> Any:
        asked.clear()
        done = step()
        assert asked, "it asked nothing"
        assert asked - allowed(role) == set(), role
        return done

    by("KeeperRole", lambda: stock.order(job, 9))
    running = by("ImageGenerateRole", lambda: stock.claim(job.picture, "a request"))
    by("ImageGenerateRole", lambda: stock.deliver(running, picture))
    by("ChatApiRole", lambda: stock.shelf(suggestion))
    by("LlmHandlerGeminiRole", lambda: stock.ready(suggestion))
    by("LlmHandlerGeminiRole", lambda: stock.taken_for(suggestion, "p/a/b/"))
    taken = by("LlmHandlerGeminiRole", lambda: stock.take(picture, "p/a/b/", LATER))
    taken = by("LlmHandlerGeminiRole", lambda: stock.take(taken, "p/a/b/", later))
    by("LlmHandlerGeminiRole", lambda: stock.give_up(taken, NOW))
    by("LlmHandlerGeminiRole", lambda: stock.asked(suggestion, NOW))
    (found,) = by("KeeperRole", lambda: stock.everything(NOW)).pictures
    held = by("KeeperRole", lambda: stock.hold(found, later))
    assert by("KeeperRole", lambda: stock.put_back(held))
    spent = by("KeeperRole", lambda: stock.spend(picture))
    by("KeeperRole", lambda: stock.remove(spent))
    stock.order(job, 9)
    assert by("ImageGenerateRole", lambda: stock.fail(job.picture, None))
    failed = by("KeeperRole", lambda: stock.everything(NOW)).job
    by("KeeperRole", lambda: stock.ended(failed))

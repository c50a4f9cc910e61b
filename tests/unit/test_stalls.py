"""A database that does not answer: one sentence, soon, whatever it was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.httpsession import URLLib3Session
from tests.support.builders import CHAT, a_job, a_message
from tests.support.doubles import NOW, REQUEST, FixedClock

from afterimage.adapters.dynamodb import readers
from afterimage.adapters.dynamodb.channel_store import DynamoDbChannelStore
from afterimage.adapters.dynamodb.connect import connect
from afterimage.adapters.dynamodb.ledger import DynamoDbLedger
from afterimage.adapters.dynamodb.tables import TABLES
from afterimage.domain.changes import InsertJob, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.errors import Busy
from afterimage.invocation import Invocation

ADDRESS = "https://dynamodb.test"
# What API Gateway's caller waits for at most, whichever call it is that gets no answer.
AT_MOST_S = 6.0
LONGEST_PAUSE_S = 1.0  # of botocore's standard mode before a second try


class Silent:
    """A network in which no request is answered."""

    def __init__(self, how: Callable[..., Exception]) -> None:
        self.how = how
        self.sent = 0

    def send(self, _: object) -> None:
        self.sent += 1
        raise self.how(endpoint_url=ADDRESS, error="silent")


@pytest.fixture(
    params=[ReadTimeoutError, ConnectTimeoutError, EndpointConnectionError, ConnectionClosedError]
)
def silent(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Silent:
    network = Silent(request.param)
    monkeypatch.setattr(URLLib3Session, "send", network.send)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return network


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> DynamoDbChannelStore:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    session = botocore.session.Session()
    session.set_credentials("testing", "testing")
    names = {key: key for key in TABLES}
    return DynamoDbChannelStore(connect(names, Invocation(FixedClock()), session), FixedClock())


Ask = Callable[[DynamoDbChannelStore], object]
ASKED: dict[str, Ask] = {
    "the channel": lambda store: store.read("alice"),
    "a message": lambda _: readers.DynamoDbMessages().get("alice", CHAT, a_message().id),
    "a page of chats": lambda _: readers.DynamoDbChats().page("alice", None, 10),
    "a change": lambda store: store.commit(
        Channel("alice"), Transition((InsertJob(a_job()),), ()), NOW
    ),
    "a claim": lambda _: DynamoDbLedger().claim("alice", a_job().id, 1, NOW, REQUEST),
    "a ticket": lambda store: store.keep("alice", "digest", NOW),
    "forgetting": lambda store: store.forget("alice", "tab"),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_whatever_gets_no_answer_is_busy_after_the_second_try(
    ask: Ask, store: DynamoDbChannelStore, silent: Silent
) -> None:
    with pytest.raises(Busy):
        ask(store)

    assert silent.sent == 2


def test_both_tries_and_the_pause_have_six_seconds(store: DynamoDbChannelStore) -> None:
    client: Any = store._connection.client
    config = client.meta.config
    tries = config.retries["total_max_attempts"]

    longest = tries * (config.connect_timeout + config.read_timeout) + LONGEST_PAUSE_S

    assert tries == 2
    assert longest <= AT_MOST_S

"""The same ports over several backends, all with template.yaml's tables.

They are memory, moto and MiniStack; for a second opinion AWS's own DynamoDB Local instead of the
three. moto is not atomic under threads, so races do not run on it.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.dynamodb.models import dynamodb_backends
from pynamodb.connection import Connection
from tests.support import in_memory
from tests.support.builders import a_message
from tests.support.doubles import NOW, FixedClock, InMemoryPictures, RecordingLog
from tests.support.dynamodb_local import dynamodb_local
from tests.support.in_memory_candidates import InMemoryCandidates
from tests.support.in_memory_export import InMemoryExport
from tests.support.in_memory_stock import InMemoryFirstQuestions, InMemoryStock
from tests.support.ministack import ministack
from tests.support.simulator import start, stop
from tests.support.template import of_type
from tests.support.warmings import InMemoryWarmings

from afterimage.adapters.dynamodb import readers
from afterimage.adapters.dynamodb.candidates import DynamoDbCandidates
from afterimage.adapters.dynamodb.channel_store import DynamoDbChannelStore
from afterimage.adapters.dynamodb.connect import connect
from afterimage.adapters.dynamodb.deletions import DynamoDbDeletions, DynamoDbRemoval
from afterimage.adapters.dynamodb.due_index import DynamoDbDueIndex
from afterimage.adapters.dynamodb.event_log import DynamoDbEventLog
from afterimage.adapters.dynamodb.exports import DynamoDbExport
from afterimage.adapters.dynamodb.first_questions import DynamoDbFirstQuestions
from afterimage.adapters.dynamodb.ledger import DynamoDbLedger
from afterimage.adapters.dynamodb.message_rows import messages_key
from afterimage.adapters.dynamodb.replayed_rows import DynamoDbRows, plain, settled
from afterimage.adapters.dynamodb.reports import DynamoDbReports
from afterimage.adapters.dynamodb.shares import DynamoDbShares
from afterimage.adapters.dynamodb.stock import DynamoDbStock
from afterimage.adapters.dynamodb.stock_calls import StockCalls
from afterimage.adapters.dynamodb.subscriptions import DynamoDbSubscriptions
from afterimage.adapters.dynamodb.tables import (
    TABLES,
    CandidateRow,
    ChannelRow,
    ChatRow,
    EventRow,
    ImageRow,
    MessageRow,
)
from afterimage.adapters.dynamodb.uploads import DynamoDbUploads
from afterimage.adapters.dynamodb.warmings import DynamoDbWarmings
from afterimage.adapters.quick_puts import QuickPictures, QuickPuts
from afterimage.adapters.s3 import S3Pictures
from afterimage.adapters.system import SystemClock
from afterimage.domain.changes import Change, Transition
from afterimage.domain.events import Event, MessageInserted
from afterimage.invocation import Invocation
from afterimage.ports.candidates import CandidateStore
from afterimage.ports.channel import ChannelStore, ConditionsFailed
from afterimage.ports.chats import (
    ChatReader,
    ImageReader,
    MessageReader,
    ReportCounter,
    SayingReader,
    UsageReader,
)
from afterimage.ports.connections import ConnectionRegistry, TicketStore, WaitingRoom
from afterimage.ports.events import EventLog, RowReader
from afterimage.ports.exports import ExportReader
from afterimage.ports.jobs import JobStore
from afterimage.ports.keeping import (
    OPEN_PARTITIONS,
    AccountRows,
    ChatRows,
    DeletionStore,
    DueIndex,
)
from afterimage.ports.models import CallCounter, CostLedger
from afterimage.ports.pictures import PictureFolder, PictureStore, SourceFiles
from afterimage.ports.shares import ShareIndex, ShareReader, ShareRows
from afterimage.ports.stock import (
    FirstQuestions,
    StockJobs,
    StockKeeping,
    StockOrders,
    StockReader,
    StockTaking,
)
from afterimage.ports.uploads import UploadStore
from afterimage.ports.warming import WarmingStore
from afterimage.ports.web_push import Subscriptions

SECOND_OPINION = "SECOND_OPINION" in os.environ
# What stands for AWS where memory cannot: requests, answers and errors as they go over the wire.
LIKE_AWS = "dynamodb_local" if SECOND_OPINION else "ministack"
BACKENDS = (LIKE_AWS,) if SECOND_OPINION else ("in_memory", "moto", LIKE_AWS)
ATOMIC_BACKENDS = (LIKE_AWS,) if SECOND_OPINION else ("in_memory", LIKE_AWS)
BUCKETS = ("in_memory", "moto", "ministack", "quick puts to ministack")
BUCKET = "pictures"
EVENT = MessageInserted(a_message())


class Removal(ChatRows, AccountRows, Protocol):
    """Everything that removes rows in bulk."""


class Pictures(PictureStore, SourceFiles, PictureFolder, Protocol):
    """Everything the bucket is used for."""


class Stock(StockOrders, StockJobs, StockReader, StockTaking, StockKeeping, Protocol):
    """All that is done with the stock."""


class Shares(ShareReader, ShareRows, ShareIndex, Protocol):
    """Links to pictures, for their owner and for everybody."""


@dataclass
class Tables:
    """Every port over the tables, and what only deletions will do to them.

    Attributes:
        page_rows: lets a query bring only so many rows at once.
        clock: by which an account is refused.
    """

    store: ChannelStore
    connections: ConnectionRegistry
    waiting: WaitingRoom
    tickets: TicketStore
    subscriptions: Subscriptions
    shares: Shares
    warmings: WarmingStore
    messages: MessageReader
    sayings: SayingReader
    exports: ExportReader
    chats: ChatReader
    images: ImageReader
    jobs: JobStore
    uploads: UploadStore
    usage: UsageReader
    calls: CallCounter
    costs: CostLedger
    reports: ReportCounter
    index: DueIndex
    events: EventLog
    rows: RowReader
    settled_rows: RowReader
    deletions: DeletionStore
    removal: Removal
    delete_account: Callable[[str], None]
    delete_chat: Callable[[str, str], None]
    delete_message: Callable[[str, str, str], None]
    delete_image: Callable[[str, str], None]
    delete_event: Callable[[str, int], None]
    page_rows: Callable[[int], None]
    stock: Stock
    stock_calls: CallCounter
    first: FirstQuestions
    candidates: CandidateStore
    words_of: Callable[[str, str], str | None]
    clock: FixedClock

    def commit(
        self, user: str, *changes: Change, events: Iterable[Event] = (EVENT,), opens: int = 0
    ) -> None:
        """One transaction on what is read now."""
        transition = Transition(changes, tuple(events), opens=opens)
        self.store.commit(self.store.read(user), transition, NOW)

    def refused(self, user: str, *changes: Change) -> set[type[Change]]:
        """Commits what must be refused; the kinds of changes that were named as the reason."""
        with pytest.raises(ConditionsFailed) as failed:
            self.commit(user, *changes)
        return {type(change) for change in failed.value.changes}

    def due(self, user: str, later: timedelta = timedelta()) -> list[str]:
        """Names of what of this user the keeper is to remove so much later."""
        found = (
            row
            for part in range(OPEN_PARTITIONS)
            for row in self.index.due_removals(part, NOW + later)
        )
        return sorted(name for owner, name in found if owner == user)


@pytest.fixture
def user() -> str:
    """Somebody nobody has heard of, so that tests share tables but no rows."""
    return f"user-{uuid.uuid4().hex}"


@pytest.fixture
def somebody_else() -> str:
    return f"somebody-else-{uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def ministack_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("ministack")
    with ministack(folder) as address:
        yield address


@pytest.fixture(scope="session")
def ministack_session(ministack_address: str) -> botocore.session.Session:
    session = _session()
    _create_tables(_client(session, "dynamodb", ministack_address))
    _client(session, "s3", ministack_address).create_bucket(Bucket=BUCKET)
    return session


@pytest.fixture(scope="session")
def dynamodb_local_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dynamodb_local(tmp_path_factory.mktemp("dynamodb_local")) as address:
        yield address


@pytest.fixture(scope="session")
def dynamodb_local_session(dynamodb_local_address: str) -> botocore.session.Session:
    session = _session()
    _create_tables(_client(session, "dynamodb", dynamodb_local_address))
    return session


@pytest.fixture(scope="session")
def moto_session() -> botocore.session.Session:
    session = _session()
    with moto_answers():
        _create_tables(_client(session, "dynamodb"))
        _client(session, "s3").create_bucket(Bucket=BUCKET)
    return session


@contextmanager
def moto_answers() -> Iterator[None]:
    """What botocore sends, and nothing else.

    `mock_aws` answers `requests` as well, and makes a thousand patterns for that each time.
    """
    botocore_stubber.enabled = True
    try:
        yield
    finally:
        botocore_stubber.enabled = False


@pytest.fixture(scope="session")
def simulator() -> Iterator[str]:
    """Address of one of Gemini; who asks for it begins with settings of their own."""
    process, address = start()
    yield address
    # Nothing of what tests provoke may be a bug of the simulator's own.
    assert "Traceback" not in stop(process)


@pytest.fixture(params=BACKENDS)
def tables(request: pytest.FixtureRequest) -> Iterator[Tables]:
    yield from _backend(request)


@pytest.fixture(params=ATOMIC_BACKENDS)
def atomic_tables(request: pytest.FixtureRequest) -> Iterator[Tables]:
    yield from _backend(request)


@pytest.fixture(params=BUCKETS)
def pictures(request: pytest.FixtureRequest) -> Iterator[Pictures]:
    if request.param == "in_memory":
        yield InMemoryPictures()
    elif request.param == "moto":
        client = _client(request.getfixturevalue("moto_session"), "s3")
        with moto_answers():
            yield S3Pictures(lambda: client, BUCKET, SystemClock())
    else:
        session = request.getfixturevalue("ministack_session")
        address = request.getfixturevalue("ministack_address")
        client = _client(session, "s3", address)
        if request.param == "ministack":
            yield S3Pictures(lambda: client, BUCKET, SystemClock())
        else:
            put = QuickPuts(session.get_credentials, lambda: client, BUCKET, RecordingLog())
            yield QuickPictures(put, lambda: client, BUCKET, SystemClock())


def _backend(request: pytest.FixtureRequest) -> Iterator[Tables]:
    if request.param == "in_memory":
        yield _in_memory()
    elif request.param == "moto":
        with on_moto(request.getfixturevalue("moto_session")) as tables:
            yield tables
    else:
        session = request.getfixturevalue(f"{request.param}_session")
        address = request.getfixturevalue(f"{request.param}_address")
        with _dynamodb(connection_of(session, address)) as tables:
            yield tables


@contextmanager
def on_moto(session: botocore.session.Session) -> Iterator[Tables]:
    """Tables without a row."""
    for table in dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].tables.values():
        table.items.clear()
    with moto_answers(), _dynamodb(connection_of(session)) as tables:
        yield tables


def _in_memory() -> Tables:
    clock = FixedClock()
    tables = in_memory.InMemoryTables(clock)
    rows = tables.rows
    ledger = in_memory.InMemoryLedger(tables)
    log = in_memory.InMemoryEventLog(tables)

    def delete_account(user: str) -> None:
        rows.counters.setdefault(user, in_memory.Counter()).deleted = True

    return Tables(
        store=tables,
        connections=tables,
        waiting=tables,
        tickets=tables,
        subscriptions=in_memory.InMemorySubscriptions(tables),
        shares=in_memory.InMemoryShares(tables),
        warmings=InMemoryWarmings(tables),
        messages=in_memory.InMemoryMessages(tables),
        sayings=in_memory.InMemoryMessages(tables),
        exports=InMemoryExport(tables),
        uploads=in_memory.InMemoryUploads(tables),
        chats=in_memory.InMemoryChats(tables),
        images=in_memory.InMemoryImages(tables),
        jobs=ledger,
        usage=ledger,
        calls=ledger,
        costs=ledger,
        reports=ledger,
        index=in_memory.InMemoryDueIndex(tables),
        events=log,
        rows=log,
        settled_rows=log,
        deletions=in_memory.InMemoryDeletions(tables),
        removal=in_memory.InMemoryRemoval(tables),
        delete_account=delete_account,
        delete_chat=lambda user, chat: rows.deleting.add((user, chat)),
        delete_message=lambda user, chat, id_: _drop(rows.messages, (user, chat, id_)),
        delete_image=lambda user, id_: _drop(rows.images, (user, id_)),
        delete_event=lambda user, seq: _drop(rows.events, (user, seq)),
        page_rows=lambda _: None,  # it has no pages
        stock=(stock := InMemoryStock(tables)),
        stock_calls=stock,
        first=InMemoryFirstQuestions(tables),
        candidates=(candidates := InMemoryCandidates()),
        words_of=lambda week, text: candidates.rows[week, text].words,
        clock=clock,
    )


def _drop(rows: dict[Any, Any], key: Any) -> None:
    del rows[key]


@cache
def connection_of(session: botocore.session.Session, address: str | None = None) -> Connection:
    """One for all tests: a client takes longer to make than most of them do."""
    with pytest.MonkeyPatch.context() as environment:
        if address is not None:
            environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", address)
        return connect({key: _name(key) for key in TABLES}, Invocation(SystemClock()), session)


@contextmanager
def _dynamodb(connection: Connection) -> Iterator[Tables]:
    for key, model in TABLES.items():  # which another test has pointed elsewhere
        meta: Any = model.Meta
        meta.table_name, model._connection = _name(key), None
        model._get_connection().connection = connection
    with ExitStack() as afterwards:
        yield _tables_over(connection, afterwards)


def _tables_over(connection: Connection, afterwards: ExitStack) -> Tables:
    clock = FixedClock()
    store = DynamoDbChannelStore(connection, clock)
    ledger = DynamoDbLedger()
    log = DynamoDbEventLog()

    def delete_account(user: str) -> None:
        ChannelRow(user, "seq").update([ChannelRow.deleted_at.set("2026-11-20T10:00:00.000Z")])

    def delete_chat(user: str, chat: str) -> None:
        ChatRow(user, chat).update([ChatRow.deleting.set(True)])

    def delete_message(user: str, chat: str, id_: str) -> None:
        MessageRow(messages_key(user, chat), id_).delete()

    def delete_image(user: str, id_: str) -> None:
        ImageRow(user, id_).delete()

    def delete_event(user: str, seq: int) -> None:
        EventRow(user, seq).delete()

    def page_rows(count: int) -> None:
        def limit(params: dict[str, Any], **_: Any) -> None:
            params["Limit"] = count

        events = connection.client.meta.events
        events.register("before-parameter-build.dynamodb.Query", limit)
        afterwards.callback(events.unregister, "before-parameter-build.dynamodb.Query", limit)

    return Tables(
        store=store,
        connections=store,
        waiting=store,
        tickets=store,
        subscriptions=DynamoDbSubscriptions(),
        shares=DynamoDbShares(),
        warmings=DynamoDbWarmings(),
        messages=readers.DynamoDbMessages(),
        sayings=readers.DynamoDbMessages(),
        exports=DynamoDbExport(),
        uploads=DynamoDbUploads(),
        chats=readers.DynamoDbChats(),
        images=readers.DynamoDbImages(),
        jobs=ledger,
        usage=ledger,
        calls=ledger,
        costs=ledger,
        reports=DynamoDbReports(),
        index=DynamoDbDueIndex(),
        events=log,
        rows=DynamoDbRows(plain),
        settled_rows=DynamoDbRows(settled),
        deletions=DynamoDbDeletions(),
        removal=DynamoDbRemoval(),
        delete_account=delete_account,
        delete_chat=delete_chat,
        delete_message=delete_message,
        delete_image=delete_image,
        delete_event=delete_event,
        page_rows=page_rows,
        stock=DynamoDbStock(connection),
        stock_calls=StockCalls(),
        first=DynamoDbFirstQuestions(),
        candidates=DynamoDbCandidates(),
        words_of=lambda week, text: CandidateRow.get(week, text).words,
        clock=clock,
    )


def _session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.set_credentials("testing", "testing")
    session.set_config_variable("region", "eu-central-1")
    session.register("before-parameter-build", _validate)
    return session


def _validate(**asked: Any) -> None:
    """By botocore's own model of the request; PynamoDB's client does without, to be quicker."""
    report = ParamValidator().validate(asked["params"], asked["model"].input_shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())


def _client(session: botocore.session.Session, service: Any, address: str | None = None) -> Any:
    config = Config(s3={"addressing_style": "path"}, proxies={})
    region = "us-east-1" if service == "s3" else "eu-central-1"
    return session.create_client(service, region_name=region, endpoint_url=address, config=config)


def _name(key: str) -> str:
    """The table's name is its logical id in template.yaml."""
    return "".join(word.capitalize() for word in key.split("_")) + "Table"


def _create_tables(client: Any) -> None:
    kept = (
        "BillingMode",
        "AttributeDefinitions",
        "KeySchema",
        "LocalSecondaryIndexes",
        "GlobalSecondaryIndexes",
    )
    for name, declared in of_type("AWS::DynamoDB::Table").items():
        client.create_table(
            TableName=name, **{key: value for key, value in declared.items() if key in kept}
        )

"""The tables in memory, behind the same ports as DynamoDB and under the same contract tests.

One lock makes every call atomic. Each class mirrors one of `afterimage.adapters.dynamodb`.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from afterimage.domain import changes, turns
from afterimage.domain.changes import Change, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.chats import Chat, TitleOrigin
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.errors import AccountDeleted
from afterimage.domain.events import KEPT_FOR, SETTLES_WITHIN, EventReference
from afterimage.domain.images import Image
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.limits import ModelKind
from afterimage.domain.messages import Message
from afterimage.domain.served import NOBODY, Served
from afterimage.domain.shares import Share, SharedPicture, image_and_number
from afterimage.domain.stock import StockJob, StockPicture, StockStatus
from afterimage.domain.uploads import Upload
from afterimage.domain.web_push import Subscription
from afterimage.ports.channel import ConditionsFailed, LostRace
from afterimage.ports.chats import ChatPosition, DayUse, Saying
from afterimage.ports.keeping import OPEN_PARTITIONS, MessageKey, UserRows
from afterimage.ports.models import Cost
from afterimage.ports.system import Clock
from afterimage.views import timestamp
from tests.support.doubles import FixedClock

Key = tuple[str, str]
PINS = "#pinned"  # the name of a user's list of pinned chats
DISTANT = datetime(9999, 1, 1, tzinfo=UTC)
RowT = TypeVar("RowT")
OfChatT = TypeVar("OfChatT", Message, Image)


@dataclass
class Counter:
    """A user's counter row."""

    seq: int = 0
    open: int = 0
    painting: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    deleted: bool = False
    expires_at: datetime | None = None
    served: Served = NOBODY
    told: bool = False


@dataclass
class Rows:
    """What is stored; tests may look and reach in."""

    messages: dict[tuple[str, str, str], Message] = field(default_factory=dict)
    chats: dict[Key, Chat] = field(default_factory=dict)
    deleting: set[Key] = field(default_factory=set)
    pins: dict[Key, set[str]] = field(default_factory=dict)
    deletions: dict[Key, Deletion] = field(default_factory=dict)
    images: dict[Key, Image] = field(default_factory=dict)
    used: dict[Key, int] = field(default_factory=dict)
    reports: dict[Key, int] = field(default_factory=dict)
    costs: dict[Key, tuple[int, int]] = field(default_factory=dict)
    noted: set[str] = field(default_factory=set)
    jobs: dict[Key, Job] = field(default_factory=dict)
    uploads: dict[Key, Upload] = field(default_factory=dict)
    counters: dict[str, Counter] = field(default_factory=dict)
    connections: dict[Key, tuple[datetime, datetime]] = field(default_factory=dict)
    visible: dict[Key, datetime] = field(default_factory=dict)
    subscriptions: dict[Key, Subscription] = field(default_factory=dict)
    unresumed: dict[Key, datetime] = field(default_factory=dict)
    tickets: dict[Key, datetime] = field(default_factory=dict)
    drawn: dict[Key, int] = field(default_factory=dict)
    events: dict[tuple[str, int], tuple[EventReference, datetime]] = field(default_factory=dict)
    shares: dict[str, SharedPicture] = field(default_factory=dict)
    stock: dict[Key, StockPicture] = field(default_factory=dict)
    stock_jobs: list[StockJob] = field(default_factory=list)
    stock_asked: dict[Key, int] = field(default_factory=dict)
    stock_calls: dict[str, tuple[int, int]] = field(default_factory=dict)


class InMemoryTables:
    """Implements `ChannelStore`, `ConnectionRegistry`, `WaitingRoom` and `TicketStore`."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.rows = Rows()
        self.clock = clock or FixedClock()
        self.lock = threading.RLock()

    def read(self, user_id: str) -> Channel:
        with self.lock:
            now = self.clock.now()
            counter = self._counter(user_id, now)
            mine = sorted(
                (at, connection, until > now)
                for (user, connection), (at, until) in self.rows.connections.items()
                if user == user_id
            )
            return Channel(
                user_id,
                counter.seq,
                counter.open,
                counter.deleted,
                tuple(connection for _, connection, is_live in mine if is_live),
                counter.painting,
                counter.waiting,
                tuple(connection for _, connection, is_live in mine if not is_live),
                counter.served,
                {
                    connection: self.rows.visible[user_id, connection]
                    for _, connection, is_live in mine
                    if is_live and (user_id, connection) in self.rows.visible
                },
                counter.told,
            )

    def commit(
        self, channel: Channel, transition: Transition, now: datetime, served: Served | None = None
    ) -> None:
        user = channel.user_id
        with self.lock:
            refused = [
                change for change in transition.changes if not _holds(self.rows, user, change)
            ]
            if refused:
                counting = [each for each in refused if isinstance(each, changes.Counting)]
                counted = {each: _used(self.rows, user, each) for each in counting}
                raise ConditionsFailed(refused, counted)
            counter = self._counter(user, now)
            if counter.deleted:
                raise AccountDeleted
            limit = transition.open_limit
            no_room = limit is not None and counter.open + transition.opens > limit
            if counter.seq != channel.seq or no_room or _lost(self.rows, channel, transition):
                raise LostRace
            for change in (*transition.changes, *transition.along):
                _apply(self.rows, user, change)
            for seq, event in enumerate(transition.events, start=channel.seq + 1):
                self.rows.events[user, seq] = (EventReference.to(event, seq), now)
            self.rows.counters[user] = _moved(channel, counter, transition, served)

    def draw(self, channel: Channel, now: datetime) -> int:  # noqa: ARG002 - the port's
        key = channel.user_id, "turn"
        with self.lock:
            self.rows.drawn[key] = self.rows.drawn.get(key, channel.served.highest) + 1
            return self.rows.drawn[key]

    def serve(self, user_id: str, number: int) -> None:
        with self.lock:
            counter = self.rows.counters.get(user_id)
            if counter is not None and not counter.deleted:
                counter.served = counter.served.and_also(number)

    def _counter(self, user_id: str, now: datetime) -> Counter:
        counter = self.rows.counters.get(user_id, Counter())
        gone = counter.expires_at is not None and counter.expires_at <= now
        return Counter() if gone else counter

    def register(
        self, user_id: str, connection_id: str, now: datetime, until: datetime = DISTANT
    ) -> None:
        with self.lock:
            self.rows.connections[user_id, connection_id] = now, until

    def look(self, user_id: str, connection_id: str, at: datetime | None) -> None:
        key = user_id, connection_id
        with self.lock:
            self.rows.visible.pop(key, None)
            if at is not None and key in self.rows.connections:
                self.rows.visible[key] = at

    def forget(self, user_id: str, connection_id: str) -> None:
        with self.lock:
            self.rows.connections.pop((user_id, connection_id), None)
            self.rows.visible.pop((user_id, connection_id), None)

    def take(self, user_id: str, connection_id: str) -> bool:
        with self.lock:
            return self.rows.connections.pop((user_id, connection_id), None) is not None

    def enter(self, user_id: str, connection_id: str, now: datetime) -> None:
        with self.lock:
            self.rows.unresumed[user_id, connection_id] = now

    def some(self, user_id: str, before: datetime, limit: int) -> list[str]:
        with self.lock:
            found = sorted(self.rows.unresumed.items())
        return [one for (user, one), at in found if user == user_id and at < before][:limit]

    def leave(self, user_id: str, connection_id: str) -> bool:
        with self.lock:
            return self.rows.unresumed.pop((user_id, connection_id), None) is not None

    def keep(self, user_id: str, digest: str, expires_at: datetime) -> None:
        with self.lock:
            self.rows.tickets[user_id, digest] = expires_at

    def spend(self, user_id: str, digest: str, now: datetime) -> bool:
        with self.lock:
            expires_at = self.rows.tickets.get((user_id, digest))
            if expires_at is None or expires_at <= now:
                return False
            del self.rows.tickets[user_id, digest]
            return True


class _View:
    def __init__(self, tables: InMemoryTables) -> None:
        self._tables = tables
        self._rows = tables.rows

    def _deletions(self, user_id: str, kind: DeletionKind) -> list[Deletion]:
        with self._tables.lock:
            mine = [one for key, one in self._rows.deletions.items() if key[0] == user_id]
        return [one for one in mine if one.kind is kind]


class InMemoryMessages(_View):
    """Implements `MessageReader` and `SayingReader`."""

    def get(self, user_id: str, chat_id: str, message_id: str) -> Message | None:
        with self._tables.lock:
            if (user_id, chat_id) in self._rows.deleting:
                return None
            return self._rows.messages.get((user_id, chat_id, message_id))

    def before(
        self, user_id: str, chat_id: str, message_id: str | None, limit: int
    ) -> list[Message]:
        found = self._of(user_id, chat_id)
        return [row for row in found[::-1] if message_id is None or row.id < message_id][:limit]

    def sayings(self, user_id: str, chat_id: str, before: str | None, limit: int) -> list[Saying]:
        found = self.before(user_id, chat_id, before, limit)
        return [Saying(row.id, f"{row.text}\n{row.prompt or ''}") for row in found]

    def starting(self, user_id: str, chat_id: str, message_id: str, limit: int) -> list[Message]:
        return [row for row in self._of(user_id, chat_id) if row.id >= message_id][:limit]

    def _of(self, user_id: str, chat_id: str) -> list[Message]:
        with self._tables.lock:
            stored = self._rows.messages.items()
            found = [row for (user, chat, _), row in stored if (user, chat) == (user_id, chat_id)]
        return sorted(found, key=lambda row: row.id)


class InMemoryChats(_View):
    """Implements `ChatReader`."""

    def get(self, user_id: str, chat_id: str) -> Chat | None:
        with self._tables.lock:
            deleting = (user_id, chat_id) in self._rows.deleting
            return None if deleting else self._rows.chats.get((user_id, chat_id))

    def pinned(self, user_id: str) -> list[Chat]:
        with self._tables.lock:
            named = self._rows.pins.get((user_id, PINS), set())
            found = _present(self._rows.chats.get((user_id, chat_id)) for chat_id in named)
            deleting = self._rows.deleting
        pinned = [chat for chat in found if chat.pinned and (user_id, chat.id) not in deleting]
        return sorted(pinned, key=lambda chat: _order(_position(chat)), reverse=True)

    def page(
        self,
        user_id: str,
        after: ChatPosition | None,
        limit: int,
        is_left_out: Callable[[str], bool] | None = None,
    ) -> tuple[list[Chat], ChatPosition | None]:
        with self._tables.lock:
            mine = [
                (_position(chat), chat)
                for key, chat in self._rows.chats.items()
                if key[0] == user_id
                and key not in self._rows.deleting
                and not (is_left_out and is_left_out(chat.id))
            ]
        mine.sort(key=lambda entry: _order(entry[0]), reverse=True)
        rest = [entry for entry in mine if after is None or _order(entry[0]) < _order(after)]
        found = rest[:limit]
        return [chat for _, chat in found], found[-1][0] if len(found) == limit else None

    def being_deleted(self, user_id: str) -> set[str]:
        return {one.subject for one in self._deletions(user_id, DeletionKind.CHAT)}


class InMemoryImages(_View):
    """Implements `ImageReader`."""

    def get(self, user_id: str, image_id: str) -> Image | None:
        with self._tables.lock:
            return self._rows.images.get((user_id, image_id))

    def before(self, user_id: str, image_id: str | None, limit: int) -> list[Image]:
        with self._tables.lock:
            mine = [image for (user, _), image in self._rows.images.items() if user == user_id]
        mine.sort(key=lambda image: image.id, reverse=True)
        return [image for image in mine if image_id is None or image.id < image_id][:limit]


class InMemoryLedger(_View):
    """Implements `JobStore`, `UsageReader`, `CallCounter`, `CostLedger` and `ReportCounter`."""

    def get(self, user_id: str, job_id: str) -> Job | None:
        with self._tables.lock:
            return self._rows.jobs.get((user_id, job_id))

    def some(self, user_id: str, job_ids: Sequence[str]) -> list[Job]:
        return _present(self.get(user_id, job_id) for job_id in job_ids)

    def claim(
        self, user_id: str, job_id: str, attempt: int, now: datetime, claimed_by: str
    ) -> Job | None:
        with self._tables.lock:
            job = self._rows.jobs.get((user_id, job_id))
            if job is None or (job.status, job.attempt) != (JobStatus.RESERVED, attempt):
                return None
            claimed = replace(job, status=JobStatus.RUNNING, started_at=now, claimed_by=claimed_by)
            self._rows.jobs[user_id, job_id] = claimed
            return claimed

    def move(self, user_id: str, before: Job, after: Job) -> bool:
        with self._tables.lock:
            if not _is_still(self._rows, user_id, before):
                return False
            _move(self._rows, user_id, after)
            return True

    def purged(self, user_id: str, job_id: str) -> None:
        with self._tables.lock:
            if job := self._rows.jobs.get((user_id, job_id)):
                self._rows.jobs[user_id, job_id] = replace(job, purge_at=None)

    def used(self, user_id: str, day: str) -> DayUse:
        with self._tables.lock:
            counters = (
                f"quota#{day}",
                f"messages#{day}",
                _calls(ModelKind.IMAGE, day),
                _calls(ModelKind.TEXT, day),
                f"uploads#{day}",
            )
            used = DayUse(*(self._rows.used.get((user_id, name), 0) for name in counters))
            nano_usd, tokens = self._rows.costs.get((user_id, f"cost#{day}"), (0, 0))
            return replace(used, nano_usd=nano_usd, text_tokens=tokens)

    def note_cost(self, cost: Cost) -> None:
        key, is_text = (cost.user_id, f"cost#{cost.day}"), cost.kind is ModelKind.TEXT
        with self._tables.lock:
            if cost.nonce in self._rows.noted:
                return
            self._rows.noted.add(cost.nonce)
            nano_usd, tokens = self._rows.costs.get(key, (0, 0))
            counted = tokens + cost.tokens if is_text else tokens
            self._rows.costs[key] = nano_usd + cost.nano_usd, counted
            if job := self._rows.jobs.get((cost.user_id, cost.job_id or "")):
                paid = job.cost_nano_usd + cost.nano_usd
                self._rows.jobs[cost.user_id, job.id] = replace(job, cost_nano_usd=paid)

    def count_call(self, user_id: str, model: ModelKind, day: str, limit: int) -> bool:
        return self._one(user_id, changes.CountCall(model, day, limit))

    def return_call(self, user_id: str, model: ModelKind, day: str) -> None:
        self._one(user_id, changes.ReturnCall(model, day))

    def _one(self, user_id: str, change: Change) -> bool:
        with self._tables.lock:
            if not _holds(self._rows, user_id, change):
                return False
            _apply(self._rows, user_id, change)
            return True

    def count_report(self, user_id: str, day: str) -> bool:
        key = (user_id, f"messages#{day}")
        with self._tables.lock:
            reports = self._rows.reports.get(key, 0)
            if reports >= self._rows.used.get(key, 0):
                return False
            self._rows.reports[key] = reports + 1
            return True

    def recent_jobs(self, user_id: str, limit: int) -> list[Job]:
        with self._tables.lock:
            mine = [job for (user, _), job in self._rows.jobs.items() if user == user_id]
        return sorted(mine, key=lambda job: job.id, reverse=True)[:limit]


class InMemorySubscriptions(_View):
    """Implements `Subscriptions`."""

    def all(self, user_id: str) -> list[Subscription]:
        with self._tables.lock:
            stored = self._rows.subscriptions.items()
            mine = [one for (user, _), one in stored if user == user_id]
        return sorted(mine, key=lambda one: one.since)

    def forget(self, user_id: str, subscription_id: str) -> None:
        with self._tables.lock:
            self._rows.subscriptions.pop((user_id, subscription_id), None)


class InMemoryUploads(_View):
    """Implements `UploadStore`."""

    def get(self, user_id: str, image_id: str) -> Upload | None:
        with self._tables.lock:
            return self._rows.uploads.get((user_id, image_id))

    def move(self, user_id: str, before: Upload, after: Upload) -> bool:
        with self._tables.lock:
            if not _is_still_uploaded(self._rows, user_id, before):
                return False
            self._rows.uploads[user_id, before.id] = after
            return True


class InMemoryDueIndex(_View):
    """Implements `DueIndex`."""

    def open_messages(
        self, partition: int, due_by: datetime
    ) -> Iterator[tuple[MessageKey, datetime]]:
        with self._tables.lock:
            found = [
                (MessageKey(*key), message.deadline)
                for key, message in self._rows.messages.items()
                if message.is_open
                and message.deadline is not None
                and message.deadline < due_by
                and _partition_of(key[0]) == partition
            ]
        yield from found

    def open_of(self, user_id: str) -> Iterator[MessageKey]:
        with self._tables.lock:
            found = [
                MessageKey(*key)
                for key, message in self._rows.messages.items()
                if key[0] == user_id and message.is_open
            ]
        yield from found

    def users_with_open(self, part: int, parts: int) -> Iterator[str]:
        with self._tables.lock:
            found = [
                user
                for user, counter in self._rows.counters.items()
                if counter.open and zlib.crc32(user.encode()) % parts == part
            ]
        yield from found

    def due_removals(self, partition: int, now: datetime) -> Iterator[tuple[str, str]]:
        with self._tables.lock:
            due_at = {key: job.purge_at for key, job in self._rows.jobs.items()}
            due_at |= {key: upload.purge_at for key, upload in self._rows.uploads.items()}
            due_at |= {key: deletion.due_at for key, deletion in self._rows.deletions.items()}
        due = [key for key, at in due_at.items() if at is not None and at <= now]
        yield from (key for key in due if _partition_of(key[0]) == partition)


class InMemoryDeletions(_View):
    """Implements `DeletionStore`."""

    def get(self, user_id: str, name: str) -> Deletion | None:
        with self._tables.lock:
            return self._rows.deletions.get((user_id, name))

    def of_kind(self, user_id: str, kind: DeletionKind) -> list[Deletion]:
        return self._deletions(user_id, kind)

    def begin(self, user_id: str, deletion: Deletion) -> None:
        with self._tables.lock:
            self._rows.deletions[user_id, deletion.name] = deletion

    def postpone(self, user_id: str, deletion: Deletion, until: datetime) -> None:
        with self._tables.lock:
            if stored := self._rows.deletions.get((user_id, deletion.name)):
                later = replace(stored, due_at=until)
                self._rows.deletions[user_id, deletion.name] = later

    def finished(self, user_id: str, deletion: Deletion) -> None:
        with self._tables.lock:
            self._rows.deletions.pop((user_id, deletion.name), None)


class InMemoryRemoval(_View):
    """Implements `ChatRows` and `AccountRows`."""

    def remove_messages(self, user_id: str, chat_id: str, ids: Sequence[str]) -> None:
        self._remove(self._rows.messages, [(user_id, chat_id, id_) for id_ in ids])

    def remove_images(self, user_id: str, ids: Sequence[str]) -> None:
        self._remove(self._rows.images, [(user_id, id_) for id_ in ids])

    def remove_jobs(self, user_id: str, ids: Sequence[str]) -> None:
        self._remove(self._rows.jobs, [(user_id, id_) for id_ in ids])

    def remove_chat(self, user_id: str, chat_id: str) -> None:
        self._remove(self._rows.chats, [(user_id, chat_id)])
        self._remove(self._rows.pins, [(user_id, chat_id)])
        with self._tables.lock:
            self._rows.deleting.discard((user_id, chat_id))

    def chats(self, user_id: str, limit: int) -> list[str]:
        with self._tables.lock:
            named = [*self._rows.chats, *self._rows.pins]
        return sorted(chat for user, chat in named if user == user_id)[:limit]

    def messages(self, user_id: str, chat_id: str, limit: int) -> list[str]:
        with self._tables.lock:
            found = [
                id_ for user, chat, id_ in self._rows.messages if (user, chat) == (user_id, chat_id)
            ]
        return sorted(found)[:limit]

    def remove_some(
        self, user_id: str, kind: UserRows, limit: int, keeping: Sequence[str] = ()
    ) -> bool:
        with self._tables.lock:
            found: list[tuple[dict[Any, Any], Any]] = [
                (rows, key)
                for rows in self._where(kind)
                for key in rows
                if key[0] == user_id and key[1] not in keeping
            ][:limit]
            for rows, key in found:
                del rows[key]
        return bool(found)

    def _where(self, kind: UserRows) -> tuple[dict[Any, Any], ...]:
        rows = self._rows
        match kind:
            case UserRows.IMAGES:
                return (rows.images,)
            case UserRows.LEDGER:
                return (rows.jobs, rows.uploads, rows.used, rows.costs, rows.deletions)
            case UserRows.CHANNEL:
                return (
                    rows.connections,
                    rows.visible,
                    rows.subscriptions,
                    rows.tickets,
                    rows.unresumed,
                    rows.drawn,
                )
            case UserRows.EVENTS:
                return (rows.events,)

    def _remove(self, rows: dict[Any, Any], keys: Sequence[Any]) -> None:
        with self._tables.lock:
            for key in keys:
                rows.pop(key, None)


class InMemoryShares(_View):
    """Implements `ShareReader`, `ShareRows` and `ShareIndex`."""

    def get(self, name: str) -> SharedPicture | None:
        with self._tables.lock:
            return self._rows.shares.get(name)

    def remove(self, names: Sequence[str]) -> None:
        with self._tables.lock:
            for name in names:
                self._rows.shares.pop(name, None)

    def page(self, user_id: str, before: str | None, limit: int) -> list[str]:
        mine = self._deletions(user_id, DeletionKind.SHARE)
        ids = {image_and_number(one.subject)[0] for one in mine}
        return sorted((id_ for id_ in ids if before is None or id_ < before), reverse=True)[:limit]


class InMemoryEventLog(_View):
    """Implements `EventLog` and `RowReader`."""

    def latest(self, user_id: str, limit: int, now: datetime) -> list[EventReference]:
        return self._logged(user_id, 0, now)[::-1][:limit]

    def after(self, user_id: str, seq: int, limit: int, now: datetime) -> list[EventReference]:
        return self._logged(user_id, seq, now)[:limit]

    def settled(
        self, user_id: str, numbers: Sequence[int], now: datetime
    ) -> tuple[int, list[EventReference]]:
        with self._tables.lock:
            logged = self._logged(user_id, 0, now)
            seq = self._rows.counters.get(user_id, Counter()).seq
        return seq, [reference for reference in logged if reference.seq in numbers]

    def _logged(self, user_id: str, seq: int, now: datetime) -> list[EventReference]:
        with self._tables.lock:
            logged = [
                replace(
                    reference,
                    expired=at + KEPT_FOR <= now,
                    recent=at + SETTLES_WITHIN > now,
                )
                for (user, number), (reference, at) in self._rows.events.items()
                if user == user_id and number > seq
            ]
        return sorted(logged, key=lambda reference: reference.seq)

    def messages(self, user_id: str, keys: Sequence[tuple[str, str]]) -> list[Message]:
        with self._tables.lock:
            wanted = ((user_id, chat_id, id_) for chat_id, id_ in keys)
            return self._kept(user_id, (self._rows.messages.get(key) for key in wanted))

    def images(self, user_id: str, ids: Sequence[str]) -> list[Image]:
        with self._tables.lock:
            return self._kept(user_id, (self._rows.images.get((user_id, id_)) for id_ in ids))

    def _kept(self, user_id: str, found: Iterable[OfChatT | None]) -> list[OfChatT]:
        deleting = self._rows.deleting
        return [row for row in _present(found) if (user_id, row.chat_id) not in deleting]

    def chats(self, user_id: str, ids: Sequence[str]) -> list[Chat]:
        with self._tables.lock:
            kept = [id_ for id_ in ids if (user_id, id_) not in self._rows.deleting]
            return _present(self._rows.chats.get((user_id, id_)) for id_ in kept)


def _present(rows: Iterable[RowT | None]) -> list[RowT]:
    return [row for row in rows if row is not None]


def _position(chat: Chat) -> ChatPosition:
    return ChatPosition(timestamp(chat.updated_at), chat.id)


def _order(position: ChatPosition) -> Key:
    return position.updated_at, position.chat_id


def _holds(rows: Rows, user: str, change: Change) -> bool:  # noqa: C901 - one case a change
    """Whether the condition of a change holds, as `afterimage.domain.changes` words it."""
    match change:
        case changes.InsertMessage(message):
            return (user, message.chat_id, message.id) not in rows.messages
        case changes.ReplaceMessage(message, read_version):
            stored = rows.messages.get((user, message.chat_id, message.id))
            deleting = (user, message.chat_id) in rows.deleting
            return stored is not None and stored.version == read_version and not deleting
        case changes.TouchChat(chat_id, is_new=True):
            return (user, chat_id) not in rows.chats
        case changes.TouchChat(chat_id, line=str(line), is_last=True):
            return _has_last(rows, (user, chat_id), line)
        case changes.TouchChat(chat_id):
            return (user, chat_id) not in rows.deleting
        case changes.NameChat(chat_id):
            chat = rows.chats.get((user, chat_id))
            unnamed = chat is not None and chat.title_origin is TitleOrigin.TEXT
            return unnamed and (user, chat_id) not in rows.deleting
        case changes.CheckLastLine(chat_id, line):
            return _has_last(rows, (user, chat_id), line)
        case changes.ForgetLine(read):
            chat = rows.chats.get((user, read.id))
            if chat is None or (user, read.id) in rows.deleting:
                return False
            return (chat.last_line, chat.title) == (read.last_line, read.title)
        case changes.EditChat(chat_id):
            return (user, chat_id) in rows.chats and (user, chat_id) not in rows.deleting
        case changes.PinChat(chat_id, limit):
            pins = rows.pins.get((user, PINS), set())
            return chat_id in pins or len(pins) < limit
        case changes.UnpinChat():
            return (user, PINS) in rows.pins
        case changes.CountMessage(_, limit):
            return _used(rows, user, change) < limit
        case changes.ReserveImage(_, limit, number) | changes.CountCall(_, _, limit, number):
            return _used(rows, user, change) <= limit - number
        case changes.ReturnCall(model, day, number):
            return rows.used.get((user, _calls(model, day)), 0) >= number
        case changes.RefundImage(day, number):
            return rows.used.get((user, f"quota#{day}"), 0) >= number
        case changes.InsertJob(job):
            return not _is_taken(rows, (user, job.id))
        case changes.InsertUpload(upload):
            return not _is_taken(rows, (user, upload.id))
        case changes.MoveUpload(earlier):
            return _is_still_uploaded(rows, user, earlier)
        case changes.CountUpload(day, limit):
            return rows.used.get((user, f"uploads#{day}"), 0) < limit
        case changes.CountShare(day, limit):
            return rows.used.get((user, f"shares#{day}"), 0) < limit
        case changes.CheckNoImage(image_id):
            return (user, image_id) not in rows.images
        case changes.SpendStock(taken):
            now = rows.stock.get((taken.suggestion, taken.name))
            is_it = now is not None and now.image.id == taken.image.id
            return now is not None and is_it and now.status is StockStatus.TAKEN
        case changes.CheckImage(image_id):
            return (user, image_id) in rows.images
        case changes.MoveJob(before):
            return _is_still(rows, user, before)
        case changes.InsertImage(image):
            return (user, image.id) not in rows.images
        case changes.CloseChat(chat_id):
            return (user, chat_id) in rows.chats and (user, chat_id) not in rows.deleting
        case changes.RemoveMessage(message):
            stored = rows.messages.get((user, message.chat_id, message.id))
            return stored is not None and stored.version == message.version
        case changes.RemoveJob(job):
            return _is_still(rows, user, job)
        case changes.RemoveImage(image_id, share) | changes.SetShare(image_id, share):
            seen = rows.images.get((user, image_id))
            return seen is not None and _same_link(seen.share, share)
        case changes.ClaimShare(image_id, number):
            seen = rows.images.get((user, image_id))
            return seen is not None and seen.shares_begun == number - 1
        case changes.BeginDeletion(deletion, noted):
            known = rows.deletions.get((user, deletion.name))
            return noted is None or (known is not None and known.due_at == noted)
        case changes.ShowShared() | changes.HideShared():
            return True
        case changes.CorrectOpen(was):
            return rows.counters.get(user, Counter()).open == was
        case changes.CloseAccount() | changes.KeepSubscription():
            return True


def _has_last(rows: Rows, key: Key, line: str) -> bool:
    chat = rows.chats.get(key)
    return chat is not None and key not in rows.deleting and chat.last_line in (None, line)


def _used(rows: Rows, user: str, change: changes.Counting) -> int:
    match change:
        case changes.CountMessage(day):
            counter = f"messages#{day}"
        case changes.ReserveImage(day):
            counter = f"quota#{day}"
        case changes.CountCall(model, day):
            counter = _calls(model, day)
    return rows.used.get((user, counter), 0)


def _apply(rows: Rows, user: str, change: Change) -> None:  # noqa: C901 - one case a change
    match change:
        case changes.InsertMessage(message) | changes.ReplaceMessage(message):
            rows.messages[user, message.chat_id, message.id] = message
        case changes.TouchChat(chat_id, title, at):
            new = Chat(chat_id, title, at, at)
            chat = rows.chats.get((user, chat_id), new)
            last = change.line or chat.last_line
            rows.chats[user, chat_id] = replace(chat, updated_at=at, last_line=last)
        case changes.ForgetLine(read, left):
            chat = rows.chats[user, read.id]
            then = replace(chat, last_line=left.last_line, title=left.title)
            rows.chats[user, read.id] = then
        case changes.EditChat(chat_id, title, pinned):
            rows.chats[user, chat_id] = _edited(rows.chats[user, chat_id], title, pinned)
        case changes.NameChat(chat_id, title):
            named = replace(rows.chats[user, chat_id], title=title, title_origin=TitleOrigin.MODEL)
            rows.chats[user, chat_id] = named
        case changes.PinChat(chat_id):
            rows.pins.setdefault((user, PINS), set()).add(chat_id)
        case changes.UnpinChat(chat_id):
            rows.pins[user, PINS].discard(chat_id)
        case changes.CountMessage(day):
            _count(rows, (user, f"messages#{day}"), 1)
        case changes.ReserveImage(day, _, number):
            _count(rows, (user, f"quota#{day}"), number)
        case changes.CountCall(model, day, _, number):
            _count(rows, (user, _calls(model, day)), number)
        case changes.ReturnCall(model, day, number):
            _count(rows, (user, _calls(model, day)), -number)
        case changes.RefundImage(day, number):
            _count(rows, (user, f"quota#{day}"), -number)
        case changes.InsertJob(job):
            rows.jobs[user, job.id] = job
        case changes.MoveJob(_, after):
            _move(rows, user, after)
        case changes.InsertImage(image):
            rows.images[user, image.id] = image
        case changes.CloseChat(chat_id):
            rows.deleting.add((user, chat_id))
            rows.chats[user, chat_id] = replace(rows.chats[user, chat_id], title="", pinned=False)
        case changes.BeginDeletion(deletion):
            rows.deletions[user, deletion.name] = deletion
        case changes.RemoveMessage(message):
            del rows.messages[user, message.chat_id, message.id]
        case changes.RemoveJob(job):
            del rows.jobs[user, job.id]
        case changes.RemoveImage(image_id):
            del rows.images[user, image_id]
        case changes.ClaimShare(image_id, number):
            begun = rows.images[user, image_id]
            rows.images[user, image_id] = replace(begun, shares_begun=number)
        case changes.SetShare(image_id, _, share):
            shared = rows.images[user, image_id]
            rows.images[user, image_id] = replace(shared, share=share)
        case changes.ShowShared(picture):
            rows.shares[picture.name] = picture
        case changes.HideShared(name):
            rows.shares.pop(name, None)
        case changes.InsertUpload(upload):
            rows.uploads[user, upload.id] = upload
        case changes.MoveUpload(_, later):
            rows.uploads[user, later.id] = later
        case changes.SpendStock(taken):
            key = taken.suggestion, taken.name
            rows.stock[key] = replace(rows.stock[key], status=StockStatus.SPENT)
        case changes.CountUpload(day):
            _count(rows, (user, f"uploads#{day}"), 1)
        case changes.CountShare(day):
            _count(rows, (user, f"shares#{day}"), 1)
        case changes.KeepSubscription(subscription):
            rows.subscriptions[user, subscription.id] = subscription
        case changes.CheckNoImage() | changes.CheckImage() | changes.CheckLastLine():
            pass
        case changes.CloseAccount() | changes.CorrectOpen():
            pass  # the counter's


def _edited(chat: Chat, title: str | None, pinned: bool | None) -> Chat:
    if title is not None:
        chat = replace(chat, title=title, title_origin=TitleOrigin.PERSON)
    return chat if pinned is None else replace(chat, pinned=pinned)


def _same_link(one: Share | None, other: Share | None) -> bool:
    """Whether number and end are the same."""
    if one is None or other is None:
        return one is other
    return (one.number, one.until) == (other.number, other.until)


def _lost(rows: Rows, channel: Channel, transition: Transition) -> bool:
    """Whether the queue has moved since it was read, or what would be made along has."""
    counter = rows.counters.get(channel.user_id, Counter())
    as_read = (counter.painting, counter.waiting) == (channel.painting, channel.waiting)
    if turns.after(channel, transition) != channel and not as_read:
        return True
    return not all(_holds(rows, channel.user_id, change) for change in transition.along)


def _moved(
    channel: Channel, counter: Counter, transition: Transition, served: Served | None
) -> Counter:
    """The counter row after a transition."""
    served = served or counter.served
    for change in transition.changes:
        if isinstance(change, changes.CloseAccount):
            return Counter(deleted=True, expires_at=change.until)
        if isinstance(change, changes.CorrectOpen):
            return replace(counter, open=change.counted, served=served)
    then = turns.after(channel, transition)
    moves = then != channel
    return Counter(
        counter.seq + len(transition.events),
        counter.open + transition.opens,
        then.painting if moves else counter.painting,
        then.waiting if moves else counter.waiting,
        served=served,
        told=counter.told
        or any(isinstance(change, changes.KeepSubscription) for change in transition.changes),
    )


def _calls(model: ModelKind, day: str) -> str:
    return f"{model.value}_calls#{day}"


def _move(rows: Rows, user: str, after: Job) -> None:
    """A move writes what it may change; what was noted as the job's cost stands."""
    cost = rows.jobs[user, after.id].cost_nano_usd
    rows.jobs[user, after.id] = replace(after, cost_nano_usd=cost)


def _count(rows: Rows, key: Key, by: int) -> None:
    rows.used[key] = rows.used.get(key, 0) + by


def _is_still(rows: Rows, user: str, before: Job) -> bool:
    """Whether a job is as it was when a move was decided."""
    found = rows.jobs.get((user, before.id))
    return found is not None and (found.status, found.attempt) == (before.status, before.attempt)


def _is_taken(rows: Rows, key: Key) -> bool:
    """Whether the ledger has a row with this id."""
    return key in rows.jobs or key in rows.uploads


def _is_still_uploaded(rows: Rows, user: str, before: Upload) -> bool:
    found = rows.uploads.get((user, before.id))
    if found is None:
        return False
    return (found.status, found.purge_at) == (before.status, before.purge_at)


def _partition_of(user: str) -> int:
    return sum(user.encode()) % OPEN_PARTITIONS

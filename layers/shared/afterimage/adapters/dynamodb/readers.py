"""Everything that is read from DynamoDB outside a transaction, and the claim of a job."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from pynamodb.exceptions import DoesNotExist, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from afterimage.adapters.dynamodb import counters, job_moves, rows
from afterimage.adapters.dynamodb.tables import (
    PINS,
    ChannelRow,
    ChatRow,
    ImageRow,
    LedgerRow,
    MessageRow,
)
from afterimage.adapters.dynamodb.together import read_rows, read_together
from afterimage.domain.chats import Chat
from afterimage.domain.deletions import DeletionKind, deletion_names, kind_and_subject
from afterimage.domain.images import Image
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.limits import MOST_PINNED, ModelKind
from afterimage.domain.messages import Message
from afterimage.ports.chats import ChatPosition, DayUse, Saying
from afterimage.ports.keeping import MessageKey

if TYPE_CHECKING:  # with all that models are asked and answer
    from afterimage.ports.models import Cost

# Job ids are ULIDs, which begin with 0–7; the counters' names sort behind them.
_BEHIND_ALL_JOBS = "8"

# Rows read to find one job: uploads lie between them.
_SEEN_FOR_ONE = 3

RowT = TypeVar("RowT", bound=Model)


class DynamoDbMessages:
    """Implements `MessageReader` and `SayingReader`."""

    def get(self, user_id: str, chat_id: str, message_id: str) -> Message | None:
        # In either order: while a chat is marked, no message of it changes.
        row, chat = read_together(
            (MessageRow, rows.messages_key(user_id, chat_id), message_id),
            (ChatRow, user_id, chat_id),
        )
        if row is None or (chat is not None and chat.deleting):
            return None
        return rows.message_of(row)

    def before(
        self, user_id: str, chat_id: str, message_id: str | None, limit: int
    ) -> list[Message]:
        if limit < 1:
            return []
        found = MessageRow.query(
            rows.messages_key(user_id, chat_id),
            MessageRow.message_id < message_id if message_id else None,
            scan_index_forward=False,
            consistent_read=True,
            limit=limit,
        )
        return [rows.message_of(row) for row in found]

    def starting(self, user_id: str, chat_id: str, message_id: str, limit: int) -> list[Message]:
        found = MessageRow.query(
            rows.messages_key(user_id, chat_id),
            MessageRow.message_id >= message_id,
            consistent_read=True,
            limit=limit,
        )
        return [rows.message_of(row) for row in found]

    def sayings(self, user_id: str, chat_id: str, before: str | None, limit: int) -> list[Saying]:
        found = MessageRow.query(
            rows.messages_key(user_id, chat_id),
            MessageRow.message_id < before if before else None,
            scan_index_forward=False,
            consistent_read=False,  # at half the price, of up to a thousand rows
            attributes_to_get=["user_id_chat_id", "message_id", "text", "prompt"],
            limit=limit,
        )
        return [Saying(row.message_id, _said(row.text, row.prompt)) for row in found]


class DynamoDbChats:
    """Implements `ChatReader`."""

    def get(self, user_id: str, chat_id: str) -> Chat | None:
        row = _get(ChatRow, user_id, chat_id)
        return None if row is None or row.deleting else rows.chat_of(row)

    def pinned(self, user_id: str) -> list[Chat]:
        named = _get(ChatRow, user_id, PINS)
        keys = [(user_id, chat_id) for chat_id in (named and named.pins) or ()]
        found = ChatRow.batch_get(keys, consistent_read=True) if keys else ()
        chats = [rows.chat_of(row) for row in found if row.pinned and not row.deleting]
        return sorted(chats, key=lambda chat: (chat.updated_at, chat.id), reverse=True)

    def page(
        self,
        user_id: str,
        after: ChatPosition | None,
        limit: int,
        is_left_out: Callable[[str], bool] | None = None,
    ) -> tuple[list[Chat], ChatPosition | None]:
        start = None
        if after is not None:
            start = {
                "user_id": {"S": user_id},
                "updated_at": {"S": after.updated_at},
                "chat_id": {"S": after.chat_id},
            }
        query = ChatRow.by_updated_at.query(
            user_id,
            filter_condition=ChatRow.deleting.does_not_exist(),
            scan_index_forward=False,
            consistent_read=True,
            last_evaluated_key=start,
            # Without it a read is a megabyte, however few are taken of it.
            page_size=limit if is_left_out is None else limit + MOST_PINNED,
        )
        wanted = (row for row in query if is_left_out is None or not is_left_out(row.chat_id))
        found = list(islice(wanted, limit))
        chats = [rows.chat_of(row) for row in found]
        if len(found) < limit:
            return chats, None
        return chats, ChatPosition(found[-1].updated_at, found[-1].chat_id)

    def being_deleted(self, user_id: str) -> set[str]:
        """By the deletions in the ledger, of which there are few, not by the chats."""
        names = LedgerRow.entry.startswith(deletion_names(DeletionKind.CHAT))
        found = LedgerRow.query(user_id, names, consistent_read=True)
        return {kind_and_subject(row.entry)[1] for row in found}


class DynamoDbImages:
    """Implements `ImageReader`."""

    def get(self, user_id: str, image_id: str) -> Image | None:
        row = _get(ImageRow, user_id, image_id)
        return None if row is None else rows.image_of(row)

    def before(self, user_id: str, image_id: str | None, limit: int) -> list[Image]:
        found = ImageRow.query(
            user_id,
            ImageRow.image_id < image_id if image_id else None,
            scan_index_forward=False,
            consistent_read=True,
            limit=limit,
        )
        return [rows.image_of(row) for row in found]


class DynamoDbLedger:
    """Implements `JobStore`, `UsageReader`, `CallCounter` and `CostLedger`."""

    def get(self, user_id: str, job_id: str) -> Job | None:
        row = _get(LedgerRow, user_id, job_id)
        return None if row is None or row.kind is not None else rows.job_of(row)

    def some(self, user_id: str, job_ids: Sequence[str]) -> list[Job]:
        if len(job_ids) == 1:
            job = self.get(user_id, job_ids[0])
            return [] if job is None else [job]
        return [rows.job_of(row) for row in read_rows(LedgerRow, user_id, job_ids)]

    def claim(
        self, user_id: str, job_id: str, attempt: int, now: datetime, claimed_by: str
    ) -> Job | None:
        # Two deliveries of one event have the same request id, but not the same nonce.
        row, nonce = LedgerRow(user_id, job_id), uuid.uuid4().hex
        reserved = LedgerRow.status == JobStatus.RESERVED.value
        claimed: list[Action] = [
            LedgerRow.status.set(JobStatus.RUNNING.value),
            LedgerRow.started_at.set(rows.timestamp(now)),
            LedgerRow.claimed_by.set(claimed_by),
            LedgerRow.claim_nonce.set(nonce),
        ]
        try:
            row.update(claimed, condition=reserved & (LedgerRow.attempt == attempt))
        except UpdateError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return self._claimed_already(user_id, job_id, nonce)
            raise
        return rows.job_of(row)

    def _claimed_already(self, user_id: str, job_id: str, nonce: str) -> Job | None:
        """The job if the claim was ours: the SDK repeats a request whose answer was lost."""
        row = _get(LedgerRow, user_id, job_id)
        if row is None or row.claim_nonce != nonce:
            return None
        job = rows.job_of(row)
        return job if job.status is JobStatus.RUNNING else None

    def move(self, user_id: str, before: Job, after: Job) -> bool:
        row, actions = LedgerRow(user_id, before.id), job_moves.actions(user_id, after)
        try:
            row.update(actions, condition=job_moves.still(before))
        except UpdateError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def purged(self, user_id: str, job_id: str) -> None:
        row = LedgerRow(user_id, job_id)
        removed: list[Action] = [LedgerRow.purge_at.remove(), LedgerRow.open.remove()]
        try:
            # Without the condition an update would leave a row where there is none any more.
            row.update(removed, condition=LedgerRow.entry.exists())
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise

    def used(self, user_id: str, day: str) -> DayUse:
        def counted(counter: str) -> int:
            row = _get(LedgerRow, user_id, counter)
            return int(row.used or 0) if row else 0

        return DayUse(
            images=counted(f"quota#{day}"),
            messages=counted(f"messages#{day}"),
            image_calls=counted(counters.of_calls(ModelKind.IMAGE, day)),
            text_calls=counted(counters.of_calls(ModelKind.TEXT, day)),
            uploads=counted(f"uploads#{day}"),
            **self._spent(user_id, day),
        )

    def _spent(self, user_id: str, day: str) -> dict[str, int]:
        row = _get(LedgerRow, user_id, counters.of_cost(day))
        if row is None:
            return {}
        return {"nano_usd": int(row.cost_nano_usd or 0), "text_tokens": int(row.text_tokens or 0)}

    def count_call(self, user_id: str, model: ModelKind, day: str, limit: int) -> bool:
        counter = counters.of_calls(model, day)
        return self._counts(
            user_id, counter, counters.more(counter), condition=counters.room(limit)
        )

    def return_call(self, user_id: str, model: ModelKind, day: str) -> None:
        # The SDK repeats a request whose answer was lost; what was given back once stays so.
        nonce = uuid.uuid4().hex
        returned: list[Action] = [LedgerRow.used.add(-1), LedgerRow.claim_nonce.set(nonce)]
        other = LedgerRow.claim_nonce.does_not_exist() | (LedgerRow.claim_nonce != nonce)
        counter = counters.of_calls(model, day)
        self._counts(user_id, counter, returned, condition=(LedgerRow.used > 0) & other)

    def note_cost(self, cost: Cost) -> None:
        # The SDK repeats a request whose answer was lost; what was noted once stays so.
        other = LedgerRow.cost_nonce.does_not_exist() | (LedgerRow.cost_nonce != cost.nonce)
        noted: list[Action] = [
            LedgerRow.cost_nano_usd.add(cost.nano_usd),
            LedgerRow.cost_nonce.set(cost.nonce),
        ]
        if cost.job_id is not None:
            # Without the condition an update would leave a row where there is none any more.
            there = LedgerRow.entry.exists() & other
            self._counts(cost.user_id, cost.job_id, noted, condition=there)
        if cost.kind is ModelKind.TEXT:
            noted.append(LedgerRow.text_tokens.add(cost.tokens))
        noted.append(LedgerRow.expires_at.set(rows.counter_expires_at(cost.day)))
        self._counts(cost.user_id, counters.of_cost(cost.day), noted, condition=other)

    def _counts(
        self, user_id: str, counter: str, actions: list[Action], condition: Condition
    ) -> bool:
        """Whether the condition held."""
        try:
            LedgerRow(user_id, counter).update(actions, condition=condition)
        except UpdateError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def recent_jobs(self, user_id: str, limit: int) -> list[Job]:
        found = LedgerRow.query(
            user_id,
            LedgerRow.entry < _BEHIND_ALL_JOBS,
            scan_index_forward=False,
            limit=_SEEN_FOR_ONE * limit,
        )
        jobs = [rows.job_of(row) for row in found if row.kind is None]
        return jobs[:limit]


class DynamoDbDueIndex:
    """Implements `DueIndex`."""

    def open_messages(
        self, partition: int, due_by: datetime
    ) -> Iterator[tuple[MessageKey, datetime]]:
        due = MessageRow.deadline < rows.epoch(due_by)
        for row in MessageRow.open_messages.query(rows.partition(partition), due):
            user_id, _, chat_id = row.user_id_chat_id.rpartition("#")
            deadline = datetime.fromtimestamp(row.deadline or 0, UTC)
            yield MessageKey(user_id, chat_id, row.message_id), deadline

    def open_of(self, user_id: str) -> Iterator[MessageKey]:
        for row in MessageRow.open_messages.query(rows.open_partition(user_id)):
            owner, _, chat_id = row.user_id_chat_id.rpartition("#")
            if owner == user_id:
                yield MessageKey(user_id, chat_id, row.message_id)

    def users_with_open(self, part: int, parts: int) -> Iterator[str]:
        # What has no such attribute is "not 0", too.
        counters = ChannelRow.open.exists() & (ChannelRow.open != 0)
        for row in ChannelRow.scan(counters, segment=part, total_segments=parts):
            yield row.user_id

    def due_removals(self, partition: int, now: datetime) -> Iterator[tuple[str, str]]:
        due = LedgerRow.purge_at <= rows.epoch(now)
        for row in LedgerRow.open_purges.query(rows.partition(partition), due):
            yield row.user_id, row.entry


def _said(text: str, prompt: str | None) -> str:
    return f"{text}\n{prompt or ''}"


def _get(model: type[RowT], hash_key: str, range_key: str) -> RowT | None:
    try:
        return model.get(hash_key, range_key, consistent_read=True)
    except DoesNotExist:
        return None

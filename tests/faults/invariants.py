"""The judge: what must hold in the tables, in the bucket and in every client.

`check_user` reads rows and objects with root credentials, `check_client` compares what a client
shows with what HTTP says. Both return sentences about what is violated; none is good news.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afterimage.domain.limits import MOST_PICTURES
from afterimage.domain.seen import files_of
from afterimage.domain.variants import varied
from tests.faults.client import Applied, Client, Frame, Snapshot, read_snapshot, signed_in
from tests.local_stack.testing import RunningStack
from tests.support.stored import Row, object_keys, owner_of, scan

OPEN = frozenset({"thinking", "generating"})
ENDED_MESSAGE = frozenset({"complete", "failed", "cancelled"})
OPEN_SLOT = frozenset({"waiting", "generating"})
UNENDED_JOB = frozenset({"waiting", "reserved", "running"})
ENDED_JOB = frozenset({"succeeded", "failed", "cancelled"})
MAX_ATTEMPTS = 2
# Columns of a job's row, and the states in which they are there.
_COLUMNS_OF_STATES = {
    "ended_at": ENDED_JOB,
    "price_usd": {"succeeded"},
    "error_code": {"failed"},
}
_SWEEP_SECONDS = 2.0  # between sweeps of the stacks these tests start
_SECONDS_TO_END = 3.0  # what a sweep itself may take
_JOB_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_TABLES = {
    "messages": "MessagesTable",
    "chats": "ChatsTable",
    "images": "UserImagesTable",
    "ledger": "ImageGenerationLogTable",
    "channels": "ChannelsTable",
    "events": "ChannelEventsTable",
}


@dataclass(frozen=True, repr=False)
class Truth:
    """All rows of one user and the keys of their objects.

    Attributes:
        painting: ids of jobs that are with the painter, as the counter row says.
        queued: ids of jobs that wait for their turn, as the counter row says.
        deletions: names of what is being deleted, or was and is looked at again.
        is_gone: the account is deleted.
    """

    user: str
    messages: Sequence[Row]
    chats: Sequence[Row]
    images: Mapping[str, Row]
    jobs: Mapping[str, Row]
    uploads: Mapping[str, Row]
    counters: Mapping[str, int]  # "quota#…" and "messages#…"
    seq: int
    open: int
    painting: frozenset[str]
    queued: frozenset[str]
    connections: int
    browsers: int  # that are told by Web Push
    events: Sequence[Row]
    objects: frozenset[str]
    deletions: Sequence[str]
    is_gone: bool

    @property
    def has_forgotten(self) -> bool:
        """Whether jobs and messages that were counted may be there no more, nobody knows which."""
        return self.is_gone or bool(self.marked)

    @property
    def marked(self) -> set[str]:
        """Chats that are deleted."""
        return {row["chat_id"] for row in self.chats if row.get("deleting")}

    @property
    def removed(self) -> set[str]:
        """Messages that went with their question."""
        return {e["message_id"] for e in self.events if e["name"] == "message-delete"}

    @property
    def removed_pictures(self) -> set[str]:
        """Pictures that went with their question, as their jobs did."""
        deleted = {e["image_id"] for e in self.events if e["name"] == "image-delete"}
        return deleted - self.jobs.keys() - self.uploads.keys()

    def jobs_of(self, message: Row) -> list[Row]:
        return [job for job in self.jobs.values() if job["message_id"] == message["message_id"]]


class Store:
    """One reading of everything, for the check of many users that are at rest."""

    def __init__(self, stack: RunningStack) -> None:
        self._rows = {key: scan(stack, table) for key, table in _TABLES.items()}
        self._objects = object_keys(stack)
        self._shares = scan(stack, "SharesTable")

    def half_shared(self) -> list[str]:
        """Links without a picture, and copies that nobody has a link to."""
        rows = {row["name"] for row in self._shares}
        files = {
            key.partition("/")[2][: -len(".webp")]
            for key in self._objects
            if key.startswith("shared/")
        }
        return [f"half shared: {name[:12]}" for name in sorted(rows ^ files)]

    def of(self, user: str) -> Truth:
        """What belongs to one user."""
        mine = {
            key: [row for row in rows if owner_of(row) == user] for key, rows in self._rows.items()
        }
        named = {row["entry"]: row for row in mine["ledger"] if _JOB_ID.fullmatch(row["entry"])}
        uploads = {entry: row for entry, row in named.items() if row.get("kind") == "upload"}
        counter: Row = next((row for row in mine["channels"] if row["entry"] == "seq"), {})
        return Truth(
            user,
            messages=mine["messages"],
            chats=mine["chats"],
            images={row["image_id"]: row for row in mine["images"]},
            jobs={entry: row for entry, row in named.items() if entry not in uploads},
            uploads=uploads,
            counters={row["entry"]: int(row["used"]) for row in mine["ledger"] if "used" in row},
            seq=int(counter.get("seq", 0)),
            open=int(counter.get("open", 0)),
            painting=frozenset(counter.get("painting", ())),
            queued=frozenset(counter.get("waiting", ())),
            connections=sum(row["entry"].startswith("connection#") for row in mine["channels"]),
            browsers=sum("endpoint" in row for row in mine["channels"]),
            events=sorted(mine["events"], key=lambda row: int(row["seq"])),
            objects=frozenset(key for key in self._objects if key.startswith(folder(user))),
            deletions=[
                row["entry"] for row in mine["ledger"] if row["entry"].startswith("deletion#")
            ],
            is_gone="deleted_at" in counter,
        )


def folder(user: str) -> str:
    """Where a user's pictures are."""
    return f"p/{hashlib.sha256(user.encode()).hexdigest()[:32]}/"


def check_user(
    stack: RunningStack,
    user: str,
    store: Store | None = None,
    calls: Counter[str] | None = None,
    excused: Mapping[str, int] | None = None,
    *,
    settled: bool = True,
) -> list[str]:
    """What is violated in a user's rows and objects.

    Args:
        store: a reading that is shared by the checks of many users.
        calls: calls of the image model by the last word of their prompt (`image_calls`).
        excused: by the same word, calls that the simulator itself turned down.
        settled: everything is over: nothing may be open, and uploads without a picture are gone.
    """
    truth = (store or Store(stack)).of(user)
    found = [
        *_messages(truth, settled=settled),
        *_answers(truth),
        *(_versions(truth) if settled else ()),
        *_jobs(truth, settled=settled),
        *_uploads(truth, settled=settled),
        *_waiting(truth),
        *_queue(truth),
        *_charges(truth),
        *_gallery(truth, settled=settled),
        *_numbers(truth),
        *(_deleted(truth) if settled else ()),
        *_calls(truth, calls or Counter(), excused or {}),
    ]
    return [f"{user}: {sentence}" for sentence in found]


# --- Messages ------------------------------------------------------------------------------------


def _messages(truth: Truth, *, settled: bool) -> Iterable[str]:
    overdue = time.time() - _SWEEP_SECONDS - _SECONDS_TO_END
    still_open = 0
    for message in truth.messages:
        name, status = f"message {message['message_id']}", message["status"]
        if status in OPEN:
            still_open += 1
            if settled:
                yield f"{name} is still {status}"
            elif message.get("deadline", 0) < overdue:
                yield f"{name} is {status} after its deadline"
            if "open" not in message or "deadline" not in message:
                yield f"{name} is open and no sweep can find it"
        elif status not in ENDED_MESSAGE:
            yield f"{name} has an unknown status {status}"
        elif "open" in message or "deadline" in message:
            yield f"{name} has ended and is in the index of open ones"
        if status == "failed" and not message.get("error"):
            yield f"{name} failed without a reason"
    if truth.open != still_open:
        yield f"the counter says {truth.open} open, and {still_open} messages are"


def _answers(truth: Truth) -> Iterable[str]:
    """Every message that was heard has one answer, and every answer its question."""
    answers = Counter(m["reply_to"] for m in truth.messages if m["role"] == "assistant")
    questions = {m["message_id"] for m in truth.messages if m["role"] == "user"}
    for question in questions:
        if answers[question] != 1:
            yield f"message {question} has {answers[question]} answers"
    for answered in answers.keys() - questions:
        yield f"message {answered} is answered and is not there"
    chats = {row["chat_id"] for row in truth.chats}
    for chat in {m["chat_id"] for m in truth.messages} - chats:
        yield f"chat {chat} has messages and no row"
    counted = sum(used for entry, used in truth.counters.items() if entry.startswith("messages#"))
    removed = len(truth.removed) // 2
    sent = len(questions) + removed
    tries = sum(int(m["tries"]) for m in truth.messages if m["role"] == "assistant") + removed
    if not sent <= counted <= (counted if truth.has_forgotten else tries):
        yield f"{counted} messages counted, {sent} sent, {tries} tries"


def _versions(truth: Truth) -> Iterable[str]:
    """Of each line exactly one pair stands, and a chat's last line is one of its own."""
    rows = {m["message_id"]: m for m in truth.messages}
    lines: dict[tuple[str, str], list[Row]] = {}
    for message in truth.messages:
        question = rows.get(message.get("reply_to") or message["message_id"], message)
        line = question.get("version_of") or question["message_id"]
        lines.setdefault((question["chat_id"], line), []).append(message)
        if _stands(message) != _stands(question):
            yield f"message {message['message_id']} does not stand as its question does"
        if message.get("version_of") != question.get("version_of"):
            yield f"message {message['message_id']} is of another line than its question"
    for (_, line), messages in lines.items():
        standing = sum(m["role"] == "user" and _stands(m) for m in messages)
        if standing != 1:
            yield f"line {line} has {standing} pairs that stand"
    for chat in truth.chats:
        named = chat.get("last_line")
        if named is not None and (chat["chat_id"], named) not in lines:
            yield f"chat {chat['chat_id']} names {named} as its last line, which is not there"


def _stands(message: Row) -> bool:
    return message.get("stands") is not False


# --- Jobs, charges, pictures ---------------------------------------------------------------------


def _uploads(truth: Truth, *, settled: bool) -> Iterable[str]:
    for image_id, upload in truth.uploads.items():
        if upload["status"] == "running" and settled:
            yield f"upload {image_id} has not ended"
        if upload["status"] == "succeeded" and "purge_at" in upload:
            yield f"upload {image_id} is there and is to be removed"
    counted = Counter(upload["quota_day"] for upload in truth.uploads.values())
    for day, brought in ({} if truth.has_forgotten else counted).items():
        if truth.counters.get(f"uploads#{day}", 0) != brought:
            yield f"{truth.counters.get(f'uploads#{day}', 0)} uploads counted, {brought} brought"


def _jobs(truth: Truth, *, settled: bool) -> Iterable[str]:
    """Each job in exactly one state, with what belongs to that state and nothing else."""
    for job_id, job in truth.jobs.items():
        name, status = f"job {job_id}", job["status"]
        if status not in ENDED_JOB | UNENDED_JOB:
            yield f"{name} has an unknown status {status}"
        if settled and status in UNENDED_JOB:
            yield f"{name} is still {status}"
        if not 1 <= int(job["attempt"]) <= MAX_ATTEMPTS:
            yield f"{name} is at attempt {job['attempt']}"
        for column, states in _COLUMNS_OF_STATES.items():
            if (status in states) != (column in job):
                yield f"{name} is {status}, and its {column} is {job.get(column)}"
        if status in ("running", "succeeded") and "started_at" not in job:
            yield f"{name} is {status} and never started"


def _waiting(truth: Truth) -> Iterable[str]:
    """A job that has not ended has a message that waits for it, and the other way round."""
    messages = {m["message_id"]: m for m in truth.messages}
    for job_id, job in truth.jobs.items():
        message = messages.get(job["message_id"])
        if message is None:
            yield f"job {job_id} belongs to no message"
            continue
        slot = _slots(message).get(job_id, {"status": "another try's"})
        if (slot["status"] in OPEN_SLOT) != (job["status"] in UNENDED_JOB):
            yield f"job {job_id} is {job['status']}, and its slot is {slot['status']}"


def _queue(truth: Truth) -> Iterable[str]:
    """The counter row names the jobs that are painted and that wait, each where it belongs."""
    for name, named, states in (
        ("painting", truth.painting, ("reserved", "running")),
        ("waiting", truth.queued, ("waiting",)),
    ):
        jobs = {job_id for job_id, job in truth.jobs.items() if job["status"] in states}
        for job_id in named - jobs:
            yield f"{name} names job {job_id}, which is not"
        for job_id in jobs - named:
            yield f"job {job_id} is {name}, and the queue does not say so"
    if truth.queued and not truth.painting:
        yield f"{len(truth.queued)} jobs wait and none is painted"


def _charges(truth: Truth) -> Iterable[str]:
    charged = Counter(job["quota_day"] for job in truth.jobs.values() if _is_charged(job))
    days = {name.partition("#")[2] for name in truth.counters if name.startswith("quota#")}
    gone = len(truth.removed_pictures)
    if len(days) == 1:  # else nobody knows on which of them those were charged
        charged.update(dict.fromkeys(days, gone))
    forgotten = truth.has_forgotten or (gone and len(days) > 1)
    for day in days | set(charged):
        used = truth.counters.get(f"quota#{day}", 0)
        if used < charged[day] or (used > charged[day] and not forgotten):
            yield f"the quota of {day} says {used} used, and {charged[day]} are charged"


def _is_charged(job: Row) -> bool:
    """Painted, under way, or cancelled when it was running already."""
    if job["status"] == "cancelled":
        return "started_at" in job
    return job["status"] in UNENDED_JOB | {"succeeded"}


def _gallery(truth: Truth, *, settled: bool) -> Iterable[str]:
    succeeded = {job_id for job_id, job in truth.jobs.items() if job["status"] == "succeeded"}
    brought = {i for i, upload in truth.uploads.items() if upload["status"] == "succeeded"}
    slots = {name: slot for m in truth.messages for name, slot in _slots(m).items()}
    deleted = {name for name, slot in slots.items() if slot.get("image_deleted")}
    unasked = {name for name, slot in slots.items() if slot.get("unasked")}
    for job_id in succeeded - deleted - truth.images.keys():
        yield f"job {job_id} succeeded without a picture in the gallery"
    for image_id in truth.images.keys() - succeeded - unasked - brought:
        yield f"picture {image_id} is in the gallery without a job or upload that succeeded"
    for message in truth.messages:
        yield from _picture_of(message, truth, succeeded)
    for image_id, row in truth.images.items():
        image = json.loads(row["image"])
        for name in files_of(image["width"], image["height"], image["size"]):
            if f"{folder(truth.user)}{image_id}/{name}" not in truth.objects:
                yield f"picture {image_id} has no file {name}"
    for key in sorted(truth.objects) if settled else ():
        if key.split("/")[2] not in truth.images:
            yield f"object {key} belongs to no picture"


def _picture_of(message: Row, truth: Truth, succeeded: set[str]) -> Iterable[str]:
    name, slots = f"message {message['message_id']}", _slots(message)
    for job in truth.jobs_of(message):
        if job["entry"] in succeeded and job["entry"] not in slots:
            yield f"{name} has no slot for its job {job['entry']}, which succeeded"
    if slots and message["status"] != _status_of(slots):
        yield f"{name} is {message['status']}, and its slots are {_status_of(slots)}"
    for slot_id, slot in slots.items():
        is_complete = slot["status"] == "complete"
        if is_complete == (slot_id not in succeeded) and not slot.get("unasked"):
            yield f"{name} has a slot {slot_id} that is {slot['status']}, as its job is not"
        if is_complete == (not slot.get("image") and not slot.get("image_deleted")):
            yield f"{name} is {slot['status']} in slot {slot_id}, whose picture is not as that says"
        if slot.get("image") and slot_id not in truth.images:
            yield f"{name} shows picture {slot_id}, which is not in the gallery"


def _slots(message: Row) -> dict[str, Row]:
    """The slots of a message by their ids; a row without any has none."""
    return {slot["id"]: slot for slot in json.loads(message.get("slots") or "[]")}


def _status_of(slots: Mapping[str, Row]) -> str:
    statuses = {slot["status"] for slot in slots.values()}
    if statuses & OPEN_SLOT:
        return "generating"
    return next(status for status in ("complete", "cancelled", "failed") if status in statuses)


def _numbers(truth: Truth) -> Iterable[str]:
    logged = [int(event["seq"]) for event in truth.events]
    if logged != list(range(1, len(logged) + 1)):
        holes = sorted(set(range(1, (logged or [0])[-1] + 1)) - set(logged))
        yield f"the event log has holes at {holes[:5]}"
    if truth.seq != (logged or [0])[-1]:
        yield f"the counter is at {truth.seq}, the event log at {(logged or [0])[-1]}"
    told = Counter(event.get("message_id") for event in truth.events)
    for message in truth.messages:
        if told[message["message_id"]] != int(message["version"]):
            yield (
                f"message {message['message_id']} is at version {message['version']}, "
                f"and {told[message['message_id']]} events tell of it"
            )
    shown = Counter(e.get("image_id") for e in truth.events if e["name"] != "image-update")
    for image_id in truth.images:
        if shown[image_id] != 1:
            yield f"picture {image_id} has {shown[image_id]} events"


# --- What is deleted -----------------------------------------------------------------------------


def _deleted(truth: Truth) -> Iterable[str]:
    """A deleted chat has nothing but its mark, a deleted account nothing but what refuses."""
    for chat in truth.marked:
        rows = (*truth.messages, *truth.jobs.values())
        if left := sum(row["chat_id"] == chat for row in rows):
            yield f"chat {chat} is deleted and has {left} messages and jobs"
        if f"deletion#chat#{chat}" not in truth.deletions:
            yield f"chat {chat} is deleted and no sweep can find it"
    for name in truth.deletions:
        if name.startswith(("deletion#image#", "deletion#line#")):
            yield f"{name} has not ended"
    links = {
        name.rpartition("#")[2] for name in truth.deletions if name.startswith("deletion#share#")
    }
    shared = {
        f"{image_id}.{row['share_number']}"
        for image_id, row in truth.images.items()
        if "share_number" in row
    }
    if links != shared:
        yield f"links {sorted(shared)} have the deletions {sorted(links)}"
    if truth.is_gone and (truth.messages or truth.chats or truth.images or truth.jobs):
        yield "the account is deleted and has rows"
    if truth.is_gone and (truth.objects or truth.events or truth.connections or truth.browsers):
        yield "the account is deleted and has files, events, connections or browsers"


# --- Calls of the provider -----------------------------------------------------------------------


def last_word(prompt: str) -> str:
    """What tests make unique in a prompt."""
    return (prompt.rstrip(" .!?").rsplit(maxsplit=1) or [""])[-1]


def image_calls(log: Iterable[Mapping[str, str]]) -> Counter[str]:
    """Calls of the image model in the simulator's log, by the last word of their wish.

    Without the words that make several pictures of one wish differ, which stand behind it.
    """
    return Counter(last_word(_wish(entry["prompt"])) for entry in log if entry["kind"] == "image")


def _wish(prompt: str) -> str:
    for slot in range(1, MOST_PICTURES):
        prompt = prompt.removesuffix(varied("", slot).strip())
    return prompt


def _calls(truth: Truth, calls: Counter[str], excused: Mapping[str, int]) -> Iterable[str]:
    """At most one call an attempt; what the provider itself turned down may be asked again."""
    attempts: Counter[str] = Counter()
    succeeded: set[str] = set()
    for job in truth.jobs.values():
        word = last_word(job["prompt"])
        attempts[word] += int(job["attempt"])
        if job["status"] == "succeeded":
            succeeded.add(word)
    for word, allowed in attempts.items():
        if calls[word] > allowed + excused.get(word, 0):
            yield f"the provider was asked {calls[word]} times for {word}, {allowed} allowed"
    for word in succeeded if calls else ():
        if not calls[word]:
            yield f"there is a picture of {word} that nobody asked for"


# --- Clients -------------------------------------------------------------------------------------


def check_client(client: Client, stack: RunningStack) -> list[str]:
    """What a client that is level shows and HTTP does not say, or the other way round."""

    async def read() -> Snapshot:
        async with signed_in(stack, client.user) as http:
            return await read_snapshot(http)

    return check_shown(client, asyncio.run(read()))


def check_shown(client: Client, snapshot: Snapshot) -> list[str]:
    """Judges a client's final state and everything it applied on the way."""
    shown = client.shown
    found = [
        *_differences("message", shown.messages, {m["id"]: m for m in snapshot.messages}),
        *_differences("picture", shown.images, {i["id"]: i for i in snapshot.images}),
        *(f"chat {chat} is not shown" for chat in snapshot.chats.keys() - shown.chats.keys()),
        *(f"chat {chat} is shown" for chat in shown.chats.keys() - snapshot.chats.keys()),
        *_applied_in_turn(client.log),
        *client.wrong,
        *shown.taken_back,
    ]
    for chat, title in shown.chats.items():
        if title is not None and snapshot.chats.get(chat, title) != title:
            found.append(f"chat {chat} is shown as {title!r}, not {snapshot.chats[chat]!r}")
    return [f"a client of {client.user}: {sentence}" for sentence in found]


def _differences(kind: str, shown: Mapping[str, Frame], said: Mapping[str, Frame]) -> Iterable[str]:
    for one in shown.keys() - said.keys():
        yield f"{kind} {one} is shown and is not there"
    for one in said.keys() - shown.keys():
        yield f"{kind} {one} is not shown"
    for one in shown.keys() & said.keys():
        ours, theirs = _lasting(shown[one], said[one])
        if ours != theirs:
            yield f"{kind} {one} is shown as {ours}, not {theirs}"


def _lasting(shown: Frame, said: Frame) -> tuple[Frame, Frame]:
    """Without what depends on the moment of reading: signatures, seconds left, a cut text."""
    ours, theirs = _steady(shown), _steady(said)
    if ours.get("truncated"):
        ours = {**ours, "text": theirs["text"], "truncated": False}
    return ours, theirs


def _steady(value: Any) -> Any:
    if isinstance(value, list):
        return [_steady(part) for part in value]
    if not isinstance(value, dict):
        return value
    passing = ("url", "thumbnail_url", "retry_after")
    return {name: _steady(part) for name, part in value.items() if name not in passing}


def _applied_in_turn(log: Sequence[Applied]) -> Iterable[str]:
    """One after the other from the last snapshot on: no hole, no double, no step back."""
    at: int | None = None
    for applied in log:
        if applied.seq is None:
            continue
        if applied.what == "snapshot":
            at = applied.seq
        elif at is not None and applied.seq != at + 1:
            yield f"applied event {applied.seq} after {at}"
            at = applied.seq
        else:
            at = applied.seq

"""What was marked as deleted and is not gone yet.

A deletion is one row. It is written with the mark, in the same transaction; the keeper's sweep
finds it while it is due; it goes last. So whatever a crash leaves is found and finished.

Some are looked at again after everything is gone:

- a chat keeps its mark for as long as events about it can be replayed, so that its id is refused
  until nothing can be taken for the old chat any more, and no late request brings it back;
- an account once nobody can be uploading for it any more, and once its day is over: until then
  the counters of the day stay, so that deleting the account does not refill them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from afterimage.domain import quota
from afterimage.domain.events import KEPT_FOR
from afterimage.domain.images import Image

_PREFIX = "deletion#"

# For how long the emptied counter row of a deleted account refuses everything.
ACCOUNT_REFUSED_FOR = timedelta(days=7)


class DeletionKind(StrEnum):
    IMAGE = "image"
    CHAT = "chat"
    LINE = "line"
    ACCOUNT = "account"
    SHARE = "share"


class AtEdge(StrEnum):
    """What the caches at the edge may hold of a picture that is deleted."""

    NOTHING = "nothing"  # it was never shown, so nobody had an address to ask for it
    TAGGED = "tagged"
    UNTAGGED = "untagged"  # stored before files had cache tags: forgotten by their paths


@dataclass(frozen=True)
class Deletion:
    """One thing on its way out.

    Attributes:
        subject: id of the picture or the chat; of a line, `line_subject`; of a sharing, what
            `shares.subject_of` makes; empty for an account.
        due_at: from when on there is something to do.
        at_edge: of a picture.
    """

    kind: DeletionKind
    subject: str
    begun_at: datetime
    due_at: datetime
    at_edge: AtEdge = AtEdge.UNTAGGED

    @classmethod
    def now(
        cls, kind: DeletionKind, subject: str, now: datetime, at_edge: AtEdge = AtEdge.UNTAGGED
    ) -> Deletion:
        """One that begins at once."""
        return cls(kind, subject, now, now, at_edge)

    @property
    def name(self) -> str:
        """Names it among the user's rows."""
        return f"{deletion_names(self.kind)}{self.subject}"

    def next_look(self, now: datetime, upload_time: timedelta) -> datetime | None:
        """When to look once more, now that everything is gone; None if never again.

        Args:
            upload_time: how long a function that ran at the beginning may have uploaded.
        """
        match self.kind:
            case DeletionKind.IMAGE | DeletionKind.LINE | DeletionKind.SHARE:
                looks = []
            case DeletionKind.CHAT:
                looks = [self.begun_at + KEPT_FOR]
            case DeletionKind.ACCOUNT:
                looks = [self.begun_at + upload_time, quota.resets_at(self.begun_at)]
        return min((look for look in looks if look > now), default=None)


def of_picture(image: Image, now: datetime) -> Deletion:
    """A picture that people have seen."""
    at_edge = AtEdge.TAGGED if image.tagged else AtEdge.UNTAGGED
    return Deletion.now(DeletionKind.IMAGE, image.id, now, at_edge)


def line_subject(chat_id: str, line: str) -> str:
    """The subject of a line's deletion."""
    return f"{chat_id}#{line}"


def chat_and_line(subject: str) -> tuple[str, str]:
    """What `line_subject` was made of."""
    chat_id, _, line = subject.partition("#")
    return chat_id, line


def late_uploads(job_id: str, now: datetime, due_at: datetime) -> Deletion:
    """A picture nobody will see, to be removed once nobody can be uploading it any more."""
    return Deletion(DeletionKind.IMAGE, job_id, now, due_at, AtEdge.NOTHING)


def deletion_names(kind: DeletionKind) -> str:
    """What the names of all deletions of a kind begin with."""
    return f"{_PREFIX}{kind.value}#"


def is_deletion(name: str) -> bool:
    """Whether a name is a deletion's, not a job's."""
    return name.startswith(_PREFIX)


def kind_and_subject(name: str) -> tuple[DeletionKind, str]:
    """What `Deletion.name` was made of."""
    kind, _, subject = name.removeprefix(_PREFIX).partition("#")
    return DeletionKind(kind), subject

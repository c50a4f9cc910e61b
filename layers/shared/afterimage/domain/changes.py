"""What one transaction may do, as plain values, each with the condition that guards it.

Every adapter of `ports.channel.ChannelStore` applies the changes of a transition, all or none, and
moves `seq` with them. A condition makes its change harmless when it is repeated after an
unknown outcome. All of them stand here: what can be written beside what is read off one list.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from afterimage.domain.chats import Chat
from afterimage.domain.deletions import Deletion
from afterimage.domain.events import Event
from afterimage.domain.images import Image
from afterimage.domain.jobs import Job
from afterimage.domain.limits import ModelKind
from afterimage.domain.messages import Message
from afterimage.domain.shares import Share, SharedPicture
from afterimage.domain.stock import StockPicture
from afterimage.domain.uploads import Upload
from afterimage.domain.web_push import Subscription


@dataclass(frozen=True)
class InsertMessage:
    """Holds if no message with this id exists."""

    message: Message


@dataclass(frozen=True)
class ReplaceMessage:
    """Holds if the stored version is `read_version` and the chat is not being deleted."""

    message: Message
    read_version: int


@dataclass(frozen=True)
class TouchChat:
    """Creates or updates, never replaces. Holds unless the chat is being deleted.

    Attributes:
        is_new: it only creates, and holds only if there is no such chat.
        line: its last line from now on; None leaves it as it is.
        is_last: it holds only if `line` is its last one already, as in `CheckLastLine`.
    """

    chat_id: str
    title: str
    at: datetime
    is_new: bool = False
    line: str | None = None
    is_last: bool = False


@dataclass(frozen=True)
class CheckLastLine:
    """Changes nothing. Holds if this is the last line of a chat that is not being deleted.

    Where the chat does not say which one is, it is enough that somebody has looked.
    """

    chat_id: str
    line: str


@dataclass(frozen=True)
class ForgetLine:
    """A chat's last line and title once a line of it is deleted.

    Holds if the chat is not being deleted, and both are as they were read.
    """

    read: Chat
    left: Chat


@dataclass(frozen=True)
class EditChat:
    """What a person wants a chat to be. Holds if it exists and is not being deleted.

    Attributes:
        title: None leaves it as it is, and so does `pinned`.
    """

    chat_id: str
    title: str | None = None
    pinned: bool | None = None


@dataclass(frozen=True)
class NameChat:
    """A model's title in place of the first words.

    Holds if the chat exists, is not being deleted, and nobody has given it a title yet.
    """

    chat_id: str
    title: str


@dataclass(frozen=True)
class PinChat:
    """The user's list of pinned chats names it. Holds while fewer than `limit` are, or it is."""

    chat_id: str
    limit: int


@dataclass(frozen=True)
class UnpinChat:
    """The list names it no more. Holds if there is such a list."""

    chat_id: str


@dataclass(frozen=True)
class CountMessage:
    """Holds while fewer than `limit` messages were sent on `day` (`YYYY-MM-DD`)."""

    day: str
    limit: int


@dataclass(frozen=True)
class ReserveImage:
    """Holds while `number` more pictures fit among the `limit` reserved or painted on `day`.

    A transition has at most one for each day, as it has of the three that follow.
    """

    day: str
    limit: int
    number: int = 1


@dataclass(frozen=True)
class RefundImage:
    """Gives back pictures of `day`. Holds if as many were taken."""

    day: str
    number: int = 1


@dataclass(frozen=True)
class CountCall:
    """Calls of a model. Holds while `number` more fit among the `limit` counted on `day`."""

    model: ModelKind
    day: str
    limit: int
    number: int = 1


@dataclass(frozen=True)
class ReturnCall:
    """Gives back calls of `day` that were not made. Holds if as many were counted."""

    model: ModelKind
    day: str
    number: int = 1


@dataclass(frozen=True)
class InsertJob:
    """Holds if no job with this id exists."""

    job: Job


@dataclass(frozen=True)
class MoveJob:
    """A move of `job_life`. Holds if the job still has `before`'s status and attempt."""

    before: Job
    after: Job


@dataclass(frozen=True)
class InsertImage:
    """Holds if no picture with this id exists."""

    image: Image


@dataclass(frozen=True)
class InsertUpload:
    """Holds if neither an upload nor a job has this id, or has ever had it."""

    upload: Upload


@dataclass(frozen=True)
class MoveUpload:
    """Holds if the upload still has `before`'s status and time."""

    before: Upload
    after: Upload


@dataclass(frozen=True)
class CountUpload:
    """Holds while fewer than `limit` pictures were brought on `day` (`YYYY-MM-DD`)."""

    day: str
    limit: int


@dataclass(frozen=True)
class CountShare:
    """Holds while fewer than `limit` links were made on `day` (`YYYY-MM-DD`)."""

    day: str
    limit: int


@dataclass(frozen=True)
class CheckNoImage:
    """Changes nothing. Holds if no picture with this id exists."""

    image_id: str


@dataclass(frozen=True)
class CheckImage:
    """Changes nothing. Holds if this picture is in the gallery."""

    image_id: str


@dataclass(frozen=True)
class SpendStock:
    """A picture of the stock is handed over. Holds if it is still taken for the same message."""

    taken: StockPicture


@dataclass(frozen=True)
class KeepSubscription:
    """A browser is told by Web Push from now on. Always holds; the same endpoint is one."""

    subscription: Subscription


@dataclass(frozen=True)
class CloseChat:
    """Marks a chat as being deleted and empties its row. Holds if it exists and has no mark."""

    chat_id: str


@dataclass(frozen=True)
class CloseAccount:
    """Empties the user's counter row and marks it as deleted; it goes at `until`.

    No later transaction of this user holds.
    """

    at: datetime
    until: datetime


@dataclass(frozen=True)
class CorrectOpen:
    """Writes the number of open answers. Holds while it is still `was`, and `seq` as read."""

    was: int
    counted: int


@dataclass(frozen=True)
class BeginDeletion:
    """Notes what the keeper has to finish. Holds, as it stands beside what marks.

    Attributes:
        noted: it holds only while what is noted under its name is due then.
    """

    deletion: Deletion
    noted: datetime | None = None


@dataclass(frozen=True)
class RemoveMessage:
    """Holds if the stored version is the message's."""

    message: Message


@dataclass(frozen=True)
class RemoveJob:
    """Holds if the job still has this status and attempt."""

    job: Job


@dataclass(frozen=True)
class RemoveImage:
    """Holds if the picture is in the gallery and shared as its owner has seen it."""

    image_id: str
    share: Share | None = None


@dataclass(frozen=True)
class ClaimShare:
    """Takes the next number of a picture's sharings. Holds if it is the next."""

    image_id: str
    number: int


@dataclass(frozen=True)
class SetShare:
    """Shares a picture, shares it otherwise, or (None) no more.

    Holds if it is in the gallery and still shared as `was` says.
    """

    image_id: str
    was: Share | None
    share: Share | None


@dataclass(frozen=True)
class ShowShared:
    """Lets everybody with the link see it. Always holds: it stands beside `SetShare`."""

    picture: SharedPicture


@dataclass(frozen=True)
class HideShared:
    """Lets nobody see it any more, also where nobody could.

    Attributes:
        name: of the `SharedPicture`.
    """

    name: str


Change = (
    InsertMessage
    | ReplaceMessage
    | TouchChat
    | EditChat
    | NameChat
    | PinChat
    | UnpinChat
    | CheckLastLine
    | ForgetLine
    | CountMessage
    | ReserveImage
    | RefundImage
    | CountCall
    | ReturnCall
    | InsertJob
    | MoveJob
    | InsertImage
    | InsertUpload
    | MoveUpload
    | CountUpload
    | CountShare
    | CheckNoImage
    | CheckImage
    | SpendStock
    | KeepSubscription
    | CloseChat
    | CloseAccount
    | CorrectOpen
    | BeginDeletion
    | RemoveMessage
    | RemoveJob
    | RemoveImage
    | ClaimShare
    | SetShare
    | ShowShared
    | HideShared
)

# Those that count against a day's limit.
Counting = CountMessage | ReserveImage | CountCall


@dataclass(frozen=True)
class Transition:
    """One transaction: changes, the events that tell of them, and what it opens or closes.

    Attributes:
        opens: by how much the number of open messages moves.
        open_limit: the number it must not exceed.
        along: changes that others make use of the occasion for. Where the condition of one does not
            hold, nothing is decided: the race is lost, and a newer read shows what can be made.
        forgets: jobs that stand in the user's queue and have ended all the same.
    """

    changes: tuple[Change, ...]
    events: tuple[Event, ...]
    opens: int = 0
    open_limit: int | None = None
    along: tuple[Change, ...] = ()
    forgets: frozenset[str] = frozenset()

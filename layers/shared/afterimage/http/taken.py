"""What the routes take: models of bodies, paths and queries, by which requests are validated."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from afterimage.domain.aspect_ratios import AspectRatio
from afterimage.domain.ids import ULID_PATTERN
from afterimage.domain.image_sizes import ImageSize
from afterimage.domain.limits import MOST_PICTURES, MOST_PINNED
from afterimage.domain.words import is_blank
from afterimage.whole_numbers import WHOLE

MAX_TEXT = 8_000  # characters
MAX_PROMPT = 2_000  # characters
MAX_TITLE = 200  # characters
MAX_ATTACHMENTS = 4
MAX_ENDPOINT = 2_000  # characters
MAX_FILE = 4_500_000  # bytes; in base64 they leave Lambda's event 290 KB for everything else
# The time and the id of the last chat of a page, and marks of those that were pinned on the first.
_CHATS_CURSOR = (
    r"^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{3}Z~[A-Za-z0-9_-]{1,64}"
    rf"(~([A-Za-z0-9_-]{{8}}){{1,{MOST_PINNED}}})?$"
)
# The same of a search, with the last message that it has seen.
_SEARCH_CURSOR = (
    r"^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{3}Z~[A-Za-z0-9_-]{1,64}"
    rf"~{ULID_PATTERN}$"
)
# The kind and the place of the last row.
_EXPORT_CURSOR = (
    rf"^(chats~[A-Za-z0-9_-]{{1,64}}|(messages~[A-Za-z0-9_-]{{1,64}}|images)~{ULID_PATTERN}"
    r"|ledger~[A-Za-z0-9_#-]{1,64})$"
)


def _each_once(ids: list[str]) -> list[str]:
    if len(set(ids)) < len(ids):
        raise ValueError("names one twice")
    return ids


def _storable(text: str) -> str:
    text.encode()  # a lone surrogate is no text
    return text


def _visible(text: str) -> str:
    if is_blank(text):
        raise ValueError("must not be blank")
    return text


Ulid = Annotated[str, StringConstraints(pattern=f"^{ULID_PATTERN}$")]
ChatId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

# That there is more than white space, as a schema can say it.
_NOT_BLANK = Field(json_schema_extra={"pattern": r"\S"})
Limit = Annotated[int, Field(ge=1, le=100)]


class _Strict(BaseModel):
    # Built at first use: a cold start pays only for the models it needs.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class _Body(_Strict):
    model_config = ConfigDict(strict=True)  # a number is no text, and a text is no number


class PostMessage(_Body):
    """A message to be answered.

    Beside `text` everything may be left out, which is the same as null. `id` is the client's ULID,
    made when the message was written; the same id again is the same message, and without one each
    is new. `count` is the number of pictures, where it is one, and `aspect_ratio` their shape; left
    out, the model decides. `image_model` and `image_size` are among those of `image_models` in
    `/config.json`; left out, the first of them, in its smallest size.
    `image_ids` names up to four pictures of the caller's own; without any, `text` must not be
    blank. With `paint` the text is the prompt, of at most 2,000 characters and not blank, and the
    pictures are what it is painted after: no text model is asked. `again` is the id of an answer of
    this chat that has pictures: further ones are painted by its prompt, shape, size, model and
    sources, the text is only shown, and `image_ids` cannot stand beside it. `suggestion_id` says
    which of `GET /suggestions` a chat's first question is; one that is not known is ignored.
    `replaces` is the id of a question of the chat's last line whose answer has ended: this one is
    asked in its place, and takes nothing over from it.
    """

    id: Ulid | None = None
    text: Annotated[str, StringConstraints(max_length=MAX_TEXT), AfterValidator(_storable)]
    aspect_ratio: AspectRatio | None = None
    count: Annotated[int, Field(ge=1, le=MOST_PICTURES), WHOLE] | None = None
    image_ids: (
        Annotated[
            list[Ulid],
            Field(max_length=MAX_ATTACHMENTS, json_schema_extra={"uniqueItems": True}),
            AfterValidator(_each_once),
        ]
        | None
    ) = None
    image_size: ImageSize | None = None
    image_model: Annotated[str, StringConstraints(max_length=32)] | None = None
    paint: bool | None = None
    again: Ulid | None = None
    suggestion_id: Annotated[str, StringConstraints(max_length=64)] | None = None
    replaces: Ulid | None = None

    @property
    def paints(self) -> bool:
        """Whether no text model is asked."""
        return bool(self.paint) or self.again is not None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (not self.image_ids or self.paints) and is_blank(self.text):
            raise ValueError("text: must not be blank")
        if self.again is not None and self.image_ids:
            raise ValueError("again takes no image_ids")
        if self.replaces is not None and self.replaces == self.id:
            raise ValueError("replaces names another message")
        if self.paint and self.again is None and len(self.text) > MAX_PROMPT:
            raise ValueError(f"a prompt has at most {MAX_PROMPT:,} characters")
        return self


class MessageVersion(_Body):
    """The version of a message that somebody saw when they clicked."""

    version: Annotated[int, Field(ge=1, le=2**53), WHOLE]


class ChatEdit(_Body):
    """What is to be different; what is left out, which is the same as null, stays. One is named."""

    title: (
        Annotated[
            str,
            StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TITLE),
            _NOT_BLANK,
            AfterValidator(_storable),
            AfterValidator(_visible),
        ]
        | None
    ) = None
    pinned: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.title is None and self.pinned is None:
            raise ValueError("it names neither title nor pinned")
        return self


# Base64url; at the end there may be padding.
P256dh = Annotated[str, StringConstraints(pattern=r"^B[A-Za-z0-9_-]{86}=?$")]
PushAuth = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}(==)?$")]
Endpoint = Annotated[
    str, StringConstraints(max_length=MAX_ENDPOINT, pattern=r"^https?://[\x21-\x7e]+$")
]


class SubscriptionKeys(_Body):
    """What a push to this browser is encrypted with."""

    p256dh: P256dh
    auth: PushAuth


class PutSubscription(_Body):
    """A browser's push subscription, as its `toJSON()` gives it.

    The endpoint is https and of a push service that is used here. `expirationTime` says nothing
    here: a subscription ends when its push service says so.
    """

    endpoint: Endpoint
    keys: SubscriptionKeys
    expirationTime: Annotated[float, Field(ge=0, lt=2**53)] | None = None  # noqa: N815 - the browsers'


class DeleteSubscription(_Body):
    endpoint: Endpoint


class ShareImage(_Body):
    """How a picture is to be shared; all of it may be left out, which is the same as null.

    With `prompt` the page shows the prompt, too; left out, it does not. `days` says how long the
    link lasts from now on; left out, 7.
    """

    prompt: bool | None = None
    days: Annotated[int, Field(ge=1, le=30), WHOLE] | None = None


class ChatPath(_Strict):
    chat_id: ChatId


class MessagePath(ChatPath):
    message_id: Ulid


class ImagePath(_Strict):
    image_id: Ulid


class SharePath(_Strict):
    token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]


class _PageQuery(_Strict):
    limit: Limit = 50


class ChatsQuery(_PageQuery):
    cursor: Annotated[str, StringConstraints(pattern=_CHATS_CURSOR)] | None = None


class MessagesQuery(_PageQuery):
    cursor: Ulid | None = None
    around: Ulid | None = None


class ImagesQuery(_PageQuery):
    cursor: Ulid | None = None
    origin: Literal["painted", "upload"] | None = None
    q: Annotated[str, StringConstraints(max_length=200)] | None = None


class SearchQuery(_Strict):
    q: Annotated[str, StringConstraints(min_length=1, max_length=200), _NOT_BLANK]
    cursor: Annotated[str, StringConstraints(pattern=_SEARCH_CURSOR)] | None = None


class SharesQuery(_PageQuery):
    cursor: Ulid | None = None


class ExportQuery(_Strict):
    cursor: Annotated[str, StringConstraints(pattern=_EXPORT_CURSOR)] | None = None


class EventsQuery(_Strict):
    after: Annotated[int, Field(ge=0, le=2**53)] | None = None

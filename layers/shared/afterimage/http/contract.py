"""The HTTP API in one table: what every route takes and answers.

Requests are validated by these models, handlers are looked up by these routes, and
`/openapi.json` is written from both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from typing_extensions import TypedDict

from afterimage.domain.aspect_ratios import AspectRatio
from afterimage.domain.ids import ULID_PATTERN
from afterimage.domain.image_sizes import ImageSize
from afterimage.domain.ledger import EntryKind
from afterimage.domain.limits import MOST_PICTURES, MOST_PINNED
from afterimage.frames import BroadcastFrame
from afterimage.http.image_models import ImageModelView
from afterimage.views import ChatView, DeletionView, ImageView, MessageView, SuggestionView
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


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _each_once(ids: list[str]) -> list[str]:
    if len(set(ids)) < len(ids):
        raise ValueError("each only once")
    return ids


def _storable(text: str) -> str:
    text.encode()  # a lone surrogate is no text
    return text


Ulid = Annotated[str, StringConstraints(pattern=f"^{ULID_PATTERN}$")]
ChatId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
# What `_not_blank` and `strip_whitespace` refuse, as a schema can say it.
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
        if not self.image_ids or self.paints:
            _not_blank(self.text)
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
        ]
        | None
    ) = None
    pinned: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.title is None and self.pinned is None:
            raise ValueError("title or pinned")
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


class AnswerView(TypedDict):
    success: bool
    message: str
    skip_message_creation: bool
    user_message: MessageView
    assistant_message: MessageView


class AssistantMessageView(TypedDict):
    assistant_message: MessageView


class MessagesView(TypedDict):
    messages: list[MessageView]
    next_cursor: str | None


class StandingView(TypedDict):
    """The question that stands, and its answer."""

    messages: list[MessageView]


class ChatsView(TypedDict):
    chats: list[ChatView]
    next_cursor: str | None


class ImagesView(TypedDict):
    images: list[ImageView]
    next_cursor: str | None


class SearchResultView(TypedDict):
    """A chat whose title has the words, or a message of it (`message`) that has them."""

    chat: ChatView
    message: MessageView | None


class SearchView(TypedDict):
    results: list[SearchResultView]
    next_cursor: str | None


class LedgerView(TypedDict):
    """A picture that was painted or brought, or what a day has counted (`used`); what its kind does
    not have is null. `pictures` is what it took of the day's limit."""

    id: str
    kind: EntryKind
    created_at: str | None
    ended_at: str | None
    status: str | None
    chat_id: str | None
    message_id: str | None
    prompt: str | None
    model: str | None
    image_size: str | None
    pictures: int | None
    cost_usd: str | None
    error_code: str | None
    sha256: str | None
    used: int | None


class ExportView(TypedDict):
    chats: list[ChatView]
    messages: list[MessageView]
    images: list[ImageView]
    ledger: list[LedgerView]
    next_cursor: str | None


class UploadView(TypedDict):
    image: ImageView


class DownloadView(TypedDict):
    url: str
    expires_in: int


class ShareView(TypedDict):
    """A link to a picture; `prompt` says whether the prompt is shown as well."""

    url: str
    expires_at: str
    prompt: bool


class SharedImageView(ShareView):
    image: ImageView


class SharesView(TypedDict):
    shares: list[SharedImageView]
    next_cursor: str | None


class SuggestionsView(TypedDict):
    suggestions: list[SuggestionView]


class UsageView(TypedDict):
    limit: int
    used: int
    resets_at: str
    message_limit: int
    messages_used: int
    upload_limit: int
    uploads_used: int
    provider_calls: int
    provider_call_limit: int
    text_calls: int
    text_call_limit: int
    painting: int
    painting_limit: int
    cost_usd: str
    typical_ms: int | None
    typical_ms_by_model: dict[str, int | None]


class TicketView(TypedDict):
    url: str
    expires_in: int


class EventsView(TypedDict):
    events: list[BroadcastFrame]
    seq: int
    reset: bool


class ConfigView(TypedDict):
    issuer: str
    client_id: str
    audience: str
    scope: str
    public_url: str
    websocket_url: str
    max_text_length: int
    image_models: list[ImageModelView]
    push_public_key: str | None


class ErrorBody(TypedDict):
    """`server_time` comes with `clock_skew`."""

    code: str
    message: str
    retry_after: int | None
    server_time: NotRequired[str]


class ErrorView(TypedDict):
    """Every refusal: ours has `error`; what API Gateway answers by itself has `message` alone."""

    error: NotRequired[ErrorBody]
    message: NotRequired[str]


@dataclass(frozen=True, eq=False)
class Route:
    """One route of the HTTP API.

    Attributes:
        path: as in template.yaml, e.g. `/chats/{chat_id}/messages`.
        answers: type of the body by status.
        file: media types of a body that is a file; empty if it is none.
        errors: codes of refusals beside `unauthorized` and `invalid`.
        public: whether it is served without a token, and to HEAD as well.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    summary: str
    answers: dict[int, Any]
    body: type[BaseModel] | None = None
    file: tuple[str, ...] = ()
    parameters: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    errors: tuple[str, ...] = ()
    public: bool = False

    @property
    def key(self) -> str:
        """API Gateway's routeKey."""
        return f"{self.method} {self.path}"


POST_MESSAGE = Route(
    "POST",
    "/chats/{chat_id}/messages",
    "Send a message; it is answered with text, or a picture is started.",
    {200: AnswerView, 202: AnswerView},
    body=PostMessage,
    parameters=ChatPath,
    errors=(
        "clock_skew",
        "id_reused",
        "chat_deleted",
        "not_last",
        "not_ended",
        "too_many_open",
        "message_limit",
        "provider_limit",
        "busy",
    ),
)
CANCEL_MESSAGE = Route(
    "POST",
    "/chats/{chat_id}/messages/{message_id}/cancel",
    "Stop waiting for an answer; at another version the message as it stands.",
    {200: AssistantMessageView},
    body=MessageVersion,
    parameters=MessagePath,
    errors=("not_found", "not_running", "busy"),
)
RETRY_MESSAGE = Route(
    "POST",
    "/chats/{chat_id}/messages/{message_id}/retry",
    "Try a failed or cancelled answer again; at another version the message as it stands.",
    {200: AssistantMessageView},
    body=MessageVersion,
    parameters=MessagePath,
    errors=(
        "not_found",
        "not_failed",
        "retry_limit",
        "too_many_open",
        "message_limit",
        "provider_limit",
        "busy",
    ),
)
CHOOSE_VERSION = Route(
    "PUT",
    "/chats/{chat_id}/messages/{message_id}/stands",
    "Have this version of the chat's last question stand, with its answer; again is once.",
    {200: StandingView},
    parameters=MessagePath,
    errors=("not_found", "not_last", "busy"),
)
DELETE_QUESTION = Route(
    "DELETE",
    "/chats/{chat_id}/messages/{message_id}",
    "Delete a question with its answer, their versions and pictures; the same if there is none.",
    {204: None},
    parameters=MessagePath,
    errors=("not_found", "busy"),
)
LIST_MESSAGES = Route(
    "GET",
    "/chats/{chat_id}/messages",
    "Messages of a chat, newest first.",
    {200: MessagesView},
    parameters=ChatPath,
    query=MessagesQuery,
)
GET_MESSAGE = Route(
    "GET",
    "/chats/{chat_id}/messages/{message_id}",
    "One message, with freshly signed URLs.",
    {200: MessageView},
    parameters=MessagePath,
    errors=("not_found",),
)
LIST_CHATS = Route(
    "GET",
    "/chats",
    "Chats: those that are pinned, all on the first page, then the others, the latest changed "
    "first.",
    {200: ChatsView},
    query=ChatsQuery,
)
EDIT_CHAT = Route(
    "PATCH",
    "/chats/{chat_id}",
    "Give a chat another title, pin it, or unpin it.",
    {200: ChatView},
    body=ChatEdit,
    parameters=ChatPath,
    errors=("not_found", "pin_limit", "busy"),
)
DELETE_CHAT = Route(
    "DELETE",
    "/chats/{chat_id}",
    "Delete a chat with all its messages and pictures; the same if there is none.",
    {204: None},
    parameters=ChatPath,
)
SEARCH = Route(
    "GET",
    "/search",
    "Titles and messages of one's own that have all words of `q`; the newest chats first.",
    {200: SearchView},
    query=SearchQuery,
)
LIST_IMAGES = Route(
    "GET",
    "/images",
    "The gallery, newest first; `q` searches the prompts.",
    {200: ImagesView},
    query=ImagesQuery,
)
GET_IMAGE = Route(
    "GET",
    "/images/{image_id}",
    "One picture, with freshly signed URLs.",
    {200: ImageView},
    parameters=ImagePath,
    errors=("not_found",),
)
GET_ORIGINAL = Route(
    "GET",
    "/images/{image_id}/original",
    "An address, for five minutes, that downloads the picture as it was stored first.",
    {200: DownloadView},
    parameters=ImagePath,
    errors=("not_found",),
)
PUT_IMAGE = Route(
    "PUT",
    "/images/{image_id}",
    "Bring a picture of at most 4,500,000 bytes; the same again is answered with the same picture.",
    {200: UploadView, 201: UploadView},
    file=("image/jpeg", "image/png", "image/webp"),
    parameters=ImagePath,
    errors=(
        "clock_skew",
        "id_reused",
        "image_deleted",
        "too_large",
        "upload_limit",
        "busy",
    ),
)
DELETE_IMAGE = Route(
    "DELETE",
    "/images/{image_id}",
    "Delete a picture; its message stays. The same if there is none.",
    {204: None},
    parameters=ImagePath,
)
SHARE_IMAGE = Route(
    "PUT",
    "/images/{image_id}/share",
    "Make a link to a picture, for whoever has it; there is one, and asked again it lasts longer.",
    {200: ShareView},
    body=ShareImage,
    parameters=ImagePath,
    errors=("not_found", "busy"),
)
UNSHARE_IMAGE = Route(
    "DELETE",
    "/images/{image_id}/share",
    "Take the link to a picture back; the same if there is none.",
    {204: None},
    parameters=ImagePath,
    errors=("busy",),
)
LIST_SHARES = Route(
    "GET",
    "/shares",
    "Pictures with a link, the newest first.",
    {200: SharesView},
    query=SharesQuery,
)
GET_SHARED = Route(
    "GET",
    "/s/{token}",
    "A page that shows the picture of a link; one sentence (404) where there is none, or no more.",
    {200: str, 404: str, 503: str},
    parameters=SharePath,
    public=True,
)
LIST_SUGGESTIONS = Route(
    "GET",
    "/suggestions",
    "What may be asked, each with a sample; of those that are `ready` a picture is there at once.",
    {200: SuggestionsView},
)
GET_USAGE = Route("GET", "/usage", "Today's limits and what of them is used.", {200: UsageView})
ISSUE_TICKET = Route(
    "POST",
    "/realtime/tickets",
    "A one-time ticket for a WebSocket connection.",
    {200: TicketView},
)
LIST_EVENTS = Route(
    "GET",
    "/realtime/events",
    "Missed events, as the WebSocket would replay them; without `after` only where it stands.",
    {200: EventsView},
    query=EventsQuery,
)
PUT_SUBSCRIPTION = Route(
    "PUT",
    "/push/subscription",
    "Tell this browser by Web Push when an answer has ended; of more than ten the oldest go.",
    {204: None},
    body=PutSubscription,
    errors=("busy",),
)
DELETE_SUBSCRIPTION = Route(
    "DELETE",
    "/push/subscription",
    "Tell this browser no longer; the same if it was not told.",
    {204: None},
    body=DeleteSubscription,
)
EXPORT_ME = Route(
    "GET",
    "/me/export",
    "Everything of one's own, page by page: chats, their messages, pictures, the ledger.",
    {200: ExportView},
    query=ExportQuery,
)
DELETE_ME = Route(
    "DELETE",
    "/me",
    "Delete everything of the caller; again is the same as once.",
    {202: DeletionView},
)
GET_PAGE = Route("GET", "/", "The chat page.", {200: str, 304: None}, public=True)
GET_STATIC_FILE = Route(
    "GET",
    "/static/{proxy+}",
    "A file of the chat page.",
    {200: str, 304: None},
    errors=("not_found",),
    public=True,
)
GET_ICON = Route(
    "GET",
    "/favicon.ico",
    "The page's icon, for whoever asks for none by name.",
    {200: str, 304: None},
    public=True,
)
GET_ROBOTS = Route(
    "GET",
    "/robots.txt",
    "What search engines may read: the page, and nothing of the API.",
    {200: str, 304: None},
    public=True,
)
GET_CONFIG = Route(
    "GET",
    "/config.json",
    "What a page needs to sign in and connect.",
    {200: ConfigView},
    public=True,
)
GET_OPENAPI = Route("GET", "/openapi.json", "This description.", {200: dict[str, Any]}, public=True)
GET_ASYNCAPI = Route(
    "GET", "/asyncapi.json", "The WebSocket's description.", {200: dict[str, Any]}, public=True
)

ROUTES = (
    POST_MESSAGE,
    CANCEL_MESSAGE,
    RETRY_MESSAGE,
    CHOOSE_VERSION,
    DELETE_QUESTION,
    LIST_MESSAGES,
    GET_MESSAGE,
    LIST_CHATS,
    EDIT_CHAT,
    DELETE_CHAT,
    SEARCH,
    LIST_IMAGES,
    GET_IMAGE,
    GET_ORIGINAL,
    PUT_IMAGE,
    DELETE_IMAGE,
    SHARE_IMAGE,
    UNSHARE_IMAGE,
    LIST_SHARES,
    LIST_SUGGESTIONS,
    GET_USAGE,
    ISSUE_TICKET,
    LIST_EVENTS,
    PUT_SUBSCRIPTION,
    DELETE_SUBSCRIPTION,
    EXPORT_ME,
    DELETE_ME,
    GET_PAGE,
    GET_SHARED,
    GET_STATIC_FILE,
    GET_ICON,
    GET_ROBOTS,
    GET_CONFIG,
    GET_OPENAPI,
    GET_ASYNCAPI,
)

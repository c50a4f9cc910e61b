"""The HTTP API in one table: what every route takes and answers.

Handlers are looked up by these routes, and `/openapi.json` is written from them and their models.
It is as long as the API has routes: one place where all of them are seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from afterimage.http.answers import (
    AnswerView,
    AssistantMessageView,
    ChatsView,
    ConfigView,
    DownloadView,
    EventsView,
    ExportView,
    ImagesView,
    MessagesView,
    SearchView,
    SharesView,
    ShareView,
    StandingView,
    SuggestionsView,
    TicketView,
    UploadView,
    UsageView,
)
from afterimage.http.taken import (
    ChatEdit,
    ChatPath,
    ChatsQuery,
    DeleteSubscription,
    EventsQuery,
    ExportQuery,
    ImagePath,
    ImagesQuery,
    MessagePath,
    MessagesQuery,
    MessageVersion,
    PostMessage,
    PutSubscription,
    SearchQuery,
    ShareImage,
    SharePath,
    SharesQuery,
)
from afterimage.views import ChatView, DeletionView, ImageView, MessageView


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
    errors=("not_found", "share_limit", "busy"),
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

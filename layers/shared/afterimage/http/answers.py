"""What the routes answer with, refusals included, beside `afterimage.views`."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from afterimage.domain.ledger import EntryKind
from afterimage.frames import BroadcastFrame
from afterimage.http.image_models import ImageModelView
from afterimage.views import ChatView, ImageView, MessageView, SuggestionView


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

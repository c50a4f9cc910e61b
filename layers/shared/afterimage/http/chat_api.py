"""The routes of `chat_api`: parse, one call, map the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from afterimage import frames
from afterimage.channel import UnifiedChannel
from afterimage.domain.channels import Channel
from afterimage.domain.errors import AccountDeleted
from afterimage.domain.images import Image, Origin
from afterimage.domain.messages import Message
from afterimage.http import routes, taken
from afterimage.http.api import Handler, Request, Response
from afterimage.http.routes import Route
from afterimage.http.sizes import fitting
from afterimage.ports.channel import ImageUrls
from afterimage.ports.pictures import DOWNLOAD_LIFETIME
from afterimage.ports.system import Clock
from afterimage.use_cases.cancel_message import CancelMessage
from afterimage.use_cases.choose_version import ChooseVersion
from afterimage.use_cases.delete_account import DeleteAccount
from afterimage.use_cases.delete_chat import DeleteChat
from afterimage.use_cases.delete_image import DeleteImage
from afterimage.use_cases.delete_question import DeleteQuestion
from afterimage.use_cases.download_original import DownloadOriginal
from afterimage.use_cases.edit_chat import EditChat
from afterimage.use_cases.limit_connections import LimitConnections
from afterimage.use_cases.list_chats import ListChats
from afterimage.use_cases.open_connection import TICKET_LIFETIME, Tickets
from afterimage.use_cases.read_chats import (
    Page,
    ReadImages,
    ReadMessages,
    ReadUsage,
    cursor_behind,
)
from afterimage.use_cases.replay_events import ReplayEvents
from afterimage.views import chat_view, image_view, message_view, timestamp

PagedT = TypeVar("PagedT", Message, Image)


@dataclass(frozen=True)
class ChatApiRoutes:
    """`chat_api`'s routes."""

    messages: ReadMessages
    chats: ListChats
    images: ReadImages
    original: DownloadOriginal
    usage: ReadUsage
    edit: EditChat
    cancel: CancelMessage
    choose: ChooseVersion
    delete_question: DeleteQuestion
    delete_image: DeleteImage
    delete_chat: DeleteChat
    delete_account: DeleteAccount
    tickets: Tickets
    limit: LimitConnections
    replay: ReplayEvents
    channel: UnifiedChannel
    urls: ImageUrls
    clock: Clock
    websocket_url: Callable[[], str]
    others: Mapping[Route, Handler]

    def handlers(self) -> dict[Route, Handler]:
        """Each route with what answers it."""
        beside = {
            routes.LIST_MESSAGES: self.list_messages,
            routes.GET_MESSAGE: self.get_message,
            routes.CANCEL_MESSAGE: self.cancel_message,
            routes.CHOOSE_VERSION: self.choose_version,
            routes.DELETE_QUESTION: self.remove_question,
            routes.LIST_CHATS: self.list_chats,
            routes.EDIT_CHAT: self.edit_chat,
            routes.DELETE_CHAT: self.remove_chat,
            routes.LIST_IMAGES: self.list_images,
            routes.GET_IMAGE: self.get_image,
            routes.GET_ORIGINAL: self.get_original,
            routes.DELETE_IMAGE: self.remove_image,
            routes.GET_USAGE: self.get_usage,
            **self.others,
        }
        return {
            **{route: self._admitted(handler) for route, handler in beside.items()},
            routes.ISSUE_TICKET: self.issue_ticket,
            routes.LIST_EVENTS: self.list_events,
            routes.DELETE_ME: self.remove_account,
        }

    def _admitted(self, handler: Handler) -> Handler:
        """Refuses whose account has been deleted, which is asked beside what the handler reads.

        What it changes is refused by the transaction itself.
        """

        def admitted(request: Request) -> Response:
            with self.channel.reading(request.user_id) as known:
                try:
                    response = handler(request)
                except Exception:
                    _refuse_deleted(known.result())
                    raise
            _refuse_deleted(known.result())
            return response

        return admitted

    def list_messages(self, request: Request) -> Response:
        """200 with a page of a chat, newest first. Raises: NotFound (the chat)."""
        chat = request.parameters(taken.ChatPath)
        query = request.query(taken.MessagesQuery)
        page = self.messages.page(
            request.user_id, chat.chat_id, query.limit, query.cursor, query.around
        )
        now = self.clock.now()
        views = [message_view(message, self.urls, now) for message in page.rows]
        newer = sum(message.id > query.around for message in page.rows) if query.around else 0
        return _listed("messages", views, page, middle=newer)

    def get_message(self, request: Request) -> Response:
        """200 with one message, its addresses freshly signed. Raises: NotFound."""
        path = request.parameters(taken.MessagePath)
        message = self.messages.one(request.user_id, path.chat_id, path.message_id)
        return Response(message_view(message, self.urls, self.clock.now()))

    def cancel_message(self, request: Request) -> Response:
        """200 with the answer as cancelled, or as it stands at another version. Raises: Refused."""
        path = request.parameters(taken.MessagePath)
        version = request.body(taken.MessageVersion).version
        message = self.cancel(request.user_id, path.chat_id, path.message_id, version)
        view = message_view(message, self.urls, self.clock.now())
        return Response({"assistant_message": view})

    def choose_version(self, request: Request) -> Response:
        """200 with the pair that stands. Raises: Refused."""
        path = request.parameters(taken.MessagePath)
        pair = self.choose(request.user_id, path.chat_id, path.message_id)
        now = self.clock.now()
        both = [message_view(one, self.urls, now) for one in (pair.question, pair.answer)]
        return Response({"messages": both})

    def remove_question(self, request: Request) -> Response:
        """204, also where there is no such question. Raises: NotFound (it is an answer)."""
        path = request.parameters(taken.MessagePath)
        self.delete_question(request.user_id, path.chat_id, path.message_id)
        return Response(None, 204)

    def list_chats(self, request: Request) -> Response:
        """200 with a page of chats: the pinned, then the last changed first. Raises: Invalid."""
        query = request.query(taken.ChatsQuery)
        page = self.chats.page(request.user_id, query.limit, query.cursor)
        # So many chats always fit an answer.
        chats = [chat_view(chat) for chat in page.rows]
        return Response({"chats": chats, "next_cursor": page.cursor})

    def edit_chat(self, request: Request) -> Response:
        """200 with the chat. Raises: NotFound, PinLimit."""
        chat = request.parameters(taken.ChatPath)
        wanted = request.body(taken.ChatEdit)
        edited = self.edit(request.user_id, chat.chat_id, wanted.title, wanted.pinned)
        return Response(chat_view(edited))

    def remove_chat(self, request: Request) -> Response:
        """204, also where there is no such chat."""
        chat = request.parameters(taken.ChatPath)
        self.delete_chat(request.user_id, chat.chat_id)
        return Response(None, 204)

    def remove_image(self, request: Request) -> Response:
        """204, also where there is no such picture."""
        path = request.parameters(taken.ImagePath)
        self.delete_image(request.user_id, path.image_id)
        return Response(None, 204)

    def remove_account(self, request: Request) -> Response:
        """202, again and again; what is left of it goes within seconds."""
        self.delete_account(request.user_id)
        return Response({}, 202)

    def list_images(self, request: Request) -> Response:
        """200 with a page of the gallery, newest first. Raises: Invalid (the cursor)."""
        query = request.query(taken.ImagesQuery)
        origin = None if query.origin is None else Origin(query.origin)
        page = self.images.page(request.user_id, query.limit, query.cursor, query.q, origin)
        return _listed("images", [image_view(image, self.urls) for image in page.rows], page)

    def get_image(self, request: Request) -> Response:
        """200 with one picture, its addresses freshly signed. Raises: NotFound."""
        path = request.parameters(taken.ImagePath)
        image = self.images.one(request.user_id, path.image_id)
        return Response(image_view(image, self.urls))

    def get_original(self, request: Request) -> Response:
        """200 with an address that downloads what the provider sent. Raises: NotFound."""
        path = request.parameters(taken.ImagePath)
        url = self.original(request.user_id, path.image_id)
        return Response({"url": url, "expires_in": int(DOWNLOAD_LIFETIME.total_seconds())})

    def get_usage(self, request: Request) -> Response:
        """200 with the limits of the UTC day, and what of them is used."""
        usage = self.usage(request.user_id)
        return Response(
            {
                "limit": usage.limit,
                "used": usage.used,
                "resets_at": timestamp(usage.resets_at),
                "message_limit": usage.message_limit,
                "messages_used": usage.messages_used,
                "upload_limit": usage.upload_limit,
                "uploads_used": usage.uploads_used,
                "provider_calls": usage.image_calls,
                "provider_call_limit": usage.image_call_limit,
                "text_calls": usage.text_calls,
                "text_call_limit": usage.text_call_limit,
                "painting": usage.painting,
                "painting_limit": usage.painting_limit,
                "cost_usd": usage.cost_usd,
                "typical_ms": usage.typical_ms,
                "typical_ms_by_model": dict(usage.typical_ms_by_model),
            }
        )

    def issue_ticket(self, request: Request) -> Response:
        """200 with the address of one connection, for 30 seconds."""
        with self.channel.reading(request.user_id) as known:
            self.limit.close_unresumed(request.user_id)
        _refuse_deleted(known.result())
        ticket = self.tickets.issue(request.caller)
        lifetime = int(TICKET_LIFETIME.total_seconds())
        url = f"{self.websocket_url()}?ticket={ticket}"
        return Response({"url": url, "expires_in": lifetime})

    def list_events(self, request: Request) -> Response:
        """200 with missed events, at most 200 and as many as fit an answer."""
        channel = self.channel.read(request.user_id)
        _refuse_deleted(channel)
        query = request.query(taken.EventsQuery)
        replay = self.replay(channel, query.after)
        sent = [frames.as_encoded(frame) for frame in replay.frames]
        events = sent[fitting(sent)]
        seq = replay.seq if len(events) == len(sent) else events[-1]["seq"]
        return Response({"events": events, "seq": seq, "reset": replay.reset})


def _listed(name: str, views: Sequence[object], page: Page[PagedT], middle: int = 0) -> Response:
    """A page as far as one answer holds it, and where the next one begins."""
    fit = fitting(views, middle)
    is_whole = fit.stop == len(views)
    cursor = page.cursor if is_whole else cursor_behind(page.rows[fit.stop - 1])
    return Response({name: views[fit], "next_cursor": cursor})


def _refuse_deleted(channel: Channel) -> None:
    if channel.deleted:
        raise AccountDeleted

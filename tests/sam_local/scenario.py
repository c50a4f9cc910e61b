"""Every event once, in an order in which each finds what it is about, and what each should do.

alice asks for a picture, it is painted in a container, everything about it is read, clicked,
swept and told again, and at last deleted. Somebody else's picture keeps the stack's one slot for
painting busy meanwhile, so that hers waits in the queue until the container takes it.
"""

import json
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from ulid import ULID

from afterimage.domain import ids
from tests.local_stack.testing import RunningStack
from tests.sam_local.events import Recorded
from tests.sam_local.judging import Event, http_problems, policy_problems, same_problems
from tests.support.channel_client import ChannelClient, is_event

USER = "alice"
_PATIENCE = 20.0  # seconds
_READ = (
    "list_messages",
    "list_chats",
    "edit_chat",
    "search",
    "export_me",
    "list_images",
    "list_suggestions",
    "get_usage",
    "issue_ticket",
    "list_events",
    "list_shares",
)
_PAGE = (
    *("get_page", "get_static_file", "get_icon", "get_robots"),
    *("get_config", "get_openapi", "get_asyncapi"),
)


@dataclass(frozen=True)
class Case:
    """One invocation.

    Attributes:
        name: for people, and for whoever asks for its answer.
        event: what the function is given.
        problems: what is wrong with its answer, and with what it did.
    """

    name: str
    recorded: Recorded
    event: Event
    problems: Callable[[Any], list[str]]


Stages = Generator[Sequence[Case], dict[str, Any], None]


class Scenario:
    """One run through all events.

    Args:
        token: of alice, as functions in containers accept it.
    """

    def __init__(self, stack: RunningStack, token: str, recorded: dict[str, Recorded]) -> None:
        self._stack = stack
        self._token = token
        self._recorded = recorded
        self._http = stack.http(USER)
        self._chat_id: str = recorded["post_message"].content()["pathParameters"]["chat_id"]
        self._question_id = ""
        self._message_id = ""
        self._image_id = ""

    def stages(self) -> Stages:
        """Cases that may run side by side, one list after the other.

        It ends early where nothing behind a failure can be told.
        """
        self._keep_painters_busy()
        answers = yield [
            self._asked("post_message", 202),
            *(self._page(name) for name in _PAGE),
            self._as_recorded("post_message"),
            self._denied(),
            self._event("connect", same={"statusCode": 200}),
            self._event("keeper_sweep", same=None),
        ]
        try:
            stored = json.loads(answers["post_message"]["body"])
            self._question_id = stored["user_message"]["id"]
            self._message_id = stored["assistant_message"]["id"]
        except (KeyError, TypeError, ValueError):
            return
        self._image_id = ids.job_id(self._chat_id, self._message_id, 1)
        # Not among the first, who all wait for one processor or two: it has the most to do.
        yield [self._painting(), self._authorized(), self._brought()]
        yield [self._asked(name, 200) for name in _READ]
        with ExitStack() as tabs:
            yield [
                self._of_message("get_message", 200),
                self._of_image("get_image", 200),
                self._of_image("get_original", 200),
                self._of_message("cancel_message", 409, "not_running", version=3),
                self._of_message("retry_message", 409, "not_failed", version=3),
                self._asked("otherwise", 404, "not_found"),
                *self._on_the_channel(tabs),
                self._told_again(tabs),
            ]
        yield [self._of_image("share_image", 200), self._nobodys("get_shared")]
        # A browser that would be told is forgotten before an answer ends.
        yield [self._asked("put_subscription", 204), self._of_image("unshare_image", 204)]
        yield [self._asked("delete_subscription", 204), self._of_question("choose_version", 200)]
        # What nobody has ordered, and what finds nobody to tell.
        yield [
            self._event(name, same=None)
            for name in ("image_generate_stock", "keeper_record_stock", "keeper_push")
        ]
        warm = self._event("warm", same={})
        yield [self._deleted_image(), self._asked("paint_message", 202), warm]
        yield [self._of_question("delete_question", 204)]
        yield [self._deleted_chat()]
        yield [self._event("keeper_deletion", same=None), self._deleted_account()]

    def _keep_painters_busy(self) -> None:
        """Until the stack ends: it paints one picture at a time, and this one never comes."""
        self._stack.gemini(script=[{"on": "image", "hang": True}])
        asked = self._recorded["post_message"].content()["body"]
        other = self._stack.http("bob")
        other.post("/chats/other/messages", json=json.loads(asked)).raise_for_status()
        self._until(lambda: self._stack.gemini()["calls"]["image"] == 1, "nobody paints")

    # --- HTTP -------------------------------------------------------------------------------

    def _asked(self, name: str, status: int, code: str | None = None) -> Case:
        recorded = self._recorded[name]
        event = recorded.content()
        event["headers"]["authorization"] = f"Bearer {self._token}"
        return Case(
            name,
            recorded,
            event,
            lambda answer: http_problems(recorded.route, answer, status, code),
        )

    def _of_message(
        self, name: str, status: int, code: str | None = None, version: int | None = None
    ) -> Case:
        case = self._asked(name, status, code)
        case.event["pathParameters"]["message_id"] = self._message_id
        if version is not None:
            case.event["body"] = json.dumps({"version": version})
        return case

    def _of_question(self, name: str, status: int) -> Case:
        case = self._asked(name, status)
        case.event["pathParameters"]["message_id"] = self._question_id
        return case

    def _of_image(self, name: str, status: int, code: str | None = None) -> Case:
        case = self._asked(name, status, code)
        case.event["pathParameters"]["image_id"] = self._image_id
        return case

    def _brought(self) -> Case:
        """A picture with an id of now, in whose time a client's must be."""
        first, image_id = self._asked("put_image", 201), str(ULID())
        first.event["pathParameters"]["image_id"] = image_id
        # Where the CLI did not wait for the first answer and asked once more.
        again = self._asked("put_image", 200).problems
        case = replace(first, problems=lambda answer: first.problems(answer) and again(answer))
        return self._and(
            case, lambda: self._http.get(f"/images/{image_id}").json().get("origin") == "upload"
        )

    def _page(self, name: str) -> Case:
        recorded = self._recorded[name]
        return Case(
            name,
            recorded,
            recorded.content(),
            lambda answer: http_problems(recorded.route, answer, 200),
        )

    def _nobodys(self, name: str) -> Case:
        """A link as recorded, which is nobody's here."""
        recorded = self._recorded[name]
        return Case(
            name,
            recorded,
            recorded.content(),
            lambda answer: http_problems(recorded.route, answer, 404),
        )

    def _as_recorded(self, name: str) -> Case:
        """With the placeholder that stands where a token should."""
        recorded = self._recorded[name]
        return Case(
            f"{name}, as recorded",
            recorded,
            recorded.content(),
            lambda answer: http_problems(recorded.route, answer, 401, "unauthorized"),
        )

    # --- Jobs and the keeper ----------------------------------------------------------------

    def _event(self, name: str, same: Any) -> Case:
        recorded = self._recorded[name]
        return Case(name, recorded, recorded.content(), lambda answer: same_problems(answer, same))

    def _painting(self) -> Case:
        recorded = self._recorded["image_generate"]
        event = recorded.content() | {"message_id": self._message_id, "job_id": self._image_id}

        def problems(answer: Any) -> list[str]:
            message = self._http.get(f"/chats/{self._chat_id}/messages/{self._message_id}").json()
            found = same_problems(answer, None)
            if message["meta"]["status"] != "complete":
                return [*found, f"the message is {message['meta']['status']}"]
            images = self._http.get("/images").json()["images"]
            image = next((one for one in images if one["id"] == self._image_id), None)
            if image is None:
                return [*found, "it is not in the gallery"]
            picture = self._http.get(image["url"])
            if picture.status_code != 200 or picture.content[8:12] != b"WEBP":
                found.append(f"the picture cannot be fetched: {picture.status_code}")
            return found

        return Case("image_generate", recorded, event, problems)

    def _told_again(self, tabs: ExitStack) -> Case:
        """The record of a crash behind a picture that was stored: its events come again."""
        recorded = self._recorded["keeper_record"]
        event = recorded.content()
        event["requestPayload"] |= {"message_id": self._message_id, "job_id": self._image_id}
        tab = tabs.enter_context(ChannelClient(self._http))
        tab.resumed()

        def problems(answer: Any) -> list[str]:
            frame = tab.until(is_event("image-insert"))
            found = same_problems(frame["payload"]["image"]["id"], self._image_id)
            return [*same_problems(answer, None), *found]

        return Case("keeper_record", recorded, event, problems)

    # --- The channel ------------------------------------------------------------------------

    def _authorized(self) -> Case:
        recorded = self._recorded["authorize"]
        event = recorded.content()
        url: str = self._http.post("/realtime/tickets").raise_for_status().json()["url"]
        event["queryStringParameters"] = {"ticket": url.partition("?ticket=")[2]}
        return Case(
            "authorize", recorded, event, lambda answer: policy_problems(answer, "Allow", event)
        )

    def _denied(self) -> Case:
        recorded = self._recorded["authorize"]
        event = recorded.content()
        return Case(
            "authorize, as recorded",
            recorded,
            event,
            lambda answer: policy_problems(answer, "Deny", event),
        )

    def _on_the_channel(self, tabs: ExitStack) -> list[Case]:
        """Each on a connection of its own, to the running stack."""
        resume = self._on_a_connection(
            "resume",
            tabs,
            lambda tab, _: [] if _replayed(tab) else ["nothing was sent again"],
        )
        resume.event["body"] = json.dumps({"action": "resume", "after": 0})
        ping = self._on_a_connection("ping", tabs, lambda tab, _: [] if _pong(tab) else ["no pong"])
        leave = self._on_a_connection(
            "disconnect",
            tabs,
            lambda _, connection: ["it is not forgotten"] if connection in self._open() else [],
        )
        return [resume, ping, leave]

    def _on_a_connection(
        self, name: str, tabs: ExitStack, effect: Callable[[ChannelClient, str], list[str]]
    ) -> Case:
        before = self._open()
        tab = tabs.enter_context(ChannelClient(self._http))
        tab.resumed()
        [connection] = self._open() - before
        recorded = self._recorded[name]
        event = recorded.content()
        event["requestContext"]["connectionId"] = connection

        def problems(answer: Any) -> list[str]:
            return [*same_problems(answer, {"statusCode": 200}), *effect(tab, connection)]

        return Case(name, recorded, event, problems)

    def _open(self) -> set[str]:
        """Ids of alice's connections."""
        rows = self._stack.aws("dynamodb").query(
            TableName=self._stack.name("ChannelsTable"),
            KeyConditionExpression="user_id = :user AND begins_with(entry, :kind)",
            ExpressionAttributeValues={":user": {"S": USER}, ":kind": {"S": "connection#"}},
            ConsistentRead=True,
        )["Items"]
        return {row["entry"]["S"].removeprefix("connection#") for row in rows}

    # --- Deletions --------------------------------------------------------------------------

    def _deleted_image(self) -> Case:
        case = self._of_image("delete_image", 204)
        return self._and(case, lambda: self._image_id not in self._gallery())

    def _gallery(self) -> list[str]:
        return [image["id"] for image in self._http.get("/images").json()["images"]]

    def _deleted_chat(self) -> Case:
        case = self._asked("delete_chat", 204)
        return self._and(case, lambda: self._http.get("/chats").json()["chats"] == [])

    def _deleted_account(self) -> Case:
        return self._and(self._asked("delete_me", 202), lambda: self._rows() == [])

    def _rows(self) -> list[Any]:
        found: list[Any] = self._stack.aws("dynamodb").query(
            TableName=self._stack.name("ChatsTable"),
            KeyConditionExpression="user_id = :user",
            ExpressionAttributeValues={":user": {"S": USER}},
            ConsistentRead=True,
        )["Items"]
        return found

    def _and(self, case: Case, is_gone: Callable[[], bool]) -> Case:
        def problems(answer: Any) -> list[str]:
            self._until(is_gone, "it is still there")
            return case.problems(answer)

        return Case(case.name, case.recorded, case.event, problems)

    def _until(self, holds: Callable[[], bool], otherwise: str) -> None:
        give_up = time.monotonic() + _PATIENCE
        while not holds():
            if time.monotonic() > give_up:
                raise AssertionError(otherwise)
            time.sleep(0.05)


def _replayed(tab: ChannelClient) -> bool:
    """Whether it was sent everything since the beginning."""
    tab.resumed()
    return {1, 2, 3} <= set(tab.numbers())


def _pong(tab: ChannelClient) -> bool:
    return bool(tab.until(is_event("pong")))

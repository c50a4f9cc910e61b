"""One person's visit: who it is, what is known so far, and what every step of it needs."""

import secrets
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from tests.aws_smoke.deployed import Deployed
from tests.aws_smoke.rows import Skipped, Wrong
from tests.aws_smoke.sign_in import Person
from tests.support.channel_client import ChannelClient, Frame

QUICK_S = 20.0  # for what needs no model and no edge
_CLICKS = 3  # an answer is thought about, painted, and has ended
_ENDS = ("complete", "failed", "cancelled")
Message = dict[str, Any]
Known = TypeVar("Known")


class Visit:
    """A step whose forerunner failed is skipped: what it needs is not known.

    Attributes:
        is_rejected: the provider does not take our calls.
        seq: number of the channel before anything was said.
        used: pictures of the day before the visit.
        answer: to the last message.
        painted: the picture, once it is there.
    """

    def __init__(self, stack: Deployed, person: Person) -> None:
        self.stack = stack
        self.person = person
        self.chat_id = f"smoke-{secrets.token_hex(8)}"
        self.is_signed_in = False
        self.is_rejected = False
        self.is_painting = False
        self.tab: ChannelClient | None = None
        self.posted: Future[httpx.Response] | None = None
        self.asked = ""
        self.asked_at = 0.0
        self.seq = 0
        self.used = 0
        self.answer: Message | None = None
        self.painted: dict[str, Any] | None = None
        self._threads = ThreadPoolExecutor(1)

    def close(self) -> None:
        """Ends the connections."""
        if self.tab is not None:
            self.tab.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def image(self) -> dict[str, Any]:
        """The picture that was painted."""
        return self.needed(self.painted, "no picture was painted")

    def http(self) -> httpx.Client:
        """A client of the HTTP API, with the person's token."""
        if not self.is_signed_in:
            raise Skipped("nobody is signed in")
        return self.stack.http(self.person.signed.token)

    def channel(self) -> ChannelClient:
        """The open socket."""
        return self.needed(self.tab, "there is no socket")

    def channel_of_a_picture(self) -> ChannelClient:
        """The open socket, while a picture is painted or was."""
        self.unless_rejected()
        if not self.is_painting:
            raise Skipped("no picture is painted")
        return self.channel()

    def needed(self, value: Known | None, otherwise: str) -> Known:
        """The value, if the visit got so far; else the step is skipped."""
        if value is None:
            raise Skipped(otherwise)
        return value

    def unless_rejected(self) -> None:
        """Skips the step where the provider takes no call of ours."""
        if self.is_rejected:
            raise Skipped("the provider rejects our calls")

    def ask(self, text: str) -> None:
        """Posts a message; its answer is taken by `response`."""
        http = self.http()
        self.asked, self.asked_at = text, time.monotonic()
        path = f"/chats/{self.chat_id}/messages"
        self.posted = self._threads.submit(http.post, path, json={"text": text})

    def response(self) -> httpx.Response:
        """The answer to the last message that was posted."""
        posted = self.needed(self.posted, "no message was posted")
        return posted.result().raise_for_status()

    def answered(self, text: str) -> Message:
        """Asks; the answer once it has ended, as the socket tells it."""
        tab = self.channel()
        self.ask(text)
        answer_id = tab.until(is_placeholder)["payload"]["message"]["id"]
        ended: Message = tab.until(lambda frame: is_end_of(answer_id, frame))["payload"]["message"]
        self.response()
        return ended

    def waited(self) -> float:
        """Seconds since the last message left."""
        return time.monotonic() - self.asked_at

    def click(self, action: str) -> Message:
        """Cancel or retry, at the version that is seen; the answer as it stands then.

        Raises:
            Skipped: it has ended meanwhile.
        """
        answer = self.needed(self.answer, "there is no answer")
        path = f"/chats/{self.chat_id}/messages/{answer['id']}/{action}"
        said = self.http().post(path, json={"version": answer["version"]})
        if said.status_code == httpx.codes.CONFLICT:
            raise Skipped(f"too late: {said.json()['error']['code']}")
        found: Message = said.raise_for_status().json()["assistant_message"]
        self.answer = found
        return found

    def cancel(self) -> None:
        """Clicks on cancel, and again where the answer was a step further than what was seen."""
        for _ in range(_CLICKS):
            status = self.click("cancel")["meta"]["status"]
            if status == "cancelled":
                return
        raise Wrong(f"the answer is still {status}")

    def not_counted(self, message: Message) -> str:
        """How a message failed that the provider did not take.

        Raises:
            Wrong: it failed for another reason, or was counted.
        """
        error = message["meta"]["error"]
        if error["code"] != "provider_rejected":
            raise Wrong(f"{error['code']}: {error['message']}")
        self.is_rejected = True
        used = self.http().get("/usage").raise_for_status().json()["used"]
        if used != self.used:
            raise Wrong("a message that the provider rejected was counted as a picture")
        return f"provider_rejected, told cleanly and not counted: {error['message']}"

    def key(self, name: str) -> str:
        """S3 key of a file of the picture."""
        path = urlsplit(str(self.image["url"])).path
        return path.removeprefix("/cdn/").rpartition("/")[0] + f"/{name}"

    def files(self) -> list[str]:
        """Keys of what the bucket holds of the picture."""
        listed = self.stack.aws("s3").list_objects_v2(
            Bucket=self.stack.resource("ImagesBucket"), Prefix=self.key("")
        )
        return [found["Key"] for found in listed.get("Contents", [])]


def is_placeholder(frame: Frame) -> bool:
    """Whether an answer has begun."""
    is_insert: bool = frame["event"] == "message-insert"
    return is_insert and frame["payload"]["message"]["role"] == "assistant"


def is_end_of(answer_id: str, frame: Frame) -> bool:
    """Whether that answer has ended."""
    return is_end(frame) and frame["payload"]["message"]["id"] == answer_id


def is_end(frame: Frame) -> bool:
    """Whether an answer has ended."""
    is_update: bool = frame["event"] == "message-update"
    return is_update and frame["payload"]["message"]["meta"]["status"] in _ENDS

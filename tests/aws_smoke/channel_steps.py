"""The channel: a ticket, a socket, and that its ends are noticed."""

import time
from collections.abc import Iterator

import jwt
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.aws_smoke.deployed import eventually
from tests.aws_smoke.rows import Check, Wrong
from tests.aws_smoke.visit import QUICK_S, Visit
from tests.support.channel_client import ChannelClient, is_event


class ChannelSteps:
    """How a client gets its events."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit

    def checks(self) -> Iterator[Check]:
        """In the order of the visit."""
        yield Check("client: signed in", self.signed_in)
        yield Check("client: a ticket for the channel", self.ticket)
        yield Check("client: socket, resume", self.socket)
        yield Check("client: a ticket opens one socket only", self.ticket_is_spent)
        yield Check("client: ping over the socket", self.ping)
        yield Check("client: a closed socket is forgotten", self.closed_socket)

    def signed_in(self) -> str:
        """GET /usage with the token."""
        signed = self._visit.person.signed
        usage = self._visit.stack.http(signed.token).get("/usage").raise_for_status().json()
        self._visit.is_signed_in, self._visit.used = True, usage["used"]
        return signed.how

    def ticket(self) -> str:
        """POST /realtime/tickets."""
        said = self._visit.http().post("/realtime/tickets").raise_for_status().json()
        wanted = self._visit.stack.config["websocket_url"]
        if not said["url"].startswith(f"{wanted}?"):
            raise Wrong(f"for {said['url'].partition('?')[0]}, not {wanted}")
        return f"for {wanted}, {said['expires_in']} s"

    def socket(self) -> str:
        """Opens one by a ticket and gets level with now."""
        started = time.monotonic()
        self._visit.tab = ChannelClient(self._visit.http(), patience=self._visit.stack.patience)
        said = self._visit.tab.resumed()
        if said["event"] != "resumed":
            raise Wrong(f"answered {said['event']}")
        self._visit.seq = said["seq"]
        return f"level with {self._visit.seq} after {time.monotonic() - started:.1f} s"

    def ticket_is_spent(self) -> str:
        """The same address a second time, and without a ticket."""
        url = self._visit.channel().url
        told = [_refusal(address) for address in (url, url.partition("?")[0])]
        return f"refused with {told[0]}, without a ticket {told[1]}"

    def ping(self) -> str:
        """$default knows whose connection it is."""
        tab = self._visit.channel()
        tab.send({"action": "ping"})
        return f"pong at {tab.until(is_event('pong'))['seq']}"

    def closed_socket(self) -> str:
        """$disconnect knows whose connection it was, and its row goes."""
        self._visit.channel()
        before = self._connections()
        with ChannelClient(self._visit.http(), patience=QUICK_S) as other:
            other.resumed()
            if self._connections() <= before:
                raise Wrong("an open socket has no row")
        took = eventually(lambda: self._connections() <= before, QUICK_S, 0.2)
        if took is None:
            raise Wrong(f"its row is still there after {QUICK_S:.0f} s: $disconnect did not work")
        return f"after {took:.1f} s"

    def _connections(self) -> int:
        token = self._visit.person.signed.token
        user = jwt.decode(token, options={"verify_signature": False})["sub"]
        rows = self._visit.stack.aws("dynamodb").query(
            TableName=self._visit.stack.resource("ChannelsTable"),
            KeyConditionExpression="user_id = :user AND begins_with(entry, :connection)",
            ExpressionAttributeValues={
                ":user": {"S": user},
                ":connection": {"S": "connection#"},
            },
            Select="COUNT",
            ConsistentRead=True,
        )
        found: int = rows["Count"]
        return found


def _refusal(address: str) -> int:
    """The status with which a socket is refused."""
    try:
        with connect(address, open_timeout=QUICK_S):
            raise Wrong("it opens another socket")
    except InvalidStatus as refused:
        return refused.response.status_code

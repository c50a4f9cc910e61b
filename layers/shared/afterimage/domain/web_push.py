"""Being told by Web Push that an answer has ended: who is, of what, and by which services.

A browser's subscription is an address at its maker's push service, and the keys by which what goes
there can be read by that browser alone (RFC 8030, RFC 8291).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afterimage.domain.messages import Message

MOST_SUBSCRIPTIONS = 10  # of one user
# What comes sooner, somebody has waited for.
_WORTH_TELLING_AFTER = timedelta(seconds=5)
# A client pings every 25 s while an answer is open. One that says nothing for longer may be frozen:
# its line looks alive, and swallows what it is sent.
_LOOKS_FOR = timedelta(seconds=60)
_TOLD = frozenset({"complete", "failed"})  # who cancels, knows
_ID_DIGITS = 32  # hexadecimal, 128 bits
_HTTPS = 443
_AUTHORITY = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")


@dataclass(frozen=True)
class Subscription:
    """One browser that is told.

    Attributes:
        endpoint: an https address; who knows it may try to send there.
        p256dh: the browser's public key, an uncompressed point of P-256, as base64url.
        auth: 16 bytes that only the browser and we know, as base64url.
        since: when it was last asked for.
    """

    endpoint: str
    p256dh: str
    auth: str
    since: datetime

    @property
    def id(self) -> str:
        """Follows from the endpoint."""
        return subscription_id(self.endpoint)

    @property
    def service(self) -> str:
        """Scheme and host of its push service, which name nobody."""
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Notice:
    """What a browser is told: no word, and no picture.

    Attributes:
        outcome: `complete` or `failed`.
    """

    chat_id: str
    message_id: str
    outcome: str


def subscription_id(endpoint: str) -> str:
    """The name of the subscription with this endpoint."""
    return hashlib.sha256(endpoint.encode()).hexdigest()[:_ID_DIGITS]


def notice_of(message: Message, now: datetime) -> Notice | None:
    """What is told of an answer that has ended; None if it came soon, or was cancelled."""
    outcome = message.status.value
    if outcome not in _TOLD or now - message.created_at <= _WORTH_TELLING_AFTER:
        return None
    return Notice(message.chat_id, message.id, outcome)


def is_looked_at(visible: Mapping[str, datetime], now: datetime) -> bool:
    """Whether somebody looks at a client that has said so lately.

    Args:
        visible: when it was last said, by connection.
    """
    return any(now - said_at <= _LOOKS_FOR for said_at in visible.values())


def is_of(hosts: str, endpoint: str) -> bool:
    """Whether an endpoint is one of the push services that are allowed.

    Args:
        hosts: names with commas between; `*.example.com` is whatever ends like that. An entry with
            a scheme, such as `http://127.0.0.1:8001`, is exactly that origin.
    """
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    # Whatever else may stand there is read by others as the end of a shorter name.
    if not _AUTHORITY.fullmatch(parts.netloc) or not all("!" <= each <= "~" for each in endpoint):
        return False
    allowed = [entry for entry in hosts.split(",") if entry]
    if f"{parts.scheme}://{parts.netloc}" in allowed:
        return True
    if parts.scheme != "https" or port not in (None, _HTTPS):
        return False
    return any(
        host.endswith(entry[1:]) if entry.startswith("*.") else host == entry for entry in allowed
    )

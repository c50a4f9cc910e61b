"""Push services of browsers: a notice is encrypted for one of them, signed by us, and posted."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from functools import lru_cache

import http_ece
import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec

from afterimage.adapters.vapid import private_key, public_key
from afterimage.domain.web_push import Notice, Subscription
from afterimage.ports.system import Clock, Log
from afterimage.ports.web_push import Sent

_TIMEOUT = (3.0, 3.0)  # seconds, to connect and to wait for an answer
LARGEST = 3_993  # bytes of plain text that a push service has to take (RFC 8291, section 4)
_KEPT = 12 * 3600  # seconds, for a browser that is away; by tomorrow nobody waits
_TOKEN_LASTS = 12 * 3600  # seconds; at most a day (RFC 8292, section 2)
_TOPIC_LENGTH = 32  # (RFC 8030, section 5.4)


class HttpPushServices:
    """Implements `PushServices`.

    Args:
        secret_value: what our key follows from.
        contact: the address by which whoever runs a push service reaches us.
    """

    def __init__(
        self,
        http: requests.Session,
        secret_value: Callable[[], str],
        contact: Callable[[], str],
        clock: Clock,
        log: Log,
    ) -> None:
        self._http = http
        self._secret_value = secret_value
        self._contact = contact
        self._clock = clock
        self._log = log
        self._key = lru_cache(maxsize=1)(private_key)

    def send(self, subscription: Subscription, notice: Notice) -> Sent:
        try:
            body = sealed(subscription, _payload(notice))
        except ValueError:  # keys that are none, which no browser made
            self._log.warning("push_subscription_broken", service=subscription.service)
            return Sent.GONE
        try:
            # A redirect is not followed: it would lead anywhere, and a GET of it counts as sent.
            with self._http.post(
                subscription.endpoint,
                body,
                headers=self._headers(subscription, notice),
                timeout=_TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return self._outcome(subscription, answer.status_code)
        except requests.RequestException as error:
            reason = type(error).__name__
            self._log.warning("push_not_sent", service=subscription.service, reason=reason)
            return Sent.REFUSED

    def _outcome(self, subscription: Subscription, status: int) -> Sent:
        if status in (requests.codes.not_found, requests.codes.gone):
            return Sent.GONE
        if requests.codes.ok <= status < requests.codes.multiple_choices:
            return Sent.TAKEN
        self._log.warning("push_refused", service=subscription.service, status=status)
        return Sent.REFUSED

    def _headers(self, subscription: Subscription, notice: Notice) -> dict[str, str]:
        topic = hashlib.sha256(notice.message_id.encode()).hexdigest()[:_TOPIC_LENGTH]
        return {
            "authorization": self._authorization(subscription.service),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(_KEPT),
            "urgency": "normal",
            "topic": topic,  # what is sent twice and not yet fetched is one
        }

    def _authorization(self, service: str) -> str:
        """A token for this service alone: one that went elsewhere as well could be used there."""
        key = self._key(self._secret_value())
        claims = {
            "aud": service,
            "exp": int(self._clock.now().timestamp()) + _TOKEN_LASTS,
            "sub": self._contact(),
        }
        token = jwt.encode(claims, key, algorithm="ES256")
        return f"vapid t={token}, k={public_key(key)}"


def sealed(subscription: Subscription, plain: bytes) -> bytes:
    """What only the subscription's browser can read (RFC 8291).

    Raises:
        ValueError: its keys are none, or the text is longer than a push service has to take.
    """
    if len(plain) > LARGEST:
        raise ValueError("too long for a push")
    sealed_: bytes = http_ece.encrypt(
        plain,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_decoded(subscription.p256dh),
        auth_secret=_decoded(subscription.auth),
        version="aes128gcm",
    )
    return sealed_


def _payload(notice: Notice) -> bytes:
    told = {
        "chat_id": notice.chat_id,
        "message_id": notice.message_id,
        "outcome": notice.outcome,
    }
    return json.dumps(told, separators=(",", ":")).encode()


def _decoded(text: str) -> bytes:
    """Raises: ValueError (it is no base64url)."""
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))

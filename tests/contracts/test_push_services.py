"""`HttpPushServices` against a push service that checks and decrypts as the browsers' do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import jwt
import pytest
import requests
from tests.local_stack.push_service import PATH, Browser, PushService, RefusedError
from tests.support.doubles import NOW, RecordingLog

from afterimage.adapters.system import SystemClock
from afterimage.adapters.vapid import public_key_of
from afterimage.adapters.web_push import LARGEST, HttpPushServices, sealed
from afterimage.domain.web_push import Notice, Subscription
from afterimage.ports.web_push import Sent

NOTICE = Notice("chat", "01KAHZ5Y000000000000000001", "complete")
SECRET = "a secret that CloudFormation generated"


@dataclass
class Service:
    """A push service on this machine.

    Attributes:
        answer: a status to answer with in place of its own, and headers.
        asked: methods and paths of requests.
    """

    push: PushService = field(default_factory=lambda: PushService(""))
    answer: tuple[int, dict[str, str]] | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def subscription(self) -> Subscription:
        made = self.push.subscribed()
        return Subscription(made["endpoint"], made["keys"]["p256dh"], made["keys"]["auth"], NOW)

    def browser(self, subscription: Subscription) -> Browser:
        return self.push.browsers[subscription.endpoint.rpartition("/")[2]]

    def status(self, name: str, headers: dict[str, str], body: bytes) -> int:
        try:
            self.push.take(name, headers, body)
        except RefusedError as refused:
            return refused.status
        return 201


@pytest.fixture
def service() -> Iterator[Service]:
    ours = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            ours.asked.append((self.command, self.path))
            body = self.rfile.read(int(self.headers["content-length"]))
            named = {name.lower(): value for name, value in self.headers.items()}
            status = ours.status(self.path.removeprefix(PATH + "/"), named, body)
            answered, headers = ours.answer or (status, {})
            self.send_response(answered)
            for name, value in {"content-length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        ours.push.origin = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield ours
        server.shutdown()
        thread.join()


@pytest.fixture
def log() -> RecordingLog:
    return RecordingLog()


@pytest.fixture
def services(log: RecordingLog) -> Iterator[HttpPushServices]:
    with requests.Session() as http:
        http.trust_env = False
        yield HttpPushServices(
            http, lambda: SECRET, lambda: "https://chat.example", SystemClock(), log
        )


def test_a_browser_can_read_what_it_is_sent(service: Service, services: HttpPushServices) -> None:
    subscription = service.subscription()

    assert services.send(subscription, NOTICE) is Sent.TAKEN

    (received,) = service.browser(subscription).received
    assert json.loads(received["payload"]) == {
        "chat_id": "chat",
        "message_id": NOTICE.message_id,
        "outcome": "complete",
    }


def test_what_stands_in_the_headers(service: Service, services: HttpPushServices) -> None:
    subscription = service.subscription()
    for _ in range(2):
        services.send(subscription, NOTICE)
    services.send(subscription, replace(NOTICE, message_id="01KAHZ5Y000000000000000002"))

    headers = [each["headers"] for each in service.browser(subscription).received]
    assert {each["ttl"] for each in headers} == {"43200"}
    assert {each["urgency"] for each in headers} == {"normal"}
    assert {each["content-type"] for each in headers} == {"application/octet-stream"}
    topics = [each["topic"] for each in headers]
    assert topics[0] == topics[1] != topics[2]
    assert not any(NOTICE.message_id in str(each) for each in headers)


def test_a_token_is_for_its_service_alone_and_signed_with_the_published_key(
    service: Service, services: HttpPushServices
) -> None:
    subscription = service.subscription()
    services.send(subscription, NOTICE)

    (received,) = service.browser(subscription).received
    scheme, token, key = received["headers"]["authorization"].replace(",", "").split(" ")
    claims = jwt.decode(token.removeprefix("t="), options={"verify_signature": False})
    assert scheme == "vapid"
    assert key == f"k={public_key_of(SECRET)}"
    assert claims["aud"] == service.push.origin
    assert claims["sub"] == "https://chat.example"
    assert 0 < claims["exp"] - datetime.now(UTC).timestamp() < 86_400


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_gone_is_known_as_gone(
    service: Service, services: HttpPushServices, status: int
) -> None:
    service.answer = status, {}

    assert services.send(service.subscription(), NOTICE) is Sent.GONE


@pytest.mark.parametrize("status", [400, 401, 403, 413, 429, 500, 503])
def test_what_a_service_refuses_is_kept_and_said_without_the_address(
    service: Service, services: HttpPushServices, log: RecordingLog, status: int
) -> None:
    service.answer = status, {}
    subscription = service.subscription()

    assert services.send(subscription, NOTICE) is Sent.REFUSED

    assert log.events() == ["push_refused"]
    assert urlsplit(subscription.endpoint).path not in str(log.lines)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    service: Service, services: HttpPushServices, status: int
) -> None:
    service.answer = status, {"location": "/elsewhere"}
    subscription = service.subscription()

    assert services.send(subscription, NOTICE) is Sent.REFUSED

    assert service.asked == [("POST", urlsplit(subscription.endpoint).path)]


def test_a_service_that_is_away_is_no_error(services: HttpPushServices, service: Service) -> None:
    away = replace(service.subscription(), endpoint="http://127.0.0.1:9/dev/push/x")

    assert services.send(away, NOTICE) is Sent.REFUSED


@pytest.mark.parametrize("p256dh", ["B" + "A" * 86, "B" + "_" * 86])
def test_a_key_that_is_no_point_of_the_curve_is_told_no_more(
    service: Service, services: HttpPushServices, p256dh: str
) -> None:
    broken = replace(service.subscription(), p256dh=p256dh)

    assert services.send(broken, NOTICE) is Sent.GONE
    assert service.asked == []


def test_as_much_as_a_service_has_to_take_fits_and_no_more(service: Service) -> None:
    subscription = service.subscription()

    body = sealed(subscription, b"x" * LARGEST)

    assert len(body) <= 4096
    assert service.browser(subscription).opened(body) == b"x" * LARGEST
    with pytest.raises(ValueError, match="too long"):
        sealed(subscription, b"x" * (LARGEST + 1))


def test_the_key_follows_from_the_secret() -> None:
    assert public_key_of(SECRET) == public_key_of(SECRET)
    assert public_key_of(SECRET) != public_key_of(SECRET + "!")
    assert len(public_key_of(SECRET)) == 87

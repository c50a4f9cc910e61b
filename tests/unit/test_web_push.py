"""Who is told by Web Push, of what, and by which services."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from botocore.exceptions import ReadTimeoutError
from tests.support.builders import a_message
from tests.support.bundle import Bundle
from tests.support.doubles import NOW, RecordingLog
from tests.support.in_memory import InMemorySubscriptions
from tests.support.template import ROOT
from tests.unit.conftest import USER

from afterimage.adapters.lambdas import LambdaTeller
from afterimage.channel import UnifiedChannel
from afterimage.domain.changes import ReplaceMessage, Transition
from afterimage.domain.errors import Invalid
from afterimage.domain.events import MessageUpdated
from afterimage.domain.messages import Message, Role, Status
from afterimage.domain.web_push import Notice, Subscription, is_of, notice_of
from afterimage.ports.web_push import Sent
from afterimage.use_cases.subscribe import Subscribe
from afterimage.use_cases.tell_browsers import TellBrowsers

HOSTS = "fcm.test,*.push.test,http://127.0.0.1:8001"
NOTICE = Notice("chat", "01KAHZ5Y000000000000000001", "complete")
KEYS = "B" * 87, "a" * 22


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.test/send/abc",
        "https://fcm.test:443/send/abc",
        "https://web.push.test/x",
        "http://127.0.0.1:8001/dev/push/x",
    ],
)
def test_endpoints_of_the_services_that_are_allowed(endpoint: str) -> None:
    assert is_of(HOSTS, endpoint)
    assert not is_of("", endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.test/send",
        "https://fcm.test:8443/send",
        "https://fcm.test.evil.test/send",
        "https://evil.test/fcm.test",
        "https://notfcm.test/",
        "https://push.test/",  # of *.push.test only what is below it
        "https://evilpush.test/",
        "https://fcm.test@evil.test/",
        "https://user:word@fcm.test/",
        "https://evil.test#@fcm.test/",
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1:8001/",
        "http://127.0.0.1:8002/",
        "http://127.0.0.1/",
        "https://fcm.test:x/",
        "https://[fcm.test/",
        "https://fcm.test/a b",
        "https://fcm.tesﬅ/",
        r"https://169.254.169.254\.push.test/latest/meta-data",
        r"https://127.0.0.1\x.push.test/",
        "https://evil.test%2f.push.test/",
        "https:///send",
        "fcm.test",
        "",
    ],
)
def test_whatever_else_is_never_called(endpoint: str) -> None:
    assert not is_of(HOSTS, endpoint)


def test_who_is_called_is_who_was_allowed_whatever_sign_stands_in_the_name() -> None:
    """Two readers of one address must not find two hosts in it."""
    endpoints = [f"https://evil.test{chr(code)}.push.test/x" for code in range(0x21, 0x7F)]
    allowed = [endpoint for endpoint in endpoints if is_of(HOSTS, endpoint)]

    called = [requests.Request("POST", endpoint).prepare().url for endpoint in allowed]

    assert allowed
    assert [urlsplit(str(url)).hostname for url in called] == [
        endpoint.split("/")[2].lower() for endpoint in allowed
    ]


@dataclass
class Services:
    """Implements `PushServices`."""

    gone: set[str] = field(default_factory=set)
    sent: list[tuple[str, Notice]] = field(default_factory=list)

    def send(self, subscription: Subscription, notice: Notice) -> Sent:
        self.sent.append((subscription.endpoint, notice))
        return Sent.GONE if subscription.endpoint in self.gone else Sent.TAKEN


class Person:
    """Somebody with browsers."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle, self.tables, self.clock = bundle, bundle.tables, bundle.clock
        self.browsers, self.services = InMemorySubscriptions(bundle.tables), Services()
        self.hosts = HOSTS
        hosts = lambda: self.hosts  # noqa: E731 - one line, used twice
        self.subscribe = Subscribe(bundle.channel, self.browsers, hosts, bundle.clock)
        self.tell = TellBrowsers(
            bundle.channel.read,
            self.browsers,
            self.services,
            hosts,
            bundle.threads,
            bundle.clock,
            bundle.log,
        )

    def asks(self, name: str) -> str:
        endpoint = f"https://fcm.test/{name}"
        self.subscribe(USER, endpoint, *KEYS)
        return endpoint

    def told(self) -> list[str]:
        """Which browsers were told of an answer that ends now."""
        self.services.sent.clear()
        self.tell(USER, NOTICE)
        return sorted(endpoint for endpoint, _ in self.services.sent)

    def looks(self, connection: str) -> None:
        self.tables.register(USER, connection, self.clock.now())
        self.tables.look(USER, connection, self.clock.now())


@pytest.fixture
def person(bundle: Bundle) -> Person:
    return Person(bundle)


def test_every_browser_is_told_of_the_answer(person: Person) -> None:
    endpoints = sorted(person.asks(name) for name in ("phone", "desktop"))

    assert person.told() == endpoints
    assert {notice for _, notice in person.services.sent} == {NOTICE}


def test_nobody_is_told_who_looks_already(person: Person) -> None:
    phone = person.asks("phone")
    person.looks("tab")

    assert person.told() == []
    person.tables.look(USER, "tab", None)
    assert person.told() == [phone]


def test_a_tab_that_has_been_silent_for_a_minute_silences_no_phone(person: Person) -> None:
    phone = person.asks("phone")
    person.looks("tab")

    person.clock.advance(seconds=60)
    assert person.told() == []
    person.clock.advance(seconds=1)
    assert person.told() == [phone]


def test_a_connection_that_is_forgotten_looks_no_more(person: Person) -> None:
    phone = person.asks("phone")
    person.looks("tab")
    person.tables.forget(USER, "tab")

    assert person.told() == [phone]


def test_of_an_account_that_is_deleted_nobody_is_told_before_any_keeper_has_come(
    person: Person,
) -> None:
    person.asks("phone")
    person.bundle.delete_account()

    assert person.browsers.all(USER) != []
    assert person.told() == []


def test_a_browser_that_is_gone_is_told_once(person: Person) -> None:
    phone, desktop = person.asks("phone"), person.asks("desktop")
    person.services.gone = {phone}

    assert person.told() == sorted([phone, desktop])
    assert person.told() == [desktop]


def test_of_more_than_ten_browsers_the_oldest_goes(person: Person) -> None:
    endpoints = []
    for number in range(11):
        endpoints.append(person.asks(str(number)))
        person.clock.advance(seconds=1)
    person.asks("1")  # as long as it is asked for, it is not the oldest

    assert person.told() == sorted(endpoints[1:])
    person.asks("new")
    assert person.told() == sorted([*endpoints[3:], endpoints[1], "https://fcm.test/new"])


def test_an_endpoint_of_elsewhere_is_refused_and_nothing_is_kept(person: Person) -> None:
    with pytest.raises(Invalid):
        person.subscribe(USER, "https://evil.test/x", *KEYS)

    assert person.browsers.all(USER) == []
    assert not person.tables.read(USER).told


def test_a_service_that_is_allowed_no_more_is_called_no_more(person: Person) -> None:
    person.asks("phone")
    person.hosts = "other.test"

    assert person.told() == []


def test_a_browser_that_no_longer_wants_it_is_told_no_more(person: Person) -> None:
    phone = person.asks("phone")

    person.subscribe.end("bob", phone)
    assert person.told() == [phone]
    person.subscribe.end(USER, phone)
    person.subscribe.end(USER, phone)
    assert person.told() == []


# --- Which answers -----------------------------------------------------------------------------


def ended(status: Status, took: float = 6) -> Message:
    return replace(
        a_message(1), role=Role.ASSISTANT, status=status, created_at=NOW - timedelta(seconds=took)
    )


def test_what_is_worth_telling() -> None:
    told = [notice_of(ended(status), NOW) for status in (Status.COMPLETE, Status.FAILED)]

    assert [notice and notice.outcome for notice in told] == ["complete", "failed"]
    assert notice_of(ended(Status.CANCELLED), NOW) is None
    assert notice_of(ended(Status.COMPLETE, took=5), NOW) is None


@dataclass
class Teller:
    """Implements `Teller`; remembers how many frames had been posted by then."""

    bundle: Bundle
    told: list[tuple[str, Notice, int]] = field(default_factory=list)

    def tell(self, user_id: str, notice: Notice) -> None:
        self.told.append((user_id, notice, len(self.bundle.push.sent)))


def told_of(bundle: Bundle, threads: Executor, *, asked: bool, status: Status) -> Teller:
    """An answer ends; what a teller hears of it."""
    teller = Teller(bundle)
    channel = UnifiedChannel(
        bundle.tables,
        bundle.push,
        bundle.channel._urls,
        bundle.clock,
        threads,
        bundle.log,
        bundle.metrics,
        bundle.invocation,
        bundle.turns,
        teller,
    )
    if asked:
        Person(bundle).asks("phone")
    bundle.tables.register(USER, "tab", NOW)
    before = ended(Status.THINKING)
    bundle.tables.rows.messages[USER, before.chat_id, before.id] = before
    after = replace(before, version=before.version + 1, status=status)
    ends = Transition((ReplaceMessage(after, before.version),), (MessageUpdated(after),), opens=-1)
    channel.deliver(channel.change(USER, ends))
    return teller


def test_browsers_are_told_once_behind_the_posts(bundle: Bundle, threads: Executor) -> None:
    teller = told_of(bundle, threads, asked=True, status=Status.COMPLETE)

    message = ended(Status.COMPLETE)
    assert teller.told == [(USER, Notice(message.chat_id, message.id, "complete"), 1)]


def test_where_nobody_asked_nobody_is_told(bundle: Bundle, threads: Executor) -> None:
    assert told_of(bundle, threads, asked=False, status=Status.COMPLETE).told == []


def test_who_cancels_knows(bundle: Bundle, threads: Executor) -> None:
    assert told_of(bundle, threads, asked=True, status=Status.CANCELLED).told == []


# --- The keeper's event --------------------------------------------------------------------------


def test_the_keeper_gets_an_event_of_its_own() -> None:
    event = json.loads((ROOT / "events" / "keeper_push.json").read_text())
    notice = {**event["push"]}
    user_id = notice.pop("user_id")
    asked: list[dict[str, Any]] = []
    client = SimpleNamespace(invoke=lambda **named: asked.append(named))

    teller = LambdaTeller(
        lambda: client, "keeper:live", lambda: event["correlation_id"], RecordingLog()
    )
    teller.tell(user_id, Notice(**notice))

    (named,) = asked
    assert (named["FunctionName"], named["InvocationType"]) == ("keeper:live", "Event")
    assert json.loads(named["Payload"]) == event


def test_a_keeper_that_cannot_be_asked_breaks_nothing() -> None:
    def invoke(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://aws.test")

    log = RecordingLog()
    LambdaTeller(lambda: SimpleNamespace(invoke=invoke), "keeper", str, log).tell(USER, NOTICE)

    assert log.events() == ["browsers_not_told"]

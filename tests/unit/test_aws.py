"""AWS behind its ports: foreign errors translated once, most specific first."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from inspect import signature
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.stub import Stubber
from tests.support.builders import a_job
from tests.support.doubles import NOW, FixedClock, RecordingLog, RecordingMetrics

from afterimage.adapters.clients import PUSH
from afterimage.adapters.edge import CloudFrontEdge
from afterimage.adapters.issuer_keys import IssuerKeys
from afterimage.adapters.kept_texts import Cached, parameter, secret
from afterimage.adapters.lambdas import LambdaDeletionStarter, LambdaPainter
from afterimage.adapters.posts import ApiGatewayPush
from afterimage.adapters.s3 import S3Pictures
from afterimage.adapters.signed_urls import SignedUrls
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.errors import ProviderUnavailable

UNTIL = NOW + timedelta(seconds=2)


def client(service: Any) -> Any:
    session = botocore.session.Session()
    session.set_credentials("testing", "testing")
    return session.create_client(
        service, region_name="eu-central-1", endpoint_url="https://aws.test", config=PUSH
    )


class Connections:
    """API Gateway's connections, stubbed: what was asked, and a push on top."""

    def __init__(self, log: RecordingLog) -> None:
        self.client = client("apigatewaymanagementapi")
        self.stub = Stubber(self.client)
        self.stub.activate()
        self.clock = FixedClock()
        self.metrics = RecordingMetrics()
        self.push = ApiGatewayPush(lambda: self.client, self.clock, log, self.metrics)

    def takes(self, data: str) -> None:
        expected = {"ConnectionId": "tab", "Data": data.encode()}
        self.stub.add_response("post_to_connection", {}, expected)

    def refuses(self, call: str, code: str, status: int = 400) -> None:
        self.stub.add_client_error(call, code, http_status_code=status)


@pytest.fixture
def connections(log: RecordingLog) -> Connections:
    return Connections(log)


def test_frames_are_posted_in_order(connections: Connections) -> None:
    for frame in ("one", "zwei ü", "three"):
        connections.takes(frame)

    assert connections.push.post("tab", ["one", "zwei ü", "three"], UNTIL)
    connections.stub.assert_no_pending_responses()


def test_gone_is_normal_and_not_worth_a_line(connections: Connections, log: RecordingLog) -> None:
    connections.takes("one")
    connections.refuses("post_to_connection", "GoneException", 410)

    assert not connections.push.post("tab", ["one", "two", "three"], UNTIL)
    assert log.lines == []


THROTTLED = ("LimitExceededException", 429)
AWAY = ("InternalServerErrorException", 500)


@pytest.mark.parametrize("refusal", [THROTTLED, ("TooManyRequestsException", 429), AWAY])
def test_a_post_that_is_turned_away_for_now_is_tried_once_more(
    connections: Connections, log: RecordingLog, refusal: tuple[str, int]
) -> None:
    connections.takes("one")
    connections.refuses("post_to_connection", *refusal)
    connections.takes("two")

    assert connections.push.post("tab", ["one", "two"], UNTIL)
    connections.stub.assert_no_pending_responses()
    assert log.lines == []
    assert connections.metrics.values == []
    [pause] = connections.clock.slept
    assert pause <= 0.1


@pytest.mark.parametrize("refusal", [THROTTLED, AWAY])
def test_what_is_turned_away_twice_is_dropped_and_counted_and_the_socket_stays(
    connections: Connections, log: RecordingLog, refusal: tuple[str, int]
) -> None:
    """It may be the account that is throttled: closing sockets would make a storm of it."""
    for _ in range(2):
        connections.refuses("post_to_connection", *refusal)

    assert connections.push.post("tab", ["one", "dropped with it"], UNTIL)
    connections.stub.assert_no_pending_responses()
    assert [line.fields["reason"] for line in log.lines] == [refusal[0]]
    assert connections.metrics.counts("Posts") == {"PostsDropped": 1}


@pytest.mark.parametrize(
    ("code", "status"), [("PayloadTooLargeException", 413), ("ForbiddenException", 403)]
)
def test_what_will_not_pass_is_not_tried_again(
    connections: Connections, log: RecordingLog, code: str, status: int
) -> None:
    connections.refuses("post_to_connection", code, status)

    assert connections.push.post("tab", ["one"], UNTIL)
    connections.stub.assert_no_pending_responses()
    assert [line.fields["reason"] for line in log.lines] == [code]
    assert connections.metrics.counts("Posts") == {"PostsDropped": 1}


class Broken:
    """A client whose calls raise, with API Gateway's own exceptions; then they are taken.

    Args:
        errors: one a call, in order.
        takes: seconds that a call takes.
    """

    exceptions = client("apigatewaymanagementapi").exceptions

    def __init__(self, *errors: Exception, clock: FixedClock | None = None, takes: float = 0):
        self.errors = list(errors)
        self.clock = clock or FixedClock()
        self.takes = takes
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(**_: object) -> None:
            self.calls.append(name)
            self.clock.advance(seconds=self.takes)
            if self.errors:
                raise self.errors.pop(0)

        return call

    def push(self, log: RecordingLog) -> tuple[ApiGatewayPush, RecordingMetrics]:
        metrics = RecordingMetrics()
        return ApiGatewayPush(lambda: self, self.clock, log, metrics), metrics


STALE = ConnectionClosedError(endpoint_url="https://aws.test")
SILENT = ReadTimeoutError(endpoint_url="https://aws.test")
NOBODY = EndpointConnectionError(endpoint_url="https://aws.test")


@pytest.mark.parametrize("error", [STALE, SILENT, NOBODY])
def test_a_connection_of_ours_that_fails_is_not_the_clients(
    error: Exception, log: RecordingLog
) -> None:
    """After a pause of the sandbox, API Gateway has closed what was kept open to it."""
    broken = Broken(error)
    push, metrics = broken.push(log)

    assert push.post("tab", ["one", "two"], UNTIL)
    assert broken.calls == ["post_to_connection"] * 3
    assert (log.lines, metrics.values, broken.clock.slept) == ([], [], [])


@pytest.mark.parametrize("error", [STALE, SILENT, NOBODY])
def test_a_network_that_fails_twice_drops_the_frames_and_keeps_the_socket(
    error: Exception, log: RecordingLog
) -> None:
    broken = Broken(error, error)
    push, metrics = broken.push(log)

    assert push.post("tab", ["one", "dropped with it"], UNTIL)
    assert broken.calls == ["post_to_connection"] * 2
    assert log.events() == ["channel_post_dropped"]
    assert metrics.counts("Posts") == {"PostsDropped": 1}


def test_a_connection_that_is_silent_for_all_its_time_is_deaf(log: RecordingLog) -> None:
    broken = Broken(SILENT, SILENT, takes=1)
    push, metrics = broken.push(log)

    assert not push.post("tab", ["one"], UNTIL)
    assert broken.calls == ["post_to_connection"] * 2
    assert metrics.counts("Posts") == {"PostsDropped": 1}


@pytest.mark.parametrize("error", [STALE, SILENT, NOBODY])
def test_no_post_is_tried_again_after_its_time(error: Exception, log: RecordingLog) -> None:
    broken = Broken(error, takes=2)
    push, metrics = broken.push(log)

    assert push.post("tab", ["one"], UNTIL) is (error is not SILENT)
    assert broken.calls == ["post_to_connection"]
    assert metrics.counts("Posts") == {"PostsDropped": 1}


def test_a_connection_that_takes_its_frames_too_slowly_is_deaf(log: RecordingLog) -> None:
    slow = Broken(takes=1)
    push, metrics = slow.push(log)

    assert not push.post("tab", ["one", "two", "too late"], UNTIL)
    assert slow.calls == ["post_to_connection"] * 2
    assert metrics.counts("Posts") == {"PostsDropped": 1}


def test_where_we_are_late_ourselves_nothing_is_posted_and_the_socket_stays(
    connections: Connections, log: RecordingLog
) -> None:
    connections.clock.advance(seconds=2)

    assert connections.push.post("tab", ["one"], UNTIL)
    assert [line.fields["reason"] for line in log.lines] == ["late"]
    assert connections.metrics.counts("Posts") == {"PostsDropped": 1}


def test_whether_a_post_is_repeated_is_decided_here_alone() -> None:
    """The SDK knows nothing of the time that is left."""
    retries: Any = PUSH.retries  # type: ignore[attr-defined]

    assert retries["total_max_attempts"] == 1


@pytest.mark.parametrize("error", [STALE, NOBODY])
def test_closing_is_tried_once_more_too(error: Exception, log: RecordingLog) -> None:
    broken = Broken(error)
    broken.push(log)[0].close("tab")
    assert (broken.calls, log.lines) == (["delete_connection"] * 2, [])

    Broken(error, error).push(log)[0].close("tab")
    assert log.events() == ["channel_close_failed"]


def test_it_is_connected_by_a_question_for_nobody(
    connections: Connections, log: RecordingLog
) -> None:
    connections.refuses("get_connection", "GoneException", 410)

    connections.push.get_ready()

    connections.stub.assert_no_pending_responses()
    assert (log.lines, connections.metrics.values) == ([], [])


def test_a_connection_is_closed(connections: Connections, log: RecordingLog) -> None:
    connections.stub.add_response("delete_connection", {}, {"ConnectionId": "tab"})
    connections.refuses("delete_connection", "GoneException", 410)
    connections.refuses("delete_connection", "ForbiddenException", 403)

    for _ in range(3):
        connections.push.close("tab")

    assert log.events() == ["channel_close_failed"]


# --- Starting a picture ------------------------------------------------------------------------


def test_a_job_is_invoked_without_waiting_for_it() -> None:
    functions = client("lambda")
    job = a_job(1, attempt=2)
    payload = {
        "user_id": "alice",
        "chat_id": job.chat_id,
        "message_id": job.message_id,
        "job_id": job.id,
        "attempt": 2,
        "correlation_id": "c-1",
    }
    expected = {
        "FunctionName": "image_generate:live",
        "InvocationType": "Event",
        "Payload": json.dumps(payload).encode(),
    }
    with Stubber(functions) as stub:
        stub.add_response("invoke", {"StatusCode": 202}, expected)

        LambdaPainter(lambda: functions, "image_generate:live", lambda: "c-1").start("alice", job)

        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "x"}}, "Invoke"),
        ReadTimeoutError(endpoint_url="https://aws.test"),
    ],
)
def test_a_job_that_cannot_be_invoked(error: Exception) -> None:
    broken = Broken(error)
    starter = LambdaPainter(lambda: broken, "image_generate:live", lambda: None)

    with pytest.raises(ProviderUnavailable):
        starter.start("alice", a_job(1))


# --- Values that are kept ----------------------------------------------------------------------


class Source:
    """A value that changes, and sometimes cannot be read."""

    def __init__(self) -> None:
        self.reads = 0
        self.fails: Exception | None = None

    def __call__(self) -> str:
        self.reads += 1
        if self.fails is not None:
            raise self.fails
        return f"value {self.reads}"


def test_a_value_is_kept_for_five_minutes(log: RecordingLog) -> None:
    seconds = 1_000.0
    value = Cached(Source(), log, now=lambda: seconds)

    seen = []
    for passed in (0, 1, 299, 1, 300):
        seconds += passed
        seen.append(value())

    assert seen == ["value 1", "value 1", "value 1", "value 2", "value 2"]


@pytest.mark.parametrize("kept", [Cached, IssuerKeys])
def test_age_is_told_by_the_wall_clock(kept: type) -> None:
    """In a frozen sandbox a monotonic one may stand still, and minutes would be hours."""
    assert signature(kept).parameters["now"].default is time.time


def test_a_clock_that_is_set_back_keeps_nothing_for_longer(log: RecordingLog) -> None:
    seconds = 1_000_000.0
    value = Cached(Source(), log, now=lambda: seconds)
    value()

    seconds = 10.0
    assert value() == "value 2"
    seconds = 310.0
    assert value() == "value 2"
    seconds = 311.0
    assert value() == "value 3"


def test_an_old_value_serves_on_while_a_new_one_cannot_be_read(log: RecordingLog) -> None:
    source = Source()
    value = Cached(source, log, max_age_s=-1)
    assert value() == "value 1"
    source.fails = EndpointConnectionError(endpoint_url="https://aws.test")

    assert value() == "value 1"
    assert log.events() == ["setting_not_refreshed"]


def test_without_any_value_the_failure_is_told(log: RecordingLog) -> None:
    source = Source()
    source.fails = EndpointConnectionError(endpoint_url="https://aws.test")
    value = Cached(source, log)

    with pytest.raises(EndpointConnectionError):
        value()
    source.fails = None
    assert value() == "value 2"


def test_secrets_and_parameters_are_read() -> None:
    secrets, parameters = client("secretsmanager"), client("ssm")
    with Stubber(secrets) as stub:
        stub.add_response("get_secret_value", {"SecretString": "s"}, {"SecretId": "name"})
        assert secret(lambda: secrets, "name")() == "s"
    with Stubber(parameters) as stub:
        stub.add_response("get_parameter", {"Parameter": {"Value": "p"}}, {"Name": "name"})
        assert parameter(lambda: parameters, "name")() == "p"


# --- URLs of pictures --------------------------------------------------------------------------

SECRET = "a-signing-secret"
KEY = "p/0123456789abcdef/01JD4A7Y000000000000000000/full.webp"


def urls(clock: FixedClock, period_days: int = 7) -> SignedUrls:
    return SignedUrls(lambda: "https://page.test", lambda: SECRET, clock, period_days)


def test_a_url_is_signed_as_the_edge_verifies_it() -> None:
    """The CloudFront function of template.yaml: HMAC-SHA256 of `uri?expires=…`, base64url."""
    parts = urlsplit(urls(FixedClock()).url(KEY))

    asked = parse_qs(parts.query)
    (expires,), (signature,) = asked["expires"], asked["signature"]
    digest = hmac.new(SECRET.encode(), f"{parts.path}?expires={expires}".encode(), hashlib.sha256)
    assert f"{parts.scheme}://{parts.netloc}" == "https://page.test"
    assert parts.path == f"/cdn/{KEY}"
    assert signature == urlsafe_b64encode(digest.digest()).decode().rstrip("=")
    assert SECRET not in parts.geturl()


@pytest.mark.parametrize("period_days", [1, 7, 180])
@pytest.mark.parametrize("share", [0, 0.5, 0.999999])
def test_a_url_stays_the_same_for_a_period_and_lasts_until_the_next_one_ends(
    period_days: int, share: float
) -> None:
    period = timedelta(days=period_days)
    begin = datetime(1970, 1, 1, tzinfo=UTC) + 40 * period
    now = begin + share * period

    url = urls(FixedClock(now), period_days).url(KEY)

    expires = datetime.fromtimestamp(int(parse_qs(urlsplit(url).query)["expires"][0]), UTC)
    assert expires == begin + 2 * period
    assert url == urls(FixedClock(begin), period_days).url(KEY)
    assert url != urls(FixedClock(begin + period), period_days).url(KEY)


def test_a_url_is_signed_with_the_secret_of_the_moment() -> None:
    secrets = iter(["old", "new"])
    signing = SignedUrls(lambda: "https://page.test", lambda: next(secrets), FixedClock(), 7)

    assert signing.url(KEY) != signing.url(KEY)


def test_a_key_is_quoted() -> None:
    assert "/cdn/p/a%20b%3F/full.webp?expires=" in urls(FixedClock()).url("p/a b?/full.webp")


# --- Deletions -----------------------------------------------------------------------------------


def test_a_deletion_that_cannot_be_started_is_left_to_the_sweep(log: RecordingLog) -> None:
    stubbed = client("lambda")
    stub = Stubber(stubbed)
    stub.add_client_error("invoke", "TooManyRequestsException", http_status_code=429)
    starter = LambdaDeletionStarter(lambda: stubbed, "keeper", lambda: None, log)

    with stub:
        starter.start("alice", Deletion.now(DeletionKind.CHAT, "c", NOW))

    assert log.events() == ["deletion_not_started"]


def test_files_are_removed_a_thousand_at_once() -> None:
    stubbed = client("s3")
    stub = Stubber(stubbed)
    keys = [f"p/{number}" for number in range(1_001)]
    for batch in (keys[:1_000], keys[1_000:]):
        objects = {"Objects": [{"Key": key} for key in batch], "Quiet": True}
        stub.add_response("delete_objects", {}, {"Bucket": "pictures", "Delete": objects})

    with stub:
        S3Pictures(lambda: stubbed, "pictures", FixedClock()).delete(keys)

    stub.assert_no_pending_responses()


def test_a_file_that_was_not_removed_is_an_error() -> None:
    stubbed = client("s3")
    stub = Stubber(stubbed)
    stub.add_response("delete_objects", {"Errors": [{"Key": "p/1", "Code": "InternalError"}]})

    with stub, pytest.raises(OSError, match="1 files not removed: InternalError"):
        S3Pictures(lambda: stubbed, "pictures", FixedClock()).delete(["p/1"])


# --- The original, which is there once ----------------------------------------------------------


class Bucket:
    """S3, stubbed: what each PUT of the original is answered, in order."""

    def __init__(self, *codes: str | None) -> None:
        self.client = client("s3")
        self.clock = FixedClock()
        self.stub = Stubber(self.client)
        self.stub.activate()
        expected = {"Bucket": "pictures", "Key": "p/1/original", "Body": b"o", "IfNoneMatch": "*"}
        for code in codes:
            if code is None:
                self.stub.add_response("put_object", {}, expected)
            else:
                status = 412 if code == "PreconditionFailed" else 409
                self.stub.add_client_error(
                    "put_object", code, http_status_code=status, expected_params=expected
                )

    def put(self) -> bool:
        pictures = S3Pictures(lambda: self.client, "pictures", self.clock)
        return pictures.put_original("p/1/original", b"o")


CONFLICT = "ConditionalRequestConflict"


@pytest.mark.parametrize(
    ("codes", "stored"),
    [
        ([None], True),
        (["PreconditionFailed"], False),
        ([CONFLICT, None], True),
        ([CONFLICT, CONFLICT, CONFLICT, CONFLICT, None], True),
        ([CONFLICT, "PreconditionFailed"], False),
    ],
)
def test_while_another_upload_is_under_way_the_original_is_tried_again(
    codes: list[str | None], stored: bool
) -> None:
    """S3 answers 409 before it is known whether there will be anything: it says try again."""
    bucket = Bucket(*codes)

    assert bucket.put() is stored
    bucket.stub.assert_no_pending_responses()
    assert len(bucket.clock.slept) == len(codes) - 1
    assert sum(bucket.clock.slept) <= 3


@pytest.mark.parametrize("codes", [[CONFLICT] * 5, ["AccessDenied"], [CONFLICT, "SlowDown"]])
def test_an_original_that_cannot_be_stored_is_never_taken_for_one_that_is(
    codes: list[str | None],
) -> None:
    bucket = Bucket(*codes)

    with pytest.raises(ClientError):
        bucket.put()

    bucket.stub.assert_no_pending_responses()


# --- The edge -----------------------------------------------------------------------------------


class Edge:
    """CloudFront, stubbed, and the edge on top."""

    def __init__(self, log: RecordingLog) -> None:
        self.client = client("cloudfront")
        self.stub = Stubber(self.client)
        self.stub.activate()
        self.asked: list[dict[str, Any]] = []
        self.client.meta.events.register(
            "provide-client-params.cloudfront.CreateInvalidation",
            lambda params, **_: self.asked.append(params),
        )
        self.edge = CloudFrontEdge(lambda: self.client, lambda: "E2EXAMPLE", log)

    def answers(self) -> None:
        self.stub.add_response("create_invalidation", {})

    def batch(self, number: int) -> dict[str, Any]:
        batch: dict[str, Any] = self.asked[number]["InvalidationBatch"]
        return batch


@pytest.fixture
def edge(log: RecordingLog) -> Edge:
    return Edge(log)


def test_the_edge_forgets_a_tag_and_a_path_as_it_is_asked_for_and_as_it_is_rewritten(
    edge: Edge,
) -> None:
    edge.answers()

    assert edge.edge.invalidate("once", ["p/ab/c d/full.webp", "p/ab/*"], ["0f"])

    assert edge.asked[0]["DistributionId"] == "E2EXAMPLE"
    assert edge.batch(0)["Paths"] == {
        "Quantity": 5,
        "Items": [
            "/cdn/p/ab/c%20d/full.webp",
            "/p/ab/c%20d/full.webp",
            "/cdn/p/ab/*",
            "/p/ab/*",
            "#0f",
        ],
    }


def test_the_same_again_is_the_same_request_and_anything_else_another(edge: Edge) -> None:
    asked: list[tuple[str, list[str], list[str]]] = [
        ("once", ["p/1"], []),
        ("once", ["p/1"], []),
        ("again", ["p/1"], []),
        ("once", ["p/2"], []),
        ("once", ["p/1"], ["0f"]),
        ("once", [], ["p/1"]),
    ]
    for reference, keys, tags in asked:
        edge.answers()
        edge.edge.invalidate(reference, keys, tags)

    references = [edge.batch(number)["CallerReference"] for number in range(6)]
    assert references[0] == references[1]
    assert len(set(references)) == 5


def test_an_edge_with_too_much_under_way_is_asked_later(edge: Edge, log: RecordingLog) -> None:
    edge.stub.add_client_error(
        "create_invalidation", "TooManyInvalidationsInProgress", http_status_code=400
    )

    assert not edge.edge.invalidate("once", ["p/1"], [])
    assert log.events() == ["edge_busy"]


def test_an_edge_that_refuses_otherwise_is_an_error(edge: Edge) -> None:
    edge.stub.add_client_error("create_invalidation", "AccessDenied", http_status_code=403)

    with pytest.raises(ClientError):
        edge.edge.invalidate("once", ["p/1"], [])

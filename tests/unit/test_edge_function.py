"""A function at the edge: what goes in, what may come back, and where its text comes from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from tests.local_stack.edge.event import fields, query_pairs, viewer_request
from tests.local_stack.edge.function import Answer, EdgeFunction, Forward, FunctionFailed
from tests.local_stack.template.dynamic_references import with_secrets
from tests.local_stack.template.intrinsics import Values
from tests.local_stack.template.read_edge import read_edge
from tests.support.edge import a_request, run

# --- What comes back -----------------------------------------------------------------------------

FORWARDED = "const r = event.request; r.querystring = {};"


@pytest.mark.parametrize(
    "body",
    [
        "throw new Error('x');",
        "return event.request.nothing.at.all;",
        "const big = ['x']; while (true) { big.push(big.join()); }",
        "return handler(event);",
    ],
)
def test_a_function_that_raises_is_answered_with_503(body: str) -> None:
    with pytest.raises(FunctionFailed) as failed:
        run(body)
    assert failed.value.status == 503


@pytest.mark.parametrize(
    "body",
    [
        "",
        "return 1;",
        "return null;",
        "return [];",
        "return {};",
        "return event;",
        "return { statusCode: '403' };",
        "return { statusCode: 99 };",
        "return { statusCode: 200, status: 'x' };",
        "return { statusCode: 200, headers: { 'Upper-Case': { value: 'x' } } };",
        "return { statusCode: 200, headers: { name: 'x' } };",
        "return { statusCode: 200, headers: { name: { value: 1 } } };",
        "return { statusCode: 200, body: { data: 'x', encoding: 'text' } };",
        "return { statusCode: 200, cookies: { a: { value: 'b' } } };",
        "return event.request;",  # its query string would go on
        f"{FORWARDED} r.uri = 'no-slash'; return r;",
        f"{FORWARDED} r.uri = '/' + 'x'.repeat(8192); return r;",
        f"{FORWARDED} r.method = 'POST'; return r;",
        f"{FORWARDED} r.headers.host = {{ value: 'evil.test' }}; return r;",
        f"{FORWARDED} r.more = 1; return r;",
        f"{FORWARDED} delete r.cookies; return r;",
    ],
)
def test_a_result_that_cloudfront_would_not_take_is_answered_with_502(body: str) -> None:
    with pytest.raises(FunctionFailed) as failed:
        run(body)
    assert failed.value.status == 502


def test_a_request_goes_on_where_the_function_says() -> None:
    assert run(f"{FORWARDED} r.uri = '/b'; return r;") == Forward("/b")


def test_a_response_is_taken_as_it_is() -> None:
    answer = run(
        "return { statusCode: 403, statusDescription: 'Forbidden', body: 'no',"
        " headers: { 'cache-control': { value: 'no-store' } } };"
    )

    assert answer == Answer(403, {"cache-control": "no-store"}, "no")


def test_a_function_runs_often_in_little_memory() -> None:
    edge = EdgeFunction("function handler(event) { return { statusCode: 200 }; }", print)
    for _ in range(5_000):
        edge(a_request("/a" * 50, [("x", "1" * 100)]), 0)


# --- What goes in --------------------------------------------------------------------------------


def test_the_event_has_what_cloudfront_documents_and_nothing_decoded() -> None:
    request = Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/cdn/a b",
            "raw_path": b"/cdn/a%20b",
            "query_string": b"a=%31&b&c=1&c=2&=x&&d=e=f",
            "headers": [(b"host", b"page.test"), (b"cookie", b"s=1; t=2"), (b"via", b"x")],
            "client": ("203.0.113.9", 1234),
        }
    )

    event = viewer_request(request, "edge.cloudfront.net")

    context = event.pop("context")
    assert context.pop("requestId")
    assert context == {
        "distributionDomainName": "edge.cloudfront.net",
        "distributionId": "LOCAL",
        "eventType": "viewer-request",
    }
    assert event == {
        "version": "1.0",
        "viewer": {"ip": "203.0.113.9"},
        "request": {
            "method": "GET",
            "uri": "/cdn/a%20b",
            "querystring": {
                "a": {"value": "%31"},
                "b": {"value": ""},
                "c": {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}]},
                "": {"value": "x"},
                "d": {"value": "e=f"},
            },
            "headers": {"host": {"value": "page.test"}, "via": {"value": "x"}},
            "cookies": {"s": {"value": "1"}, "t": {"value": "2"}},
        },
    }


@given(st.text())
def test_any_query_string_is_read(query: str) -> None:
    assert fields(query_pairs(query)).keys() == {name for name, _ in query_pairs(query)}


# --- Out of the template -------------------------------------------------------------------------


class OneSecret:
    """Answers with what it was asked for."""

    def get_secret_value(self, **asked: str) -> dict[str, str]:
        return {"SecretString": json.dumps({"key": "value", "asked": sorted(asked.items())})}


def resolved(reference: str) -> str:
    client: Any = OneSecret()
    return with_secrets(f"'{reference}'", client)


def test_a_reference_is_what_the_secret_holds_at_that_version() -> None:
    plain = resolved("{{resolve:secretsmanager:arn:a:b:SecretString}}")
    stage = resolved("{{resolve:secretsmanager:arn:a:b:SecretString::AWSPREVIOUS:}}")
    version = resolved("{{resolve:secretsmanager:arn:a:b:SecretString:::v-1}}")

    assert json.loads(plain.strip("'"))["asked"] == [["SecretId", "arn:a:b"]]
    assert ["VersionStage", "AWSPREVIOUS"] in json.loads(stage.strip("'"))["asked"]
    assert ["VersionId", "v-1"] in json.loads(version.strip("'"))["asked"]
    assert resolved("{{resolve:secretsmanager:x:SecretString:key::}}") == "'value'"


@pytest.mark.parametrize(
    "reference",
    [
        "{{resolve:secretsmanager:x:SecretString::AWSCURRENT:v-1}}",
        "{{resolve:secretsmanager:x:SecretBinary}}",
        "{{resolve:ssm:/name:1}}",
    ],
)
def test_a_reference_that_cloudformation_would_read_otherwise_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="not"):
        resolved(reference)


def test_a_template_without_a_distribution_has_no_edge() -> None:
    assert read_edge({}, Values({}), {}) is None

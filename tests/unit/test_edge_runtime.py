"""The edge of the local stack: as much JavaScript as CloudFront documents, and no more."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from tests.local_stack.edge.event import fields, query_pairs, viewer_request
from tests.local_stack.edge.function import (
    MAX_CODE_BYTES,
    Answer,
    EdgeFunction,
    Forward,
    FunctionFailed,
)
from tests.local_stack.edge.syntax import not_listed
from tests.local_stack.template.dynamic_references import with_secrets
from tests.local_stack.template.intrinsics import Values
from tests.local_stack.template.read_edge import read_edge
from tests.support.edge import a_request, function_code


def run(body: str, log: list[str] | None = None, now: float = 0) -> Answer | Forward:
    """What a function with this body answers to GET /a?x=1."""
    lines: list[str] = [] if log is None else log
    edge = EdgeFunction(f"function handler(event) {{ {body} }}", lines.append)
    return edge(a_request("/a", [("x", "1")]), now)


def value_of(expression: str, now: float = 0) -> Any:
    """What an expression is worth in the runtime."""
    found = run(f"return {{ statusCode: 200, body: JSON.stringify({expression}) }};", now=now)
    assert isinstance(found, Answer)
    return json.loads(found.body)


# --- The documented runtime ----------------------------------------------------------------------

ENCODED: dict[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda digest: base64.b64encode(digest).decode(),
    "base64url": lambda digest: base64.urlsafe_b64encode(digest).decode().rstrip("="),
}


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("text", ["", "abc", "ä € 𝄞"])
def test_hashes_are_the_standard_ones(algorithm: str, encoding: str, text: str) -> None:
    said = json.dumps(text)
    crypto = "require('crypto')"

    digest = hashlib.new(algorithm, text.encode()).digest()
    assert value_of(
        f"{crypto}.createHash('{algorithm}').update({said}).digest('{encoding}')"
    ) == ENCODED[encoding](digest)
    digest = hmac.digest(b"key", (text + text).encode(), algorithm)
    assert value_of(
        f"{crypto}.createHmac('{algorithm}', 'key').update({said}).update({said})"
        f".digest('{encoding}')"
    ) == ENCODED[encoding](digest)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Date.now()", 1_700_000_000_123),
        ("[1, 2, 3].filter((n) => n > 1).map(String).join('-')", "2-3"),
        ("'a,b'.split(',').concat(['c'])", ["a", "b", "c"]),
        ("/^(\\w)\\w*$/.exec('abc')[1]", "a"),
        ("'x'.codePointAt(0) ^ undefined", 120),
        ("`a${1 + 1}`", "a2"),
        ("decodeURIComponent('%C3%A4')", "ä"),
        ("Object.assign({}, { a: 1 })", {"a": 1}),
        ("(function () { return this === undefined; })()", True),
        ("typeof globalThis.__digest + typeof globalThis.__log", "undefinedundefined"),
    ],
)
def test_what_is_listed_works(expression: str, expected: Any) -> None:
    assert value_of(expression, now=1_700_000_000.1239) == expected


def test_what_a_function_logs_is_told() -> None:
    log: list[str] = []

    run("console.log('uri', event.request.uri); return { statusCode: 200 };", log)

    assert log == ["uri /a"]


# --- What it does not list fails -----------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [
        "eval('1')",
        "new Function('return 1')()",
        "(function () {}).constructor('return 1')()",
        "setTimeout(() => 1, 0)",
        "queueMicrotask(() => 1)",
        "fetch('http://127.0.0.1/')",
        "require('fs')",
        "require('querystring')",
        "new Date()",
        "performance.now()",
        "new Map()",
        "Symbol('x')",
        "new Proxy({}, {})",
        "Reflect.ownKeys({})",
        "BigInt(1)",
        "atob('AAAA')",
        "escape('x')",
        "Buffer.from('x')",
        "structuredClone({})",
        "Object.fromEntries([])",
        "[1].at(0)",
        "[[1]].flat()",
        "'x'.at(0)",
        "'x'.matchAll(/x/g)",
        "'x'.localeCompare('y')",
        "require('crypto').createHash('sha512')",
        "require('crypto').createHmac('sha256')",
        "require('crypto').timingSafeEqual('a', 'b')",
        "require('crypto').randomBytes(1)",
        "require('crypto').createHash('md5').update('x').digest()",
        "require('crypto').createHash('md5').update('x').digest('latin1')",
        "require('crypto').createHash('md5').update(1)",
    ],
)
def test_what_is_not_listed_fails(expression: str) -> None:
    with pytest.raises(FunctionFailed) as failed:
        value_of(expression)

    assert failed.value.status == 503


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("class A {}", "class"),
        ("function* f() { yield 1; }", "generator"),
        ("import cf from 'cloudfront';", "module"),
        ("async function f() {}", "async"),
        ("for (const a of []) {}", "for-of"),
        ("const a = b?.c;", "optional chaining"),
        ("const a = b ?? c;", "nullish coalescing"),
        ("const { a } = b;", "destructuring"),
        ("[a, b] = c;", "destructuring"),
        ("const a = [...b];", "spread"),
        ("f(...a);", "spread"),
        ("function f(a = 1) {}", "default parameter"),
        ("const f = (a = 1) => a;", "default parameter"),
        ("const a = 1n;", "big integer"),
        ("debugger;", "debugger"),
    ],
)
def test_syntax_that_is_not_listed_is_found(code: str, name: str) -> None:
    assert name in not_listed(code)
    with pytest.raises(ValueError, match=name):
        EdgeFunction(f"{code}\nfunction handler(event) {{}}", print)


@pytest.mark.parametrize(
    "code",
    [
        function_code(),
        "// a class of its own, async ?? yes\nvar a = 'import x?.y';",
        "function f(...rest) { return rest.length === 1 ? .5 : 2; }",
        "const f = (a, b) => a === b;",
        "if (/^(?:class|x{2,})$/.test(a)) { b = { c: [1] }; }",
        "const a = b[0] === c[1];",
        'var s = "it\'s // no comment";',
    ],
)
def test_syntax_that_is_listed_passes(code: str) -> None:
    assert not_listed(code) == []


def test_a_function_has_ten_kilobytes() -> None:
    code = "function handler(event) { return { statusCode: 200 }; }\n"
    just = code + "/" * (MAX_CODE_BYTES - len(code))

    EdgeFunction(just, print)
    with pytest.raises(ValueError, match="larger"):
        EdgeFunction(just + "/", print)


@pytest.mark.parametrize("code", ["function handler(", "function other() {}", "nonsense;"])
def test_code_that_cannot_be_loaded_is_told(code: str) -> None:
    with pytest.raises(FunctionFailed):
        EdgeFunction(code, print)


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

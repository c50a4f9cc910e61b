"""The edge of the local stack: as much JavaScript as CloudFront documents, and no more."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.local_stack.edge.function import (
    MAX_CODE_BYTES,
    Answer,
    EdgeFunction,
    FunctionFailed,
)
from tests.local_stack.edge.syntax import not_listed
from tests.support.edge import function_code, run


def value_of(expression: str, now: float = 0) -> Any:
    """What an expression is worth in the runtime."""
    answer = f"return {{ statusCode: 200, body: JSON.stringify({expression}) }};"
    said = run(answer, now=now)
    assert isinstance(said, Answer)
    return json.loads(said.body)


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

    run("console.log('uri', event.request.uri); return { statusCode: 200 };", log.append)

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

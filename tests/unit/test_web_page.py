"""The page and its files: all public, nothing outside their folder."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode
from collections.abc import Iterable
from html import unescape
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
from tests.support.doubles import RecordingLog, RecordingMetrics, nothing_shared

from afterimage.domain.metrics import Metric
from afterimage.http.packed import without_comments
from afterimage.http.web_page import WebPage

CONFIG = {
    "issuer": "https://issuer.test/realms/main",
    "audience": "afterimage",
    "client_id": "page-client",
    "scopes": "openid api://chat/use",
    "sign_in_origin": "",
    "public_url": "https://page.test",
    "websocket_url": "wss://channel.test/live",
    "push_hosts": "",
    "frame_ancestors": "",
}
STATIC = Path(__file__).parents[2] / "functions" / "web_page" / "static"
PNG = b"\x89PNG\r\n\x1a\n\xff\x00"


@pytest.fixture
def page(tmp_path: Path, log: RecordingLog) -> WebPage:
    root = tmp_path / "static"
    (root / "vendor").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("not for you")
    (tmp_path / "static-too").mkdir()
    (tmp_path / "static-too" / "secret.txt").write_text("not for you")
    (root / "index.html").write_text("<title>Afterimage ü</title>", "utf-8")
    (root / "app.js").write_text("import './vendor/lib.js';")
    (root / "app.d.ts").write_text("export {};")
    (root / "style.css").write_text("body {}")
    (root / "icon.svg").write_text("<svg/>")
    (root / "picture.png").write_bytes(PNG)
    (root / "robots.txt").write_text("User-agent: *")
    (root / "unknown").write_bytes(b"\xff\xfe")
    (root / "vendor" / "lib.js").write_text("export {};")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    return WebPage(root, lambda: CONFIG, list, str, nothing_shared, log, RecordingMetrics())


def static(page: WebPage, path: str, **headers: str) -> dict[str, Any]:
    event = {
        "routeKey": "GET /static/{proxy+}",
        "pathParameters": {"proxy": path},
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
    }
    return page(event, None)


def body_of(answer: dict[str, Any]) -> bytes:
    body: str = answer["body"]
    return b64decode(body) if answer["isBase64Encoded"] else body.encode()


@pytest.fixture
def own(log: RecordingLog) -> WebPage:
    """The page as it is, not one of a few files."""
    return WebPage(STATIC, lambda: CONFIG, list, str, nothing_shared, log, RecordingMetrics())


def test_the_page(page: WebPage) -> None:
    answer = page({"routeKey": "GET /"}, None)

    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == "text/html; charset=utf-8"
    assert answer["body"] == "<title>Afterimage ü</title>"


def test_the_page_carries_its_configuration_as_text(page: WebPage, tmp_path: Path) -> None:
    (tmp_path / "static" / "index.html").write_text('<meta content="{{config}}">')

    body = page({"routeKey": "GET /"}, None)["body"]

    (content,) = re.findall('<meta content="([^"]*)">', body)
    config = json.loads(page({"routeKey": "GET /config.json"}, None)["body"])
    del config["push_public_key"]  # which costs a secret, and is asked for by who is told
    assert json.loads(unescape(content)) == {**config, "push": False}


@pytest.mark.parametrize(
    "route",
    ["/", "/static/{proxy+}", "/robots.txt", "/config.json", "/openapi.json", "/asyncapi.json"],
)
def test_the_head_is_that_of_the_whole(page: WebPage, route: str) -> None:
    event = {"pathParameters": {"proxy": "picture.png"}, "headers": {}}

    whole = page({**event, "routeKey": f"GET {route}"}, None)
    head = page({**event, "routeKey": f"HEAD {route}"}, None)

    assert (head["statusCode"], head["headers"]) == (200, whole["headers"])
    assert whole["body"]
    assert (head["body"], head["isBase64Encoded"]) == ("", False)


UNPACKED = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip, deflate, br, zstd", "br"), ("br,gzip", "br"), ("gzip, deflate", "gzip"),
     ("br;q=0, gzip;q=0", None), ("deflate", None), ("", None)],
)  # fmt: skip
def test_text_is_packed_for_those_who_take_it(
    page: WebPage, accepted: str, coding: str | None
) -> None:
    answer = static(page, "app.js", accept_encoding=accepted)

    assert answer["headers"].get("content-encoding") == coding
    assert answer["headers"]["vary"] == "accept-encoding"
    assert UNPACKED[coding](body_of(answer)) == b"import './vendor/lib.js';"
    picture = static(page, "picture.png", accept_encoding=accepted)["headers"]
    assert not {"content-encoding", "vary"} & picture.keys()


def test_with_its_version_a_module_comes_without_comments(page: WebPage, tmp_path: Path) -> None:
    code = """/*! licence */
// why
export const both = [/[/*"]/, `// ${1  +  1}`, "/* kept */"]; /* and
how */
    export let count = 1
    ++count
"""
    for name in ("app.js", "vendor/lib.js", "style.css"):
        (tmp_path / "static" / name).write_text(code)

    sent = {name: static(page, f"{'0' * 16}/{name}") for name in ("vendor/lib.js", "style.css")}

    alone = static(page, f"{'0' * 16}/app.js")
    assert alone["body"] == (
        '/*! licence */export const both=[/[/*"]/,`// ${1  +  1}`,"/* kept */"];'
        "export let count=1\n++count"
    )
    assert alone["headers"]["etag"] != static(page, "app.js")["headers"]["etag"]
    assert static(page, "app.js")["body"] == code
    assert {answer["body"] for answer in sent.values()} == {code}


def test_no_words_of_the_page_look_like_code_to_what_takes_comments_away() -> None:
    """rjsmin knows templates, but not those within one: it takes their words for code."""
    within = re.compile(r"\$\{[^{}`]*`([^`]*)`")
    modules = [path.read_text("utf-8") for path in STATIC.glob("*.js")]

    words = [found for code in modules for found in within.findall(code)]
    assert words
    assert [one for one in words if without_comments(one.encode()) != one.encode()] == []


def test_what_a_browser_has_already_is_not_sent_again(page: WebPage, tmp_path: Path) -> None:
    tag = static(page, "app.js")["headers"]["etag"]

    again = static(page, "app.js", if_none_match=tag)
    (tmp_path / "static" / "app.js").write_text("changed")
    changed = static(page, "app.js", if_none_match=tag)

    assert (again["statusCode"], again["body"]) == (304, "")
    assert again["headers"]["etag"] == tag
    assert (changed["statusCode"], changed["body"]) == (200, "changed")


@pytest.mark.parametrize(
    ("known", "status"),
    [("{tag}", 304), ("W/{tag}", 304), ('"a", {tag}', 304), ('"a",W/{tag} , "b"', 304),
     (" * ", 304), ('"a", W/"b"', 200), ('"*"', 200), ("", 200), ('W/, ","', 200)],
)  # fmt: skip
def test_whoever_has_it_may_say_so_among_others(page: WebPage, known: str, status: int) -> None:
    headers = static(page, "app.js")["headers"]

    answer = static(page, "app.js", if_none_match=known.format(tag=headers["etag"]))

    assert (answer["statusCode"], answer["headers"]) == (status, headers)


def test_what_the_page_names_is_kept_until_a_file_changes(page: WebPage, tmp_path: Path) -> None:
    (tmp_path / "static" / "index.html").write_text("/static/{{version}}/vendor/lib.js")

    def named() -> str:
        body: str = page({"routeKey": "GET /"}, None)["body"]
        return body.removeprefix("/static/")

    first = named()
    kept = static(page, first)
    (tmp_path / "static" / "app.js").write_text("changed")
    late = static(page, first)

    assert (kept["statusCode"], kept["body"]) == (200, "export {};")
    assert "immutable" in kept["headers"]["cache-control"]
    assert (late["statusCode"], late["headers"]["cache-control"]) == (200, "no-cache")
    assert named() != first
    assert "immutable" in static(page, named())["headers"]["cache-control"]
    assert static(page, "vendor/lib.js")["headers"]["cache-control"] == "no-cache"


def test_the_policy_allows_this_origin_the_issuer_and_the_channel_only(page: WebPage) -> None:
    headers = page({"routeKey": "GET /"}, None)["headers"]

    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self' https://issuer.test wss://channel.test"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "worker"
    assert policy["worker-src"] == policy["manifest-src"] == "'self'"
    assert "unsafe" not in str(policy)
    assert "*" not in str(policy)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_the_page_is_framed_by_those_alone_who_are_named(log: RecordingLog) -> None:
    named = {**CONFIG, "frame_ancestors": "https://app.test http://localhost:5173"}
    framed = WebPage(STATIC, lambda: named, list, str, nothing_shared, log, RecordingMetrics())

    headers = framed({"routeKey": "GET /"}, None)["headers"]

    allowed = "; frame-ancestors https://app.test http://localhost:5173;"
    assert allowed in headers["content-security-policy"]
    assert "x-frame-options" not in headers


def test_only_where_a_sign_in_ends_its_opener_is_known(own: WebPage) -> None:
    assert "cross-origin-opener-policy" not in static(own, "signed_in.html")["headers"]
    assert (
        own({"routeKey": "GET /"}, None)["headers"]["cross-origin-opener-policy"] == "same-origin"
    )


def test_the_service_worker_may_do_less_than_the_page(own: WebPage) -> None:
    policy = static(own, "sw.js")["headers"]["content-security-policy"]

    assert "connect-src" not in policy
    assert "trusted-types 'none'" in policy
    assert policy.startswith("default-src 'none'; script-src 'self';")


def test_an_issuer_whose_tokens_come_from_elsewhere(tmp_path: Path, log: RecordingLog) -> None:
    """Cognito describes itself at one origin and signs people in at another."""
    (tmp_path / "index.html").write_text("")
    config = {**CONFIG, "sign_in_origin": "https://sign-in.test"}
    page = WebPage(tmp_path, lambda: config, list, str, nothing_shared, log, RecordingMetrics())

    policy = page({"routeKey": "GET /"}, None)["headers"]["content-security-policy"]

    allowed = "'self' https://issuer.test https://sign-in.test"
    assert f"connect-src {allowed} wss://channel.test" in policy


@pytest.mark.parametrize(
    ("path", "kind"),
    [("app.js", "javascript"), ("style.css", "text/css"), ("icon.svg", "image/svg+xml"),
     ("vendor/lib.js", "javascript"), ("app.d.ts", "text/plain")],
)  # fmt: skip
def test_files_have_their_type(page: WebPage, path: str, kind: str) -> None:
    answer = static(page, path)

    assert answer["statusCode"] == 200
    assert kind in answer["headers"]["content-type"]
    assert answer["headers"]["x-content-type-options"] == "nosniff"


def test_what_is_asked_for_without_being_named_is_there(own: WebPage) -> None:
    """The page's own: a 404 in place of the icon would be a red line in everybody's console."""
    icon, robots = (
        own({"routeKey": f"GET /{name}"}, None) for name in ("favicon.ico", "robots.txt")
    )

    assert "icon" in icon["headers"]["content-type"]
    assert b64decode(icon["body"]).startswith(b"\0\0\1\0")
    assert robots["headers"]["content-type"] == "text/plain; charset=utf-8"
    assert robots["body"].endswith("Disallow: /\n")


def test_bytes_travel_in_base64(page: WebPage) -> None:
    answer = static(page, "picture.png")

    assert answer["headers"]["content-type"] == "image/png"
    assert answer["isBase64Encoded"] is True
    assert b64decode(answer["body"]) == PNG
    assert static(page, "unknown")["headers"]["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "../static-too/secret.txt",
        "vendor/../../secret.txt",
        "/etc/passwd",
        "..",
        ".",
        "",
        "vendor",
        "vendor/",
        "nothing.js",
        "link.txt",
        "..\\secret.txt",
        "%2e%2e/secret.txt",
        "0123456789abcdef/../../secret.txt",
        "0123456789abcdef//etc/passwd",
        "0123456789abcdef/",
        "app.js\x00.png",
        "x" * 5_000,
        "\ud800",
    ],
)
def test_nothing_else_is_served(page: WebPage, path: str) -> None:
    answer = static(page, path)

    assert answer["statusCode"] == 404
    assert json.loads(answer["body"]) == {
        "error": {"code": "not_found", "message": "There is nothing here.", "retry_after": None}
    }


def test_a_path_without_parameters(page: WebPage) -> None:
    assert page({"routeKey": "GET /static/{proxy+}"}, None)["statusCode"] == 404


def test_what_the_page_needs_to_sign_in_and_connect(page: WebPage) -> None:
    answer = page({"routeKey": "GET /config.json"}, None)

    assert json.loads(answer["body"]) == {
        "issuer": "https://issuer.test/realms/main",
        "client_id": "page-client",
        "audience": "afterimage",
        "scope": "openid api://chat/use",
        "public_url": "https://page.test",
        "websocket_url": "wss://channel.test/live",
        "max_text_length": 8_000,
        "image_models": [],
        "push_public_key": None,
    }


def test_where_people_are_told_there_is_a_key_and_the_page_knows(
    tmp_path: Path, log: RecordingLog
) -> None:
    (tmp_path / "index.html").write_text('<meta content="{{config}}">')
    config = {**CONFIG, "push_hosts": "fcm.test"}
    page = WebPage(
        tmp_path, lambda: config, list, lambda: "a key", nothing_shared, log, RecordingMetrics()
    )

    assert json.loads(page({"routeKey": "GET /config.json"}, None)["body"])["push_public_key"]
    body = unescape(page({"routeKey": "GET /"}, None)["body"])
    assert '"push": true' in body
    assert "a key" not in body


def test_the_apis_description(page: WebPage) -> None:
    answer = page({"routeKey": "GET /openapi.json"}, None)

    document = json.loads(answer["body"])
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "https://page.test"}]


def test_the_channels_description(page: WebPage) -> None:
    answer = page({"routeKey": "GET /asyncapi.json"}, None)

    document = json.loads(answer["body"])
    assert document["asyncapi"] == "3.0.0"
    assert document["servers"]["websocket"]["host"] == "channel.test"


def test_of_the_vendored_library_there_is_what_the_page_uses() -> None:
    used = set(re.findall(r"\boauth\.(\w+)", (STATIC / "session.js").read_text()))
    exported = (STATIC / "vendor" / "oauth4webapi.js").read_text().rpartition("export{")[2]

    assert set(re.findall(r" as (\w+)", exported)) == used


def imported(path: Path, seen: set[Path]) -> set[Path]:
    """A module with all that it imports, and so on; without what `import()` asks for later."""
    seen.add(path)
    code = path.read_text("utf-8")
    for name in re.findall(r'^import [^;]*?"(\./[^"]+)";', code, re.MULTILINE):
        if (path.parent / name).resolve() not in seen:
            imported((path.parent / name).resolve(), seen)
    return seen


def sent(files: Iterable[Path], own: WebPage) -> int:
    """Bytes of files as they travel to the page in a browser of today."""
    names = (f"{'0' * 16}/{path.relative_to(STATIC)}" for path in files)
    return sum(len(body_of(static(own, name, accept_encoding="gzip, br"))) for name in names)


def test_the_first_view_is_small_and_few_requests_all_asked_for_at_once(own: WebPage) -> None:
    html = (STATIC / "index.html").read_text("utf-8")
    named = {
        STATIC / name for name in re.findall(r'(?:href|src)="/static/{{version}}/([^"]+)"', html)
    }
    first = named | {STATIC / "index.html"}

    assert named == imported(STATIC / "app.js", set()) | {STATIC / "style.css"}
    assert len(first) <= 14
    assert sent(first, own) <= 62_000


def test_all_parts_of_the_page_are_small(own: WebPage) -> None:
    files = [path for path in STATIC.rglob("*") if path.suffix in (".html", ".css", ".js")]

    assert sent(files, own) <= 90_000


def test_models_that_cannot_be_read_are_a_defect_and_the_page_comes_all_the_same(
    tmp_path: Path, log: RecordingLog
) -> None:
    def unread() -> list[dict[str, Any]]:
        raise OSError

    metrics = RecordingMetrics()
    page = WebPage(tmp_path, lambda: CONFIG, unread, str, nothing_shared, log, metrics)

    answer = page({"routeKey": "GET /config.json"}, None)

    assert (answer["statusCode"], json.loads(answer["body"])["image_models"]) == (200, [])
    assert metrics.of(Metric.DEFECTS) == [1]
    assert metrics.flushes == [1]  # and gone with the answer


def test_without_the_key_of_pushes_people_sign_in_all_the_same_and_the_next_look_finds_it(
    tmp_path: Path, log: RecordingLog
) -> None:
    keys = iter(["", "a key"])

    def key() -> str:
        if found := next(keys):
            return found
        raise OSError

    metrics, config = RecordingMetrics(), {**CONFIG, "push_hosts": "fcm.test"}
    page = WebPage(tmp_path, lambda: config, list, key, nothing_shared, log, metrics)

    without, later = (page({"routeKey": "GET /config.json"}, None) for _ in range(2))

    assert (without["statusCode"], json.loads(without["body"])["push_public_key"]) == (200, None)
    assert (metrics.of(Metric.DEFECTS), log.events()) == ([1], ["push_key_unread"])
    assert json.loads(later["body"])["push_public_key"] == "a key"

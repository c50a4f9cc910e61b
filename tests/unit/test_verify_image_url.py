"""The function at the edge, by its own text in template.yaml: nothing unsigned gets through."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.local_stack.edge.function import MAX_CODE_BYTES, EdgeFunction, Forward
from tests.support.doubles import NOW, FixedClock
from tests.support.edge import (
    CURRENT,
    OTHER,
    a_request,
    function_code,
    is_forbidden,
    verify_image_url,
)

from afterimage.adapters.signed_urls import SignedUrls
from afterimage.domain.ids import image_key
from afterimage.domain.shares import name_of, shared_key

JOB = "01JD4A7Y000000000000000000"
KEY = image_key("alice", JOB, "full.webp")
PATH = f"/cdn/{KEY}"
SECONDS = int(NOW.timestamp())
LATER = str(SECONDS + 1)


@pytest.fixture(scope="module")
def edge() -> EdgeFunction:
    return verify_image_url()


def sign(path: str, expires: str, secret: str = CURRENT) -> str:
    digest = hmac.digest(secret.encode(), f"{path}?expires={expires}".encode(), "sha256")
    return urlsafe_b64encode(digest).decode().rstrip("=")


def signed(path: str, expires: str = LATER, secret: str = CURRENT) -> list[tuple[str, str]]:
    return [("expires", expires), ("signature", sign(path, expires, secret))]


def url(key: str, secret: str = CURRENT, period_days: int = 7) -> tuple[str, list[tuple[str, str]]]:
    """Path and query of the URL that the functions sign."""
    made = SignedUrls(lambda: "https://page.test", lambda: secret, FixedClock(), period_days)
    parts = urlsplit(made.url(key))
    return parts.path, parse_qsl(parts.query)


# --- What is let through -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["full.webp", "thumbnail.webp"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_the_functions_sign_is_read_from_its_key(
    edge: EdgeFunction, name: str, method: str
) -> None:
    key = image_key("alice", JOB, name)

    verdict = edge(a_request(*url(key), method), SECONDS)

    assert verdict == Forward(f"/{key}")


@pytest.mark.parametrize("name", ["original", "small.webp"])
def test_what_nobody_is_shown_is_never_read_at_the_edge(edge: EdgeFunction, name: str) -> None:
    assert is_forbidden(edge(a_request(*url(image_key("alice", JOB, name))), SECONDS))


def test_a_url_is_valid_until_the_second_it_names(edge: EdgeFunction) -> None:
    request = a_request(PATH, signed(PATH))

    assert edge(request, SECONDS + 0.999) == Forward(f"/{KEY}")
    assert is_forbidden(edge(request, SECONDS + 1))


@pytest.mark.parametrize("period_days", [1, 7, 180])
def test_a_url_made_now_is_valid_for_a_period_and_dead_after_two(
    edge: EdgeFunction, period_days: int
) -> None:
    request = a_request(*url(KEY, period_days=period_days))
    period = timedelta(days=period_days)

    assert edge(request, (NOW + period).timestamp()) == Forward(f"/{KEY}")
    assert is_forbidden(edge(request, (NOW + 2 * period).timestamp()))


def test_parameters_that_mean_nothing_go_no_further(edge: EdgeFunction) -> None:
    query = [("a", "1"), *signed(PATH), ("b", "2"), ("b", "3"), ("__proto__", "x")]

    assert edge(a_request(PATH, query), SECONDS) == Forward(f"/{KEY}")


STOCK = f"/cdn/stock/{'a' * 16}/{JOB}/"


def test_of_what_is_nobodys_the_thumbnail_is_let_through_alone(edge: EdgeFunction) -> None:
    thumbnail = f"{STOCK}thumbnail.webp"

    passed = edge(a_request(thumbnail, signed(thumbnail)), SECONDS)

    assert passed == Forward(thumbnail.removeprefix("/cdn"))
    for name in ("full.webp", "small.webp", "original"):
        assert is_forbidden(edge(a_request(STOCK + name, signed(STOCK + name)), SECONDS))
    assert is_forbidden(edge(a_request(thumbnail, []), SECONDS))


SHARED = f"/cdn/{shared_key(name_of('t' * 22))}"


def test_what_is_shared_needs_no_signature_and_has_one_spelling(edge: EdgeFunction) -> None:
    assert edge(a_request(SHARED, []), SECONDS) == Forward(SHARED.removeprefix("/cdn"))
    for other in (
        SHARED.upper(),
        SHARED + "/",
        SHARED.replace("/shared/", "/shared/../shared/"),
        SHARED.replace("/shared/", "/shared//"),
        SHARED.replace(".webp", ""),
        SHARED.replace(".webp", "0.webp"),
        f"/cdn/shared/{'é' * 64}.webp",
        "/cdn/shared/",
    ):
        assert is_forbidden(edge(a_request(other, []), SECONDS)), other


# --- What is not ---------------------------------------------------------------------------------

EXPIRES, SIGNATURE = signed(PATH)
SOMEBODY_ELSES = f"/cdn/{image_key('bob', JOB, 'full.webp')}"
TAMPERED = {
    "nothing": (PATH, []),
    "no expiry": (PATH, [SIGNATURE]),
    "no signature": (PATH, [EXPIRES]),
    "an empty signature": (PATH, [EXPIRES, ("signature", "")]),
    "an empty expiry": (PATH, signed(PATH, "")),
    "a later expiry": (PATH, [("expires", str(int(LATER) + 1)), SIGNATURE]),
    "the same expiry, spelled otherwise": (PATH, [("expires", f"0{LATER}"), SIGNATURE]),
    "an expiry that is no number": (PATH, signed(PATH, "Infinity")),
    "an expiry with an exponent": (PATH, signed(PATH, "9e11")),
    "an expiry with a sign": (PATH, signed(PATH, "+9999999999")),
    "an expiry with a line behind it": (PATH, signed(PATH, f"{LATER}\nx")),
    "an expiry in other digits": (PATH, signed(PATH, "٩٩٩٩٩٩٩٩٩٩٩")),
    "an expiry beyond measure": (PATH, signed(PATH, "9" * 13)),
    "two expiries": (PATH, [EXPIRES, EXPIRES, SIGNATURE]),
    "two signatures": (PATH, [EXPIRES, SIGNATURE, SIGNATURE]),
    "a signature cut short": (PATH, [EXPIRES, ("signature", SIGNATURE[1][:-1])]),
    "a signature with more": (PATH, [EXPIRES, ("signature", SIGNATURE[1] + "A")]),
    "a signature padded": (PATH, [EXPIRES, ("signature", SIGNATURE[1] + "=")]),
    "a signature in capitals": (PATH, [EXPIRES, ("signature", SIGNATURE[1].upper())]),
    "names in capitals": (PATH, [("Expires", LATER), ("Signature", SIGNATURE[1])]),
    "another secret": (PATH, signed(PATH, secret=OTHER)),
    "no secret": (PATH, signed(PATH, secret="")),
    "somebody else's picture with my signature": (SOMEBODY_ELSES, [EXPIRES, SIGNATURE]),
    "the thumbnail with the picture's signature": (
        PATH.replace("full", "thumbnail"), [EXPIRES, SIGNATURE],
    ),
    "the original with the picture's signature": (
        PATH.replace("full.webp", "original"), [EXPIRES, SIGNATURE],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TAMPERED)
def test_what_was_not_signed_as_it_is_is_refused(edge: EdgeFunction, case: str) -> None:
    assert is_forbidden(edge(a_request(*TAMPERED[case]), SECONDS))


# Signed, to show that a signature does not help: there is one spelling of a path.
TRAVERSALS = [
    "/cdn/../p/" + KEY[2:],
    "/cdn/%2e%2e/chats",
    "/cdn/%2E%2E%2Fchats",
    "/cdn/%252e%252e%252fchats",
    "/cdn/..%5cchats",
    "/cdn/p/..\\..\\chats",
    PATH.replace("/full", "/../" + JOB + "/full"),
    PATH.replace("/full", "/./full"),
    PATH.replace("/full", "//full"),
    PATH.replace("/full", "%2Ffull"),
    PATH.replace("/full", "%252Ffull"),
    PATH.replace("full", "%66ull"),
    PATH + ".",
    PATH + "..",
    PATH + "/",
    PATH + "%00",
    PATH + "%20",
    PATH + "\n",
    PATH + "/../original",
    PATH + "%2F..%2Foriginal",
    PATH + ";a=b",
    PATH.upper(),
    "/cdn//" + KEY,
    "//cdn/" + KEY,
    "/CDN/" + KEY,
    "/%63dn/" + KEY,
    "/" + KEY,
    "/cdn/",
    "/cdn/p/",
    "/cdn/q/" + KEY[2:],
    "https://page.test" + PATH,
    "",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_a_path_with_another_spelling_is_refused_even_when_signed(
    edge: EdgeFunction, path: str
) -> None:
    assert is_forbidden(edge(a_request(path, signed(path)), SECONDS))


def test_a_refusal_is_not_kept_by_a_browser(edge: EdgeFunction) -> None:
    refused = edge(a_request(PATH, []), SECONDS)

    assert is_forbidden(refused)
    assert getattr(refused, "headers", None) == {"cache-control": "no-store"}


# --- Anything at all -----------------------------------------------------------------------------

NAMES = st.sampled_from(["expires", "signature", "Expires", "__proto__", "constructor", ""])
VALUES = st.one_of(
    st.text(max_size=50),
    st.sampled_from([LATER, SIGNATURE[1], "0", "-1", "NaN", "null", "[object Object]"]),
)
PATHS = st.one_of(
    st.text(max_size=80).map(lambda text: f"/{text}"),
    st.text(max_size=20).map(lambda text: PATH + text),
    st.sampled_from([PATH, SOMEBODY_ELSES, *TRAVERSALS]),
    st.tuples(st.integers(0, len(PATH)), st.characters(codec="utf-8")).map(
        lambda at: PATH[: at[0]] + at[1] + PATH[at[0] + 1 :]
    ),
)
FUZZ = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(PATHS, st.lists(st.tuples(NAMES, VALUES), max_size=4))
def test_nothing_gets_through_but_what_was_signed(
    edge: EdgeFunction, path: str, query: list[tuple[str, str]]
) -> None:
    genuine = path == PATH and sorted(
        pair for pair in query if pair[0] in ("expires", "signature")
    ) == sorted([EXPIRES, SIGNATURE])

    verdict = edge(a_request(path, query), SECONDS)

    assert verdict == Forward(f"/{KEY}") if genuine else is_forbidden(verdict)


@FUZZ
@given(st.data())
def test_one_changed_character_is_one_too_many(edge: EdgeFunction, data: st.DataObject) -> None:
    parts = {"path": PATH, "expires": LATER, "signature": SIGNATURE[1]}
    name = data.draw(st.sampled_from(sorted(parts)))
    at = data.draw(st.integers(0, len(parts[name])))
    cut = data.draw(st.integers(0, 2))
    put = data.draw(st.text(max_size=2))
    changed = parts[name][:at] + put + parts[name][at + cut :]
    same = changed == parts[name]
    parts[name] = changed

    query = [("expires", parts["expires"]), ("signature", parts["signature"])]
    verdict = edge(a_request(parts["path"], query), SECONDS)

    assert isinstance(verdict, Forward) if same else is_forbidden(verdict)


# --- Its secrets ---------------------------------------------------------------------------------


def accepted(edge: EdgeFunction) -> set[str]:
    """Of the two secrets, those whose signatures get through."""
    return {
        secret
        for secret in (CURRENT, OTHER)
        if not is_forbidden(edge(a_request(PATH, signed(PATH, secret=secret)), SECONDS))
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CURRENT, {CURRENT}),
        (f"{CURRENT} {OTHER}", {CURRENT, OTHER}),
        (f"{OTHER} {CURRENT}", {CURRENT, OTHER}),
        (OTHER, {OTHER}),
        (f"{OTHER}  x", {OTHER}),
    ],
)
def test_the_edge_accepts_each_word_of_the_secret(text: str, expected: set[str]) -> None:
    assert accepted(verify_image_url(text)) == expected


def test_the_functions_sign_with_its_first_word() -> None:
    request = a_request(*url(KEY, f"{OTHER} {CURRENT}"))

    assert verify_image_url(OTHER)(request, SECONDS) == Forward(f"/{KEY}")
    assert is_forbidden(verify_image_url(CURRENT)(request, SECONDS))


def test_another_word_changes_the_text_that_cloudformation_compares() -> None:
    assert len({function_code(), function_code("one"), function_code("another")}) == 3


@pytest.mark.parametrize(
    "secret", ["", "short", "{{resolve:secretsmanager:x}}", "a" * 31, "ä" * 64]
)
def test_what_is_no_secret_signs_nothing(secret: str) -> None:
    [reference] = re.findall(r"\{\{resolve:[^}]*\}\}", function_code())
    edge = EdgeFunction(function_code().replace(reference, secret), print)

    assert is_forbidden(edge(a_request(PATH, signed(PATH, secret=secret)), SECONDS))


def test_the_function_is_small_enough_and_holds_no_secret_of_its_own() -> None:
    code = function_code("v" * 64)

    assert len(code.encode()) < MAX_CODE_BYTES / 2
    assert code.count("{{resolve:secretsmanager:") == 1

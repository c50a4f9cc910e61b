"""The page and the user pool that the stack makes, by what Amazon Cognito's documentation says.

Its description ("OpenID Connect discovery") is at one origin and its pages and tokens at another,
it renews without being asked for `offline_access`, and it signs out to `logout_uri`. Nothing here
is Cognito itself.
"""

import base64
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from afterimage.http.web_page import WebPage
from tests.local_stack.options import ROOT
from tests.support.doubles import RecordingLog, RecordingMetrics, nothing_shared

PAGE = "https://page.test"
POOL = "https://cognito-idp.test/region_pool"
SIGN_IN = "https://pool.auth.test"
CLIENT = "page-client"
CONFIG = {
    "issuer": POOL,
    "audience": CLIENT,
    "client_id": CLIENT,
    "scopes": "openid offline_access",
    "sign_in_origin": SIGN_IN,
    "public_url": PAGE,
    "websocket_url": "wss://channel.test/live",
    "push_hosts": "",
    "frame_ancestors": "",
}
DESCRIPTION = {
    "issuer": POOL,
    "authorization_endpoint": f"{SIGN_IN}/oauth2/authorize",
    "token_endpoint": f"{SIGN_IN}/oauth2/token",
    "end_session_endpoint": f"{SIGN_IN}/logout",
    "jwks_uri": f"{POOL}/.well-known/jwks.json",
    "response_types_supported": ["code", "token"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "scopes_supported": ["openid", "email", "phone", "profile"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
}
SESSION = f"""async () => {{
    const {{ Session }} = await import("/static/session.js");
    window.session = new Session({json.dumps({**CONFIG, "scope": CONFIG["scopes"]})}, () => {{}});
}}"""


class Pool:
    """Answers as a user pool does, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, route: Route) -> None:
        request = route.request
        url = urlsplit(request.url)
        given = dict(parse_qsl(request.post_data or url.query))
        self.asked.append((url.path, given))
        if url.path.endswith("/openid-configuration"):
            self._tell(route, DESCRIPTION)
        elif url.path == "/oauth2/token":
            self._tell(route, self._tokens(given))
        elif url.path == "/oauth2/authorize":
            back = f"{given['redirect_uri']}?{urlencode({'code': 'once', 'state': given['state']})}"
            html = f"<script>location.replace({json.dumps(back)})</script>"
            route.fulfill(body=html, content_type="text/html")
        else:
            route.fulfill(body="signed out", content_type="text/html")

    def _tell(self, route: Route, answer: Mapping[str, object]) -> None:
        route.fulfill(json=answer, headers={"access-control-allow-origin": "*"})

    def _tokens(self, given: dict[str, str]) -> dict[str, object]:
        now = int(time.time())
        claims = {"iss": POOL, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 3_600}
        tokens: dict[str, object] = {
            "access_token": f"access-{len(self.asked)}",
            "id_token": unsigned({**claims, "email": "alice@example.org"}),
            "token_type": "Bearer",
            "expires_in": 30,  # so little that the page renews it at once
        }
        if given["grant_type"] == "authorization_code":
            tokens["refresh_token"] = "lasting"
        return tokens

    def all_of(self, path: str) -> list[dict[str, str]]:
        return [given for asked, given in self.asked if asked == path]


def unsigned(claims: dict[str, object]) -> str:
    """An ID token; a page that got it over TLS from the issuer need not check its signature."""

    def encoded(part: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()

    return f"{encoded({'alg': 'RS256', 'kid': '1'})}.{encoded(claims)}.c2lnbmF0dXJl"


def serve_page(context: BrowserContext) -> None:
    """The page's files with the page's own headers, in an empty document."""
    page = WebPage(
        ROOT / "functions" / "web_page" / "static",
        lambda: CONFIG,
        list,
        str,
        nothing_shared,
        RecordingLog(),
        RecordingMetrics(),
    )

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        file = path.removeprefix("/static/")
        event = {"routeKey": "GET /static/{proxy+}", "pathParameters": {"proxy": file}}
        served = page(event if file != path else {"routeKey": "GET /"}, None)
        body = served["body"] if file != path else "<title>page</title>"
        route.fulfill(status=served["statusCode"], headers=served["headers"], body=body)

    context.route(f"{PAGE}/**", answer)


@pytest.fixture
def pool() -> Pool:
    return Pool()


@pytest.fixture
def page(new_context: Callable[[], BrowserContext], pool: Pool) -> Page:
    context = new_context()
    context.route(f"{POOL}/**", pool)
    context.route(f"{SIGN_IN}/**", pool)
    serve_page(context)
    page = context.new_page()
    page.goto(f"{PAGE}/")
    page.evaluate(SESSION)
    return page


def sign_in(page: Page) -> None:
    page.evaluate("() => void session.begin()")
    page.wait_for_url(f"{PAGE}/?code=*")
    page.evaluate(SESSION)
    assert page.evaluate("() => session.resume()") is True


def test_the_pool_signs_in_with_pkce_and_is_asked_for_nothing_it_has_not(
    page: Page, pool: Pool
) -> None:
    sign_in(page)

    (asked,) = pool.all_of("/oauth2/authorize")
    (redeemed,) = pool.all_of("/oauth2/token")
    assert asked["redirect_uri"] == redeemed["redirect_uri"] == f"{PAGE}/"
    assert (asked["scope"], asked["code_challenge_method"]) == ("openid", "S256")
    assert "audience" not in asked
    assert (redeemed["client_id"], redeemed["code"]) == (CLIENT, "once")
    assert "client_secret" not in redeemed
    assert page.evaluate("() => session.name") == "alice@example.org"


def test_a_token_is_renewed_again_and_again_by_the_one_that_lasts(page: Page, pool: Pool) -> None:
    sign_in(page)

    first = page.evaluate("() => session.token({ refused: false })")
    second = page.evaluate("() => session.token({ refused: false })")

    assert first != second
    renewals = pool.all_of("/oauth2/token")[1:]
    assert [given["grant_type"] for given in renewals] == ["refresh_token"] * 2
    assert {given["refresh_token"] for given in renewals} == {"lasting"}


def test_signing_out_ends_the_pools_session_too(page: Page, pool: Pool) -> None:
    sign_in(page)

    page.evaluate("() => void session.end()")
    page.wait_for_url(f"{SIGN_IN}/logout?*")

    (asked,) = pool.all_of("/logout")
    assert (asked["client_id"], asked["logout_uri"]) == (CLIENT, f"{PAGE}/")


def test_without_the_origin_of_its_tokens_the_browser_refuses(
    new_context: Callable[[], BrowserContext], pool: Pool, tmp_path: Path
) -> None:
    """What `SignInOrigin` is for."""
    policy = WebPage(
        tmp_path,
        lambda: {**CONFIG, "sign_in_origin": ""},
        list,
        str,
        nothing_shared,
        RecordingLog(),
        RecordingMetrics(),
    )._policy()
    context = new_context()
    context.route(f"{SIGN_IN}/**", pool)
    context.route(
        f"{PAGE}/**",
        lambda route: route.fulfill(
            body="<title>page</title>",
            headers={"content-type": "text/html", "content-security-policy": policy},
        ),
    )
    page = context.new_page()
    page.goto(f"{PAGE}/")

    ask = f"() => fetch('{SIGN_IN}/oauth2/token').then(() => 'asked', () => 'refused')"
    assert page.evaluate(ask) == "refused"
    assert pool.asked == []

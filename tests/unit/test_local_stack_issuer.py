"""The local stack's issuer, called as an application without a socket."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from starlette.applications import Starlette
from tests.local_stack.issuer.codes import challenge_of
from tests.local_stack.issuer.endpoints import IssuerEndpoints
from tests.local_stack.issuer.keys import SigningKeys, signing_keys
from tests.local_stack.issuer.tokens import BadUserNameError, Issuer

URL = "http://127.0.0.1:8000/dev/identity"
REQUEST = {
    "response_type": "code",
    "client_id": "chat-page",
    "redirect_uri": "http://127.0.0.1:8000/",
    "state": "the state",
    "nonce": "n1",
    "code_challenge": challenge_of("verifier"),
    "code_challenge_method": "S256",
}


@pytest.fixture(scope="module")
def keys() -> SigningKeys:
    return signing_keys(None)


@pytest.fixture
def issuer(keys: SigningKeys) -> Issuer:
    return Issuer(URL, "afterimage", keys)


def using(issuer: Issuer, use: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    async def run() -> None:
        app = Starlette(routes=[IssuerEndpoints(issuer).routes()])
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            await use(client)

    asyncio.run(run())


def verified(issuer: Issuer, token: str, audience: str) -> dict[str, Any]:
    key_set = jwt.PyJWKSet.from_dict(issuer.keys.public_set())
    key = key_set[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["ES256", "RS256"], audience=audience, issuer=URL
    )
    return claims


def redirected(response: httpx.Response) -> dict[str, str]:
    query = parse_qs(urlsplit(response.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


def exchange(code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": "verifier",
        "client_id": "chat-page",
        "redirect_uri": REQUEST["redirect_uri"],
    }


def test_sign_in_from_form_to_tokens(issuer: Issuer) -> None:
    async def flow(client: httpx.AsyncClient) -> None:
        page = await client.get("/authorize", params=REQUEST)
        assert 'name="code_challenge"' in page.text
        signed_in = await client.post("/authorize", data={**REQUEST, "user": "alice"})
        answer = redirected(signed_in)
        assert answer["state"] == "the state"
        tokens = (await client.post("/token", data=exchange(answer["code"]))).json()
        assert verified(issuer, tokens["access_token"], "afterimage")["sub"] == "alice"
        assert verified(issuer, tokens["id_token"], "chat-page")["nonce"] == "n1"
        again = await client.post("/token", data=exchange(answer["code"]))
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")

    using(issuer, flow)


def test_sign_in_is_remembered_until_it_is_ended(issuer: Issuer) -> None:
    async def flow(client: httpx.AsyncClient) -> None:
        silent = {**REQUEST, "prompt": "none"}
        first = await client.get("/authorize", params=silent)
        assert redirected(first)["error"] == "login_required"
        await client.post("/authorize", data={**REQUEST, "user": "alice"})
        assert "code" in redirected(await client.get("/authorize", params=silent))
        asked = await client.get("/authorize", params={**REQUEST, "prompt": "login"})
        assert "<form" in asked.text
        ended = await client.get("/end_session", params={"post_logout_redirect_uri": "//evil"})
        assert ended.headers["location"] == "/"
        assert "<form" in (await client.get("/authorize", params=REQUEST)).text

    using(issuer, flow)


def test_a_refresh_token_is_used_once_and_brings_the_next(issuer: Issuer) -> None:
    def refresh(token: str) -> dict[str, str]:
        return {"grant_type": "refresh_token", "refresh_token": token, "client_id": "chat-page"}

    async def flow(client: httpx.AsyncClient) -> None:
        lasting = {**REQUEST, "scope": "openid offline_access", "user": "alice"}
        code = redirected(await client.post("/authorize", data=lasting))["code"]
        first = (await client.post("/token", data=exchange(code))).json()["refresh_token"]
        stranger = {**refresh(first), "client_id": "another"}
        tokens = (await client.post("/token", data=refresh(first))).json()
        assert verified(issuer, tokens["access_token"], "afterimage")["sub"] == "alice"
        for used in (refresh(first), stranger, refresh("")):
            answer = await client.post("/token", data=used)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        await client.get("/end_session")
        revoked = await client.post("/token", data=refresh(tokens["refresh_token"]))
        assert revoked.json()["error"] == "invalid_grant"

    using(issuer, flow)


def test_a_scope_can_be_refused_as_real_issuers_do(issuer: Issuer) -> None:
    async def use(client: httpx.AsyncClient) -> None:
        await client.put(f"{URL}/refused_scopes", json=["offline_access"])
        asked = {**REQUEST, "scope": "openid offline_access"}
        refused = await client.get(f"{URL}/authorize", params=asked)
        granted = await client.get(f"{URL}/authorize", params={**REQUEST, "scope": "openid"})

        assert redirected(refused) == {"error": "invalid_scope", "state": "the state"}
        assert granted.status_code == 200

    using(issuer, use)


def test_without_the_scope_there_is_no_refresh_token(issuer: Issuer) -> None:
    async def flow(client: httpx.AsyncClient) -> None:
        code = redirected(await client.post("/authorize", data={**REQUEST, "user": "alice"}))
        tokens = (await client.post("/token", data=exchange(code["code"]))).json()
        assert "refresh_token" not in tokens

    using(issuer, flow)


def test_page_shows_parameters_as_text(issuer: Issuer) -> None:
    async def flow(client: httpx.AsyncClient) -> None:
        page = await client.get("/authorize", params={**REQUEST, "state": '"><script>'})
        assert "<script>" not in page.text
        refused = await client.post("/authorize", data={**REQUEST, "user": "<b>"})
        assert refused.status_code == 400
        assert "<b>" not in refused.text

    using(issuer, flow)


def test_discovery_and_keys_are_open_to_other_origins(issuer: Issuer) -> None:
    async def flow(client: httpx.AsyncClient) -> None:
        origin = {"origin": "https://friend.example"}
        document = await client.get("/.well-known/openid-configuration", headers=origin)
        assert document.headers["access-control-allow-origin"] == "*"
        assert document.json()["issuer"] == URL
        found = (await client.get("/jwks")).json()["keys"]
        assert {key["alg"] for key in found} == {"ES256", "RS256"}
        assert not any("d" in key for key in found)

    using(issuer, flow)


def test_discovery_goes_by_the_name_it_was_asked_by(issuer: Issuer) -> None:
    async def flow(client: httpx.AsyncClient) -> None:
        asked = "http://localhost:8000/dev/identity"
        document = (await client.get(f"{asked}/.well-known/openid-configuration")).json()
        assert (document["issuer"], document["jwks_uri"]) == (asked, f"{asked}/jwks")

    using(issuer, flow)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_both_keys_sign(issuer: Issuer, algorithm: str) -> None:
    claims = verified(issuer, issuer.access_token("a.b@c-d_e", algorithm=algorithm), "afterimage")
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["jti"]


@pytest.mark.parametrize("user", ["", "a b", "a/b", "é", "x" * 65])
def test_user_names_are_plain(issuer: Issuer, user: str) -> None:
    with pytest.raises(BadUserNameError):
        issuer.access_token(user)

"""The issuer's endpoints under /dev/identity (OpenID Connect Discovery 1.0, RFC 6749)."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from tests.local_stack.issuer.authorize import (
    PARAMETERS,
    AuthorizationRequest,
    BadRequestError,
    RedirectError,
)
from tests.local_stack.issuer.codes import Codes, Grant, InvalidGrantError
from tests.local_stack.issuer.pages import sign_in_page
from tests.local_stack.issuer.refresh_tokens import RefreshTokens
from tests.local_stack.issuer.tokens import TOKEN_SECONDS, USER_NAME, Issuer
from tests.local_stack.names import ISSUER_PATH

_COOKIE = "local_identity"
_COOKIE_SECONDS = 30 * 86_400
_NO_STORE = {"Cache-Control": "no-store"}


class IssuerEndpoints:
    """Serves one issuer. `PUT refused_scopes` with a JSON list has it grant these to nobody."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._codes = Codes()
        self._refresh_tokens = RefreshTokens()
        self._refused: list[str] = []

    def routes(self) -> Mount:
        """Everything under the issuer's path; other origins may read it, as at real issuers."""
        return Mount(
            ISSUER_PATH,
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks", self._keys),
                Route("/authorize", self._authorize, methods=["GET", "POST"]),
                Route("/token", self._token, methods=["POST"]),
                Route("/end_session", self._end_session),
                Route("/refused_scopes", self._refuse_scopes, methods=["PUT"]),
            ],
            middleware=[
                Middleware(
                    CORSMiddleware,
                    allow_origins=["*"],
                    allow_methods=["GET", "POST"],
                    allow_headers=["*"],
                )
            ],
        )

    async def _discovery(self, request: Request) -> Response:
        """By the name it was asked by: "localhost" is another issuer with the same keys."""
        url = f"{request.url.scheme}://{request.url.netloc}{ISSUER_PATH}"
        return JSONResponse(
            {
                "issuer": url,
                "authorization_endpoint": f"{url}/authorize",
                "token_endpoint": f"{url}/token",
                "jwks_uri": f"{url}/jwks",
                "end_session_endpoint": f"{url}/end_session",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256", "RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "scopes_supported": ["openid", "profile", "offline_access"],
                "claims_supported": ["iss", "sub", "aud", "exp", "iat", "preferred_username"],
            }
        )

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(self._issuer.keys.public_set())

    async def _authorize(self, request: Request) -> Response:
        given = await request.form() if request.method == "POST" else request.query_params
        parameters = {name: str(given[name]) for name in PARAMETERS if name in given}
        authorization = AuthorizationRequest(parameters)
        try:
            authorization.check(self._refused)
        except BadRequestError as error:
            return HTMLResponse(str(error), 400)
        except RedirectError as error:
            return RedirectResponse(authorization.answer(error=error.code), 303)
        if request.method == "POST":
            return self._signed_in(authorization, str(given.get("user", "")).strip())
        return self._sign_in(authorization, request.cookies.get(_COOKIE, ""))

    def _sign_in(self, authorization: AuthorizationRequest, remembered: str) -> Response:
        if USER_NAME.fullmatch(remembered) and not authorization.asks_again:
            return self._signed_in(authorization, remembered)
        if authorization.silent:
            return RedirectResponse(authorization.answer(error="login_required"), 303)
        return HTMLResponse(sign_in_page(authorization.parameters), headers=_NO_STORE)

    def _signed_in(self, authorization: AuthorizationRequest, user: str) -> Response:
        if not USER_NAME.fullmatch(user):
            problem = "A name is 1 to 64 letters, digits, or one of _ . @ -"
            return HTMLResponse(sign_in_page(authorization.parameters, problem), 400)
        parameters = authorization.parameters
        code = self._codes.issue(
            Grant(
                user=user,
                client_id=parameters["client_id"],
                redirect_uri=authorization.redirect_uri,
                challenge=parameters["code_challenge"],
                nonce=parameters.get("nonce"),
                scope=parameters.get("scope", ""),
            )
        )
        response = RedirectResponse(authorization.answer(code=code), 303, _NO_STORE)
        response.set_cookie(
            _COOKIE, user, _COOKIE_SECONDS, path=ISSUER_PATH, httponly=True, samesite="lax"
        )
        return response

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        given = {name: str(value) for name, value in form.items()}
        try:
            match given.get("grant_type"):
                case "authorization_code":
                    tokens = self._first_tokens(given)
                case "refresh_token":
                    tokens = self._next_tokens(given)
                case _:
                    return _token_error("unsupported_grant_type")
        except InvalidGrantError as error:
            return _token_error("invalid_grant", str(error))
        return JSONResponse(tokens, headers=_NO_STORE)

    def _first_tokens(self, given: Mapping[str, str]) -> Mapping[str, str | int]:
        grant = self._codes.redeem(
            given.get("code", ""),
            given.get("code_verifier", ""),
            given.get("client_id", ""),
            given.get("redirect_uri", ""),
        )
        is_lasting = "offline_access" in grant.scope.split()
        return {
            **self._tokens(grant.user, grant.client_id, is_lasting=is_lasting),
            "id_token": self._issuer.id_token(grant.user, grant.client_id, grant.nonce),
        }

    def _next_tokens(self, given: Mapping[str, str]) -> Mapping[str, str | int]:
        client_id = given.get("client_id", "")
        user = self._refresh_tokens.redeem(given.get("refresh_token", ""), client_id)
        return self._tokens(user, client_id, is_lasting=True)

    def _tokens(self, user: str, client_id: str, *, is_lasting: bool) -> dict[str, str | int]:
        tokens: dict[str, str | int] = {
            "access_token": self._issuer.access_token(user, client_id=client_id),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": "openid offline_access" if is_lasting else "openid",
        }
        if is_lasting:
            tokens["refresh_token"] = self._refresh_tokens.issue(user, client_id)
        return tokens

    async def _refuse_scopes(self, request: Request) -> Response:
        self._refused = await request.json()
        return JSONResponse(self._refused)

    async def _end_session(self, request: Request) -> Response:
        target = request.query_params.get("post_logout_redirect_uri", "")
        state = request.query_params.get("state")
        if urlsplit(target).hostname not in ("127.0.0.1", "localhost", "::1"):
            target = "/"
        if state is not None:
            target += f"{'&' if '?' in target else '?'}state={state}"
        self._refresh_tokens.revoke(request.cookies.get(_COOKIE, ""))
        response = RedirectResponse(target, 303)
        response.delete_cookie(_COOKIE, path=ISSUER_PATH)
        return response


def _token_error(code: str, description: str = "") -> Response:
    body = {"error": code, "error_description": description}
    return JSONResponse(body, 400, headers=_NO_STORE)

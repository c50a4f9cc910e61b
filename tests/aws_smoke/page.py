"""What anybody gets without a token: page, files, configuration, preflight, sign-in, refusals."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx

from tests.aws_smoke.deployed import Deployed
from tests.aws_smoke.rows import Check, Skipped, Wrong

_STRANGER = "https://stranger.invalid"
_FILES = re.compile(r'(?:src|href)="(/static/[^"]+)"')
_NOBODY = "'none'"
# The page is served from one place, so it may be read from one place.
_WANTED_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class Visitor:
    """A browser that is not signed in."""

    def __init__(self, stack: Deployed) -> None:
        self._stack = stack
        self._page = ""

    def checks(self) -> Iterator[Check]:
        """In the order of a first visit."""
        yield Check("page: through the distribution", self.page)
        yield Check("page: static files (the {proxy+} route's permission)", self.static_files)
        yield Check("page: /config.json", self.config)
        yield Check("page: HEAD", self.heads)
        yield Check("page: preflight of a front end elsewhere", self.preflight)
        yield Check("page: no token, no answer", self.refused)
        yield Check("sign-in: discovery, also for scripts of other origins", self.discovery)
        yield Check("sign-in: the page that asks for a password", self.sign_in_page)

    def page(self) -> str:
        """GET /."""
        answer = self._got("/")
        self._page = answer.text
        framing = f"frame-ancestors {self._stack.config['frame_ancestors'] or _NOBODY}"
        wanted = {**_WANTED_HEADERS, "content-security-policy": framing}
        if self._stack.url.startswith("https:"):
            wanted["strict-transport-security"] = "max-age="  # the distribution adds it
        for name, value in wanted.items():
            if value not in answer.headers.get(name, ""):
                raise Wrong(f"{name} is {answer.headers.get(name)!r}, without {value!r}")
        via = "CloudFront" if "cloudfront" in answer.headers.get("via", "").lower() else "no cache"
        return f"{len(answer.content)} bytes by {via}, with {', '.join(wanted)}"

    def static_files(self) -> str:
        """Everything that the page's HTML names."""
        files = sorted(set(_FILES.findall(self._page)))
        if not files:
            raise Skipped("the page did not come")
        for file in files:
            self._got(file)
        return f"{len(files)} files"

    def config(self) -> str:
        """GET /config.json says what the stack's public configuration says."""
        said = self._got("/config.json").json()
        for key in ("issuer", "client_id", "audience", "websocket_url"):
            if said.get(key) != self._stack.config[key]:
                raise Wrong(f"{key} is {said.get(key)!r}, not {self._stack.config[key]!r}")
        return f"issuer, client and channel are the stack's; scope {said.get('scope')}"

    def heads(self) -> str:
        """What monitors and previews of links ask for."""
        asked = ("/", "/config.json", "/openapi.json", "/asyncapi.json")
        for path in asked:
            answer = self._stack.http().head(path)
            if answer.status_code != httpx.codes.OK:
                raise Wrong(f"{answer.status_code} for HEAD {path}")
        return f"200 for {len(asked)} addresses"

    def preflight(self) -> str:
        """OPTIONS: an allowed origin may call, a stranger may not."""
        answer = self._preflight(_STRANGER)
        if "access-control-allow-origin" in answer.headers:
            raise Wrong(f"{_STRANGER} may call: {answer.headers['access-control-allow-origin']}")
        allowed = [o for o in self._stack.parameters.get("AllowedOrigins", "").split(",") if o]
        for origin in allowed:
            self._may_call(origin)
        return f"allowed: {', '.join(allowed) or 'none'}; a stranger is not ({answer.status_code})"

    def _may_call(self, origin: str) -> None:
        answer = self._preflight(origin)
        if not answer.is_success:
            raise Wrong(f"{origin} gets {answer.status_code}, and browsers want 2xx")
        if answer.headers.get("access-control-allow-origin") != origin:
            raise Wrong(f"{origin} is in AllowedOrigins and not allowed")

    def refused(self) -> str:
        """Private routes answer 401 in our own words."""
        for token in ("", "Bearer no.token.atall"):
            answer = self._stack.http().get(
                "/chats", headers={"authorization": token} if token else {}
            )
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                raise Wrong(f"{answer.status_code} for the token {token!r}")
            if answer.json()["error"]["code"] != "unauthorized":
                raise Wrong(f"not our answer: {answer.text[:100]}")
        return "401 unauthorized, without a token and with a false one"

    def discovery(self) -> str:
        """The page's script reads it across origins."""
        described = self._described()
        allowed = described.headers.get("access-control-allow-origin")
        if allowed not in ("*", self._stack.url):
            raise Wrong(f"access-control-allow-origin is {allowed!r}: the page cannot sign in")
        said = described.json()
        if said["issuer"] != self._stack.config["issuer"]:
            raise Wrong(f"the issuer calls itself {said['issuer']}")
        keys = httpx.get(said["jwks_uri"]).raise_for_status().json()["keys"]
        return f"{len(keys)} keys, readable from {allowed}"

    def sign_in_page(self) -> str:
        """The address that the page leads people to shows no error."""
        asked = {
            "client_id": self._stack.config["client_id"],
            "response_type": "code",
            "scope": "openid",
            "redirect_uri": f"{self._stack.url}/",
            "state": "smoke",
            # Any will do: nobody comes back with a code. The example of RFC 7636.
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
        }
        address = self._described().json()["authorization_endpoint"]
        answer = httpx.get(f"{address}?{urlencode(asked)}", follow_redirects=True)
        answer.raise_for_status()
        if "error" in f"{answer.url.path}?{answer.url.query.decode()}":
            raise Wrong(f"it ends at {answer.url}")
        return f"{answer.status_code} from {answer.url.host}"

    def _described(self) -> httpx.Response:
        issuer = self._stack.config["issuer"].rstrip("/")
        return httpx.get(
            f"{issuer}/.well-known/openid-configuration", headers={"origin": self._stack.url}
        ).raise_for_status()

    def _preflight(self, origin: str) -> httpx.Response:
        answer = self._stack.http().options(
            "/chats",
            headers={
                "origin": origin,
                "access-control-request-method": "GET",
                "access-control-request-headers": "authorization",
            },
        )
        if answer.is_server_error:
            raise Wrong(f"{answer.status_code} for OPTIONS /chats")
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise Wrong("a route takes OPTIONS and asks for a token, which no browser sends there")
        return answer

    def _got(self, path: str) -> httpx.Response:
        return self._stack.http().get(path).raise_for_status()

"""The authorization endpoint's rules: which requests are valid and where they return to
(RFC 6749 section 4.1, RFC 7636, OpenID Connect Core 3.1.2)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
PARAMETERS = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
)


class BadRequestError(Exception):
    """The request cannot be answered by a redirect; the message is for people."""


class RedirectError(Exception):
    """The request is answered at its redirect_uri with an error code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class AuthorizationRequest:
    """One request, its parameters as given."""

    parameters: Mapping[str, str]

    @property
    def redirect_uri(self) -> str:
        """Where the answer goes."""
        return self.parameters.get("redirect_uri", "")

    @property
    def asks_again(self) -> bool:
        """True when a remembered sign-in shall not be used."""
        return "login" in self.parameters.get("prompt", "").split()

    @property
    def silent(self) -> bool:
        """True when no page may be shown."""
        return "none" in self.parameters.get("prompt", "").split()

    def check(self, refused: Collection[str] = ()) -> None:
        """Raises BadRequestError or RedirectError for a request that is not valid.

        Args:
            refused: scopes that no client may ask for.
        """
        uri = urlsplit(self.redirect_uri)
        if uri.scheme not in ("http", "https") or uri.hostname not in _LOOPBACK or uri.fragment:
            raise BadRequestError("redirect_uri must be an address of this machine")
        if not self.parameters.get("client_id"):
            raise BadRequestError("client_id is missing")
        if self.parameters.get("response_type") != "code":
            raise RedirectError("unsupported_response_type")
        challenge = self.parameters.get("code_challenge", "")
        if len(challenge) != 43 or self.parameters.get("code_challenge_method") != "S256":
            raise RedirectError("invalid_request")
        if set(refused) & set(self.parameters.get("scope", "").split()):
            raise RedirectError("invalid_scope")

    def answer(self, **values: str) -> str:
        """The address to redirect to, with `values` and the request's state."""
        if "state" in self.parameters:
            values["state"] = self.parameters["state"]
        separator = "&" if urlsplit(self.redirect_uri).query else "?"
        return f"{self.redirect_uri}{separator}{urlencode(values)}"

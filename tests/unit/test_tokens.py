"""Access tokens: whose they are, and every way in which they are nobody's."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from tests.support.builders import a_caller
from tests.support.doubles import FixedClock, RecordingLog
from tests.support.forged import token_by_hand
from tests.support.in_memory import InMemoryTables
from tests.support.template import ROOT

from afterimage.adapters.issuer_keys import IssuerKeys
from afterimage.adapters.tokens import TokenVerifier
from afterimage.domain.errors import Busy, Unauthorized
from afterimage.use_cases.open_connection import Tickets

ISSUER = "https://issuer.test/realms/main/"
AUDIENCE = "afterimage"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
P384_KEY = ec.generate_private_key(ec.SECP384R1())

NO_KEYS = {"jwks_uri": "https://issuer.test/keys", "keys": []}

Claims = dict[str, Any]


def rsa_jwk(kid: str, key: rsa.RSAPrivateKey = RSA_KEY) -> dict[str, Any]:
    return {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


def ec_jwk(kid: str, key: ec.EllipticCurvePrivateKey = EC_KEY) -> dict[str, Any]:
    return {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


class Issuer:
    """What is fetched of an issuer, how often, and when."""

    def __init__(self) -> None:
        self.keys: list[Any] = [rsa_jwk("rsa-1"), ec_jwk("ec-1")]
        self.fetched: list[str] = []
        self.fails: Exception | None = None
        self.seconds = 0.0

    def get_json(self, url: str) -> Any:
        self.fetched.append(url)
        if self.fails is not None:
            raise self.fails
        if url.endswith("/.well-known/openid-configuration"):
            return {"issuer": ISSUER, "jwks_uri": "https://issuer.test/keys"}
        return {"keys": self.keys}

    def fetches(self) -> int:
        """How often the keys were asked for."""
        return len([url for url in self.fetched if url.endswith("openid-configuration")])


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def user_of(issuer: Issuer, log: RecordingLog) -> Callable[[str | None], str]:
    keys = IssuerKeys(lambda: ISSUER, issuer.get_json, log, lambda: issuer.seconds)
    verifier = TokenVerifier(lambda: ISSUER, lambda: AUDIENCE, keys)
    return lambda authorization: verifier.caller_of(authorization).user_id


UserOf = Callable[[str | None], str]


def claims(**changed: Any) -> Claims:
    """Good claims but for what is changed; `...` leaves one out, a timedelta counts from now."""
    now = datetime.now(UTC)
    usual = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "iat": timedelta(0),
        "exp": timedelta(minutes=5),
    }
    return {
        name: now + value if isinstance(value, timedelta) else value
        for name, value in {**usual, **changed}.items()
        if value is not ...
    }


def signed(changed: Claims, key: Any = RSA_KEY, alg: str = "RS256", kid: Any = "rsa-1") -> str:
    token = jwt.encode(claims(**changed), key, algorithm=alg, headers={"kid": kid} if kid else {})
    return f"Bearer {token}"


def by_hand(header: Claims, body: Claims, secret: bytes | None) -> str:
    """A token no library would make; HMAC-signed with a secret, or unsigned."""
    return f"Bearer {token_by_hand(header, body, secret)}"


def timeless(**changed: Any) -> Claims:
    times = {"iat": 1_700_000_000, "exp": 4_000_000_000}
    return {**claims(**changed), **times}


@pytest.mark.parametrize(
    ("key", "alg", "kid"), [(RSA_KEY, "RS256", "rsa-1"), (EC_KEY, "ES256", "ec-1")]
)
def test_a_good_token_is_its_subjects(user_of: UserOf, key: Any, alg: str, kid: str) -> None:
    assert user_of(signed({}, key, alg, kid)) == "alice"


@pytest.mark.parametrize(
    ("exp", "until"),
    [(4_000_000_000, datetime.fromtimestamp(4_000_000_000, UTC)),
     (4_000_000_000.9, datetime.fromtimestamp(4_000_000_000, UTC)),
     (10**30, datetime(9999, 1, 1, tzinfo=UTC))],
)  # fmt: skip
def test_a_token_says_until_when_it_counts(
    issuer: Issuer, log: RecordingLog, exp: float, until: datetime
) -> None:
    keys = IssuerKeys(lambda: ISSUER, issuer.get_json, log, lambda: issuer.seconds)
    verifier = TokenVerifier(lambda: ISSUER, lambda: AUDIENCE, keys)

    assert verifier.caller_of(signed({"exp": exp})).until == until


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_written_as_one_likes(user_of: UserOf, scheme: str) -> None:
    token = signed({}).removeprefix("Bearer ")

    assert user_of(f"{scheme} {token}") == "alice"


@pytest.mark.parametrize(
    "good",
    [
        {"aud": ["another", AUDIENCE]},
        {"aud": ..., "client_id": AUDIENCE, "token_use": "access"},
        {"aud": AUDIENCE, "token_use": "access"},
        {"aud": AUDIENCE, "typ": "Bearer"},
        {"exp": timedelta(seconds=-55)},
        {"iat": timedelta(seconds=55)},
        {"nbf": timedelta(seconds=55)},
        {"sub": "auth0|507f1f77bcf86cd799439020"},
    ],
    ids=str,
)
def test_claims_that_are_fine(user_of: UserOf, good: Claims) -> None:
    assert user_of(signed(good)) == good.get("sub", "alice")


@pytest.mark.parametrize(
    "bad",
    [
        {"iss": "https://issuer.test/realms/main"},
        {"iss": "https://evil.test/"},
        {"iss": ...},
        {"aud": "another"},
        {"aud": []},
        {"aud": ["another"]},
        {"aud": None},
        {"aud": {}},
        {"aud": AUDIENCE.upper()},
        {"aud": ...},
        {"aud": ..., "client_id": AUDIENCE},
        {"aud": ..., "client_id": AUDIENCE, "token_use": "id"},
        {"aud": ..., "client_id": "another", "token_use": "access"},
        {"aud": "another", "client_id": AUDIENCE, "token_use": "access"},
        {"exp": timedelta(seconds=-65)},
        {"exp": ...},
        {"exp": "soon"},
        {"nbf": timedelta(seconds=65)},
        {"iat": timedelta(seconds=65)},
        {"sub": ...},
        {"sub": None},
    ],
    ids=lambda bad: str(bad)[:60],
)
def test_claims_that_are_not(user_of: UserOf, bad: Claims) -> None:
    with pytest.raises(Unauthorized):
        user_of(signed(bad))


@pytest.mark.parametrize("aud", [AUDIENCE, [AUDIENCE, "another"], ...], ids=str)
@pytest.mark.parametrize(
    "says_so",
    [
        {"token_use": "id"},
        {"token_use": "refresh"},
        {"token_use": None},
        {"typ": "ID"},
        {"typ": "Logout"},
        {"at_hash": "x"},
        {"c_hash": "x"},
        {"nonce": "n"},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
    ],
    ids=str,
)
def test_an_id_token_opens_nothing(user_of: UserOf, says_so: Claims, aud: object) -> None:
    """Its audience is the client, which may be the audience of access tokens as well."""
    with pytest.raises(Unauthorized):
        user_of(signed({"aud": aud, "client_id": AUDIENCE, **says_so}))


# By each one's documentation of its access tokens, as far as it is told from others.
DOCUMENTED = {
    "Supabase": {"aud": AUDIENCE, "role": AUDIENCE, "aal": "aal1", "is_anonymous": False},
    "Auth0": {"aud": [AUDIENCE, "https://issuer.test/userinfo"], "azp": "page", "scope": "openid"},
    "Cognito": {"aud": ..., "client_id": AUDIENCE, "token_use": "access", "version": 2},
    "Entra ID": {
        "aud": AUDIENCE,
        "azp": "page",
        "scp": "chat",
        "ver": "2.0",
        "oid": "o",
        "tid": "t",
    },
    "Keycloak": {"aud": [AUDIENCE, "account"], "azp": "page", "typ": "Bearer", "sid": "s"},
    "Keycloak, before 24": {"aud": [AUDIENCE], "typ": "Bearer", "scope": "openid", "nonce": "n"},
    "Okta": {"aud": AUDIENCE, "cid": "page", "uid": "u", "scp": ["openid", "chat"], "ver": 1},
}


@pytest.mark.parametrize("form", DOCUMENTED.values(), ids=DOCUMENTED)
def test_a_token_of_the_form_that_an_issuer_documents(user_of: UserOf, form: Claims) -> None:
    assert user_of(signed(form)) == "alice"


def test_neither_of_googles_tokens_opens_anything(user_of: UserOf) -> None:
    id_token = {"aud": AUDIENCE, "azp": AUDIENCE, "at_hash": "x", "email_verified": True}

    for token in (signed(id_token), f"Bearer ya29.{'a' * 200}"):
        with pytest.raises(Unauthorized):
            user_of(token)


@pytest.mark.parametrize("sub", ["", "x" * 256, "x" * 3_000, "ü" * 128])
def test_whose_id_cannot_be_kept_is_told_so(user_of: UserOf, sub: str) -> None:
    with pytest.raises(Unauthorized) as refused:
        user_of(signed({"sub": sub}))

    assert "id must have 1 to 255 bytes" in refused.value.public


def test_half_a_surrogate_pair_is_no_id(user_of: UserOf) -> None:
    body = json.dumps({**timeless(), "sub": "alice \ud83e"}).encode()
    token = jwt.api_jws.encode(body, RSA_KEY, "RS256", {"kid": "rsa-1"})

    with pytest.raises(Unauthorized) as refused:
        user_of(f"Bearer {token}")

    assert "id must have" in refused.value.public


@pytest.mark.parametrize("sub", ["x" * 255, "ü" * 127])
def test_every_id_that_is_taken_fits_a_key_and_a_ticket(user_of: UserOf, sub: str) -> None:
    user_id = user_of(signed({"sub": sub}))
    tickets = Tickets(InMemoryTables(), FixedClock())

    assert user_id == sub
    assert len(f"{user_id}#{'c' * 64}".encode()) <= 2_048
    assert tickets.spend(tickets.issue(a_caller(user_id))) == a_caller(user_id)


def of_bytes(payload: bytes) -> str:
    """Signed as it should be, whatever it says."""
    return f"Bearer {jwt.api_jws.encode(payload, RSA_KEY, 'RS256', {'kid': 'rsa-1'})}"


PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
NO_TEXTS: list[object] = [7, ["alice"], {}]
# Signed with the public key, as if it were a secret.
PUBLIC = (PEM, PEM.strip(), json.dumps(rsa_jwk("rsa-1")).encode())
OWN_KEY = {"kid": "rsa-1", "jwk": rsa_jwk("rsa-1", OTHER_RSA_KEY), "jku": "https://evil.test"}


NOBODYS = [
    *[of_bytes(json.dumps({**timeless(), "sub": sub}).encode()) for sub in NO_TEXTS],
    of_bytes(b"[1]"),
    *[
        by_hand({"alg": alg, "kid": "rsa-1"}, timeless(), secret=None)
        for alg in ("none", "None", "NONE", "")
    ],
    *[by_hand({"alg": "HS256", "kid": "rsa-1"}, timeless(), secret) for secret in PUBLIC],
    f"Bearer {jwt.encode(timeless(), OTHER_RSA_KEY, algorithm='RS256', headers=OWN_KEY)}",
]


@pytest.mark.parametrize("token", NOBODYS, ids=range(len(NOBODYS)))
def test_a_token_that_nobody_issued(user_of: UserOf, token: str) -> None:
    with pytest.raises(Unauthorized):
        user_of(token)


@pytest.mark.parametrize(
    ("key", "alg", "kid"),
    [
        (OTHER_RSA_KEY, "RS256", "rsa-1"),
        *[(RSA_KEY, alg, "rsa-1") for alg in ("RS384", "RS512", "PS256")],
        (EC_KEY, "ES256", "rsa-1"),
    ],
    ids=range(5),
)
def test_a_token_chooses_neither_its_key_nor_its_algorithm(
    user_of: UserOf, key: Any, alg: str, kid: str
) -> None:
    with pytest.raises(Unauthorized):
        user_of(signed({}, key, alg, kid))


GARBAGE = [
    None,
    "",
    "Bearer",
    "Bearer ",
    "Basic YWxpY2U6eA==",
    "Bearer a",
    "Bearer a.b.c",
    "Bearer ...",
    "Bearer ü.ü.ü",
    "Bearer " + "x" * 9_000,
    by_hand({"alg": "RS256"}, {}, None),
    by_hand({"alg": "RS256", "kid": 7}, {}, None),
    by_hand({"alg": "RS256", "kid": ["rsa-1"]}, {}, None),
    by_hand({"alg": "RS256", "kid": None}, {}, None),
    "Bearer " + base64.urlsafe_b64encode(b"[" * 5_000).decode().rstrip("=") + ".e30.x",
    "Bearer " + base64.urlsafe_b64encode(b"[]").decode().rstrip("=") + ".e30.x",
]


@pytest.mark.parametrize("authorization", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_no_token(user_of: UserOf, authorization: str | None) -> None:
    with pytest.raises(Unauthorized):
        user_of(authorization)


# --- The issuer's keys -------------------------------------------------------------------------


def test_keys_are_found_by_discovery_and_fetched_once(user_of: UserOf, issuer: Issuer) -> None:
    for _ in range(3):
        user_of(signed({}))
        user_of(signed({}, EC_KEY, "ES256", "ec-1"))

    assert issuer.fetched == [
        "https://issuer.test/realms/main/.well-known/openid-configuration",
        "https://issuer.test/keys",
    ]


def test_a_rotated_key_works_at_once(user_of: UserOf, issuer: Issuer) -> None:
    user_of(signed({}))
    issuer.keys = [rsa_jwk("rsa-2", OTHER_RSA_KEY)]

    assert user_of(signed({}, OTHER_RSA_KEY, kid="rsa-2")) == "alice"
    with pytest.raises(Unauthorized):
        user_of(signed({}))


def test_a_kid_with_another_key_works_at_once(user_of: UserOf, issuer: Issuer) -> None:
    user_of(signed({}))
    issuer.keys = [rsa_jwk("rsa-1", OTHER_RSA_KEY)]

    assert user_of(signed({}, OTHER_RSA_KEY)) == "alice"
    with pytest.raises(Unauthorized):
        user_of(signed({}))


@pytest.mark.parametrize("hour", [3_601, -1], ids=["an hour later", "the clock was set back"])
def test_a_withdrawn_key_is_trusted_for_an_hour_at_most(
    user_of: UserOf, issuer: Issuer, hour: float
) -> None:
    user_of(signed({}))
    issuer.keys = [ec_jwk("ec-1")]
    issuer.seconds = max(0, hour - 1)
    assert user_of(signed({})) == "alice"

    issuer.seconds = hour
    with pytest.raises(Unauthorized):
        user_of(signed({}))
    assert user_of(signed({}, EC_KEY, "ES256", "ec-1")) == "alice"


def forged(seconds: float) -> dict[str, str]:
    """How tokens are made that no key fits: another `kid` each, or a signature by nobody's key."""
    return {
        "unknown kid": signed({}, kid=f"forged-{seconds}"),
        "another's signature": signed({}, OTHER_RSA_KEY),
        "another key's kid": signed({}, EC_KEY, "ES256", "rsa-1"),
    }


@pytest.mark.parametrize("how", forged(0))
def test_forged_tokens_have_keys_fetched_at_most_once_a_minute(
    user_of: UserOf, issuer: Issuer, how: str
) -> None:
    user_of(signed({}))
    for minute in range(3):
        for seconds in (0.0, 1.0, 30.0, 59.0):
            issuer.seconds = 61.0 * minute + seconds
            with pytest.raises(Unauthorized):
                user_of(forged(issuer.seconds)[how])
        assert issuer.fetches() == 2 + minute


@pytest.mark.parametrize("alg", ["HS256", "none", "RS512", "EdDSA"])
def test_an_algorithm_that_is_never_taken_asks_for_nothing(
    user_of: UserOf, issuer: Issuer, alg: str
) -> None:
    with pytest.raises(Unauthorized):
        user_of(by_hand({"alg": alg, "kid": "any"}, timeless(), b"secret"))

    assert issuer.fetched == []


@pytest.mark.parametrize(
    "published", [rsa_jwk("rsa-1"), {**rsa_jwk(""), "kid": None}], ids=["kid", "no kid"]
)
def test_a_token_without_kid_is_verified_by_the_only_key_that_fits(
    user_of: UserOf, issuer: Issuer, published: Claims
) -> None:
    encrypts = {**rsa_jwk("rsa-2", OTHER_RSA_KEY), "use": "enc"}
    for_another_algorithm = {**rsa_jwk("rsa-3", OTHER_RSA_KEY), "alg": "PS256"}
    issuer.keys = [published, ec_jwk("ec-1"), encrypts, for_another_algorithm]

    assert user_of(signed({}, kid=None)) == "alice"
    with pytest.raises(Unauthorized):
        user_of(signed({}, OTHER_RSA_KEY, kid=None))


def test_a_token_without_kid_does_not_choose_between_keys(user_of: UserOf, issuer: Issuer) -> None:
    issuer.keys = [rsa_jwk("rsa-1"), rsa_jwk("rsa-2", OTHER_RSA_KEY)]

    for key in (RSA_KEY, OTHER_RSA_KEY):
        with pytest.raises(Unauthorized):
            user_of(signed({}, key, kid=None))
    assert user_of(signed({}, OTHER_RSA_KEY, kid="rsa-2")) == "alice"


@pytest.mark.parametrize(
    "failure", [requests.ConnectionError("away"), requests.Timeout("slow"), ValueError("no JSON")]
)
def test_keys_that_cannot_be_fetched_are_no_verdict(
    user_of: UserOf, issuer: Issuer, failure: Exception
) -> None:
    issuer.fails = failure

    with pytest.raises(Busy):
        user_of(signed({}))

    issuer.fails = None
    assert user_of(signed({})) == "alice"


@pytest.mark.parametrize("seconds", [0, 3_601])
@pytest.mark.parametrize("away", [requests.ConnectionError("away"), "empty", "broken"], ids=str)
def test_while_the_issuer_is_away_known_keys_serve_on_and_others_are_no_verdict(
    user_of: UserOf, issuer: Issuer, log: RecordingLog, away: Any, seconds: float
) -> None:
    user_of(signed({}))
    if isinstance(away, Exception):
        issuer.fails = away
    else:
        issuer.keys = [] if away == "empty" else [{"kty": "RSA", "kid": "rsa-1", "n": "!"}]

    for issuer.seconds in (seconds, seconds + 1, seconds + 59):
        with pytest.raises(Busy):
            user_of(signed({}, OTHER_RSA_KEY, kid="rsa-9"))
        assert user_of(signed({})) == "alice"

    assert issuer.fetches() == 2
    assert [(line.event, line.fields) for line in log.lines] == [
        ("issuer_keys_not_fetched", {"old_keys": 2})
    ]
    issuer.fails, issuer.keys = None, [rsa_jwk("rsa-9", OTHER_RSA_KEY)]
    issuer.seconds = seconds + 61
    assert user_of(signed({}, OTHER_RSA_KEY, kid="rsa-9")) == "alice"
    with pytest.raises(Unauthorized):
        user_of(signed({}))


@pytest.mark.parametrize(
    "answer",
    [{}, {"jwks_uri": None}, [], "text", {"jwks_uri": "https://issuer.test/keys"}, NO_KEYS],
)
def test_a_strange_answer_of_the_issuer_is_no_verdict(answer: Any, log: RecordingLog) -> None:
    keys = IssuerKeys(lambda: ISSUER, lambda _: answer, log, lambda: 0.0)

    with pytest.raises(Busy):
        TokenVerifier(lambda: ISSUER, lambda: AUDIENCE, keys).caller_of(signed({}))


@pytest.mark.parametrize(
    "strange",
    [
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "broken"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {"kty": "EC", "kid": "broken", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": "AA"},
        {"kty": "RSA"},
        {"kid": "typeless"},
        {**ec_jwk("p384", P384_KEY), "crv": "P-384"},
        {**rsa_jwk("for-encryption"), "use": "enc"},
        "not a key",
        None,
    ],
    ids=range(11),
)
def test_a_strange_key_among_the_others_does_not_matter(
    user_of: UserOf, issuer: Issuer, strange: Any
) -> None:
    issuer.keys = [strange, *issuer.keys]

    assert user_of(signed({})) == "alice"


def test_a_private_key_that_is_published_verifies_as_its_public_half(
    issuer: Issuer, user_of: UserOf
) -> None:
    for jwk, signing in (
        (RSAAlgorithm.to_jwk(RSA_KEY, as_dict=True), (RSA_KEY, "RS256", "k")),
        (ECAlgorithm.to_jwk(EC_KEY, as_dict=True), (EC_KEY, "ES256", "k")),
    ):
        issuer.keys, issuer.seconds = [{**jwk, "kid": "k"}], issuer.seconds + 7_200

        assert user_of(signed({}, *signing)) == "alice"


def test_a_key_for_encryption_signs_nothing(user_of: UserOf, issuer: Issuer) -> None:
    issuer.keys = [{**rsa_jwk("rsa-1"), "use": "enc"}, ec_jwk("ec-1")]

    with pytest.raises(Unauthorized):
        user_of(signed({}))


# Reads keys of both kinds, and says what verifying by them imports after that.
FIRST_TOKEN = """
import json, sys
from unittest.mock import Mock
from afterimage.adapters.issuer_keys import IssuerKeys
from afterimage.adapters.tokens import TokenVerifier

published, tokens = json.load(sys.stdin)
keys = IssuerKeys(lambda: "https://i.example", lambda url: published, Mock())
keys.read()
before = set(sys.modules)
for token in tokens:
    TokenVerifier(lambda: published["issuer"], lambda: published["audience"], keys).caller_of(token)
print(sorted({*sys.modules} - before))
"""


def test_where_the_keys_are_read_already_a_first_token_loads_nothing() -> None:
    published = {
        "jwks_uri": "https://i.example/keys",
        "keys": [rsa_jwk("rsa-1"), ec_jwk("ec-1")],
        "issuer": ISSUER,
        "audience": AUDIENCE,
    }
    tokens = [signed({}), signed({}, EC_KEY, "ES256", "ec-1")]

    done = subprocess.run(
        [sys.executable, "-c", FIRST_TOKEN],
        env={"PYTHONPATH": str(ROOT / "layers" / "shared")},
        input=json.dumps([published, tokens]),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("[]\n", "")

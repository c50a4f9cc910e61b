"""Somebody to be: the one whose token is given, or a user of the stack's pool made for the run."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from tests.aws_smoke.deployed import Deployed
from tests.aws_smoke.rows import Skipped, Wrong
from tests.aws_smoke.srp import Srp


@dataclass(frozen=True)
class Signed:
    """Who is signed in.

    Attributes:
        how: for people.
        temporary: whether the account was made for this run, so that all of it may be deleted.
    """

    token: str
    how: str
    temporary: bool


class Person:
    """Signed in at the first use.

    Args:
        sign_in: raises Skipped where nobody can be signed in.
    """

    def __init__(self, sign_in: Callable[[], Signed]) -> None:
        self._sign_in = sign_in

    @cached_property
    def signed(self) -> Signed:
        """Who it is."""
        return self._sign_in()


@contextmanager
def somebody(stack: Deployed) -> Iterator[Person]:
    """The person of this run; one that was made is removed again, whatever happens."""
    token = os.environ.get("TOKEN")
    if token:
        yield Person(lambda: Signed(token, "TOKEN of the environment", temporary=False))
        return
    user = TemporaryUser(stack)
    try:
        yield Person(user.sign_in)
    finally:
        user.remove()


class TemporaryUser:
    """A user of the stack's own pool: no mail is sent, and no client or setting is changed."""

    def __init__(self, stack: Deployed) -> None:
        self._stack = stack
        # Nobody's: .invalid is no domain (RFC 2606).
        self._name = f"smoke-{secrets.token_hex(8)}@afterimage.invalid"
        self._made = False

    def sign_in(self) -> Signed:
        """Makes the user and signs in.

        Raises:
            Skipped: the stack has no pool of its own.
        """
        if not any(r["ResourceType"] == "AWS::Cognito::UserPool" for r in self._stack.resources):
            raise Skipped("the stack has no user pool of its own: put an access token into TOKEN")
        # Cognito asks for a letter of each case, a digit and a sign.
        password = f"aA1-{secrets.token_urlsafe(24)}"
        self._make(password)
        return Signed(self._token(password), f"{self._name}, for this run only", temporary=True)

    def remove(self) -> None:
        """Takes the user out of the pool, if it is there."""
        if self._made:
            self._cognito.admin_delete_user(UserPoolId=self._pool, Username=self._name)
            self._made = False

    @property
    def _cognito(self) -> Any:
        return self._stack.aws("cognito-idp")

    @property
    def _pool(self) -> str:
        return self._stack.one_of_type("AWS::Cognito::UserPool")

    def _make(self, password: str) -> None:
        self._cognito.admin_create_user(
            UserPoolId=self._pool,
            Username=self._name,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "email", "Value": self._name},
                {"Name": "email_verified", "Value": "true"},
            ],
        )
        self._made = True
        self._cognito.admin_set_user_password(
            UserPoolId=self._pool, Username=self._name, Password=password, Permanent=True
        )

    def _token(self, password: str) -> str:
        client = self._stack.config["client_id"]
        return access_token(self._cognito, self._pool, client, self._name, password)


def access_token(cognito: Any, pool: str, client: str, name: str, password: str) -> str:
    """What somebody is given who signs in to a user pool, by the name and password that they have.

    Raises:
        Wrong: the pool asks for more than the password.
    """
    srp = Srp(pool, password)
    asked = cognito.initiate_auth(
        AuthFlow="USER_SRP_AUTH",
        ClientId=client,
        AuthParameters={"USERNAME": name, "SRP_A": srp.public},
    )
    session = {"Session": asked["Session"]} if "Session" in asked else {}
    answered = cognito.respond_to_auth_challenge(
        ClientId=client,
        ChallengeName="PASSWORD_VERIFIER",
        ChallengeResponses=srp.answer(asked["ChallengeParameters"], datetime.now(UTC)),
        **session,
    )
    if "AuthenticationResult" not in answered:
        raise Wrong(f"Cognito asks for {answered.get('ChallengeName')} as well")
    token: str = answered["AuthenticationResult"]["AccessToken"]
    return token

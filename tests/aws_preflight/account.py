"""What the account lets be made in this Region."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import (
    ClientError,
    NoCredentialsError,
    SSOTokenLoadError,
    UnauthorizedSSOTokenError,
)

from tests.aws_preflight import names
from tests.aws_smoke.deployed import Deployed
from tests.aws_smoke.rows import Check, Skipped, Wrong

REGION, CREDENTIALS = "Region", "credentials"
_NOT_VALID = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId")
_KEPT_FREE = 100  # slots that Lambda lets nobody reserve
# "Concurrent executions" in Service Quotas.
_MORE_SLOTS = (
    "aws service-quotas request-service-quota-increase --service-code lambda "
    "--quota-code L-B99A9384 --desired-value 1000"
)
_SMALL = "Answer as docs/deploy.md says of an account with 10"
_THERE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


class Account:
    """One account and Region, before a stack is made in it.

    Args:
        stack: as it will be called.
        region: None if none is chosen; then, and without credentials, nothing else can be asked.
        slots: `ImageConcurrency`, as it will be answered.
        sender: `MailIdentityArn`, as it will be answered.
    """

    def __init__(self, stack: Deployed, region: str | None, slots: int, sender: str = "") -> None:
        self._stack = stack
        self._region = region
        self._slots = slots
        self._sender = sender

    def checks(self) -> Iterator[Check]:
        """From what everything needs to what a part needs."""
        yield Check(REGION, self.region)
        yield Check(CREDENTIALS, self.credentials)
        yield Check("name of the stack", self.name)
        yield Check("state of the stack", self.state)
        yield Check("concurrent executions", self.concurrency)
        yield Check("CloudFront", self.cloudfront)
        yield Check("API Gateway's role for logs", self.log_role)
        yield Check("mails of the user pool", self.mails)

    def region(self) -> str:
        """One is chosen, of the part of AWS that the template was written for."""
        if not self._region:
            raise Wrong("none is chosen: give REGION, or set AWS_REGION")
        if self._region.startswith(("cn-", "us-gov-", "us-iso", "eusc-")):
            raise Wrong(f"{self._region} is in a part of AWS that nobody has looked at")
        return self._region

    def credentials(self) -> str:
        """They are there, not expired, and the Region takes them."""
        try:
            who = self._stack.aws("sts").get_caller_identity()
            self._stack.aws("dynamodb").list_tables(Limit=1)
        except (NoCredentialsError, UnauthorizedSSOTokenError, SSOTokenLoadError) as error:
            raise Wrong(
                f"{error}. Sign in (aws login, aws sso login), or set AWS_PROFILE"
            ) from error
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in _NOT_VALID:
                raise
            raise Wrong(
                f"{code}: sign in again, or switch {self._region} on for the account"
            ) from error
        return f"account {who['Account']}, {who['Arn']}"

    def name(self) -> str:
        """Every name that is made of it fits."""
        problem = names.problem(self._stack.name, self._region or "")
        if problem:
            raise Wrong(f"{self._stack.name}: {problem}. Choose another STACK")
        most = names.most_characters(self._region or "")
        return f"{self._stack.name}, {len(self._stack.name)} of {most} characters"

    def state(self) -> str:
        """Nothing failed before under this name."""
        status = state_of(self._stack)
        if status is None:
            return "there is none yet"
        if status in _THERE:
            return f"{status}: sam deploy updates it"
        if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"):
            raise Wrong(
                f"{status}: it cannot be updated. sam delete --stack-name {self._stack.name}, "
                'then what docs/deploy.md says under "If the first deployment failed"'
            )
        raise Wrong(f"{status}: wait until that is over")

    def concurrency(self) -> str:
        """`ImageConcurrency` can be reserved."""
        limit = self._stack.aws("lambda").get_account_settings()["AccountLimit"]
        all_, free = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
        said = f"{all_} in the account, {free} unreserved, ImageConcurrency {self._slots}"
        if state_of(self._stack) in _THERE:
            return f"{said}; the stack has its own already"
        if self._slots and free - self._slots < _KEPT_FREE:
            raise Wrong(
                f"{said}, and {_KEPT_FREE} must stay unreserved. "
                f"Answer 0 to ImageConcurrency, or first: {_MORE_SLOTS}"
            )
        if all_ < _KEPT_FREE:
            said += f". {_SMALL}, and ask for more: {_MORE_SLOTS}"
        return said

    def cloudfront(self) -> str:
        """Whether the account is known to be allowed a distribution."""
        listed = self._stack.aws("cloudfront").list_distributions()["DistributionList"]
        if not listed["Quantity"]:
            raise Skipped(
                "cannot be known before: some new accounts must be verified by AWS Support before "
                "their first distribution, and this one has none. If you can wait for a failed "
                "deployment less than for an answer, make any distribution by hand first"
            )
        return f"the account has {listed['Quantity']} distributions: it may make more"

    def log_role(self) -> str:
        """What `WebSocketLog` should be answered."""
        role = self._stack.aws("apigateway").get_account().get("cloudwatchRoleArn")
        if not role:
            return "none yet: WebSocketLog=set-role, the default, makes one"
        try:
            self._stack.aws("iam").get_role(RoleName=role.rpartition("/")[2])
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            return f"{role} is set and does not exist: WebSocketLog=set-role puts one in its place"
        return f"{role} is set: WebSocketLog=use-role keeps it, set-role, the default, replaces it"

    def mails(self) -> str:
        """Whoever is to send them may, to everybody."""
        if not self._sender:
            return (
                "Cognito sends 50 a day, for all pools of the account; MailIdentityArn sends more"
            )
        home, name = self._sender.split(":")[3], self._sender.partition("identity/")[2]
        if home != self._region:
            raise Skipped(
                f"{name} is in {home}: look there, and whether Cognito takes it from here"
            )
        ses = self._stack.aws("sesv2")
        try:
            identity = ses.get_email_identity(EmailIdentity=name)
        except ses.exceptions.NotFoundException as error:
            raise Wrong(
                f"Amazon SES has no {name} in {home}: make it there, and verify it"
            ) from error
        if not identity["VerifiedForSendingStatus"]:
            raise Wrong(
                f"{name} is not verified: confirm SES's mail, or set its records in the DNS"
            )
        if not ses.get_account()["ProductionAccessEnabled"]:
            raise Wrong("Amazon SES is in its sandbox and reaches nobody else: ask for production")
        return f"{name} is verified, and SES sends to everybody"


def state_of(stack: Deployed) -> str | None:
    """CloudFormation's status of the stack, None if there is none."""
    try:
        described: Any = stack.described
    except ClientError as error:
        # CloudFormation has no code of its own for it.
        if "does not exist" in str(error):
            return None
        raise
    return str(described["StackStatus"])

"""Who signed a request to one of AWS's APIs that the gateway serves, and may they?"""

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.local_stack.lambda_runtime.environment import RoleCredentials
from tests.local_stack.lambda_runtime.permissions import Statement, is_allowed
from tests.local_stack.names import ADMIN_KEY

# "Authorization: AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …"
# ("Create a signed AWS API request", IAM user guide).
_CREDENTIAL = re.compile(r"Credential=([^/]+)/")


class Callers:
    """Maps access keys to roles and roles to what they may do."""

    def __init__(
        self, credentials: RoleCredentials, statements: Mapping[str, tuple[Statement, ...]]
    ) -> None:
        self._credentials = credentials
        self._statements = statements

    def refusal(self, request: Request, action: str, resource: str) -> Response | None:
        """The answer to a caller who may not, None for one who may."""
        match = _CREDENTIAL.search(request.headers.get("authorization", ""))
        if match is None:
            return aws_error("MissingAuthenticationTokenException", "Missing token", 403)
        if match.group(1) == ADMIN_KEY:
            return None
        role = self._credentials.role_of(match.group(1))
        if role is None:
            return aws_error("UnrecognizedClientException", "The security token is invalid", 403)
        if self.role_may(role, action, resource):
            return None
        return aws_error(
            "AccessDeniedException",
            f"{role} is not authorized to perform: {action} on resource: {resource}",
            403,
        )

    def role_may(self, role_arn: str, action: str, resource: str) -> bool:
        """True when the role's own policies allow it."""
        return is_allowed(self._statements.get(role_arn, ()), action, resource)


def aws_error(code: str, message: str, status: int) -> Response:
    """An error as AWS's REST-JSON services write it: the code in a header."""
    return JSONResponse(
        {"message": message, "Message": message}, status, headers={"x-amzn-ErrorType": code}
    )

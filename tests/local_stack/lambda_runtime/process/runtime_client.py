"""A client of the Lambda Runtime API ("Using the Lambda runtime API for custom runtimes")."""

import http.client
import json
import traceback
from email.message import Message

_VERSION = "/2018-06-01"


class RuntimeClient:
    """Speaks to the Runtime API over one connection.

    Args:
        address: "host:port/prefix", as in AWS_LAMBDA_RUNTIME_API.
    """

    def __init__(self, address: str) -> None:
        host, slash, prefix = address.partition("/")
        self._prefix = f"{slash}{prefix}{_VERSION}/runtime"
        self._connection = http.client.HTTPConnection(host)

    def next_invocation(self) -> tuple[Message, bytes]:
        """Headers and event of the next invocation; blocks until there is one."""
        return self._request("GET", "/invocation/next", b"")

    def respond(self, request_id: str, payload: bytes) -> None:
        """Reports what the handler returned, as JSON."""
        self._request("POST", f"/invocation/{request_id}/response", payload)

    def fail(self, request_id: str, error: BaseException) -> None:
        """Reports what the handler raised."""
        payload = error_payload(error, request_id)
        self._request("POST", f"/invocation/{request_id}/error", payload)

    def _request(self, method: str, path: str, body: bytes) -> tuple[Message, bytes]:
        self._connection.request(method, self._prefix + path, body)
        response = self._connection.getresponse()
        return response.headers, response.read()


def error_payload(error: BaseException, request_id: str = "") -> bytes:
    """The error's JSON as Lambda's Python runtime writes it."""
    return json.dumps(
        {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "requestId": request_id,
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
    ).encode()

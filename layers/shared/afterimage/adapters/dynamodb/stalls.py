"""A database that does not answer is "busy" to whoever asked, and soon.

One call takes at most two tries of 1 s (connecting) + 1.5 s (reading) and a pause of up to 1 s
between them: 6 s. After that the whole request ends; what it wrote is not known, and everything
may be sent again under the same ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectionError as NotConnected
from botocore.exceptions import HTTPClientError

from afterimage.domain.errors import Busy

if TYPE_CHECKING:
    import botocore.session

# PynamoDB's own defaults (15 s and 30 s) outlive a function; a healthy call takes milliseconds.
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 1.0, 1.5
RETRIES = 1


def tell_as_busy(session: botocore.session.Session) -> None:
    """Have the session's DynamoDB clients raise `Busy` where no answer came at all."""
    session.register("after-call-error.dynamodb", _tell)


def _tell(**happened: Any) -> None:
    exception = happened["exception"]
    if isinstance(exception, NotConnected | HTTPClientError):
        raise Busy(f"DynamoDB does not answer: {type(exception).__name__}") from exception

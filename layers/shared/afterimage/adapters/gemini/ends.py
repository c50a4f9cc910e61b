"""How connections end, and what is known of a request then."""

from __future__ import annotations

import threading
from contextlib import suppress

import requests
from urllib3.exceptions import HTTPError, ProtocolError

_END_OF_BODY, _ENDS = 0.03, 3  # seconds and reads that the end of a body may take
_CHUNK = 256 * 1024


def end(response: requests.Response, ended: threading.Event) -> None:
    """Wake whoever reads."""
    ended.set()
    with suppress(ValueError, RuntimeError, OSError):  # it has ended by itself
        response.raw.shutdown()


def let_end(response: requests.Response) -> None:
    """Read the end of a body that has said everything, if it is there: then the connection is kept.

    It nearly always is, and a new connection would cost the next call two round trips.
    """
    connection = response.raw.connection
    if connection is None or connection.sock is None:  # it is not to be kept
        return
    connection.sock.settimeout(_END_OF_BODY)
    with suppress(HTTPError):
        for _ in range(_ENDS):
            if not response.raw.read1(_CHUNK):
                return


def may_be_taken(error: Exception) -> bool:
    """Whether the request may have reached the model.

    It has not where no connection came about. Of one that ended before an answer nobody knows
    (`requests.adapters` wraps what happened then, and nothing else, as it is).
    """
    if not isinstance(error, requests.ConnectionError):
        return True
    return isinstance(error.args[0] if error.args else None, ProtocolError | OSError)

"""What a schema cannot say, for `schemathesis.toml`."""

from __future__ import annotations

from typing import Any

import schemathesis
from ulid import ULID

from afterimage.domain import ids
from afterimage.http.contract import POST_MESSAGE


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
) -> None:
    """A message's id is of about now, and some messages ask for a picture."""
    if case.operation.label != POST_MESSAGE.key or not isinstance(case.body, dict):
        return
    if ids.is_ulid(str(case.body.get("id"))):  # of any other time, it is refused as `clock_skew`
        case.body = {**case.body, "id": str(ULID())}
    text = case.body.get("text")
    if isinstance(text, str) and 0 < len(text.strip()) <= 100 and len(text) % 2:
        case.body = {**case.body, "text": f"paint {text}"}

"""What tests ask of a running stack, on a line that the engine may have closed meanwhile."""

import json
from collections import defaultdict

from tests.local_stack.testing import RunningStack
from tests.support.raw_server import Said, Then, answer, raw_server


def test_a_connection_that_was_closed_is_made_again() -> None:
    tables = json.dumps({"TableNames": ["Chats"]}).encode()
    good = answer(tables, f"content-length: {len(tables)}")
    with raw_server(Said([], Then.CLOSE), Said([good], Then.SERVE)) as server:
        stack = RunningStack(defaultdict(str, aws_endpoint=server.address))

        found = stack.aws("dynamodb").list_tables()["TableNames"]

        stack.close()
    assert found == ["Chats"]

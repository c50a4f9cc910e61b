"""`python -m tests.aws_smoke STACK`: looks at a deployed stack, and uses it once as a client would.

Run it by hand after a deployment. It needs credentials that may read the stack's resources. It
makes four pictures at most, two of which are cancelled, and a short text, and brings a picture.
Where TOKEN is not set, it makes a user in the stack's own user pool (no mail is sent) and removes
it again, with everything that is stored of it. With TOKEN, an access token of somebody, it deletes
only the chat and the pictures that it made.

Exit status: 0 if nothing failed, 1 if a check failed, 2 if there is no such stack to look at.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tests.aws_smoke import deployed, kept
from tests.aws_smoke.channel_steps import ChannelSteps
from tests.aws_smoke.deletion_steps import DeletionSteps
from tests.aws_smoke.deployed import Deployed
from tests.aws_smoke.edge import Edge
from tests.aws_smoke.functions import Functions
from tests.aws_smoke.habit_steps import HabitSteps
from tests.aws_smoke.page import Visitor
from tests.aws_smoke.picture_steps import PictureSteps
from tests.aws_smoke.rows import Check, Outcome, Row, line, rows, summary
from tests.aws_smoke.second_thoughts import SecondThoughts
from tests.aws_smoke.sign_in import somebody
from tests.aws_smoke.upload_steps import UploadSteps
from tests.aws_smoke.visit import Visit
from tests.aws_smoke.watched import Watched

_PATIENCE_S = 240.0
_NO_STACK = 2


def main(arguments: Sequence[str]) -> int:
    """Returns the process's exit status."""
    given = _parser().parse_args(arguments)
    stack = Deployed(given.stack, boto3.Session(region_name=given.region), given.patience)
    try:
        status: str = stack.described["StackStatus"]
    except (BotoCoreError, ClientError) as error:
        print(f"Nothing can be looked at: {error}", file=sys.stderr)
        return _NO_STACK
    print(f"{given.stack}: {status}", flush=True)
    try:
        return _told(stack, given.pause)
    finally:
        stack.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.aws_smoke",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("stack", help="its name")
    add("--region", help="where it is (default: that of the environment or profile)")
    add(
        "--patience",
        type=float,
        default=_PATIENCE_S,
        metavar="SECONDS",
        help="how long to wait for a picture, a log line, a figure (default %(default)s)",
    )
    add(
        "--pause",
        type=float,
        default=0,
        metavar="SECONDS",
        help="wait so long before one more message, so that sandboxes freeze (default: no such)",
    )
    return parser


def _told(stack: Deployed, pause: float) -> int:
    """Prints a line for each check as it ends."""
    with somebody(stack) as person:
        visit = Visit(stack, person)
        try:
            checks = list(_checks(stack, visit, pause))
            width = max(len(check.what) for check in checks)
            found: list[Row] = []
            for row in rows(checks):
                print(line(row, width), flush=True)
                found.append(row)
        finally:
            visit.close()
    print(summary(found))
    return 1 if any(row.outcome is Outcome.FAILED for row in found) else 0


def _checks(stack: Deployed, visit: Visit, pause: float) -> Iterator[Check]:
    """All of them: first what the visit would change, then the visit, then what it leaves."""
    since = datetime.now(UTC)
    functions, watched = Functions(stack, since), Watched(stack, since)
    uploads = UploadSteps(visit)
    edge = Edge(stack, since, lambda: str(visit.image["url"]))
    yield from deployed.checks(stack)
    yield from watched.checks()
    yield from functions.checks()
    yield from kept.checks(stack)
    yield from Visitor(stack).checks()
    yield from ChannelSteps(visit).checks()
    yield from PictureSteps(visit).checks()
    yield from SecondThoughts(visit, pause).checks()
    yield from uploads.checks()
    yield from HabitSteps(visit, uploads.image).checks()
    yield from uploads.last_checks()
    yield from edge.checks()
    yield from DeletionSteps(visit).checks()
    yield from edge.last_checks()
    yield from functions.last_checks()
    yield from watched.last_checks()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

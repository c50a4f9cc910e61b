"""`python -m tests.aws_preflight [STACK]`: looks at an account before the first deployment.

It reads and makes nothing. Each line says what to do where something stands in the way.

Exit status: 0 if nothing does, 1 if something does.
"""

import argparse
import sys
from collections.abc import Sequence

import boto3

from tests.aws_preflight.account import CREDENTIALS, REGION, Account
from tests.aws_preflight.taken import Taken
from tests.aws_smoke.deployed import Deployed
from tests.aws_smoke.rows import Outcome, Row, line, rows, summary
from tests.support.template import template


def main(arguments: Sequence[str]) -> int:
    """Returns the process's exit status."""
    given = _parser().parse_args(arguments)
    session = boto3.Session(region_name=given.region)
    stack = Deployed(given.stack, session, patience=0)
    found: list[Row] = []
    try:
        account = Account(
            stack, session.region_name, given.image_concurrency, given.mail_identity_arn
        )
        checks = [*account.checks(), *Taken(stack, session.region_name or "").checks()]
        width = max(len(check.what) for check in checks)
        for row in rows(checks):
            print(line(row, width), flush=True)
            found.append(row)
            if row.outcome is Outcome.FAILED and row.what in (REGION, CREDENTIALS):
                break
    finally:
        stack.close()
    print(summary(found))
    return 1 if any(row.outcome is Outcome.FAILED for row in found) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.aws_preflight",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("stack", nargs="?", default="afterimage", help="as it will be called (%(default)s)")
    add("--region", help="where it will be (default: that of the environment or profile)")
    add(
        "--image-concurrency",
        type=int,
        default=template()["Parameters"]["ImageConcurrency"]["Default"],
        metavar="N",
        help="what ImageConcurrency will be answered (default %(default)s)",
    )
    add("--mail-identity-arn", default="", metavar="ARN", help="what it will be answered")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

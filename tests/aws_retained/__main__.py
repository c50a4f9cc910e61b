"""`python -m tests.aws_retained [STACK]`: what a deleted stack left, for its successor to take in.

It reads the account and makes nothing there. Two files are written, the template and the
resources of `aws cloudformation create-change-set --change-set-type IMPORT`.

Exit status: 0 if all of it was found, 1 if not.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tests.aws_preflight.account import state_of
from tests.aws_retained.importing import template_of
from tests.aws_retained.left import everything
from tests.aws_smoke.deployed import Deployed
from tests.aws_smoke.rows import Wrong


def main(arguments: Sequence[str]) -> int:
    """Returns the process's exit status."""
    given = _parser().parse_args(arguments)
    stack = Deployed(given.stack, boto3.Session(region_name=given.region), patience=0)
    try:
        _write(stack, given.ending, given.folder)
    except (Wrong, ClientError, BotoCoreError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        stack.close()
    return 0


def _write(stack: Deployed, ending: str, folder: Path) -> None:
    status = state_of(stack)
    if status is not None:
        raise Wrong(f"the stack is there ({status}), and what it has is its own: delete it first")
    left = everything(stack, ending)
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "template.json": template_of(stack.name, left),
        "resources.json": [one.to_import for one in left],
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=2))
    for one in left:
        print(f"{one.logical_id}: {one.name}")
    print(f"written to {folder}: {', '.join(files)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.aws_retained",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("stack", nargs="?", default="afterimage", help="as it was called (%(default)s)")
    add("--region", help="where it was (default: that of the environment or profile)")
    add("--ending", default="", help="of the tables' names, where some were restored: -restored")
    add("--folder", type=Path, default=Path(".aws-sam/retained"), help="default: %(default)s")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

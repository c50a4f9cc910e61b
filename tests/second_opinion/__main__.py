"""`python -m tests.second_opinion`: the contract tests of the tables on AWS's own DynamoDB Local.

What is not known to it is given to pytest. It is installed as locked beside this file. Exit status:
pytest's; 3 where npm is missing or this machine gives no network of its own (0 then, with
--if-possible).
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from tests.support.dynamodb_local import INSTALLED

_NOT_TO_BE_HAD = 3
# Whoever is not root first becomes it in a namespace of users, which gives no right elsewhere.
_OWN_NETWORK = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
_WITH_LOOPBACK = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def main(arguments: Sequence[str]) -> int:
    """Returns the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.second_opinion", description=__doc__)
    parser.add_argument("--if-possible", action="store_true", help="0 where it is not to be had")
    given, for_pytest = parser.parse_known_args(arguments)
    lacking = _lacking()
    if lacking:
        print(f"There was no second opinion: {lacking}.")
        return 0 if given.if_possible else _NOT_TO_BE_HAD
    subprocess.run(["npm", "ci", "--silent", "--prefer-offline"], cwd=INSTALLED, check=True)
    tests = [sys.executable, "-m", "pytest", "tests/contracts", "-k", "dynamodb_local", *for_pytest]
    return subprocess.run(
        [*_OWN_NETWORK, *_WITH_LOOPBACK, *tests],
        check=False,
        env={**os.environ, "SECOND_OPINION": "1"},
    ).returncode


def _lacking() -> str | None:
    """What this machine has not, or none."""
    missing = [name for name in ("npm", "unshare", "ip") if shutil.which(name) is None]
    if missing:
        return f"there is no {missing[0]} here"
    trial = [*_OWN_NETWORK, *_WITH_LOOPBACK, "true"]
    tried = subprocess.run(trial, check=False, capture_output=True, text=True)
    if tried.returncode:
        return f"this machine gives no network of its own ({tried.stderr.strip()})"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

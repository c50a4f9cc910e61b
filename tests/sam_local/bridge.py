"""`python -m tests.sam_local.bridge FILE`: run functions in containers beside `make run`.

Writes the file for `--env-vars` and forwards the stack to the containers until Ctrl-C.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

import httpx

from tests.sam_local.base_image import architecture
from tests.sam_local.beside import Containers, beside, surroundings_of
from tests.sam_local.engine import sockets
from tests.sam_local.engine_api import EngineApi, EngineError


def main() -> int:
    """Runs until it is stopped; returns the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.sam_local.bridge", description=__doc__)
    parser.add_argument("file", type=Path, help="is written for `sam local invoke --env-vars`")
    parser.add_argument("--stack", default="http://127.0.0.1:8000", help="default %(default)s")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        stack = surroundings_of(given.stack)
        with _engine() as api, beside(stack, api) as containers:
            given.file.write_text(json.dumps(containers.env_vars, indent=1))
            _explain(given.stack, given.file, containers)
            signal.pause()
    except httpx.HTTPError as error:
        print(f"No local stack answers at {given.stack} (make run): {error}", file=sys.stderr)
    except (EngineError, OSError) as error:
        print(f"Containers cannot be reached from here: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        given.file.unlink(missing_ok=True)
        return 0
    return 1


def _engine() -> EngineApi:
    for host in sockets(os.environ):
        api = EngineApi(host)
        if api.answers():
            return api
    raise EngineError("no container engine answers")


def _explain(stack: str, file: Path, containers: Containers) -> None:
    print(f"Wrote {file}. Until Ctrl-C, in another terminal:\n")
    print("export " + " ".join(f"{name}={value}" for name, value in containers.credentials.items()))
    print(f"SAM='--env-vars {file} --add-host {containers.add_host}'")
    print(f'SAM="$SAM --parameter-overrides Architecture={architecture()}"')
    claims = json.dumps({"user": "alice", "claims": {"iss": containers.issuer}})
    print(
        f"TOKEN=$(curl -s {stack}/dev/token -d '{claims}' | sed 's/.*\"\\(ey[^\"]*\\)\".*/\\1/')",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())

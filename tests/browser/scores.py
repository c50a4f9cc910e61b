"""`make lighthouse`: what Lighthouse says of the page on the local stack, signed out and in.

Needs node and npm; Lighthouse itself is installed in `lighthouse/`, as locked there.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.browser.conftest import find_browser
from tests.local_stack.testing import StackProcess

FOLDER = Path(__file__).parent / "lighthouse"
LEAST = 98


def main() -> None:
    """Prints the scores; ends with 1 if one is below what is promised."""
    argparse.ArgumentParser(prog="python -m tests.browser.scores", description=__doc__).parse_args()
    browser, node, npm = find_browser(), shutil.which("node"), shutil.which("npm")
    if browser is None:
        sys.exit("There is no Chromium here.")
    if node is None or npm is None:
        sys.exit("Lighthouse needs node and npm: install Node 18.16 or newer.")
    subprocess.run([npm, "ci", "--silent"], cwd=FOLDER, check=True)
    with tempfile.TemporaryDirectory() as own:
        process = StackProcess(Path(own))
        stack = process.start()
        try:
            command = [node, "score.mjs", stack.url, browser]
            run = subprocess.run(command, cwd=FOLDER, check=True, stdout=subprocess.PIPE)
        finally:
            stack.close()
            process.stop()
    sys.exit(_tell(json.loads(run.stdout)))


def _tell(pages: dict[str, dict[str, object]]) -> int:
    """Prints each page's scores, and what was found wanting; 1 if a score is too low."""
    lowest = 100
    for page, found in pages.items():
        scores = {name: value for name, value in found.items() if isinstance(value, dict)}
        print(f"{page}: " + ", ".join(f"{name} {value['score']}" for name, value in scores.items()))
        for name, value in scores.items():
            lowest = min(lowest, value["score"])
            for audit in value["short"]:
                print(f"  {name}: {audit}")
    return 1 if lowest < LEAST else 0


if __name__ == "__main__":
    main()

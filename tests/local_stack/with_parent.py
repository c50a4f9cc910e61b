"""Runs another module until standard input closes: `python -m …with_parent MODULE ARGUMENTS`."""

import os
import runpy
import signal
import sys
import threading
import time

_SECONDS_TO_END = 3.0


def end_with_parent() -> None:
    """Blocks until the parent is gone or wants this process gone, then ends the process."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_SECONDS_TO_END)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)

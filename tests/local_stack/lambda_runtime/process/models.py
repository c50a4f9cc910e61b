"""What botocore reads of its own files before it makes a client, read once for many workers.

A process that makes its first clients parses some megabytes of JSON, which are the same for all of
them: most of a cold start's processor time, and of its memory. Here that is done before the fork,
by making each client once and dropping it. What workers make later, sessions and clients, is their
own.
"""

import contextlib
import gc
import sys
from collections.abc import Iterable
from typing import Any


def read_models_in(folder: str) -> None:
    """Has every later loader read this folder instead of botocore's own.

    Nothing happens where the function has not imported botocore.
    """
    if "botocore.loaders" in sys.modules:
        sys.modules["botocore.loaders"].Loader.BUILTIN_DATA_PATH = folder


def share_models(services: Iterable[str]) -> None:
    """Has every later loader find the models of these services already read.

    Nothing happens where the function has not imported botocore. A service that it does not know
    fails where it is used.
    """
    if "botocore.session" not in sys.modules:
        return
    files = sys.modules["botocore.loaders"].JSONFileLoader
    load_file, read = files.load_file, dict[str, Any]()

    def noting(self: Any, file_path: str) -> Any:
        return read.setdefault(file_path, load_file(self, file_path))

    def remembering(self: Any, file_path: str) -> Any:
        known = read.get(file_path)
        return load_file(self, file_path) if known is None else known

    files.load_file = noting
    session = sys.modules["botocore.session"].get_session()
    for service in services:
        with contextlib.suppress(Exception):
            session.create_client(service)
    del session
    files.load_file = remembering
    gc.collect()
    gc.freeze()

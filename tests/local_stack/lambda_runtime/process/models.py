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


def share_models(services: Iterable[str]) -> None:
    """Has every later session use one loader, which knows the models of these services.

    Nothing happens where the function has not imported botocore. A service that it does not know
    fails where it is used.
    """
    botocore_session = sys.modules.get("botocore.session")
    if botocore_session is None:
        return
    create_loader = botocore_session.create_loader
    loader = create_loader()

    def shared(search_path_string: str | None = None) -> Any:
        return create_loader(search_path_string) if search_path_string else loader

    botocore_session.create_loader = shared  # type: ignore[attr-defined]
    session = botocore_session.get_session()
    for service in services:
        with contextlib.suppress(Exception):
            session.create_client(service)
    del session
    gc.collect()
    gc.freeze()

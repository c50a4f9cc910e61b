"""One simulated provider for two bundles: this tree's, so that both are answered alike."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from tests.local_stack.children import Child

_STARTS_WITHIN_S = 30


class Provider:
    """A simulator as a process of its own; a context that ends with it.

    Attributes:
        arguments: of a local stack whose functions are to ask it.
    """

    def __init__(self) -> None:
        self._opened = ExitStack()

    def __enter__(self) -> "Provider":
        folder = self._opened.enter_context(tempfile.TemporaryDirectory(prefix="afterimage-bench-"))
        child = Child(
            "The provider",
            "tests.local_stack.with_parent",
            "tests.local_stack.gemini",
            "--port",
            "0",
            env={},
            log=Path(folder) / "gemini.log",
        )
        self._opened.callback(child.stop)
        url = child.first_line(_STARTS_WITHIN_S).rsplit(" ", 1)[-1]
        self.arguments = (f"--parameter=GeminiBaseUrl={url}",)
        self._http = self._opened.enter_context(httpx.Client(base_url=url, trust_env=False))
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def behave(self, **settings: Any) -> None:
        """As `PUT /dev/gemini` takes them."""
        self._http.put("/dev/gemini", json=settings).raise_for_status()

    def last_asked(self) -> dict[str, Any]:
        """The last entry of its log."""
        found: dict[str, Any] = self._http.get("/dev/gemini").raise_for_status().json()["log"][-1]
        return found

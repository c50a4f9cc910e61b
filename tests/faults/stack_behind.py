"""A local stack of its own, whose functions reach the world through a proxy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.faults.proxy import FaultProxy
from tests.local_stack.testing import RunningStack, StackProcess

# How the stack is told where its functions find what the proxy stands before.
_OPTIONS = {
    "aws": "--functions-aws-endpoint={}",
    "gateway": "--functions-gateway-endpoint={}",
    "gemini": "--parameter=GeminiBaseUrl={}",
}


@contextmanager
def stack_behind(
    proxy: FaultProxy, folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> Iterator[tuple[RunningStack, int]]:
    """The stack and its process's id; stopped at the end.

    Args:
        proxy: of some of "aws", "gateway" and "gemini".
        folder: for the stack's logs.
        arguments: more of the stack's command line.

    Raises:
        RuntimeError: the stack did not start, or something went wrong while it stopped.
    """
    reached = [_OPTIONS[name].format(proxy.url(name)) for name in proxy.upstreams]
    process = StackProcess(folder, *arguments, *reached, env=env)
    stack = process.start()
    try:
        found = {
            "aws": stack.aws_endpoint,
            "gateway": stack.url,
            "gemini": stack.status()["gemini"],
        }
        proxy.connect(process.pid, **{name: found[name] for name in proxy.upstreams})
        yield stack, process.pid
    finally:
        stack.close()
        problem = process.stop()
    if problem is not None:
        raise RuntimeError(problem)

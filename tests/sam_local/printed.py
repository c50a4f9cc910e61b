"""What one `sam local invoke` printed: the function's answer, and how it went.

The SAM CLI's exit status says nothing of that: it is 0 for handlers that raise, for those that
are killed for their memory, and for those that take too long.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

# "REPORT RequestId: … Billed Duration: 813 ms Memory Size: 1769 MB Max Memory Used: 1769 MB"
_REPORT = re.compile(r"REPORT RequestId: .*?Billed Duration: (\d+) ms\s+Memory Size: (\d+) MB")
_STARTED = "START RequestId: "
_CONTAINER = re.compile(r"SAM_CONTAINER_ID: ([0-9a-f]+)")
_CONTEXT = 800  # characters
_BAD_LEVELS = ("ERROR", "CRITICAL")
_BAD_SIGNS = ("timed out after", "Runtime exited")
_RAISED = "Traceback (most recent call last)"


@dataclass(frozen=True)
class Printed:
    """One invocation.

    Attributes:
        answer: what the function returned; None also where it returned nothing.
        billed_ms: by the runtime's emulator.
        memory_mb: what the function has; the emulator does not measure what it used.
        problems: why this is no good run, whatever was answered.
        started: whether the event reached the function.
    """

    answer: Any
    billed_ms: int | None
    memory_mb: int | None
    problems: tuple[str, ...]
    started: bool


def read(stdout: str, stderr: str) -> Printed:
    """Both streams of `sam local invoke`: the answer, and everything else."""
    answer, problems = _answer(stdout)
    report = _REPORT.search(stderr.replace("\t", " "))
    if report is None:
        problems.append("the runtime reported no end")
    problems += [_around(sign, stderr) for sign in _BAD_SIGNS if sign in stderr]
    # Behind the report it is the CLI's own: its thread for logs may miss the container's end.
    functions = stderr[: report.start()] if report else stderr
    if _RAISED in functions:
        problems.append(_around(_RAISED, functions))
    problems += _logged_errors(stderr)
    return Printed(
        answer,
        int(report[1]) if report else None,
        int(report[2]) if report else None,
        tuple(problems),
        _STARTED in stderr,
    )


def container_ids(stderr: str) -> list[str]:
    """Containers that the SAM CLI made."""
    return _CONTAINER.findall(stderr)


def _answer(stdout: str) -> tuple[Any, list[str]]:
    lines = [line for line in stdout.splitlines() if line.strip()]
    if not lines:
        return None, ["nothing was answered"]
    try:
        answer = json.loads(lines[-1])
    except ValueError:
        return None, [f"no JSON was answered: {lines[-1][:200]}"]
    if isinstance(answer, dict) and "errorMessage" in answer:
        return answer, [f"{answer.get('errorType')}: {answer['errorMessage']}"]
    return answer, []


def _around(sign: str, text: str) -> str:
    """Where it stands, with what comes behind it."""
    start = text.index(sign)
    return text[text.rfind("\n", 0, start) + 1 : start + _CONTEXT]


def _logged_errors(stderr: str) -> list[str]:
    found = []
    for line in stderr.splitlines():
        if not line.startswith("{"):
            continue
        try:
            logged = json.loads(line)
        except ValueError:
            continue
        if logged.get("level") in _BAD_LEVELS:
            found.append(f"it logged: {logged.get('message')}")
    return found

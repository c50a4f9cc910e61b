"""One deployment after the other as it is seen over HTTP: what the aliases call is what answers."""

from __future__ import annotations

from pathlib import Path

from tests.local_stack.testing import StackProcess

# Their versions hold no address of the simulator, which is another one in each run.
OTHERS = ("websocket", "keeper", "web_page")


def deployed(folder: Path, *arguments: str) -> tuple[int, dict[str, str]]:
    """A run on what the one before kept: the limit that the API tells, and the versions called."""
    process = StackProcess(folder, *arguments, env={"STATE_DIR": str(folder / "state")})
    with process.running() as stack:
        usage = stack.http("alice").get("/usage").raise_for_status().json()
        return usage["limit"], dict(stack.versions)


def test_another_setting_and_no_other_function_is_seen_after_a_second_deployment(
    tmp_path: Path,
) -> None:
    limit, first = deployed(tmp_path, "--parameter", "DailyImageLimit=3")
    assert (limit, set(first.values())) == (3, {"1"})

    # Two more: a setting of nobody, and what is no part of a version
    settings = ("DailyImageLimit=4", "AlarmEmail=night@example.org", "ImageConcurrency=20")
    limit, second = deployed(tmp_path, *(a for s in settings for a in ("--parameter", s)))
    assert (limit, second["chat_api"]) == (4, "2")
    assert {second[name] for name in OTHERS} == {"1"}

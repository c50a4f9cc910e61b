"""One deployment after the other as it is seen over HTTP: what the aliases call is what answers."""

from __future__ import annotations

from pathlib import Path

from tests.local_stack.options import ROOT
from tests.local_stack.testing import StackProcess
from tests.support.template import template

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


def test_a_template_that_publishes_nothing_is_seen_to_change_nothing(tmp_path: Path) -> None:
    own = tmp_path / "template.yaml"
    text = (ROOT / "template.yaml").read_text("utf-8")
    assert "DailyImageLimit" in template()["Parameters"]
    own.write_text(text.replace("${DailyImageLimit} ", "").replace("${DailyImageLimit}", ""))
    for name in ("functions", "layers"):
        (tmp_path / name).symlink_to(ROOT / name)
    here = ("--template", str(own), "--parameter")

    limit, _ = deployed(tmp_path, *here, "DailyImageLimit=3")
    assert limit == 3

    limit, versions = deployed(tmp_path, *here, "DailyImageLimit=4")

    assert (limit, versions["chat_api"]) == (3, "1")

"""A release whose every list of chats raises, on the local stack: what it reports rings."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.local_stack.template.intrinsics import resolve
from tests.local_stack.testing import RunningStack, StackProcess
from tests.support.cloudwatch import Datum, logged, rings
from tests.support.plain_template import properties, values
from tests.support.template import ROOT

LISTS_CHATS = "layers/shared/afterimage/use_cases/list_chats.py"
SECONDS = 20  # a log that has nothing by then stays without


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[RunningStack]:
    for part in ("functions", "layers"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "template.yaml", tmp_path)
    source = (tmp_path / LISTS_CHATS).read_text()
    assert source.count("class ListChats:") == 1
    head, rest = source.split("class ListChats:")
    missing = rest.replace("self._chats = chats", "pass", 1)
    (tmp_path / LISTS_CHATS).write_text(f"{head}class ListChats:{missing}")
    process = StackProcess(tmp_path, "--template", str(tmp_path / "template.yaml"))
    with process.running() as running:
        yield running


def test_it_answers_and_its_rollout_is_stopped(broken: RunningStack) -> None:
    alice = broken.http("alice")

    answers = [alice.get("/chats").status_code for _ in range(3)]

    assert answers == [500] * 3
    assert alarm_rings(broken, "ChatApiRolloutDefectsAlarm")
    assert alarm_rings(broken, "DefectsAlarm")
    assert not alarm_rings(broken, "KeeperRolloutDefectsAlarm", within=0)


def alarm_rings(stack: RunningStack, name: str, within: float = SECONDS) -> bool:
    """Whether an alarm of the template rings at what the functions' logs report."""
    alarm = resolve(properties("AWS::CloudWatch::Alarm")[name], values())
    give_up = time.monotonic() + within
    while not (ringing := rings(alarm, figures_of(stack), time.time() + 1)):
        if time.monotonic() > give_up:
            break
        time.sleep(0.1)
    return ringing


def figures_of(stack: RunningStack) -> list[Datum]:
    return [f for file in stack.logs.glob("*.log") for f in logged(file.read_text())]

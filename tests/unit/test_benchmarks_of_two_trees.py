"""What `make bench` makes of two trees, and of users who are refused for now."""

import asyncio
import json
import sys
from statistics import mean, median

import httpx
import pytest
from tests.benchmarks.crowd import send
from tests.benchmarks.report import Table, add_trees, megabytes, ratio_and_range, seconds
from tests.benchmarks.trees import _git, checked_out


def test_a_ratio_says_how_much_of_it_is_chance() -> None:
    those = [10.0, 20.0, 30.0, 40.0, 50.0]
    sure = [2 * that for that in those]
    assert ratio_and_range(sure, those, median) == (2.0, "2.00–2.00")

    ratio, span = ratio_and_range([5.0, 50.0, 30.0, 90.0, 20.0], those, mean)
    low, _, high = span.partition("–")
    assert float(low) < ratio == 195 / 150 < float(high)


def test_two_trees_are_set_beside_each_other() -> None:
    table = Table("Crowd", ("", "took", "memory"))
    add_trees(
        table,
        ["this", "that"],
        [[[1000.0, 30.0], [3000.0, 10.0], [2000.0, 20.0]], [[4000.0, 0.0]]],
        (seconds, megabytes),
    )
    assert table.rows == [
        ("this", "2.00 s", "20 MB"),
        ("that", "4.00 s", "0 MB"),
        ("this / that", "0.50", ""),
    ]


def test_another_commits_tree_is_there_for_a_while() -> None:
    with checked_out("HEAD") as tree:
        assert (tree.root / "template.yaml").exists()
        assert tree.python == sys.executable
    assert not tree.root.exists()
    assert str(tree.root) not in _git("worktree", "list")
    with pytest.raises(LookupError, match="no commit 'nothing'"), checked_out("nothing"):
        pass


@pytest.mark.parametrize(("until_it_ends", "status", "again"), [(False, 202, 2), (True, 200, 3)])
def test_a_text_is_sent_again_until_it_is_taken(
    until_it_ends: bool, status: int, again: int
) -> None:
    refusals = [{"error": {"retry_after": 0.001}}, {"message": "Service Unavailable"}]
    answers = iter([(503, refusals[0]), (503, refusals[1]), (202, {}), (200, {})])
    sent: list[dict[str, str]] = []

    def serve(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        code, body = next(answers)
        return httpx.Response(code, json=body)

    async def sending() -> tuple[httpx.Response, int]:
        transport = httpx.MockTransport(serve)
        async with httpx.AsyncClient(transport=transport, base_url="https://api.test") as http:
            return await send(http, "hello", until_it_ends=until_it_ends)

    response, times = asyncio.run(sending())
    assert (response.status_code, times, len(sent)) == (status, again, again + 1)
    assert {body["id"] for body in sent} == {sent[0]["id"]}

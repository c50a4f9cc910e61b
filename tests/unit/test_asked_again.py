"""What the gate asks again, and what is red at once."""

import pytest
from tests.asked_again import MOST, doubtful

FEW = {f"test_{n}": {"call"} for n in range(MOST)}


@pytest.mark.parametrize("moment", ["setup", "call"])
def test_a_few_tests_that_failed_are_asked_again(moment: str) -> None:
    failures = FEW | {"test_0": {moment}}

    assert doubtful(pytest.ExitCode.TESTS_FAILED, failures) == list(FEW)


@pytest.mark.parametrize(
    ("status", "failures"),
    [
        pytest.param(pytest.ExitCode.TESTS_FAILED, FEW | {"one_more": {"call"}}, id="many"),
        pytest.param(pytest.ExitCode.TESTS_FAILED, FEW | {"test_0": {"teardown"}}, id="its end"),
        pytest.param(pytest.ExitCode.TESTS_FAILED, FEW | {"test_0": {"???"}}, id="a process died"),
        pytest.param(pytest.ExitCode.INTERRUPTED, FEW, id="interrupted"),
        pytest.param(pytest.ExitCode.INTERNAL_ERROR, FEW, id="an error of pytest"),
        pytest.param(pytest.ExitCode.USAGE_ERROR, {}, id="no such file"),
        pytest.param(pytest.ExitCode.NO_TESTS_COLLECTED, {}, id="no tests"),
        pytest.param(pytest.ExitCode.TESTS_FAILED, {}, id="nothing that can be named"),
        pytest.param(pytest.ExitCode.OK, {}, id="green"),
    ],
)
def test_nothing_else_is(status: pytest.ExitCode, failures: dict[str, set[str]]) -> None:
    assert doubtful(status, failures) == []

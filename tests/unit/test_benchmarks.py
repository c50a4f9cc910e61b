"""The arithmetic of `make bench`; what it measures is another matter."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image
from tests.benchmarks import textures
from tests.benchmarks.__main__ import _arguments
from tests.benchmarks.bench import Bench
from tests.benchmarks.call_chains import Call, steps
from tests.benchmarks.cold_start import environments
from tests.benchmarks.memory import cpu_ms, family, peak, pss
from tests.benchmarks.parts import COMPARING, PARTS, Part
from tests.benchmarks.prompts import PROMPTS
from tests.benchmarks.report import (
    MET,
    MISSED,
    Table,
    Target,
    in_turns,
    middle_and_worst,
    ms,
)
from tests.benchmarks.run import OverranError, run, within
from tests.benchmarks.similarity import ssim
from tests.local_stack.gemini.picture_request import wants_picture

_NOBODY = 2**22 + 1  # more than any pid (proc_sys_kernel(5))


@pytest.mark.parametrize(("figure", "verdict"), [(1.99, MET), (2.0, MET), (2.01, MISSED)])
def test_a_target_is_the_most_a_figure_may_be(figure: float, verdict: str) -> None:
    assert Target(2.0, "≤ {} x floor").judged(figure) == ("≤ 2 x floor", verdict)


def test_times_are_given_as_precisely_as_they_mean_something() -> None:
    assert [ms(7.44), ms(19.96), ms(20), ms(1234.5)] == ["7.4 ms", "20.0 ms", "20 ms", "1234 ms"]
    assert middle_and_worst(iter([3.0, 1.0, 2.0])) == ("2.0 ms", "3.0 ms")


def test_a_table_is_aligned_and_counts_its_verdicts() -> None:
    table = Table("Speed", ("", "median", "target", "this run"), notes=("Of one run.",))
    table.add("quick", "1.0 ms", *Target(2).judged(1.0))
    table.add("something slow", "30 ms", *Target(2).judged(30.0))

    assert table.lines() == [
        "Speed",
        "                median  target  this run",
        "────────────────────────────────────────",
        "quick           1.0 ms     ≤ 2       met",
        "something slow   30 ms     ≤ 2    MISSED",
        "  Of one run.",
    ]
    assert table.verdicts() == [MET, MISSED]
    with pytest.raises(ValueError, match="1 cells for 4 columns"):
        table.add("too few")


def _table(figure: float) -> Table:
    table = Table("Speed", ("", "target", "this run"))
    table.add("quick", *Target(2).judged(figure))
    return table


def test_whatever_becomes_of_a_part_the_next_is_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def waits(_: Bench) -> Iterable[Table]:
        yield _table(1.0)
        with suppress(Exception):  # a client that gives nothing up
            signal.pause()

    def breaks(_: Bench) -> Iterable[Table]:
        raise AssertionError("never came;\ngot []")

    parts = {
        "waits": Part(waits, "", 0.02),
        "breaks": Part(breaks, "", 60),
        "measures": Part(lambda _: [_table(1.0), _table(3.0)], "", 60),
    }
    lines = [[*row[:1], *row[2:]] for row in run(parts, Bench(repeat=1)).rows]

    assert lines == [
        ["waits", "1", "0", "took longer than its 0.02 s"],
        ["breaks", "0", "0", "AssertionError: never came; got []"],
        ["measures", "1", "1", ""],
    ]
    assert capsys.readouterr().out.count("Speed") == 3


def test_a_limit_leaves_another_ones_alarm_as_it_was() -> None:
    with within(60):
        handler = signal.getsignal(signal.SIGALRM)
        with pytest.raises(OverranError), within(0.02):
            signal.pause()
        assert signal.getsignal(signal.SIGALRM) is handler
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0


def test_measures_take_turns() -> None:
    order: list[str] = []

    def measure(name: str) -> float:
        order.append(name)
        return float(len(order))

    samples = in_turns(2, [lambda: measure("a"), lambda: measure("b")])

    assert order == ["a", "b", "a", "b"]
    assert samples == [[1.0, 3.0], [2.0, 4.0]]


def test_a_call_is_one_step_after_the_last_that_had_ended() -> None:
    calls = [
        Call("transaction", 2.6, 2.9),
        Call("read", 1.0, 1.3),
        Call("upload", 1.1, 1.4),
        Call("preview", 1.3, 2.5),
        Call("post", 3.0),
    ]

    assert [(call.name, call.step) for call in steps(calls)] == [
        ("read", 1),
        ("upload", 1),
        ("preview", 2),
        ("transaction", 3),
        ("post", 4),
    ]


def test_likeness_is_one_for_equal_pictures_and_falls_with_noise() -> None:
    noise = np.random.default_rng(1).normal(0, 1, (64, 64))
    smooth = np.add.outer(np.arange(64), np.arange(64)) * 1.5 + 20
    picture, *worse = (
        Image.fromarray((smooth + depth * noise).clip(0, 255).astype("uint8"))
        for depth in (0, 5, 20)
    )

    likeness = [ssim(picture, other) for other in (picture, *worse)]

    assert likeness[0] == pytest.approx(1.0)
    assert likeness[0] > likeness[1] > likeness[2] > 0


def test_likeness_of_two_flat_pictures_is_the_papers_formula() -> None:
    one, other = (Image.new("L", (32, 32), grey) for grey in (100, 120))
    c1 = (0.01 * 255) ** 2
    expected = (2 * 100 * 120 + c1) / (100**2 + 120**2 + c1)

    assert ssim(one, other) == pytest.approx(expected, abs=1e-4)


def test_a_dozen_different_textures(monkeypatch: pytest.MonkeyPatch) -> None:
    assert textures.SIDE == 1024
    monkeypatch.setattr(textures, "SIDE", 64)

    made = textures.textures()

    assert len({picture.tobytes() for picture in made.values()}) == len(made) == 12
    assert {picture.size for picture in made.values()} == {(64, 64)}


def test_every_function_has_its_own_settings() -> None:
    found = environments()

    assert {"llm_handler_gemini", "image_generate", "web_page"} <= set(found)
    assert found["llm_handler_gemini"]["MAX_OPEN_MESSAGES"] == "10"
    assert found["image_generate"]["MESSAGES_TABLE"] != found["image_generate"]["CHATS_TABLE"]


def test_ten_different_prompts_that_the_model_takes_for_pictures() -> None:
    assert len(set(PROMPTS)) == 10
    assert all(wants_picture(prompt) for prompt in PROMPTS)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs Linux's /proc")
def test_a_family_holds_a_process_and_its_own() -> None:
    assert os.getpid() in family(os.getppid())


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="needs Linux's /proc")
def test_a_process_has_had_time_and_memory_until_it_is_gone() -> None:
    assert cpu_ms([os.getpid(), _NOBODY]) > 0 == cpu_ms([_NOBODY])
    assert peak(os.getpid()) >= pss(os.getpid()) > 0 == pss(_NOBODY) == peak(_NOBODY)


def test_parts_are_chosen_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert _arguments([]).only == [name for name in PARTS if name != "against"]
    assert _arguments(["--against", "HEAD"]).only == list(COMPARING)
    assert _arguments(["--only", "cpu,calls", "--repeat", "3"]).only == ["cpu", "calls"]
    with pytest.raises(SystemExit):
        _arguments(["--only", "cpu,nothing"])
    assert "no part is called 'nothing'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        _arguments(["--only", "against"])
    assert "needs --against" in capsys.readouterr().err

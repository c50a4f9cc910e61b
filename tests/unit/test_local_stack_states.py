"""What STATE_DIR keeps: each state entirely or not at all, and the newest whole one is taken."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.local_stack.states import (
    NoStateError,
    engine_lock,
    newest_state,
    write_file,
    write_state,
)

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def saying(text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "dynamodb.json").write_text(text)

    return write


def newest(state_dir: Path) -> str | None:
    state, _ = newest_state(state_dir)
    return None if state is None else (state.folder / "dynamodb.json").read_text()


def fail(folder: Path) -> None:
    (folder / "dynamodb.json").write_text("hal")
    raise OSError(28, "No space left on device")


def test_an_empty_folder_has_no_state(tmp_path: Path) -> None:
    assert newest_state(tmp_path) == (None, [])


def test_the_newest_is_taken_and_the_one_before_stays(tmp_path: Path) -> None:
    for number in range(12):
        write_state(tmp_path, NOON, saying(f"{number}"), is_last=False)

    assert newest(tmp_path) == "11"
    assert len(list((tmp_path / "states").iterdir())) == 2


def test_a_state_knows_its_moment_and_whether_it_is_the_last(tmp_path: Path) -> None:
    write_state(tmp_path, NOON, saying("a"), is_last=False)
    first, _ = newest_state(tmp_path)
    write_state(tmp_path, NOON, saying("b"), is_last=True)
    second, _ = newest_state(tmp_path)

    assert first
    assert second
    assert (first.moment, first.is_last, second.is_last) == (NOON, False, True)


def test_a_clock_that_was_set_back_changes_no_order(tmp_path: Path) -> None:
    write_state(tmp_path, NOON, saying("earlier"), is_last=False)
    write_state(tmp_path, NOON - timedelta(hours=1), saying("later"), is_last=False)

    assert newest(tmp_path) == "later"


def test_what_could_not_be_written_leaves_what_was_there_and_no_rest(tmp_path: Path) -> None:
    write_state(tmp_path, NOON, saying("good"), is_last=False)

    with pytest.raises(OSError, match="No space left"):
        write_state(tmp_path, NOON, fail, is_last=False)

    assert newest(tmp_path) == "good"
    assert [folder.name for folder in (tmp_path / "states").iterdir()] == ["00000001"]


def test_what_a_kill_left_unfinished_is_not_a_state(tmp_path: Path) -> None:
    write_state(tmp_path, NOON, saying("good"), is_last=False)
    (tmp_path / "states" / ".unfinished").mkdir()
    (tmp_path / "states" / ".unfinished" / "dynamodb.json").write_text("half")

    assert newest(tmp_path) == "good"
    write_state(tmp_path, NOON, saying("next"), is_last=False)
    assert newest(tmp_path) == "next"


@pytest.mark.parametrize("name", ["dynamodb.json", "about.json"])
def test_a_damaged_state_is_named_and_the_one_before_taken(tmp_path: Path, name: str) -> None:
    write_state(tmp_path, NOON, saying("before"), is_last=False)
    write_state(tmp_path, NOON, saying("newest"), is_last=False)
    (tmp_path / "states/00000002" / name).write_text("{")

    assert newest(tmp_path) == "before"
    assert newest_state(tmp_path)[1] == ["00000002"]


def test_nothing_begins_anew_where_every_state_is_damaged(tmp_path: Path) -> None:
    write_state(tmp_path, NOON, saying("only"), is_last=False)
    (tmp_path / "states/00000001/dynamodb.json").unlink()

    with pytest.raises(NoStateError, match="none of the states"):
        newest_state(tmp_path)


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    write_file(tmp_path / "keys.json", "{}")
    write_file(tmp_path / "keys.json", '{"a": 1}')

    assert (tmp_path / "keys.json").read_text() == '{"a": 1}'
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert len(list(tmp_path.iterdir())) == 1


def test_an_engine_waits_for_the_one_that_still_writes(tmp_path: Path) -> None:
    entered = threading.Event()

    def enter() -> None:
        with engine_lock(tmp_path):
            entered.set()

    second = threading.Thread(target=enter)
    with engine_lock(tmp_path):
        second.start()
        assert not entered.wait(0.3)
    second.join(20)

    assert entered.is_set()


def test_an_engine_that_does_not_end_is_said(tmp_path: Path) -> None:
    with (
        engine_lock(tmp_path),
        pytest.raises(NoStateError, match="left behind"),
        engine_lock(tmp_path, seconds=0),
    ):
        pass

"""Whatever bytes come, they are a picture or `NoImage`, within the function's memory and time."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.hostile_pictures import (
    a_picture,
    changed,
    encoded,
    frames,
    handled,
    many_scans,
    refused,
)

from afterimage.adapters import picture_guards
from afterimage.adapters.pictures import PillowStudio, WebpSettings
from afterimage.domain.errors import NoImage

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MEMORY, SECONDS = 64, 5  # MB above what was held before, and of CPU; the function has more
REFUSED = sorted(refused())
HANDLED = {name: size for name, (_, size) in handled().items()}

Outcome = dict[str, Any]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """What became of each file, in a process of limited memory."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the limits are Linux's")
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.read_hostile_pictures"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'layers' / 'shared'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout.splitlines()[-1:]} was the last\n{done.stderr}"
    assert done.stderr == "", "a hostile file must not fill the log"
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {outcome["name"]: outcome for outcome in found}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_refused(outcomes: dict[str, Outcome], name: str) -> None:
    assert outcomes[name]["outcome"] == "refused"


@pytest.mark.parametrize(("name", "size"), HANDLED.items(), ids=HANDLED.keys())
def test_what_only_looks_odd_is_developed(
    outcomes: dict[str, Outcome], name: str, size: tuple[int, int]
) -> None:
    assert outcomes[name]["outcome"] == f"{size[0]} x {size[1]}"


def test_no_file_takes_much(outcomes: dict[str, Outcome]) -> None:
    assert set(outcomes) == {*REFUSED, *HANDLED}
    assert [o for o in outcomes.values() if o["mb"] > MEMORY or o["seconds"] > SECONDS] == []


def test_what_lies_behind_a_picture_is_not_passed_on() -> None:
    for name in ("a page behind a JPEG", "a ZIP behind a PNG"):
        picture = PillowStudio(WebpSettings()).decode(handled()[name][0])

        for data in (picture.full().data, picture.thumbnail().data):
            assert b"<script>" not in data
            assert b"PK\x03\x04" not in data


@pytest.mark.parametrize(
    ("size", "scans", "is_refused"),
    [((1024, 1024), 300, False), ((1024, 1024), 500, True), ((320, 240), 500, False)],
)
def test_scans_are_counted_by_the_pixels_they_go_over(
    size: tuple[int, int], scans: int, is_refused: bool
) -> None:
    data = many_scans(size, scans)

    if is_refused:
        with pytest.raises(NoImage, match="scans"):
            picture_guards.check(data)
    else:
        picture_guards.check(data)


# --- Noise -------------------------------------------------------------------------------------

SMALL = a_picture((48, 40))
SEEDS = {
    "JPEG": encoded(SMALL),
    "progressive": encoded(SMALL, progressive=True),
    "CMYK": encoded(SMALL.convert("CMYK")),
    "PNG": encoded(SMALL, "PNG"),
    "palette": encoded(SMALL.quantize(4), "PNG", transparency=1),
    "16 bits": encoded(SMALL.convert("I;16"), "PNG"),
    "WebP": encoded(SMALL, "WEBP"),
    "lossless": encoded(SMALL, "WEBP", lossless=True),
    "animated PNG": frames("PNG", 2),
    "animated WebP": frames("WEBP", 2),
}


def developed(data: bytes) -> None:
    """Everything that is made of a picture, if it is one."""
    with suppress(NoImage):
        picture = PillowStudio(WebpSettings()).decode(data)
        picture.preview()
        picture.full()
        picture.thumbnail()
        picture.color()
        picture.thumbhash()


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS.keys())
@settings(max_examples=60)
@given(chance=st.randoms(use_true_random=False))
def test_a_mutant_of_a_picture_is_a_picture_or_none(seed: bytes, chance: random.Random) -> None:
    developed(changed(seed, chance))


@given(st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF"]), st.binary(max_size=400))
def test_noise_is_no_picture(head: bytes, noise: bytes) -> None:
    developed(head + noise)

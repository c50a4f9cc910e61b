"""`python -m tests.browser.moving_picture FILE.webp`: the README's moving picture, from the page.

One person, a desktop and a phone side by side: asked on the one, seen on both, from the
placeholder by way of a glimpse to the picture. Takes about half a minute.
"""

import argparse
import io
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from time import monotonic

from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, ViewportSize

from tests.browser.people import expect_level
from tests.browser.screenshots import stack_and_browser
from tests.local_stack.testing import RunningStack

DESKTOP, PHONE = ViewportSize(width=760, height=700), ViewportSize(width=360, height=700)
GAP = 20
ASKED = "Paint a lighthouse in a storm, as a woodcut"
LASTS_S = 9.0  # from the first key on
HOLD_MS = 2_500  # how long the last frame stands
QUALITY = 75

Frame = tuple[float, Image.Image]


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.browser.moving_picture", description=__doc__
    )
    parser.add_argument("file", type=Path)
    file: Path = parser.parse_args().file
    with stack_and_browser() as (stack, browser):
        frames = _without_repeats(_film(stack, browser))
    if not frames:
        sys.exit("Nothing moved.")
    ends = [at for at, _ in frames[1:]]
    durations = [round(1_000 * (end - at)) for (at, _), end in zip(frames, ends, strict=False)]
    first, *others = (picture for _, picture in frames)
    first.save(
        file,
        save_all=True,
        append_images=others,
        duration=[*durations, HOLD_MS],
        loop=0,
        quality=QUALITY,
        method=6,
    )


def _film(stack: RunningStack, browser: Browser) -> Iterator[Frame]:
    stack.gemini(text_ms=1_200, image_ms=3_500, drafts=1, script=[])
    desktop, phone = _tab(stack, browser, DESKTOP), _tab(stack, browser, PHONE)
    desktop.get_by_role("textbox", name="Message").press_sequentially(ASKED, delay=0)
    yield monotonic(), _together(desktop, phone)
    desktop.keyboard.press("Enter")
    until = monotonic() + LASTS_S
    while (now := monotonic()) < until:
        yield now, _together(desktop, phone)


def _tab(stack: RunningStack, browser: Browser, size: ViewportSize) -> Page:
    page = browser.new_context(viewport=size, locale="en-GB").new_page()
    page.goto(f"{stack.url}/#holiday")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("textbox").fill("alice")
    page.keyboard.press("Enter")
    expect_level(page)
    return page


def _together(*pages: Page) -> Image.Image:
    shots = [Image.open(io.BytesIO(page.screenshot())).convert("RGB") for page in pages]
    width = sum(shot.width for shot in shots) + GAP * (len(shots) - 1)
    canvas = Image.new("RGB", (width, max(shot.height for shot in shots)), "#8a8a8a")
    left = 0
    for shot in shots:
        canvas.paste(shot, (left, 0))
        left += shot.width + GAP
    return canvas


def _without_repeats(film: Iterator[Frame]) -> list[Frame]:
    taken = list(film)
    return taken[:1] + [
        later
        for earlier, later in pairwise(taken)
        if ImageChops.difference(earlier[1], later[1]).getbbox() is not None
    ]


if __name__ == "__main__":
    main()

"""What nobody would see is as good as empty, on the server and on the page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import quickjs

from afterimage.adapters.gemini import tool
from afterimage.domain.words import is_blank

ELEMENTS = Path(__file__).parents[2] / "functions" / "web_page" / "static" / "elements.js"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t\n\u00a0\u2003\u3000",
        "\u200b\u200c\u200d\u2060\ufeff",
        "\u00ad\u034f\u180e",
        "\u200e\u200f\u202a\u202e\u2066\u2069\u061c",
        "\ufe0f\ufe0e\U000e0100",
        "\U000e0067\U000e007f",
        "\u115f\u1160\u3164\uffa0",
        "\u2800",
        "\x00\x1b\x85",
        "\ufff9\ufffb",
    ],
)
def test_what_nobody_sees_is_blank(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(f"{text}a{text}")


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👩‍👧",
        "❤️",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "1️⃣",
        "می\u200cخواهم",
        "क्\u200dष",
        "가",
        "⠃",
        "۝",
        "\u0301",
        ".",
    ],
)
def test_what_somebody_sees_is_not(text: str) -> None:
    assert not is_blank(text)


def test_the_page_says_the_same() -> None:
    """Of the planes that have any, all but halves of characters."""
    found = re.search(r"^const BLANK = (.+);$", ELEMENTS.read_text("utf-8"), re.MULTILINE)
    assert found
    points = [*range(0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE1100)]
    on_the_page = quickjs.Context().eval(
        f"JSON.stringify({points}.filter((one) => {found[1]}.test(String.fromCodePoint(one))))"
    )

    assert json.loads(str(on_the_page)) == [one for one in points if is_blank(chr(one))]


def test_a_model_that_says_nothing_visible_has_said_nothing() -> None:
    assert tool.prompt({"prompt": "\u200b\u3164"}) == ""
    assert tool.title({"title": "\u3164 \u2800"}) == ""

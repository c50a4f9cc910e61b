"""The page of a link: the picture, the prompt if that was wished, and nothing else of anybody."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.support.doubles import NOW, FixedClock, RecordingLog, RecordingMetrics
from tests.support.in_memory import InMemoryShares, InMemoryTables

from afterimage.adapters.share_tokens import HmacShareTokens
from afterimage.domain.metrics import Metric
from afterimage.domain.shares import SharedPicture, name_of
from afterimage.http.shared_page import SharedPage
from afterimage.http.web_page import WebPage

TOKENS = HmacShareTokens(lambda: "a secret")
TOKEN = TOKENS.token("alice", "01JD4A7Y000000000000000000", 1)
PROMPT = 'a <b>fox</b> & "friends"'
PICTURE = SharedPicture(name_of(TOKEN), NOW + timedelta(days=7), 1376, 768, "#aabbcc", None)
CONFIG = {"public_url": "https://page.test", "contact_url": ""}
FILE = f"/cdn/shared/{name_of(TOKEN)}.webp"


@pytest.fixture
def tables(clock: FixedClock) -> InMemoryTables:
    tables = InMemoryTables(clock)
    tables.rows.shares[PICTURE.name] = PICTURE
    return tables


@pytest.fixture
def page(tables: InMemoryTables, clock: FixedClock, log: RecordingLog) -> SharedPage:
    return SharedPage(InMemoryShares(tables), clock, lambda: CONFIG, log, RecordingMetrics())


def test_it_shows_the_picture_and_no_word_of_the_prompt(page: SharedPage) -> None:
    answer = page(TOKEN, "")

    assert answer["statusCode"] == 200
    assert f'<img src="{FILE}" width="1376" height="768"' in answer["body"]
    assert f'<meta property="og:image" content="https://page.test{FILE}">' in answer["body"]
    assert "figcaption>" not in answer["body"]
    assert TOKEN not in answer["body"]


def test_a_prompt_that_is_shown_is_text_and_in_no_card(
    page: SharedPage, tables: InMemoryTables
) -> None:
    tables.rows.shares[PICTURE.name] = replace(PICTURE, prompt=PROMPT)

    body = page(TOKEN, "")["body"]

    shown = "a &lt;b&gt;fox&lt;/b&gt; &amp; &quot;friends&quot;"
    assert f"<figcaption>{shown}</figcaption>" in body
    assert not [card for card in re.findall(r"<meta[^>]*>", body) if "fox" in card]


def test_it_is_kept_found_and_told_on_by_nobody(page: SharedPage) -> None:
    answer = page(TOKEN, "")
    headers = answer["headers"]
    [style] = re.findall(r"<style>(.*?)</style>", answer["body"], re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()

    assert headers["cache-control"] == "no-store"
    assert headers["x-robots-tag"].startswith("noindex")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"] == (
        f"default-src 'none'; img-src 'self'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    assert '<meta name="robots" content="noindex' in answer["body"]
    assert "<script" not in answer["body"]


def test_there_is_a_way_to_report_it_where_there_is_an_address(
    page: SharedPage, tables: InMemoryTables, clock: FixedClock, log: RecordingLog
) -> None:
    config = {**CONFIG, "contact_url": "mailto:abuse@page.test?subject=a&body=b"}
    named = SharedPage(InMemoryShares(tables), clock, lambda: config, log, RecordingMetrics())

    assert 'href="mailto:abuse@page.test?subject=a&amp;body=b"' in named(TOKEN, "")["body"]
    assert "<a " not in page(TOKEN, "")["body"]


NO_TOKENS = ["", "x", TOKEN[:-1], TOKEN + "A", TOKEN + "\n", "ä" * 22, "../" * 7, "A" * 10_000]


@pytest.mark.parametrize("token", [TOKENS.token("bob", "x", 1), *NO_TOKENS])
def test_what_there_is_not_and_what_has_ended_are_the_same_page(
    page: SharedPage, tables: InMemoryTables, clock: FixedClock, token: str
) -> None:
    unknown = page(token, "")
    clock.advance(days=7)
    ended = page(TOKEN, "")
    del tables.rows.shares[PICTURE.name]
    taken_back = page(TOKEN, "")

    assert unknown == ended == taken_back
    assert unknown["statusCode"] == 404
    assert unknown["headers"]["content-type"] == "text/html; charset=utf-8"
    assert unknown["headers"]["cache-control"] == "no-store"
    assert "There is no picture here, or no longer." in unknown["body"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "en"), ("de-AT,de;q=0.9", "de"), ("fr, de;q=0.5", "de"), ("fr;q=;,,", "en")],
)
def test_it_speaks_the_language_that_a_browser_names(
    page: SharedPage, accepted: str, language: str
) -> None:
    answer = page(TOKEN, accepted)

    assert f'<html lang="{language}">' in answer["body"]
    assert answer["headers"]["content-language"] == language


def test_a_table_that_cannot_be_read_is_a_sentence_and_a_line_of_the_log(
    clock: FixedClock, log: RecordingLog
) -> None:
    metrics = RecordingMetrics()

    class Broken:
        def get(self, name: str) -> SharedPicture | None:
            raise OSError(name)

    answer = SharedPage(Broken(), clock, lambda: CONFIG, log, metrics)(TOKEN, "")

    assert answer["statusCode"] == 503
    assert "try again in a minute" in answer["body"]
    assert log.events() == ["shared_picture_unread"]
    assert metrics.total(Metric.DEFECTS) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(
    page: SharedPage, tables: InMemoryTables, tmp_path: Path, log: RecordingLog, method: str
) -> None:
    pages = WebPage(tmp_path, lambda: CONFIG, list, str, page, log, RecordingMetrics())
    event: dict[str, Any] = {
        "routeKey": f"{method} /s/{{token}}",
        "pathParameters": {"token": TOKEN},
        "headers": {"user-agent": "a fetcher of cards", "accept-language": "de"},
    }

    answers = [pages(event, None) for _ in range(10)]

    assert {answer["statusCode"] for answer in answers} == {200}
    assert all(bool(answer["body"]) == (method == "GET") for answer in answers)
    assert tables.rows.shares == {PICTURE.name: PICTURE}


# --- Tokens --------------------------------------------------------------------------------------


def test_a_token_is_of_one_picture_of_one_person_and_one_sharing() -> None:
    which = [(user, image, number) for user in "ab" for image in "xy" for number in (1, 2, 11)]
    tokens = {TOKENS.token(*one) for one in which} | {TOKENS.tag(*one) for one in which}

    assert len(tokens) == 2 * len(which)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", TOKEN)
    assert HmacShareTokens(lambda: "another").token("a", "x", 1) not in tokens
    assert TOKENS.token("a", "x", 1) == TOKENS.token("a", "x", 1)

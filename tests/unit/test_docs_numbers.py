"""Numbers that the documentation says in a sentence are those of the code."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.aws_preflight import names
from tests.local_stack.gemini import album
from tests.support.docs import PAGES
from tests.support.template import template

from afterimage import frames, settings
from afterimage.adapters import own_models, pictures, pixels, shared_files, tokens
from afterimage.adapters.dynamodb import rows, stalls
from afterimage.adapters.gemini import answers, client, tool
from afterimage.domain import (
    callers,
    chats,
    clock_rule,
    connections,
    deletions,
    deltas,
    events,
    ids,
    limits,
    numbered_pictures,
    seen,
    sources,
    suggestions,
    web_push,
)
from afterimage.http import api, exports, shares, sizes, taken
from afterimage.ports.keeping import OPEN_PARTITIONS
from afterimage.ports.pictures import DOWNLOAD_LIFETIME
from afterimage.use_cases import (
    limit_connections,
    note_candidate,
    open_connection,
    read_chats,
    replay_events,
    search,
    show_words,
    sweep,
    think,
    warm_functions,
)
from afterimage.wiring import connected

ROOT = Path(__file__).parents[2]
CHANNEL = (ROOT / "functions/web_page/static/unified_channel.js").read_text()
IN_WORDS = {
    2: "two",
    3: "three",
    4: "four",
    5: "five",
    6: "six",
    8: "eight",
    10: "ten",
    14: "fourteen",
    50: "fifty",
    1_000: "a thousand",
}


def of_client(name: str) -> int:
    """A constant of `unified_channel.js`, whole milliseconds."""
    found = re.search(rf"^const {name} = ([\d_]+);", CHANNEL, re.MULTILINE)
    assert found is not None, name
    return int(found[1])


def default(name: str) -> str:
    return str(template()["Parameters"][name]["Default"])


def seconds(time: timedelta) -> int:
    return int(time.total_seconds())


def minutes(time: timedelta) -> int:
    return seconds(time) // 60


FUNCTIONS = (
    settings.LlmHandlerSettings,
    settings.ImageGenerateSettings,
    settings.ImageUploadSettings,
    settings.ChatApiSettings,
    settings.WebSocketSettings,
    settings.KeeperSettings,
    settings.PageSettings,
)
# A sentence of a page, as it stands there but for line breaks, with what the code says. A number
# is written with commas (`{}`), or as a word (`{word}`).
SAID: list[tuple[str, str, Any]] = [
    ("README", "back within {} hours", seconds(events.KEPT_FOR) // 3600),
    ("README", "{} pictures at the same time by default", int(default("ImageConcurrency"))),
    # --- What is taken ---------------------------------------------------------------------------
    ("docs/contract", "`text`, 1–{} characters", taken.MAX_TEXT),
    ("docs/contract", "`count`, 1–{} pictures", limits.MOST_PICTURES),
    ("docs/contract", "`title`, 1–{} characters", taken.MAX_TITLE),
    ("docs/contract", "a PNG or a WebP, at most {} |", taken.MAX_FILE),
    ("docs/contract", "`days`, 1–30, else {} |", shares._DAYS),
    ("docs/contract", '"expires_in": {}}}`: [a download]', seconds(DOWNLOAD_LIFETIME)),
    ("docs/contract", "one connection, {} seconds", seconds(open_connection.TICKET_LIFETIME)),
    ("docs/contract", "at most {} events, and fewer", replay_events.PAGE),
    ("docs/contract", "one over {} KB", api._LARGEST_BODY // 1024),
    ("docs/contract", "the prompt, of 1–{} characters", taken.MAX_PROMPT),
    ("docs/contract", "names up to {word} pictures of your own", taken.MAX_ATTACHMENTS),
    ("docs/contract", "up to {word} others follow as further slots", ids.MOST_UNASKED),
    ("docs/contract", "After {} minutes it ends as `timed_out`", minutes(limits.LONGEST_WAIT)),
    ("docs/contract", "more than {word} minutes off", minutes(clock_rule.MOST_OFF)),
    ("docs/contract", "no text of 1 to {} bytes", tokens._LONGEST_USER_ID),
    ("docs/contract", "The file has more than {} bytes", taken.MAX_FILE),
    ("docs/contract", "{Word} chats are pinned already", limits.MOST_PINNED),
    ("docs/contract", "has been tried {word} times", limits.MOST_TRIES),
    ("docs/contract", "{} links were made today", limits.MOST_SHARED_A_DAY),
    # --- Chats -----------------------------------------------------------------------------------
    ("docs/chats", "whose first {} characters are its title", chats.TITLE_LENGTH),
    ("docs/chats", "At most {} chats are `pinned`", limits.MOST_PINNED),
    ("docs/chats", "A page has at most {} results", search.MOST_HITS),
    ("docs/chats", "looks at {word} rows at most", read_chats._SEARCH_ROWS),
    ("docs/chats", "A page has {} MB,", sizes.LARGEST_LIST // 1_000_000),
    ("docs/chats", "{word} rows, or as many as are read", exports._ROWS),
    ("docs/chats", "as are read in {word} seconds", seconds(exports._TIME)),
    ("docs/chats", "as `chat_deleted` for {} hours", seconds(events.KEPT_FOR) // 3600),
    ("docs/chats", "it refuses for exactly {} days", deletions.ACCOUNT_REFUSED_FOR.days),
    ("docs/chats", "come up to {word} seconds after its end", seconds(show_words.BETWEEN_LOOKS)),
    # --- Pictures --------------------------------------------------------------------------------
    ("docs/pictures", "of more than {} million pixels", pixels._MOST_PIXELS // 1_000_000),
    ("docs/pictures", "with a side of more than {}:", pixels._LONGEST_SIDE),
    ("docs/pictures", "A user makes {} links in a UTC day", limits.MOST_SHARED_A_DAY),
    (
        "docs/pictures",
        "keep it for {word} minutes at most",
        int(shared_files.BRIEFLY.rpartition("=")[2]) // 60,
    ),
    # --- The channel -----------------------------------------------------------------------------
    ("docs/channel", "none over {} KB", frames.MAX_FRAME // 1024),
    ("docs/channel", "a WebP of {} KB at most", pictures._LARGEST_PREVIEW // 1024),
    ("docs/channel", "when a {}st connection", connections.MAX_CONNECTIONS + 1),
    ("docs/channel", "{} events were sent", replay_events.PAGE),
    ("docs/channel", "Events are kept for {} hours", seconds(events.KEPT_FOR) // 3600),
    ("docs/channel", "ran within {word} minutes", minutes(warm_functions.STAYS_WARM)),
    ("docs/channel", "{} ms have passed", int(deltas.BETWEEN_POSTS * 1000)),
    ("docs/channel", "and {} code points are new", deltas.ENOUGH_NEWS),
    ("docs/channel", "or {word} seconds are over", int(deltas.AT_LEAST_EVERY)),
    ("docs/channel", "`text`, up to {} code points", answers.MAX_BESIDE),
    ("docs/channel", "{Word} browsers of a user are told", web_push.MOST_SUBSCRIPTIONS),
    (
        "docs/channel",
        "took longer than {word} seconds",
        seconds(web_push._WORTH_TELLING_AFTER),
    ),
    # --- For front ends --------------------------------------------------------------------------
    ("docs/embed", "within {} seconds, and resume", seconds(open_connection.TICKET_LIFETIME)),
    ("docs/embed", "a gap that lasts {} ms", of_client("GAP_MS")),
    ("docs/embed", "It pings every {} s", of_client("PING_OPEN_MS") // 1000),
    ("docs/embed", "else every {} minutes", of_client("PING_IDLE_MS") // 60_000),
    (
        "docs/embed",
        "the page is hidden it waits {} s",
        of_client("HIDDEN_ANSWER_MS") // 1000,
    ),
    ("docs/embed", "of at most {} bytes", taken.MAX_FILE),
    ("docs/embed", "says once in {word} minutes", of_client("TYPING_MS") // 60_000),
    ("docs/embed", "growing pause, {} s at most", of_client("BACKOFF_MAX_MS") // 1000),
    # --- Who ends what ---------------------------------------------------------------------------
    ("docs/crashes", "`TextDeadline` is {} s", int(default("TextDeadline"))),
    ("docs/crashes", "`ImageEventAge` {} s", int(default("ImageEventAge"))),
    ("docs/crashes", "`ImageTimeout` {} s", int(default("ImageTimeout"))),
    ("docs/crashes", "`ImageDeadline` {} s", int(default("ImageDeadline"))),
    ("docs/crashes", "after {} s, with the next sweep", seconds(sweep._UNCLAIMED_FOR)),
    ("docs/crashes", "{} minutes, then the next sweep", minutes(limits.LONGEST_WAIT)),
    ("docs/crashes", "{} s after it began", seconds(connected.COPY_TIME)),
    (
        "docs/crashes",
        "at most {} s |",
        int((1 + stalls.RETRIES) * (stalls.CONNECT_TIMEOUT_S + stalls.READ_TIMEOUT_S) + 1),
    ),
    ("docs/crashes", "ping ({} s while", of_client("PING_OPEN_MS") // 1000),
    # --- Who comes in, and what is asked of them -------------------------------------------------
    ("docs/sign-in", "may be {} seconds off", seconds(callers.LEEWAY)),
    ("docs/sign-in", "`sub` has 1 to {} bytes", tokens._LONGEST_USER_ID),
    ("docs/security", "{} connections per user", connections.MAX_CONNECTIONS),
    ("docs/security", "for {word} closings at most", limit_connections._CLOSED_AT_ONCE),
    ("docs/security", "spent once within {} s", seconds(open_connection.TICKET_LIFETIME)),
    (
        "docs/security",
        "the {word} functions that sign",
        sum("url_signing_secret" in one.fields() for one in FUNCTIONS),
    ),
    ("docs/security", "{} random bits", open_connection._RANDOM_BYTES * 8),
    # --- What is kept, and what goes out ---------------------------------------------------------
    ("docs/architecture", "has {} partitions by hash", OPEN_PARTITIONS),
    ("docs/architecture", "expire {word} days after it began", rows._COUNTERS_KEPT.days),
    ("docs/architecture", "Each event of {} hours", seconds(events.KEPT_FOR) // 3600),
    ("docs/architecture", "expires after {} days", note_candidate._KEPT_FOR.days),
    (
        "docs/privacy-and-provenance",
        "over {} million pixels",
        seen._MOST_PIXELS / 1_000_000,
    ),
    ("docs/privacy-and-provenance", "pixels or {} KB", seen._MOST_BYTES // 1000),
    ("docs/privacy-and-provenance", "a copy of {} pixels at most", pictures._SMALL_SIDE),
    ("docs/privacy-and-provenance", "works for {word} minutes", minutes(DOWNLOAD_LIFETIME)),
    ("docs/provider", "at most {word} of them as `inlineData`", numbered_pictures.MOST_SHOWN),
    ("docs/provider", "`generationConfig.maxOutputTokens` | {} |", client._MAX_OUTPUT_TOKENS),
    ("docs/provider", "at most {word} sources", sources.MOST_SOURCES),
    ("docs/provider", "of {} MB each", sources.LARGEST_SOURCE // 1_000_000),
    ("docs/provider", "and {} MB in all", sources.MOST_TOGETHER // 1_000_000),
    ("docs/provider", "The first {} characters; a call", tool.MAX_PROMPT),
    ("docs/provider", "the first {} characters of it", chats.TITLE_LENGTH),
    ("docs/settings", "each of at most {} characters", suggestions.LONGEST),
    ("docs/settings", "at most {word} have one", own_models._MOST_NAMED),
    # --- Said once more, where somebody else looks -----------------------------------------------
    ("docs/troubleshooting", "more than {word} minutes off", minutes(clock_rule.MOST_OFF)),
    ("docs/troubleshooting", "was tried {word} times", limits.MOST_TRIES),
    ("docs/troubleshooting", "older than {} seconds", seconds(open_connection.TICKET_LIFETIME)),
    ("docs/troubleshooting", "must have 1 to {} bytes", tokens._LONGEST_USER_ID),
    ("docs/privacy-and-provenance", "| {} hours |", seconds(events.KEPT_FOR) // 3600),
    ("docs/privacy-and-provenance", "{word} at most | Channels", web_push.MOST_SUBSCRIPTIONS),
    (
        "docs/privacy-and-provenance",
        "{} minutes behind the end of its token",
        minutes(connections._AFTER_THE_TOKEN),
    ),
    (
        "docs/privacy-and-provenance",
        "{} seconds for a ticket",
        seconds(open_connection.TICKET_LIFETIME),
    ),
    ("docs/deploy", "more than {} characters", names.most_characters("eu-central-1")),
    ("docs/local", "its last {} pictures by sight", album.KEPT),
    ("docs/costs", "at most {} together", think._HISTORY_LENGTH),
    ("docs/costs", "of the last {} messages", think._HISTORY),
    ("docs/costs", "+ {} tokens out", client._MAX_OUTPUT_TOKENS),
    (
        "docs/costs",
        "an answer ≤ {} tokens in",
        think._HISTORY_LENGTH + taken.MAX_TEXT,
    ),
]


@pytest.mark.parametrize(("page", "sentence", "number"), SAID, ids=lambda each: str(each)[:40])
def test_a_number_in_a_sentence_is_the_codes(page: str, sentence: str, number: float) -> None:
    word = IN_WORDS.get(int(number), "no word")
    wanted = sentence.format(f"{number:,}", word=word, Word=word.capitalize())

    assert wanted in " ".join(PAGES[f"{page}.md"].split())


def test_the_price_of_a_picture_is_that_of_the_table() -> None:
    def of(row: str) -> float:
        found = re.search(rf"^\| \**{row}.*?\$([\d.]+)", PAGES["docs/costs.md"], re.MULTILINE)
        assert found is not None, row
        return float(found[1]) / 1_000

    image, text, rest = of("The image model"), of("The text model"), of("Everything but")

    for page in ("README.md", "docs/costs.md"):
        said = re.findall(r"\$(0\.\d+)", PAGES[page])[:4]
        assert said == [f"{image + text + rest:.3f}", f"{image:.4f}", f"{text:.4f}", f"{rest:.4f}"]

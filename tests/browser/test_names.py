"""The page opened by each of its names: the true one, and the other name of the same machine."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Stack
from tests.browser.people import complaints, expect_level, expect_picture, say

NAMES = ["127.0.0.1", "localhost"]


@pytest.mark.parametrize("opened_by", NAMES)
def test_a_picture_is_painted_and_seen_by_every_name(
    stack: Stack,
    new_context: Callable[[], BrowserContext],
    sign_in_with: Callable[..., Page],
    name: str,
    chat: str,
    opened_by: str,
) -> None:
    stack.gemini(text_ms=20, image_ms=50, script=[])
    tab = new_context().new_page()
    found = complaints(tab)

    page = sign_in_with(tab, name, url=stack.url.replace("127.0.0.1", opened_by), chat=chat)
    expect_level(page)
    say(page, "paint a lighthouse in a storm")

    expect_picture(page)
    assert page.url == f"{stack.url}/#{chat}"
    assert found == []


def test_what_the_address_names_survives_the_way_home(
    stack: Stack, new_context: Callable[[], BrowserContext]
) -> None:
    page = new_context().new_page()

    page.goto(stack.url.replace("127.0.0.1", "localhost") + "/?from=mail#my-chat")

    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.url == f"{stack.url}/?from=mail#my-chat"

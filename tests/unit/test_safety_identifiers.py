"""What the provider knows a user by."""

from __future__ import annotations

import re

from afterimage.adapters.cache_tags import HmacTags
from afterimage.adapters.safety_identifiers import HmacSafetyIdentifiers

IDENTIFIERS = HmacSafetyIdentifiers(lambda: "a secret")


def test_an_identifier_is_always_the_same_and_the_users_own() -> None:
    assert IDENTIFIERS.of("alice") == HmacSafetyIdentifiers(lambda: "a secret").of("alice")
    assert IDENTIFIERS.of("alice") != IDENTIFIERS.of("bob")
    assert IDENTIFIERS.of("alice") != HmacSafetyIdentifiers(lambda: "another").of("alice")


def test_an_identifier_is_a_label_that_the_provider_takes() -> None:
    for user in ("alice", "auth0|Ünïcode " * 20, ""):
        assert re.fullmatch(r"[0-9a-f]{40}", IDENTIFIERS.of(user))


def test_an_identifier_tells_nothing_about_the_edges_names() -> None:
    tags = HmacTags(lambda: "a secret")

    assert not IDENTIFIERS.of("alice").startswith(tags.user("alice"))

"""Cache tags: the same for the same thing, another for anything else, and readable by nobody."""

from __future__ import annotations

import re
from itertools import product

import pytest
from tests.support.builders import a_ulid

from afterimage.adapters.cache_tags import HmacTags

TAGS = HmacTags(lambda: "a secret")
# What may stand in a tag (CloudFront's guide, "What you need to know when invalidating tags"), and
# in metadata of S3 without being escaped.
TAG = re.compile(r"[!-+\--~]{1,256}")


def all_of(tags: HmacTags, user: str) -> list[str]:
    return [tags.picture(user, a_ulid()), tags.chat(user, "chat-1"), tags.user(user)]


def test_a_tag_is_the_same_every_time_and_under_another_secret_another() -> None:
    assert all_of(TAGS, "alice") == all_of(HmacTags(lambda: "a secret"), "alice")
    assert not set(all_of(TAGS, "alice")) & set(all_of(HmacTags(lambda: "another"), "alice"))


@pytest.mark.parametrize("user", ["alice", "auth0|5f7c", "a, b", "Ünï", "#", "x" * 1_000])
def test_a_tag_is_one_that_the_edge_takes_and_tells_nothing(user: str) -> None:
    for tag in all_of(TAGS, user):
        assert TAG.fullmatch(tag)
        assert tag == tag.lower(), "the edge makes no difference"
        assert user not in tag


def test_no_two_things_have_one_tag() -> None:
    users = ["alice", "bob", "c alice", "user alice", f"{a_ulid()} alice"]
    ids = [a_ulid(), a_ulid(1), "c", "user", "alice"]

    tags = [TAGS.user(user) for user in users]
    for user, id_ in product(users, ids):
        tags += [TAGS.picture(user, id_), TAGS.chat(user, id_)]

    assert len(set(tags)) == len(tags)

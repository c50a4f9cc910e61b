"""`PictureStore`: originals are kept as they first came, and what is deleted is gone."""

from __future__ import annotations

import uuid

import pytest

from afterimage.ports import PictureStore


@pytest.fixture
def key() -> str:
    return f"p/{uuid.uuid4().hex}/original"


def test_the_first_original_stays(pictures: PictureStore, key: str) -> None:
    assert pictures.put_original(key, b"first")
    assert not pictures.put_original(key, b"second")

    assert pictures.get(key) == b"first"


def test_the_same_bytes_again_are_not_the_first(pictures: PictureStore, key: str) -> None:
    stored = [pictures.put_original(key, b"bytes" * n) for n in (1, 1)]

    assert stored == [True, False]


def test_a_webp_is_replaced(pictures: PictureStore, key: str) -> None:
    pictures.put_webp(key, b"first")
    pictures.put_webp(key, b"second")

    assert pictures.get(key) == b"second"


def test_what_never_was_is_none(pictures: PictureStore, key: str) -> None:
    assert pictures.get(key) is None


def test_deleted_is_gone_and_deleting_again_is_fine(pictures: PictureStore, key: str) -> None:
    pictures.put_original(key, b"bytes")
    pictures.put_webp(f"{key}.webp", b"bytes")
    pictures.put_webp(f"{key}.kept", b"bytes")

    pictures.delete([key, f"{key}.webp"])
    pictures.delete([key, f"{key}.webp"])

    assert pictures.get(key) is None
    assert pictures.get(f"{key}.webp") is None
    assert pictures.get(f"{key}.kept") == b"bytes"


def test_large_bytes_survive(pictures: PictureStore, key: str) -> None:
    data = bytes(range(256)) * 8_192

    pictures.put_original(key, data)

    assert pictures.get(key) == data

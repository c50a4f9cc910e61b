"""`PictureStore`, `PictureFolder`: originals stay as they first came, what is deleted is gone."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import botocore.session
import pytest
from tests.contracts.conftest import BUCKET, Pictures, _client, moto_answers
from tests.support.doubles import RecordingLog

from afterimage.adapters.quick_puts import QuickPuts, QuickStockFiles
from afterimage.adapters.s3 import S3Pictures, S3SmallFiles
from afterimage.adapters.stock_files import S3StockFiles
from afterimage.adapters.system import SystemClock
from afterimage.domain.sources import KNOWN_BY
from afterimage.ports.pictures import FileHead


@pytest.fixture
def key() -> str:
    return f"p/{uuid.uuid4().hex}/original"


def test_the_first_original_stays(pictures: Pictures, key: str) -> None:
    assert pictures.put_original(key, b"first")
    assert not pictures.put_original(key, b"second")

    assert pictures.get(key) == b"first"


def test_the_same_bytes_again_are_not_the_first(pictures: Pictures, key: str) -> None:
    stored = [pictures.put_original(key, b"bytes" * n) for n in (1, 1)]

    assert stored == [True, False]


def test_a_webp_is_replaced(pictures: Pictures, key: str) -> None:
    pictures.put_webp(key, b"first")
    pictures.put_webp(key, b"second")

    assert pictures.get(key) == b"second"


def test_a_webp_says_what_it_belongs_to(
    ministack_session: botocore.session.Session, ministack_address: str
) -> None:
    """S3 answers with it as `x-amz-meta-cache-tag`."""
    client = _client(ministack_session, "s3", ministack_address)
    pictures = S3Pictures(lambda: client, BUCKET, SystemClock())
    pictures.put_webp("p/tagged/full.webp", b"bytes", ("0f", "1e"))
    pictures.put_original("p/tagged/original", b"bytes")

    heads = [
        client.head_object(Bucket=BUCKET, Key=f"p/tagged/{name}")
        for name in ("full.webp", "original")
    ]

    assert [head["Metadata"] for head in heads] == [{"cache-tag": "0f,1e"}, {}]


def test_what_never_was_is_none(pictures: Pictures, key: str) -> None:
    assert pictures.get(key) is None


@pytest.mark.parametrize("data", [b"RIFF....WEBPVP8 and more", b"short"])
def test_how_a_file_begins_and_how_long_it_is(pictures: Pictures, key: str, data: bytes) -> None:
    pictures.put_original(key, data)

    assert pictures.head(key) == FileHead(data[:KNOWN_BY], len(data))
    assert pictures.head(f"{key}-that-never-was") is None


def test_a_small_file_is_read_where_it_is(
    ministack_session: botocore.session.Session, ministack_address: str, key: str
) -> None:
    client = _client(ministack_session, "s3", ministack_address)
    S3Pictures(lambda: client, BUCKET, SystemClock()).put_webp(key, b"small")
    files, elsewhere = (S3SmallFiles(lambda: client, name) for name in (BUCKET, "no-bucket"))

    assert (files.get(key), files.get(f"{key}-that-never-was")) == (b"small", None)
    with pytest.raises(OSError, match="NoSuchBucket"):
        elsewhere.get(key)


def test_deleted_is_gone_and_deleting_again_is_fine(pictures: Pictures, key: str) -> None:
    pictures.put_original(key, b"bytes")
    pictures.put_webp(f"{key}.webp", b"bytes")
    pictures.put_webp(f"{key}.kept", b"bytes")

    pictures.delete([key, f"{key}.webp"])
    pictures.delete([key, f"{key}.webp"])

    assert pictures.get(key) is None
    assert pictures.get(f"{key}.webp") is None
    assert pictures.get(f"{key}.kept") == b"bytes"


def test_large_bytes_survive(pictures: Pictures, key: str) -> None:
    data = bytes(range(256)) * 8_192

    pictures.put_original(key, data)

    assert pictures.get(key) == data


def test_a_folder_is_emptied_and_its_neighbours_stay(pictures: Pictures) -> None:
    name = uuid.uuid4().hex
    neighbour = f"p/{name}0/original"
    for number in range(7):
        pictures.put_webp(f"p/{name}/{number}/full.webp", b"bytes")
    pictures.put_webp(neighbour, b"bytes")

    removed: set[str] = set()
    while keys := pictures.some_keys(f"p/{name}/"):
        pictures.delete(keys)
        removed.update(keys)

    assert removed == {f"p/{name}/{number}/full.webp" for number in range(7)}
    assert pictures.get(neighbour) == b"bytes"
    pictures.delete([])


@pytest.mark.parametrize("backend", ["moto", "ministack", "quick"])
def test_copies_are_a_users_own(backend: str, request: pytest.FixtureRequest) -> None:
    engine = "moto" if backend == "moto" else "ministack"
    session = request.getfixturevalue(f"{engine}_session")
    with ExitStack() as around:
        if backend == "moto":
            around.enter_context(moto_answers())
            client = _client(session, "s3")
        else:
            client = _client(session, "s3", request.getfixturevalue("ministack_address"))
        pictures = S3Pictures(lambda: client, BUCKET, SystemClock())
        threads = around.enter_context(ThreadPoolExecutor(4))
        log = RecordingLog()
        put = QuickPuts(session.get_credentials, lambda: client, BUCKET, log)
        files = (
            QuickStockFiles(put, lambda: client, BUCKET, threads)
            if backend == "quick"
            else S3StockFiles(lambda: client, BUCKET, threads)
        )
        source, copy = f"stock/{uuid.uuid4().hex}/", f"p/{uuid.uuid4().hex}/"
        pictures.put_original(f"{source}original", b"original")
        pictures.put_webp(f"{source}full.webp", b"full", ("stock",))

        copies = {f"{source}{name}": f"{copy}{name}" for name in ("original", "full.webp")}
        for _ in range(2):  # a repeat does the same
            files.copy(copies, ("0f", "1e"))

        assert not log.lines
        full = client.get_object(Bucket=BUCKET, Key=f"{copy}full.webp")
        assert full["Body"].read() == b"full"
        assert (full["ContentType"], full["Metadata"]) == ("image/webp", {"cache-tag": "0f,1e"})
        assert full["CacheControl"] == "public, max-age=31536000, immutable"
        assert pictures.get(f"{copy}original") == b"original"
        with pytest.raises(OSError, match="original"):
            files.copy({f"{source}not/original": f"{copy}x/original"}, ())

"""Originals: an address for five minutes, and only for a file that is there."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from tests.support.builders import a_ulid
from tests.support.hostile_pictures import a_picture, encoded

from afterimage.adapters.originals import PRESIGN, S3Originals

KEY, NAME = f"p/{32 * 'a'}/{a_ulid()}/original", f"afterimage-{a_ulid()}"


class Bucket:
    """S3, stubbed: what was asked, and the adapter on top."""

    def __init__(self, region: str = "eu-central-1") -> None:
        session = botocore.session.Session()
        session.set_credentials("testing", "testing", "of a role")
        self._client: Any = session.create_client("s3", region_name=region, config=PRESIGN)
        self.stub = Stubber(self._client)
        self.stub.activate()
        self.originals = S3Originals(lambda: self._client, "pictures")

    def has(self, data: bytes) -> None:
        asked = {"Bucket": "pictures", "Key": KEY, "Range": "bytes=0-11"}
        self.stub.add_response("get_object", {"Body": io.BytesIO(data[:12])}, asked)


@pytest.mark.parametrize(
    ("data", "media", "ending"),
    [
        (encoded(a_picture()), "image/jpeg", ".jpg"),
        (encoded(a_picture(), "PNG"), "image/png", ".png"),
        (encoded(a_picture(), "WEBP"), "image/webp", ".webp"),
        (b"something", "application/octet-stream", ""),
        (b"", "application/octet-stream", ""),
    ],
)
def test_an_address_for_five_minutes_saves_a_file_of_the_right_kind(
    data: bytes, media: str, ending: str
) -> None:
    bucket = Bucket()
    bucket.has(data)

    parts = urlsplit(bucket.originals.download(KEY, NAME) or "")

    query = {name: value for name, [value] in parse_qs(parts.query).items()}
    assert (parts.scheme, parts.path) == ("https", f"/{KEY}")
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["X-Amz-Expires"] == "300"
    assert query["response-content-type"] == media
    assert query["response-content-disposition"] == f'attachment; filename="{NAME}{ending}"'


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_an_address_names_the_buckets_own_region(region: str) -> None:
    """S3's global name sends on with a redirect, under which the signature is another's."""
    bucket = Bucket(region)
    bucket.has(b"something")

    parts = urlsplit(bucket.originals.download(KEY, NAME) or "")

    assert parts.netloc in {f"pictures.s3.{region}.amazonaws.com", "pictures.s3.amazonaws.com"}
    assert f"%2F{region}%2Fs3%2Faws4_request" in parts.query


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_what_is_not_there_has_no_address(code: str) -> None:
    bucket = Bucket()
    bucket.stub.add_client_error("get_object", code)

    assert bucket.originals.download(KEY, NAME) is None


def test_another_error_is_not_hidden() -> None:
    bucket = Bucket()
    bucket.stub.add_client_error("get_object", "SlowDown", http_status_code=503)

    with pytest.raises(ClientError):
        bucket.originals.download(KEY, NAME)

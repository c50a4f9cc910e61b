"""A picture over HTTP: through the edge by its signed address, and by nothing else."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, is_event
from ulid import ULID

from afterimage.adapters.system import SystemClock
from afterimage.domain.ids import image_key

YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def alice(stack: Stack) -> httpx.Client:
    return stack.http(f"alice-{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="module")
def image(alice: httpx.Client) -> dict[str, Any]:
    """A picture of Alice's."""
    with ChannelClient(alice) as tab:
        alice.post("/chats/c/messages", json={"text": "paint a snowy mountain"}, timeout=40)
        found: dict[str, Any] = tab.until(is_event("image-insert"))["payload"]["image"]
    return found


@pytest.fixture
def edge(stack: Stack) -> Iterator[http.client.HTTPConnection]:
    """A connection that sends paths as they are written."""
    parts = urlsplit(stack.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    yield connection
    connection.close()


def status(edge: http.client.HTTPConnection, target: str, method: str = "GET") -> int:
    edge.request(method, target)
    with edge.getresponse() as response:
        response.read()
        return response.status


def target(url: str) -> str:
    """Path and query of an address."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def user_of(client: httpx.Client) -> str:
    token = client.headers["authorization"].removeprefix("Bearer ")
    subject: str = jwt.decode(token, options={"verify_signature": False})["sub"]
    return subject


def test_a_picture_may_be_kept_for_a_year_and_is_nothing_but_a_picture(
    image: dict[str, Any],
) -> None:
    got, head = httpx.get(image["url"]), httpx.head(image["url"])

    assert (got.status_code, head.status_code) == (200, 200)
    assert (len(got.content), head.content) == (image["bytes"], b"")
    assert head.headers["content-length"] == str(image["bytes"])
    for response in (got, head):
        assert response.headers["content-type"] == "image/webp"
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert response.headers["cross-origin-resource-policy"] == "same-origin"


def test_the_original_is_saved_as_the_provider_sent_it(
    alice: httpx.Client, stack: Stack, image: dict[str, Any]
) -> None:
    answer = alice.get(f"/images/{image['id']}/original").json()

    got = httpx.get(answer["url"])

    key = image_key(user_of(alice), image["id"], "original")
    stored = stack.aws("s3").get_object(Bucket=stack.name("ImagesBucket"), Key=key)
    assert answer["expires_in"] == 300
    assert (got.status_code, got.content) == (200, stored["Body"].read())
    assert got.headers["content-type"] == "image/jpeg"
    saved_as = f'attachment; filename="afterimage-{image["id"]}.jpg"'
    assert got.headers["content-disposition"] == saved_as
    assert httpx.get(answer["url"].replace("/original", "/full.webp")).status_code == 403


def test_what_is_shown_says_that_a_model_painted_it(image: dict[str, Any]) -> None:
    for url in (image["url"], image["thumbnail_url"]):
        assert b"digitalsourcetype/trainedAlgorithmicMedia" in httpx.get(url).content


def test_the_address_of_a_picture_stays_the_same(
    alice: httpx.Client, image: dict[str, Any]
) -> None:
    message = alice.get(f"/chats/c/messages/{image['message_id']}").json()

    assert message["meta"]["image"]["url"] == image["url"]
    assert alice.get("/images").json()["images"][0]["url"] == image["url"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_picture_is_read_and_nothing_else(
    edge: http.client.HTTPConnection, image: dict[str, Any], method: str
) -> None:
    assert status(edge, target(image["url"]), method) == 403


def test_no_other_spelling_of_an_address_leads_anywhere(
    edge: http.client.HTTPConnection, image: dict[str, Any]
) -> None:
    path, _, query = target(image["url"]).partition("?")
    folder = path.removesuffix("/full.webp")
    others = [
        path,
        f"{path}?",
        f"{path}?{query}&{query}",
        f"{path}?{query.replace('expires=1', 'expires=2')}",
        f"{path}?{query[:-4]}AAAA",
        f"{path}?{query.lower()}",
        f"{folder}/original?{query}",
        f"{folder}/thumbnail.webp?{query}",
        f"{folder}/../full.webp?{query}",
        f"{folder}/%2e/full.webp?{query}",
        f"{folder}%2Ffull.webp?{query}",
        f"{folder}//full.webp?{query}",
        f"{path}.?{query}",
        f"{path}%00?{query}",
        f"/cdn/%2e%2e/{path.removeprefix('/cdn/')}?{query}",
        f"/cdn/..%5c..{path}?{query}",
        f"/cdn/%252e%252e{path}?{query}",
        f"/cdn/{path}?{query}",
        "/cdn/",
    ]

    assert {other: status(edge, other) for other in others} == dict.fromkeys(others, 403)
    assert status(edge, f"{path}?{query}") == 200


def test_my_signature_opens_none_of_somebody_elses_pictures(
    stack: Stack, edge: http.client.HTTPConnection, alice: httpx.Client, image: dict[str, Any]
) -> None:
    bob = stack.http(f"bob-{uuid.uuid4().hex[:8]}")
    query = urlsplit(image["url"]).query
    mine, theirs = (image_key(user_of(client), "", "") for client in (alice, bob))
    key = urlsplit(image["url"]).path.removeprefix("/cdn/")
    stolen = key.replace(mine.rstrip("/"), theirs.rstrip("/"))
    bucket = stack.name("ImagesBucket")
    stack.aws("s3").copy_object(
        Bucket=bucket, Key=stolen, CopySource={"Bucket": bucket, "Key": key}
    )

    assert stolen != key
    assert status(edge, f"/cdn/{stolen}?{query}") == 403


def test_a_message_of_last_year_shows_its_picture(
    stack: Stack, alice: httpx.Client, image: dict[str, Any]
) -> None:
    """Its rows are of last year; the address is of today."""
    then = (SystemClock().now() - YEAR).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    ids = {name: last_year(image[name]) for name in ("id", "message_id")}
    copy(stack, "MessagesTable", "message_id", image["message_id"], ids, then)
    copy(stack, "UserImagesTable", "image_id", image["id"], ids, then)

    message = alice.get(f"/chats/c/messages/{ids['message_id']}").json()
    images = alice.get("/images").json()["images"]

    (shown,) = [found for found in images if found["id"] == ids["id"]]
    assert message["meta"]["image"] == shown
    assert message["created_at"] == shown["created_at"] == then
    for url in (shown["url"], shown["thumbnail_url"]):
        assert httpx.get(url).headers["content-type"] == "image/webp"


def last_year(ulid: str) -> str:
    """The same id, a year before."""
    old = ULID.from_str(ulid)
    milliseconds = old.milliseconds - int(YEAR.total_seconds() * 1000)
    return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + old.bytes[6:]))


def copy(
    stack: Stack, table: str, key: str, old: str, ids: dict[str, str], created_at: str
) -> None:
    """Copies the row of a picture, as if it had been written then, with these ids."""
    client, name = stack.aws("dynamodb"), stack.name(table)
    pages = client.get_paginator("scan").paginate(TableName=name)
    (item,) = [row for page in pages for row in page["Items"] if row[key] == {"S": old}]
    slots = json.loads(item.pop("slots", {"S": "[]"})["S"])
    stored = slots[0]["image"] if slots else json.loads(item["image"]["S"])
    words = {"prompt": item["prompt"]["S"]} if slots else {}  # which a slot leaves to its message
    image = words | stored | ids | {"created_at": created_at}
    new = ids["message_id"] if key == "message_id" else ids["id"]
    item |= {key: {"S": new}, "image": {"S": json.dumps(image)}}
    if slots:  # of a message there were none last year
        item["job_id"] = {"S": ids["id"]}
    if "created_at" in item:
        item["created_at"] = {"S": created_at}
    client.put_item(TableName=name, Item=item)

"""A picture that somebody brings, from PUT to every tab, the gallery and the bucket."""

from __future__ import annotations

import io

import httpx
import pytest
from PIL import Image
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, is_event
from tests.support.hostile_pictures import SIZE, a_picture, encoded
from tests.support.noted_pictures import SECRET, SOURCE, exif, jpeg, jpeg_xmp, xmp
from tests.support.stored import object_keys
from ulid import ULID

from afterimage.domain.ids import image_folder, image_keys

PHOTO = jpeg(exif(6), jpeg_xmp(xmp(attributes=f'a:DigitalSourceType="{SOURCE}digitalCapture"')))
LARGEST = 4_500_000  # bytes


def put(
    http: httpx.Client, data: bytes, kind: str = "image/jpeg", image_id: str | None = None
) -> httpx.Response:
    path = f"/images/{image_id or ULID()}"
    return http.put(path, content=data, headers={"content-type": kind})


def test_it_comes_to_every_tab_and_is_in_the_gallery(stack: Stack, alice: httpx.Client) -> None:
    with ChannelClient(alice) as one, ChannelClient(alice) as another:
        one.resumed(), another.resumed()
        answer = put(alice, PHOTO)
        told = [tab.until(is_event("image-insert"))["payload"]["image"] for tab in (one, another)]

    image = answer.json()["image"]
    assert answer.status_code == 201
    assert told == [image, image]
    assert alice.get("/images").json()["images"] == [image]
    assert (image["origin"], image["prompt"], image["message_id"]) == ("upload", "", None)
    assert (image["width"], image["height"]) == (SIZE[1], SIZE[0])
    shown = Image.open(io.BytesIO(alice.get(image["url"]).content))
    assert (shown.format, shown.size) == ("WEBP", (SIZE[1], SIZE[0]))
    assert SECRET not in alice.get(image["url"]).content
    assert put(alice, PHOTO, image_id=image["id"]).status_code == 200
    used = alice.get("/usage").json()
    assert (used["uploads_used"], used["upload_limit"]) == (1, 50)


def test_its_original_is_the_file_without_its_notes(alice: httpx.Client) -> None:
    image = put(alice, PHOTO).json()["image"]

    url = alice.get(f"/images/{image['id']}/original").json()["url"]
    original = httpx.get(url, trust_env=False)

    assert original.headers["content-type"] == "image/jpeg"
    assert SECRET not in original.content
    assert b"digitalCapture" in original.content
    assert Image.open(io.BytesIO(original.content)).getexif() == {0x0112: 6}


def test_deleted_it_is_gone_and_its_id_with_it(
    stack: Stack, alice: httpx.Client, user: str
) -> None:
    image = put(alice, PHOTO).json()["image"]
    folder = image_folder(user)
    *files, _ = image_keys(user, image["id"])  # it is too small for a smaller copy
    assert set(object_keys(stack, folder)) == set(files)

    with ChannelClient(alice) as tab:
        tab.resumed()
        assert alice.delete(f"/images/{image['id']}").status_code == 204
        tab.until(is_event("image-delete"))
    while object_keys(stack, folder):
        pass

    again = put(alice, PHOTO, image_id=image["id"])
    assert (again.status_code, again.json()["error"]["code"]) == (409, "image_deleted")
    assert alice.get("/images").json()["images"] == []


def test_the_largest_comes_through(alice: httpx.Client) -> None:
    data = encoded(a_picture((3_000, 2_000)), "PNG")
    whole = data + bytes(LARGEST - len(data))

    answer = put(alice, whole, "image/png")

    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("size", [6 * 2**20, 11 * 2**20])
def test_what_lambda_or_the_gateway_does_not_take_is_refused_by_them(
    alice: httpx.Client, size: int
) -> None:
    answer = put(alice, bytes(size), "image/png")

    assert answer.status_code == 413
    assert set(answer.json()) == {"message"}

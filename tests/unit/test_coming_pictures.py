"""A picture that is decoded while it comes is the one that is decoded when it is there, or none."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image, ImageCms, PngImagePlugin
from tests.support.hostile_pictures import chunk, encoded, exif, png, segment

from afterimage.adapters import pixels
from afterimage.adapters.coming_pictures import ComingPicture
from afterimage.adapters.guards import jpeg
from afterimage.adapters.picture_guards import check
from afterimage.adapters.pictures import PillowStudio, WebpSettings

PHOTO = Image.effect_noise((301, 207), 90).convert("RGB")
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
NOTES = PngImagePlugin.PngInfo()
NOTES.add_text("Software", "a model " * 400)


def with_alpha() -> Image.Image:
    picture = PHOTO.copy()
    picture.putalpha(Image.effect_noise(PHOTO.size, 100))
    return picture


def in_between(data: bytes, at: int, more: bytes) -> bytes:
    return data[:at] + more + data[at:]


JPEG, PNG = encoded(PHOTO), encoded(PHOTO, "PNG")
FILES: Mapping[str, bytes] = {
    "JPEG": JPEG,
    "progressive": encoded(PHOTO, progressive=True),
    "JPEG with a profile": encoded(PHOTO, icc_profile=PROFILE),
    "JPEG, turned": encoded(PHOTO, exif=exif(6)),
    "JPEG with what nobody needs": in_between(JPEG, 2, segment(0xEB, b"JP" * 9_000) + b"junk"),
    "grey": encoded(PHOTO.convert("L")),
    "CMYK": encoded(PHOTO.convert("CMYK")),
    "PNG": PNG,
    "PNG with notes": encoded(PHOTO, "PNG", pnginfo=NOTES, icc_profile=PROFILE),
    "PNG with what nobody needs": in_between(PNG, 33, chunk(b"caBX", b"c2pa" * 9_000)),
    "PNG with notes behind": in_between(PNG, len(PNG) - 12, chunk(b"tEXt", b"a\0b" * 900)),
    "PNG with alpha": encoded(with_alpha(), "PNG"),
    "palette": encoded(PHOTO.quantize(40), "PNG", transparency=3),
    "16 bits": encoded(PHOTO.convert("L").convert("I;16"), "PNG"),
    "clear colour": encoded(PHOTO, "PNG", transparency=(1, 2, 3)),
}


@pytest.mark.parametrize("step", [1_000, 70_000])
@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_it_is_the_same_picture(data: bytes, step: int) -> None:
    coming = come(data, step)
    coming.complete(data)

    shown = coming.pixels_of(data)

    there = pixels.pixels_of(check(data))
    assert shown is not None
    assert (shown.mode, shown.size) == (there.mode, there.size)
    assert shown.tobytes() == there.tobytes()
    assert coming.pixels_of(data) is None, "it is given out once: who has it may change it"


def come(data: bytes, step: int = 1_000) -> ComingPicture:
    coming = ComingPicture()
    for at in range(0, len(data), step):
        coming.add(data[at : at + step])
    return coming


def test_other_bytes_are_another_picture() -> None:
    data = FILES["PNG"]
    coming = come(data)
    coming.complete(data)

    assert coming.pixels_of(bytes(bytearray(data))) is None
    assert coming.pixels_of(FILES["JPEG"]) is None
    assert coming.pixels_of(data) is not None


NONE = {
    "another beginning": (FILES["PNG"], FILES["JPEG"]),
    "cut off": (FILES["JPEG"][:-300], FILES["JPEG"][:-300]),
    "cut off, PNG": (FILES["PNG"][:-300], FILES["PNG"][:-300]),
    "of another format": (encoded(PHOTO, "WEBP"), encoded(PHOTO, "WEBP")),
    "no picture": (b"\xff\xd8" + bytes(9_000), b"\xff\xd8" + bytes(9_000)),
    "too large": (png((40_000, 40_000), rows=b""), png((40_000, 40_000), rows=b"")),
    "nothing": (b"", b""),
}


@pytest.mark.parametrize(("came", "whole"), NONE.values(), ids=NONE)
def test_what_is_not_the_picture_leaves_nothing(came: bytes, whole: bytes) -> None:
    coming = come(came)
    coming.complete(whole)

    assert coming.pixels_of(whole) is None


def test_what_never_ends_leaves_nothing_at_work() -> None:
    coming = come(FILES["PNG"][:20_000])

    coming.leave()

    assert coming.pixels_of(FILES["PNG"]) is None
    assert not [each for each in threading.enumerate() if each.name == "decoder"]


def test_a_decoder_sees_no_scan_that_was_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    data, read = FILES["progressive"], bytearray()
    monkeypatch.setattr(jpeg, "_MOST_SCANNED_BEFORE", 3 * PHOTO.width * PHOTO.height)

    def opened(file: Any) -> Any:
        while piece := file.read(1):
            read.extend(piece)
        return None

    monkeypatch.setattr(pixels, "opened", opened)
    coming = come(data, 500)
    coming.leave()

    assert 0 < read.count(b"\xff\xda") <= 3 < data.count(b"\xff\xda")
    assert data.startswith(read)


def test_a_studio_takes_what_came_and_decodes_the_rest() -> None:
    studio, data = PillowStudio(WebpSettings()), FILES["PNG"]
    coming = studio.coming()
    coming.add(data[:50_000])
    coming.complete(data)
    other = FILES["JPEG"]

    assert studio.decode(other).full() == PillowStudio(WebpSettings()).decode(other).full()
    assert studio.decode(data).full() == PillowStudio(WebpSettings()).decode(data).full()
    assert studio.decode(data).full().width == PHOTO.width

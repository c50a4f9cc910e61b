"""Notes of brought pictures: none is left but three, and no pixel is touched."""

from __future__ import annotations

import io
import random
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from tests.support import noted_pictures
from tests.support.hostile_pictures import SIZE, a_picture, changed, encoded, handled, refused
from tests.support.noted_pictures import SECRET, SOURCE, all_frames, jpeg, jpeg_xmp, xmp

from afterimage.adapters import stripping
from afterimage.adapters.pictures import PillowStudio, WebpSettings
from afterimage.adapters.stripping.notes import MOST_PARTS
from afterimage.domain.errors import NoImage, NotAPicture

NOTED = noted_pictures.noted()
HANDLED, REFUSED = handled(), refused()
SIDEWAYS = (SIZE[1], SIZE[0])
TURNED = {
    "JPEG: little endian": 6,
    "JPEG: big endian": 6,
    "JPEG: orientation as LONG": 6,
    "JPEG: big endian LONG": 8,
    "JPEG: EXIF before SOS": 6,
    "JPEG: EXIF twice": 6,
    "JPEG: orientation in XMP alone": 6,
    "JPEG: place, maker note, thumbnail": 6,
    "JPEG: RGB of Adobe": 6,
    "JPEG: CMYK": 6,
    "JPEG: restart markers": 6,
    "JPEG: progressive": 6,
    "PNG: eXIf before IDAT": 6,
    "PNG: eXIf behind IDAT": 6,
    "PNG: raw profile": 6,
    "PNG: raw profile, packed": 6,
    "PNG: XMP": 6,
    "PNG: XMP, packed": 6,
    "WebP: EXIF": 6,
    "WebP: EXIF with its name": 6,
    "WebP: XMP": 6,
    "WebP: alpha": 6,
    "WebP: an unknown chunk": 6,
    "WebP: bytes behind RIFF": 6,
}
# Where anything that anybody wrote may stand, packed or not.
NOTES = (b"tEXt", b"zTXt", b"tIME", b"caBX", b"prVt", b"http://ns.adobe.com/xap/1.0/\0", b"ZZZZ")


def bring(data: bytes) -> tuple[bytes, Any]:
    brought = PillowStudio(WebpSettings()).bring(data)
    return brought.original, brought.picture


@pytest.mark.parametrize("name", NOTED)
def test_pixels_stay_and_notes_go(name: str) -> None:
    data = NOTED[name]
    stripped, picture = bring(data)

    assert all_frames(stripped)[0] == all_frames(data)[0]
    if not data.startswith(b"\xff\xd8"):  # of several pictures in a JPEG the first stays
        assert all_frames(stripped) == all_frames(data)
    assert SECRET not in stripped
    assert not [note for note in NOTES if note in stripped]
    assert stripping.strip(stripped).data == stripped
    if stripped.startswith(b"\xff\xd8"):  # nothing of another picture, nor of its thumbnail
        assert stripped.index(b"\xff\xd9") == len(stripped) - 2

    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(stripped)))
    full = picture.full()
    assert (full.width, full.height) == shown.size
    if name in TURNED:
        assert Image.open(io.BytesIO(stripped)).getexif() == {0x0112: TURNED[name]}
        assert shown.size == SIDEWAYS


@pytest.mark.parametrize("name", ["JPEG: profile in three segments", "WebP: profile"])
def test_colours_stay(name: str) -> None:
    before, after = (Image.open(io.BytesIO(data)) for data in (NOTED[name], bring(NOTED[name])[0]))

    assert after.info["icc_profile"] == before.info["icc_profile"]


@pytest.mark.parametrize("name", ["JPEG: profile in wrong order", "JPEG: profile behind SOF"])
def test_a_jpegs_profile_is_put_where_everybody_reads_it(name: str) -> None:
    whole = Image.open(io.BytesIO(NOTED["JPEG: profile in three segments"]))

    data = bring(NOTED[name])[0]
    stripped = Image.open(io.BytesIO(data))

    parts = re.findall(rb"ICC_PROFILE\0(.)(.)", data, re.DOTALL)
    assert parts == [(bytes((number,)), b"\3") for number in (1, 2, 3)]
    assert data.rindex(b"ICC_PROFILE") < data.index(b"\xff\xc0")
    assert stripped.info["icc_profile"] == whole.info["icc_profile"]


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("WebP: EXIF", 0x08),
        ("WebP: source type", 0x04),
        ("WebP: profile", 0x28),
        ("WebP: alpha", 0x18),
        ("WebP: animated", 0x12),
        ("WebP: XMP", 0x08),
    ],
)
def test_a_webps_header_says_what_is_there(name: str, flags: int) -> None:
    (kind, header), *_ = noted_pictures.riff_chunks(bring(NOTED[name])[0])

    assert (kind, header[0]) == (b"VP8X", flags)
    assert header[4:] == noted_pictures.riff_chunks(NOTED[name])[0][1][4:]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_profile_over_a_megabyte_goes(kind: str) -> None:
    stripped, _ = bring(encoded(a_picture(), kind, icc_profile=bytes(1_100_000)))

    assert Image.open(io.BytesIO(stripped)).info.get("icc_profile") is None


@pytest.mark.parametrize(
    "packet",
    [
        xmp(attributes=f'Iptc4xmpExt:DigitalSourceType="{SOURCE}digitalCapture"'),
        xmp(f"<e:DigitalSourceType>{SOURCE}digitalCapture</e:DigitalSourceType>"),
        xmp(f"<e:DigitalSourceType rdf:resource='{SOURCE}digitalCapture'/>"),
        xmp(attributes=f'a:DigitalSourceType="{SOURCE.replace("http", "https")}digitalCapture"'),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_how_it_was_made_stays_in_all_its_files(packet: bytes, kind: str) -> None:
    data = {
        "JPEG": lambda: jpeg(jpeg_xmp(packet)),
        "PNG": lambda: NOTED["PNG: XMP"].replace(*_xmp_of_png(packet)),
        "WEBP": lambda: encoded(a_picture(), "WEBP", xmp=packet),
    }[kind]()
    stripped, picture = bring(data)

    for file in (stripped, picture.full().data, picture.thumbnail().data, picture.small().data):
        assert re.findall(rb"digitalsourcetype/(\w+)", file) == [b"digitalCapture"]


def _xmp_of_png(packet: bytes) -> tuple[bytes, bytes]:
    old = noted_pictures.png_text(
        False, b"XML:com.adobe.xmp", xmp(attributes='tiff:Orientation="6"')
    )
    return old, noted_pictures.png_text(False, b"XML:com.adobe.xmp", packet)


@pytest.mark.parametrize(
    "said", [f"{SOURCE}somebody's word", f"{SOURCE}madeUp", "https://example.org/digitalCapture"]
)
def test_what_is_not_in_the_list_is_not_kept(said: str) -> None:
    stripped, picture = bring(jpeg(jpeg_xmp(xmp(attributes=f'a:DigitalSourceType="{said}"'))))

    assert b"DigitalSourceType" not in stripped
    assert b"XMP " not in picture.full().data


def test_a_jfif_is_never_added() -> None:
    assert b"JFIF" not in bring(NOTED["JPEG: RGB of Adobe"])[0]


@pytest.mark.parametrize(
    ("name", "data"),
    [*REFUSED.items(), ("HEIC", b"\0\0\0\x18ftypheic" + bytes(40))],
)
def test_what_is_no_picture_is_refused(name: str, data: bytes) -> None:
    with pytest.raises(NotAPicture) as refusal:
        bring(data)

    assert ("HEIC" in refusal.value.public) == (name == "HEIC")


@pytest.mark.parametrize(
    "name", ["PNG just too large", "PNG wider than any WebP", "PNG of 30,000 squared"]
)
def test_a_picture_that_is_too_large_is_not_said_to_be_none(name: str) -> None:
    with pytest.raises(NotAPicture, match="pixels") as refusal:
        bring(REFUSED[name])

    assert "25 million pixels" in refusal.value.public


@pytest.mark.parametrize("name", HANDLED)
def test_what_looks_odd_is_shown_as_it_was(name: str) -> None:
    data, size = HANDLED[name]
    stripped, picture = bring(data)

    full = picture.full()
    assert (full.width, full.height) == size
    assert stripping.strip(stripped).data == stripped


@pytest.mark.parametrize(
    "name", ["JPEG: progressive", "PNG: raw profile, packed", "PNG: animated", "WebP: animated"]
)
@settings(max_examples=60)
@given(chance=st.randoms(use_true_random=False))
def test_of_a_mutant_nothing_is_kept_but_a_picture(name: str, chance: random.Random) -> None:
    """What is stored can be stripped again, and is the same."""
    with suppress(NotAPicture):
        stripped, _ = bring(changed(NOTED[name], chance))
        assert stripping.strip(stripped).data == stripped


def test_segments_between_scans_have_an_end() -> None:
    whole = encoded(a_picture())
    scans = whole[:-2] + b"\xff\xfe\0\2" * MOST_PARTS + whole[-2:]

    with pytest.raises(NoImage):
        stripping.strip(scans)

"""Pixels: whatever a model may send becomes three files, or the reason why not."""

from __future__ import annotations

import base64
import io
import random
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageDraw

from afterimage.adapters.pictures import PillowStudio, WebpSettings
from afterimage.domain.errors import NoImage
from afterimage.ports import DecodedPicture

RED, BLUE = (200, 30, 40), (20, 40, 200)


def a_picture(size: tuple[int, int] = (1024, 768), mode: str = "RGB") -> Image.Image:
    """Red, its right half blue."""
    picture = Image.new("RGB", size, RED)
    ImageDraw.Draw(picture).rectangle((size[0] // 2, 0, size[0], size[1]), fill=BLUE)
    return picture.convert(mode)


def encoded(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def decode(data: bytes) -> DecodedPicture:
    return PillowStudio(WebpSettings()).decode(data)


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    assert picture.format == "WEBP"
    return picture


def near(pixel: Any, color: tuple[int, ...], by: int = 24) -> bool:
    return all(abs(a - b) <= by for a, b in zip(pixel, color, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_becomes_webp_of_the_same_size(kind: str) -> None:
    full = decode(encoded(a_picture(), kind)).full()

    assert (full.width, full.height) == (1024, 768)
    picture = opened(full.data)
    assert picture.size == (1024, 768)
    assert near(picture.convert("RGB").getpixel((100, 300)), RED)
    assert near(picture.convert("RGB").getpixel((900, 300)), BLUE)


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((1024, 768), (512, 384)),
        ((768, 1376), (286, 512)),
        ((2928, 352), (512, 62)),
        ((100, 50), (100, 50)),
        ((1, 1), (1, 1)),
        ((3000, 1), (512, 1)),
    ],
)
def test_a_thumbnail_fits_512_pixels_and_never_grows(
    size: tuple[int, int], small: tuple[int, int]
) -> None:
    thumbnail = decode(encoded(a_picture(size), "PNG")).thumbnail()

    assert (thumbnail.width, thumbnail.height) == small
    assert opened(thumbnail.data).size == small


def test_a_preview_is_a_small_inline_webp() -> None:
    preview = decode(encoded(a_picture())).preview()

    head, data = preview.split(",")
    assert head == "data:image/webp;base64"
    assert opened(base64.b64decode(data)).size == (128, 96)


@pytest.mark.parametrize("size", [(1024, 1024), (2048, 2048), (352, 2928)])
def test_even_noise_gives_a_preview_of_12_kb_at_most(size: tuple[int, int]) -> None:
    noise_bytes = random.Random(1).randbytes(256 * 256 * 3)  # noqa: S311
    noise = Image.frombytes("RGB", (256, 256), noise_bytes)

    picture = decode(encoded(noise.resize(size, Image.Resampling.NEAREST), "PNG"))

    assert len(picture.preview()) <= 12 * 1024 * 4 / 3 + 32


def test_the_color_is_one_that_most_of_it_has() -> None:
    """Not the average, which of red and blue would be a purple that is nowhere in it."""
    picture = a_picture()
    ImageDraw.Draw(picture).rectangle((0, 0, 700, 768), fill=RED)

    color = decode(encoded(picture)).color()

    assert color.startswith("#")
    assert near(tuple(bytes.fromhex(color[1:])), RED, by=8)


def test_a_transparent_picture_has_the_color_of_a_white_page() -> None:
    picture = a_picture(mode="RGBA")
    picture.putalpha(0)

    assert decode(encoded(picture, "PNG")).color() == "#ffffff"


def test_a_thumbhash_describes_it() -> None:
    picture = decode(encoded(a_picture()))

    assert 5 <= len(base64.b64decode(picture.thumbhash())) <= 25
    assert picture.thumbhash() != decode(encoded(Image.new("RGB", (9, 9), RED))).thumbhash()


@pytest.mark.parametrize(
    "size", [(1024, 1024), (352, 2928), (2928, 352), (1, 1), (1, 500), (33, 32)]
)
def test_every_shape_has_a_thumbhash(size: tuple[int, int]) -> None:
    assert decode(encoded(a_picture(size), "PNG")).thumbhash()


def test_alpha_survives() -> None:
    picture = a_picture(mode="RGBA")
    picture.putalpha(0)

    decoded = decode(encoded(picture, "PNG"))

    assert opened(decoded.full().data).mode == "RGBA"
    assert opened(decoded.full().data).getchannel("A").getextrema() == (0, 0)
    assert decoded.thumbhash()
    assert decoded.preview()


def test_a_palette_with_a_transparent_color_keeps_it() -> None:
    picture = a_picture().quantize(8)
    picture.info["transparency"] = 0

    full = opened(decode(encoded(picture, "PNG", transparency=0)).full().data)

    assert full.mode == "RGBA"


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA"])
def test_every_kind_of_pixel_is_read(mode: str) -> None:
    full = decode(encoded(a_picture(mode=mode), "PNG")).full()

    assert opened(full.data).size == (1024, 768)


def test_a_picture_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn right by 90 degrees

    decoded = decode(encoded(a_picture((1024, 768)), "JPEG", exif=exif))

    full = decoded.full()
    assert (full.width, full.height) == (768, 1024)
    pixels = opened(full.data).convert("RGB")
    assert near(pixels.getpixel((384, 100)), RED)
    assert near(pixels.getpixel((384, 900)), BLUE)


def test_where_it_was_taken_is_not_passed_on() -> None:
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    exif.get_ifd(0x8825)[1] = "N"

    decoded = decode(encoded(a_picture(), "JPEG", exif=exif))

    for data in (decoded.full().data, decoded.thumbnail().data):
        assert b"a maker" not in data
        assert not opened(data).getexif()


def test_print_colors_become_screen_colors() -> None:
    full = opened(decode(encoded(a_picture(mode="CMYK"), "JPEG")).full().data).convert("RGB")

    assert near(full.getpixel((100, 300)), RED, by=40)
    assert near(full.getpixel((900, 300)), BLUE, by=40)


def test_sixteen_bits_of_gray_keep_their_shades() -> None:
    width, height = 256, 64
    row = b"".join((x * 257).to_bytes(2, "little") for x in range(width))
    deep = Image.frombytes("I;16", (width, height), row * height)

    full = opened(decode(encoded(deep, "PNG")).full().data).convert("L")

    shades = [full.getpixel((x, 32)) for x in (8, 64, 128, 192, 248)]
    assert near(shades, (8, 64, 128, 192, 248), by=12)


def test_sixteen_bits_of_color_are_read() -> None:
    raw = b"".join(b"\0" + struct.pack(">3H", 51_200, 7_680, 10_240) * 64 for _ in range(64))

    full = opened(decode(png(64, 64, raw, depth=16)).full().data).convert("RGB")

    assert near(full.getpixel((32, 32)), RED)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    first, second = Image.new("RGB", (64, 64), RED), Image.new("RGB", (64, 64), BLUE)
    data = encoded(first, kind, save_all=True, append_images=[second], duration=100)

    full = opened(decode(data).full().data)

    assert getattr(full, "n_frames", 1) == 1
    assert near(full.convert("RGB").getpixel((32, 32)), RED)


def png(width: int, height: int, raw: bytes, depth: int = 8) -> bytes:
    """A PNG written by hand, so that it may claim to be anything."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">2I5B", width, height, depth, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


GOOD = encoded(a_picture())
NOT_PICTURES = {
    "nothing": b"",
    "a page": b"<!doctype html><title>503</title>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "json": b'{"error": {"code": 503}}',
    "only a header": GOOD[:20],
    "half a JPEG": GOOD[: len(GOOD) // 2],
    "half a PNG": encoded(a_picture(), "PNG")[:900],
    "half a WebP": encoded(a_picture(), "WEBP")[:200],
    "a GIF": encoded(a_picture(), "GIF"),
    "a TIFF": encoded(a_picture(), "TIFF"),
    "a BMP": encoded(a_picture(), "BMP"),
    "an EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "a bomb": png(30_000, 30_000, b""),
    "a smaller bomb": png(10_000, 10_000, b""),
    "just too large": png(5_000, 4_801, b""),
    "no pixels": png(0, 10, b""),
    "wider than WebP": encoded(Image.new("1", (16_384, 2)), "PNG"),
}


@pytest.mark.parametrize("data", NOT_PICTURES.values(), ids=NOT_PICTURES.keys())
def test_what_is_no_picture_is_said_so(data: bytes) -> None:
    with pytest.raises(NoImage):
        decode(data)


def test_the_widest_webp_is_written() -> None:
    full = decode(encoded(Image.new("1", (16_383, 2)), "PNG")).full()

    assert full.width == 16_383


def test_the_largest_picture_of_the_models_is_read() -> None:
    full = decode(encoded(Image.new("RGB", (5_504, 3_072), RED))).full()

    assert (full.width, full.height) == (5_504, 3_072)

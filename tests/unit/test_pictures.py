"""Pixels: whatever a model may send becomes its files, or the reason why not."""

from __future__ import annotations

import base64
import io
import json
import random
import struct
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageCms, ImageDraw, ImageOps
from tests.support import hostile_pictures, noted_pictures
from tests.support.hostile_pictures import (
    BLUE,
    RED,
    chunk,
    encoded,
    gray_png,
    segment,
    sixteen_bits,
)

from afterimage.adapters import picture_guards
from afterimage.adapters.pictures import PillowStudio, WebpSettings
from afterimage.ports.pictures import DecodedPicture


def a_picture(size: tuple[int, int] = (1024, 768), mode: str = "RGB") -> Image.Image:
    return hostile_pictures.a_picture(size, mode)


def decode(data: bytes) -> DecodedPicture:
    return PillowStudio(WebpSettings()).decode(data)


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    assert picture.format == "WEBP"
    return picture


def near(pixel: Any, color: Any, by: int = 24) -> bool:
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


@pytest.mark.parametrize(
    ("size", "small"),
    [((1024, 768), (768, 576)), ((1376, 768), (768, 429)), ((100, 50), (100, 50))],
)
def test_what_a_text_model_sees_fits_768_pixels(
    size: tuple[int, int], small: tuple[int, int]
) -> None:
    seen = decode(encoded(a_picture(size), "PNG")).small()

    assert (seen.width, seen.height) == small == opened(seen.data).size


def test_a_preview_is_a_small_inline_webp() -> None:
    preview = decode(encoded(a_picture())).preview()

    head, data = preview.split(",")
    assert head == "data:image/webp;base64"
    assert opened(base64.b64decode(data)).size == (128, 96)


@pytest.mark.parametrize("size", [(512, 512), (1024, 1024), (4096, 512)])
def test_even_noise_gives_a_thumbnail_of_25_kb_at_most(size: tuple[int, int]) -> None:
    noise = Image.frombytes("RGB", size, random.Random(1).randbytes(size[0] * size[1] * 3))  # noqa: S311

    assert len(decode(encoded(noise, "PNG")).thumbnail().data) <= 25_000


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


def test_a_fine_texture_is_as_fine_as_the_bytes_allow() -> None:
    texture = Image.effect_noise((256, 256), 40).resize((512, 512), Image.Resampling.BICUBIC)

    size = len(decode(encoded(texture.convert("RGB"), "PNG")).thumbnail().data)

    assert 15_000 < size <= 25_000


def test_a_thumbhash_describes_it() -> None:
    picture = decode(encoded(a_picture()))

    assert 5 <= len(base64.b64decode(picture.thumbhash())) <= 25
    assert picture.thumbhash() != decode(encoded(Image.new("RGB", (9, 9), RED))).thumbhash()


def pixel(kind: str, x: int, y: int, width: int, height: int) -> tuple[int, int, int, int]:
    """One pixel of the pictures of `data/thumbhash.json`."""
    across, down = 255 * x // max(1, width - 1), 255 * y // max(1, height - 1)
    noise = (x * 7919 + y * 104729 + x * y * 31) % 65521
    light = (x // 4 + y // 4) % 2
    return {
        "flat": (200, 30, 40, 255),
        "gradient": (across, down, 128, 255),
        "checks": (255, 255, 255, 255) if light else (20, 40, 90, 255),
        "transparent": (200, 30, 40, 0),
        "half": (20, 160, 90, 255 if x < width // 2 else 0),
        "fading": (240, 200, (7 * x + 13 * y) % 256, down),
        "noise": (noise % 256, noise // 7 % 256, noise // 49 % 256, 255),
    }[kind]


def waves_of(across: int, down: int) -> int:
    """How many a thumbhash has of a channel, but for the mean."""
    return sum(x * down < across * (down - y) for y in range(down) for x in range(across)) - 1


def fields_of(digest: bytes) -> tuple[list[int], list[int]]:
    """What a thumbhash holds: what must agree exactly, and what is rounded."""
    head = int.from_bytes(digest[:3], "little")
    tail = int.from_bytes(digest[3:5], "little")
    nibbles = [half for byte in digest[5:] for half in (byte & 15, byte >> 4)]
    has_alpha = head >> 23
    light = waves_of(5 if has_alpha else 7, max(3, tail & 7))
    at = 2 * has_alpha
    for scale, waves in (
        (head >> 18 & 31, light),
        (tail >> 3 & 63, waves_of(3, 3)),
        (tail >> 9 & 63, waves_of(3, 3)),
    ):
        if scale == 0:  # rounding errors, which nobody draws
            nibbles[at : at + waves] = [0] * waves
        at += waves
    exact = [head >> 23, tail & 7, tail >> 15, len(digest)]
    rounded = [head & 63, head >> 6 & 63, head >> 12 & 63, head >> 18 & 31]
    return exact, [*rounded, tail >> 3 & 63, tail >> 9 & 63, *nibbles]


VECTORS = json.loads((Path(__file__).parent / "data" / "thumbhash.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_thumbhashes_are_those_of_the_reference_implementation(vector: dict[str, Any]) -> None:
    """The hashes were made by npm's thumbhash 0.1.1 in Node 20, of these very pixels.

    JavaScript rounds halves up and Python to the even neighbour, so a field may be one off.
    """
    width, height = vector["width"], vector["height"]
    rows = [pixel(vector["name"], x, y, width, height) for y in range(height) for x in range(width)]
    picture = Image.frombytes("RGBA", (width, height), bytes(v for p in rows for v in p))

    ours = decode(encoded(picture, "PNG")).thumbhash()

    exact, rounded = fields_of(base64.b64decode(ours))
    expected, near_to = fields_of(base64.b64decode(vector["hash"]))
    assert exact == expected
    assert max(abs(a - b) for a, b in zip(rounded, near_to, strict=True)) <= 1


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


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_way_to_hold_a_camera_is_understood(orientation: int) -> None:
    """As Pillow's own transposition does it."""
    picture = Image.linear_gradient("L").convert("RGB").resize((60, 40))
    picture.paste(RED, (0, 0, 20, 10))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(picture, "PNG", exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))

    full = opened(decode(data).full().data).convert("RGB")

    assert full.size == expected.size
    for at in ((3, 3), (full.width - 4, 3), (3, full.height - 4)):
        assert near(full.getpixel(at), expected.getpixel(at), by=40)


def a_profile(red: bytes = b"gXYZ", green: bytes = b"rXYZ") -> bytes:
    """sRGB with two of its primaries exchanged, under another name."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    table = slice(128, 128 + 4 + 12 * int.from_bytes(profile[128:132]))  # ICC.1:2022, 7.3
    tags = bytes(profile[table]).replace(b"rXYZ", b"-red").replace(b"gXYZ", green)
    profile[table] = tags.replace(b"-red", red)
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_colors_of_another_profile_become_those_of_screens(kind: str) -> None:
    picture = Image.new("RGB", (64, 64), (0, 200, 0))

    decoded = decode(encoded(picture, kind, icc_profile=a_profile()))

    full = opened(decoded.full().data)
    assert "icc_profile" not in full.info
    red, green, _ = full.convert("RGB").getpixel((32, 32))  # type: ignore[misc]
    assert red > green + 100
    assert decoded.color()[1:3] > decoded.color()[3:5]


def test_a_profile_larger_than_any_real_one_is_ignored() -> None:
    picture = Image.new("RGB", (64, 64), (0, 200, 0))
    huge = a_profile() + bytes(1024 * 1024)

    full = opened(decode(encoded(picture, icc_profile=huge)).full().data).convert("RGB")

    assert near(full.getpixel((32, 32)), (0, 200, 0))


def shade_with(profile: bytes) -> tuple[int, int, int]:
    """What a middle gray looks like that lies in a PNG with a profile."""
    picture = Image.new("RGB", (64, 64), (128, 128, 128))
    full = opened(decode(encoded(picture, "PNG", icc_profile=profile)).full().data)
    red, green, blue = full.convert("RGB").getpixel((32, 32))  # type: ignore[misc]
    return red, green, blue


def test_a_profile_is_judged_by_what_it_shows_not_by_its_name() -> None:
    linear = noted_pictures.profile(exponent=1.0, name="sRGB lines")
    same = noted_pictures.profile(exponent=2.2, name="by numbers")

    assert near(shade_with(linear), (188, 188, 188), by=3)
    assert near(shade_with(same), (128, 128, 128), by=1)
    assert near(shade_with(a_profile()), (128, 128, 128), by=1)
    red, _, _ = shade_with(noted_pictures.table_profile())
    assert red != 128


def test_alpha_survives_a_profile() -> None:
    picture = Image.new("RGBA", (64, 64), (0, 200, 0, 90))

    full = opened(decode(encoded(picture, "PNG", icc_profile=a_profile())).full().data)

    assert full.getchannel("A").getextrema() == (90, 90)
    assert full.convert("RGB").getpixel((32, 32))[0] > 150  # type: ignore[index]


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_profile_of_another_kind_of_picture_is_ignored(mode: str) -> None:
    full = decode(encoded(a_picture(mode=mode), "JPEG")).full()

    assert (full.width, full.height) == (1024, 768)
    data = encoded(a_picture(mode=mode), "JPEG", icc_profile=a_profile())
    assert near(
        opened(decode(data).full().data).convert("RGB").getpixel((100, 300)),
        opened(full.data).convert("RGB").getpixel((100, 300)),
    )


def test_marks_of_provenance_stay_in_the_original_only() -> None:
    """C2PA signs the bytes it lies in, so that it would be wrong in a file made anew."""
    manifest = b"\0\0\0\x20jumb" + b"c2pa manifest".ljust(24, b"\0")
    jpeg = hostile_pictures.jpeg(segment(0xEB, b"JP\0\1" + manifest))
    png = hostile_pictures.png((64, 64), chunk(b"caBX", manifest))

    for data in (jpeg, png):
        picture = decode(data)
        for made in (picture.full().data, picture.thumbnail().data):
            assert b"c2pa" not in made


DIGITAL_SOURCE_TYPE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
PAINTED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_every_file_says_that_a_model_painted_it(mode: str) -> None:
    picture = decode(encoded(a_picture(mode=mode), "PNG"))

    for data in (picture.full().data, picture.thumbnail().data):
        said = opened(data).info["xmp"].decode()
        [source] = ElementTree.fromstring(said).iter(DIGITAL_SOURCE_TYPE)  # noqa: S314
        assert source.text == PAINTED
        assert said.startswith("<?xpacket begin=")
        assert said.endswith('<?xpacket end="r"?>')
        assert len(said.encode()) <= 420


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
    full = opened(decode(sixteen_bits()).full().data).convert("RGB")

    assert near(full.getpixel((32, 32)), RED)


def pixels_of(data: bytes) -> Image.Image:
    """As they are before WebP makes them a little different."""
    decoded = PillowStudio(WebpSettings(quality=100)).decode(data)
    return opened(decoded.full().data)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_transparent_shade_is_that_shade_and_no_other(depth: int) -> None:
    """Each depth names it as its own number (PNG, third edition, 11.3.1.1)."""
    most = (1 << depth) - 1
    shades = [0, most - 1, most, most // 2]
    data = gray_png(depth, shades, chunk(b"tRNS", (most - 1).to_bytes(2)))

    alpha = pixels_of(data).getchannel("A")

    expected = [0 if shade == most - 1 else 255 for shade in shades]
    assert [alpha.getpixel((x, 0)) for x in range(4)] == expected


def test_a_transparent_color_of_sixteen_bits_is_told_from_its_neighbour() -> None:
    key, near_it, other = (0x8000, 0x4000, 0x2000), (0x8000, 0x4000, 0x2001), (0, 0, 0)
    row = b"\0" + struct.pack(">9H", *key, *near_it, *other)
    note = chunk(b"tRNS", struct.pack(">3H", *key))

    alpha = pixels_of(hostile_pictures.png((3, 1), note, rows=row, depth=16)).getchannel("A")

    assert [alpha.getpixel((x, 0)) for x in range(3)] == [0, 255, 255]


DISPLAY_P3 = bytes((12, 13, 0, 1))
GAMMA = {name: chunk(b"gAMA", n.to_bytes(4)) for name, n in (("1.0", 100_000), ("2.2", 45_455))}
# x and y of white, red, green and blue, in hundred-thousandths.
SRGB_POINTS = struct.pack(">8I", 31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000)
P3_POINTS = struct.pack(">8I", 31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000)
P3, SEEN_ON_A_SCREEN = (200, 100, 50), (215, 93, 31)


@pytest.mark.parametrize(
    ("notes", "color", "seen"),
    [
        ([chunk(b"cICP", DISPLAY_P3)], P3, SEEN_ON_A_SCREEN),
        ([GAMMA["2.2"], chunk(b"cHRM", P3_POINTS)], P3, SEEN_ON_A_SCREEN),
        ([GAMMA["1.0"]], (128, 128, 128), (188, 188, 188)),
        ([chunk(b"cICP", bytes((1, 8, 0, 1)))], (128, 128, 128), (188, 188, 188)),
        # What says that nothing is to be done.
        ([chunk(b"cICP", bytes((1, 13, 0, 1))), GAMMA["1.0"]], P3, P3),
        ([chunk(b"sRGB", b"\0"), GAMMA["1.0"]], P3, P3),
        ([GAMMA["2.2"]], P3, P3),
        ([GAMMA["2.2"], chunk(b"cHRM", SRGB_POINTS)], P3, P3),
        ([chunk(b"cHRM", P3_POINTS)], P3, P3),
        # What is not known, or not said of a PNG, says nothing.
        ([chunk(b"cICP", bytes((12, 16, 0, 1)))], P3, P3),
        ([chunk(b"cICP", bytes((12, 13, 1, 1)))], P3, P3),
        ([chunk(b"cICP", bytes((12, 13, 0, 0)))], P3, P3),
    ],
)
def test_colors_that_a_png_says_by_numbers_become_those_of_screens(
    notes: list[bytes], color: tuple[int, int, int], seen: tuple[int, int, int]
) -> None:
    row = b"\0" + bytes(color) * 16

    full = pixels_of(hostile_pictures.png((16, 16), *notes, rows=row * 16))

    assert near(full.convert("RGB").getpixel((8, 8)), seen, by=3)


def test_a_profile_counts_more_than_a_gamma_and_less_than_cicp() -> None:
    swapped = chunk(b"iCCP", b"a\0\0" + zlib.compress(a_profile()))
    row = b"\0" + bytes((0, 200, 0)) * 16

    by_profile = hostile_pictures.png((16, 16), swapped, GAMMA["1.0"], rows=row * 16)
    by_numbers = hostile_pictures.png(
        (16, 16), swapped, chunk(b"cICP", bytes((1, 13, 0, 1))), rows=row * 16
    )

    red, green, _ = pixels_of(by_profile).convert("RGB").getpixel((8, 8))  # type: ignore[misc]
    assert red > green + 100
    assert near(pixels_of(by_numbers).convert("RGB").getpixel((8, 8)), (0, 200, 0), by=3)


def test_gray_has_a_gamma_too() -> None:
    data = gray_png(8, [128] * 16, GAMMA["1.0"])

    assert near(pixels_of(data).convert("RGB").getpixel((8, 0)), (188, 188, 188), by=3)


@pytest.mark.parametrize("name", ["JPEG without an end", "words between segments", "a broken MPF"])
def test_what_surrounds_the_pixels_changes_none(name: str) -> None:
    data, _ = hostile_pictures.handled()[name]

    assert pixels_of(data).tobytes() == pixels_of(encoded(hostile_pictures.a_picture())).tobytes()


def test_a_picture_that_needs_no_mending_is_not_copied() -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        data = encoded(a_picture(), kind)

        assert picture_guards.check(data).data is data


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    first, second = Image.new("RGB", (64, 64), RED), Image.new("RGB", (64, 64), BLUE)
    data = encoded(first, kind, save_all=True, append_images=[second], duration=100)

    full = opened(decode(data).full().data)

    assert getattr(full, "n_frames", 1) == 1
    assert near(full.convert("RGB").getpixel((32, 32)), RED)


def test_the_widest_webp_is_written() -> None:
    full = decode(encoded(Image.new("1", (16_383, 2)), "PNG")).full()

    assert full.width == 16_383


def test_the_largest_picture_of_the_models_is_read() -> None:
    full = decode(encoded(Image.new("RGB", (5_504, 3_072), RED))).full()

    assert (full.width, full.height) == (5_504, 3_072)

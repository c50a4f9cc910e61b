"""Files that somebody might send to break who reads them, made anew by each process.

Each is small, or compresses well; what it would become is not.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from functools import cache
from typing import Any

from PIL import Image, ImageDraw

RED, BLUE = (200, 30, 40), (20, 40, 200)
SIZE = (320, 240)
_MEGABYTE = 1024 * 1024
_START_OF_SCAN, _END = b"\xff\xda", b"\xff\xd9"


def a_picture(size: tuple[int, int] = SIZE, mode: str = "RGB") -> Image.Image:
    """Red, its right half blue."""
    picture = Image.new("RGB", size, RED)
    ImageDraw.Draw(picture).rectangle((size[0] // 2, 0, size[0], size[1]), fill=BLUE)
    return picture.convert(mode)


def encoded(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(size: tuple[int, int], *before: bytes, rows: bytes | None = None, depth: int = 8) -> bytes:
    """A PNG in RGB written by hand, so that it may claim to be anything.

    Args:
        before: chunks between header and pixels.
        rows: what the pixels inflate to, if not a black picture.
    """
    width, height = size
    header = struct.pack(">2I5B", width, height, depth, 2, 0, 0, 0)
    pixels = bytes((1 + 3 * width) * height) if rows is None else rows
    body = (chunk(b"IHDR", header), *before, chunk(b"IDAT", zlib.compress(pixels)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(body) + chunk(b"IEND", b"")


def segment(marker: int, data: bytes) -> bytes:
    """One segment of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def jpeg(*segments: bytes, size: tuple[int, int] = SIZE) -> bytes:
    """A JPEG with segments behind its first two bytes."""
    whole = encoded(a_picture(size))
    return whole[:2] + b"".join(segments) + whole[2:]


def without_checksum(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG whose checksum is wrong."""
    return chunk(kind, data)[:-4] + bytes(4)


def gray_png(depth: int, shades: list[int], *before: bytes) -> bytes:
    """A PNG of one row in gray of 1 to 16 bits, with chunks between header and pixels."""
    packed = 0
    for shade in shades:
        packed = packed << depth | shade
    bits = len(shades) * depth
    row = b"\0" + (packed << -bits % 8).to_bytes((bits + 7) // 8)
    header = struct.pack(">2I5B", len(shades), 1, depth, 0, 0, 0, 0)
    body = (chunk(b"IHDR", header), *before, chunk(b"IDAT", zlib.compress(row)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(body) + chunk(b"IEND", b"")


def many_scans(size: tuple[int, int], times: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    whole = encoded(a_picture(size), progressive=True)
    last = whole[whole.rindex(_START_OF_SCAN) : -len(_END)]
    return whole[: -len(_END)] + last * times + _END


def text_bomb(kind: bytes) -> bytes:
    """A chunk of a few kilobytes that inflates to 64 MB."""
    head = {b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0", b"iCCP": b"a\0\0"}[kind]
    return chunk(kind, head + _nothing_packed())


@cache
def _nothing_packed() -> bytes:
    return zlib.compress(bytes(64 * _MEGABYTE), 9)


def exif(orientation: int, entries: int = 1, size: int = 0) -> bytes:
    """Notes of a camera; many entries each claim to be as large as all of them."""
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", entries)
    body = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    claims = b"".join(
        struct.pack("<HHII", 0x0200 + number, 7, size, 0) for number in range(entries - 1)
    )
    return b"Exif\0\0" + (head + body + claims + bytes(4)).ljust(size, b"\0")


def webp_canvas(size: tuple[int, int]) -> bytes:
    """A WebP whose header promises a canvas and brings nothing."""
    sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
    body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + bytes(4) + sides
    return b"RIFF" + struct.pack("<I", len(body)) + body


def frames(kind: str, count: int = 5) -> bytes:
    """An animation whose first frame is the usual picture."""
    others = [Image.new("RGB", SIZE, (number, 90, 90)) for number in range(count - 1)]
    return encoded(a_picture(), kind, save_all=True, append_images=others, duration=100)


def noise(size: tuple[int, int] = SIZE) -> Image.Image:
    return Image.frombytes("RGB", size, random.Random(1).randbytes(size[0] * size[1] * 3))  # noqa: S311


def sixteen_bits() -> bytes:
    row = struct.pack(">3H", 51_200, 7_680, 10_240) * SIZE[0]
    return png(SIZE, rows=(b"\0" + row) * SIZE[1], depth=16)


def gray_of_sixteen_bits() -> bytes:
    return encoded(Image.new("I;16", SIZE, 40_000), "PNG")


def _with_height(data: bytes, height: int) -> bytes:
    """A JPEG whose frame header says another height."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">H", height) + data[at + 2 :]


def _png_in_two(between: bytes) -> bytes:
    """A PNG whose pixels lie in two chunks."""
    whole = png(SIZE)
    at = whole.index(b"IDAT") - 4
    length = int.from_bytes(whole[at : at + 4])
    packed = whole[at + 8 : at + 8 + length]
    parts = chunk(b"IDAT", packed[:20]) + between + chunk(b"IDAT", packed[20:])
    return whole[:at] + parts + whole[at + 12 + length :]


def changed(data: bytes, chance: random.Random) -> bytes:
    """With some bytes flipped, cut out, doubled or taken from elsewhere."""
    mutant = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at, length = chance.randrange(len(mutant)), chance.randint(1, 12)
        match chance.randrange(4):
            case 0:
                mutant[at] ^= 1 << chance.randrange(8)
            case 1:
                del mutant[at : at + length]
            case 2:
                mutant[at:at] = mutant[at : at + length]
            case _:
                elsewhere = chance.randrange(len(mutant))
                mutant[at : at + length] = mutant[elsewhere : elsewhere + length]
        if not mutant:
            break
    return bytes(mutant)


_JPEG, _PNG = encoded(a_picture()), encoded(a_picture(), "PNG")


@cache
def refused() -> dict[str, bytes]:
    """What is no picture, or none that is worth the time or memory it takes."""
    return {
        "nothing": b"",
        "one byte": b"\xff",
        "a page": b"<!doctype html><title>503</title>",
        "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "GIF": encoded(a_picture(), "GIF"),
        "animated GIF": frames("GIF"),
        "TIFF": encoded(a_picture(), "TIFF"),
        "BMP": encoded(a_picture(), "BMP"),
        "PNG under JPEG's first bytes": _JPEG[:4] + _PNG,
        "JPEG under PNG's first bytes": _PNG[:8] + _JPEG,
        "GIF's first bytes before a JPEG": b"GIF89a" + _JPEG,
        "JPEG of a header only": _JPEG[:20],
        "half a JPEG": _JPEG[: len(_JPEG) // 2],
        "half a PNG": _PNG[: len(_PNG) // 2],
        "half a WebP": encoded(a_picture(), "WEBP")[:60],
        "PNG with a wrong checksum": _PNG[:29] + bytes(4) + _PNG[33:],
        "PNG without pixels": png(SIZE, rows=b""),
        "PNG of no width": png((0, 240)),
        "PNG wider than any WebP": encoded(Image.new("1", (16_384, 2)), "PNG"),
        "JPEG of no height": _with_height(_JPEG, 0),
        "PNG of 30,000 squared": png((30_000, 30_000), rows=bytes(1_000)),
        "PNG of 10,000 squared": png((10_000, 10_000), rows=bytes(1_000)),
        "PNG just too large": encoded(Image.new("1", (5_000, 5_001)), "PNG"),
        "PNG of 2 billion by one": png((2**31 - 1, 1), rows=bytes(1_000)),
        "JPEG of 65,500 squared": _with_height(_JPEG, 65_500).replace(
            struct.pack(">HH", 65_500, SIZE[0]), struct.pack(">HH", 65_500, 65_500)
        ),
        "WebP of 16,384 squared": webp_canvas((16_384, 16_384)),
        "WebP of 13,000 squared": webp_canvas((13_000, 13_000)),
        "zTXt that inflates to 64 MB": png(SIZE, text_bomb(b"zTXt")),
        "iTXt that inflates to 64 MB": png(SIZE, text_bomb(b"iTXt")),
        "iCCP that inflates to 64 MB": png(SIZE, text_bomb(b"iCCP")),
        "PNG of 100,000 chunks": png(SIZE, chunk(b"zzZz", b"") * 100_000),
        "JPEG of 100,000 segments": jpeg(segment(0xFE, b"") * 100_000),
        "JPEG of 10,000 scans": many_scans((1024, 1024), 10_000),
        "JPEG with a megabyte of junk": jpeg(b"junk" * (_MEGABYTE // 4)),
        "JPEG cut off in its last rows": encoded(noise())[:-40],
        "progressive JPEG cut off": encoded(noise(), progressive=True)[:-400],
        "JPEG of 300 scans that has no end": many_scans((1024, 1024), 300)[: -len(_END)],
        "65 texts of 1 MB": png(
            SIZE, *[chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(_MEGABYTE)))] * 65
        ),
        "JPEG whose segment has no end": _JPEG[:2] + b"\xff\xe1\xff\xff" + bytes(100),
    }


@cache
def handled() -> dict[str, tuple[bytes, tuple[int, int]]]:
    """What looks odd and is a picture all the same, with its size."""
    upright = {
        "animated PNG": frames("PNG"),
        "animated WebP": frames("WEBP"),
        "several pictures in one JPEG": encoded(
            a_picture(), "MPO", save_all=True, append_images=[a_picture((64, 64))]
        ),
        "16 bits a channel": sixteen_bits(),
        "16 bits of gray": gray_of_sixteen_bits(),
        "CMYK": encoded(a_picture(mode="CMYK")),
        "gray": encoded(a_picture(mode="L")),
        "gray and alpha": encoded(a_picture(mode="LA"), "PNG"),
        "palette": encoded(a_picture().quantize(4), "PNG"),
        "transparent palette": encoded(a_picture().quantize(4), "PNG", transparency=0),
        "1 bit": encoded(a_picture(mode="1"), "PNG"),
        "progressive": many_scans(SIZE, 0),
        "200 scans": many_scans(SIZE, 200),
        "30,000 restart markers": encoded(a_picture(), restart_marker_blocks=1),
        "pixels that inflate to 64 MB more": png(SIZE, rows=bytes(64 * _MEGABYTE)),
        "notes that claim a megabyte each": jpeg(segment(0xE1, exif(1, 3_000, 60_000)), size=SIZE),
        "notes of 5 MB": png(SIZE, chunk(b"eXIf", exif(6, 60_000, 5 * _MEGABYTE)[6:])),
        "an orientation that is none": jpeg(segment(0xE1, exif(99))),
        "notes that are noise": jpeg(segment(0xE1, b"Exif\0\0" + b"\xa5" * 60_000)),
        "a profile that is noise": encoded(a_picture(), icc_profile=b"\xa5" * 500_000),
        "a profile of 8 MB": encoded(a_picture(), icc_profile=bytes(8 * _MEGABYTE)),
        "zeros between segments": jpeg(b"\0"),
        "marks of nothing between segments": jpeg(b"\xff\0" * 2),
        "fill bytes between segments": jpeg(b"\xff" * 100),
        "words between segments": jpeg(
            segment(0xFE, b"a") + b"neither a marker" + segment(0xFE, b"b")
        ),
        "JPEG without an end": _JPEG[: -len(_END)],
        "JPEG with half an end": _JPEG[:-1],
        "noise without an end": encoded(noise())[: -len(_END)],
        "progressive without an end": many_scans(SIZE, 0)[: -len(_END)],
        "a page behind a JPEG without an end": _JPEG[: -len(_END)] + b"<script>alert(1)</script>",
        "short JFIF": jpeg(segment(0xE0, b"JFIF\0")),
        "short notes of Adobe": jpeg(segment(0xEE, b"Adobe")),
        "short profile of a JPEG": jpeg(segment(0xE2, b"ICC_PROFILE\0")),
        "a broken MPF": jpeg(segment(0xE2, b"MPF\0II*\0\xff\xff")),
        "40 notes of 60 KB": jpeg(segment(0xE1, b"Exif\0\0" + b"\xa5" * 60_000) * 40),
        "PNG without an end": _PNG[:-12],
        "text of a wrong checksum": png(SIZE, without_checksum(b"tEXt", b"a\0b")),
        "profile of a wrong checksum": png(SIZE, without_checksum(b"iCCP", b"a\0\0b")),
        "something unknown of a wrong checksum": png(SIZE, without_checksum(b"zzZz", b"a")),
        "text of 2 MB": png(SIZE, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2 * _MEGABYTE)))),
        "other text of 2 MB": png(
            SIZE, chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(2 * _MEGABYTE)))
        ),
        "profile of 2 MB in a PNG": png(
            SIZE, chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(2 * _MEGABYTE)))
        ),
        "profile that is not packed": png(SIZE, chunk(b"iCCP", b"a\0\0garbage")),
        "70 texts of 900 KB": png(SIZE, *[chunk(b"tEXt", b"a\0" + b"x" * 900_000)] * 70),
        **{
            f"short {kind.decode()}": png(SIZE, chunk(kind, b"a"))
            for kind in (b"gAMA", b"cHRM", b"cICP", b"pHYs", b"tRNS", b"acTL", b"fcTL", b"iCCP")
        },
        "empty sRGB": png(SIZE, chunk(b"sRGB", b"")),
        "no colors at all": png(SIZE, chunk(b"gAMA", bytes(4)), chunk(b"cHRM", bytes(32))),
        "impossible colors": png(SIZE, chunk(b"gAMA", b"\0\0\0\1"), chunk(b"cHRM", b"\xff" * 32)),
        "a note between the pixels": _png_in_two(chunk(b"tEXt", b"a\0b")),
        "a page behind a JPEG": _JPEG + b"<script>alert(1)</script>",
        "a ZIP behind a PNG": _PNG + b"PK\x03\x04" + bytes(100),
    }
    cases = {name: (data, SIZE) for name, data in upright.items()}
    cases["held sideways"] = (jpeg(segment(0xE1, exif(6))), (SIZE[1], SIZE[0]))
    return cases

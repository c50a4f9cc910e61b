"""Pictures as cameras, phones and programs write them, each with a word that nobody is to see."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from unittest.mock import patch

from PIL import Image, ImageCms

from afterimage.adapters import color_profiles
from tests.support.hostile_pictures import (
    SIZE,
    a_picture,
    chunk,
    encoded,
    frames,
    gray_of_sixteen_bits,
    png,
    segment,
    sixteen_bits,
)

SECRET = b"52.5200N 13.4050E"
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_SOF, _SOS, _EOI = b"\xff\xc0", b"\xff\xda", b"\xff\xd9"
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def tiff(*entries: tuple[int, int, int], order: str = "<", behind: bytes = b"") -> bytes:
    """EXIF's TIFF: entries of a tag, a type (3 is SHORT, 4 LONG) and a value."""
    head = {"<": b"II*\0\x08\0\0\0", ">": b"MM\0*\0\0\0\x08"}[order]
    written = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1)
        + struct.pack(
            f"{order}{'HH' if kind == 3 else 'I'}", *([value, 0] if kind == 3 else [value])
        )
        for tag, kind, value in entries
    )
    return head + struct.pack(f"{order}H", len(entries)) + written + bytes(4) + behind


def held(orientation: int, kind: int = 3, order: str = "<") -> bytes:
    return tiff((0x0112, kind, orientation), order=order, behind=SECRET)


def exif(orientation: int, kind: int = 3, order: str = "<") -> bytes:
    return segment(0xE1, b"Exif\0\0" + held(orientation, kind, order))


def xmp(inside: str = "", attributes: str = "") -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f"{attributes}>{inside}<place>{SECRET.decode()}</place></rdf:Description></rdf:RDF>"
        "</x:xmpmeta>"
    ).encode()


def jpeg_xmp(packet: bytes) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)


def spread(profile: bytes, order: tuple[int, ...] = (1, 2, 3)) -> list[bytes]:
    """A profile in three segments."""
    step = -(-len(profile) // 3)
    parts = {n: profile[(n - 1) * step : n * step] for n in (1, 2, 3)}
    return [segment(0xE2, b"ICC_PROFILE\0" + bytes((n, 3)) + parts[n]) for n in order]


def profile(primaries: int = 1, exponent: float = 1.0, name: str = "by numbers") -> bytes:
    """One of three primaries and an exponent, by a name of ten letters."""
    made = color_profiles._profile(color_profiles._PRIMARIES[primaries], (exponent,))
    return made.replace("by numbers".encode("utf-16-be"), name.encode("utf-16-be"))


def table_profile() -> bytes:
    """One whose colours are in a table of two by two by two (ICC.1:2022, 10.10)."""
    ramp = bytes(range(256)) * 3
    corners = b"".join(bytes((200 * (n >> 2) + 20, 128, 128)) for n in range(8))
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1" + bytes(4) + bytes((3, 3, 2, 0)) + identity + ramp + corners + ramp
    tags = {b"A2B0": table, b"wtpt": b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)}
    at, listed, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        listed += struct.pack(">4sII", name, at + len(body), len(tag))
        body += tag + bytes(-len(tag) % 4)
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"", 0x02400000, b"mntr", b"RGB ", b"Lab ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + listed + body


def gray_profile() -> bytes:
    return profile().replace(b"RGB XYZ ", b"GRAYXYZ ").replace(b"rTRC", b"kTRC")


def inside(data: bytes, what: bytes, before: bytes) -> bytes:
    """A file with something in front of where these bytes stand first."""
    at = data.index(before)
    return data[:at] + what + data[at:]


def jpeg(*segments: bytes, before: bytes = b"\xff\xdb") -> bytes:
    """A JPEG with segments behind its JFIF."""
    return inside(encoded(a_picture()), b"".join(segments), before)


def _camera() -> bytes:
    """Place, note of the maker, and a thumbnail, as Pillow writes them."""
    notes = Image.Exif()
    notes[0x0112] = 6
    notes[0x010F] = SECRET.decode()
    notes.get_ifd(0x8825)[0x001D] = SECRET.decode()
    notes.get_ifd(0x8769)[0x927C] = SECRET + bytes(4_000)
    return encoded(a_picture(), exif=notes.tobytes() + _thumbnail())


def _thumbnail() -> bytes:
    return encoded(a_picture((32, 24))) + SECRET


def _many() -> bytes:
    """Two pictures in one file, a place in each."""
    notes = Image.Exif()
    notes[0x010F] = SECRET.decode()
    other = a_picture((64, 64))
    other.info["exif"] = notes.tobytes()
    return encoded(a_picture(), "MPO", save_all=True, append_images=[other], exif=notes)


def _rgb_of_adobe() -> bytes:
    """Red, green and blue as they are: no JFIF, and Adobe says that nothing is transformed."""
    return encoded(a_picture(), keep_rgb=True)


def _between_scans() -> bytes:
    whole = encoded(a_picture(), progressive=True)
    second = whole.index(_SOS, whole.index(_SOS) + 2)
    huffman = whole.rindex(b"\xff\xc4", 0, second)
    return whole[:huffman] + segment(0xFE, SECRET) + whole[huffman:]


def _with_fill() -> bytes:
    whole = jpeg(b"\xff" * 7)
    return whole.replace(_EOI, b"\xff" * 5 + _EOI)


def _jpegs() -> dict[str, bytes]:
    thumbnail = segment(0xE0, b"JFIF\0\1\2\0\0\x48\0\x48\2\3" + SECRET + b"!")
    gain_map = segment(0xE1, exif(1)[4:]) + jpeg_xmp(xmp(attributes='hdrgm:Version="1.0"'))
    return {
        "little endian": jpeg(exif(6)),
        "big endian": jpeg(exif(6, order=">")),
        "orientation as LONG": jpeg(exif(6, 4)),
        "big endian LONG": jpeg(exif(8, 4, ">")),
        "orientation 0": jpeg(exif(0)),
        "orientation 9": jpeg(exif(9)),
        "orientation twice": jpeg(
            segment(0xE1, b"Exif\0\0" + tiff((0x0112, 3, 6), (0x0112, 3, 1), behind=SECRET))
        ),
        "EXIF before SOS": jpeg(exif(6), before=_SOS),
        "EXIF twice": jpeg(exif(6), exif(1)),
        "orientation in XMP alone": jpeg(jpeg_xmp(xmp(attributes='tiff:Orientation="6"'))),
        "EXIF 1 with XMP 6": jpeg(exif(1), jpeg_xmp(xmp(attributes='tiff:Orientation="6"'))),
        "place, maker note, thumbnail": _camera(),
        "JFIF thumbnail": encoded(a_picture()).replace(encoded(a_picture())[2:20], thumbnail, 1),
        "JFXX": jpeg(segment(0xE0, b"JFXX\0\x10" + _thumbnail())),
        "extended XMP": jpeg(
            jpeg_xmp(xmp(attributes='xmpNote:HasExtendedXMP="0"')),
            segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + SECRET),
        ),
        "IPTC": jpeg(segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x11" + SECRET)),
        "a comment": jpeg(segment(0xFE, SECRET)),
        "a comment between scans": _between_scans(),
        "C2PA": jpeg(segment(0xEB, b"JP\0\1\0\0\0\1" + SECRET)),
        "profile in three segments": jpeg(exif(3), *spread(_SRGB)),
        "profile in wrong order": jpeg(exif(3), *spread(_SRGB, (3, 1, 2))),
        "profile behind SOF": jpeg(exif(3), *spread(_SRGB), before=_SOS),
        "gray profile on colours": encoded(a_picture(), icc_profile=gray_profile()) + SECRET,
        "colour profile on gray": encoded(a_picture(mode="L"), icc_profile=_SRGB) + SECRET,
        "RGB of Adobe": inside(_rgb_of_adobe(), exif(6), b"\xff\xdb"),
        "YCCK": inside(
            encoded(a_picture(mode="CMYK")), segment(0xEE, b"Adobe\0\x64\0\0\0\0\2" + SECRET), _SOF
        ),
        "CMYK": inside(encoded(a_picture(mode="CMYK")), exif(6), _SOF),
        "two pictures": _many(),
        "a gain map": jpeg(gain_map) + jpeg(gain_map),
        "bytes behind the end": jpeg() + SECRET,
        "fill bytes": inside(_with_fill(), segment(0xFE, SECRET), b"\xff\xdb"),
        "restart markers": inside(
            encoded(a_picture(), restart_marker_blocks=1), exif(6), b"\xff\xdb"
        ),
        "progressive": inside(encoded(a_picture(), progressive=True), exif(6), b"\xff\xdb"),
    }


def png_text(packed: bool, keyword: bytes, text: bytes) -> bytes:
    body = keyword + b"\0" + (b"\1\0\0\0" + zlib.compress(text) if packed else b"\0\0\0\0" + text)
    return chunk(b"iTXt", body)


def _raw_exif(packed: bool) -> bytes:
    digits = (b"Exif\0\0" + held(6)).hex()
    text = f"\nexif\n{len(digits) // 2:8}\n{digits}\n".encode()
    if packed:
        return chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))
    return chunk(b"tEXt", b"Raw profile type exif\0" + text)


def _pngs() -> dict[str, bytes]:
    plain, note = encoded(a_picture(), "PNG"), chunk(b"tEXt", b"Place\0" + SECRET)
    large = chunk(b"iCCP", b"a\0\0" + zlib.compress(_SRGB + bytes(2_000_000)))
    turned = xmp(attributes='tiff:Orientation="6"')
    palette = encoded(a_picture().quantize(4), "PNG", transparency=0)

    def before(what: bytes, where: bytes = b"IDAT") -> bytes:
        at = plain.index(where) - 4
        return plain[:at] + what + plain[at:]

    return {
        "eXIf before IDAT": before(chunk(b"eXIf", held(6))),
        "eXIf behind IDAT": before(chunk(b"eXIf", held(6)), b"IEND"),
        "raw profile": before(_raw_exif(packed=False)),
        "raw profile, packed": before(_raw_exif(packed=True)),
        "XMP": before(png_text(False, b"XML:com.adobe.xmp", turned)),
        "XMP, packed": before(png_text(True, b"XML:com.adobe.xmp", turned)),
        "text behind IDAT": before(note + chunk(b"tIME", bytes(7)), b"IEND"),
        "C2PA": before(chunk(b"caBX", SECRET)),
        "a chunk of somebody's own": before(chunk(b"prVt", SECRET)),
        "a chunk that is too long": before(chunk(b"pHYs", bytes(9) + SECRET)),
        "bytes behind IEND": plain + SECRET,
        "16 bits": sixteen_bits()[:33] + note + sixteen_bits()[33:],
        "16 bits of gray": gray_of_sixteen_bits() + SECRET,
        "16 bits with a profile": png(
            SIZE,
            chunk(b"iCCP", b"a\0\0" + zlib.compress(profile(11, 2.2))),
            note,
            rows=(b"\0" + bytes(6 * SIZE[0])) * SIZE[1],
            depth=16,
        ),
        "palette with tRNS": palette + SECRET,
        "gAMA 1.0": before(chunk(b"gAMA", struct.pack(">I", 100_000)) + note),
        "cICP": before(chunk(b"cICP", bytes((12, 13, 0, 1))) + note),
        "profile over 1 MB": before(large + note),
        "animated": frames("PNG") + SECRET,
    }


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
        for kind, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    at, found = 12, []
    while at < len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append((data[at : at + 4], data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found


def _moving() -> bytes:
    """Clear pixels, and a last frame that is smaller than the canvas."""
    first, last = a_picture(mode="RGBA"), a_picture(mode="RGBA")
    first.putalpha(90)
    last.paste((0, 0, 0, 255), (10, 10, 40, 40))
    return encoded(first, "WEBP", save_all=True, append_images=[last], exif=held(1))


def _webps() -> dict[str, bytes]:
    def saved(**notes: bytes) -> bytes:
        return encoded(a_picture(), "WEBP", **notes)

    source = xmp(attributes=f'Iptc4xmpExt:DigitalSourceType="{SOURCE}digitalCapture"')
    clear = a_picture(mode="RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(SIZE))
    unknown = riff(*riff_chunks(saved(exif=held(6))), (b"ZZZZ", SECRET))
    return {
        "VP8": saved() + SECRET,
        "VP8L": encoded(a_picture(), "WEBP", lossless=True) + SECRET,
        "VP8 behind VP8": riff(*riff_chunks(saved()), (b"VP8 ", SECRET)),
        "EXIF": saved(exif=held(6)),
        "EXIF with its name": saved(exif=b"Exif\0\0" + held(6)),
        "XMP": saved(xmp=xmp(attributes='tiff:Orientation="6"')),
        "source type": saved(xmp=source),
        "profile": saved(icc_profile=_SRGB, exif=held(3)),
        "alpha": encoded(clear, "WEBP", exif=held(6)),
        "animated": _moving(),
        "an unknown chunk": unknown,
        "bytes behind RIFF": saved(exif=held(6)) + SECRET,
    }


def noted() -> dict[str, bytes]:
    """All of them, by format and name."""
    kinds: dict[str, Callable[[], dict[str, bytes]]] = {
        "JPEG": _jpegs,
        "PNG": _pngs,
        "WebP": _webps,
    }
    return {
        f"{kind}: {name}": data for kind, make in kinds.items() for name, data in make().items()
    }


def all_frames(data: bytes) -> list[tuple[str, tuple[int, int], bytes]]:
    """Every frame's mode, size and pixels, as they lie in the file."""
    with patch("PIL.PngImagePlugin.MAX_TEXT_CHUNK", 8_000_000):
        image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
    found = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        found.append((image.mode, image.size, image.tobytes()))
    return found

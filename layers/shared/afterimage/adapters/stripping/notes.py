"""The notes that a picture keeps: read from those it came with, and written anew.

Whoever looks at the file sees it turned as we do. Pillow alone turns a picture by its XMP as well,
so what it makes of both is written into the EXIF, which everybody heeds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from PIL import Image

from afterimage.adapters.picture_guards import LARGEST_EXIF

MOST_PARTS = 20_000  # segments or chunks of a file; a large PNG has about 5,000
LARGEST_XMP = 1024 * 1024  # bytes

_ORIENTATION = 0x0112  # EXIF 2.32, table 4
_UPRIGHT, _TURNED = 1, range(2, 9)
# A TIFF of one entry: its tag, SHORT, one value.
_EXIF = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0%c\0\0\0\0\0\0"
# As Pillow reads it from XMP.
_TIFF_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([0-9])')

# IPTC's list of digital source types (cv.iptc.org/newscodes/digitalsourcetype), with the retired.
_SOURCE_TYPES = frozenset(
    (
        *("digitalCapture", "computationalCapture", "negativeFilm", "positiveFilm", "print"),
        *("humanEdits", "minorHumanEdits", "algorithmicallyEnhanced", "softwareImage"),
        *("digitalArt", "digitalCreation", "dataDrivenMedia", "screenCapture", "virtualRecording"),
        *("composite", "compositeCapture", "compositeSynthetic", "algorithmicMedia"),
        *("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"),
    )
)
# As an attribute, as an element, or as an element that refers to it.
_SOURCE_TYPE = re.compile(
    rb"DigitalSourceType\s*(?:=\s*[\"']|>\s*|\s[^<>]{0,200}?resource\s*=\s*[\"'])"
    rb"https?://cv\.iptc\.org/newscodes/digitalsourcetype/([A-Za-z]{1,64})\s*[\"'<]"
)


@dataclass(frozen=True)
class Notes:
    """What is said of a picture beside its pixels and colours.

    Attributes:
        orientation: how it was held, 1 (upright) to 8.
        source_type: a word of IPTC's list, such as `digitalCapture`; empty if none is said.
    """

    orientation: int = _UPRIGHT
    source_type: str = ""

    @classmethod
    def read(cls, exif: bytes, xmp: bytes) -> Notes:
        """Those of a file.

        Args:
            exif: with or without the `Exif` before its TIFF; empty if there is none.
            xmp: its first packet.
        """
        found = _SOURCE_TYPE.search(xmp[:LARGEST_XMP])
        said = found[1].decode() if found else ""
        return cls(_orientation(exif, xmp), said if said in _SOURCE_TYPES else "")

    def exif(self) -> bytes:
        """A TIFF that says nothing else; empty of a picture that is upright."""
        return _EXIF % self.orientation if self.orientation in _TURNED else b""

    def xmp(self) -> bytes:
        """A packet that says nothing else; empty where nothing is said."""
        return source_type_packet(self.source_type) if self.source_type else b""


@dataclass(frozen=True)
class Stripped:
    """A file that keeps its pixels, its colours and these notes."""

    data: bytes
    notes: Notes


def source_type_packet(source_type: str) -> bytes:
    """XMP that says how a picture was made (IPTC Photo Metadata Standard 2025.1, "Digital Source
    Type"), in the packet that readers look for (XMP, part 1, 7.3)."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        "<e:DigitalSourceType>"
        f"http://cv.iptc.org/newscodes/digitalsourcetype/{source_type}"
        "</e:DigitalSourceType></rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="r"?>'
    ).encode()


def _orientation(exif: bytes, xmp: bytes) -> int:
    """1, also where it is said too verbosely or wrongly."""
    read = Image.Exif()
    try:
        if len(exif) <= LARGEST_EXIF:
            read.load(exif)
        said = read.get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - broken notes do not make it less of a picture
        said = None
    if said is None and (found := _TIFF_ORIENTATION.search(xmp[:LARGEST_XMP])):
        said = int(found[1])
    return said if isinstance(said, int) and said in _TURNED else _UPRIGHT

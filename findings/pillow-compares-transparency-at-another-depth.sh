#!/bin/sh
# Pillow compares the transparent shade of a PNG of 2, 4 or 16 bits with pixels of 8.
#
# Seen with Pillow 13.0.0 on 2026-11-30.
#
# A PNG without an alpha channel may name one shade or one colour that is transparent (`tRNS`), at the
# depth of its own samples. Pillow makes samples of 8 bits and compares them with the number as it stands
# in the file. With 8 bits, and since some time with 1, that is right. With 2 and 4 bits the shade 2 is
# looked for where it has become 170, and nothing is transparent. So it is with 16 bits of grey. With 16
# bits a colour, the upper half of each sample is compared with the lower half of the number: what should
# be transparent is opaque, and another colour is transparent in its place. There is no warning.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pillow==13.0.0

"$folder/venv/bin/python" - >"$folder/seen" <<'END'
import io
import struct
import zlib

from PIL import Image

GREY, COLOUR = 0, 2


def png(depth, kind, pixels, transparent):
    """One line of pixels, each a tuple of samples, as a file."""

    def chunk(name, data):
        checked = name + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    samples = [sample for pixel in pixels for sample in pixel]
    bits = "".join(f"{sample:0{depth}b}" for sample in samples)
    line = bytes(int(bits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8))
    header = struct.pack(">IIBBBBB", len(pixels), 1, depth, kind, 0, 0, 0)
    named = struct.pack(f">{len(transparent)}H", *transparent)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(name, data)
        for name, data in (
            (b"IHDR", header),
            (b"tRNS", named),
            (b"IDAT", zlib.compress(b"\0" + line)),
            (b"IEND", b""),
        )
    )


def look(name, depth, kind, pixels, transparent):
    opened = Image.open(io.BytesIO(png(depth, kind, pixels, transparent)))
    alpha = opened.convert("RGBA").getchannel("A").tobytes()
    through = [number for number, value in enumerate(alpha) if value == 0]
    wanted = [number for number, pixel in enumerate(pixels) if pixel == transparent]
    print(f"{name}: transparent are pixels {through}, by the standard {wanted}")


for depth in (1, 2, 4, 8, 16):
    most = 2**depth - 1
    shades = sorted({0, most // 3, most * 2 // 3, most})
    look(f"grey of {depth:2} bits", depth, GREY, [(shade,) for shade in shades], (shades[-2],))
look("colour of  8 bits", 8, COLOUR, [(0,) * 3, (0xAA,) * 3, (0xFF,) * 3], (0xAA,) * 3)
look("colour of 16 bits", 16, COLOUR, [(0,) * 3, (0x00AA,) * 3, (0xAA00,) * 3], (0x00AA,) * 3)
END
cat >"$folder/expected" <<'END'
grey of  1 bits: transparent are pixels [0], by the standard [0]
grey of  2 bits: transparent are pixels [], by the standard [2]
grey of  4 bits: transparent are pixels [], by the standard [2]
grey of  8 bits: transparent are pixels [2], by the standard [2]
grey of 16 bits: transparent are pixels [], by the standard [2]
colour of  8 bits: transparent are pixels [1], by the standard [1]
colour of 16 bits: transparent are pixels [2], by the standard [1]
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"

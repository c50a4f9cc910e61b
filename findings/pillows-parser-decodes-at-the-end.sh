#!/bin/sh
# Pillow's incremental parser decodes a JPEG, PNG or WebP only when it is closed.
#
# Seen with Pillow 13.0.0 on 2026-11-29.
#
# `ImageFile.Parser` takes a picture piece by piece, as it comes over a network. GIF, BMP and PPM are
# decoded while they are fed. JPEG, PNG and WebP are collected: each feed is quick, and the first line of
# pixels is made in `close()`, as if the file had been opened when it was whole. Whoever feeds it to have
# the work done by the time the last byte comes has won nothing, and holds the bytes as well.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pillow==13.0.0

"$folder/venv/bin/python" - >"$folder/seen" <<'END'
import io
import random
import time

from PIL import Image, ImageFile

noise = random.Random(1).randbytes(1024 * 1024 * 3)
picture = Image.frombytes("RGB", (1024, 1024), noise)


def share_of_close(form):
    """How much of the parser's processor time comes after the last byte, the median of three."""
    file = io.BytesIO()
    picture.save(file, form)
    data, shares = file.getvalue(), []
    for _ in range(3):
        parser = ImageFile.Parser()
        begun = time.process_time()
        for start in range(0, len(data), 65536):
            parser.feed(data[start : start + 65536])
        fed = time.process_time()
        whole = parser.close()
        whole.load()
        closed = time.process_time()
        assert whole.size == picture.size
        shares.append((closed - fed) / max(closed - begun, 1e-6))
    return sorted(shares)[1]


for form in ("BMP", "GIF", "JPEG", "PNG", "WEBP"):
    share = share_of_close(form)
    when = "when it is closed" if share > 0.75 else "while it is fed" if share < 0.25 else share
    print(f"{form}: decoded {when}")
END
cat >"$folder/expected" <<'END'
BMP: decoded while it is fed
GIF: decoded while it is fed
JPEG: decoded when it is closed
PNG: decoded when it is closed
WEBP: decoded when it is closed
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"

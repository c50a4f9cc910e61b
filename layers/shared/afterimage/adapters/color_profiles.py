"""ICC profiles for colours that a PNG describes by numbers (PNG, third edition, 11.3.2).

What comes first counts: cICP, a profile of its own, sRGB, and gAMA, with cHRM or without.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

Matrix = Sequence[Sequence[float]]
Point = tuple[float, float]  # x and y of CIE 1931

_D50 = (0.9642, 1.0, 0.8249)  # white of a profile's values (ICC.1:2022, 7.2.16)
_D65: Point = (0.3127, 0.3290)
# Red, green, blue and white of ITU-T H.273, table 2, by their code.
_PRIMARIES: dict[int, tuple[Point, ...]] = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),
    5: ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}
# Curves as ICC.1:2022, 10.18 has them: the exponent alone, or exponent, a, b, c, d of type 3.
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_VIDEO_CURVE = (1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)
_CURVES: dict[int, tuple[float, ...]] = {
    1: _VIDEO_CURVE,
    4: (2.2,),
    5: (2.8,),
    6: _VIDEO_CURVE,
    8: (1.0,),
    13: _SRGB_CURVE,
    14: _VIDEO_CURVE,
    15: _VIDEO_CURVE,
}
_SRGB = (1, 13)
_RGB, _FULL_RANGE = 0, 1  # matrix and range of cICP; a PNG has no others
_SRGB_GAMMA, _NEARLY = 45_455, 0.05  # gAMA's hundred-thousandths; libpng takes as much for the same

# Bradford's cone responses (ICC.1:2022, annex E).
_BRADFORD: Matrix = (
    (0.8951, 0.2664, -0.1614),
    (-0.7502, 1.7135, 0.0367),
    (0.0389, -0.0685, 1.0296),
)


def of_png(notes: Mapping[bytes, bytes], own: bytes | None) -> tuple[bytes | None, bool]:
    """The profile that a PNG's colours have; None if they are a screen's already.

    Args:
        notes: the contents of its chunks, each of its right size.
        own: the ICC profile that lies in it.

    Returns:
        The profile, and whether it is one for red, green and blue whatever the pixels are.
    """
    if b"cICP" in notes:
        primaries, curve, matrix, range_ = notes[b"cICP"]
        known = primaries in _PRIMARIES and curve in _CURVES
        if known and (matrix, range_) == (_RGB, _FULL_RANGE):
            if (primaries, curve) == _SRGB:
                return None, True
            return _profile(_PRIMARIES[primaries], _CURVES[curve]), True
    if own or b"sRGB" in notes or b"gAMA" not in notes:
        return own, False
    return _by_gamma(int.from_bytes(notes[b"gAMA"]), notes.get(b"cHRM")), True


def _by_gamma(gamma: int, chromaticities: bytes | None) -> bytes | None:
    if gamma == 0:
        return None
    like_srgb = abs(gamma - _SRGB_GAMMA) <= _NEARLY * _SRGB_GAMMA
    curve = _SRGB_CURVE if like_srgb else (100_000 / gamma,)
    points: tuple[Point, ...] = _PRIMARIES[1]
    if chromaticities:
        wx, wy, rx, ry, gx, gy, bx, by = (
            number / 100_000 for number in struct.unpack(">8I", chromaticities)
        )
        points = ((rx, ry), (gx, gy), (bx, by), (wx, wy))
    if like_srgb and _close(points, _PRIMARIES[1]):
        return None
    try:
        return _profile(points, curve)
    except (ZeroDivisionError, OverflowError, struct.error):
        return None  # no colours at all


def _close(some: Sequence[Point], others: Sequence[Point]) -> bool:
    pairs = zip(some, others, strict=True)
    return all(abs(a - c) < 0.002 and abs(b - d) < 0.002 for (a, b), (c, d) in pairs)


def _profile(points: Sequence[Point], curve: tuple[float, ...]) -> bytes:
    """A display profile, version 4, of three primaries and one curve (ICC.1:2022, 8.4)."""
    red, green, blue = _transposed(_to_d50(points))
    kind = 0 if len(curve) == 1 else 3
    drawn = b"para" + bytes(4) + struct.pack(">HH", kind, 0) + _fixed(*curve)
    text = "by numbers".encode("utf-16-be")
    said = b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", len(text), 28) + text
    tags = {
        b"desc": said,
        b"wtpt": _xyz(*_D50),
        b"rXYZ": _xyz(*red),
        b"gXYZ": _xyz(*green),
        b"bXYZ": _xyz(*blue),
        b"rTRC": drawn,
        b"gTRC": drawn,
        b"bTRC": drawn,
    }
    at = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, at + len(body), len(tag))
        body += tag + bytes(-len(tag) % 4)
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"", 0x04400000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + _fixed(*_D50)
    return head.ljust(128, b"\0") + table + body


def _to_d50(points: Sequence[Point]) -> Matrix:
    """From linear red, green and blue to CIE XYZ under D50; one column for each of the three."""
    *primaries, white = ([x / y, 1.0, (1 - x - y) / y] for x, y in points)
    columns = _transposed(primaries)
    # Red, green and blue, all full, are white.
    scales = _times(_inverse(columns), white)
    device = [[n * scale for n, scale in zip(row, scales, strict=True)] for row in columns]
    seen, wanted = _times(_BRADFORD, white), _times(_BRADFORD, _D50)
    cones = _transposed([_times(_BRADFORD, column) for column in _transposed(device)])
    adapted = [
        [n * to / from_ for n in row] for row, from_, to in zip(cones, seen, wanted, strict=True)
    ]
    back = _inverse(_BRADFORD)
    return _transposed([_times(back, column) for column in _transposed(adapted)])


def _times(matrix: Matrix, vector: Sequence[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def _transposed(matrix: Matrix) -> Matrix:
    return [list(column) for column in zip(*matrix, strict=True)]


def _inverse(matrix: Matrix) -> Matrix:
    """Of three by three, by cofactors.

    Raises:
        ZeroDivisionError: there is none.
    """
    first, second, third = matrix
    cofactors = [_cross(second, third), _cross(third, first), _cross(first, second)]
    whole = sum(a * b for a, b in zip(first, cofactors[0], strict=True))
    return _transposed([[n / whole for n in row] for row in cofactors])


def _cross(a: Sequence[float], b: Sequence[float]) -> list[float]:
    return [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]


def _xyz(*values: float) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(*values)


def _fixed(*values: float) -> bytes:
    """ICC's s15Fixed16Number."""
    return b"".join(struct.pack(">i", round(value * 65_536)) for value in values)

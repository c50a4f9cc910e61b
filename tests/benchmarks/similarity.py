"""How alike two pictures look: the structural similarity index.

Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural
similarity", IEEE Transactions on Image Processing 13 (2004): luma, a Gaussian window of 11 by 11
pixels with a deviation of 1.5, K1 = 0.01, K2 = 0.03; the mean over all full windows.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_Plane = NDArray[np.float32]
_TAPS = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2)).astype(np.float32)
_TAPS /= _TAPS.sum()
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(one: Image.Image, other: Image.Image) -> float:
    """1.0 for equal pictures of the same size."""
    x, y = _luma(one), _luma(other)
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x = _blurred(x * x) - mean_x**2
    variance_y = _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    likeness = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    likeness /= (mean_x**2 + mean_y**2 + _C1) * (variance_x + variance_y + _C2)
    return float(likeness.mean(dtype=np.float64))


def _luma(image: Image.Image) -> _Plane:
    return np.asarray(image.convert("L"), dtype=np.float32)


def _blurred(plane: _Plane) -> _Plane:
    """Weighted by the window along both axes, where it fits."""
    reach = len(_TAPS) - 1
    across = sum(tap * plane[:, i : plane.shape[1] - reach + i] for i, tap in enumerate(_TAPS))
    down: _Plane = sum(tap * across[i : across.shape[0] - reach + i] for i, tap in enumerate(_TAPS))
    return down

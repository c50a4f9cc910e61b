"""How alike two pictures look, by two measures."""

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity
from ssimulacra2 import compute_ssimulacra2


def ssim(one: Image.Image, other: Image.Image) -> float:
    """The structural similarity index of the lumas; 1.0 for equal pictures.

    With the window and constants of Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment:
    from error visibility to structural similarity", IEEE Trans. Image Processing 13 (2004).
    """
    return float(
        structural_similarity(  # type: ignore[no-untyped-call]
            *(np.asarray(picture.convert("L")) for picture in (one, other)),
            data_range=255,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def ssimulacra2(one: Image.Image, other: Image.Image) -> float:
    """Cloudinary's SSIMULACRA2, which looks at colour and at several sizes; 100 for equal."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("one.png", "other.png")]
        for path, picture in zip(paths, (one, other), strict=True):
            picture.convert("RGB").save(path, compress_level=1)
        return float(compute_ssimulacra2(*map(str, paths)))

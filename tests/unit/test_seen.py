"""Which file of a picture a text model is shown."""

import pytest

from afterimage.domain.seen import files_of, goes_as_it_is


@pytest.mark.parametrize(
    ("width", "height", "size", "as_it_is"),
    [
        (1024, 1024, 98_000, True),
        (352, 2928, 98_000, True),
        (1024, 1024, 200_000, True),
        (1024, 1024, 200_001, False),
        (2048, 2048, 98_000, False),
    ],
)
def test_what_is_as_large_as_most_goes_as_it_is(
    width: int, height: int, size: int, as_it_is: bool
) -> None:
    assert goes_as_it_is(width, height, size) is as_it_is
    assert ("small.webp" in files_of(width, height, size)) is not as_it_is
    assert {"original", "full.webp", "thumbnail.webp"} <= {*files_of(width, height, size)}

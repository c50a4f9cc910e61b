"""What makes a picture's files of the model's bytes, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True)
class EncodedImage:
    """A picture made smaller.

    Attributes:
        data: WebP.
    """

    data: bytes
    width: int
    height: int


class DecodedPicture(Protocol):
    """A picture held as pixels, from which the files are made."""

    def preview(self) -> str:
        """A small inline WebP, as a `data:` URL of at most 12 KB."""

    def full(self) -> EncodedImage:
        """As large as it came."""

    def thumbnail(self) -> EncodedImage:
        """512 pixels at its longer side, 25 KB at most."""

    def small(self) -> EncodedImage:
        """What a text model sees of it if it is large: 768 pixels at its longer side."""

    def color(self) -> str:
        """The dominant colour, `#rrggbb`."""

    def thumbhash(self) -> str:
        """Base64 of its thumbhash (evanw.github.io/thumbhash)."""


class Studio(Protocol):
    def decode(self, data: bytes, *, composite: bool = False) -> DecodedPicture:
        """Turn the model's bytes into pixels.

        Args:
            composite: whether something that somebody brought is in it, which its files say.

        Raises:
            NoImage: they are not a picture that we handle.
        """


class ComingPicture(Protocol):
    """A picture whose bytes are on their way. Nothing here raises."""

    def add(self, piece: bytes) -> None:
        """The next bytes of it. Returns at once."""

    def complete(self, data: bytes) -> None:
        """All of it, as it will be asked for: the very object. Returns at once."""

    def leave(self) -> None:
        """It will never be complete, or is not what it seemed. Nothing is at work behind it."""

    def wait(self) -> None:
        """Returns when nothing is at work any more."""


class Darkroom(Protocol):
    def coming(self) -> ComingPicture:
        """Begin with a picture before it is there, so that a `Studio` need not decode it.

        The newest alone is kept.
        """


@dataclass(frozen=True)
class Brought:
    """A picture that somebody has brought.

    Attributes:
        original: the file without its notes, every pixel as it came.
    """

    original: bytes
    picture: DecodedPicture


class Intake(Protocol):
    def bring(self, data: bytes) -> Brought:
        """Take the notes out of somebody's file, and turn what is left into pixels.

        Raises:
            NotAPicture: it is not a picture that we handle.
        """


class PictureStore(Protocol):
    def put_original(self, key: str, data: bytes) -> bool:
        """Store bytes unless the key exists; whether they were stored."""

    def put_webp(self, key: str, data: bytes, tags: Sequence[str] = ()) -> None:
        """Store a file that is shown; `tags` are `CacheTags`."""

    def get(self, key: str) -> bytes | None:
        """A file's bytes; None if there is no such file."""

    def delete(self, keys: Sequence[str]) -> None:
        """Remove what is there of these."""


@dataclass(frozen=True)
class FileHead:
    """How a file begins.

    Attributes:
        first: up to `domain.sources.KNOWN_BY` bytes.
        size: bytes of all of it.
    """

    first: bytes
    size: int


class SourceFiles(Protocol):
    """Files of pictures that others are made of."""

    def head(self, key: str) -> FileHead | None:
        """None if there is no such file."""

    def get(self, key: str) -> bytes | None:
        """A file's bytes; None if there is no such file."""


class SmallFiles(Protocol):
    """Files that a text model is shown."""

    def get(self, key: str) -> bytes | None:
        """A file's bytes; None if there is no such file. Raises: OSError: it cannot be read now."""


class PictureFolder(Protocol):
    def some_keys(self, prefix: str) -> Sequence[str]:
        """Some of the keys that begin with this, none only if there are none."""


# For how long the address of an original works. Whoever has it may use it, so it is short.
DOWNLOAD_LIFETIME = timedelta(minutes=5)


class Originals(Protocol):
    def download(self, key: str, name: str) -> str | None:
        """An address that serves this S3 key as an attachment for `DOWNLOAD_LIFETIME`.

        Args:
            name: of the file that is saved, without its ending.

        Returns:
            None if there is no such file.
        """


class CacheTags(Protocol):
    """By which caches find all files of one thing. A tag tells nobody else what it is about."""

    def picture(self, user_id: str, image_id: str) -> str:
        """Of all files of one picture."""

    def chat(self, user_id: str, chat_id: str) -> str:
        """Of all pictures that were painted in one chat."""

    def user(self, user_id: str) -> str:
        """Of all pictures of one user."""

"""What sharing a picture needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from afterimage.domain.shares import SharedPicture


class ShareTokens(Protocol):
    def token(self, user_id: str, image_id: str, number: int) -> str:
        """The token of one sharing, the same at every call; nobody can guess it."""

    def tag(self, user_id: str, image_id: str, number: int) -> str:
        """By which caches find the file that is shown, and no other."""


class SharedFiles(Protocol):
    def share(self, source: str, copy: str, tag: str) -> bool:
        """Copy a file that is shown, to where everybody may read it; False if there is none.

        Args:
            source, copy: S3 keys.
        """


class ShareReader(Protocol):
    def get(self, name: str) -> SharedPicture | None:
        """Strongly consistent; also one whose time is over."""


class ShareRows(Protocol):
    def remove(self, names: Sequence[str]) -> None:
        """Show these to nobody any more; those that are not there do not matter."""


class ShareIndex(Protocol):
    def page(self, user_id: str, before: str | None, limit: int) -> Sequence[str]:
        """Ids of pictures that may be shared, newest first, strongly consistent.

        Args:
            before: only smaller ids than this.
        """

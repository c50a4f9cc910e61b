"""Ids. Those we make are derived, so that a repeat finds what the first attempt made."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from ulid import ULID

ULID_PATTERN = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
_CHAT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
ORIGINAL = "original"
SMALL = "small.webp"
# Everything that is stored of a picture: what is not named here is not deleted.
IMAGE_FILES = (ORIGINAL, "full.webp", "thumbnail.webp", SMALL)
# What people are shown of it; the small one is for the text model.
_SHOWN = ("full.webp", "thumbnail.webp")
# Pictures that are kept of one answer beside the one that was asked for.
MOST_UNASKED = 3
_RANDOM_BYTES = 10  # of a ULID's 16; the first 6 are its time in milliseconds


def is_ulid(text: str) -> bool:
    """Whether `text` is a ULID in its canonical upper-case form (github.com/ulid/spec)."""
    return re.fullmatch(ULID_PATTERN, text) is not None


def is_chat_id(text: str) -> bool:
    """Whether `text` is 1–64 of `A-Za-z0-9_-`."""
    return _CHAT_ID.fullmatch(text) is not None


def milliseconds_of(ulid: str) -> int:
    """Unix time in milliseconds that a ULID carries."""
    return ULID.from_str(ulid).milliseconds


def assistant_message_id(chat_id: str, user_message_id: str) -> str:
    """Id of the answer to a message: sorts directly behind it, the same on every repeat."""
    return _derived(user_message_id, chat_id + user_message_id, later_by_ms=1)


def job_id(chat_id: str, assistant_message_id: str, try_number: int, slot: int = 0) -> str:
    """Id of an image job, and of its picture: of one slot (from 0), in one try (from 1)."""
    which = f"#{try_number}.{slot}" if slot else f"#{try_number}"
    return _derived(assistant_message_id, f"{chat_id}{assistant_message_id}{which}")


def stock_job_id(chat_id: str, assistant_message_id: str) -> str:
    """Id of the job of a picture that was there before the question; no try has this one."""
    return _derived(assistant_message_id, f"{chat_id}{assistant_message_id}#stock")


def unasked_ids(job: str) -> list[str]:
    """Ids of the pictures that may come with a job's own, in their order."""
    return [_derived(job, f"{job}+{number}") for number in range(1, MOST_UNASKED + 1)]


def pictures_of(job: str) -> list[str]:
    """Ids of all pictures that a job may have stored."""
    return [job, *unasked_ids(job)]


def after(ulid: str) -> str:
    """The next ULID behind this one."""
    return str(ULID.from_int(int(ULID.from_str(ulid)) + 1))


def earliest(at: datetime) -> str:
    """What sorts before every ULID of this time, and behind those of an earlier millisecond."""
    return str(
        ULID.from_bytes(int(at.timestamp() * 1000).to_bytes(6, "big") + bytes(_RANDOM_BYTES))
    )


def time_of(ulid: str) -> datetime:
    """The time that a ULID carries."""
    return datetime.fromtimestamp(milliseconds_of(ulid) / 1000, UTC)


def image_folder(user_id: str) -> str:
    """What all S3 keys of a user begin with: `p/<hash of user>/`."""
    return f"p/{hashlib.sha256(user_id.encode()).hexdigest()[:32]}/"


def image_key(user_id: str, job: str, name: str) -> str:
    """S3 key of one file of a picture, e.g. `p/<hash of user>/<job>/full.webp`."""
    return f"{picture_folder(user_id, job)}{name}"


def picture_folder(user_id: str, job: str) -> str:
    """What the S3 keys of one picture begin with."""
    return f"{image_folder(user_id)}{job}/"


def stock_folder(suggestion: str, picture: str) -> str:
    """The same of a picture that belongs to nobody yet."""
    return f"stock/{suggestion}/{picture}/"


def files_in(folder: str) -> list[str]:
    """S3 keys of everything that may have been stored in a picture's folder."""
    return [f"{folder}{name}" for name in IMAGE_FILES]


def shown_keys(user_id: str, job: str) -> list[str]:
    """S3 keys of those files of a picture that are let out, and so may be in caches."""
    return [image_key(user_id, job, name) for name in _SHOWN]


def image_keys(user_id: str, job: str) -> list[str]:
    """S3 keys of everything that may have been stored for a picture."""
    return files_in(picture_folder(user_id, job))


def job_keys(user_id: str, jobs: Iterable[str]) -> list[str]:
    """S3 keys of everything that jobs may have stored."""
    return [
        key for job in jobs for picture in pictures_of(job) for key in image_keys(user_id, picture)
    ]


def _derived(base: str, seed: str, later_by_ms: int = 0) -> str:
    time = (milliseconds_of(base) + later_by_ms).to_bytes(6, "big")
    return str(ULID.from_bytes(time + hashlib.sha256(seed.encode()).digest()[:_RANDOM_BYTES]))

"""Everything that can go wrong and that somebody is told about.

    AfterimageError
    ├── Refused                 a request is turned away; nothing was stored
    │   ├── Invalid             400 invalid
    │   │   ├── NotAPicture     bytes that are no picture
    │   │   ├── UnknownPicture  a picture that the caller does not have
    │   │   └── UnknownAnswer   an answer that has no pictures, or that the caller does not have
    │   ├── ClockSkew           400 clock_skew
    │   ├── Unauthorized        401 unauthorized
    │   ├── NotFound            404 not_found
    │   │   └── QuestionDeleted while it was answered
    │   ├── IdReused            409 id_reused
    │   ├── ChatDeleted         409 chat_deleted
    │   ├── NotRunning          409 not_running
    │   ├── NotFailed           409 not_failed
    │   ├── RetryLimit          409 retry_limit
    │   ├── PinLimit            409 pin_limit
    │   ├── NotLast             409 not_last
    │   ├── NotEnded            409 not_ended
    │   ├── ImageDeleted        409 image_deleted
    │   ├── AccountDeleted      410 account_deleted
    │   ├── TooLarge            413 too_large
    │   ├── TooManyOpen         429 too_many_open
    │   ├── MessageLimit        429 message_limit
    │   ├── ProviderLimit       429 provider_limit
    │   ├── UploadLimit         429 upload_limit
    │   ├── ShareLimit          429 share_limit
    │   └── Busy                503 busy
    ├── Failure                 an answer cannot be given; its message ends as `failed`
    │   ├── QuotaExceeded       quota_exceeded
    │   ├── CallsUsedUp         provider_limit
    │   ├── SourceDeleted       source_deleted
    │   ├── Blocked             blocked
    │   ├── NoImage             no_image
    │   │   └── TooManyPixels   of a picture that cannot be held in memory
    │   ├── ProviderUnavailable provider_unavailable
    │   ├── ProviderRejected    provider_rejected
    │   ├── TimedOut            timed_out
    │   └── Internal            internal
    └── LostRace, ConditionsFailed   outcomes of a transaction (`ports/channel.py`)

`public` is a sentence for people. It never contains another system's words; those stay in
the exception's own text and its cause, which only logs see.
"""

from __future__ import annotations

from typing import Any, ClassVar

from afterimage.domain.limits import MOST_PINNED


class AfterimageError(Exception):
    """Root of the tree."""


class _Told(AfterimageError):
    """An error with a stable code and a sentence for people.

    Args:
        detail: what happened, for logs; never shown to people.
        public: sentence that replaces the class's own.
        retry_after: seconds until trying again makes sense, if known.
        extra: further fields of the error's envelope; times as datetimes.
    """

    code: ClassVar[str]
    public: str

    def __init__(
        self,
        detail: str = "",
        *,
        public: str | None = None,
        retry_after: int | None = None,
        **extra: Any,
    ) -> None:
        self.public = public or type(self).public
        super().__init__(detail or self.public)
        self.retry_after = retry_after
        self.extra = extra


class Refused(_Told):
    """A request that is turned away before anything is stored."""

    status: ClassVar[int]


class Invalid(Refused):
    code, status = "invalid", 400
    public = "The request is not valid."


HEIC_REFUSED = (
    "HEIC pictures cannot be read here. Save it as a JPEG, or let your phone take pictures in its "
    "most compatible format."
)


PIXELS_REFUSED = (
    "The picture has more than 25 million pixels, or a side of more than 16,383. Make it smaller."
)


class NotAPicture(Invalid):
    """Bytes that are no picture we handle."""

    public = "This is not a picture that can be read here. Send a JPEG, a PNG or a WebP."


class UnknownPicture(Invalid):
    """A picture that the caller does not have, or has no more."""

    public = "One of these pictures is not there."


class UnknownAnswer(Invalid):
    """An answer with pictures that this chat does not have."""

    public = "There is no such answer with pictures in this chat."


class ClockSkew(Refused):
    code, status = "clock_skew", 400
    public = "The id's time is more than five minutes off."


class Unauthorized(Refused):
    code, status = "unauthorized", 401
    public = "Sign in to continue."


class NotFound(Refused):
    code, status = "not_found", 404
    public = "There is nothing here."


class QuestionDeleted(NotFound):
    """A question that was deleted while it was answered."""

    public = "This question has been deleted."


class IdReused(Refused):
    code, status = "id_reused", 409
    public = "This id already belongs to something else that was sent."


class ChatDeleted(Refused):
    code, status = "chat_deleted", 409
    public = "This chat has been deleted."


class NotRunning(Refused):
    code, status = "not_running", 409
    public = "This message has already ended."


class NotFailed(Refused):
    code, status = "not_failed", 409
    public = "Only a message that failed or was cancelled can be tried again."


class RetryLimit(Refused):
    code, status = "retry_limit", 409
    public = "This has been tried often enough. Please send it as a new message."


class PinLimit(Refused):
    code, status = "pin_limit", 409
    public = f"At most {MOST_PINNED} chats can be pinned. Unpin one first."


class NotLast(Refused):
    code, status = "not_last", 409
    public = "Only the last question of a chat can be changed, and this is not it any more."


class NotEnded(Refused):
    code, status = "not_ended", 409
    public = "This question is still being answered."


class ImageDeleted(Refused):
    code, status = "image_deleted", 409
    public = "This picture has been deleted."


class AccountDeleted(Refused):
    code, status = "account_deleted", 410
    public = "This account has been deleted."


class TooLarge(Refused):
    code, status = "too_large", 413
    public = "This file is too large."


class TooManyOpen(Refused):
    code, status = "too_many_open", 429
    public = "Please wait until one of your open messages is answered."


class MessageLimit(Refused):
    code, status = "message_limit", 429
    public = "You have reached today's limit of messages."


class ProviderLimit(Refused):
    code, status = "provider_limit", 429
    public = "You have reached today's limit of calls to the model."


class UploadLimit(Refused):
    code, status = "upload_limit", 429
    public = "You have reached today's limit of pictures that you bring."


class ShareLimit(Refused):
    code, status = "share_limit", 429
    public = "You have made as many links to pictures today as you can."


class Busy(Refused):
    code, status = "busy", 503
    public = "The service is busy. Please try again."


class Failure(_Told):
    """Why a message ends as `failed`."""


class QuotaExceeded(Failure):
    code = "quota_exceeded"
    public = "You have used all of today's pictures."


class CallsUsedUp(Failure):
    code = ProviderLimit.code
    public = ProviderLimit.public


class SourceDeleted(Failure):
    """A picture that another one was to be made of is gone, or cannot be read."""

    code = "source_deleted"
    public = "A picture that this one was to be made of is no longer there."


class Blocked(Failure):
    code = "blocked"
    public = "The model declined this request. Try to describe something else."


class NoImage(Failure):
    code = "no_image"
    public = "The model did not return a picture. Try to put it in other words."


class TooManyPixels(NoImage):
    """A picture for which there is not the memory."""


class ProviderUnavailable(Failure):
    code = "provider_unavailable"
    public = "The model is not available right now. Please try again in a moment."


class ProviderRejected(Failure):
    code = "provider_rejected"
    public = "The model could not take this request. The operator has been told."


class TimedOut(Failure):
    code = "timed_out"
    public = "The model took too long. Please try again."


class Internal(Failure):
    code = "internal"
    public = "Something went wrong on our side. Please try again."

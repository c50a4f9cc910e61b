"""Every figure the bundle reports about itself. There is no other: each is a metric that is billed.

A name tells what is counted or how long what took. All have the stack as their one dimension;
`DEFECTS` is told once more by function and version, for the alarms of a rollout. Documentation,
dashboard and alarms are compared with this list by tests.
"""

from __future__ import annotations

from enum import Enum, StrEnum

from afterimage.domain.messages import Message


class Unit(StrEnum):
    """Units as CloudWatch calls them; it knows no currency."""

    COUNT = "Count"
    MILLISECONDS = "Milliseconds"
    PERCENT = "Percent"
    NONE = "None"


_COUNT, _MS = Unit.COUNT, Unit.MILLISECONDS


class Metric(Enum):
    """A figure's name and unit."""

    # How long people wait: from their request to what has been posted, and to what is drawn.
    PLACEHOLDER_TIME = "PlaceholderTime", _MS
    WORDS_TIME = "WordsTime", _MS
    PREVIEW_TIME = "PreviewTime", _MS
    PICTURE_TIME = "PictureTime", _MS
    FELT_PLACEHOLDER_TIME = "FeltPlaceholderTime", _MS
    FELT_PREVIEW_TIME = "FeltPreviewTime", _MS
    FELT_PICTURE_TIME = "FeltPictureTime", _MS
    # Where the time goes.
    TEXT_OWN_TIME = "TextOwnTime", _MS
    TEXT_MODEL_TIME = "TextModelTime", _MS
    IMAGE_OWN_TIME = "ImageOwnTime", _MS
    IMAGE_MODEL_TIME = "ImageModelTime", _MS
    QUEUE_TIME = "QueueTime", _MS
    # How answers end; the failed ones by their code. Success is 100 or 0, so its mean is a share.
    SUCCESS = "Success", Unit.PERCENT
    ENDED_COMPLETE = "EndedComplete", _COUNT
    ENDED_CANCELLED = "EndedCancelled", _COUNT
    ENDED_QUOTA_EXCEEDED = "EndedQuotaExceeded", _COUNT
    ENDED_PROVIDER_LIMIT = "EndedProviderLimit", _COUNT
    ENDED_SOURCE_DELETED = "EndedSourceDeleted", _COUNT
    ENDED_BLOCKED = "EndedBlocked", _COUNT
    ENDED_NO_IMAGE = "EndedNoImage", _COUNT
    ENDED_PROVIDER_UNAVAILABLE = "EndedProviderUnavailable", _COUNT
    ENDED_PROVIDER_REJECTED = "EndedProviderRejected", _COUNT
    ENDED_TIMED_OUT = "EndedTimedOut", _COUNT
    ENDED_INTERNAL = "EndedInternal", _COUNT
    # Limits of one user.
    REFUSED_PICTURES = "RefusedPictures", _COUNT
    REFUSED_MESSAGES = "RefusedMessages", _COUNT
    REFUSED_CALLS = "RefusedCalls", _COUNT
    REFUSED_TOO_MANY_OPEN = "RefusedTooManyOpen", _COUNT
    # The channel.
    REPLAYS = "Replays", _COUNT
    RESETS = "Resets", _COUNT
    POSTS_GONE = "PostsGone", _COUNT
    POSTS_DROPPED = "PostsDropped", _COUNT
    TICKETS_REFUSED = "TicketsRefused", _COUNT
    AUTHORIZER_ERRORS = "AuthorizerErrors", _COUNT
    REPORTS_REFUSED = "ReportsRefused", _COUNT
    WARMINGS_REFUSED = "WarmingsRefused", _COUNT
    # What somebody should look at.
    DEFECTS = "Defects", _COUNT
    OVERDUE_ENDED = "OverdueEnded", _COUNT
    OPEN_CORRECTED = "OpenCorrected", _COUNT
    INVOCATIONS_FAILED = "InvocationsFailed", _COUNT
    KEY_REJECTED = "KeyRejected", _COUNT
    MODEL_MISSING = "ModelMissing", _COUNT
    MODEL_DAYS_LEFT = "ModelDaysLeft", Unit.NONE
    # What it costs: US dollars.
    # US dollars, for calls that may have been billed, whatever came of them.
    TEXT_CALLS = "TextCalls", _COUNT
    IMAGE_CALLS = "ImageCalls", _COUNT
    TEXT_COST = "TextCost", Unit.NONE
    IMAGE_COST = "ImageCost", Unit.NONE

    def __init__(self, title: str, unit: Unit) -> None:
        self.title = title
        self.unit = unit


# Ends that are nobody's failure: the user's own wish, their limit, or the model's refusal.
_NO_FAILURE = frozenset(
    {
        Metric.ENDED_CANCELLED,
        Metric.ENDED_QUOTA_EXCEEDED,
        Metric.ENDED_PROVIDER_LIMIT,
        Metric.ENDED_SOURCE_DELETED,
        Metric.ENDED_BLOCKED,
    }
)


def ending(message: Message) -> Metric:
    """The figure for the way this message has ended."""
    how = message.error.code if message.error else message.status.value
    return Metric[f"ENDED_{how.upper()}"]


def success(ended: Metric) -> int | None:
    """What an end means for the share of successes, in per cent; None if it is no part of it."""
    if ended in _NO_FAILURE:
        return None
    return 100 if ended is Metric.ENDED_COMPLETE else 0

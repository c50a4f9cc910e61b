"""What becomes of an asynchronous event after each attempt. Pure: times are arguments.

Page "How Lambda handles errors and retries with asynchronous invocation" of the AWS Lambda
developer guide.
"""

from dataclasses import dataclass

from tests.local_stack.template.serving import AsyncSettings

_LONGEST_THROTTLE_SECONDS = 300.0


@dataclass(frozen=True)
class Delays:
    """Waiting times in seconds; tests shorten them.

    Attributes:
        retry: "Lambda retries … with a one-minute wait before the first retry, and two minutes
            before the second."
        throttle: "The retry interval increases exponentially from 1 second after the first
            attempt to a maximum of 5 minutes."
    """

    retry: float = 60.0
    throttle: float = 1.0


@dataclass(frozen=True)
class Again:
    """Try once more after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class GiveUp:
    """Send a record to the on-failure destination; the condition as it stands in the record."""

    condition: str


def after_failure(
    settings: AsyncSettings, delays: Delays, *, attempts: int, age: float
) -> Again | GiveUp:
    """After a function error.

    Args:
        attempts: invocations so far, at least 1.
        age: seconds since the event was queued.
    """
    if attempts > settings.max_retries:
        return GiveUp("RetriesExhausted")
    return _within_age(settings, delays.retry * attempts, age)


def after_throttle(
    settings: AsyncSettings, delays: Delays, *, throttles: int, age: float
) -> Again | GiveUp:
    """After a throttle, which is no attempt: the event goes back to the queue.

    Args:
        throttles: of this event so far, at least 1.
        age: seconds since the event was queued.
    """
    exponent = min(throttles - 1, 30)
    wait = min(delays.throttle * 2.0**exponent, _LONGEST_THROTTLE_SECONDS)
    return _within_age(settings, wait, age)


def _within_age(settings: AsyncSettings, wait: float, age: float) -> Again | GiveUp:
    # "If the event's age exceeds the maximum, Lambda discards it" or sends a record.
    if age + wait > settings.max_age:
        return GiveUp("EventAgeExceeded")
    return Again(wait)

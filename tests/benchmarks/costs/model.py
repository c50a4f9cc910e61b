"""The price of a picture, from counts, prices and the assumptions that are named here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from afterimage.adapters.edge import items
from afterimage.domain import ids
from tests.benchmarks.costs import prices
from tests.benchmarks.costs.usage import Counts, Usage

ONE_VCPU_MB = 1_769  # "At 1,769 MB, a function has the equivalent of one vCPU" (Lambda's guide)
_GB = 1e9
_MONTH_MINUTES = 43_800


@dataclass(frozen=True)
class Assumed:
    """What was not counted.

    Attributes:
        image_wait_ms: the image model's time, during which the painter is billed.
        call_ms: one request to AWS; all of them are taken as if none ran beside another.
        connections: new ones for a picture; three pictures are painted over one.
        minutes: connected, for a picture, all tabs together.
        loads: browsers that load picture and thumbnail once.
        pictures_a_month: over which what is fixed is spread.
    """

    image_wait_ms: float = 6_000
    text_wait_ms: float = 1_500
    call_ms: float = 10
    upload_ms: float = 50
    connections: float = 1 / 3
    minutes: float = 10
    minutes_between_pings: float = 4
    loads: float = 1.3
    pictures_a_month: int = 10_000


ASSUMED = Assumed()


def billed_ms(usage: Usage, function: str, memory_mb: int, assumed: Assumed = ASSUMED) -> float:
    """Of all invocations of one function together: waiting, and CPU at its share of a vCPU."""
    waits = {"image_generate": assumed.image_wait_ms, "llm_handler_gemini": assumed.text_wait_ms}
    waiting = waits.get(function, 0) + usage.calls.get(function, 0) * assumed.call_ms
    if function == "image_generate" or "image_generate" not in usage.invocations:
        waiting += usage.puts * assumed.upload_ms
    return waiting + cpu_ms(usage, function, memory_mb)


def cpu_ms(usage: Usage, function: str, memory_mb: int) -> float:
    """One of our threads runs at a time, so more than one vCPU makes nothing quicker."""
    return usage.cpu_ms.get(function, 0) / min(1, memory_mb / ONE_VCPU_MB)


def compute(usage: Usage, function: str, memory_mb: int, assumed: Assumed = ASSUMED) -> float:
    """Dollars that Lambda takes for it; a GB of memory is 1,024 MB."""
    seconds = math.ceil(billed_ms(usage, function, memory_mb, assumed)) / 1_000
    invoked = usage.invocations.get(function, 0)
    return seconds * memory_mb / 1_024 * prices.LAMBDA_GB_S + invoked * prices.LAMBDA_REQUEST


def of_a_picture(counts: Counts, memory_mb: int, assumed: Assumed = ASSUMED) -> Mapping[str, float]:
    """Dollars by item, everything but the models and what is fixed or kept."""
    times = {
        "picture": 1.0,
        "connection": assumed.connections,
        "visit": assumed.connections,
        "page": assumed.connections,
        "ping": assumed.minutes / assumed.minutes_between_pings,
    }
    picture, happened = counts["picture"], [(counts[name], n) for name, n in times.items()]

    def all_of(attribute: str) -> float:
        return sum(_sum(getattr(usage, attribute)) * n for usage, n in happened)

    others = sum(
        compute(usage, function, memory_mb, assumed) * n
        for usage, n in happened
        for function in usage.invocations
        if usage is not picture
    )
    shown = sum(picture.stored.get(name, 0) for name in ("full.webp", "thumbnail.webp"))
    return {
        "Lambda, `image_generate`": compute(picture, "image_generate", memory_mb, assumed),
        "Lambda, `llm_handler_gemini`": compute(picture, "llm_handler_gemini", memory_mb, assumed),
        "Lambda, page, reads and channel": others,
        "DynamoDB, writes": all_of("writes") * prices.DYNAMODB_WRITE,
        "DynamoDB, reads": all_of("reads") * prices.DYNAMODB_READ,
        "S3, uploads, and loads by the edge": picture.puts * prices.S3_PUT + 2 * prices.S3_GET,
        "HTTP API": all_of("http") * prices.HTTP_REQUEST,
        "WebSocket, messages": (all_of("posts") + all_of("received")) * prices.WEBSOCKET_MESSAGE,
        "WebSocket, minutes": assumed.minutes * prices.WEBSOCKET_MINUTE,
        "CloudFront, requests": all_of("http") * prices.EDGE_REQUEST
        + 2 * assumed.loads * (prices.EDGE_REQUEST + prices.EDGE_FUNCTION),
        "CloudFront, bytes": shown * assumed.loads / _GB * prices.EDGE_GB,
        "CloudWatch, logs": all_of("log_bytes") / _GB * prices.LOGS_GB,
    }


def of_a_suggestion(usage: Usage, memory_mb: int, assumed: Assumed = ASSUMED) -> float:
    """Dollars for one that is taken from the stock, beside its painting; no model is asked."""
    return of_a_habit(usage, memory_mb, replace(assumed, text_wait_ms=0))


def of_a_habit(usage: Usage, memory_mb: int, assumed: Assumed = ASSUMED) -> float:
    """Dollars for all that AWS does when it happens, without what the edge is told to forget."""
    return (
        sum(compute(usage, function, memory_mb, assumed) for function in usage.invocations)
        + _sum(usage.writes) * prices.DYNAMODB_WRITE
        + usage.reads * prices.DYNAMODB_READ
        + usage.puts * prices.S3_PUT
        + usage.http * (prices.HTTP_REQUEST + prices.EDGE_REQUEST)
        + (usage.posts + usage.received) * prices.WEBSOCKET_MESSAGE
        + usage.log_bytes / _GB * prices.LOGS_GB
    )


def text_model(usage: Usage) -> float:
    """Dollars for the text model that understood the wish."""
    tokens = usage.tokens
    return tokens["in"] * prices.TEXT_TOKEN_IN + tokens["out"] * prices.TEXT_TOKEN_OUT


def kept_a_month(usage: Usage) -> float:
    """Dollars a month for as long as a picture is kept, in all its files."""
    return _sum(usage.stored) / _GB * prices.S3_GB_MONTH


def fixed_a_month(
    counts: Counts, memory_mb: int, resources: Mapping[str, int], assumed: Assumed = ASSUMED
) -> Mapping[str, float]:
    """Dollars a month with nobody there, by item: what runs by the minute, what is billed by piece.

    Args:
        resources: of the template, by type; of alarms the metrics that they look at.
    """
    sweep = counts["sweep"]
    swept = {
        "Lambda, `keeper`": compute(sweep, "keeper", memory_mb, assumed),
        "DynamoDB, reads": sweep.reads * prices.DYNAMODB_READ,
        "CloudWatch, logs": sweep.log_bytes / _GB * prices.LOGS_GB,
    }
    items = {f"Sweeps: {name}": each * _MONTH_MINUTES for name, each in swept.items()}
    if tables := resources.get("AWS::DynamoDB::Table", 0):
        asked = tables * _MONTH_MINUTES / _KEY_IS_KNOWN_MINUTES
        items[f"Sweeps: KMS, keys of {tables} tables"] = asked * prices.KEY_REQUEST
    for kind, (name, price) in _BY_PIECE.items():
        if resources.get(kind):
            items[f"{name}: {resources[kind]}"] = resources[kind] * price
    return items


# How long DynamoDB keeps a table's key for a role ("Encryption at rest: usage notes").
_KEY_IS_KNOWN_MINUTES = 5
_BY_PIECE = {
    "AWS::SecretsManager::Secret": ("Secrets", prices.SECRET_MONTH),
    "AWS::CloudWatch::Alarm": ("Metrics under alarms", prices.ALARM_MONTH),
    "AWS::CloudWatch::Dashboard": ("Dashboards", prices.DASHBOARD_MONTH),
    "AWS::KMS::Key": ("Keys, only with `AlarmEmail`", prices.KEY_MONTH),
}


@dataclass(frozen=True)
class Painting:
    """What a painter of one memory size makes of one picture.

    Attributes:
        dollars: for everything that AWS does for it.
        waited_ms: how long it works, the model's time included.
        worth: dollars, the model's price included, times milliseconds: the least is best.
    """

    memory_mb: int
    dollars: float
    waited_ms: float
    worth: float


def painted(counts: Counts, memory_mb: int, paid: float, image_wait_ms: float) -> Painting:
    """One picture by a painter of this memory, all other functions at one vCPU.

    Args:
        paid: dollars for the image model.
        image_wait_ms: the time that the image model takes.
    """
    assumed = replace(ASSUMED, image_wait_ms=image_wait_ms)
    picture, whole = counts["picture"], of_a_picture(counts, ONE_VCPU_MB, assumed)
    name = "Lambda, `image_generate`"
    dollars = sum(whole.values()) - whole[name]
    dollars += compute(picture, "image_generate", memory_mb, assumed)
    waited = billed_ms(picture, "image_generate", memory_mb, assumed)
    return Painting(memory_mb, dollars, waited, (paid + dollars) * waited)


def right_memory(
    counts: Counts, sizes: Iterable[int], paid: float, image_wait_ms: float
) -> Painting:
    """The size at which a percent more of the price buys less than a percent of the wait."""
    tried = (painted(counts, memory, paid, image_wait_ms) for memory in sizes)
    return min(tried, key=lambda one: one.worth)


def deletions() -> Mapping[str, int]:
    """What the edge is told to forget, in paths and tags, each of which is billed as one."""
    one, some, folder = ids.shown_keys("somebody", "a"), ("a tag",), ("p/somebody/*",)
    return {
        "A picture": len(items((), some)),
        "A picture stored before there were cache tags": len(items(one, ())),
        "A chat, for each 1,000 messages of it that have pictures": len(items((), some)),
        "An account": len(items(folder, some)),
        "A link to a picture, however it ends": len(items((), some)),
        "A picture that was never shown": 0,
    }


def slower_ms(usage: Usage, function: str, memory_mb: int) -> float:
    """How much longer a function computes than with one vCPU."""
    return cpu_ms(usage, function, memory_mb) - cpu_ms(usage, function, ONE_VCPU_MB)


def _sum(value: float | Mapping[str, float]) -> float:
    return value if isinstance(value, (int, float)) else sum(value.values())

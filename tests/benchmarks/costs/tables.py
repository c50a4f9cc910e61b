"""The tables of costs and limits in docs/, as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from afterimage.domain.metrics import Metric
from tests.benchmarks.costs import habits, model, prices, scale
from tests.benchmarks.costs.usage import Counts
from tests.support.template import template

_SIZES = (512, 832, 1_024, 1_769)
_MODEL_SECONDS = (2, 6, 15, 25, 40)


def costs(counts: Counts) -> str:
    """A thousand pictures at the template's memory size, and at others."""
    memory, paid = defaults()
    items = model.of_a_picture(counts, memory)
    picture = counts["picture"]
    rows = [("The image model, `ImagePriceUsd`", _thousand(paid), "")]
    rows += [(name, _thousand(price), _share(price, paid)) for name, price in items.items()]
    total = sum(items.values())
    rows.append(("**Everything but the models**", f"**{_thousand(total)}**", _share(total, paid)))
    words = model.text_model(picture)
    rows.append(
        ("The text model, which understands the wish", _thousand(words), _share(words, paid))
    )
    taken = model.of_a_suggestion(counts["suggestion"], memory)
    rows.append(
        ("Instead, from the stock, beside its painting", _thousand(taken), _share(taken, paid))
    )
    kept = model.kept_a_month(picture)
    rows.append(("S3, for each month that they are kept", _thousand(kept), _share(kept, paid)))
    first = _table((f"1,000 pictures, all functions at {memory:,} MB", "USD", "Of the model"), rows)
    tables = (
        first,
        _sizes(counts, paid),
        _model_times(counts, memory, paid),
        _habits(counts, memory),
        _deletions(),
        _fixed(counts, memory),
    )
    return "\n\n".join(tables)


def defaults() -> tuple[int, float]:
    """What the template says: MB of every function, and US dollars for one picture."""
    memory = int(template()["Globals"]["Function"]["MemorySize"])
    return memory, float(template()["Parameters"]["ImagePriceUsd"]["Default"])


def resources() -> Counter[str]:
    """How many of each type the template has; of alarms the metrics, by which they are billed."""
    made = template()["Resources"].values()
    counted = Counter(one["Type"] for one in made)
    counted["AWS::CloudWatch::Alarm"] = sum(
        watched(one["Properties"]) for one in made if one["Type"] == "AWS::CloudWatch::Alarm"
    )
    return counted


def watched(alarm: Mapping[str, Any]) -> int:
    """Metrics that an alarm looks at."""
    return sum("MetricStat" in each for each in alarm.get("Metrics", ())) or 1


def _sizes(counts: Counts, paid: float) -> str:
    rows = []
    for memory in _SIZES:
        price = sum(model.of_a_picture(counts, memory).values())
        later = [
            model.slower_ms(counts["picture"], function, memory)
            for function in ("llm_handler_gemini", "image_generate")
        ]
        rows.append(
            (
                f"{memory:,} MB",
                _thousand(price),
                _share(price, paid),
                *(f"{ms:.0f} ms" for ms in later),
            )
        )
    head = ("All functions at", "USD", "Of the model", "Answer slower by", "Picture slower by")
    return _table(head, rows)


def _model_times(counts: Counts, memory: int, paid: float) -> str:
    """What the painter waits for is billed, so a slow model wants less memory."""
    rows = []
    for seconds in _MODEL_SECONDS:
        wait = seconds * 1_000
        whole = model.painted(counts, memory, paid, wait)
        right = model.right_memory(counts, _SIZES, paid, wait)
        later = right.waited_ms - whole.waited_ms
        rows.append(
            (
                f"{seconds} s",
                _thousand(whole.dollars),
                _share(whole.dollars, paid),
                f"{right.memory_mb:,} MB",
                _thousand(right.dollars),
                _share(right.dollars, paid),
                f"{later:.0f} ms, {later / whole.waited_ms:.1%}",
            )
        )
    head = (
        "The model takes",
        f"USD at {memory:,} MB",
        "Of the model",
        "Right for `image_generate`",
    )
    return _table((*head, "USD then", "Of the model", "Picture slower by"), rows)


def _fixed(counts: Counts, memory: int) -> str:
    items = model.fixed_a_month(counts, memory, resources())
    rows = [(name, f"${price:.2f}") for name, price in items.items()]
    rows.append(("**All of it**", f"**${sum(items.values()):.2f}**"))
    figures = len(Metric) * prices.METRIC_MONTH
    said = f"Our own metrics, each {prices.METRIC_MONTH:.2f} in a month that it happens in: up to"
    rows.append((f"{said} {len(Metric)}", f"${figures:.2f}"))
    return _table(("A month, with nobody there", "USD"), rows)


def _habits(counts: Counts, memory: int) -> str:
    rows = []
    for name, what in habits.NAMES.items():
        usage = counts[name]
        price = _thousand(model.of_a_habit(usage, memory))
        rows.append((what, price, f"{usage.reads:g}", f"{sum(usage.writes.values()):g}"))
    return _table(
        (f"Happens, all functions at {memory:,} MB", "USD for 1,000", "Reads", "Writes"), rows
    )


def _deletions() -> str:
    rows = [
        (what, str(paths), f"${1_000 * paths * prices.EDGE_INVALIDATION:.2f}")
        for what, paths in model.deletions().items()
    ]
    return _table(("Deleted", "Paths at the edge", "USD for 1,000 of them"), rows)


def limits(counts: Counts) -> str:
    """What each crowd asks of each limit."""
    rows = []
    for limit in scale.limits(counts):
        cells = [_demand(limit, users) for users in scale.CROWDS]
        quota = "the provider's" if limit.quota != limit.quota else f"{limit.quota:,.0f}"
        rows.append((limit.name, quota, *cells, limit.lifted_by))
    crowds = ("1 k users a day", "100 k", "10 M")
    return _table(("Limit", "Default", *crowds, "What lifts it"), rows)


def _demand(limit: scale.Limit, users: int) -> str:
    demand = limit.demand(scale.Load.of(users))
    text = f"{demand:,.0f}" if demand >= 10 else f"{demand:.2g}"
    return f"**{text}**" if demand > limit.quota else text


def storms() -> str:
    """How long crowds need to come back; played with a tenth of them and of the quota."""
    rows = []
    for clients, a_second in ((10_000, 500), (100_000, 500), (100_000, 5_000)):
        back = scale.back_after(clients // 10, a_second // 10)
        times = (f"{back[name]:.0f} s" for name in ("half", "99 %", "all"))
        rows.append((f"{clients:,}", f"{a_second:,}", *times, f"{back['tries']:.1f}"))
    return _table(
        ("Sockets lost at once", "New a second", "Half are back", "99 %", "All", "Tries each"), rows
    )


SECTIONS: Mapping[str, Callable[[Counts], str]] = {
    "costs": costs,
    "limits": limits,
    "storms": lambda _: storms(),
}


def _thousand(dollars: float) -> str:
    return f"${dollars * 1_000:.3f}"


def _share(dollars: float, of: float) -> str:
    return f"{dollars / of:.2%}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells).rstrip() + " |" for cells in lines).replace(
        "|  |", "| |"
    )

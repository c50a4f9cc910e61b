"""The part of `make bench`: counts anew, and says what that does to the price of a picture."""

from collections.abc import Iterable

from tests.benchmarks.bench import Bench
from tests.benchmarks.costs import counting, model, usage
from tests.benchmarks.costs.tables import defaults
from tests.benchmarks.report import NO_TARGET, Table, Target

_TARGET = Target(2, "≤ {} % of the model's price")


def measure(_: Bench) -> Iterable[Table]:
    """On a stack of its own, behind a proxy."""
    recorded, counted = usage.load(), counting.count()
    table = Table(
        "What one picture causes beside the model's price",
        ("", "recorded", "counted", "target", "this run"),
        notes=("Prices of us-east-1 from documents; see tests/benchmarks/costs/prices.py.",),
    )
    for name in ("http", "reads", "puts", "posts"):
        then, now = (getattr(counts["picture"], name) for counts in (recorded, counted))
        table.add(name, f"{then:g}", f"{now:g}", *NO_TARGET)
    then, now = (sum(counts["picture"].writes.values()) for counts in (recorded, counted))
    table.add("writes", f"{then:g}", f"{now:g}", *NO_TARGET)
    then, now = (_percent(counts) for counts in (recorded, counted))
    table.add("everything but the models", f"{then:.2f} %", f"{now:.2f} %", *_TARGET.judged(now))
    yield table


def _percent(counts: usage.Counts) -> float:
    memory, paid = defaults()
    return sum(model.of_a_picture(counts, memory).values()) / paid * 100

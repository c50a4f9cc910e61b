"""What one thing that happens causes, as it was counted; and how counts are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

RECORDED = Path(__file__).with_name("recorded.json")

ByName = Mapping[str, float]


@dataclass(frozen=True)
class Usage:
    """Means over some repeats.

    Attributes:
        http: requests of the HTTP API.
        invocations: by function, as are `cpu_ms` and `calls` (requests to AWS but no uploads).
        reads: DynamoDB read units.
        writes: DynamoDB write units by table, "…/open" for an index over all users.
        puts: uploads to S3.
        posts: frames sent to sockets, in steps of 32 KB.
        received: frames received from sockets.
        stored: bytes uploaded, by file.
        tokens: the text model's, "in" and "out", by the simulator's count.
        log_bytes: as CloudWatch would count them.
    """

    http: float = 0
    invocations: ByName = field(default_factory=dict)
    cpu_ms: ByName = field(default_factory=dict)
    calls: ByName = field(default_factory=dict)
    reads: float = 0
    writes: ByName = field(default_factory=dict)
    puts: float = 0
    posts: float = 0
    received: float = 0
    stored: ByName = field(default_factory=dict)
    tokens: ByName = field(default_factory=dict)
    log_bytes: float = 0


Counts = Mapping[str, Usage]


def load(path: Path = RECORDED) -> Counts:
    """The counts that the tables of docs/ stand on."""
    return {name: Usage(**one) for name, one in json.loads(path.read_text()).items()}


def save(counts: Counts, path: Path = RECORDED) -> None:
    path.write_text(json.dumps({k: asdict(v) for k, v in counts.items()}, indent=1) + "\n")

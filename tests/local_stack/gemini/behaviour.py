"""How the simulator behaves, what it was asked so far, and the entries still to be served."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.local_stack.gemini.script import Entry, SettingsError, is_count, is_number, read_entry

LOG_LENGTH = 1000
# Drafts and finished pictures of one answer.
COUNTS = {"drafts": (0, 8), "pictures": (1, 8)}
SETTINGS = (
    "text_ms",
    "image_ms",
    "image_format",
    "drafts",
    "pictures",
    "words_a_second",
    "bytes_a_second",
    "seed",
)
KEYS = (*SETTINGS, "script", "reset")
NUMBERS = {
    "text_ms": "milliseconds",
    "image_ms": "milliseconds",
    "words_a_second": "words",
    "bytes_a_second": "bytes",
}


def utc_now() -> datetime:
    return datetime.now(UTC)


class Behaviour:
    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self.text_ms: float = 300
        self.image_ms: float = 1500
        self.image_format = "jpeg"
        self.drafts = 0
        self.pictures = 1
        # Of requests that bring none; None makes every picture another one.
        self.seed: int | None = None
        self.words_a_second: float = 0  # 0: all of them within `text_ms`
        self.bytes_a_second: float = 0  # 0: as fast as the connection takes them
        self._clock = clock
        self._script: list[Entry] = []
        self._reset()

    def change(self, raw: object) -> None:
        """Takes over the given keys, or none of them.

        Raises:
            SettingsError: one sentence about the first mistake.
        """
        checked = _checked(raw)
        for name in SETTINGS:
            if name in checked:
                setattr(self, name, checked[name])
        if "script" in checked:
            self._script = checked["script"]
        if checked.get("reset"):
            self._reset()

    def record(self, kind: str, prompt: str, sources: Sequence[str] = ()) -> dict[str, Any]:
        """The line of the log, to which its answer's usage is added once there is one.

        `sources`: SHA-256 of every picture that was sent along, in hex, in their order.
        """
        self._calls[kind] += 1
        at = self._now("milliseconds")
        line: dict[str, Any] = {"kind": kind, "prompt": prompt, "sources": [*sources], "at": at}
        self._log.append(line)
        return line

    def note_end(self, line: dict[str, Any]) -> None:
        """Into a line of the log: the last byte of its answer, a picture's, was written."""
        line["sent_at"] = self._now("microseconds")

    def _now(self, precision: str) -> str:
        return self._clock().isoformat(timespec=precision).replace("+00:00", "Z")

    def take(self, kind: str, prompt: str) -> Entry | None:
        """The first entry for this kind whose `match` is in the prompt; it is used up."""
        for index, entry in enumerate(self._script):
            if entry.on == kind and (entry.match is None or entry.match in prompt):
                return self._script.pop(index)
        return None

    def wait_s(self, kind: str) -> float:
        return (self.text_ms if kind == "text" else self.image_ms) / 1000

    def shown(self) -> dict[str, Any]:
        settings = {name: getattr(self, name) for name in SETTINGS}
        settings["script"] = [entry.shown() for entry in self._script]
        return {"settings": settings, "calls": dict(self._calls), "log": list(self._log)}

    def _reset(self) -> None:
        self._calls = {"text": 0, "image": 0}
        self._log: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)


def _checked(raw: object) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise SettingsError("The settings must be a JSON object.")
    unknown = [name for name in raw if name not in KEYS]
    if unknown:
        raise SettingsError(f"Unknown setting {unknown[0]!r}; known are {', '.join(KEYS)}.")
    _check_numbers(raw)
    if raw.get("image_format", "jpeg") not in ("jpeg", "png"):
        raise SettingsError('image_format must be "jpeg" or "png".')
    if not isinstance(raw.get("reset", False), bool):
        raise SettingsError("reset must be true or false.")
    script = raw.get("script", [])
    if not isinstance(script, list):
        raise SettingsError("script must be a list.")
    checked = dict(raw)
    if "script" in raw:
        checked["script"] = [read_entry(item, f"script[{i}]") for i, item in enumerate(script)]
    return checked


def _check_numbers(raw: Mapping[str, Any]) -> None:
    for name, unit in NUMBERS.items():
        if not is_number(raw.get(name, 0)):
            raise SettingsError(f"{name} must be a number of {unit}, 0 or more.")
    for name, (low, high) in COUNTS.items():
        value = raw.get(name, low)
        if not is_count(value) or not low <= value <= high:
            raise SettingsError(f"{name} must be a whole number from {low} to {high}.")
    if raw.get("seed") is not None and not is_count(raw["seed"]):
        raise SettingsError("seed must be a whole number, 0 or more, or null.")

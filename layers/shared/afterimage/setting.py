"""How one setting is read from text, and how a group of them is checked at once.

By hand and not by pydantic, whose import alone takes as long as all else that the smaller functions
import of ours (docs/decisions/settings-without-pydantic.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, Never, Self, TypeVar, overload
from urllib.parse import urlsplit

T = TypeVar("T")

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Setting(Generic[T]):
    """A field of a group.

    Args:
        parse: from text; raises ValueError with a sentence that holds nothing of the text.
        default: the text where none is given.
    """

    def __init__(self, parse: Callable[[str], T], default: str | None = None) -> None:
        self._parse = parse
        self._default = default

    def value(self, text: object) -> T:
        """Raises: ValueError with a sentence that holds nothing of the text."""
        given = self._default if text is None else text
        if not isinstance(given, str):
            raise ValueError("is missing" if given is None else "must be a text")  # noqa: TRY004 - one kind for all that is wrong
        return self._parse(given)

    def __set_name__(self, owner: type[Settings], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, group: None, owner: type[Settings]) -> Self: ...
    @overload
    def __get__(self, group: Settings, owner: type[Settings]) -> T: ...
    def __get__(self, group: Settings | None, owner: type[Settings]) -> Self | T:
        if group is None:
            return self
        value: T = group.values[self._name]
        return value

    def __set__(self, group: Settings, value: object) -> Never:
        raise AttributeError("settings do not change")


class Settings:
    """A group of settings. Environment names are the fields' names in capitals."""

    def __init__(self, given: Mapping[str, object]) -> None:
        """Raises: RuntimeError naming every setting that is missing or wrong, never a value."""
        self.values: dict[str, Any] = {}
        wrong: list[str] = []
        for name, field in self.fields().items():
            try:
                self.values[name] = field.value(given.get(name))
            except ValueError as error:
                wrong.append(f"{name.upper()} {error}")
        if problems := wrong or list(self.contradictions()):
            raise RuntimeError("; ".join(problems)) from None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Raises: RuntimeError naming every setting that is missing or wrong, never a value."""
        return cls({name: environment.get(name.upper()) for name in cls.fields()})

    @classmethod
    def fields(cls) -> dict[str, Setting[Any]]:
        """Of this group and of those that it is made of."""
        return {
            name: field
            for kind in reversed(cls.__mro__)
            for name, field in vars(kind).items()
            if isinstance(field, Setting)
        }

    def contradictions(self) -> Iterable[str]:
        """What does not go together, where each by itself is right."""
        return ()


def text(pattern: str = r"(?s).+", default: str | None = None) -> Setting[str]:
    """What the whole pattern matches; not empty, if none is given."""

    def parse(given: str) -> str:
        if not re.fullmatch(pattern, given):
            raise ValueError("is empty or malformed")
        return given

    return Setting(parse, default)


def number(at_least: int, at_most: int = 10**9) -> Setting[int]:
    """A whole number between bounds."""

    def parse(given: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,10}", given) or not at_least <= int(given) <= at_most:
            raise ValueError(f"must be a whole number from {at_least} to {at_most}")
        return int(given)

    return Setting(parse)


def switch() -> Setting[bool]:
    """true or false."""

    def parse(given: str) -> bool:
        if given not in ("true", "false"):
            raise ValueError("must be true or false")
        return given == "true"

    return Setting(parse)


def url(*, may_be_empty: bool = False) -> Setting[str]:
    """An address that keeps secrets in transit; plain http only on this machine."""

    def parse(given: str) -> str:
        if not (may_be_empty and given == "") and not _is_safe(given):
            raise ValueError("must be an https address")
        return given

    return Setting(parse)


def _is_safe(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    local = parts.scheme in ("http", "ws") and host in _LOOPBACK
    return bool(host) and (parts.scheme in ("https", "wss") or local)

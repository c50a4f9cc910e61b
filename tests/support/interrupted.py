"""What comes between: a step of the world is overtaken, slow, or fails."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from tests.support.doubles import FixedClock

Act = Callable[[], object]
Given = Callable[..., bool]


def always(*_: object) -> bool:
    return True


def changing(kind: type) -> Given:
    """Of commits: those with such a change."""
    return lambda _, transition, *__: any(isinstance(one, kind) for one in transition.changes)


def before(owner: Any, name: str, *acts: Act, when: Given = always) -> None:
    """Right before each of its next steps (of those whose arguments are so), the next act."""
    step, left = getattr(owner, name), list(acts)

    def overtaken(*given: Any, **named: Any) -> Any:
        if left and when(*given):
            left.pop(0)()
        return step(*given, **named)

    setattr(owner, name, overtaken)


def behind(owner: Any, name: str, *acts: Act) -> None:
    """Right behind each of its next steps, the next act."""
    step, left = getattr(owner, name), list(acts)

    def followed(*given: Any, **named: Any) -> Any:
        done = step(*given, **named)
        if left:
            left.pop(0)()
        return done

    setattr(owner, name, followed)


def slow(owner: Any, name: str, clock: FixedClock, seconds: float) -> None:
    """It takes so long."""
    step = getattr(owner, name)

    def slowly(*given: Any, **named: Any) -> Any:
        clock.advance(seconds=seconds)
        return step(*given, **named)

    setattr(owner, name, slowly)


def fail(
    owner: Any, name: str, error: BaseException, *, times: int | None = None, when: Given = always
) -> Act:
    """It fails so often, or for ever; what is returned mends it."""
    step, failed = getattr(owner, name), count()

    def failing(*given: Any, **named: Any) -> Any:
        if when(*given) and (times is None or next(failed) < times):
            raise error
        return step(*given, **named)

    setattr(owner, name, failing)
    return lambda: setattr(owner, name, step)

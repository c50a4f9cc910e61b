"""What comes between: a step of the world is overtaken, slow, or fails."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from tests.support.bundle import Killed
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


def slow(owner: Any, name: str, clock: FixedClock, seconds: float) -> Act:
    """It takes so long; what is returned mends it."""
    step = getattr(owner, name)

    def slowly(*given: Any, **named: Any) -> Any:
        clock.advance(seconds=seconds)
        return step(*given, **named)

    setattr(owner, name, slowly)
    return lambda: setattr(owner, name, step)


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


class Mortal:
    """A process that dies at a step of the world, counted from 1, or right behind it.

    Attributes:
        is_dead: from then on nothing that it watches happens.
    """

    def __init__(self, at: int, *, after: bool = False) -> None:
        self.is_dead = False
        self._at, self._after, self._steps = at, after, 0
        self._watched: list[tuple[Any, str, Any]] = []

    def watch(self, owner: Any, *names: str) -> None:
        for name in names:
            step = getattr(owner, name)
            self._watched.append((owner, name, step))
            setattr(owner, name, self._mortal(step))

    def revive(self) -> None:
        """Another process meets the world as it was left."""
        for owner, name, step in self._watched:
            setattr(owner, name, step)

    def _mortal(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def taken(*given: Any, **named: Any) -> Any:
            self._steps += 1
            is_last = self._steps == self._at
            if is_last and self._after and not self.is_dead:
                step(*given, **named)
            self.is_dead = self.is_dead or is_last
            if self.is_dead:
                raise Killed
            return step(*given, **named)

        return taken

"""The standard library's random, seeded by the turn while a script runs: old scripts draw the same on replay.

The shared generator of the module random gets a class that asks who draws. Inside a turn each resumption of the script
has a generator of its own; everybody else draws as before. So nothing global is reseeded, and scripts may run in
threads beside each other.
"""

import random
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from . import context


class TurnSeededRandom(random.Random):
    """What `random.random()`, `random.choice(...)` and all the others draw from."""

    def random(self) -> float:
        """A float in [0, 1)."""
        turn = context.current.get()
        return super().random() if turn is None else turn.stdlib.random()

    def getrandbits(self, k: int, /) -> int:
        """`k` random bits."""
        turn = context.current.get()
        return super().getrandbits(k) if turn is None else turn.stdlib.getrandbits(k)

    def seed(self, a: Any = None, version: int = 2) -> None:
        """Seed it: inside a turn that of the turn, so a script that wants its own numbers has them."""
        turn = context.current.get()
        if turn is None:
            super().seed(a, version)
        else:
            turn.stdlib.seed(a, version)

    @property
    def gauss_next(self) -> float | None:
        """Never: random.gauss() would keep every second number for the next caller, whoever it is."""
        return None

    @gauss_next.setter
    def gauss_next(self, value: float | None) -> None:
        pass


def install(modules: Iterable[ModuleType | dict[str, Any]] = ()) -> None:
    """Let the random of the standard library ask the turn, also where these modules have taken its functions before."""
    inner: random.Random = random._inst
    inner.__class__ = TurnSeededRandom
    for module in (random, *modules):
        space = module if isinstance(module, dict) else vars(module)
        for name, value in list(space.items()):
            if getattr(value, "__self__", None) is inner:
                space[name] = getattr(inner, value.__name__)

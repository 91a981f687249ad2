"""What follows a commit, and what is undone without one: at once for one change, at the end for a batch of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager


class Commit:
    """Of one runner, whose commands are the changes."""

    def __init__(self) -> None:
        self._in_batch = False
        self._acts: list[Callable[[], object]] = []
        self._undos: list[Callable[[], object]] = []

    def then(self, act: Callable[[], object]) -> None:
        """Do this when what was recorded up to now is committed."""
        if self._in_batch:
            self._acts.append(act)
        else:
            act()

    def or_else(self, undo: Callable[[], object]) -> None:
        """Do this if what was recorded up to now is not committed after all."""
        if self._in_batch:
            self._undos.append(undo)

    @contextmanager
    def batch(self, transaction: AbstractContextManager[None]) -> Iterator[None]:
        """Changes that `transaction` commits, or gives up, together; nothing may wait in between."""
        self._in_batch, self._acts, self._undos = True, [], []
        try:
            with transaction:
                yield
        except BaseException:
            for undo in reversed(self._undos):
                undo()
            raise
        finally:
            self._in_batch = False
        for act in self._acts:
            act()

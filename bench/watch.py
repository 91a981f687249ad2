"""What users meet while something is done to the servers: the answers of each time are counted under its name."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: Name of the time between two acts.
REST = "at rest"


@dataclass
class Met:
    """What users met at a time.

    Attributes:
        times: how often there was such a time.
        answers: of the script.
        failed: requests with an error for an answer, or with none.
        apologies: answers of a server that could not keep the turn.
        slowest: seconds of the slowest request, apologies and errors included.
    """

    times: int = 0
    answers: int = 0
    failed: int = 0
    apologies: int = 0
    slowest: float = 0.0


class Watch:
    """One act at a time; a request belongs to the act at its end."""

    def __init__(self) -> None:
        self.met: defaultdict[str, Met] = defaultdict(Met)
        self._act = REST
        self._under_way: dict[object, float] = {}
        self._changed = threading.Condition()

    @contextmanager
    def during(self, act: str) -> Iterator[None]:
        """The block, and then the time until the last request is answered that was sent during it."""
        with self._changed:
            self._act = act
            self.met[act].times += 1
        yield
        done = time.monotonic()
        with self._changed:
            self._changed.wait_for(lambda: all(sent > done for sent in self._under_way.values()))
            self._act = REST

    @contextmanager
    def request(self) -> Iterator[Met]:
        """A request under way; its answer is counted in what is given when it has come."""
        one, sent = object(), time.monotonic()
        found = Met()
        with self._changed:
            self._under_way[one] = sent
        try:
            yield found
        finally:
            with self._changed:
                del self._under_way[one]
                met = self.met[self._act]
                met.answers += found.answers
                met.failed += found.failed
                met.apologies += found.apologies
                met.slowest = max(met.slowest, time.monotonic() - sent)
                self._changed.notify_all()

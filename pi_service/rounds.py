"""Calls many listeners in turn and leaves the loop to others in between. No I/O of its own.

1. In a round everybody is called once. Who has more to take at once says so and is called again, after the others.
2. A round is cut into slices. Between two of them the loop does what else there is to do, such as turns of dialogs.
3. After a pause a round begins at once; while there is always news, one begins every `EVERY` seconds, and what happened
   meanwhile travels together: that costs a write for each listener, not one for each listener and event.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from time import thread_time

#: Takes what there is to take; whether it wants to be called again.
Call = Callable[[], bool]

#: Seconds from the beginning of a round to that of the next one.
EVERY = 0.05
#: Seconds of calls between two pauses; a turn of a dialog waits that long a few times. The processor's time counts: on
#: a busy machine a round must not come to nothing because others ran meanwhile.
SLICE = 0.001


class Rounds:
    """The listeners of one feed, as what is to be called."""

    def __init__(self) -> None:
        self._all: dict[Call, None] = {}
        self._due: OrderedDict[Call, None] = OrderedDict()  # a listener is due once, however often it is called for
        self._next = 0.0  # when a round may begin
        self._awaited: asyncio.TimerHandle | None = None
        self._slice: asyncio.Handle | None = None

    def join(self, call: Call) -> None:
        """Take a listener in; it is called soon, then in every round."""
        self._all[call] = None
        self.summon(call)

    def leave(self, call: Call) -> None:
        """Never call this listener again."""
        self._all.pop(call, None)
        self._due.pop(call, None)

    def summon(self, call: Call) -> None:
        """Call this listener soon, without waiting for a round, if it has not left."""
        if call in self._all:
            self._due[call] = None
            self._go_on()

    def begin(self) -> None:
        """Call everybody in the next round."""
        if self._all and self._awaited is None:
            loop = asyncio.get_running_loop()
            self._awaited = loop.call_at(max(self._next, loop.time()), self._begin)

    def _begin(self) -> None:
        self._awaited = None
        self._next = asyncio.get_running_loop().time() + EVERY
        self._due.update(self._all)
        self._go_on()

    def _go_on(self) -> None:
        if self._due and self._slice is None:
            self._slice = asyncio.get_running_loop().call_soon(self._call_some)

    def _call_some(self) -> None:
        self._slice = None
        until = thread_time() + SLICE
        try:
            while self._due and thread_time() < until:
                call, _ = self._due.popitem(last=False)
                if call():
                    self._due[call] = None
        finally:  # the mistake of one must not stop the others
            self._go_on()

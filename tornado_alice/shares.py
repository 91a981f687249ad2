"""Which of several processes on the same sockets takes the next connection: the one that has the fewest.

The kernel wakes all of them, and on an idle machine the same one is always first. A proxy that opens its connections
one after the other and keeps them would talk to that one alone, however many there are.

The processes share a little memory: a number for each place of a process, written by that process alone.
"""

import mmap
import os
import sys
import tempfile
from typing import IO

#: Of a place: its process accepts no connections, or there is none.
NOBODY = 0xFFFF_FFFF
#: Bytes of a number.
SIZE = 4


class Shares:
    """The memory, as a file, and which of its places are taken.

    Args:
        places: as many as processes at once.

    >>> from contextlib import closing
    >>> with closing(Shares(2)) as shares:
    ...     one, other = Share(shares.fileno(), shares.take()), Share(shares.fileno(), shares.take())
    ...     one.begin(), other.begin()
    ...     one.add(1)
    ...     one.others_have_fewer, other.others_have_fewer
    (None, None)
    (True, False)
    """

    def __init__(self, places: int) -> None:
        self._file = _memory()
        self._free = list(range(places))
        for place in self._free:
            self._write(place, NOBODY)

    def close(self) -> None:
        """Those who have a share keep it."""
        self._file.close()

    def fileno(self) -> int:
        return self._file.fileno()

    def take(self) -> int:
        """A place for a process."""
        return self._free.pop()

    def leave(self, place: int) -> None:
        """Its process is gone, whatever it has left there."""
        self._write(place, NOBODY)
        self._free.append(place)

    def _write(self, place: int, number: int) -> None:
        os.pwrite(self.fileno(), number.to_bytes(SIZE, sys.byteorder), place * SIZE)


def _memory() -> IO[bytes]:
    """A file on no disk, which could be full or closed to writers; where the system has none, a temporary one."""
    if sys.platform == "linux":
        return open(os.memfd_create("shares"), "r+b")
    return tempfile.TemporaryFile()


class Share:
    """The connections of one process among those of the others.

    Args:
        fd: of the file, which may be closed then.
        place: that this process has taken.
    """

    def __init__(self, fd: int, place: int) -> None:
        self._all = memoryview(mmap.mmap(fd, 0)).cast("I")
        self._place, self._count, self._accepts = place, 0, False

    def begin(self) -> None:
        """This process accepts from now on."""
        self._accepts = True
        self.add(0)

    def end(self) -> None:
        """This process accepts no more, though it may still have connections."""
        self._accepts = False
        self._all[self._place] = NOBODY

    def add(self, connections: int) -> None:
        """It has so many more, or fewer."""
        self._count += connections
        if self._accepts:
            self._all[self._place] = self._count

    @property
    def others_have_fewer(self) -> bool:
        """Those who accept, that is."""
        return min(self._all) < self._count

    def state(self) -> bytes:
        """Of all; another one as soon as any process takes or loses a connection."""
        return self._all.tobytes()

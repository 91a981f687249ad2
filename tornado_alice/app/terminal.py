"""What a terminal gets: texts of users, scripts and services may hold anything, control sequences too."""

import sys
import time

#: Seconds between two looks of a bar, so that drawing costs nothing.
REDRAW = 0.1


def printable(text: object) -> str:
    """One line that a terminal only prints: everything else in it is escaped.

    >>> printable("a\\x1b[2J")
    'a\\\\x1b[2J'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in str(text))


class Bar:
    """How far something is, on standard error; nothing if that is no terminal."""

    def __init__(self, total: int, what: str) -> None:
        self._total, self._what = total, what
        self._drawn = 0.0 if sys.stderr.isatty() else float("inf")

    def show(self, done: int) -> None:
        """So many are done."""
        if time.monotonic() - self._drawn < REDRAW:
            return
        self._drawn = time.monotonic()
        part = min(1.0, done / max(1, self._total))
        print(f"\r[{'#' * int(30 * part):<30}] {done:,} of {self._total:,} {self._what}", end="", file=sys.stderr)

    def clear(self) -> None:
        """Leave no trace."""
        if 0.0 < self._drawn < float("inf"):
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

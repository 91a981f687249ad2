"""Where a sequence stands in the digits file, and how often. Plain functions, for a thread.

1. The file is read in steps: `find` and `count` keep the interpreter lock for 0.2 ms of each, then the read lets the
   loop run. Reading costs 10 % against a mapped file (measured), and a file cut short under our feet is no SIGBUS.
2. Steps overlap by one digit less than the sequence has, so that no hit lies across an edge unseen, and none is seen
   twice.
3. Hits may overlap each other: 11 stands twice in 111.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event

from .errors import BadRequest
from .sums import Sums

#: Bytes per step.
STEP = 1 << 18
#: Digits shown on either side of a found sequence.
AROUND = 10
#: Longest sequence that can be searched for, in digits.
LONGEST = 50


@dataclass(frozen=True)
class Match:
    """Where a sequence begins, or None. `around` holds up to ten digits more on either side."""

    position: int | None  #: counted like n, after the point
    around: str
    searched: int  #: digits that were there to be searched


@dataclass(frozen=True)
class Text:
    """The digits to search: offsets 1 to `size` - 1 of a file. What is read is verified, else `Altered` is raised."""

    file: int  #: descriptor
    sums: Sums
    size: int
    stop: Event  #: set when nobody wants the answer any more

    def steps(self, first: int, width: int) -> Iterator[tuple[int, bytes]]:
        """(offset, bytes) from `first` on; together they hold each run of `width` digits exactly once."""
        for offset in range(first, self.size - width + 1, STEP):
            if self.stop.is_set():
                return
            yield offset, self.sums.read(self.file, offset, min(STEP + width - 1, self.size - offset))

    def steps_back(self, last: int, width: int) -> Iterator[tuple[int, bytes]]:
        """The same for runs that begin at 1 to `last`, the last ones first."""
        end = min(last, self.size - width) + 1  # behind the last beginning
        while end > 1 and not self.stop.is_set():
            offset = max(1, end - STEP)
            yield offset, self.sums.read(self.file, offset, end - offset + width - 1)
            end = offset


def check(sequence: str) -> bytes:
    """The sequence as it stands in the file.

    Raises:
        BadRequest: it is not 1 to `LONGEST` digits.
    """
    if sequence.isascii() and sequence.isdigit() and len(sequence) <= LONGEST:
        return sequence.encode()
    raise BadRequest("q", f"q must be 1 to {LONGEST} digits; got {sequence[:60]!r}")


def find(text: Text, sequence: bytes, start: int, back: bool) -> Match:
    """The first hit from `start` on; with `back` the last one that begins at `start` or before."""
    width = len(sequence)
    steps = text.steps_back(start, width) if back else text.steps(start, width)
    for offset, data in steps:
        index = data.rfind(sequence) if back else data.find(sequence)
        if index >= 0:
            return _match(text, offset + index, width)
    return Match(None, "", text.size - 1)


def count(text: Text, sequence: bytes) -> int:
    """How many times it stands there."""
    counted = _count_overlapping if _overlaps_itself(sequence) else bytes.count
    return sum(counted(data, sequence) for _, data in text.steps(1, len(sequence)))


def _match(text: Text, position: int, width: int) -> Match:
    left = max(1, position - AROUND)
    right = min(text.size, position + width + AROUND)
    return Match(position, text.sums.read(text.file, left, right - left).decode("ascii"), text.size - 1)


def _overlaps_itself(sequence: bytes) -> bool:
    return any(sequence[:length] == sequence[-length:] for length in range(1, len(sequence)))


def _count_overlapping(data: bytes, sequence: bytes) -> int:
    total, at = 0, data.find(sequence)
    while at >= 0:
        total += 1
        at = data.find(sequence, at + 1)
    return total

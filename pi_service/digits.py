"""The digits file: all known digits of pi as ASCII "31415..." beside a checksum of every block.

1. `digits.txt` only ever appears whole: temp file, fsync, its checksums, rename, fsync of the directory. A shorter
   result never replaces a longer one, and digits that contradict those on disk are refused.
2. `digits.<size>.sums` is written before the file it describes, under a name of its own, so that there is no
   moment at which a good file lacks its checksums.
3. At start every block is checked, and each time it is read what is read. What comes before the first bad block is
   served, nothing after it, until a new result takes the file's place.
4. Positions are offsets in the file: 0 is the leading 3, and the n-th decimal digit stands at n.
"""

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import BinaryIO, TypeVar

from . import search
from .errors import CheckFailed, DigitsDamaged, NotFound, PiError, unwritable
from .search import Match
from .sums import BLOCK, Altered, Sums, read_sums, sums_of, verified, write_sums

T = TypeVar("T")


class Digits:
    """The digits of one data directory. Methods run on the loop; what reads much does so in a thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "digits.txt"
        self._file: BinaryIO | None = None
        self._sums = Sums(0, ())  # of what may be served, which is all that is known to be right
        self._damaged = 0  # bytes that could be served before damage was found
        self._found = asyncio.Event()  # damage was
        self._replacing = asyncio.Lock()
        self._searching = asyncio.Lock()  # one search at a time: they would only fight for the interpreter lock

    @property
    def available(self) -> int:
        """How many digits after the point can be served."""
        return max(0, self._sums.size - 1)

    async def open(self) -> str:
        """Verify what is on disk and make it available.

        Returns:
            What is wrong with it, in words; '' if nothing is.
        """
        sums, trouble = await asyncio.to_thread(self._verified)
        self._serve(self._path.open("rb") if sums.size else None, sums)
        return trouble

    async def close(self) -> None:
        """Let go of the file, after a replacement under way."""
        async with self._replacing:
            self._serve(None, Sums(0, ()))

    def window(self, start: int, count: int) -> str:
        """Digits that are on disk.

        Args:
            start: the first position; 0 is the leading 3.
            count: how many digits.

        Raises:
            NotFound: they are not all on disk.
            DigitsDamaged: they were altered on disk.
        """
        if self._file is None or start + count > self._sums.size:
            raise self._missing(start, count)
        try:
            return self._sums.read(self._file.fileno(), start, count).decode("ascii")
        except Altered as altered:
            raise self._give_up(self._sums, *altered.args) from None

    async def damage(self) -> str:
        """Wait until digits turn out to be damaged on disk; what is wrong, in words."""
        await self._found.wait()
        self._found.clear()
        return _damaged_after(self._sums)

    def digit(self, n: int) -> int:
        """The n-th decimal digit after the point."""
        return int(self.window(n, 1))

    async def find(self, sequence: str, start: int = 1, *, end: int | None = None, back: bool = False) -> Match:
        """The first place where a sequence stands; the leading 3 is not searched.

        Args:
            sequence: 1 to `search.LONGEST` digits.
            start: the first position to look at.
            end: the last position to look at; None: the last on disk.
            back: look for the last place that begins at `start` or before.

        Raises:
            BadRequest: `sequence` is something else.
            DigitsDamaged: those to be searched were altered on disk.
        """
        wanted = search.check(sequence)
        found = await self._search(end, lambda text: search.find(text, wanted, start if back else max(1, start), back))
        return found or Match(None, "", 0)

    async def count(self, sequence: str, *, end: int | None = None) -> int:
        """How often a sequence stands at the positions 1 to `end`.

        Raises:
            BadRequest: `sequence` is not 1 to `search.LONGEST` digits.
            DigitsDamaged: those to be searched were altered on disk.
        """
        wanted = search.check(sequence)
        return await self._search(end, lambda text: search.count(text, wanted)) or 0

    async def _search(self, end: int | None, function: Callable[[search.Text], T]) -> T | None:
        """Search in a thread, which ends soon when the caller is cancelled; None if there are no digits."""
        async with self._searching:
            sums = self._sums
            size = sums.size if end is None else min(sums.size, end + 1)
            if self._file is None or size <= 1:
                return None
            # a file of its own, which the thread closes: the served one may be replaced meanwhile
            text = search.Text(os.dup(self._file.fileno()), sums, size, Event())
            try:
                return await asyncio.to_thread(_closing, function, text)
            except Altered as altered:
                raise self._give_up(sums, *altered.args) from None
            finally:
                text.stop.set()

    async def replace(self, source: Path, n: int) -> None:
        """Make a result the digits file; on return its digits are safe on disk.

        A replacement once begun goes on to its end, also if the caller is cancelled. After an error what was there
        before stays.

        Args:
            source: a file of n + 1 digits on the same file system; it is gone afterwards.
            n: digits after the point.

        Raises:
            DiskFull: they cannot be written.
            CheckFailed: they cannot be right.
        """
        await asyncio.shield(asyncio.ensure_future(self._replace(source, n)))

    async def settled(self) -> None:
        """Wait for a replacement under way whose caller was cancelled."""
        async with self._replacing:
            pass

    async def _replace(self, source: Path, n: int) -> None:
        async with self._replacing:
            try:
                if n > self.available:
                    sums = await asyncio.to_thread(self._install, source, n + 1)
                    self._serve(self._path.open("rb"), sums)
            except OSError as error:
                raise unwritable(error) from error
            finally:
                source.unlink(missing_ok=True)  # gives the space back; once installed it has another name

    def _serve(self, file: BinaryIO | None, sums: Sums) -> None:
        if self._file:
            self._file.close()
        self._file, self._sums, self._damaged = file, sums, 0

    def _missing(self, start: int, count: int) -> PiError:
        if self._file is not None and start + count <= self._damaged:
            return _damaged(start)
        return NotFound(
            f"digits {start} to {start + count - 1} were asked for, "
            f"but only {self.available} digits after the point are on disk"
        )

    def _give_up(self, sums: Sums, position: int) -> DigitsDamaged:
        """Serve only what lies before a bad block; what to tell those who asked for more."""
        if sums is self._sums:  # else they are replaced, or it is known
            self._damaged = max(self._damaged, sums.size)
            self._sums = sums.before(position)
            self._found.set()
        return _damaged(position)

    # -- in a thread

    def _install(self, source: Path, size: int) -> Sums:
        sums = sums_of(source)
        self._compare(source, sums, size)
        _sync(source)
        path = self._directory / f"digits.{size}.sums"
        temporary = path.with_suffix(".tmp")
        try:
            write_sums(temporary, sums)
            _sync(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        source.replace(self._path)
        _sync(self._directory)
        for old in set(self._directory.glob("digits.*.sums")) - {path}:
            old.unlink()
        return sums

    def _compare(self, source: Path, new: Sums, size: int) -> None:
        if new.size != size:
            raise CheckFailed(f"the result has {new.size} digits, not {size}")
        old = self._sums
        whole, tail = divmod(old.size, BLOCK)
        with source.open("rb") as file:  # by sums: the old file itself may be damaged
            end = hashlib.sha256(os.pread(file.fileno(), tail, whole * BLOCK)).hexdigest()
        if new.blocks[:whole] != old.blocks[:whole] or (tail and end != old.blocks[whole]):
            raise CheckFailed("the result differs from the digits that are on disk already")

    def _verified(self) -> tuple[Sums, str]:
        if not self._path.exists():
            return Sums(0, ()), "the digits file is missing"
        size = self._path.stat().st_size
        # An interrupted replacement leaves the checksums of its unborn file too; the file's own fit its size.
        candidates = sorted(self._directory.glob("digits.*.sums"), key=lambda path: path.name != _name(size))
        known = read_sums(candidates[0]) if candidates else None
        if known is None:
            return Sums(0, ()), "the checksums of the digits file are missing"
        good = verified(self._path, known)
        if good.size < known.size:
            return good, _damaged_after(good)
        return good, "" if size == known.size else f"the digits file has {size} bytes, not {known.size}"


def _name(size: int) -> str:
    return f"digits.{size}.sums"


def _damaged(position: int) -> DigitsDamaged:
    return DigitsDamaged(
        f"the digits from {position} on are damaged on disk: their file was altered or became shorter while it was "
        "served; the jobs that need them are computed again"
    )


def _damaged_after(good: Sums) -> str:
    return f"the digits file is damaged after its first {good.size} bytes"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _closing(function: Callable[[search.Text], T], text: search.Text) -> T:
    try:
        return function(text)
    finally:
        os.close(text.file)

"""The digits file: all known digits of pi as ASCII "31415..." beside a checksum of every block.

1. `digits.txt` only ever appears whole: temp file, fsync, its checksums, rename, fsync of the directory. A shorter
   result never replaces a longer one, and digits that contradict those on disk are refused.
2. `digits.<size>.sums` is written before the file it describes, under a name of its own, so that there is no
   moment at which a good file lacks its checksums.
3. At start every block is checked. What comes before the first bad block is served, nothing after it.
4. Positions are offsets in the file: 0 is the leading 3, and the n-th decimal digit stands at n.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import BinaryIO, ParamSpec, TypeVar

from . import search
from .errors import CheckFailed, NotFound, unwritable
from .search import Match

P = ParamSpec("P")
T = TypeVar("T")

#: Bytes per checksum: 96 checksums for 10^8 digits; a bad byte costs at most a block of the good digits before it.
BLOCK = 1 << 20


@dataclass(frozen=True)
class _Sums:
    size: int  #: bytes of the file they describe
    blocks: tuple[str, ...]


class Digits:
    """The digits of one data directory. Methods run on the loop; what reads much does so in a thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "digits.txt"
        self._file: BinaryIO | None = None
        self._sums = _Sums(0, ())  # of what may be served, which is all that is known to be right
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
            self._serve(None, _Sums(0, ()))

    def window(self, start: int, count: int) -> str:
        """Digits that are on disk.

        Args:
            start: the first position; 0 is the leading 3.
            count: how many digits.

        Raises:
            NotFound: they are not all on disk.
            CheckFailed: the file became shorter while it was served.
        """
        if self._file is None or start + count > self._sums.size:
            raise NotFound(
                f"digits {start} to {start + count - 1} were asked for, "
                f"but only {self.available} digits after the point are on disk"
            )
        data = os.pread(self._file.fileno(), count, start)
        if len(data) < count:
            raise CheckFailed("the digits file became shorter while it was served; a restart rebuilds it")
        return data.decode("ascii")

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
        """
        wanted, text = search.check(sequence), self._text(end)
        if text.size <= 1:
            return Match(None, "", 0)
        return await self._search(text, search.find, text, wanted, start if back else max(1, start), back)

    async def count(self, sequence: str, *, end: int | None = None) -> int:
        """How often a sequence stands at the positions 1 to `end`.

        Raises:
            BadRequest: `sequence` is not 1 to `search.LONGEST` digits.
        """
        wanted, text = search.check(sequence), self._text(end)
        return await self._search(text, search.count, text, wanted) if text.size > 1 else 0

    def _text(self, end: int | None) -> search.Text:
        size = self._sums.size if end is None else min(self._sums.size, end + 1)
        return search.Text(self._path, size, Event())

    async def _search(self, text: search.Text, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Search in a thread, which ends soon when the caller is cancelled."""
        async with self._searching:
            try:
                return await asyncio.to_thread(function, *args, **kwargs)
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

    def _serve(self, file: BinaryIO | None, sums: _Sums) -> None:
        if self._file:
            self._file.close()
        self._file, self._sums = file, sums

    # -- in a thread

    def _install(self, source: Path, size: int) -> _Sums:
        sums = _sums_of(source)
        self._compare(source, sums, size)
        _sync(source)
        path = self._directory / f"digits.{size}.sums"
        temporary = path.with_suffix(".tmp")
        try:
            temporary.write_text(json.dumps({"size": size, "blocks": sums.blocks}))
            _sync(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        source.replace(self._path)
        _sync(self._directory)
        for old in set(self._directory.glob("digits.*.sums")) - {path}:
            old.unlink()
        return sums

    def _compare(self, source: Path, new: _Sums, size: int) -> None:
        if new.size != size:
            raise CheckFailed(f"the result has {new.size} digits, not {size}")
        whole = self._sums.size // BLOCK
        tail = self._sums.size - whole * BLOCK
        with source.open("rb") as file:
            same = os.pread(file.fileno(), tail, whole * BLOCK) == self._tail(whole * BLOCK, tail)
        if not same or new.blocks[:whole] != self._sums.blocks[:whole]:
            raise CheckFailed("the result differs from the digits that are on disk already")

    def _tail(self, start: int, count: int) -> bytes:
        return os.pread(self._file.fileno(), count, start) if self._file else b""

    def _verified(self) -> tuple[_Sums, str]:
        if not self._path.exists():
            return _Sums(0, ()), "the digits file is missing"
        size = self._path.stat().st_size
        # An interrupted replacement leaves the checksums of its unborn file too; the file's own fit its size.
        candidates = sorted(self._directory.glob("digits.*.sums"), key=lambda path: path.name != _name(size))
        known = _read_sums(candidates[0]) if candidates else None
        if known is None:
            return _Sums(0, ()), "the checksums of the digits file are missing"
        good = _good_blocks(self._path, known)
        served = _Sums(min(good * BLOCK, known.size), known.blocks[:good])
        if good < len(known.blocks):
            return served, f"the digits file is damaged after its first {served.size} bytes"
        return served, "" if size == known.size else f"the digits file has {size} bytes, not {known.size}"


def _name(size: int) -> str:
    return f"digits.{size}.sums"


def _read_sums(path: Path) -> _Sums | None:
    with suppress(ValueError, KeyError, TypeError):
        data = json.loads(path.read_text())
        return _Sums(int(data["size"]), tuple(map(str, data["blocks"])))
    return None


def _sums_of(path: Path) -> _Sums:
    blocks = []
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if not block.isdigit():
                raise CheckFailed("the result holds something that is not a digit")
            blocks.append(hashlib.sha256(block).hexdigest())
        return _Sums(file.tell(), tuple(blocks))


def _good_blocks(path: Path, known: _Sums) -> int:
    """How many blocks of the file, from the first on, are what they should be."""
    with path.open("rb") as file:
        for index, expected in enumerate(known.blocks):
            block = file.read(min(BLOCK, known.size - index * BLOCK))
            if hashlib.sha256(block).hexdigest() != expected:
                return index
    return len(known.blocks)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

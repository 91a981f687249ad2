"""Checksums of the digits file: what its bytes must be, at two sizes.

1. A block's sum is on disk beside the digits: few of them, to be verified at start, when everything is read anyway.
2. A cell's sum is in memory only, taken from bytes that their block's sum has vouched for. It is small enough to be
   verified whenever a window is read, so that a byte altered on disk is never served: 5 µs a window, where verifying
   its block would take 900. To trust a block until the file's time or inode changes would cost less, and miss a
   failing disk.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from .errors import CheckFailed

#: Bytes per sum on disk: 96 of them for 10^8 digits; a bad byte costs at most a block of the good digits before it.
BLOCK = 1 << 20
#: Bytes per sum in memory; a divisor of `BLOCK`.
CELL = 1 << 12
#: Bytes of a cell's sum: 200 kB for 10^8 digits. One altered cell in 2^64 would pass.
CELL_SUM = 8


class Altered(Exception):
    """Bytes are not what their sum says; `args` holds the position of the first byte of their cell or block."""


@dataclass(frozen=True)
class Sums:
    """The sums of a file, or of as much of it as is right."""

    size: int  #: bytes of the file they describe
    blocks: tuple[str, ...]
    cells: bytes = b""  #: one after the other

    def before(self, position: int) -> "Sums":
        """Those of the whole blocks before a position."""
        good = position // BLOCK
        return Sums(min(good * BLOCK, self.size), self.blocks[:good], self.cells[: good * BLOCK // CELL * CELL_SUM])

    def read(self, file: int, start: int, count: int) -> bytes:
        """Bytes of a file, verified.

        Args:
            file: its descriptor.
            start: position of the first byte.
            count: how many; `size` is not passed.

        Raises:
            Altered: they, or others in their cells, are not what they were, or are gone.
        """
        begin = start - start % CELL
        end = min(-(-(start + count) // CELL) * CELL, self.size)
        data = os.pread(file, end - begin, begin)
        for at in range(begin, end, CELL):
            place = at // CELL * CELL_SUM
            if cell_sum(data[at - begin : at - begin + CELL]) != self.cells[place : place + CELL_SUM]:
                raise Altered(at)
        return data[start - begin : start - begin + count]


def cell_sum(cell: bytes) -> bytes:
    """The sum of one cell."""
    return sha256(cell).digest()[:CELL_SUM]


def cell_sums(block: bytes) -> Iterator[bytes]:
    """The sums of the cells of a block."""
    return (cell_sum(block[at : at + CELL]) for at in range(0, len(block), CELL))


def sums_of(path: Path) -> Sums:
    """The sums of a file of digits.

    Raises:
        CheckFailed: it holds something that is not a digit.
    """
    blocks: list[str] = []
    cells: list[bytes] = []
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if not block.isdigit():
                raise CheckFailed("the result holds something that is not a digit")
            blocks.append(sha256(block).hexdigest())
            cells += cell_sums(block)
        return Sums(file.tell(), tuple(blocks), b"".join(cells))


def verified(path: Path, known: Sums) -> Sums:
    """The sums of a file up to its first block that is not what `known` says."""
    cells: list[bytes] = []
    with path.open("rb") as file:
        for index, expected in enumerate(known.blocks):
            block = file.read(min(BLOCK, known.size - index * BLOCK))
            if sha256(block).hexdigest() != expected:
                return Sums(index * BLOCK, known.blocks[:index], b"".join(cells))
            cells += cell_sums(block)
    return Sums(known.size, known.blocks, b"".join(cells))


def write_sums(path: Path, sums: Sums) -> None:
    """Keep the sums of the blocks."""
    path.write_text(json.dumps({"size": sums.size, "blocks": sums.blocks}))


def read_sums(path: Path) -> Sums | None:
    """The sums of the blocks that are kept in a file; None if it is no such file."""
    with suppress(ValueError, KeyError, TypeError):
        data = json.loads(path.read_text())
        return Sums(int(data["size"]), tuple(map(str, data["blocks"])))
    return None

"""What the workers of a Dask cluster do for `dask_engine`: values come in, values go out, nothing touches a disk.

A worker hands its numbers to others, so every number travels with its residue and is checked when it arrives.
"""

# mypy: disallow-untyped-calls=False, disallow-untyped-decorators=False
# (Dask has annotations, but not on what is used here)

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from dask.sizeof import sizeof

from ..arithmetic import chudnovsky, newton, radix
from ..arithmetic.checked import PRIME, Threads, release_gil
from ..arithmetic.chudnovsky import Range
from ..arithmetic.radix import Piece
from ..errors import CheckFailed, PiError

#: Threads that a merge can use: it has four products.
MOST_THREADS = 4

Result = TypeVar("Result")


@dataclass(frozen=True)
class Part:
    """A number on its way between workers, as a piece of the conversion, with the residues that it must have."""

    piece: Piece
    residue: int
    digits: int | None = None  #: the residue of the piece's digits, where that is known

    def open(self, step: str) -> Piece:
        """The piece, after a check.

        Raises:
            CheckFailed: the number is not what it was; the message names `step`.
        """
        if self.piece.x % PRIME != self.residue:
            raise CheckFailed(f"{step}: a number changed on its way between workers")
        return self.piece


def part(piece: Piece, digits: int | None = None) -> Part:
    """A piece with its residue."""
    return Part(piece, int(piece.x % PRIME), digits)


@sizeof.register((Range, Part, Piece))
def size(value: Range | Part | Piece) -> int:
    """Bytes in memory: Dask sends the smaller number to where the larger one lies."""
    return sum(sizeof(inner) for inner in vars(value).values())


@lru_cache(maxsize=1)
def code() -> str:
    """A name for the code that computes; numbers of different versions must not be mixed."""
    here = Path(__file__)
    files = [*sorted((here.parent.parent / "arithmetic").glob("*.py")), here]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def work(version: str, function: Callable[..., Result], *args: Any) -> Result:
    """Every task: `function(*args)`, if the worker has the server's code."""
    if code() != version:
        raise PiError(
            f"the Dask worker on {socket.gethostname()} has another version of pi_service than the server; "
            "install the same tornado_alice[dask] on all machines and restart the workers"
        )
    release_gil()  # the worker answers others during a long product
    return function(*args)


@contextmanager
def helpers(share: float) -> Iterator[Threads]:
    """Threads for a task that has this share of the cluster for itself, within its own machine."""
    threads = Threads(max(1, min(MOST_THREADS, round(share), len(os.sched_getaffinity(0)))))
    try:
        yield threads
    finally:
        threads.close()


def merge(left: Range, right: Range, share: float) -> Range:
    """P, Q, T of two neighbours."""
    with helpers(share) as threads:
        return chudnovsky.merge(left, right, threads)


def root(bits: int) -> Part:
    """1 / sqrt(10005)."""
    return part(Piece(newton.inverse_root(bits), bits, 0))


def power(exponent: int) -> Part:
    """5^exponent."""
    return Part(Piece(radix.power_of_five(exponent), 0, 0), pow(5, exponent, PRIME))


def fraction(given: Part, digits: int, share: float, *ends: Range) -> tuple[Part]:
    """pi behind the point, from one or two neighbouring ranges and the root."""
    bits = radix.bits(digits)
    with helpers(share) as threads:
        ranges = [end.check("transfer") for end in ends]
        q, t = chudnovsky.quotient_parts(ranges, bits + radix.GUARD, threads)
        value = chudnovsky.fraction(q, t, given.open("square root").x, bits, threads)
    return (part(radix.behind_point(value, bits, digits)),)


def halve(parts: tuple[Part, ...], index: int, given: Part, share: float) -> tuple[Part, Part]:
    """Both halves of a part; `given` is 5^(half of its digits)."""
    whole, known = parts[index].open("conversion"), parts[index].digits
    with helpers(share) as threads:
        left, right = radix.halve(whole, given.open("power of five").x, known, threads)
    return part(*left), part(*right)


def convert(parts: tuple[Part, ...], index: int) -> bytes:
    """The digits of a part."""
    return radix.digits(parts[index].open("conversion"), parts[index].digits).encode()


def small(digits: int) -> bytes:
    """Everything in one task."""
    whole = chudnovsky.split(0, chudnovsky.terms(digits))
    return convert(fraction(root(radix.bits(digits)), digits, 1, whole), 0)

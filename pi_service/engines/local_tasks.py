"""What the worker processes do: read files, compute, write files. Nothing else comes in or goes out.

A task whose output exists is never scheduled, so every file is a checkpoint.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..arithmetic import chudnovsky, newton, radix
from ..arithmetic.checked import PRIME, Threads
from ..arithmetic.radix import Piece
from . import ranges
from .ranges import Span


def split(directory: Path, span: Span) -> None:
    """Compute P, Q, T of a span."""
    ranges.save(directory, chudnovsky.split(span.a, span.b))


def merge(directory: Path, left: Span, right: Span, count: int) -> None:
    """Merge two neighbours with `count` threads."""
    threads = Threads(count)
    parts = ranges.load(directory, left), ranges.load(directory, right)
    ranges.save(directory, chudnovsky.merge(*parts, threads))
    threads.close()


def root(path: Path, bits: int) -> None:
    """1 / sqrt(10005)."""
    value = newton.inverse_root(bits)
    ranges.write(path, [value], [value % PRIME])


def power(path: Path, exponent: int) -> None:
    """5^exponent, for the first step of the conversion."""
    value = radix.power_of_five(exponent)
    ranges.write(path, [value], [pow(5, exponent, PRIME)])


def fraction(directory: Path, spans: list[Span], given: tuple[Path, Path], out: tuple[Path, ...], digits: int) -> None:
    """pi from one or two neighbouring ranges and the given root and power, in pieces, one per file of `out`."""
    threads = Threads(len(out))
    bits = radix.bits(digits)
    parts = [ranges.load(directory, span) for span in spans]
    q, t = chudnovsky.quotient_parts(parts, bits + radix.GUARD, threads)
    del parts
    (root,), _ = ranges.read(given[0])
    value = chudnovsky.fraction(q, t, root, bits, threads)
    del q, t, root
    whole = radix.behind_point(value, bits, digits)
    (five,), _ = ranges.read(given[1])
    for path, (piece, residue) in zip(out, radix.split(whole, len(out), five, threads), strict=True):
        known = -1 if residue is None else residue
        numbers = piece.x, piece.bits, piece.count, known
        ranges.write(path, numbers, [number % PRIME for number in numbers])
    threads.close()


def convert(source: Path, out: Path, offset: int, limit: int) -> None:
    """Write the digits of one piece into the existing file `out` from byte `offset` on, up to byte `limit`."""
    (x, bits, count, known), _ = ranges.read(source)
    text = radix.digits(Piece(x, int(bits), int(count)), None if known < 0 else int(known))
    if offset + len(text) > limit:
        text = radix.settled(text, limit - offset)
    file = os.open(out, os.O_WRONLY)
    try:
        write_all(file, text.encode(), offset)
    finally:
        os.close(file)


def quick(path: Path, n: int) -> None:
    """pi to n digits in one go."""
    digits = radix.size(n + radix.SPARE)
    bits = radix.bits(digits)
    last = chudnovsky.terms(digits)
    q, t = chudnovsky.quotient_parts([chudnovsky.split(0, last)], bits + radix.GUARD)
    value = chudnovsky.fraction(q, t, newton.inverse_root(bits), bits)
    text = radix.digits(radix.behind_point(value, bits, digits))
    path.write_text("3" + radix.settled(text, n))


def write_all(file: int, data: bytes, offset: int) -> None:
    """pwrite, as often as it takes."""
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written

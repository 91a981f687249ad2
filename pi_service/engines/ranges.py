"""Checked files of long numbers: what the workers of one computation hand to each other, and what outlives a crash.

A file is one line of JSON {"sizes", "residues"} and the numbers behind it, complete or not there at all (written
aside, then renamed). A file that cannot be read back to the same residues is removed and reported as BadFile.
The terms a < k <= b lie in `ranges/<a>-<b>.pqt`.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..arithmetic.checked import PRIME, decode, encode
from ..arithmetic.chudnovsky import Range
from ..errors import CheckFailed


class BadFile(CheckFailed):
    """A file of numbers is incomplete or altered; it has been removed, so another attempt computes it again."""


def write(path: Path, numbers: Sequence[int], residues: Sequence[int]) -> None:
    """Write the numbers with their residues modulo PRIME; the file appears whole under its name."""
    blobs = [encode(number) for number in numbers]
    head = json.dumps({"sizes": [len(blob) for blob in blobs], "residues": [int(r) for r in residues]})
    aside = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        with open(aside, "wb") as file:
            file.write(head.encode() + b"\n")
            file.writelines(blobs)
        aside.rename(path)
    finally:
        aside.unlink(missing_ok=True)


def read(path: Path) -> tuple[list[int], list[int]]:
    """The numbers of a file and their residues.

    Raises:
        BadFile: it cannot be read back; it is removed.
    """
    try:
        with open(path, "rb") as file:
            head = json.loads(file.readline())
            numbers = [decode(file.read(size)) for size in head["sizes"]]
        residues = [int(residue) for residue in head["residues"]]
        if [number % PRIME for number in numbers] != residues:
            raise ValueError("wrong residue modulo 2^61-1")
    except (OSError, ValueError, KeyError, TypeError) as error:
        path.unlink(missing_ok=True)
        raise BadFile(f"{path.name} cannot be used ({error}) and is computed again") from error
    return numbers, residues


@dataclass(frozen=True, order=True)
class Span:
    """The terms a < k <= b, as a name of the file that holds their P, Q, T."""

    a: int
    b: int

    def __len__(self) -> int:
        return self.b - self.a

    def __str__(self) -> str:
        return f"terms {self.a}..{self.b}"

    def path(self, directory: Path) -> Path:
        """Where the span lies.

        >>> Span(0, 70).path(Path("ranges")).as_posix()
        'ranges/0-70.pqt'
        """
        return directory / f"{self.a}-{self.b}.pqt"


def save(directory: Path, part: Range) -> None:
    """Write P, Q, T of a range under its span's name."""
    write(Span(part.a, part.b).path(directory), (part.p, part.q, part.t), part.residues)


def load(directory: Path, span: Span) -> Range:
    """P, Q, T of a span.

    Raises:
        BadFile: its file cannot be read back; it is removed.
    """
    (p, q, t), (rp, rq, rt) = read(span.path(directory))
    return Range(span.a, span.b, p, q, t, (rp, rq, rt))


def spans(directory: Path) -> list[Span]:
    """The spans in a directory, in order; of those that begin together the longest first."""
    names = [path.stem.split("-") for path in directory.glob("*-*.pqt")]
    return sorted((Span(int(a), int(b)) for a, b in names), key=lambda span: (span.a, -span.b))


def chain(directory: Path) -> list[Span]:
    """Neighbouring spans from term 0 on, each the longest that there is."""
    result: list[Span] = []
    for span in spans(directory):
        if span.a == (result[-1].b if result else 0):
            result.append(span)
    return result


def clean(directory: Path) -> None:
    """Remove everything but the longest chain of ranges; for when nothing is being computed."""
    keep = {span.path(directory) for span in chain(directory)}
    for path in directory.iterdir():
        if path not in keep:
            path.unlink(missing_ok=True)

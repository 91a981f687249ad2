"""Which tasks lead to pi on this machine, given the ranges that are on disk already; pure data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..arithmetic import chudnovsky, radix
from . import local_tasks, ranges
from .base import Phase
from .plan import CONVERT, FRACTION, MERGE, POWER, ROOT, SPLIT, cover, halves
from .ranges import Span

#: Up to so many terms per worker it gets one chunk: with the smaller changes beside it, 10^6 digits took 0.85 of the
#: time of four chunks and their merges. For more terms, longer chunks showed no gain above the noise.
SMALL = 100_000


@dataclass(frozen=True)
class Task:
    """One call in a worker: it reads what the steps named in `needs` left, and leaves the files `outputs`."""

    name: str
    function: Callable[..., None]
    args: tuple[Any, ...]
    weight: float
    outputs: tuple[Path, ...] = ()
    needs: tuple[str, ...] = ()
    spent: tuple[Path, ...] = ()  #: files that nobody needs once the outputs are there
    phase: Phase = Phase.SPLITTING

    @property
    def done(self) -> bool:
        """All its files are there, from an earlier attempt or a smaller n."""
        return bool(self.outputs) and all(path.exists() for path in self.outputs)


def joins(parts: list[Span]) -> list[tuple[Span, Span]]:
    """Pairs to merge until one is left, each after its parts."""
    if len(parts) == 1:
        return []
    left, right = halves(parts)
    return [*joins(left), *joins(right), (Span(left[0].a, left[-1].b), Span(right[0].a, right[-1].b))]


def merges(parts: list[Span]) -> tuple[list[tuple[Span, Span]], list[Span]]:
    """Pairs to merge until two are left (or the only one), and those two.

    Equal halves keep all cores busy to the end; the shortest neighbours first took 1.1 of the time after an extension,
    when kept ranges and new ones were merged across their border.
    """
    groups = halves(parts) if len(parts) > 1 else [parts]
    pairs = [pair for group in groups for pair in joins(group)]
    return pairs, [Span(group[0].a, group[-1].b) for group in groups]


def term_tasks(directory: Path, last: int, workers: int) -> tuple[list[Task], list[Span]]:
    """The tasks to the one or two ranges that cover the terms up to `last`, and those ranges."""
    parts = cover(ranges.spans(directory), last, workers, SMALL)
    pairs, ends = merges(parts)
    tasks = []
    for span in parts:
        weight = SPLIT * len(span) / last
        tasks.append(Task(str(span), local_tasks.split, (directory, span), weight, (span.path(directory),)))
    for left, right in pairs:
        both = Span(left.a, right.b)
        # threads for twice its share: after kept ranges one half is ready long before the other, and cores are free
        args = (directory, left, right, min(workers, max(1, round(2 * workers * len(both) / last))))
        weight, outputs = MERGE * len(both) / last, (both.path(directory),)
        spent = (left.path(directory), right.path(directory))
        tasks.append(Task(str(both), local_tasks.merge, args, weight, outputs, (str(left), str(right)), spent))
    return tasks, ends


def plan(n: int, directory: Path, workers: int, target: Path) -> list[Task]:
    """What remains to do for pi with n digits; each task comes after those it needs.

    Args:
        n: digits after the point.
        directory: where the files between the tasks lie.
        workers: processes that share the work.
        target: the file of digits, which begins with the 3 already.
    """
    pieces = 1 << (workers - 1).bit_length()
    digits = radix.size(n + radix.SPARE, pieces)
    bits = radix.bits(digits)
    splitting, ends = term_tasks(directory, chudnovsky.terms(digits), workers)

    root, power = directory / f"{bits}.root", directory / f"{digits}.power"
    out = tuple(directory / f"{n}.{i}-{pieces}.piece" for i in range(pieces))
    needs = ("square root", "power of five", *map(str, ends))
    tasks = [
        Task("square root", local_tasks.root, (root, bits), ROOT, (root,)),
        Task("power of five", local_tasks.power, (power, digits // 2), POWER, (power,)),
        *splitting,
        Task(
            "division",
            local_tasks.fraction,
            (directory, ends, (root, power), out, digits),
            FRACTION,
            out,
            needs,
            phase=Phase.DIVISION,
        ),
    ]
    for i, path in enumerate(out):
        args = (path, target, 1 + i * (digits // pieces), n + 1)
        name, share = f"digits of part {i + 1}", CONVERT / pieces
        tasks.append(Task(name, local_tasks.convert, args, share, needs=("division",), phase=Phase.CONVERSION))
    return required(tasks)


def required(tasks: list[Task]) -> list[Task]:
    """The tasks without those that are done, or are only needed by such."""
    wanted = {task.name for task in tasks if not task.outputs}
    result = []
    for task in reversed(tasks):
        if task.name in wanted and not task.done:
            wanted.update(task.needs)
            result.append(task)
    return result[::-1]

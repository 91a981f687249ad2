"""Which tasks lead to pi, given the ranges that are on disk already; pure data, nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from . import chudnovsky, radix, ranges, tasks
from .ranges import Span

# Shares of the processor time at 10^7 digits; progress counts finished steps by them.
SPLIT, MERGE, ROOT, POWER, FRACTION, CONVERT = 0.55, 0.06, 0.04, 0.01, 0.16, 0.18
TERMS_PER_CHUNK = 60_000
# Up to so many terms per worker it gets one chunk: with the smaller changes beside it, 10^6 digits took 0.85 of the
# time of four chunks and their merges. For more terms, longer chunks showed no gain above the noise.
SMALL = 100_000
# The square root takes as long as such a part of all terms, and the last terms take the longest; the last chunk
# goes to the worker that has had the root, so it is shorter.
ROOT_AS_TERMS = 0.12


@dataclass(frozen=True)
class Step:
    """One task of a worker: it reads what the steps named in `needs` left, and leaves the files `outputs`."""

    name: str
    function: Callable[..., None]
    args: tuple[Any, ...]
    weight: float
    outputs: tuple[Path, ...] = ()
    needs: tuple[str, ...] = ()
    spent: tuple[Path, ...] = ()  # files that nobody needs once the outputs are there

    @property
    def done(self) -> bool:
        """All its files are there, from an earlier attempt or a smaller n."""
        return bool(self.outputs) and all(path.exists() for path in self.outputs)


def chunks(a: int, b: int, workers: int, small: int = 0) -> list[Span]:
    """The terms a < k <= b in equal parts, a multiple of `workers`; up to `small` for each worker in one part each."""
    length = b - a
    if length <= workers * small:
        full = length / (workers - min(0.8, ROOT_AS_TERMS * workers))
        starts = {a + int(full * i) for i in range(workers)}
        return [Span(*pair) for pair in pairwise([*sorted(starts), b])]
    count = workers * 4
    while length > count * TERMS_PER_CHUNK:
        count *= 2
    count = min(count, length)
    edges = [a + length * i // count for i in range(count + 1)]
    return [Span(*pair) for pair in pairwise(edges)]


def cover(found: list[Span], last: int, workers: int, small: int = 0) -> list[Span]:
    """Spans from term 0 to at least `last`: those that are found, and `chunks` in the gaps between."""
    result: list[Span] = []
    end = 0
    for span in found:
        if end >= last or span.a >= last:
            break
        if span.a < end or span.b > 2 * last:
            continue  # inside the one before, or needlessly long numbers
        if span.a > end:
            result += chunks(end, span.a, workers, small)
        result.append(span)
        end = span.b
    return result + (chunks(end, last, workers, small) if end < last else [])


def halves(parts: list[Span]) -> list[list[Span]]:
    """Neighbouring spans cut in two at the edge that is nearest to their middle."""
    middle = (parts[0].a + parts[-1].b) / 2
    cut = min(range(1, len(parts)), key=lambda i: abs(parts[i].a - middle))
    return [parts[:cut], parts[cut:]]


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


def term_steps(directory: Path, last: int, workers: int) -> tuple[list[Step], list[Span]]:
    """The steps to the one or two ranges that cover the terms up to `last`, and those ranges."""
    parts = cover(ranges.spans(directory), last, workers, SMALL)
    pairs, ends = merges(parts)
    steps = []
    for span in parts:
        weight = SPLIT * len(span) / last
        steps.append(Step(str(span), tasks.split, (directory, span), weight, (span.path(directory),)))
    for left, right in pairs:
        both = Span(left.a, right.b)
        # threads for twice its share: after kept ranges one half is ready long before the other, and cores are free
        args = (directory, left, right, min(workers, max(1, round(2 * workers * len(both) / last))))
        weight, outputs = MERGE * len(both) / last, (both.path(directory),)
        spent = (left.path(directory), right.path(directory))
        steps.append(Step(str(both), tasks.merge, args, weight, outputs, (str(left), str(right)), spent))
    return steps, ends


def plan(n: int, directory: Path, workers: int, target: Path) -> list[Step]:
    """What remains to do for pi with n digits in the file `target`; each step comes after those it needs.

    `directory` is where the files between the steps lie.
    """
    pieces = 1 << (workers - 1).bit_length()
    digits = radix.size(n + tasks.SPARE, pieces)
    bits = radix.bits(digits)
    splitting, ends = term_steps(directory, chudnovsky.terms(digits), workers)

    root, power = directory / f"{bits}.root", directory / f"{digits}.power"
    out = tuple(directory / f"{n}.{i}-{pieces}.piece" for i in range(pieces))
    needs = ("square root", "power of five", *map(str, ends))
    steps = [
        Step("square root", tasks.root, (root, bits), ROOT, (root,)),
        Step("power of five", tasks.power, (power, digits // 2), POWER, (power,)),
        *splitting,
        Step("division", tasks.fraction, (directory, ends, (root, power), out, digits), FRACTION, out, needs),
    ]
    for i, path in enumerate(out):
        args = (path, target, 1 + i * (digits // pieces), n + 1)
        steps.append(Step(f"digits of part {i + 1}", tasks.convert, args, CONVERT / pieces, (), ("division",)))
    return required(steps)


def required(steps: list[Step]) -> list[Step]:
    """The steps without those that are done, or are only needed by such."""
    wanted = {step.name for step in steps if not step.outputs}
    result = []
    for step in reversed(steps):
        if step.name in wanted and not step.done:
            wanted.update(step.needs)
            result.append(step)
    return result[::-1]

"""How the terms are cut into ranges, and what each phase weighs; pure data, the same for every engine."""

from __future__ import annotations

from itertools import pairwise

from .ranges import Span

#: Shares of the processor time at 10^7 digits; progress counts finished steps by them.
SPLIT, MERGE, ROOT, POWER, FRACTION, CONVERT = 0.55, 0.06, 0.04, 0.01, 0.16, 0.18
#: Terms of the longest chunk.
TERMS_PER_CHUNK = 60_000
#: The square root takes as long as such a part of all terms, and the last terms take the longest; the last chunk
#: goes to the worker that has had the root, so it is shorter.
ROOT_AS_TERMS = 0.12


def chunks(a: int, b: int, workers: int, small: int = 0) -> list[Span]:
    """The terms a < k <= b in equal parts, a multiple of `workers`.

    Args:
        a: the term before the first.
        b: the last term.
        workers: how many work at the same time.
        small: up to so many terms for each worker there is one part for each.
    """
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
    """Spans from term 0 to at least `last`: those that are found, and `chunks` in the gaps between.

    Args:
        found: what is there already, in order; of those that begin together the longest first.
        last: the last term that is needed.
        workers: as for `chunks`.
        small: as for `chunks`.
    """
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

"""Several numbers in one line, as people type them: "10, 100, 1 000" or "1000-1010"."""

import re

from .checks import whole
from .errors import BadRequest

#: Numbers that one line may stand for, as many as may wait for the workers of a service that is set up as usual.
MOST_AT_ONCE = 1000
#: Digits in threes with the same mark between them ("1 000 000", "10,000"): one number, unless it goes on otherwise.
GROUPED = re.compile(r"(?<![\d])(?<!\d[\s,_])\d{1,3}([\s,_])\d{3}(?:\1\d{3})*(?![\s,_]?\d)")
#: One number, or a range of them.
PART = re.compile(r"(\d{1,15})(?:\s*(?:-|\u2013|\u2014|\u2026|\.\.)\s*(\d{1,15}))?")


def parse_numbers(field: str, text: str, most: int) -> list[int]:
    """The numbers that a line names, each once, in its order.

    Commas, semicolons and spaces part them; a comma or a space between groups of three digits only groups.

    Args:
        field: what the caller calls it.
        text: what was typed.
        most: the largest number that is allowed; the least is 1.

    Raises:
        BadRequest: something in it is no such number or range, or they are more than `MOST_AT_ONCE`.

    >>> parse_numbers("n", "10, 100, 1 000; 2000-2003", 10_000)
    [10, 100, 1000, 2000, 2001, 2002, 2003]
    """
    line = GROUPED.sub(lambda found: re.sub(r"\D", "", found[0]), text.strip())
    numbers: dict[int, None] = {}
    for part in _parts(field, line):
        first, last = (whole(field, int(end or part[1]), 1, most) for end in part.groups())
        if last - first >= MOST_AT_ONCE:
            raise _too_many(field, last - first + 1)
        if last < first:
            raise BadRequest(field, f"{field} has the range {part[0]!r}, which must go up", reason="range", got=part[0])
        numbers |= dict.fromkeys(range(first, last + 1))
        if len(numbers) > MOST_AT_ONCE:
            raise _too_many(field, len(numbers))
    return list(numbers)


def _parts(field: str, line: str) -> list[re.Match[str]]:
    parts, at = [], 0
    while found := PART.match(line, at):
        parts.append(found)
        gap = re.compile(r"[\s,;]+|$").match(line, found.end())
        at = gap.end() if gap else found.end()
        if gap is None or at == len(line):
            break
    if at < len(line) or not parts:
        got = line[at : at + 50] or line[:50]
        message = f'{field} must be whole numbers or ranges like "10, 100, 1000-1010"; got {got!r}'
        raise BadRequest(field, message, reason="numbers", got=got)
    return parts


def _too_many(field: str, got: int) -> BadRequest:
    message = f"{field} may name {MOST_AT_ONCE} numbers at once; got {got}"
    return BadRequest(field, message, reason="many", most=MOST_AT_ONCE, got=got)

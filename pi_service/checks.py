"""How values that callers send are checked: a refusal names the field, what was sent and what is allowed."""

import re

from .errors import BadRequest


def whole(field: str, value: object, least: int, most: int) -> int:
    """The value, if it is a whole number.

    Args:
        field: what the caller calls it.
        value: what was sent; True and 5.0 are no whole numbers.
        least: the least number that is allowed.
        most: the largest one.

    Raises:
        BadRequest: it is none, or lies outside least..most.

    >>> whole("n", 1000, 1, 10_000)
    1000
    >>> whole("n", "ten", 1, 10_000)
    Traceback (most recent call last):
    ...
    pi_service.errors.BadRequest: n must be a whole number from 1 to 10000; got 'ten'
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _no_whole(field, _shown(value), least, most)
    return value


def parse_whole(field: str, text: str, least: int, most: int | None = None) -> int:
    """The whole number that `text` writes in ASCII digits.

    Args:
        field: what the caller calls it.
        text: what was sent.
        least: the least number that is allowed.
        most: the largest one; None if the number itself has no limit.

    Raises:
        BadRequest: it is none, or lies outside least..most.

    >>> parse_whole("page", "12", 1)
    12
    >>> parse_whole("per_page", "501", 1, 500)
    Traceback (most recent call last):
    ...
    pi_service.errors.BadRequest: per_page must be a whole number from 1 to 500; got '501'
    """
    # 15 digits: more than any n, less than what SQLite or a file offset can hold
    if re.fullmatch("[0-9]{1,15}", text):
        number = int(text)
        if least <= number and (most is None or number <= most):
            return number
    raise _no_whole(field, repr(text[:50]), least, most)


def _no_whole(field: str, shown: str, least: int, most: int | None) -> BadRequest:
    allowed = f"from {least} to {most}" if most is not None else f"of at least {least}"
    message = f"{field} must be a whole number {allowed}; got {shown}"
    return BadRequest(field, message, reason="whole", least=least, most=most, got=shown.strip("'\""))


def _shown(value: object) -> str:
    huge = isinstance(value, int) and abs(value) >= 10**50  # Python itself refuses to print one of thousands of digits
    return "a number of more than 50 digits" if huge else repr(value)[:52]

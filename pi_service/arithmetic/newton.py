"""Inverse and inverse square root by Newton's iteration; pure arithmetic, products only.

    1 / a:         y += y (1 - a y)
    1 / sqrt(a):   r += r (1 - a r^2) / 2

1. Each step doubles the right bits, so the last one costs about as much as all before it together.
2. A step works with no more bits than it can make right; the precisions are planned from the last one down.
3. The error term of a step is known to be small before it is used; a longer one raises CheckFailed.
4. Products release the GIL and run beside other threads, which `//` and `isqrt` do not.
"""

from __future__ import annotations

import gmpy2
from gmpy2 import mpz

from .checked import checked_product, shifted, small_error


def precisions(bits: int, first: int) -> list[int]:
    """The precisions of a Newton iteration in bits, each less than twice the one before, up to `bits`.

    >>> precisions(1000, 300)
    [274, 516, 1000]
    """
    result = [bits]
    while result[-1] > first:
        result.append(result[-1] // 2 + 16)
    return result[::-1]


def inverse_root(bits: int) -> mpz:
    """2^bits / sqrt(10005) within a few units, by r += r (1 - 10005 r^2) / 2.

    Products only, so it runs beside other threads: 0.7 of the time of gmpy2.isqrt, and no division for it later.
    """
    h, *rest = precisions(bits, 2000)
    root = gmpy2.isqrt((mpz(1) << 2 * h) // 10005)
    for m in rest:
        square = checked_product("square root", root, root)
        error = (mpz(1) << 2 * h) - 10005 * square
        small_error("square root", error, h + 12)
        root = (root << m - h) + (checked_product("square root", root, error) >> 3 * h + 1 - m)
        h = m
    return root


def inverse(number: mpz, bits: int) -> mpz:
    """2^(number.bit_length() + bits) / number within a few units, by y += y (1 - number y)."""
    length = number.bit_length()
    h, *rest = precisions(bits, 2000)
    y = (mpz(1) << 2 * h + 8) // shifted(number, h + 8 - length)
    for m in rest:
        width = min(length, m + 8)
        error = (mpz(1) << h + width) - checked_product("division", y, number >> length - width)
        small_error("division", error, width + 12)
        drop = max(0, width - h)
        y = (y << m - h) + (checked_product("division", y, error >> drop) >> h + h + width - m - drop)
        h = m
    return y

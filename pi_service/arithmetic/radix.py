"""A binary fraction to decimal digits by divide and conquer; pure arithmetic, no division.

A piece is (x, bits, count): the fraction x / 2^bits is wanted to `count` digits.

1. Multiplied by 10^(count/2) its whole part would be the first half of the digits, and what is left behind the point
   is the second half.
2. The first half is not taken from the product, though, but from x cut to the bits that half needs: so no number is
   longer than it must be, and the halves are independent.
3. The whole part is still known modulo 2^61 - 1, and the digits of the first half, read back, must agree with it.
   That checks the product, the cut and the digits in one.
4. Every cut rounds down and costs a unit in the last of the MARGIN bits; `settled` refuses digits that such an error
   could have changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

from gmpy2 import mpz

from ..errors import CheckFailed
from .checked import ALONE, PRIME, Threads, checked_product

#: Bits that a decimal digit is worth.
BITS_PER_DIGIT = log2(10)
#: Bits of a piece beyond its digits; each level costs one unit in the last of them.
MARGIN = 80
#: Bits beyond those of a piece that Q and T of the series carry.
GUARD = 64
#: Digits computed beyond the wanted ones; all 9 or all 0 there would leave the last digit in doubt.
SPARE = 20
#: Digits of a leaf. mpz.digits() is quadratic; pieces of 800..1600 digits are cheapest (400: 1.1 x, 3200: 1.1 x).
LEAF = 1600


@dataclass(frozen=True)
class Piece:
    """The first `count` digits after the point of x / 2^bits are wanted."""

    x: mpz
    bits: int
    count: int


def size(digits: int, pieces: int = 1) -> int:
    """The least number of digits >= `digits` that halves down to leaves, `pieces` (a power of two) at least.

    >>> size(1_000_000) - 1_000_000
    448
    """
    parts = pieces
    while digits > parts * LEAF:
        parts *= 2
    return -(-digits // parts) * parts


def bits(count: int) -> int:
    """How many bits a piece of `count` digits needs."""
    return int(count * BITS_PER_DIGIT) + MARGIN


def behind_point(value: mpz, bits: int, count: int) -> Piece:
    """The piece that wants `count` digits of value / 2^bits, the whole part left out.

    >>> behind_point(mpz(7) << 3, 4, 5)  # 3.5
    Piece(x=mpz(8), bits=4, count=5)
    """
    return Piece(value - (value >> bits << bits), bits, count)


def power_of_five(exponent: int) -> mpz:
    """5^exponent.

    >>> power_of_five(3)
    mpz(125)
    """
    return mpz(5) ** exponent


def powers(count: int, smallest: int) -> dict[int, mpz]:
    """5^smallest, 5^(2 smallest), ... up to 5^count, each the square of the one before."""
    result = {smallest: power_of_five(smallest)}
    while smallest < count:
        result[smallest * 2] = result[smallest] ** 2
        smallest *= 2
    return result


def halve(
    piece: Piece, power: mpz, known: int | None = None, threads: Threads = ALONE
) -> tuple[tuple[Piece, int], tuple[Piece, int | None]]:
    """The two halves of a piece, each with the residue of its digits.

    Args:
        piece: an even count of digits.
        power: 5^(count/2).
        known: the residue of the digits of the whole piece; without it that of the second half is not known either.
        threads: what may share the product.

    Raises:
        CheckFailed: the product is wrong.
    """
    half = piece.count // 2
    width = min(bits(half), piece.bits)
    first = Piece(piece.x >> piece.bits - width, width, half)
    # x 10^half = 2^half (x 5^half): the power of two only moves the point
    point = piece.bits - half
    # the top of x makes no digits behind the point; without it the conversion takes 0.94 of the time
    top = piece.x >> point
    low = piece.x - (top << point)
    product = checked_product(f"conversion to {piece.count} digits", low, power, threads)
    whole = product >> point
    behind = product - (whole << point)
    width = min(bits(half), point)
    second = Piece(behind >> point - width, width, half)
    residue = int((top % PRIME * (power % PRIME) + whole) % PRIME)
    # the digits of both are first 10^half + second
    rest = None if known is None else (known - residue * pow(10, half, PRIME)) % PRIME
    return (first, residue), (second, rest)


def split(piece: Piece, pieces: int, power: mpz, threads: Threads = ALONE) -> list[tuple[Piece, int | None]]:
    """A piece in equal parts, each with the residue of its digits where that is known.

    Args:
        piece: what to cut.
        pieces: how many parts, a power of two.
        power: 5^(piece.count / 2).
        threads: what may share the products.
    """
    parts: list[tuple[Piece, int | None]] = [(piece, None)]
    while len(parts) < pieces:
        if len(parts) > 1:
            power = power_of_five(parts[0][0].count // 2)
        parts = [half for part, known in parts for half in halve(part, power, known, threads)]
    return parts


def digits(piece: Piece, residue: int | None = None) -> str:
    """The digits of a piece, exactly `piece.count` characters.

    Args:
        piece: the fraction and how many digits of it.
        residue: of the digits modulo PRIME, where that is known.

    Raises:
        CheckFailed: the digits, read back, have another residue.

    >>> digits(Piece(mpz(1) << 199, 200, 5))
    '50000'
    """
    leaf = piece.count
    while leaf > LEAF and leaf % 2 == 0:
        leaf //= 2
    chain = powers(piece.count // 2, leaf) if piece.count > leaf else {}
    text, found = _digits(piece, chain, leaf)
    if residue is not None and found != residue:
        raise CheckFailed(f"conversion to {piece.count} digits: the digits read back differ modulo 2^61-1")
    return text


def _digits(piece: Piece, chain: dict[int, mpz], leaf: int) -> tuple[str, int]:
    if piece.count == leaf:
        return _leaf(piece)
    half = piece.count // 2
    (first, expected), (second, _) = halve(piece, chain[half])
    text1, residue1 = _digits(first, chain, leaf)
    if residue1 != expected:
        raise CheckFailed(f"conversion to {half} digits: the digits read back differ modulo 2^61-1")
    text2, residue2 = _digits(second, chain, leaf)
    return text1 + text2, (residue1 * pow(10, half, PRIME) + residue2) % PRIME


def _leaf(piece: Piece) -> tuple[str, int]:
    value = piece.x * mpz(10) ** piece.count >> piece.bits
    text = value.digits().zfill(piece.count)
    if mpz(text) != value or len(text) != piece.count:
        raise CheckFailed(f"conversion to {piece.count} digits: the digits read back differ")
    return text, int(value % PRIME)


def settled(text: str, count: int) -> str:
    """The first `count` digits, if those behind them leave no doubt about the last.

    Raises:
        CheckFailed: they are all 0 or all 9: a unit in their last place would change digits before them.

    >>> settled("14159" + "26535897932384626433", 5)
    '14159'
    """
    if set(text[count : count + SPARE]) in ({"0"}, {"9"}):
        raise CheckFailed(f"the digits behind digit {count} are too close to a carry; more precision is needed")
    return text[:count]

"""The series: ranges, merges, the last division, and that every step is checked."""

from collections.abc import Callable
from typing import Any

import gmpy2
import pytest
from gmpy2 import mpz
from hypothesis import given, settings
from hypothesis import strategies as st

from pi_service.arithmetic import checked, newton
from pi_service.arithmetic import chudnovsky as c
from pi_service.errors import CheckFailed


def plain(a: int, b: int) -> tuple[int, int]:
    """The sum of the terms a < k <= b by the definition, from the last to the first, over one common denominator."""
    total, denominator = 0, 1
    for k in range(b, a, -1):
        total = -(6 * k - 5) * (2 * k - 1) * (6 * k - 1) * ((c.A + c.B * k) * denominator + total)
        denominator *= c.C * k**3
    return total, denominator


def is_sum(part: c.Range, a: int, b: int) -> bool:
    """Is T / Q of a range, with the powers of two that Q leaves out, the sum of these terms?"""
    total, denominator = plain(a, b)
    return (part.a, part.b) == (a, b) and part.t * denominator == total * (part.q << c.twos(a, b))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 300), st.integers(1, 300))
def test_split_is_the_sum(a: int, length: int) -> None:
    """T / Q of any range is the sum of its terms, whether factors were divided out or not."""
    assert is_sum(c.split(a, a + length), a, a + length)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 500), st.integers(1, 200), st.integers(1, 200))
def test_merge_is_the_sum(a: int, left: int, right: int) -> None:
    """Two neighbours of any lengths merge to the sum over both."""
    both = c.merge(c.split(a, a + left), c.split(a + left, a + left + right))
    assert is_sum(both, a, a + left + right)


@pytest.mark.parametrize("length", [5, 24, 48, 80, 97, 333])
def test_common_divides_every_range(length: int) -> None:
    """`common` divides P, Q and T of ranges of its length, wherever they begin."""
    factor = c.common(length)
    for a in [0, 1, length - 1, length, 1000, 12345, 10**6 + 7, 123_456_789]:
        p, q, t, *_ = c.leaf(a, a + length)
        assert p % factor == q % factor == t % factor == 0


@pytest.mark.parametrize("prime", [5, 7, 11, 13, 23, 29])
def test_common_is_the_most_that_is_sure(prime: int) -> None:
    """The exponent of a prime is the least over all beginnings, counted by brute force, in lengths below its square."""
    for length in range(1, min(prime * prime - 1, 3 * prime)):
        exponent = 0
        while c.common(length) % prime ** (exponent + 1) == 0:
            exponent += 1
        assert exponent == least(prime, length)


def least(prime: int, length: int) -> int:
    """The least number of factors `prime` in P(a,k) Q(k,b) over all a and k: k goes from a to b, factor by factor."""

    def in_p(k: int) -> int:
        return sum(factor % prime == 0 for factor in (6 * k - 5, 2 * k - 1, 6 * k - 1))

    found = []
    for a in range(prime):
        count = 3 * sum(j % prime == 0 for j in range(a + 1, a + length + 1))
        found.append(count)
        for k in range(a + 1, a + length + 1):
            count += in_p(k) - 3 * (k % prime == 0)
            found.append(count)
    return min(found)


def test_merge_compares_residues() -> None:
    """A merge of a number that differs from its residue fails and names the terms."""
    left, right = c.split(0, 40), c.split(40, 90)
    wrong = c.Range(0, 40, left.p, left.q, left.t + 1, left.residues)
    with pytest.raises(CheckFailed, match=r"merge of terms 0\.\.90: wrong residue"):
        c.merge(wrong, right)


def test_last_merge_compares_residues() -> None:
    """So does the last one, which cuts numbers."""
    left, right = c.split(0, 40), c.split(40, 90)
    wrong = c.Range(0, 40, left.p, left.q + 1, left.t, left.residues)
    with pytest.raises(CheckFailed, match=r"last merge of terms 0\.\.90"):
        c.quotient_parts([wrong, right], 4000)


@pytest.mark.parametrize("length", [60, 200])
def test_split_compares_residues(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong number inside a range is found at its first merge, also where factors are divided out."""
    leaf: Callable[[int, int], Any] = c.leaf

    def wrong(a: int, b: int) -> Any:
        p, q, t, *residues = leaf(a, b)
        return p, q, t * (1 + (a > 0) * c.common(length)), *residues

    monkeypatch.setattr(c, "leaf", wrong)
    with pytest.raises(CheckFailed, match="merge of terms"):
        c.split(0, length)


def test_division_uses_checked_products(wrong_product: checked.Threads) -> None:
    """The division fails when one of its products is wrong."""
    q, t = c.quotient_parts([c.split(0, 400)], 17000)
    with pytest.raises(CheckFailed, match="division"):
        c.fraction(q, t, newton.inverse_root(16936), 16936, wrong_product)


@pytest.mark.parametrize("threads", [1, 2])
def test_fraction_is_pi(threads: int) -> None:
    """One or two threads give the same pi as MPFR."""
    bits = 1_000_000
    last = c.terms(bits * 3 // 10 + 2000)
    pool = checked.Threads(threads)
    q, t = c.quotient_parts([c.split(0, last // 2), c.split(last // 2, last)], bits + 64, pool)
    with gmpy2.context(precision=bits + 64):
        pi = mpz(gmpy2.floor(gmpy2.mul_2exp(gmpy2.const_pi(), bits)))
    assert abs(c.fraction(q, t, newton.inverse_root(bits), bits, pool) - pi) < 1000  # a unit of the root weighs 314
    pool.close()

"""The Chudnovsky series by binary splitting, and its finish; pure arithmetic, no files, no processes.

With C = 640320^3 / 24 = 2^15 K, K odd,

    1 / pi = 12 / 640320^(3/2) * sum over k of (-1)^k (6k)! (13591409 + 545140134 k) / ((3k)! k!^3 640320^(3k))

    pi = 4270934400 Q / (sqrt(10005) (13591409 Q + T)),   P, Q, T over the terms 0 < k <= N.

For the terms a < k <= b (Haible and Papanikolaou 1997; Xue's gmp-chudnovsky 2002)

    P = prod -(6k-5)(2k-1)(6k-1),   Q = prod C k^3,   T = sum of P(a,k) Q(k,b) (13591409 + 545140134 k)

and two neighbours L, R merge to P = P_L P_R, Q = Q_L Q_R, T = T_L Q_R + P_L T_R.

1. The powers of two of C and k^3 stay out of Q, which is a fifth shorter so; a shift puts them back into T.
2. Every P, Q, T carries its residues modulo the prime 2^61 - 1. They follow from the parents' residues and are
   compared with the numbers after every merge; a mismatch raises CheckFailed and names the step.
3. Long products release the GIL in the threads of `Threads`, which spreads them over cores.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import gmpy2
from gmpy2 import mpz

from ..errors import CheckFailed
from .checked import ALONE, PRIME, Threads, checked_product, shifted, small_error
from .newton import inverse

#: Of the summands A + B k.
A, B = 13591409, 545140134
#: What each term's denominator grows by, beside k^3.
C = 640320**3 // 24
#: C without its powers of two (rule 1).
K = C >> 15
#: 4270934400: what `fraction` multiplies Q and 1 / sqrt(10005) by.
SCALE = 426880 * 10005
#: 14.18.
DIGITS_PER_TERM = math.log10(640320**3 / 1728)

#: Terms of one loop. 12 is 2 % slower, 48 is 4 %. In the loop, two terms per turn take 1.2 of the time, int instead
#: of mpz 1.2, fmma 1.1, differences instead of the polynomials in k 1.0.
LEAF = 24
#: Ranges of these lengths are divided by `common(length)`: at 10^7 digits the whole splitting takes 0.82 of the
#: time without (from 80 to 1400 terms 0.84, to 6000 terms 0.90: divisions grow dearer than what they save).
REDUCED = range(80, 3000)


def terms(digits: int) -> int:
    """How many terms after k = 0 give `digits` digits (14.18 digits each).

    >>> terms(1_000_000)
    70516
    """
    return int(digits / DIGITS_PER_TERM) + 3


@dataclass(frozen=True)
class Range:
    """P, Q, T of the terms a < k <= b (Q without its powers of two), each with its residue modulo PRIME."""

    a: int
    b: int
    p: mpz
    q: mpz
    t: mpz
    residues: tuple[int, int, int]

    def __len__(self) -> int:
        return self.b - self.a

    def check(self, step: str) -> Range:
        """Self, after comparing the numbers with the residues.

        Raises:
            CheckFailed: they differ; the message names `step` and the terms.
        """
        if (self.p % PRIME, self.q % PRIME, self.t % PRIME) != self.residues:
            raise CheckFailed(f"{step} of terms {self.a}..{self.b}: wrong residue modulo 2^61-1")
        return self


def twos(a: int, b: int) -> int:
    """The exponent of two in Q of the terms a < k <= b: 15 of each C, and 3 of each factor two of b! / a!.

    >>> twos(3, 4)
    21
    """
    return 18 * (b - a) + 3 * (a.bit_count() - b.bit_count())


def merged_residues(left: Range, right: Range) -> tuple[int, int, int]:
    """The residues that the merge of two neighbours must have."""
    (p1, q1, t1), (p2, q2, t2) = left.residues, right.residues
    power = 1 << twos(right.a, right.b) % 61  # 2^61 is 1 modulo PRIME
    return p1 * p2 % PRIME, q1 * q2 % PRIME, (t1 * q2 * power + p1 * t2) % PRIME


def merge(left: Range, right: Range, threads: Threads = ALONE) -> Range:
    """P, Q, T of two neighbouring ranges together.

    Raises:
        CheckFailed: a product is wrong.
    """
    t1q2, p1t2, q, p = threads.run(
        lambda: left.t * right.q,
        lambda: left.p * right.t,
        lambda: left.q * right.q,
        lambda: left.p * right.p,
    )
    t = (t1q2 << twos(right.a, right.b)) + p1t2
    return Range(left.a, right.b, p, q, t, merged_residues(left, right)).check("merge")


@lru_cache(maxsize=256)
def common(length: int) -> mpz:
    """A number that divides P, Q and T of every range of so many terms, wherever it begins.

    Let p^i be a power of a prime p > 3. It divides k^3 (three times) at one of p^i consecutive k, and 6k-1, 2k-1
    and 6k-5 a sixth, a half and five sixths of the way to the next. A summand P(a,k) Q(k,b) of T escapes
    most of them when Q begins right after such a k; counting what is left, with L + 1 = m p^i + r, gives
    3m - 3, and one more for each of 6r >= p^i, 2r >= p^i, 6r >= 5 p^i (the tests count it by brute force
    over all beginnings and get the same). For p = 3 only 2k-1 counts; 2 does not divide P.

    Unlike the gcd of P_L and Q_R, which gmp-chudnovsky divides out, this needs no sieve and no lists of factors,
    and serves all ranges of one length; 4 bits a term of what could be removed remain.

    >>> common(12) == 3**3 * 5**5 * 7**3 * 11
    True
    """
    factors, prime = [mpz(1)], 3
    while prime <= length + 1:
        exponent, power = 0, prime
        while power <= length + 1:
            m, r = divmod(length + 1, power)
            exponent += max(0, 3 * m - 3 + (6 * r >= power) + (2 * r >= power) + (6 * r >= 5 * power))
            power *= prime
        factors.append(mpz(prime) ** (exponent // 3 if prime == 3 else exponent))
        prime = int(gmpy2.next_prime(prime))
    return mpz(math.prod(factors))


@dataclass(frozen=True)
class Shape:
    """What all ranges of one length share when they are split in halves."""

    left: int  #: terms of the left half
    factor: mpz  #: to divide P, Q, T by after the merge; 1 for most lengths
    inverse: int  #: of factor modulo PRIME
    cut: mpz  #: by what P, Q, T are smaller then in all


@lru_cache(maxsize=1024)
def shape(length: int) -> Shape:
    """The shape of ranges with so many terms."""
    left = length // 2
    cut = math.prod(shape(half).cut if half > LEAF else 1 for half in (left, length - left))
    factor = common(length) // cut if length in REDUCED else mpz(1)
    inverse = pow(int(factor), -1, PRIME)
    # longer ranges are never divided again, so their cut does not matter
    return Shape(left, factor, inverse, cut * factor if length in REDUCED else mpz(1))


@lru_cache(maxsize=64)
def power_of_k(exponent: int) -> mpz:
    """K^exponent."""
    return mpz(K) ** exponent


#: P, Q, T and their residues: in the many short ranges at the bottom even a dataclass would cost 10 %.
Numbers = tuple[mpz, mpz, mpz, int, int, int]


def leaf(a: int, b: int) -> Numbers:
    """The terms a < k <= b one after another; k^3 is left to the end for Q."""
    p, q, t, c = mpz(1), mpz(1), mpz(0), mpz(C)
    for k in range(a + 1, b + 1):
        q *= k
        p *= ((108 - 72 * k) * k - 46) * k + 5
        t *= c * (k * k * k)
        t += p * (A + B * k)
    q >>= b - a + a.bit_count() - b.bit_count()
    q = q * q * q * power_of_k(b - a)
    return p, q, t, p % PRIME, q % PRIME, t % PRIME


def numbers(a: int, b: int) -> Numbers:
    """P, Q, T of the terms a < k <= b with their residues, which have been compared at every merge."""
    if b - a <= LEAF:
        return leaf(a, b)
    form = shape(b - a)
    p1, q1, t1, rp1, rq1, rt1 = numbers(a, a + form.left)
    p2, q2, t2, rp2, rq2, rt2 = numbers(a + form.left, b)
    shift = twos(a + form.left, b)
    p, q, t = p1 * p2, q1 * q2, (t1 * q2 << shift) + p1 * t2
    rp, rq, rt = rp1 * rp2, rq1 * rq2, (rt1 * rq2 << shift % 61) + rp1 * rt2
    if form.factor > 1:
        p, q, t = (gmpy2.divexact(number, form.factor) for number in (p, q, t))
        rp, rq, rt = rp * form.inverse, rq * form.inverse, rt * form.inverse
    rp, rq, rt = rp % PRIME, rq % PRIME, rt % PRIME
    if p % PRIME != rp or q % PRIME != rq or t % PRIME != rt:
        raise CheckFailed(f"merge of terms {a}..{b}: wrong residue modulo 2^61-1")
    return p, q, t, rp, rq, rt


def split(a: int, b: int) -> Range:
    """P, Q, T of the terms a < k <= b."""
    p, q, t, *residues = numbers(a, b)
    rp, rq, rt = map(int, residues)
    return Range(a, b, p, q, t, (rp, rq, rt))


def quotient_parts(ranges: list[Range], bits: int, threads: Threads = ALONE) -> tuple[mpz, mpz]:
    """Q and T of one or two neighbouring ranges from term 0, cut to `bits` bits (Q with all its powers of two).

    The right range weighs P_L / Q_L, so it is cut to the bits that still count (usually half of them) before
    the products, and P is not needed: 0.6 of the time of a full merge.

    Args:
        ranges: from term 0 on.
        bits: what Q shall have.
        threads: what may share the products.

    Raises:
        CheckFailed: a product is wrong.
    """
    left, *rest = ranges
    if not rest:
        cut = bits - left.q.bit_length()
        return shifted(left.q, cut), shifted(left.t, cut - twos(left.a, left.b))
    right = rest[0]
    power1, power2 = twos(left.a, left.b), twos(right.a, right.b)
    weight = left.q.bit_length() + power1 - left.p.bit_length()
    cut = min(0, max(0, bits - weight) + 64 - right.q.bit_length() - power2)
    q2, t2 = shifted(right.q, power2 + cut), shifted(right.t, cut)
    t1q2, p1t2 = threads.run(lambda: left.t * q2, lambda: left.p * t2)
    q = threads.product(left.q, q2)  # a third product beside these two would leave a thread idle
    t = t1q2 + p1t2
    (p1, q1, t1), r2 = left.residues, q2 % PRIME
    if (q % PRIME, t % PRIME) != (q1 * r2 % PRIME, (t1 * r2 + p1 * (t2 % PRIME)) % PRIME):
        raise CheckFailed(f"last merge of terms 0..{right.b}: wrong residue modulo 2^61-1")
    cut = bits - q.bit_length()
    return shifted(q, cut), shifted(t, cut - power1)


def fraction(q: mpz, t: mpz, root: mpz, bits: int, threads: Threads = ALONE) -> mpz:
    """pi * 2^bits within some hundred units (one of the root weighs 314).

    SCALE Q root / (A Q + T) by Newton: the inverse of the divisor to half of the bits beside the product Q root,
    then quotient, remainder, and the remainder's quotient. Against `//` on one core 0.9 of the time, on two 0.5.

    Args:
        q: Q with all its powers of two, cut.
        t: T, cut as Q is.
        root: `inverse_root(bits)`.
        bits: behind the binary point.
        threads: what may share the products.

    Raises:
        CheckFailed: a product or the size of a remainder is wrong.
    """
    divisor = A * q + t
    half, length = bits // 2 + 32, divisor.bit_length()
    y, qr = threads.run(lambda: inverse(divisor, half), lambda: checked_product("division", q, root))
    dividend = SCALE * qr
    low = bits - half + 16
    drop = max(0, dividend.bit_length() - half - 16)
    high = checked_product("division", dividend >> drop, y, threads) >> length + half + low - drop
    rest = dividend - (checked_product("division", divisor, high, threads) << low)
    small_error("division", rest, length + low + 12)
    drop = max(0, length + low - half)
    return (high << low) + (checked_product("division", rest >> drop, y, threads) >> length + half - drop)

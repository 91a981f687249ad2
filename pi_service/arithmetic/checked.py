"""Long products whose results are checked, in threads; pure arithmetic, no files, no processes.

1. Every long number has its residue modulo the prime 2^61 - 1 beside it. Of a product it is the product of the
   factors' residues, so `x y mod p = (x mod p)(y mod p) mod p` finds a wrong product with a chance of error of 2^-61,
   for 1 % of the product's time.
2. gmpy2 lets go of the interpreter lock only where `release_gil` was called; a context belongs to one thread.
3. Threads share nothing but the numbers they read: an mpz never changes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import gmpy2
from gmpy2 import mpz

from ..errors import CheckFailed

Result = TypeVar("Result")

#: Residues are taken modulo this prime: they fit a machine word, and `%` by it costs 1 % of a product.
PRIME = (1 << 61) - 1


#: Bits of the shorter factor from which on a product is cut in two.
WORTH_CUTTING = 200_000


def release_gil() -> None:
    """Let the products of the calling thread run beside other threads; the short ones become 3 % slower."""
    gmpy2.get_context().allow_release_gil = True


def encode(number: mpz | int) -> bytes:
    """A number as bytes, for `decode`."""
    data: bytes = gmpy2.to_binary(mpz(number))
    return data


def decode(data: bytes) -> mpz:
    """The number that `encode` turned into bytes.

    Raises:
        ValueError: no number does.
    """
    return mpz(gmpy2.from_binary(data))


class Threads:
    """A few threads for independent products.

    Args:
        count: how many; with 1 everything runs in the caller.
    """

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, initializer=release_gil) if count > 1 else None

    def run(self, *calls: Callable[[], Result]) -> list[Result]:
        """Results of the calls, in order; a call must not call `run` itself."""
        if self._pool is None:
            return [call() for call in calls]
        return [future.result() for future in [self._pool.submit(call) for call in calls]]

    def product(self, x: mpz, y: mpz) -> mpz:
        """x * y with the longer factor cut in two: a quarter more work, in half the time."""
        if self._pool is None or min(x.bit_length(), y.bit_length()) < WORTH_CUTTING:
            return x * y
        if x.bit_length() < y.bit_length():
            x, y = y, x
        half = x.bit_length() // 2
        high = x >> half
        low = x - (high << half)
        small, big = self.run(lambda: low * y, lambda: high * y)
        return (big << half) + small

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()


#: No threads: everything runs in the caller.
ALONE = Threads(1)


def checked_product(step: str, x: mpz, y: mpz, threads: Threads = ALONE) -> mpz:
    """x * y, compared with the product of the residues.

    Args:
        step: what it is for, named by the error.
        x: a factor.
        y: a factor.
        threads: what may share the work.

    Raises:
        CheckFailed: the product is wrong.
    """
    product = threads.product(x, y)
    if product % PRIME != (x % PRIME) * (y % PRIME) % PRIME:
        raise CheckFailed(f"{step}: wrong residue modulo 2^61-1")
    return product


def small_error(step: str, error: mpz, bits: int) -> None:
    """A Newton step doubles the right bits only if the error before it has the expected size.

    Raises:
        CheckFailed: it is longer than `bits`.
    """
    if error.bit_length() > bits:
        raise CheckFailed(f"{step}: {error.bit_length()} bits of error where at most {bits} are possible")


def shifted(number: mpz, bits: int) -> mpz:
    """number * 2^bits rounded down, for bits of either sign."""
    return number << bits if bits >= 0 else number >> -bits

"""Newton's iterations, against the integer square root and the division."""

import gmpy2
import pytest
from gmpy2 import mpz
from hypothesis import given, settings
from hypothesis import strategies as st

from pi_service.arithmetic import newton


@pytest.mark.parametrize("bits", [100, 1999, 2001, 5000, 40_000, 123_457])
def test_inverse_root(bits: int) -> None:
    """The inverse root agrees with the integer square root to a few units."""
    assert abs(newton.inverse_root(bits) - gmpy2.isqrt((mpz(1) << 2 * bits) // 10005)) < 50


@settings(deadline=None, max_examples=50)
@given(st.integers(2000, 20_000), st.integers(1, 2**80))
def test_inverse(bits: int, seed: int) -> None:
    """The inverse agrees with the division to a few units, for divisors shorter and longer than it."""
    number = mpz(seed) ** 97
    assert abs(newton.inverse(number, bits) - (mpz(1) << number.bit_length() + bits) // number) < 50

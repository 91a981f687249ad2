"""Checked products, and numbers as bytes."""

import pytest
from gmpy2 import mpz

from pi_service.arithmetic import checked
from pi_service.errors import CheckFailed


@pytest.mark.parametrize("step", ["square root", "division"])
def test_products_compare_residues(step: str, wrong_product: checked.Threads) -> None:
    """A wrong product in the square root or the division fails with the step's name."""
    with pytest.raises(CheckFailed, match=f"{step}: wrong residue"):
        checked.checked_product(step, mpz(3) ** 500, mpz(7) ** 500, wrong_product)


def test_a_wrong_start_does_not_pass_a_newton_step() -> None:
    """An error that is too large before a Newton step is an error, not a slightly wrong result."""
    with pytest.raises(CheckFailed, match="square root: 101 bits of error where at most 100"):
        checked.small_error("square root", mpz(1) << 100, 100)


def test_numbers_travel_as_bytes() -> None:
    """`decode` gives back what `encode` took, negative numbers and zero included."""
    for number in (0, 1, -1, 2**1000 - 3, -(2**64)):
        assert checked.decode(checked.encode(number)) == number

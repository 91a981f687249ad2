"""Conversion to decimal digits, against plain integer arithmetic."""

import random

import pytest
from gmpy2 import mpz
from hypothesis import given, settings
from hypothesis import strategies as st

from pi_service.arithmetic import checked, radix
from pi_service.arithmetic.radix import Piece
from pi_service.errors import CheckFailed


def piece(count: int, seed: int = 1) -> Piece:
    """A random fraction for so many digits."""
    bits = radix.bits(count)
    return Piece(mpz(random.Random(seed).getrandbits(bits)), bits, count)


def plain(part: Piece) -> str:
    """The digits by one multiplication."""
    return str(part.x * mpz(10) ** part.count >> part.bits).zfill(part.count)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 40_000), st.integers(0, 10**6))
def test_digits_are_those_of_one_product(wanted: int, seed: int) -> None:
    """Halving gives the digits that one long multiplication gives, up to the last few that the margin protects."""
    part = piece(radix.size(wanted), seed)
    assert radix.digits(part) == plain(part)


def test_leading_zeros_stay() -> None:
    """Every piece has exactly its number of characters, zeros in front included."""
    part = Piece(mpz(1), radix.bits(6400), 6400)
    assert radix.digits(part) == plain(part)
    assert radix.digits(part).startswith("0" * 6400)


@pytest.mark.parametrize("pieces", [1, 2, 4, 8])
def test_pieces_join_to_the_whole(pieces: int) -> None:
    """Split for several workers, the parts' digits follow each other and agree with their residues."""
    whole = piece(radix.size(50_000, pieces))
    parts = radix.split(whole, pieces, radix.power_of_five(whole.count // 2))
    assert "".join(radix.digits(part, residue) for part, residue in parts) == plain(whole)


def test_size_halves_down_to_equal_leaves() -> None:
    """`size` is a leaf's digits times a power of two, and wastes less than one digit per leaf."""
    for wanted in (1, 1599, 1600, 1601, 99_999, 10**6, 123_456_789):
        size = radix.size(wanted, 4)
        leaf = size
        while leaf > radix.LEAF:
            assert leaf % 2 == 0
            leaf //= 2
        assert wanted <= size < wanted + size // leaf + 4


def test_altered_piece_fails() -> None:
    """A piece that was altered after its residue was taken fails, and the error names the step."""
    whole = piece(radix.size(20_000, 2))
    (first, residue), _ = radix.split(whole, 2, radix.power_of_five(whole.count // 2))
    altered = Piece(first.x ^ (mpz(1) << first.bits - 40), first.bits, first.count)
    with pytest.raises(CheckFailed, match=r"conversion to .* digits: the digits read back differ"):
        radix.digits(altered, residue)


def test_wrong_product_fails() -> None:
    """A wrong product in the conversion is found by its residue."""

    class Wrong(checked.Threads):
        def product(self, x: mpz, y: mpz) -> mpz:
            return x * y + (mpz(1) << 4000)

    whole = piece(20_000)
    with pytest.raises(CheckFailed, match="conversion to 20000 digits: wrong residue"):
        radix.halve(whole, radix.power_of_five(10_000), threads=Wrong(1))


def test_doubtful_digits_fail() -> None:
    """Digits that a carry from behind could change are not handed out."""
    for doubtful in ("12345" + "9" * radix.SPARE, "12345" + "0" * radix.SPARE):
        with pytest.raises(CheckFailed, match="too close to a carry"):
            radix.settled(doubtful, 5)

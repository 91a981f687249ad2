"""Several numbers in one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pi_service.errors import BadRequest
from pi_service.numbers import MOST_AT_ONCE, parse_numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("7", [7]),
        ("1 000 000", [1_000_000]),
        ("10,000", [10_000]),
        ("1\u00a0000\u202f", [1000]),
        ("10, 100, 1000", [10, 100, 1000]),
        ("10,100,1000", [10, 100, 1000]),
        ("10 100 1000", [10, 100, 1000]),
        ("5 10 100", [5, 10, 100]),
        ("1 000, 2 000; 3000", [1000, 2000, 3000]),
        ("1000-1003", [1000, 1001, 1002, 1003]),
        ("8 \u2013 10, 9..11", [8, 9, 10, 11]),
        (" 5\n6\n", [5, 6]),
        ("5, 5", [5]),
    ],
)
def test_lines(text: str, numbers: list[int]) -> None:
    """Commas, semicolons and spaces part numbers, groups of three digits stay together, a dash spans a range."""
    assert parse_numbers("n", text, 10_000_000) == numbers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "n must be whole numbers or ranges like \"10, 100, 1000-1010\"; got ''"),
        ("ten", "n must be whole numbers or ranges like \"10, 100, 1000-1010\"; got 'ten'"),
        ("10, x", "n must be whole numbers or ranges like \"10, 100, 1000-1010\"; got 'x'"),
        ("-5", "n must be whole numbers or ranges like \"10, 100, 1000-1010\"; got '-5'"),
        ("1.5", "n must be whole numbers or ranges like \"10, 100, 1000-1010\"; got '.5'"),
        ("5-", "n must be whole numbers or ranges like \"10, 100, 1000-1010\"; got '-'"),
        ("9-5", "n has the range '9-5', which must go up"),
        ("0", "n must be a whole number from 1 to 9999; got 0"),
        ("5, 10000", "n must be a whole number from 1 to 9999; got 10000"),
        ("1-1001", f"n may name {MOST_AT_ONCE} numbers at once; got 1001"),
        ("1-600, 700-1300", f"n may name {MOST_AT_ONCE} numbers at once; got 1201"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    """What is refused is named, with what is allowed."""
    with pytest.raises(BadRequest) as raised:
        parse_numbers("n", text, 9999)
    assert (raised.value.field, str(raised.value)) == ("n", message)


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=20, unique=True), st.sampled_from([", ", "; ", "\n; "]))
def test_what_is_written_is_read(numbers: list[int], gap: str) -> None:
    """A written list is read back as it is."""
    assert parse_numbers("n", gap.join(map(str, numbers)), 10_000_000) == numbers


@given(st.text(alphabet="0123456789 ,;-.x", max_size=40))
def test_any_line(text: str) -> None:
    """Whatever is typed is understood or refused."""
    try:
        assert all(1 <= n <= 500 for n in parse_numbers("n", text, 500))
    except BadRequest as refusal:
        assert refusal.field == "n"

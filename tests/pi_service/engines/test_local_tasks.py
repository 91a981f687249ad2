"""The quick way to few digits, against a way that shares nothing with it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pi_service.engines import local_tasks


def machin(digits: int) -> str:
    """pi by Machin's formula in plain integers, 3 and `digits` digits: a way that shares nothing with the engine's."""

    def arctan(x: int) -> int:
        power = total = one // x
        k = 1
        while power:
            power //= -x * x
            k += 2
            total += power // k
        return total

    one = 10 ** (digits + 20)
    return str(4 * (4 * arctan(5) - arctan(239)) // 10**20)


@pytest.fixture(scope="module")
def known() -> str:
    """3 and 3020 digits of pi."""
    return machin(3020)


@settings(deadline=None, max_examples=60)
@given(n=st.one_of(st.integers(1, 3000), st.integers(755, 775)))
def test_digits_are_truncated(n: int, known: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every n gives the first n digits of an independent computation, never rounded, at six nines neither."""
    path = tmp_path_factory.getbasetemp() / "quick"
    local_tasks.quick(path, n)
    assert path.read_text() == known[: n + 1]

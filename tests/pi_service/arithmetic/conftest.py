"""A processor that multiplies wrongly."""

import pytest
from gmpy2 import mpz

from pi_service.arithmetic import checked


class Wrong(checked.Threads):
    """Threads whose first product of long numbers is off by one bit."""

    def __init__(self) -> None:
        super().__init__(1)

    def product(self, x: mpz, y: mpz) -> mpz:
        return x * y + 1024


@pytest.fixture
def wrong_product() -> checked.Threads:
    return Wrong()

"""The engine for tests is itself right."""

import asyncio
from pathlib import Path

from pi_service.engines.base import Engine
from pi_service.testing import MemoryEngine, digits_of_pi


def test_digits() -> None:
    """Its digits agree with published ones, and any length is a beginning of a longer one."""
    assert digits_of_pi(100).endswith("3421170679")
    assert digits_of_pi(10_000).endswith("5256375678")
    assert all(digits_of_pi(1000).startswith(digits_of_pi(n)) and len(digits_of_pi(n)) == n + 1 for n in range(300))


def test_engine(tmp_path: Path) -> None:
    """It keeps the contract of an engine: a file of n + 1 digits that belongs to the caller."""

    async def run(engine: Engine) -> Path:
        await engine.start(tmp_path)
        return await engine.compute(50, lambda fraction: None)

    path = asyncio.run(run(MemoryEngine()))
    assert (path.parent, path.read_text()) == (tmp_path, digits_of_pi(50))

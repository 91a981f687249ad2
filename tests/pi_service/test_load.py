"""The last hour of a service."""

from pathlib import Path

import pytest

from pi_service import load
from pi_service.service import Service
from pi_service.testing import MemoryEngine


def last(service: Service, name: str) -> float:
    """The value of the minutes under way, which may have become two."""
    return sum(value or 0 for value in service.load()[name])


@pytest.mark.gen_test
async def test_jobs_and_queue(service: Service, engine: MemoryEngine) -> None:
    """Stored jobs are counted, and the longest queue is seen; without dialogs nothing is told of them."""
    assert set(service.load()) == {"minutes", "jobs", "queue"}
    engine.gate.clear()
    service.submit(1000)
    await engine.begun(1000)
    service.submit(2000)
    service.submit(3000)
    assert last(service, "queue") == 2
    engine.gate.set()
    for n in (1000, 2000, 3000):
        await service.wait(n)
    assert last(service, "jobs") == 3


@pytest.mark.gen_test
async def test_turns_and_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns are told by the second, in the minute under way by the seconds gone by; sessions as they are."""
    now, told = 1000.0 * 60 + 30, [100, 5]
    monkeypatch.setattr(load.time, "time", lambda: now)
    service = Service(tmp_path, engine=MemoryEngine(), talk=lambda: (told[0], told[1]))
    await service.start()
    service.load()
    told[:] = [160, 7]
    assert (service.load()["turns"][-1], service.load()["sessions"][-1]) == (2.0, 7)
    now += 60
    assert service.load()["turns"][-2:] == [1.0, 0.0]
    await service.stop()

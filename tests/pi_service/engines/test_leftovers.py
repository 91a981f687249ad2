"""What is left of a server that got SIGKILL: real processes, real folders."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pi_service.engines import leftovers

pytestmark = pytest.mark.slow  # servers with workers start

SERVER = """
import asyncio, sys
from pathlib import Path
from pi_service.engines.local_engine import LocalEngine

async def main():
    engine = LocalEngine(workers=2)
    await engine.start(Path(sys.argv[1]))
    print(*engine.pids(), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a short name: a socket's path must fit into 107 bytes."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


class Server:
    """A process with an engine in `work`, and a temporary directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.work, temporary = directory / "work", directory / "temporary"
        for path in (self.work, temporary):
            path.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, self.work],
            env=os.environ | {"TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.workers = [int(pid) for pid in self.process.stdout.readline().split()]
        self.folder = Path(os.readlink(self.work / leftovers.LINK))
        assert self.folder.parent == temporary

    def kill(self) -> str:
        """Send SIGKILL; what all of its processes wrote to stderr until the last of them was gone."""
        self.process.kill()
        return self.process.communicate(timeout=30)[1]


def test_nothing_outlives_a_killed_server(directory: Path) -> None:
    """After SIGKILL of the server all its processes end, a stopped worker too, and none warns of leaks."""
    server = Server(directory)
    assert len(server.workers) == 3
    os.kill(server.workers[0], signal.SIGSTOP)
    assert server.kill() == ""
    assert not [pid for pid in server.workers if os.path.exists(f"/proc/{pid}/exe")]


def test_the_next_start_cleans_up(directory: Path) -> None:
    """The folder of a killed server goes when the next one starts in the same directory: there is never a second."""
    for _ in range(2):
        server = Server(directory)
        assert list(server.folder.parent.iterdir()) == [server.folder]
        server.kill()
        assert server.folder.exists()


def test_living_and_foreign_folders_stay(directory: Path) -> None:
    """A folder in which somebody listens, and one that is not of multiprocessing, are left alone."""
    server = Server(directory)
    leftovers.clean(server.work)
    assert server.folder.exists()
    server.kill()
    for name in ("pymp-", "photos"):
        foreign = directory / name
        foreign.mkdir()
        (server.work / leftovers.LINK).unlink()
        (server.work / leftovers.LINK).symlink_to(foreign)
        leftovers.clean(server.work)
        assert foreign.exists()
    (server.work / leftovers.LINK).unlink()
    (server.work / leftovers.LINK).symlink_to(server.folder)
    leftovers.clean(server.work)
    assert not server.folder.exists()

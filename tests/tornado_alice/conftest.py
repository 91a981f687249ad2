"""A real server process for tests."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from databases import Postgres, serving
from processes import HELLO, ServerProcess

from tornado_alice.journal.postgres import connections
from tornado_alice.live import SessionCache


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Start servers; what still runs at the end of the test is stopped."""
    started = []

    def start(*args: str, data_dir: Path = tmp_path / "data") -> ServerProcess:
        started.append(ServerProcess(data_dir, *args))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture
def hello(tmp_path: Path) -> str:
    """A user's script in a file; it counts its turns."""
    path = tmp_path / "hello.py"
    path.write_text(HELLO, "utf-8")
    return str(path)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for all tests; each takes a database of its own."""
    with serving() as server:
        yield server


@pytest.fixture
def database(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty database; for a busy machine there is more patience with it in this process."""
    monkeypatch.setattr(connections, "ATTEMPT", 10.0)
    monkeypatch.setattr(connections, "PATIENCE", 20.0)
    monkeypatch.setitem(connections.SETTINGS, "statement_timeout", "10000")
    return postgres.create()


def children(pid: int) -> set[int]:
    """Processes whose parent is `pid`, and theirs."""
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[1]) == pid:
                found |= {int(entry)} | children(int(entry))
    return found


@pytest.fixture
def children_of() -> Callable[[int], set[int]]:
    return children


@pytest.fixture(params=["live", "always replayed"])
def replay_mode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test twice: as it is, and with every script dropped after each of its turns."""
    if request.param == "always replayed":
        monkeypatch.setattr("tornado_alice.dialogs.SessionCache", lambda most, idle: SessionCache(0, idle))


@pytest.fixture(autouse=True)
def busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has no time for the test for a moment must not look like a script that blocks; what was counted at
    prompts is written, and old sessions are swept, when a test says so, not in the middle of it."""
    monkeypatch.setattr("tornado_alice.pace.HELD", 5.0)
    monkeypatch.setattr("tornado_alice.tallies.FLUSH", 600.0)
    monkeypatch.setattr("tornado_alice.journal.sqlite.HOUSEKEEPING", 600.0)

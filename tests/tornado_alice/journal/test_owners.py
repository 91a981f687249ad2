"""Who runs a step: a process holds its claim exactly as long as it lives."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

from tornado_alice import SqliteJournal
from tornado_alice.journal.owners import Owner
from tornado_alice.journal.records import Head, Place

KEY = ("skill", "session")
CLAIMS = """
import asyncio, sys
from pathlib import Path
from tornado_alice import SqliteJournal
from tornado_alice.journal.records import Head, Place

async def main():
    journal = SqliteJournal(Path(sys.argv[1]))
    await journal.start()
    print(await journal.claim(("skill", "session"), Head(), Place(0, 0), "asked", "f"), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def claim(path: Path) -> int | None:
    journal = SqliteJournal(path)
    await journal.start()
    try:
        return await journal.claim(KEY, Head(), Place(0, 0), "asked", "f")
    finally:
        await journal.stop()


def test_a_step_is_taken_over_when_its_process_is_gone_and_not_before(tmp_path: Path) -> None:
    """Neither a running nor a stopped process loses its claim; a killed one loses it at once."""
    path = tmp_path / "j.sqlite3"
    process = subprocess.Popen([sys.executable, "-c", CLAIMS, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "1\n"
    try:
        assert asyncio.run(claim(path)) is None
        process.send_signal(signal.SIGSTOP)
        assert asyncio.run(claim(path)) is None
    finally:
        process.kill()
        process.communicate(timeout=20)
    assert asyncio.run(claim(path)) == 1


def test_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    """A process that starts cleans up after those that were killed, and leaves nothing itself."""
    path = tmp_path / "j.sqlite3"
    process = subprocess.Popen([sys.executable, "-c", CLAIMS, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline()
    process.kill()
    process.communicate(timeout=20)
    folder = path.with_name(path.name + "-owners")
    assert len(list(folder.iterdir())) == 1
    asyncio.run(claim(path))
    assert list(folder.iterdir()) == []


def test_two_journals_of_one_process_are_two_owners(tmp_path: Path) -> None:
    """What one journal has claimed is not free for another one in the same process."""
    one, other = Owner(tmp_path), Owner(tmp_path)
    assert one.is_other_alive(other.name) and not one.is_other_alive(one.name)
    name = other.name
    other.release()
    assert not one.is_other_alive(name)

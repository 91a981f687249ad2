"""What is peculiar to the journal in a SQLite file: locks, damage, its mode, its log."""

import asyncio
import sqlite3
import stat
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import pytest

from tornado_alice import JournalError, SqliteJournal
from tornado_alice.journal.base import Retention
from tornado_alice.journal.records import Head, Op, Record

KEY = ("skill", "session")


def record(
    n: int, message_id: int | None = None, at: float = 1000.0, ops: Iterable[Op] = (), reply: bytes = b'{"n": 1}'
) -> Record:
    return Record(n, message_id, at, b'{"request": 1}', list(ops), reply, "digest", "version")


def run(journal: SqliteJournal, scenario: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    async def whole():
        await journal.start()
        try:
            return await scenario(journal)
        finally:
            await journal.stop()

    return asyncio.run(whole())


def test_secret_is_shared_by_processes(tmp_path: Path) -> None:
    """Two journals on one file have the same 32 secret bytes."""

    async def secret(journal: SqliteJournal):
        return journal.secret

    secrets = {run(SqliteJournal(tmp_path / "j.sqlite3"), secret) for _ in range(2)}
    assert len(secrets) == 1 and len(secrets.pop()) == 32


def test_journal_is_private(tmp_path: Path) -> None:
    """The journal file, which holds what users said, is readable by its owner alone."""

    async def mode(journal: SqliteJournal):
        return stat.S_IMODE(journal.path.stat().st_mode)

    assert run(SqliteJournal(tmp_path / "j.sqlite3"), mode) == 0o600


@pytest.mark.slow
@pytest.mark.parametrize("durability", ["normal", "power"])
def test_locked_journal_is_an_error_and_recovers(tmp_path: Path, durability: str) -> None:
    """A journal that another program holds: a clear error for the turn, and the next one is kept once it is free."""

    async def scenario(journal: SqliteJournal):
        other = sqlite3.connect(journal.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="another program holds the journal"):
            await journal.commit(KEY, Head(), record(0))
        other.execute("ROLLBACK")
        await journal.commit(KEY, Head(), record(0))
        other.close()

    run(SqliteJournal(tmp_path / "j.sqlite3", durability), scenario)


def test_short_lock_is_waited_out(tmp_path: Path) -> None:
    """A write waits for another process's transaction without an error, and without blocking the loop."""

    async def scenario(journal: SqliteJournal):
        other = sqlite3.connect(journal.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        write = asyncio.ensure_future(journal.commit(KEY, Head(), record(0)))
        for _ in range(3):
            await asyncio.sleep(0.01)
        assert not write.done()
        other.execute("COMMIT")
        other.close()
        assert await write

    run(SqliteJournal(tmp_path / "j.sqlite3"), scenario)


@pytest.mark.parametrize("damage", [b"this is no database at all, " * 40, None])
def test_damaged_file_is_a_clear_error(tmp_path: Path, damage: bytes | None) -> None:
    """A journal file that is no database, or whose pages are overwritten, is an error that says what to do."""
    path = tmp_path / "j.sqlite3"
    if damage is None:

        async def fill(journal: SqliteJournal):
            for n in range(200):
                await journal.commit(("skill", str(n)), Head(), record(0))
            journal.tidy()

        run(SqliteJournal(path), fill)
        content = bytearray(path.read_bytes())
        content[4096:] = b"\xff" * (len(content) - 4096)
        path.write_bytes(content)
    else:
        path.write_bytes(damage)

    async def scenario(journal: SqliteJournal):
        await journal.load(KEY)
        await journal.commit(KEY, Head(), record(0))

    with pytest.raises(JournalError, match="the file is damaged"):
        run(SqliteJournal(path), scenario)


def test_closed_journal_says_so(tmp_path: Path) -> None:
    """A journal that is not open refuses reads and writes with an error."""
    journal = SqliteJournal(tmp_path / "j.sqlite3")
    with pytest.raises(JournalError, match="closed"):
        asyncio.run(journal.load(KEY))
    with pytest.raises(JournalError, match="closed"):
        asyncio.run(journal.commit(KEY, Head(), record(0)))


def test_checkpoint_moves_the_log_into_the_file(tmp_path: Path) -> None:
    """Housekeeping checkpoints: the turns reach the main file without a checkpoint on the loop's connection."""

    async def scenario(journal: SqliteJournal):
        for n in range(50):
            await journal.commit(("skill", str(n)), Head(), record(0, at=9e9))
        before = journal.path.stat().st_size
        await asyncio.to_thread(journal.tidy)
        assert journal.path.stat().st_size > before

    run(SqliteJournal(tmp_path / "j.sqlite3"), scenario)


def test_sweeping_gives_space_back_to_the_disk(tmp_path: Path) -> None:
    """A file that held many sessions shrinks once they are swept."""
    path = tmp_path / "j.sqlite3"

    async def fill(journal: SqliteJournal):
        for n in range(300):
            await journal.commit(("skill", str(n)), Head(), record(0, at=0.0, reply=bytes(64 << 10)))
        await asyncio.to_thread(journal.tidy)

    async def sweep(journal: SqliteJournal):
        await asyncio.to_thread(journal.tidy)

    run(SqliteJournal(path, retention=Retention(silent=1e12)), fill)
    full = path.stat().st_size
    run(SqliteJournal(path), sweep)
    assert path.stat().st_size < full / 2


@pytest.mark.parametrize("replaced", [False, True])
def test_a_removed_file_takes_no_turns(tmp_path: Path, replaced: bool) -> None:
    """A journal whose file was unlinked or replaced refuses turns: nobody would find them again."""
    path = tmp_path / "j.sqlite3"

    async def scenario(journal: SqliteJournal):
        await journal.commit(KEY, Head(), record(0))
        path.unlink()
        if replaced:
            path.write_bytes(b"")
        for check in (journal.check, lambda: asyncio.run(journal.commit(KEY, Head(), record(1)))):
            with pytest.raises(JournalError, match="was removed or replaced while it was open: restart the server"):
                await asyncio.to_thread(check)

    run(SqliteJournal(path), scenario)

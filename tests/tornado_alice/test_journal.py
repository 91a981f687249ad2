"""The journal: one suite over the file and its twin in memory."""

import asyncio
import sqlite3
import stat

import pytest

from tornado_alice import JournalConflict, JournalError, MemoryJournal, SqliteJournal
from tornado_alice.journal.base import KEEP_ENDED, KEEP_SILENT, SWEEP_BATCH
from tornado_alice.journal.records import Head, Record

KEY = ("skill", "session")


@pytest.fixture(params=["memory", "normal", "power"])
def journal(request, tmp_path):
    if request.param == "memory":
        return MemoryJournal()
    return SqliteJournal(tmp_path / "journal.sqlite3", request.param)


def record(n, message_id=None, at=1000.0, ops=(), reply=b'{"n": 1}'):
    return Record(n, message_id, at, b'{"request": 1}', list(ops), reply, "digest", "version")


def run(journal, scenario):
    async def whole():
        await journal.start()
        try:
            return await scenario(journal)
        finally:
            await journal.stop()

    return asyncio.run(whole())


def test_turns_come_back_as_they_were(journal):
    """Committed turns are read back equal and in order, from any turn on; the head knows where they end."""

    async def scenario(journal):
        turns = [record(n, n * 10, ops=[{"name": "f", "ok": {"ж": [1, None]}}] if n == 1 else []) for n in range(3)]
        head = Head(None, 0, 0, "level", {"a": 1})
        for turn in turns:
            id = await journal.commit(KEY, head, turn)
            head = Head(id, 0, turn.n + 1, "level", {"a": 1})
        assert journal.turns(id, 0) == turns and journal.turns(id, 0, 2) == turns[2:]
        assert journal.find(KEY) == Head(id, 0, 3, "level", {"a": 1})
        assert journal.position(id) == (0, 3)
        assert journal.sent(id, 20) == turns[2].reply and journal.sent(id, 21) is None
        assert journal.find(("skill", "other")) is None

    run(journal, scenario)


def test_turn_is_written_once(journal):
    """The same turn, or the same message, a second time is a conflict and leaves what was there."""

    async def scenario(journal):
        id = await journal.commit(KEY, Head(None, 0, 0), record(0, 5))
        with pytest.raises(JournalConflict):
            await journal.commit(KEY, Head(None, 0, 0), record(0, 6))
        with pytest.raises(JournalConflict):
            await journal.commit(KEY, Head(id, 0, 1), record(1, 5))
        assert [turn.message_id for turn in journal.turns(id, 0)] == [5]

    run(journal, scenario)


def test_a_conflict_spares_its_neighbours(journal):
    """In a group of writes only the conflicting one fails."""

    async def scenario(journal):
        await journal.commit(KEY, Head(None, 0, 0), record(0))
        writes = [journal.commit(("skill", name), Head(None, 0, 0), record(0)) for name in ("a", "session", "b")]
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert [isinstance(result, JournalConflict) for result in results] == [False, True, False]
        assert journal.find(("skill", "a")) and journal.find(("skill", "b"))

    run(journal, scenario)


def test_steps_of_the_unfinished_turn(journal):
    """Steps are kept for their message until the turn commits; one for any message is given to any."""

    async def scenario(journal):
        head = Head(None, 0, 0)
        id = await journal.add_step(KEY, head, 0, 7, {"name": "f", "ok": 1})
        await journal.add_step(KEY, head, 0, 7, {"name": "f", "ok": 2})
        await journal.add_step(KEY, head, 1, None, {"name": "g", "error": {"class": "x"}})
        assert journal.steps(id, 0, 0, 7) == {0: {"name": "f", "ok": 1}, 1: {"name": "g", "error": {"class": "x"}}}
        assert set(journal.steps(id, 0, 0, 8)) == {1}
        await journal.add_step(KEY, head, 0, 8, {"name": "f", "ok": 3})
        assert journal.steps(id, 0, 0, 8)[0]["ok"] == 3
        await journal.commit(KEY, Head(id, 0, 0), record(0, 8, ops=[{"name": "f", "ok": 3}]))
        assert journal.steps(id, 0, 0, 8) == {}

    run(journal, scenario)


def test_new_epoch(journal):
    """A new epoch begins at turn 0 and becomes the head; an older one cannot come back."""

    async def scenario(journal):
        id = await journal.commit(KEY, Head(None, 0, 0, ended=True), record(0, 1))
        assert journal.find(KEY).ended
        await journal.commit(KEY, Head(id, 1, 0, "level", {"n": 2}), record(0, 2))
        assert journal.find(KEY) == Head(id, 1, 1, "level", {"n": 2})
        assert len(journal.turns(id, 0)) == 1 and len(journal.turns(id, 1)) == 1
        with pytest.raises(JournalConflict):
            await journal.commit(KEY, Head(None, 0, 0), record(0, 3))

    run(journal, scenario)


def test_sweep_keeps_what_may_be_asked_for(journal):
    """Ended sessions go after 10 minutes, silent ones after 24 hours, in small batches; others stay."""

    async def scenario(journal):
        now = 10_000_000.0
        ages = {"silent": (KEEP_SILENT + 1, False), "open": (KEEP_SILENT - 1, False)}
        ages |= {"ended": (KEEP_ENDED + 1, True), "just ended": (KEEP_ENDED - 1, True)}
        for name, (age, ended) in ages.items():
            await journal.commit(("skill", name), Head(None, 0, 0, ended=ended), record(0, at=now - age))
        assert journal.sweep(now) == 2
        assert {entry.key[1] for entry in journal.sessions(10)} == {"just ended", "open"}

    run(journal, scenario)


def test_sweep_goes_in_batches(journal):
    """However many sessions are old, one sweep takes a small batch of them."""

    async def scenario(journal):
        now = 10_000_000.0
        for n in range(SWEEP_BATCH + 1):
            await journal.commit(("skill", str(n)), Head(None, 0, 0), record(0, at=0.0))
        assert [journal.sweep(now), journal.sweep(now), journal.sweep(now)] == [SWEEP_BATCH, 1, 0]

    run(journal, scenario)


def test_list_of_sessions(journal):
    """The list has the latest first, with epochs, turns and times."""

    async def scenario(journal):
        for n in range(3):
            await journal.commit(("skill", f"s{n}"), Head(None, 0, 0), record(0, at=100.0 + n))
        listed = journal.sessions(2)
        assert [(e.key[1], e.turns, e.first, e.ended) for e in listed] == [
            ("s2", 1, 102.0, False),
            ("s1", 1, 101.0, False),
        ]

    run(journal, scenario)


def test_secret_is_shared_by_processes(tmp_path):
    """Two journals on one file have the same 32 secret bytes."""

    async def secret(journal):
        return journal.secret

    secrets = {run(SqliteJournal(tmp_path / "j.sqlite3"), secret) for _ in range(2)}
    assert len(secrets) == 1 and len(secrets.pop()) == 32


def test_journal_is_private(tmp_path):
    """The journal file, which holds what users said, is readable by its owner alone."""

    async def mode(journal):
        return stat.S_IMODE(journal.path.stat().st_mode)

    assert run(SqliteJournal(tmp_path / "j.sqlite3"), mode) == 0o600


@pytest.mark.parametrize("durability", ["normal", "power"])
def test_locked_journal_is_an_error_and_recovers(tmp_path, durability):
    """A journal that another program holds: a clear error for the turn, and the next one is kept once it is free."""

    async def scenario(journal):
        other = sqlite3.connect(journal.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="another program holds the journal"):
            await journal.commit(KEY, Head(None, 0, 0), record(0))
        other.execute("ROLLBACK")
        await journal.commit(KEY, Head(None, 0, 0), record(0))
        other.close()

    run(SqliteJournal(tmp_path / "j.sqlite3", durability), scenario)


def test_short_lock_is_waited_out(tmp_path):
    """A write waits for another process's transaction without an error, and without blocking the loop."""

    async def scenario(journal):
        other = sqlite3.connect(journal.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        write = asyncio.ensure_future(journal.commit(KEY, Head(None, 0, 0), record(0)))
        for _ in range(3):
            await asyncio.sleep(0.01)
        assert not write.done()
        other.execute("COMMIT")
        other.close()
        assert await write

    run(SqliteJournal(tmp_path / "j.sqlite3"), scenario)


@pytest.mark.parametrize("damage", [b"this is no database at all, " * 40, None])
def test_damaged_file_is_a_clear_error(tmp_path, damage):
    """A journal file that is no database, or whose pages are overwritten, is an error that says what to do."""
    path = tmp_path / "j.sqlite3"
    if damage is None:

        async def fill(journal):
            for n in range(200):
                await journal.commit(("skill", str(n)), Head(None, 0, 0), record(0))
            journal.tidy()

        run(SqliteJournal(path), fill)
        content = bytearray(path.read_bytes())
        content[4096:] = b"\xff" * (len(content) - 4096)
        path.write_bytes(content)
    else:
        path.write_bytes(damage)

    async def scenario(journal):
        journal.find(KEY)
        await journal.commit(KEY, Head(None, 0, 0), record(0))

    with pytest.raises(JournalError, match="the file is damaged"):
        run(SqliteJournal(path), scenario)


def test_closed_journal_says_so(tmp_path):
    """A journal that is not open refuses reads and writes with an error."""
    journal = SqliteJournal(tmp_path / "j.sqlite3")
    with pytest.raises(JournalError, match="closed"):
        journal.find(KEY)
    with pytest.raises(JournalError, match="closed"):
        asyncio.run(journal.commit(KEY, Head(None, 0, 0), record(0)))


def test_checkpoint_moves_the_log_into_the_file(tmp_path):
    """Housekeeping checkpoints: the turns reach the main file without a checkpoint on the loop's connection."""

    async def scenario(journal):
        for n in range(50):
            await journal.commit(("skill", str(n)), Head(None, 0, 0), record(0, at=9e9))
        before = journal.path.stat().st_size
        await asyncio.to_thread(journal.tidy)
        assert journal.path.stat().st_size > before

    run(SqliteJournal(tmp_path / "j.sqlite3"), scenario)

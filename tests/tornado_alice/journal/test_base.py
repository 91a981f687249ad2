"""The journal: one suite over the file and its twin in memory."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import pytest

from tornado_alice import JournalConflict, MemoryJournal, SqliteJournal
from tornado_alice.journal.base import KEEP_ENDED, KEEP_SILENT, SWEEP_BATCH, Journal
from tornado_alice.journal.records import Head, Op, Record

KEY = ("skill", "session")


@pytest.fixture(params=["memory", "normal", "power"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    if request.param == "memory":
        return MemoryJournal()
    return SqliteJournal(tmp_path / "journal.sqlite3", request.param)


def record(
    n: int, message_id: int | None = None, at: float = 1000.0, ops: Iterable[Op] = (), reply: bytes = b'{"n": 1}'
) -> Record:
    return Record(n, message_id, at, b'{"request": 1}', list(ops), reply, "digest", "version")


def run(journal: Journal, scenario: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    async def whole():
        await journal.start()
        try:
            return await scenario(journal)
        finally:
            await journal.stop()

    return asyncio.run(whole())


def test_turns_come_back_as_they_were(journal: Journal) -> None:
    """Committed turns are read back equal and in order, from any turn on; the head knows where they end."""

    async def scenario(journal: Journal):
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


def test_turn_is_written_once(journal: Journal) -> None:
    """The same turn, or the same message, a second time is a conflict and leaves what was there."""

    async def scenario(journal: Journal):
        id = await journal.commit(KEY, Head(None, 0, 0), record(0, 5))
        with pytest.raises(JournalConflict):
            await journal.commit(KEY, Head(None, 0, 0), record(0, 6))
        with pytest.raises(JournalConflict):
            await journal.commit(KEY, Head(id, 0, 1), record(1, 5))
        assert [turn.message_id for turn in journal.turns(id, 0)] == [5]

    run(journal, scenario)


def test_a_conflict_spares_its_neighbours(journal: Journal) -> None:
    """In a group of writes only the conflicting one fails."""

    async def scenario(journal: Journal):
        await journal.commit(KEY, Head(None, 0, 0), record(0))
        writes = [journal.commit(("skill", name), Head(None, 0, 0), record(0)) for name in ("a", "session", "b")]
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert [isinstance(result, JournalConflict) for result in results] == [False, True, False]
        assert journal.find(("skill", "a")) and journal.find(("skill", "b"))

    run(journal, scenario)


def test_steps_of_the_unfinished_turn(journal: Journal) -> None:
    """Steps are kept for their message until the turn commits; one for any message is given to any."""

    async def scenario(journal: Journal):
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


def test_new_epoch(journal: Journal) -> None:
    """A new epoch begins at turn 0 and becomes the head; an older one cannot come back."""

    async def scenario(journal: Journal):
        id = await journal.commit(KEY, Head(None, 0, 0, ended=True), record(0, 1))
        assert journal.find(KEY).ended
        await journal.commit(KEY, Head(id, 1, 0, "level", {"n": 2}), record(0, 2))
        assert journal.find(KEY) == Head(id, 1, 1, "level", {"n": 2})
        assert len(journal.turns(id, 0)) == 1 and len(journal.turns(id, 1)) == 1
        with pytest.raises(JournalConflict):
            await journal.commit(KEY, Head(None, 0, 0), record(0, 3))

    run(journal, scenario)


def test_sweep_keeps_what_may_be_asked_for(journal: Journal) -> None:
    """Ended sessions go after 10 minutes, silent ones after 24 hours, in small batches; others stay."""

    async def scenario(journal: Journal):
        now = 10_000_000.0
        ages = {"silent": (KEEP_SILENT + 1, False), "open": (KEEP_SILENT - 1, False)}
        ages |= {"ended": (KEEP_ENDED + 1, True), "just ended": (KEEP_ENDED - 1, True)}
        for name, (age, ended) in ages.items():
            await journal.commit(("skill", name), Head(None, 0, 0, ended=ended), record(0, at=now - age))
        assert journal.sweep(now) == 2
        assert {entry.key[1] for entry in journal.sessions(10)} == {"just ended", "open"}

    run(journal, scenario)


def test_sweep_goes_in_batches(journal: Journal) -> None:
    """However many sessions are old, one sweep takes a small batch of them."""

    async def scenario(journal: Journal):
        now = 10_000_000.0
        for n in range(SWEEP_BATCH + 1):
            await journal.commit(("skill", str(n)), Head(None, 0, 0), record(0, at=0.0))
        assert [journal.sweep(now), journal.sweep(now), journal.sweep(now)] == [SWEEP_BATCH, 1, 0]

    run(journal, scenario)


def test_list_of_sessions(journal: Journal) -> None:
    """The list has the latest first, with epochs, turns and times."""

    async def scenario(journal: Journal):
        for n in range(3):
            await journal.commit(("skill", f"s{n}"), Head(None, 0, 0), record(0, at=100.0 + n))
        listed = journal.sessions(2)
        assert [(e.key[1], e.turns, e.first, e.ended) for e in listed] == [
            ("s2", 1, 102.0, False),
            ("s1", 1, 101.0, False),
        ]

    run(journal, scenario)

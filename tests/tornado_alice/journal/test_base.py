"""The journal: one suite over the file, the database, and their twin in memory."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import pytest

from tornado_alice import JournalConflict, MemoryJournal, SqliteJournal
from tornado_alice.journal.base import SWEEP_BATCH, Journal, Retention
from tornado_alice.journal.postgres import PostgresJournal
from tornado_alice.journal.records import Head, Op, Place, Record

KEY = ("skill", "session")
BODY = b'{"request": 1}'
KEEP = Retention()


@pytest.fixture(params=["memory", "normal", "power", "postgres"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    if request.param == "memory":
        return MemoryJournal()
    if request.param == "postgres":
        return PostgresJournal(request.getfixturevalue("database"))
    return SqliteJournal(tmp_path / "journal.sqlite3", request.param)


def record(
    n: int, message_id: int | None = None, at: float = 1000.0, ops: Iterable[Op] = (), reply: bytes = b'{"n": 1}'
) -> Record:
    return Record(n, message_id, at, BODY, list(ops), reply, "digest", "version")


def run(journal: Journal, scenario: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    async def whole():
        await journal.start()
        try:
            return await scenario(journal)
        finally:
            await journal.stop()

    return asyncio.run(whole())


def kept(name: str, value: Any) -> Op:
    return {"name": name, "ok": value}


def test_turns_come_back_as_they_were(journal: Journal) -> None:
    """Committed turns are read back equal and in order, from any turn on; the head knows where they end."""

    async def scenario(journal: Journal):
        turns = [record(n, n * 10, ops=[{"name": "f", "ok": {"ж": [1, None]}}] if n == 1 else []) for n in range(3)]
        head = Head(script="level", state={"a": 1})
        for turn in turns:
            id = await journal.commit(KEY, head, turn)
            head = head._replace(id=id, seq=turn.n + 1, n=turn.n + 1)
        known = await journal.load(KEY)
        assert known.turns == turns and known.head == Head(id, 3, 0, 3, "level", {"a": 1})
        assert (await journal.load(KEY, since=2)).turns == turns[2:]
        assert (await journal.load(("skill", "other"))).head is None

    run(journal, scenario)


def test_a_repeat_is_the_same_message_with_the_same_body(journal: Journal) -> None:
    """The stored answer is given for the same number and body alone; without a number nothing is a repetition."""

    async def scenario(journal: Journal):
        await journal.commit(KEY, Head(), record(0, 5))
        assert (await journal.load(KEY, BODY, 5)).answer == record(0).reply
        for body, message_id in ((BODY, 6), (b"{}", 5), (BODY, None)):
            assert (await journal.load(KEY, body, message_id)).answer is None

    run(journal, scenario)


def test_turn_is_written_once(journal: Journal) -> None:
    """The same turn a second time is a conflict and leaves what was there."""

    async def scenario(journal: Journal):
        await journal.commit(KEY, Head(), record(0, 5))
        with pytest.raises(JournalConflict):
            await journal.commit(KEY, Head(), record(0, 6))
        assert [turn.message_id for turn in (await journal.load(KEY)).turns] == [5]

    run(journal, scenario)


def test_a_turn_of_an_older_epoch_is_a_conflict(journal: Journal) -> None:
    """Turns are fenced by their number through all epochs: a process that missed a new start cannot write beside it."""

    async def scenario(journal: Journal):
        id = await journal.commit(KEY, Head(), record(0, 1))
        await journal.commit(KEY, Head(id, 1, 1, 0, "level", {}), record(0, 2))
        with pytest.raises(JournalConflict):
            await journal.commit(KEY, Head(id, 1, 0, 1), record(1, 2))
        assert (await journal.load(KEY)).head == Head(id, 2, 1, 1, "level", {})

    run(journal, scenario)


def test_a_conflict_spares_its_neighbours(journal: Journal) -> None:
    """In a group of writes only the conflicting one fails."""

    async def scenario(journal: Journal):
        await journal.commit(KEY, Head(), record(0))
        writes = [journal.commit(("skill", name), Head(), record(0)) for name in ("a", "session", "b")]
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert [isinstance(result, JournalConflict) for result in results] == [False, True, False]
        for name in ("a", "b"):
            assert (await journal.load(("skill", name))).head

    run(journal, scenario)


def test_steps_of_the_unfinished_turn(journal: Journal) -> None:
    """An outcome is kept under the request that asked for the step, until a turn commits that waits for nothing."""

    async def scenario(journal: Journal):
        head, place = Head(), Place(0, 0)
        id = await journal.claim(KEY, head, place, "7/0/x", "f")
        assert id is not None
        head = head._replace(id=id)
        assert (await journal.load(KEY)).steps == {(place, "7/0/x"): None}
        await journal.add_step(KEY, head, place, "7/0/x", kept("f", 1))
        assert (await journal.load(KEY)).steps == {(place, "7/0/x"): kept("f", 1)}
        await journal.commit(KEY, head, record(0, 7, ops=[kept("f", 1), {"wait": "g"}]))
        assert (place, "7/0/x") in (await journal.load(KEY)).steps, "the turn ended in waiting"
        await journal.commit(KEY, head._replace(seq=1, n=1), record(1, 8, ops=[kept("g", 2)]))
        assert (await journal.load(KEY)).steps == {}

    run(journal, scenario)


def test_a_step_is_claimed_once(journal: Journal) -> None:
    """A step that is done, or whose turn is kept already, cannot be claimed; for another request or script it can."""

    async def scenario(journal: Journal):
        place = Place(0, 0)
        id = await journal.claim(KEY, Head(), place, "7/0/x", "f")
        head = Head(id)
        await journal.add_step(KEY, head, place, "7/0/x", kept("f", 1))
        assert await journal.claim(KEY, head, place, "7/0/x", "f") is None
        assert await journal.claim(KEY, head, place, "7/0/x", "another") == id
        assert await journal.claim(KEY, head, place, "8/0/y", "f") == id
        await journal.commit(KEY, head, record(0, 8))
        assert await journal.claim(KEY, head, Place(0, 1), "8/0/y", "f") is None

    run(journal, scenario)


def test_an_outcome_that_was_taken_over_is_a_conflict(journal: Journal) -> None:
    """Who no longer has the claim cannot write the outcome; nor can anybody write it twice."""

    async def scenario(journal: Journal):
        place = Place(0, 0)
        head = Head(await journal.claim(KEY, Head(), place, "7/0/x", "f"))
        await journal.claim(KEY, head, place, "7/0/x", "another")
        with pytest.raises(JournalConflict, match="step f was taken over"):
            await journal.add_step(KEY, head, place, "7/0/x", kept("f", 1))
        await journal.add_step(KEY, head, place, "7/0/x", kept("another", 2))
        with pytest.raises(JournalConflict):
            await journal.add_step(KEY, head, place, "7/0/x", kept("another", 3))
        assert (await journal.load(KEY)).steps == {(place, "7/0/x"): kept("another", 2)}

    run(journal, scenario)


def test_steps_of_several_requests_and_epochs_in_one_place(journal: Journal) -> None:
    """Before a turn is kept several requests, and the epochs that one of them begins, may ask for steps in the same
    place: each has its own claim and outcome."""

    async def scenario(journal: Journal):
        place, outcomes = Place(1, 0), {"7/0/x": 1, "8/0/y": 2, "7/1/x": 3}
        id = await journal.commit(KEY, Head(), record(0, 6))
        head = Head(id, 1, 0, 1)
        heads = {"7/0/x": head, "8/0/y": head, "7/1/x": head.next_epoch()}
        for asked, at in heads.items():
            assert await journal.claim(KEY, at, place, asked, "f") == id
        for asked, value in outcomes.items():
            await journal.add_step(KEY, heads[asked], place, asked, kept("f", value))
        assert (await journal.load(KEY)).steps == {(place, by): kept("f", value) for by, value in outcomes.items()}

    run(journal, scenario)


def test_a_turn_that_waits_for_what_another_process_has_is_a_conflict(journal: Journal) -> None:
    """Once a later epoch has begun in a turn, by a claim, the turn can no longer end in waiting for a step before it;
    a turn of another message, which waits for nothing, can still be kept, and then that epoch has not begun."""

    async def scenario(journal: Journal):
        id = await journal.commit(KEY, Head(), record(0, 1))
        head = Head(id, 1, 0, 1)
        await journal.claim(KEY, head.next_epoch("level", {}), Place(1, 0), "2/1/x", "f")
        with pytest.raises(JournalConflict):
            await journal.commit(KEY, head, record(1, 2, ops=[{"wait": "f"}]))
        await journal.commit(KEY, head, record(1, 3))
        known = await journal.load(KEY)
        assert known.head == Head(id, 2, 0, 2, state=known.head.state) and len(known.turns) == 2
        assert await journal.claim(KEY, known.head, Place(2, 0), "4/0/x", "f") == id

    run(journal, scenario)


def test_new_epoch(journal: Journal) -> None:
    """A new epoch begins at turn 0 and becomes the head; an older one cannot come back."""

    async def scenario(journal: Journal):
        id = await journal.commit(KEY, Head(ended=True), record(0, 1))
        head = (await journal.load(KEY)).head
        assert head is not None and head.ended
        await journal.commit(KEY, head.next_epoch("level", {"n": 2}), record(0, 2))
        known = await journal.load(KEY)
        assert known.head == Head(id, 2, 1, 1, "level", {"n": 2})
        assert [turn.message_id for turn in known.turns] == [2]
        with pytest.raises(JournalConflict):
            await journal.commit(KEY, Head(), record(0, 3))

    run(journal, scenario)


def test_a_claim_in_a_new_epoch_is_found_again(journal: Journal) -> None:
    """A script that was started anew and died in its first step is woken in the new epoch, with its arguments."""

    async def scenario(journal: Journal):
        id = await journal.commit(KEY, Head(), record(0, 1))
        head = Head(id, 1, 0, 1).next_epoch("level", {"n": 2})
        await journal.claim(KEY, head, Place(1, 0), "2/1/x", "f")
        assert (await journal.load(KEY)).head == Head(id, 1, 1, 0, "level", {"n": 2})

    run(journal, scenario)


def test_a_claim_does_not_open_what_has_ended(journal: Journal) -> None:
    """A late delivery of the first message, whose session has ended since, can claim nothing and changes nothing."""

    async def scenario(journal: Journal):
        id = await journal.commit(KEY, Head(state={}, ended=True), record(0, 0))
        assert await journal.claim(KEY, Head(), Place(0, 0), "0/0/x", "f") is None
        assert (await journal.load(KEY)).head == Head(id, 1, 0, 1, "", {}, ended=True)

    run(journal, scenario)


def test_sweep_keeps_what_may_be_asked_for(journal: Journal) -> None:
    """Ended sessions go after 10 minutes, silent ones after 24 hours, in small batches; others stay."""

    async def scenario(journal: Journal):
        now = 10_000_000.0
        ages = {"silent": (KEEP.silent + 1, Head()), "open": (KEEP.silent - 1, Head())}
        ages |= {"ended": (KEEP.ended + 1, Head(ended=True)), "just ended": (KEEP.ended - 1, Head(ended=True))}
        for name, (age, head) in ages.items():
            await journal.commit(("skill", name), head, record(0, at=now - age))
        assert await journal.sweep(now) == 2
        assert {entry.key[1] for entry in await journal.sessions(10)} == {"just ended", "open"}

    run(journal, scenario)


def test_sweep_goes_in_batches(journal: Journal) -> None:
    """However many sessions are old, one sweep takes a small batch of them."""

    async def scenario(journal: Journal):
        now = 10_000_000.0
        for n in range(SWEEP_BATCH + 1):
            await journal.commit(("skill", str(n)), Head(), record(0, at=0.0))
        assert [await journal.sweep(now), await journal.sweep(now), await journal.sweep(now)] == [SWEEP_BATCH, 1, 0]

    run(journal, scenario)


def test_list_of_sessions(journal: Journal) -> None:
    """The list has the latest first, with epochs, turns and times."""

    async def scenario(journal: Journal):
        for n in range(3):
            await journal.commit(("skill", f"s{n}"), Head(), record(0, at=100.0 + n))
        listed = await journal.sessions(2)
        assert [(e.key[1], e.turns, e.first, e.ended) for e in listed] == [
            ("s2", 1, 102.0, False),
            ("s1", 1, 101.0, False),
        ]

    run(journal, scenario)


@pytest.mark.parametrize("kind", ["file", "database"])
def test_failed_sessions_are_kept_for_the_debugger(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A session whose script raised stays for two weeks and says why; the oldest go when they take too much space."""

    async def scenario(journal: Journal):
        now = 10_000_000.0
        for n, age in enumerate((KEEP.failed + 1, 5000.0, 4000.0, 3000.0)):
            await journal.commit(
                ("skill", f"s{n}"), Head(ended=True, failure=f"ValueError: {n}"), record(0, at=now - age)
            )
        assert [(entry.key[1], entry.failure) for entry in await journal.sessions(9)] == [
            (f"s{n}", f"ValueError: {n}") for n in (3, 2, 1, 0)
        ]
        assert await journal.sweep(now) == 2  # an old one, and the oldest of three that take too much
        assert [entry.key[1] for entry in await journal.sessions(9)] == ["s3", "s2"]

    size = len(BODY) + len(record(0).reply)
    retention = Retention(failed_bytes=2 * size)
    if kind == "file":
        run(SqliteJournal(tmp_path / "j.sqlite3", retention=retention), scenario)
    else:
        run(PostgresJournal(request.getfixturevalue("database"), retention), scenario)


def test_ids_are_never_used_again(journal: Journal) -> None:
    """The number of a session that was swept names no other one later."""

    async def scenario(journal: Journal):
        first = await journal.commit(KEY, Head(ended=True), record(0, at=0.0))
        assert await journal.sweep(10_000_000.0) == 1
        assert await journal.commit(("skill", "new"), Head(), record(0)) > first

    run(journal, scenario)

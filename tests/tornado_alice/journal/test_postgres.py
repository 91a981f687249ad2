"""What is peculiar to the journal in PostgreSQL: round trips, a database that is away, leases, migrations."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from databases import Postgres, execute
from proxy import before
from talking import ask, counting_skill, text

from tornado_alice import JournalConflict, JournalError, Skill, say, step
from tornado_alice.journal.base import SWEEP_BATCH
from tornado_alice.journal.postgres import PostgresJournal, connections, leases, rows, schema, statements
from tornado_alice.journal.postgres.journal import SWEEPING
from tornado_alice.journal.postgres.schema import MIGRATING, MIGRATIONS
from tornado_alice.journal.records import Head, Place, Prompt, Record, Tally

KEY = ("skill", "session")
#: Ends every other connection to the database.
CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()"""
CLAIMS = """
import asyncio, sys
from datetime import timedelta
from tornado_alice.journal.postgres import PostgresJournal, leases
from tornado_alice.journal.records import Head, Place

async def main():
    leases.RENEWAL = timedelta(seconds=0.05)
    journal = PostgresJournal(sys.argv[1])
    await journal.start()
    print(await journal.claim(("skill", "session"), Head(), Place(0, 0), "asked", "f"), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def record(n: int, **fields: Any) -> Record:
    return Record(n, n, 1000.0, b"{}", [], b'{"n": 1}', "digest", "version")._replace(**fields)


@asynccontextmanager
async def serving(skill: Skill) -> AsyncIterator[Skill]:
    """A skill between its start and its stop."""
    await skill.start()
    try:
        yield skill
    finally:
        await skill.stop()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresJournal]:
    """A journal between its start and its stop."""
    journal = PostgresJournal(url)
    await journal.start()
    try:
        yield journal
    finally:
        await journal.stop()


def stepping_skill(url: str) -> tuple[Skill, list[int]]:
    """A skill with a step in each turn, and what its steps have done."""
    skill, effects = Skill("stepping", journal=PostgresJournal(url)), []

    @skill.script
    def run():
        yield say("да")
        while True:
            yield say(str((yield step(lambda: effects.append(1) or len(effects)))))

    return skill, effects


@pytest.mark.gen_test(timeout=30)
async def test_a_hot_turn_is_one_statement_and_one_round_trip(database: str) -> None:
    """A turn of a live session, and the first one of a new one, wait once for the database and ask it one thing."""
    await execute(database, "CREATE EXTENSION pg_stat_statements")
    async with before(database) as proxy, serving(counting_skill(journal=PostgresJournal(proxy.url))) as skill:
        await ask(skill, "", 0)
        await execute(database, "SELECT pg_stat_statements_reset()")
        trips = proxy.trips
        for n in range(1, 6):
            assert text(await ask(skill, "а", n)) == f"{n + 1} а"
        assert text(await ask(skill, "б", 0, "new")) == "1 б"
        assert proxy.trips - trips == 6
        query = """SELECT query, calls FROM pg_stat_statements JOIN pg_database ON dbid = pg_database.oid
                   WHERE datname = current_database() AND query NOT LIKE '%pg_stat_statements%'"""
        asked = {row["query"].split()[0]: row["calls"] for row in await execute(database, query)}
        assert asked == {"INSERT": 6}


@pytest.mark.gen_test(timeout=30)
async def test_a_cold_turn_is_one_round_trip_more(database: str) -> None:
    """What is known of a session comes in one answer: a repeat waits once for the database, waking a script twice."""
    async with before(database) as proxy, serving(counting_skill(journal=PostgresJournal(proxy.url))) as skill:
        for n in range(3):
            await ask(skill, "а", n)
        assert text(await ask(skill, "а", 2)) == "3 а"  # the statement is prepared once for each connection
        trips = proxy.trips
        assert text(await ask(skill, "а", 2)) == "3 а" and proxy.trips - trips == 1
        skill.dialogs.cache.stop()
        assert text(await ask(skill, "б", 3)) == "4 б" and proxy.trips - trips == 3


@pytest.mark.gen_test(timeout=30)
async def test_a_moment_bounds_whatever_is_asked(database: str) -> None:
    """After the moment that `by` names nothing is waited for, be the database well or not; after the block it is."""
    async with opened(database) as journal:
        with journal.by(asyncio.get_running_loop().time()), pytest.raises(JournalError, match="no answer in time"):
            await journal.load(KEY)
        assert (await journal.load(KEY)).head is None


@pytest.mark.gen_test(timeout=30)
async def test_a_cut_connection_is_not_heard(database: str) -> None:
    """Connections that the database ends, between turns and in the middle of them, cost nobody an answer."""
    async with serving(counting_skill(journal=PostgresJournal(database))) as skill:
        for n in range(10):
            turns = [ask(skill, "а", n, f"s{i}") for i in range(8)]
            *answers, _ = await asyncio.gather(*turns, execute(database, CUT))
            assert {text(answer) for answer in answers} == {f"{n + 1} а"}
            await execute(database, CUT)


@pytest.mark.gen_test(timeout=30)
async def test_connections_that_went_silent_cost_one_try(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When idle connections are dead and nobody has said so, one is tried in vain, and the next try has a new one."""
    async with before(database) as proxy, opened(proxy.url) as journal:
        await asyncio.gather(*(journal.load(("skill", str(n))) for n in range(connections.MOST_CONNECTIONS)))
        proxy.silence()
        with monkeypatch.context() as patch:
            patch.setattr(connections, "ATTEMPT", 0.3)
            assert await journal.commit(KEY, Head(), record(0)) == 1
        assert len(proxy.tried) == 1


@pytest.mark.gen_test(timeout=30)
async def test_a_commit_whose_answer_was_lost_is_found_again(database: str) -> None:
    """Turns that are kept, but whose connection is cut before anybody hears it, are answered, and kept once."""
    async with before(database) as proxy, serving(counting_skill(journal=PostgresJournal(proxy.url))) as skill:
        for i in range(3):
            await ask(skill, "", 0, f"s{i}")
        for n in range(1, 4):
            proxy.lose()
            answers = await asyncio.gather(*(ask(skill, "а", n, f"s{i}") for i in range(3)))
            assert [text(answer) for answer in answers] == [f"{n + 1} а"] * 3 and proxy.lost.is_set()
    rows = await execute(database, "SELECT count(*) AS turns FROM tornado_alice.turn GROUP BY sid")
    assert [row["turns"] for row in rows] == [4, 4, 4]


@pytest.mark.parametrize("lost", range(3))
@pytest.mark.gen_test(timeout=30)
async def test_a_step_whose_answer_was_lost_runs_once(lost: int, database: str) -> None:
    """Whichever answer is lost in a turn with a step (of its claim, its outcome, the turn), the step is done once."""
    async with before(database) as proxy:
        skill, effects = stepping_skill(proxy.url)
        async with serving(skill):
            await ask(skill, "", 0)
            await ask(skill, "", 1)
            proxy.lose(after=lost)
            assert text(await ask(skill, "", 2)) == "2" and proxy.lost.is_set()
            assert text(await ask(skill, "", 3)) == "3" and len(effects) == 3


@pytest.mark.gen_test(timeout=30)
async def test_a_crash_of_the_database_is_not_heard(postgres: Postgres, database: str) -> None:
    """Under SIGKILL of the database, which is started again, every turn is answered, and kept once and in order."""
    async with serving(counting_skill(journal=PostgresJournal(database))) as skill:
        back, n = asyncio.create_task(asyncio.to_thread(restart, postgres)), 0
        while not back.done() or n < 20:
            answers = await asyncio.gather(*(ask(skill, "а", n, f"s{i}") for i in range(4)))
            n += 1
            assert {text(answer) for answer in answers} == {f"{n} а"}
        await back
        for i in range(4):
            turns = (await skill.journal.load(("test-skill", f"s{i}"))).turns
            assert [(turn.n, turn.message_id) for turn in turns] == [(k, k) for k in range(n)]
            assert all(f'"{k + 1} а"' in turn.reply.decode() for k, turn in enumerate(turns))


@pytest.mark.parametrize("kept", ["on", "off"])
@pytest.mark.gen_test(timeout=30)
async def test_what_a_crash_loses_is_for_the_database_to_say(kept: str, postgres: Postgres, database: str) -> None:
    """With synchronous_commit no acknowledged turn is lost in a crash; a database that runs without it loses some."""
    settings = {"synchronous_commit": kept, "wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}
    for name, value in settings.items():
        await execute(database, f"ALTER SYSTEM SET {name} = '{value}'")
    try:
        await asyncio.to_thread(restart, postgres)
        async with serving(counting_skill(journal=PostgresJournal(database))) as skill:
            for n in range(20):
                assert text(await ask(skill, "а", n)) == f"{n + 1} а"
            await asyncio.to_thread(restart, postgres)
            turns = (await skill.journal.load(("test-skill", "s"))).turns
    finally:
        await execute(database, "ALTER SYSTEM RESET ALL")
        await asyncio.to_thread(restart, postgres)
    assert (len(turns) == 20) == (kept == "on")


def restart(postgres: Postgres) -> None:
    postgres.kill()
    postgres.start()


@pytest.mark.gen_test(timeout=30)
async def test_a_database_that_stays_away_is_an_apology(
    postgres: Postgres, database: str, logs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When patience is over the user hears an apology and the log says why; the dialog goes on where it was."""
    async with serving(counting_skill(journal=PostgresJournal(database))) as skill:
        await ask(skill, "а", 0)
        await asyncio.to_thread(postgres.stop)
        try:
            with monkeypatch.context() as patch:
                patch.setattr(connections, "PATIENCE", 0.2)
                assert text(await ask(skill, "б", 1)).startswith("Извините, не получилось это запомнить")
            logs.take(r"session s: the journal cannot be used: .*is the database running, and can it be reached")
        finally:
            await asyncio.to_thread(postgres.start)
        assert text(await ask(skill, "б", 1)) == "2 б"


def test_a_turn_that_is_tried_for_long_still_has_time_for_its_apology() -> None:
    """A load and a commit, each as patient as can be, end before the platform's 4.5 s."""
    assert connections.ATTEMPT < connections.PATIENCE and 2 * connections.PATIENCE < 4.5


@pytest.mark.gen_test(timeout=30)
async def test_locks_and_want_of_connections_are_named(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that takes too long and a database without connections are errors that say what to look at."""
    async with opened(database) as journal:
        await journal.commit(KEY, Head(), record(0))
        locker = await asyncpg.connect(database)
        async with locker.transaction():
            await locker.execute("LOCK TABLE tornado_alice.turn")
            with monkeypatch.context() as patch, pytest.raises(JournalError, match=r"took too long|no answer in time"):
                patch.setattr(connections, "PATIENCE", 0.5)
                patch.setattr(connections, "ATTEMPT", 0.2)
                await journal.commit(KEY, Head(1, 1, 0, 1), record(1))
        await locker.execute("CREATE ROLE crowd LOGIN CONNECTION LIMIT 0")
        await locker.close()
        with pytest.raises(JournalError, match="the database has no connection left: fewer processes"):
            await PostgresJournal(database.replace("alice@", "crowd@")).open()
        assert await journal.commit(("skill", "other"), Head(), record(0)), "it goes on as soon as it can"


@pytest.mark.gen_test(timeout=30)
async def test_a_turn_that_cannot_be_written_spares_its_neighbours(database: str) -> None:
    """Of a group in which the database refuses one turn, the others are kept."""
    async with opened(database) as journal:
        versions = ("a", "b\0", "c")
        writes = [journal.commit(("k", v[0]), Head(), record(0, version=v)) for v in versions]
        lone = journal.commit(("k", "first"), Head(), record(0))
        results = await asyncio.gather(lone, *writes, return_exceptions=True)
        assert [isinstance(result, JournalError) for result in results] == [False, False, True, False]
        assert not isinstance(results[2], JournalConflict)


@pytest.mark.gen_test(timeout=30)
async def test_groups_of_two_processes_never_wait_for_each_other(database: str) -> None:
    """A group takes its turns in one order, whatever order they came in. So a group that waits for a turn of another
    process holds no later one for which that process may wait: no deadlock, in which both would fail."""
    low, high = sorted((("skill", name) for name in "ab"), key=rows.session_id)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with opened(database) as one, opened(database) as other:
        await one.commit(("skill", "first"), Head(), record(0))  # connected: the next ones are sent at once
        holding = await asyncpg.connect(database)
        try:
            async with holding.transaction():
                await holding.execute(
                    """INSERT INTO tornado_alice.turn (sid, seq, epoch, n, at, waits, ended, request, reply, digest,
                       version, script, state) VALUES ($1, 0, 0, 0, 0, false, false, '', '', '', '', '', '')""",
                    rows.session_id(low),
                )
                first = asyncio.create_task(one.commit(("skill", "before"), Head(), record(0)))  # alone in its group
                group = [asyncio.create_task(one.commit(key, Head(), record(0))) for key in (high, low)]
                while (await execute(database, waiting))[0][0] == 0:
                    await asyncio.sleep(0.01)
                await asyncio.wait_for(other.commit(high, Head(), record(0)), 5)
        finally:
            await holding.close()
        ended = await asyncio.gather(first, *group, return_exceptions=True)
    assert [type(one) for one in ended] == [int, JournalConflict, JournalConflict]


@pytest.mark.gen_test(timeout=30)
async def test_a_step_is_taken_over_when_its_process_has_died(database: str) -> None:
    """A process keeps its step as long as it lives, by renewing its lease; killed, it loses the step with the lease."""
    process = subprocess.Popen([sys.executable, "-c", CLAIMS, database], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and await asyncio.to_thread(process.stdout.readline) == "1\n"
        until = "SELECT until FROM tornado_alice.step"
        begun = await execute(database, until)
        while await execute(database, until) == begun:
            await asyncio.sleep(0.02)
    finally:
        process.kill()
        process.communicate(timeout=20)
    async with opened(database) as journal:
        assert await journal.claim(KEY, Head(), Place(0, 0), "asked", "f") is None, "its lease is not over yet"
        await execute(database, "UPDATE tornado_alice.step SET until = until - $1::interval", leases.LEASE)
        assert await journal.claim(KEY, Head(), Place(0, 0), "asked", "f") == 1
        assert await journal.claim(KEY, Head(), Place(0, 0), "asked", "f") == 1, "it is ours: an answer may be lost"


@pytest.mark.gen_test(timeout=30)
async def test_an_outcome_after_the_lease_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was stopped for longer than its lease, and whose step was taken meanwhile, writes nothing."""
    async with opened(database) as zombie, opened(database) as other:
        with monkeypatch.context() as patch:
            patch.setattr(leases, "LEASE", timedelta(0))
            assert await zombie.claim(KEY, Head(), Place(0, 0), "asked", "f") == 1
        assert await other.claim(KEY, Head(), Place(0, 0), "asked", "f") == 1
        with pytest.raises(JournalConflict, match="step f was taken over"):
            await zombie.add_step(KEY, Head(1), Place(0, 0), "asked", {"name": "f", "ok": 1})
        await other.add_step(KEY, Head(1), Place(0, 0), "asked", {"name": "f", "ok": 2})


@pytest.mark.gen_test(timeout=30)
async def test_a_step_that_has_ended_is_not_renewed(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time for a renewal comes and every step has its outcome, nothing is asked of the database, and the
    renewals end."""
    monkeypatch.setattr(leases, "RENEWAL", timedelta(seconds=0.05))
    monkeypatch.setattr(connections, "PATIENCE", 1.0)
    async with opened(database) as journal:
        for n in range(2):
            await journal.claim(KEY, Head(n), Place(n, 0), "asked", "f")
            await journal.add_step(KEY, Head(n), Place(n, 0), "asked", {"name": "f", "ok": 1})
            renewals = journal._leases._heartbeat
            assert renewals is not None
            await renewals


@pytest.mark.gen_test(timeout=30)
async def test_a_claim_that_nobody_has_heard_of_is_let_go(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step whose claim is kept, but whose process gave up before it heard so, is free when its lease is over: the
    process, which lives, renews that of what it runs alone."""
    monkeypatch.setattr(leases, "RENEWAL", timedelta(seconds=0.05))
    async with before(database) as proxy, opened(proxy.url) as lives:
        await lives.claim(KEY, Head(), Place(0, 2), "asked", "f")  # so that the statement is known there
        await lives.add_step(KEY, Head(), Place(0, 2), "asked", {"name": "f", "ok": 1})
        proxy.lose()
        with monkeypatch.context() as patch, pytest.raises(JournalError):
            patch.setattr(connections, "PAUSE", 60.0)  # there is no time for another try
            await lives.claim(KEY, Head(), Place(0, 0), "asked", "f")
        assert await lives.claim(KEY, Head(), Place(0, 1), "asked", "f") == 1
        until = "SELECT until FROM tornado_alice.step ORDER BY k"
        begun = doubtful, held = [row["until"] for row in await execute(database, until)][:2]
        for _ in range(2):  # the first renewal may have been under way already
            seen = held
            while held == seen:
                await asyncio.sleep(0.02)
                doubtful, held = [row["until"] for row in await execute(database, until)][:2]
        assert doubtful == begun[0]


@pytest.mark.slow
@pytest.mark.gen_test(timeout=30)
async def test_two_processes_migrate_at_once(database: str) -> None:
    """One of two migrations does the work, the other waits for it and finds it done; a third finds nothing to do."""
    gate = await asyncpg.connect(database)
    await gate.execute("SELECT pg_advisory_lock($1)", MIGRATING)
    command = [sys.executable, "-m", "tornado_alice", "migrate", "--journal", database]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while await gate.fetchval(waiting) < 2:
        await asyncio.sleep(0.02)
    await gate.execute("SELECT pg_advisory_unlock($1)", MIGRATING)
    told = sorted([(await asyncio.to_thread(process.communicate, timeout=20))[0] for process in processes])
    assert [process.returncode for process in processes] == [0, 0]
    assert told[0].endswith(f": schema {len(MIGRATIONS)}, as it was\n")
    assert told[1].endswith(f": schema {len(MIGRATIONS)}, before it was 0\n")
    await gate.close()
    assert await PostgresJournal(database).migrate() == (len(MIGRATIONS), len(MIGRATIONS))


@pytest.mark.gen_test(timeout=30)
async def test_first_processes_start_at_once(database: str) -> None:
    """Processes that all find an empty database set it up once, and all open it."""
    journals = [PostgresJournal(database) for _ in range(6)]
    try:
        await asyncio.gather(*(journal.open() for journal in journals))
        assert len({journal.secret for journal in journals}) == 1
    finally:
        await asyncio.gather(*(journal.close() for journal in journals))


@pytest.mark.gen_test(timeout=30)
async def test_a_later_release_is_refused(database: str) -> None:
    """Tables of a release that this one does not know are not touched."""
    await PostgresJournal(database).migrate()
    await execute(database, "UPDATE tornado_alice.meta SET value = '99' WHERE name = 'schema'")
    for act in (PostgresJournal(database).open, PostgresJournal(database).migrate):
        with pytest.raises(
            JournalError, match=rf"of a later release .schema 99, this release knows {len(MIGRATIONS)}."
        ):
            await act()


@pytest.mark.gen_test(timeout=30)
async def test_an_earlier_release_is_told_to_migrate(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server does not change the tables of an earlier release by itself; `migrate` does, and keeps what is there."""
    await PostgresJournal(database).migrate()
    before = len(MIGRATIONS)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("ALTER TABLE tornado_alice.turn ADD extra text",)))
    with pytest.raises(
        JournalError, match=rf"schema {before}, this release needs {before + 1}.: run `python -m tornado_alice migrate`"
    ):
        await PostgresJournal(database).open()
    assert await PostgresJournal(database).migrate() == (before, before + 1)
    await PostgresJournal(database).open()


@pytest.mark.gen_test(timeout=30)
async def test_one_process_sweeps_at_a_time(database: str) -> None:
    """While another process sweeps, a sweep does nothing; afterwards it does its work."""
    async with opened(database) as journal:
        await journal.commit(KEY, Head(ended=True), record(0))
        other = await asyncpg.connect(database)
        await other.execute("SELECT pg_advisory_lock($1)", SWEEPING)
        assert await journal.sweep(10_000_000.0) == 0
        await other.close()
        while await journal.sweep(10_000_000.0) == 0:  # the lock goes with the connection, a moment later
            await asyncio.sleep(0.01)


#: Sessions of three turns, ended or open, that nobody will sweep yet.
MANY = """
INSERT INTO tornado_alice.turn
       (sid, seq, epoch, n, at, waits, ended, request, reply, digest, version, script, state, number, session_id)
SELECT md5('s' || i)::uuid, n, 0, n, 1e9, false, i % 2 = 0 AND n = 2, 'request', 'reply', '', '', '', '{}',
       CASE WHEN n = 0 THEN i END, CASE WHEN n = 0 THEN 's' || i END
FROM generate_series(1, 5000) AS i, generate_series(0, 2) AS n
"""


@pytest.mark.gen_test(timeout=30)
async def test_no_sweep_or_look_up_reads_the_whole_journal(database: str) -> None:
    """Among many sessions those to be swept, and one that is asked for, are found by indexes."""
    await PostgresJournal(database).migrate()
    await execute(database, MANY)
    await execute(database, "ANALYZE tornado_alice.turn")
    for statement, values, indexes in (
        (statements.SWEEP, (1e9, 1e9, 1e9, 1e9, SWEEP_BATCH), {"turn_ends", "turn_fails", "turn_begins"}),
        (statements.SESSIONS, (None, None, None, 1, 7, "s7"), {"turn_numbers", "turn_names"}),
        (statements.TURNS, (7,), {"turn_numbers", "turn_pkey"}),
        (statements.LOAD, (rows.session_id(KEY), 1, b"request", 0), {"turn_pkey"}),
    ):
        plan = "\n".join(row[0] for row in await execute(database, f"EXPLAIN {statement}", *values))
        assert "Seq Scan on turn" not in plan and indexes <= set(re.findall(r"turn_\w+", plan)), plan


@pytest.mark.parametrize(
    "damage", ["ops = '{oops' WHERE seq = 1", "ops = '[1]' WHERE seq = 1", "state = '[5]'", "script = 'nobody'"]
)
@pytest.mark.gen_test(timeout=30)
async def test_a_damaged_row_is_a_divergence(damage: str, database: str, logs: Any) -> None:
    """A row that cannot be read leads to the skill's policy, as in a file."""
    async with serving(counting_skill(journal=PostgresJournal(database))) as skill:
        for n in range(3):
            await ask(skill, "а", n)
    await execute(database, f"UPDATE tornado_alice.turn SET {damage}")
    async with serving(counting_skill(journal=PostgresJournal(database))) as skill:
        assert [text(await ask(skill, "б", n)) for n in (3, 4)] == ["1 б", "2 б"]
    logs.take("on_divergence: restart")


@pytest.mark.gen_test
async def test_a_batch_of_counts_is_added_once(database: str) -> None:
    """A batch that comes again, since its answer was lost, changes nothing; another writer's, or the next one, does."""
    prompt = Prompt("hello.py", "v", "hello.py:7")
    batch = [Tally(prompt, "yield say('?')", 1.0, {"said": 2, "answered": 1})]
    one, two = uuid4(), uuid4()
    async with opened(database) as journal:
        for writer, number in ((one, 1), (one, 1), (two, 1), (one, 2), (two, 1)):
            await journal.add_tallies(writer, number, batch)
        assert (await journal.tallies(0.0)).counted == [batch[0]._replace(counts={"said": 6, "answered": 3})]


@pytest.mark.gen_test
async def test_processes_that_count_at_the_same_moment_do_not_block_each_other(database: str) -> None:
    """Batches with the same prompts in another order, added at once over several connections, are all added."""
    prompts = [Prompt("hello.py", "v", f"hello.py:{line}") for line in range(30)]
    orders = [prompts, prompts[::-1]]
    async with opened(database) as first, opened(database) as second:
        await asyncio.gather(
            *(
                journal.add_tallies(uuid4(), 1, [Tally(prompt, "", 1.0, {"said": 1}) for prompt in orders[i % 2]])
                for i, journal in enumerate([first, second] * 10)
            )
        )
        assert {tally.counts["said"] for tally in (await first.tallies(0.0)).counted} == {20}

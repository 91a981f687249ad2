"""What durable sessions cost: webhook ratios, replay, check, cold resume, memory, restart on a large journal.

    python bench/sessions.py [--only webhook replay check resume live passing restart] [--sessions 1000000] [--json]
    python bench/sessions.py --only journal [--journal postgresql://USER@HOST/NAME]

Everything in the parts `replay` to `passing` runs in this process, without HTTP; `webhook`, `restart` and `journal`
load real servers on loopback; the last one compares PostgreSQL, started for it where none is named, with a file of the
same promise.
"""

import argparse
import asyncio
import gc
import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dialog
import peers
from engine import body, counting_skill

from tornado_alice import Skill, SqliteJournal, say
from tornado_alice.app.check import look_through
from tornado_alice.journal.schema import migrate
from tornado_alice.journal.sqlite import FILE_NAME, connect
from tornado_alice.protocol import answer, echo
from tornado_alice.session import Session

Figures = dict[str, Any]


def skill_in(folder: Path, **options: Any) -> Skill:
    return counting_skill(SqliteJournal(folder / FILE_NAME), **options)


def webhook(rounds: int = 5, seconds: float = 3.0) -> Figures:
    """Ratio to the bare handler: durability normal with 32 connections, power with 64."""
    figures: Figures = {}
    for durability, connections in (("normal", 32), ("power", 64)):
        with ExitStack() as stack:
            servers = {"bare": stack.enter_context(peers.bare_tornado())}
            servers[durability] = stack.enter_context(peers.tornado_alice("--durability", durability))
            rates = dialog.measure(servers, rounds, connections, seconds)
        figures[f"{durability}, {connections} connections, ÷ bare"] = dialog.ratios(rates, "bare")[durability]
    return figures


def journal(url: str | None, rounds: int = 5, seconds: float = 3.0) -> Figures:
    """Ratio of a server with its journal in PostgreSQL to one with a file and durability power: 1, 16, 64 sessions."""
    figures: Figures = {}
    with ExitStack() as stack:
        servers = {"power": stack.enter_context(peers.tornado_alice("--durability", "power"))}
        place = url or stack.enter_context(database())
        servers["journal"] = stack.enter_context(peers.tornado_alice("--journal", place))
        for connections in (1, 16, 64):
            loads = dialog.measure(servers, rounds, connections, seconds)
            figures[f"PostgreSQL ÷ file with power, {connections} sessions"] = dialog.ratios(loads, "power")["journal"]
    return figures


@contextmanager
def database() -> Iterator[str]:
    """The URL of a fresh journal in a PostgreSQL that starts for this run and keeps what it acknowledges."""
    sys.path.append(str(Path(__file__).parent.parent / "tests" / "tornado_alice"))
    from databases import serving

    from tornado_alice.journal.postgres import PostgresJournal

    with serving("fsync=on") as postgres:
        url = postgres.create()
        asyncio.run(PostgresJournal(url).migrate())
        yield url


async def replay(turns: int = 20, sessions: int = 500) -> Figures:
    """Turns replayed per second of processor time, parsing and digest included; the journal's read not."""
    with tempfile.TemporaryDirectory() as name:
        skill = skill_in(Path(name))
        await skill.start()
        for n in range(turns):
            await skill.dialogs.answer(body("1", n))
        records, dialogs = [record for _, record in await skill.journal.turns(1)], skill.dialogs
        seed = next(iter(dialogs.cache._live.values())).session.secret
        rates = []
        for _ in range(7):
            start = time.process_time()
            for _ in range(sessions):
                session = Session(dialogs.script, ("", ""), seed, dialogs.lemma)
                session.replay(records)
                session.close()
            rates.append(turns * sessions / (time.process_time() - start))
        await skill.stop()
    return {"replayed turns per second of processor time": peers.spread(rates, 0)}


async def check(turns: int = 20, sessions: int = 1000) -> Figures:
    """Turns per second of `sessions check` after a change of the script; the reading of the journal is included."""
    with tempfile.TemporaryDirectory() as name:
        skill = skill_in(Path(name))
        await skill.start()
        for session in range(sessions):
            for n in range(turns):
                await skill.dialogs.answer(body(str(session), n))
        await skill.stop()
        skill.dialogs.script.version = "changed"
        rates = []
        for _ in range(7):
            start = time.process_time()
            done = await look_through(SqliteJournal(Path(name) / FILE_NAME), skill, "bench")
            rates.append(done.turns / (time.process_time() - start))
            assert done.turns == turns * sessions and not done.differ
    return {"turns of sessions check per second of processor time": peers.spread(rates, 0)}


async def resume(turns: int = 20, sessions: int = 300) -> Figures:
    """Milliseconds of the next turn of a session of 20 turns that is only in the journal."""
    with tempfile.TemporaryDirectory() as name:
        skill = skill_in(Path(name))
        await skill.start()
        for session in range(sessions):
            for n in range(turns):
                await skill.dialogs.answer(body(str(session), n))
        await skill.dialogs.stop()
        times = []
        for session in range(sessions):
            sent = body(str(session), turns)
            start = time.perf_counter()
            await skill.dialogs.answer(sent)
            times.append(1000 * (time.perf_counter() - start))
        await skill.stop()
    times.sort()
    return {"cold resume of 20 turns, ms": {"p50": round(times[len(times) // 2], 2), "p99": round(times[-4], 2)}}


async def live(sessions: int = 20_000) -> Figures:
    """Bytes of resident memory per live session."""
    with tempfile.TemporaryDirectory() as name:
        skill = skill_in(Path(name), max_live=2 * sessions)
        await skill.start()
        for n in range(500):
            await skill.dialogs.answer(body(f"w{n}", 0))
        gc.collect()
        before = peers.resident_kib(os.getpid())
        for n in range(sessions):
            await skill.dialogs.answer(body(str(n), 0))
        gc.collect()
        grown = peers.resident_kib(os.getpid()) - before
        await skill.stop()
    return {"bytes per live session": round(1024 * grown / sessions)}


async def passing(sessions: int) -> Figures:
    """Resident memory in MiB after each tenth of `sessions` that begin, speak twice and are never heard of again."""
    with tempfile.TemporaryDirectory() as name:
        skill = skill_in(Path(name), max_live=1000)
        await skill.start()
        sizes = []
        for tenth in range(10):
            for n in range(sessions // 10):
                key = f"{tenth}-{n}"
                await skill.dialogs.answer(body(key, 0))
                await skill.dialogs.answer(body(key, 1))
            sizes.append(round(peers.resident_kib(os.getpid()) / 1024))
        await skill.stop()
    return {f"resident MiB while {sessions} sessions pass": sizes}


def restart(sessions: int) -> Figures:
    """Milliseconds of the first answer after a start on a journal of `sessions` sessions, one known and one new."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _fill(folder / FILE_NAME, sessions)
        times = []
        for round_ in range(5):
            with peers.tornado_alice(data_dir=folder) as (port, _):
                sent = body(f"r{round_}", 0)
                start = time.perf_counter()
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", sent, timeout=60).read()
                times.append(1000 * (time.perf_counter() - start))
        size = round((folder / FILE_NAME).stat().st_size / 2**20)
    return {f"first answer on a journal of {sessions} sessions ({size} MiB), ms": peers.spread(times, 1)}


def _fill(path: Path, sessions: int) -> None:
    """A journal of one-turn sessions, written at once."""
    conn = connect(path)
    migrate(conn, path)
    now = time.time()
    sent = body("0", 0)
    reply = answer(say("Попытка 1"), echo(json.loads(sent)))[0]
    conn.execute("BEGIN")
    conn.executemany(
        "INSERT INTO session VALUES (?, 'skill', ?, 0, '', '{}', ?, 0, NULL, NULL)",
        ((n, f"old-{n}", now) for n in range(sessions)),
    )
    conn.executemany(
        "INSERT INTO turn VALUES (?, 0, 0, 0, 0, ?, ?, NULL, ?, 'digest', 'version', NULL, NULL)",
        ((n, now, sent[:200], reply[:200]) for n in range(sessions)),
    )
    conn.execute("COMMIT")
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()


def main() -> None:
    parts = {
        "webhook": webhook,
        "replay": lambda: asyncio.run(replay()),
        "check": lambda: asyncio.run(check()),
        "resume": lambda: asyncio.run(resume()),
        "live": lambda: asyncio.run(live()),
        "passing": lambda: asyncio.run(passing(given.sessions)),
        "restart": lambda: restart(given.sessions),
        "journal": lambda: journal(given.journal),
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(parts), default=[part for part in parts if part != "journal"])
    parser.add_argument(
        "--journal", metavar="URL", help="of a database, for the part of this name; by default one starts"
    )
    parser.add_argument("--sessions", type=int, default=1_000_000, help="for passing and restart")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures: Figures = {}
    for name in given.only:
        print(f"… {name}", file=sys.stderr)
        figures |= parts[name]()
    peers.report("Durable sessions", figures, given.json)


if __name__ == "__main__":
    main()

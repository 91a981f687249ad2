"""What counts as time that the database has taken."""

import asyncio
import time
from typing import Any

import pytest

from tornado_alice.errors import JournalError
from tornado_alice.journal.postgres import connections


@pytest.mark.gen_test(timeout=30)
async def test_a_loop_that_was_held_up_is_no_fault_of_the_database(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a script holds the loop is not counted: an answer that came meanwhile is read, no connection is cut."""
    monkeypatch.setattr(connections, "ATTEMPT", 0.3)
    monkeypatch.setattr(connections, "PATIENCE", 0.3)
    found, tries = connections.Connections(database), []

    async def ask(conn: Any, again: bool) -> int:
        asyncio.get_running_loop().call_soon(time.sleep, 1.0)
        tries.append(again)
        number: int = await conn.fetchval("SELECT 17")
        return number

    assert await found.run(lambda conn, _: conn.fetchval("SELECT 1")) == 1
    assert await found.run(ask) == 17 and tries == [False]
    await found.close()


@pytest.mark.gen_test(timeout=30)
async def test_who_waits_in_line_has_not_begun(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all connections taken the time in line is part of no try, but of the patience: those in line are served,
    and the connections of the others stay."""
    monkeypatch.setattr(connections, "ATTEMPT", 2.0)
    found = connections.Connections(database, most=1)
    pids = [found.run(lambda conn, _: conn.fetchval("SELECT pg_backend_pid() FROM pg_sleep(0.6)")) for _ in range(5)]
    assert len(set(await asyncio.gather(*pids))) == 1
    monkeypatch.setattr(connections, "PATIENCE", 1.0)
    late = [found.run(lambda conn, _: conn.fetchval("SELECT 1 FROM pg_sleep(0.4)")) for _ in range(5)]
    done = await asyncio.gather(*late, return_exceptions=True)
    assert done[0] == 1 and isinstance(done[-1], JournalError)
    await found.close()

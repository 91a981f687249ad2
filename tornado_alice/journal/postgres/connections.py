"""A few connections, and patience with a database that is away for a moment.

Rules:
1. A connection on which anything went wrong is cut, never used again: nobody knows what is still under way on it.
2. What failed is tried again on a new one until `PATIENCE` is over, so every statement must bear being repeated. The
   idle ones are cut: what has happened to one (a restart, a firewall that forgot it) has mostly happened to all.
3. There are never more than `most` connections for turns; whoever comes when all are taken waits in line, which is
   part of the patience and of no try.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg

from ...errors import JournalError
from .patience import Patience
from .troubles import ERRORS, explain, is_passing

Result = TypeVar("Result")
#: What is done with a connection; the second argument tells whether it may have been done before.
Act = Callable[[Any, bool], Awaitable[Result]]
#: Gives the password, each time when a connection is opened.
Password = Callable[[], str | Awaitable[str]]

#: Seconds after which the database has failed, while the loop turns; with the turn it fits into the platform's 4.5 s.
PATIENCE = 1.5
#: Seconds for one try, so that there is time for a second one over a new connection.
ATTEMPT = 0.7
#: Seconds for a connection on which no turn waits: for the start, migrations, sweeps, and people who look for sessions.
UNHURRIED = 10.0
#: Seconds before the second try; doubled for each further one, up to `LONGEST_PAUSE`.
PAUSE, LONGEST_PAUSE = 0.02, 0.2
#: Settings of the connections for turns. Plans are made once: by default PostgreSQL plans a lone turn anew each time,
#: which takes longer (0.17 ms) than to write it (0.11 ms).
SETTINGS = {"plan_cache_mode": "force_generic_plan", "statement_timeout": str(int(ATTEMPT * 1000))}
#: Statements that a connection keeps prepared: all there are.
STATEMENTS = 100
#: Connections of one process: one writes groups of turns, the others read and claim.
MOST_CONNECTIONS = 4


class Connections:
    """Connections to one database, opened when they are needed.

    Args:
        url: of the database; what it leaves out comes from the PG... variables and the password file.
        most: how many at once.
        pooled: each statement may meet another connection of the database, behind a pooler in transaction mode: none is
            prepared for later, and nothing is set.
        password: gives one that changes; otherwise it comes from `url` or from where `url` does not say.

    Attributes:
        until: by the loop's clock, when whoever waits for the database must have heard of it.
    """

    def __init__(
        self, url: str, most: int = MOST_CONNECTIONS, *, pooled: bool = False, password: Password | None = None
    ) -> None:
        self._url, self._password = url, password
        self._statements = 0 if pooled else STATEMENTS
        self._settings = {} if pooled else SETTINGS
        self.until = math.inf
        self._free: list[Any] = []
        self._left = asyncio.Semaphore(most)

    async def connect(self, seconds: float, statements: int = 0, **settings: str) -> Any:
        """A connection of its own, for who wants to close it himself; it must come within so many seconds.

        It keeps no statements prepared unless told, and so may be led through any pooler.
        """
        settings = {"application_name": "tornado_alice"} | settings
        return await asyncpg.connect(
            self._url,
            password=self._password,
            timeout=seconds,
            server_settings=settings,
            statement_cache_size=statements,
        )

    async def run(self, act: Act[Result]) -> Result:
        """What `act` gives, on the first connection on which it succeeds.

        Raises:
            JournalError: it did not, for `PATIENCE` seconds or for a reason that does not pass. What it wrote may be
                kept all the same, if only the answer was lost.
        """
        patience = Patience(min(PATIENCE, self.until - asyncio.get_running_loop().time()))
        pause, again = PAUSE, False
        while True:
            try:
                return await self._in_turn(act, again, patience)
            except ERRORS as error:
                if not is_passing(error) or patience.left <= pause:
                    raise explain(error) from error
            self._cut_idle()
            await asyncio.sleep(pause)
            patience.left -= pause
            pause, again = min(2 * pause, LONGEST_PAUSE), True

    async def _in_turn(self, act: Act[Result], again: bool, patience: Patience) -> Result:
        if self._left.locked():
            async with patience.limit():
                await self._left.acquire()
        else:
            await self._left.acquire()  # at once
        try:
            async with patience.limit(ATTEMPT):
                return await self._try(act, again)
        finally:
            self._left.release()

    async def _try(self, act: Act[Result], again: bool) -> Result:
        conn = self._take() or await self.connect(ATTEMPT, self._statements, **self._settings)
        try:
            result = await act(conn, again)
        except BaseException:
            conn.terminate()
            raise
        self._free.append(conn)
        return result

    def _take(self) -> Any:
        while self._free:
            conn = self._free.pop()
            if not conn.is_closed():
                return conn
        return None

    def _cut_idle(self) -> None:
        while self._free:
            self._free.pop().terminate()

    async def close(self) -> None:
        """Close those that nobody uses; none is under way any more when a journal stops."""
        while self._free:
            conn = self._free.pop()
            try:
                await conn.close(timeout=ATTEMPT)
            except ERRORS:
                conn.terminate()


async def once(connections: Connections, act: Callable[[Any], Awaitable[Result]]) -> Result:
    """What `act` gives on a connection of its own without a time limit: for what no turn waits for.

    Raises:
        JournalError: the database cannot be reached, or `act` failed.
    """
    try:
        conn = await connections.connect(UNHURRIED)
        try:
            return await act(conn)
        finally:
            await conn.close(timeout=ATTEMPT)
    except JournalError:
        raise
    except ERRORS as error:
        raise explain(error) from error

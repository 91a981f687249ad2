"""All dialogs of one script: order of turns, live scripts, steps, journal.

Who calls whom: the webhook → `Dialogs.answer` → Turn (one turn) → Session (what comes next), Journal (what has been).

Rules:
1. One turn of a session at a time; other sessions do not wait for it.
2. The reply leaves only after the turn is in the journal. If the journal cannot keep it, the user hears an apology, the
   script is dropped, and the next request finds the dialog where the journal has it. A process that is stopping does
   not apologise but fails: others are there for this turn.
3. A live script is a cache: bounded in number and idle time, dropped whenever anything is in doubt.
4. A message that was answered gets the same bytes again.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from . import protocol
from .errors import ForeignSkill, JournalConflict, JournalError, QuotaError
from .hooks import Hooks, Observed
from .journal.base import Journal
from .journal.records import Key
from .live import SessionCache
from .morphology import lemmatizer
from .options import Options
from .order import Order
from .pace import Pace
from .quota import Quota
from .reply import say
from .script import Script
from .tallies import Tallies
from .turn import Runtime, Turn
from .work import MOST_THREADS, Work

log = logging.getLogger(__name__)

#: How often a turn is begun anew because another process has written the same one first.
TRIES = 3
#: Sessions that said nothing but "ping" and are remembered.
MOST_PINGED = 1000


class Dialogs:
    """Answers requests with a script.

    Args:
        script: what to run for each session.
        journal: where turns are kept.
        clock: seconds since the Unix epoch.
        hooks: what hears of its turns.
        scope: begins the keys of its sessions in the journal; another one keeps them from other skills' sessions.

    Attributes:
        counts: turns kept, replays, catch_ups, conflicts, failures of the script, journal_errors; since the start of
            the process.
        draining: the process is stopping.
    """

    def __init__(
        self,
        script: Script,
        journal: Journal,
        options: Options,
        clock: Callable[[], float] = time.time,
        hooks: Hooks | None = None,
        scope: str = "",
    ) -> None:
        self.script = script
        self.hooks = Hooks() if hooks is None else hooks
        self.cache = SessionCache(options.max_live, options.idle)
        self.pace = Pace(script.fn, options.threads, MOST_THREADS)
        self.lemma = lemmatizer(lambda: self.pace.excuse(options.load_analyzer))
        self.journal, self.options, self._clock, self._scope = journal, options, clock, scope
        self.counts: Counter[str] = Counter()
        self.draining = False
        self._quota = Quota()
        self.work = Work(journal, self.hooks)
        self.tallies = Tallies(script, journal)
        parts = (self.cache, self.pace, self.work, self.lemma, self.counts, self.tallies, self.hooks)
        self._runtime = Runtime(script, journal, options, *parts)
        self._order = Order()

    async def stop(self) -> None:
        """End running steps and drop all scripts; nothing is lost, the journal has it."""
        self.cache.stop()
        await self.work.stop()
        await self.hooks.stop()
        await self.tallies.stop()

    async def answer(self, body: bytes) -> bytes:
        """The answer to one request of the platform.

        Raises:
            RequestError: it is none, or of a skill that is not served here (`ForeignSkill`).
            JournalError: the turn cannot be kept, and this process is stopping.
        """
        data = protocol.parse(body)
        session = data["session"]
        skill_id = session.get("skill_id") or ""
        if self.options.skill_ids and skill_id not in self.options.skill_ids:
            raise ForeignSkill("session.skill_id", f"session.skill_id: {skill_id!r} is not served here")
        key = (self._scope + skill_id, session["session_id"])
        if not self._quota.allows(key[0], len(body)):
            raise QuotaError("body", f"body: {len(body)} bytes; this skill has sent too many large bodies, try later")
        deadline = asyncio.get_running_loop().time() + self.options.reply_within
        observed = Observed(self.hooks, data, self.lemma)
        if not self._order.take(key):
            await self._order.wait(key)
        try:
            answer = await self._answer(key, data, body, deadline, observed)
        finally:
            self._order.leave(key)
        observed.end(answer)
        return answer

    def unsaved(self, body: bytes) -> bytes:
        """What the user hears while no journal is to be had.

        Raises:
            RequestError: it is no request of the platform.
        """
        self.counts["journal_errors"] += 1
        return self._engine_says(self.options.unsaved, protocol.parse(body))

    async def finish(self, key: Key, seconds: float) -> bool:
        """Do the steps that a session waits for and whose process is gone, though its user may never ask again.

        Args:
            seconds: how long to wait for them; then they go on, as those of a turn would.

        Returns:
            Whether their outcomes are recorded now.
        """
        if not self._order.take(key):
            await self._order.wait(key)
        try:
            return await self._finish(key, seconds)
        finally:
            self._order.leave(key)

    async def finish_left(self, most: int, seconds: float) -> int:
        """`finish` what processes that are gone have left; how many sessions have their outcomes now.

        Args:
            most: sessions at once; what is left then is for the next call.
            seconds: for each.

        Raises:
            JournalError: the journal cannot be read.
        """
        found = await self.journal.left(most, self.options.skill_ids)
        own = [key for key in found if key[0].startswith(self._scope)]
        return sum([await self.finish(key, seconds) for key in own])

    async def _finish(self, key: Key, seconds: float) -> bool:
        known = await self.journal.load(key)
        if known.head is None or known.head.ended or not known.turns:
            return False
        self.cache.drop(key)
        body = known.turns[-1].request
        data = protocol.parse_again(body)
        deadline = asyncio.get_running_loop().time() + seconds
        observed = Observed(self.hooks, data, self.lemma)
        turn = Turn(self._runtime, key, data, body, self._clock(), deadline, observed)
        try:
            return await turn.finish(known)
        except JournalConflict:
            return False  # another process goes on with it
        finally:
            turn.abandon()

    async def _answer(self, key: Key, data: dict[str, Any], body: bytes, deadline: float, observed: Observed) -> bytes:
        try:
            return await self._handle(key, data, body, deadline, observed)
        except JournalError as error:
            observed.error = error
            self.counts["journal_errors"] += 1
            log.error("session %s: %s", key[1], error)
            if self.draining:
                raise
            return self._engine_says(self.options.unsaved, data)
        except (Exception, asyncio.CancelledError) as error:
            # CancelledError: a script has used a time-out of asyncio, which cancels the task that runs the script
            observed.error = error
            log.exception("session %s: the engine failed", key[1])
            return self._engine_says(self.options.sorry, data)

    def _pong(self, key: Key, data: dict[str, Any]) -> bytes:
        """The availability check is answered and not kept; if it was a person, their next words begin the dialog."""
        pinged = self._runtime.pinged
        pinged[key] = None
        if len(pinged) > MOST_PINGED:
            del pinged[next(iter(pinged))]
        return self._engine_says(self.options.pong, data)

    def _engine_says(self, phrases: tuple[str, ...], data: dict[str, Any]) -> bytes:
        return protocol.answer(say(*phrases), protocol.echo(data))[0]

    async def _handle(self, key: Key, data: dict[str, Any], body: bytes, deadline: float, observed: Observed) -> bytes:
        if protocol.is_ping(data) and key not in self.cache and (await self.journal.load(key)).head is None:
            return self._pong(key, data)
        for attempt in range(TRIES):
            turn = Turn(self._runtime, key, data, body, self._clock(), deadline, observed)
            try:
                return await turn.run(again=attempt > 0)
            except JournalConflict:
                turn.abandon()  # another process was quicker with this very turn: go on from what it has written
                self.counts["conflicts"] += 1
                observed.error = None
            except BaseException:
                turn.abandon()
                raise
        raise JournalError(f"{TRIES} times in a row another process wrote the same turn first")

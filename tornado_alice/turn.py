"""One turn: find the script, run it, do its steps, keep the turn, send the reply.

What a turn begins with:

    script in memory   the message's number      the journal holds     then
    ----------------   -----------------------   -------------------   ------------------------------------------------
    yes                follows the last one      is not asked          run it: the hot path
    no                 0, of a new session       is not asked          a fresh script
    yes or no          any other                 its answer            send the same bytes again
    yes                any other                 as many turns         run it
    yes                any other                 more turns            catch up: feed what is missing, run it
    no                 any other                 an open session       wake: a fresh script, fed all turns; run it
    no                 any other                 an ended session      a fresh script in a new epoch
    no                 any other                 nothing               diverged, unless only pings can have come before
    feeding it raised or led elsewhere                                 diverged: the skill's on_divergence

A message that comes late, after a larger number, changes nothing in that: the last one is the largest one.

Rules:
1. A turn ends with a commit; only then its reply is given back.
2. The platform numbers the messages of a session, so that number is the version of the script in memory: if it follows
   the last one, nobody can have answered in between. The commit is the fence all the same: if another process has
   written the turn, JournalConflict, the script is dropped, and the turn is begun anew from what the journal holds.
3. Whatever else fails drops the script too (`abandon`): the journal has what is true.
4. The engine speaks where the script does not: closing, sorry, waiting. Such a turn is kept without a digest.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any

from . import context, limits, protocol
from .errors import NonDeterminismError, ReplyError, ScriptError
from .frames import authors_part
from .hooks import Hooks, Observed
from .journal.base import Journal
from .journal.records import Head, Key, Known, Record
from .live import LiveSession, SessionCache, identity
from .options import Options
from .pace import Pace
from .remedies import add_remedy
from .reply import Reply, say
from .request import Request
from .script import Script, describe_failure
from .session import Do, Failed, Finished, Hearer, Instruction, Say, Session, digest
from .step import Continue
from .tallies import FAILED, Asked, Tallies
from .work import Work

if TYPE_CHECKING:
    from .diagnosis import Advice

log = logging.getLogger(__name__)

#: A journal with more turns than this in one epoch is replayed in some tens of milliseconds: time for continue_as_new.
MANY_TURNS = 500


@dataclass(frozen=True, eq=False)
class Runtime:
    """Where turns take place: what all of them share."""

    script: Script
    journal: Journal
    options: Options
    cache: SessionCache
    pace: Pace
    work: Work
    lemma: Callable[[str], str]
    counts: Counter[str]
    tallies: Tallies
    hooks: Hooks
    pinged: dict[Key, None] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    @cached_property
    def advice(self) -> "Advice":
        """What is told of divergences."""
        from .diagnosis import Advice  # here: there may never be one

        return Advice()

    def tell(self, place: str, remark: str) -> None:
        """Once for each place: what the script's author should know."""
        if place not in self.told:
            self.told.add(place)
            log.warning("%s: %s", place, remark)

    def may_be_first(self, key: Key, message_id: int | None) -> bool:
        """Can the script not have spoken before this message, since those before it were pings or not kept?"""
        return message_id == 1 or key in self.pinged


class Turn:
    """One turn under way."""

    def __init__(
        self,
        runtime: Runtime,
        key: Key,
        data: dict[str, Any],
        body: bytes,
        at: float,
        deadline: float,
        observed: Observed,
    ) -> None:
        self.runtime, self.key, self.data, self.at, self.deadline = runtime, key, data, at, deadline
        self.observed = observed
        self.journal, self.options, self.cache = runtime.journal, runtime.options, runtime.cache
        self.message_id: int | None = data["session"].get("message_id")
        self.body = protocol.hide_secrets(body)  # as it is kept
        self.echo = protocol.echo(data)  # before the script gets the request
        self.live: LiveSession | None = None
        self.asked = Asked()
        self.latest: int | None = None  # the largest number of a message of this session, as far as is known here

    async def run(self, *, again: bool = False) -> bytes:
        """The answer; `again` after a conflict: then the journal is asked in any case."""
        live = self.live = self.cache.take(self.key)
        self._saw(live.message_id if live is not None else None)
        if live is not None and self._is_next(live):
            return await self._turn(live)
        if live is None and not again and self._is_first():
            return await self._turn(self._start(Head()))
        known = await self._load(live.head.seq if live is not None else 0)
        if live is not None and known.answer is None:
            live = await self._catch_up(live, known)
            known = known if live is not None else await self._load(0)  # another process may have answered meanwhile
        if known.answer is not None:
            if live is not None:
                self.cache.keep(self.key, live)
            return known.answer
        try:
            return await self._turn(live or await self._wake(known))
        except Diverged as diverged:
            return await self._diverged(diverged)

    async def finish(self, known: Known) -> bool:
        """Do the steps that an open session waits for; whether their outcomes are there now."""
        try:
            live = await self._wake(known)
        except Diverged as diverged:
            log.warning("session %s: %s; its step is left", self.key[1], diverged.error)
            return False
        pending = live.session.pending
        return pending is not None and await live.outcomes(pending, self.deadline) is not None

    def abandon(self) -> None:
        """The turn has failed: forget its script; the journal has what is true."""
        if self.live is not None:
            self.live.close()
            self.live = None

    async def _load(self, since: int) -> Known:
        start = perf_counter()
        known = await self.journal.load(self.key, self.body, self.message_id, since)
        self.runtime.hooks.spent("load", start)
        for record in known.turns:
            self._saw(record.message_id)
        return known

    def _saw(self, message_id: int | None) -> None:
        if message_id is not None and (self.latest is None or message_id > self.latest):
            self.latest = message_id

    def _is_next(self, live: LiveSession) -> bool:
        """Does the platform's number follow the last one, so that nobody can have answered in between?"""
        if self.message_id is None or live.message_id is None:
            return False
        return self.message_id == live.message_id + 1 and self.cache.is_recent(live)

    def _is_first(self) -> bool:
        return self.message_id == 0 and self.data["session"].get("new") is True

    async def _catch_up(self, live: LiveSession, known: Known) -> LiveSession | None:
        """Feed the script what another process has added meanwhile; None if it is to be replayed from its start."""
        head = known.head
        if head is not None and head.seq == live.head.seq and not head.ended:
            self._warn_of_number(live)
            return live
        if head is not None and not head.ended and head.epoch == live.head.epoch:
            waited_for = live.session.pending
            try:
                await self._feed(live.session, known.turns)
                if live.session.pending is not waited_for:
                    live.awaited = []  # the other process had its outcome
                live.head = head
                self._recall(live, known)
                self.runtime.counts["catch_ups"] += 1
                return live
            except NonDeterminismError as error:
                log.info("session %s: %s; it is replayed from its start", self.key[1], error)
        self.abandon()
        return None

    def _warn_of_number(self, live: LiveSession) -> None:
        if self.message_id is not None and live.message_id is not None and self.message_id <= live.message_id:
            log.info(
                "session %s: message %d comes again with another body and is taken for the next one",
                self.key[1],
                self.message_id,
            )

    async def _wake(self, known: Known) -> LiveSession:
        """A script for a session that is not in memory: a new one, or replayed from the journal."""
        head = known.head
        if head is None:
            if self._goes_on() and not self.runtime.may_be_first(self.key, self.message_id):
                raise Diverged(
                    Head(), ScriptError("the platform goes on with a session that the journal does not hold")
                )
            return self._start(Head())
        if head.ended:
            return self._start(head.next_epoch())
        self.asked.open = self.runtime.tallies.open_after(known.turns)
        live = self._start(head)
        self.runtime.counts["replays"] += 1
        self.observed.replayed = True
        try:
            await self._feed(live.session, known.turns)
        except Exception as error:
            live.session.close()
            raise Diverged(head.next_epoch(), error) from error
        self._recall(live, known)
        return live

    def _goes_on(self) -> bool:
        """Does the platform go on with a dialog? (A player may tell of a melody long after its dialog.)"""
        taker = self.runtime.script.handlers.event(Request(self.data, self.runtime.lemma))
        return self.data["session"].get("new") is False and taker is None

    async def _feed(self, session: Session, turns: list[Record]) -> None:
        """Replay turns; in a thread from the first one on that blocks."""
        pace, feed = self.runtime.pace, session.feed(turns)
        while not pace.beside:
            if pace.on_loop(session, next, feed, None) is None:
                return
        await pace.run(session, list, feed)

    async def _resume(self, session: Session, call: Callable[..., Instruction], *args: Any) -> Instruction:
        """Let the script go on."""
        pace = self.runtime.pace
        instruction = await pace.run(session, call, *args) if pace.beside else pace.on_loop(session, call, *args)
        for place, remark in session.remarks:
            self.runtime.tell(place, remark)
        return instruction

    def _recall(self, live: LiveSession, known: Known) -> None:
        """What the journal holds of steps: for this very request, or for those that the script still waits for."""
        live.kept = known.steps
        live.open = self.runtime.tallies.open_after(known.turns)
        pending = live.session.pending
        for record in known.turns:
            if pending is not None and record.n == pending.turn:
                live.asked = identity(live.head.epoch, record.message_id, record.request)

    def _start(self, head: Head) -> LiveSession:
        seed = context.seed_of(self.journal.secret, self.key)
        try:
            session = Session.of(self.runtime.script, self.key, head, seed, self.runtime.lemma)
        except ScriptError as error:
            raise Diverged(head.next_epoch(), error) from None
        self.live = LiveSession(session, head, self.runtime.work)
        return self.live

    async def _diverged(self, diverged: "Diverged") -> bytes:
        """The journal and the script do not fit together: ask the author's policy."""
        policy, error = self.options.on_divergence, diverged.error
        self.observed.begin()
        self.observed.error = error
        self.asked.outcome = FAILED
        advice = self.runtime.advice.once(error)
        log.warning("session %s: %s; on_divergence: %s%s", self.key[1], error, policy, advice)
        reply: Reply | None = None
        if policy == "end":
            reply = say(*self.options.sorry, end_session=True)
        elif callable(policy):
            reply = policy(self.data, error)
        live = self._start(diverged.head)
        if reply is None:
            return await self._turn(live)
        limits.normalize(reply, self.runtime.script.mending)
        return await self._commit(live, reply, ended=True, by_script=False)

    async def _turn(self, live: LiveSession) -> bytes:
        session = live.session
        self.observed.begin()
        instruction = await self._resume(session, session.begin, self.data, self.at)
        self.asked.heard(live.open, session.answers)
        for _ in range(1000):
            if isinstance(instruction, Do):
                if instruction.turn == session.n and not live.awaited:
                    live.asked = identity(live.head.epoch, self.message_id, self.body)
                outcomes = await live.outcomes(instruction, self.deadline)
                if outcomes is None:
                    return await self._still_working(live, instruction)
                instruction = await self._resume(session, session.resume, outcomes)
            elif isinstance(instruction, Continue) and not self._can_find(instruction.script):
                name = instruction.script.__name__
                instruction = Failed(
                    ScriptError(f"continue_as_new({name}): it must be a function of the script's module")
                )
            elif isinstance(instruction, Continue):
                live = self._continue(live, instruction)
                session = live.session
                instruction = await self._resume(session, session.begin, self.data, self.at, Hearer())
            else:
                return await self._speak(live, instruction)
        error = ScriptError("1000 steps in one turn and not a word: say something, or do them in one step")
        return await self._speak(live, Failed(error))

    async def _speak(self, live: LiveSession, instruction: Instruction) -> bytes:
        match instruction:
            case Say(reply):
                return await self._commit(live, reply, ended=reply["end_session"] or not live.session.has_begun)
            case Finished():
                reply = say(*self.options.closing, end_session=True)
                return await self._commit(live, reply, ended=True, by_script=False)
            case Failed(error):
                where = f"session {self.key[1]}, turn {live.session.n}"
                self.runtime.counts["failures"] += 1
                self.observed.error, self.asked.outcome = error, FAILED
                add_remedy(error)
                trace = error.__traceback__ if log.isEnabledFor(logging.DEBUG) else authors_part(error)
                log.error("%s: the script raised %r", where, error, exc_info=(type(error), error, trace))
                live.head = live.head._replace(failure=describe_failure(error))
        reply = say(*self.options.sorry, end_session=True)
        return await self._commit(live, reply, ended=True, by_script=False)

    async def _still_working(self, live: LiveSession, asked: Do) -> bytes:
        reply = say(*(asked.steps[0].waiting or self.options.waiting))
        live.session.wait()
        self.asked.is_done()  # whatever the script will say to it
        return await self._commit(live, reply, ended=False, by_script=False)

    async def _commit(self, live: LiveSession, reply: Reply, ended: bool, by_script: bool = True) -> bytes:
        session = live.session
        try:
            sent, said = protocol.answer(reply, self.echo)
        except ReplyError as error:
            if not by_script:
                raise
            return await self._speak(live, Failed(error))
        mark = digest(said) if by_script else ""
        prompt = self.runtime.tallies.prompt_at(session.frame) if by_script or not ended else None
        version = session.script.version
        record = Record(
            session.n, self.message_id, self.at, self.body, session.ops, sent, mark, version, None if ended else prompt
        )
        session.end_turn()  # before the commit: a long step that ends meanwhile belongs to the next turn
        head = live.head._replace(ended=True) if ended else live.head
        start = perf_counter()
        id = await self.journal.commit(self.key, head, record)
        self.runtime.hooks.spent("commit", start)
        self.runtime.counts["turns"] += 1
        live.open = self.runtime.tallies.count(self.asked, prompt, ended, self.at)
        self.observed.session, self.observed.turn, self.observed.ended = id, record.n, ended
        live.head = head.after(id, session.n)
        self._saw(self.message_id)
        live.message_id, live.kept = self.latest, {}
        if session.n % MANY_TURNS == 0:
            log.warning("session %s has %d turns: continue_as_new(...) keeps replay quick", self.key[1], session.n)
        if ended:
            live.close()
        else:
            self.cache.keep(self.key, live)
        return sent

    def _can_find(self, fn: Callable[..., Any]) -> bool:
        own = self.runtime.script
        return fn is own.fn or fn is own.sibling(fn.__name__)

    def _continue(self, live: LiveSession, command: Continue) -> LiveSession:
        own, name = self.runtime.script, command.script.__name__
        self.abandon()
        self.asked.is_done()  # though the new start may begin with the same prompt
        return self._start(live.head.next_epoch("" if command.script is own.fn else name, command.state))


class Diverged(Exception):
    """The journal and the script do not fit together; `head` is where a fresh start would be."""

    def __init__(self, head: Head, error: Exception) -> None:
        super().__init__(str(error))
        self.head, self.error = head, error

"""One turn: find the script, run it, do its steps, keep the turn, send the reply.

What a turn begins with:

    script in memory   journal holds               the message is           then
    ----------------   -------------------------   ----------------------   -------------------------------------------
    yes                as many turns as it spoke   later than the last      run it: the hot path
    yes or no          its answer                  answered before          send the same bytes again
    yes                more turns                  new                      catch up: feed what is missing, run it
    no                 an open session             new                      wake: a fresh script, fed all turns; run it
    no                 an ended session            new                      a fresh script in a new epoch
    no                 nothing                     the first of a session   a fresh script
    no                 nothing                     in mid-session           diverged
    feeding it raised or led elsewhere                                      diverged: the skill's on_divergence

Rules:
1. A turn ends with a commit; only then its reply is given back.
2. The commit is the fence: if another process has written the turn first, JournalConflict, and the script is dropped.
3. Whatever else fails drops the script too (`abandon`): the journal has what is true.
4. The engine speaks where the script does not: closing, sorry, waiting. Such a turn is kept without a digest.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import context, protocol
from .errors import NonDeterminismError, ReplyError, ScriptError
from .journal.base import Journal
from .journal.records import Head, Key, Op, Record
from .live import LiveSession, SessionCache
from .options import Options
from .reply import Reply, say
from .script import Script
from .session import Do, Failed, Finished, Instruction, Say, Session, digest
from .step import Continue

log = logging.getLogger(__name__)

#: A journal with more turns than this in one epoch is replayed in some tens of milliseconds: time for continue_as_new.
MANY_TURNS = 500


@dataclass(frozen=True)
class Runtime:
    """Where turns take place: what all of them share."""

    script: Script
    journal: Journal
    options: Options
    scripts: SessionCache
    lemma: Callable[[str], str]
    counts: Counter[str]


class Turn:
    """One turn under way."""

    def __init__(
        self, runtime: Runtime, key: Key, data: dict[str, Any], body: bytes, at: float, deadline: float
    ) -> None:
        self.runtime, self.key, self.data, self.body, self.at, self.deadline = runtime, key, data, body, at, deadline
        self.journal, self.options, self.scripts = runtime.journal, runtime.options, runtime.scripts
        self.message_id: int | None = data["session"].get("message_id")
        self.live: LiveSession | None = None

    async def run(self) -> bytes:
        live = self.live = self.scripts.take(self.key)
        hot = live is not None and self.journal.position(live.head.id or 0) == (live.head.epoch, live.head.n)
        if live is not None and hot and self._is_next(live):
            return await self._turn(live)
        head = self.journal.find(self.key)
        sent = self._sent_before(head)
        if sent is not None:
            if live is not None:
                self.scripts.keep(self.key, live)
            return sent
        if live is not None and not hot:
            live = self._catch_up(live, head)
        try:
            return await self._turn(live or self._wake(head))
        except Diverged as diverged:
            return await self._diverged(diverged)

    def abandon(self) -> None:
        """The turn has failed: forget its script; the journal has what is true."""
        if self.live is not None:
            self.live.close()
            self.live = None

    def _is_next(self, live: LiveSession) -> bool:
        """Is the message later than the last one, so that nobody can have answered it?"""
        if self.message_id is None or live.message_id is None:
            return True
        if self.message_id > live.message_id + 1:
            log.info("session %s: message %d follows %d", self.key[1], self.message_id, live.message_id)
        return self.message_id > live.message_id

    def _sent_before(self, head: Head | None) -> bytes | None:
        if head is None or head.id is None or self.message_id is None:
            return None
        return self.journal.sent(head.id, self.message_id)

    def _catch_up(self, live: LiveSession, head: Head | None) -> LiveSession | None:
        """Another process went on with the session: feed what is missing, or forget the script."""
        if head is not None and head.id is not None and not head.ended and head.epoch == live.head.epoch:
            waited_for = live.session.pending
            try:
                live.session.replay(self.journal.turns(head.id, head.epoch, live.session.n))
                if live.session.pending is not waited_for:
                    live.forget_work()  # the other process had its outcome
                live.head, live.kept = head, self._kept(head)
                return live
            except NonDeterminismError as error:
                log.info("session %s: %s; it is replayed from its start", self.key[1], error)
        self.abandon()
        return None

    def _wake(self, head: Head | None) -> LiveSession:
        """A script for a session that is not in memory: a new one, or replayed from the journal."""
        if head is None:
            fresh = Head(None, 0, 0)
            if self.data["session"].get("new") is False:
                raise Diverged(fresh, ScriptError("the platform goes on with a session that the journal does not hold"))
            return self._start(fresh)
        if head.ended:
            return self._start(_next_epoch(head))
        live = self._start(head)
        records = self.journal.turns(head.id or 0, head.epoch)
        self.runtime.counts["replays"] += 1
        try:
            live.session.replay(records)
        except Exception as error:
            live.session.close()
            raise Diverged(_next_epoch(head), error) from error
        live.kept = self._kept(head)
        return live

    def _kept(self, head: Head) -> dict[int, Op]:
        return self.journal.steps(head.id or 0, head.epoch, head.n, self.message_id)

    def _start(self, head: Head) -> LiveSession:
        seed = context.seed(self.journal.secret, *self.key)
        try:
            session = Session.of(self.runtime.script, self.key, head, seed, self.runtime.lemma)
        except ScriptError as error:
            raise Diverged(_next_epoch(head), error) from None
        self.live = LiveSession(session, head, self.scripts.threads)
        return self.live

    async def _diverged(self, diverged: "Diverged") -> bytes:
        """The journal and the script do not fit together: ask the author's policy."""
        policy, error = self.options.on_divergence, diverged.error
        log.warning("session %s: %s; on_divergence: %s", self.key[1], error, policy)
        reply: Reply | None = None
        if policy == "end":
            reply = say(*self.options.sorry, end_session=True)
        elif callable(policy):
            reply = policy(self.data, error)
        live = self._start(diverged.head)
        if reply is None:
            return await self._turn(live)
        protocol.normalize(reply)
        return await self._commit(live, reply, ended=True, by_script=False)

    async def _turn(self, live: LiveSession) -> bytes:
        session = live.session
        instruction = session.begin(self.data, self.at)
        for _ in range(1000):
            if isinstance(instruction, Do):
                outcomes = await live.outcomes(instruction, self.journal, self.message_id, self.deadline)
                if outcomes is None:
                    return await self._still_working(live, instruction)
                instruction = session.resume(outcomes)
            elif isinstance(instruction, Continue) and not self._can_find(instruction.script):
                name = instruction.script.__name__
                instruction = Failed(
                    ScriptError(f"continue_as_new({name}): it must be a function of the script's module")
                )
            elif isinstance(instruction, Continue):
                live = self._continue(live, instruction)
                session = live.session
                instruction = session.begin(self.data, self.at)
            else:
                return await self._speak(live, instruction)
        error = ScriptError("1000 steps in one turn and not a word: say something, or do them in one step")
        return await self._speak(live, Failed(error))

    async def _speak(self, live: LiveSession, instruction: Instruction) -> bytes:
        match instruction:
            case Say(reply):
                return await self._commit(live, reply, ended=reply["end_session"])
            case Finished():
                reply = say(*self.options.closing, end_session=True)
                return await self._commit(live, reply, ended=True, by_script=False)
            case Failed(error):
                where = f"session {self.key[1]}, turn {live.session.n}"
                self.runtime.counts["failures"] += 1
                log.error("%s: the script raised %r", where, error, exc_info=error)
        reply = say(*self.options.sorry, end_session=True)
        return await self._commit(live, reply, ended=True, by_script=False)

    async def _still_working(self, live: LiveSession, asked: Do) -> bytes:
        reply = say(*(asked.steps[0].waiting or self.options.waiting))
        live.session.wait()
        return await self._commit(live, reply, ended=False, by_script=False)

    async def _commit(self, live: LiveSession, reply: Reply, ended: bool, by_script: bool = True) -> bytes:
        session = live.session
        try:
            sent, said = protocol.answer(reply, self.data)
        except ReplyError as error:
            if not by_script:
                raise
            return await self._speak(live, Failed(error))
        mark = digest(said) if by_script else ""
        record = Record(session.n, self.message_id, self.at, self.body, session.ops, sent, mark, session.script.version)
        session.end_turn()  # before the commit: a long step that ends meanwhile belongs to the next turn
        old = live.head
        id = await self.journal.commit(self.key, Head(old.id, old.epoch, old.n, old.script, old.state, ended), record)
        self.runtime.counts["turns"] += 1
        live.head = Head(id, old.epoch, session.n, old.script, old.state, ended)
        live.message_id, live.sent, live.kept = self.message_id, sent, {}
        if session.n % MANY_TURNS == 0:
            log.warning("session %s has %d turns: continue_as_new(...) keeps replay quick", self.key[1], session.n)
        if ended:
            live.close()
        else:
            self.scripts.keep(self.key, live)
        return sent

    def _can_find(self, fn: Callable[..., Any]) -> bool:
        own = self.runtime.script
        return fn is own.fn or fn is own.sibling(fn.__name__)

    def _continue(self, live: LiveSession, command: Continue) -> LiveSession:
        own, name = self.runtime.script, command.script.__name__
        self.abandon()
        head = _next_epoch(live.head)
        return self._start(head._replace(script="" if command.script is own.fn else name, state=command.state))


class Diverged(Exception):
    """The journal and the script do not fit together; `head` is where a fresh start would be."""

    def __init__(self, head: Head, error: Exception) -> None:
        super().__init__(str(error))
        self.head, self.error = head, error


def _next_epoch(head: Head) -> Head:
    return Head(head.id, head.epoch + 1, 0)

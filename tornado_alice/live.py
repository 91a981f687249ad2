"""LiveSession scripts: a bounded cache of sessions, and the steps they wait for."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import blake2b

from .journal.records import Head, Key, Op, Place, StepName
from .session import Do, Session
from .tallies import Open
from .work import Work

#: Seconds of silence after which a live script is compared with the journal; the platform ends a session after minutes.
RECENT = 600.0


@dataclass(slots=True, eq=False)
class LiveSession:
    """A script in memory.

    Attributes:
        head: as the journal has it; `head.n` is the next turn.
        work: the steps under way in this process.
        message_id: the largest one of its turns: what follows it cannot have come before.
        used: when, by the loop's clock.
        open: the prompt that waits for its answer.
        asked: identity of the request whose turn asked for the steps under way.
        awaited: tasks of the steps it waits for.
        kept: steps that the journal holds for turns that are not finished.
    """

    session: Session
    head: Head
    work: Work
    message_id: int | None = None
    used: float = 0.0
    open: Open | None = None
    asked: str = ""
    awaited: "list[asyncio.Task[Op]]" = field(default_factory=list)
    kept: dict[StepName, Op | None] = field(default_factory=dict)

    @property
    def at_work(self) -> bool:
        """Is a step under way?"""
        return not all(task.done() for task in self.awaited)

    def close(self) -> None:
        """Drop the script. Its steps go on: whoever asks for them again finds them under way, or their outcomes."""
        self.awaited = []
        self.session.close()

    async def outcomes(self, asked: Do, deadline: float) -> list[Op] | None:
        """Outcomes of the steps asked for: recorded ones and those that end now; None if the turn's time is up.

        Args:
            deadline: by the loop's clock.

        Raises:
            JournalConflict: another process is further than this script.
        """
        if not self.awaited:
            self.awaited = [self._begin(asked, i) for i in range(len(asked.steps))]
        left = max(0.0, deadline - asyncio.get_running_loop().time())
        late = [task for i, task in enumerate(self.awaited) if self._known(asked, i) is None]
        if late and (await asyncio.wait(late, timeout=left))[1]:
            return None
        ops = [self._known(asked, i) or task.result() for i, task in enumerate(self.awaited)]
        self.awaited = []
        return [{key: op[key] for key in ("ok", "error") if key in op} for op in ops]

    def _place(self, asked: Do, i: int) -> Place:
        """Where a step was asked for, however long it takes."""
        return Place(self.head.seq - (self.session.n - asked.turn), asked.first + i)

    def _known(self, asked: Do, i: int) -> Op | None:
        """What the journal holds for a step: recorded before a crash, or by another process meanwhile."""
        place, name = self._place(asked, i), asked.steps[i].name
        ops = (self.kept.get((place, by)) for by in (self.asked, *before_schema_2(self.asked)))
        return next((op for op in ops if op is not None and op["name"] == name), None)

    def _begin(self, asked: Do, i: int) -> "asyncio.Task[Op]":
        if (known := self._known(asked, i)) is not None:
            return asyncio.create_task(_given(known))
        place = self._place(asked, i)
        skill_id, session_id = self.session.key
        request = self.asked.rpartition("/")[2]  # another message that becomes this turn acts under another key
        key = f"{skill_id}/{session_id}/{self.head.epoch}/{asked.turn}/{request}/{place.k}"
        return self.work.begin(self.session.key, self.head, place, self.asked, asked.steps[i], key)


async def _given(op: Op) -> Op:
    return op


def identity(epoch: int, message_id: int | None, request: bytes) -> str:
    """Names a request within its session: an outcome recorded for another one is of no use to it."""
    return f"{message_id}/{epoch}/{blake2b(request, digest_size=8).hexdigest()}"


def before_schema_2(identity: str) -> tuple[str, str]:
    """The same in journals of release 0.1.0: the message's number, or nothing for a step that was waited for."""
    return identity.partition("/")[0], ""


class SessionCache:
    """The live scripts by session, least recently used first.

    Args:
        most: how many are kept; one whose step is under way may be over this number, up to twice of it.
        idle: seconds of silence after which one goes.
    """

    def __init__(self, most: int, idle: float) -> None:
        self._most, self._idle = most, idle
        self._live: OrderedDict[Key, LiveSession] = OrderedDict()

    def __len__(self) -> int:
        return len(self._live)

    def __contains__(self, key: Key) -> bool:
        return key in self._live

    def is_recent(self, live: LiveSession) -> bool:
        """Has it spoken so lately that its session cannot have been swept from the journal?"""
        return asyncio.get_running_loop().time() - live.used < RECENT

    def take(self, key: Key) -> LiveSession | None:
        """Take a script out for its turn: nobody else may drop it meanwhile. `keep` puts it back."""
        return self._live.pop(key, None)

    def drop(self, key: Key) -> None:
        """Forget the script of a session, if there is one."""
        if (live := self._live.pop(key, None)) is not None:
            live.close()

    def keep(self, key: Key, live: LiveSession) -> None:
        """Keep a script that has just spoken, and drop what is too much or too old."""
        now = live.used = asyncio.get_running_loop().time()
        self._live[key] = live  # behind all others: `take` has taken it out
        for _ in range(len(self._live)):
            oldest, other = next(iter(self._live.items()))
            if len(self._live) <= self._most and other.used >= now - self._idle:
                return
            if other.at_work and len(self._live) <= 2 * self._most + 1:
                self._live.move_to_end(oldest)  # to forget it would do its step twice
            else:
                self._live.pop(oldest).close()

    def stop(self) -> None:
        """Close all scripts."""
        for live in self._live.values():
            live.close()
        self._live.clear()

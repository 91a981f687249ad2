"""Who waits for what: lanes of jobs, and the one run a lane has at a time. No I/O, nothing is recorded here.

1. An unfinished job is in one lane's `waiting` or among one run's `members`; `drop` removes it from both.
2. The leader is the job that waited longest, not the largest: nobody is overtaken for ever.
3. A job's place in the queue is bounded by those of its lane that are smaller or of like size. A full queue of big
   jobs refuses no smaller one, which costs them nothing and waits for the first of them alone; in all there may be
   as many full queues as there are powers of ten.
4. A run whose leader has left takes no new members: it will bring no digits.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field

#: Seconds between two reports of progress, at least.
PROGRESS_EVERY = 0.1
#: A waiting job this many times as large as another takes no place from it: the other comes along with it.
OUTWEIGHS = 10
#: What progress must have moved by to be reported: so the history of a job of hours stays within a thousand lines.
PROGRESS_STEP = 0.001


@dataclass
class Run:
    """One computation, of `leader` digits, and its members: the jobs that still want the result."""

    leader: int
    members: dict[int, None]  #: in order; the leader, unless cancelled, and smaller followers
    task: asyncio.Task[None] | None = None
    computing: bool = False  #: False again once digits are being written
    progress: float = 0.0
    phase: str | None = None
    told_at: float = 0.0
    turn: int = 0

    @property
    def wanted(self) -> bool:
        """Whether the leader itself still wants the result."""
        return self.leader in self.members

    def begin(self, now: float) -> None:
        """A computation starts; its progress counts from nothing."""
        self.computing, self.progress, self.phase, self.told_at = True, 0.0, None, now

    def report(self, fraction: float, now: float, phase: str | None = None) -> list[int]:
        """Which members to tell of progress: none if it is too soon, else the leader and one follower.

        Followers take turns, so that a thousand of them cost no more events than one. A new phase is never too soon.

        Args:
            fraction: 0..1.
            now: seconds of any clock that only goes forward.
            phase: what goes on, if that is known.
        """
        soon = now - self.told_at < PROGRESS_EVERY or fraction - self.progress < PROGRESS_STEP
        if (soon and phase in (None, self.phase)) or not self.computing or not self.wanted:
            return []
        self.phase = phase or self.phase
        self.progress, self.told_at = fraction, now
        followers = [n for n in self.members if n != self.leader]
        self.turn += 1
        return [self.leader, *followers[self.turn % len(followers) :][:1]] if followers else [self.leader]


@dataclass
class Lane:
    """Jobs that share workers: those that wait, in order, and the run that is under way."""

    waiting: dict[int, None] = field(default_factory=dict)
    run: Run | None = None
    _filled: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, n: int) -> None:
        """Let `n` wait."""
        self.waiting[n] = None
        self._filled.set()

    async def next(self) -> Run:
        """The run of the job that waited longest; the smaller ones that wait come with it."""
        while not self.waiting:
            self._filled.clear()
            await self._filled.wait()
        leader = next(iter(self.waiting))
        members = [leader, *(n for n in self.waiting if n < leader)]
        for n in members:
            del self.waiting[n]
        self.run = Run(leader, dict.fromkeys(members))
        return self.run

    def joinable(self, n: int) -> Run | None:
        """The run that will bring the digits of `n` too, if there is one."""
        run = self.run
        return run if run and run.wanted and n < run.leader else None

    def queued(self, n: float = math.inf) -> int:
        """How many jobs wait that count against a place for `n`: followers too, but not the one being computed."""
        followers = [m for m in self.run.members if m != self.run.leader] if self.run else []
        return sum(m < OUTWEIGHS * n for m in [*self.waiting, *followers])

    def drop(self, n: int) -> Callable[[], object] | None:
        """Take `n` out.

        Returns:
            What ends the computation that nobody leads now; None if there is no such.
        """
        self.waiting.pop(n, None)
        run = self.run
        if run is None or n not in run.members:
            return None
        del run.members[n]
        # digits that are being written already are as good as any: only computing is cut short
        return run.task.cancel if run.task and run.computing and n == run.leader else None

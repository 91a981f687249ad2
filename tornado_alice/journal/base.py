"""What a journal does, whatever keeps it."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from .records import Head, Key, Known, Op, Opened, Place, Record, Summary, Tallies, Tally, Wanted

if TYPE_CHECKING:
    from uuid import UUID

#: Sessions deleted in one transaction: some milliseconds, so that turns need not wait.
SWEEP_BATCH = 200
#: Open sessions read at once, with their turns: a megabyte or a few.
READ_BATCH = 100


@dataclass(frozen=True)
class Retention:
    """How long sessions are kept, in seconds since their last turn.

    Attributes:
        ended: one that ended well; so long repeated deliveries of its last message find their answer.
        failed: one whose script raised: it can be replayed in a debugger so long.
        silent: an open one; the platform itself forgets it after minutes.
        failed_bytes: failed sessions together take no more than this, the oldest go first.
    """

    ended: float = 10 * 60
    failed: float = 14 * 24 * 3600
    silent: float = 24 * 3600
    failed_bytes: int = 256 << 20


@dataclass
class Meter:
    """What an archive counts of its own work, since the start of the process.

    Attributes:
        groups: how often so many writes were kept at once.
        taken_over: steps claimed that another process had claimed and left without an outcome.
    """

    groups: Counter[int] = field(default_factory=Counter)
    taken_over: int = 0


class Journal(Protocol):
    """The journal of turns. Every method raises JournalError when it cannot be read or written now."""

    #: 32 random bytes, the same for every process of the journal: the seed of all randomness of scripts.
    secret: bytes

    async def start(self) -> None:
        """Open it; create it where there is none."""

    async def stop(self) -> None:
        """Finish what is under way and close."""

    def check(self) -> None:
        """Raise JournalError if turns cannot be kept now, as far as that can be seen at once."""

    async def load(self, key: Key, request: bytes = b"", message_id: int | None = None, since: int = 0) -> Known:
        """What is known of a session.

        Args:
            key: of the session.
            request: the body that has come, without secrets: has it been answered?
            message_id: its number; without one nothing is a repetition.
            since: `Head.seq` of the first turn wanted.
        """

    async def claim(self, key: Key, head: Head, place: Place, asked: str, name: str) -> int | None:
        """Take a step, so that nobody else runs it; the id of the session, or None if it is not to be had.

        It is not when the turn `head.seq` is kept already, when the step has its outcome, when a process that is alive
        runs it, or when in this turn a later epoch has begun, by a claim of a step of it.

        Args:
            asked: identity of the request; with `place` it names the step (`StepName`).
            name: of the function; a step of another name is another script's, and of no use.
        """

    async def add_step(self, key: Key, head: Head, place: Place, asked: str, op: Op) -> None:
        """Keep the outcome of a step that was claimed.

        Raises:
            JournalConflict: it was taken over meanwhile; what the script has seen is not what the journal will hold.
        """

    async def left(self, most: int, skills: Collection[str] = ()) -> list[Key]:
        """Sessions that wait for a step whose process is gone: at most so many, of these skills or of any."""

    async def commit(self, key: Key, head: Head, record: Record) -> int:
        """Keep a finished turn and give the id of the session; steps that nobody waits for go.

        `head` tells where the turn stands, and whether and how it ends the session.

        Raises:
            JournalConflict: the turn is kept already, by another process; or it ends in waiting for a step, and in it
                another process has that outcome already and has begun a later epoch.
        """

    async def sweep(self, now: float) -> int:
        """Delete a small batch of sessions that nobody will ask for any more; how many went.

        For one that waited at a prompt, `LEFT` is counted there.
        """

    async def add_tallies(self, writer: "UUID", number: int, tallies: list[Tally]) -> None:
        """Add to what was counted at prompts, by this process and others; it stays when sessions go.

        Args:
            writer: who has counted.
            number: of this batch, larger than that of the writer's last one. One that comes again after a JournalError
                is added once, even if it was kept the first time.
            tallies: what was counted since the last batch.
        """

    async def tallies(self, since: float) -> Tallies:
        """All that was counted at prompts, and where open sessions wait; without a turn `since` they are silent."""

    async def sessions(self, limit: int) -> list[Summary]:
        """The sessions, the latest first."""


class Archive(Journal, Protocol):
    """A journal that outlives its process, and in which people look for sessions.

    Attributes:
        path: where it is, to be shown.
        meter: of its own work.
    """

    meter: Meter

    @property
    def path(self) -> object: ...

    async def open(self, *, unchanged: bool = False) -> None:
        """Open it for reading alone; `start` does this too.

        Args:
            unchanged: write nothing whatever, neither a new journal nor the schema of this release.
        """

    async def close(self) -> None:
        """Close what `open` has opened."""

    async def sessions(self, limit: int, wanted: Wanted = Wanted()) -> list[Summary]:  # noqa: B008 it cannot be changed
        """The sessions that are wanted, the latest first; all of them for a limit of -1."""

    async def find(self, name: str) -> Summary | None:
        """The session with this number, or else the latest with this session_id."""

    async def turns(self, id: int) -> list[tuple[int, Record]]:
        """(epoch, turn) of all epochs of a session, in order."""

    async def count_open(self) -> dict[str, int]:
        """How many sessions are open, by the skill_id of their keys."""

    async def read_open(self, skill_ids: Collection[str], look: Callable[[list[Opened]], None]) -> None:
        """Show `look` all open sessions of these skills, batch by batch."""

"""What a journal does, whatever keeps it."""

from typing import Protocol

from .records import Head, Key, Op, Record, Summary


class Journal(Protocol):
    """The journal of turns. Reads are quick and on the loop; writes are awaited: they return once they are kept.

    Every method raises JournalError when the journal cannot be read or written now.
    """

    #: 32 random bytes, the same for every process of the journal: the seed of all randomness of scripts.
    secret: bytes

    async def start(self) -> None:
        """Open it; create it where there is none."""

    async def stop(self) -> None:
        """Finish what is under way and close."""

    def find(self, key: Key) -> Head | None:
        """Where the session stands; None if it is unknown."""

    def position(self, id: int) -> tuple[int, int]:
        """(epoch, number of the next turn): has another process gone on?"""

    def turns(self, id: int, epoch: int, since: int = 0) -> list[Record]:
        """Turns `since`, since + 1, ... of an epoch."""

    def sent(self, id: int, message_id: int) -> bytes | None:
        """The answer given to a message of the session."""

    def steps(self, id: int, epoch: int, n: int, message_id: int | None) -> dict[int, Op]:
        """Outcomes recorded for the unfinished turn `n`, by their ordinal: those of this message, and those of a long
        step that ended between two turns."""

    async def add_step(self, key: Key, head: Head, k: int, message_id: int | None, op: Op) -> int:
        """Keep the outcome of step `k` of the unfinished turn `head.n` and give the id of the session.

        ``message_id`` None means: whatever the next request is. A step that is kept already stays as it is.
        """

    async def commit(self, key: Key, head: Head, record: Record) -> int:
        """Keep a finished turn and give the id of the session; the steps of the unfinished turn go.

        `head` tells the session's epoch, script and state, and whether this turn ends it.

        Raises:
            JournalConflict: the turn (or the message) is kept already, by another process.
        """

    def sweep(self, now: float) -> int:
        """Delete a small batch of sessions that nobody will ask for any more; how many went."""

    def sessions(self, limit: int) -> list[Summary]:
        """The sessions, the latest first."""


#: Repeated deliveries of an ended session are answered this long (seconds).
KEEP_ENDED = 10 * 60
#: A silent session is kept this long (seconds): the platform itself forgets it after minutes.
KEEP_SILENT = 24 * 3600
#: Sessions deleted in one transaction: some milliseconds, so that turns need not wait.
SWEEP_BATCH = 200

"""What the journal keeps of a dialog. Data only.

Named tuples, not frozen dataclasses: one of each is made per turn, and a tuple costs a fifth of it.
"""

from typing import Any, NamedTuple

#: What names a dialog: skill_id, session_id.
Key = tuple[str, str]
#: What happened inside a turn: ``{"name", "ok" | "error"}`` or ``{"wait": name}``.
Op = dict[str, Any]


class Record(NamedTuple):
    """One turn as the journal keeps it.

    Attributes:
        n: number within its epoch, from 0.
        message_id: the platform's number of the request; None if it sent none.
        at: arrival, seconds since the Unix epoch.
        request: the body as it came.
        ops: see rule 3.
        reply: the answer as it was sent.
        digest: of the script's reply; empty where the engine itself spoke.
        version: of the script that spoke.
    """

    n: int
    message_id: int | None
    at: float
    request: bytes
    ops: list[Op]
    reply: bytes
    digest: str
    version: str

    @property
    def by_script(self) -> bool:
        """Did the script speak, and not the engine in its place?"""
        return bool(self.digest)

    @property
    def waits_from(self) -> int | None:
        """Ordinal of the first step the turn waits for at its end; None if it ended otherwise."""
        return len(self.ops) - 1 if self.ops and "wait" in self.ops[-1] else None


class Head(NamedTuple):
    """Where a session stands in the journal.

    Attributes:
        id: of its row; None until it is written.
        epoch: how many times the script was started anew.
        n: number of the next turn of this epoch.
        script: name of the script of this epoch; empty for the Skill's own.
        state: its JSON arguments.
        ended: nothing more is expected; the next request starts a new epoch.
    """

    id: int | None
    epoch: int
    n: int
    script: str = ""
    state: dict[str, Any] | None = None
    ended: bool = False


class Summary(NamedTuple):
    """One line of the list of sessions; times in seconds since the Unix epoch."""

    id: int
    key: Key
    epoch: int
    turns: int
    first: float
    last: float
    ended: bool

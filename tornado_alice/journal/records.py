"""What the journal keeps of a dialog. Data only.

Named tuples, not frozen dataclasses: one of each is made per turn, and a tuple costs a fifth of it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

#: What names a dialog: skill_id, session_id.
Key = tuple[str, str]
#: What happened inside a turn: ``{"name", "ok" | "error"}``, ``{"wait": name}`` or ``{"heard_by": name}``.
Op = dict[str, Any]


class Prompt(NamedTuple):
    """What names a prompt: a line of a script's own at which it waits for the user.

    Attributes:
        script: its file.
        version: of the script.
        place: ``file:line``, the file as seen from the script's folder.
    """

    script: str
    version: str
    place: str


class Record(NamedTuple):
    """One turn as the journal keeps it.

    Attributes:
        n: number within its epoch, from 0.
        message_id: the platform's number of the request; None if it sent none.
        at: arrival, seconds since the Unix epoch.
        request: the body as it came, without secrets.
        ops: outcomes the script was given, in order, and ``{"wait": name}`` last if the turn ended in waiting.
        reply: the answer as it was sent.
        digest: of the script's reply; empty where the engine itself spoke.
        version: of the script that spoke.
        prompt: where the script waits after it; None if the dialog is over.
    """

    n: int
    message_id: int | None
    at: float
    request: bytes
    ops: list[Op]
    reply: bytes
    digest: str
    version: str
    prompt: Prompt | None = None

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
        seq: number of the next turn, counted through all epochs: with the session it is the fence between processes.
        epoch: how many times the script was started anew.
        n: number of the next turn of this epoch.
        script: name of the script of this epoch; empty for the Skill's own.
        state: its JSON arguments.
        ended: nothing more is expected; the next request starts a new epoch.
        failure: what the script raised and where, if that ended it.
    """

    id: int | None = None
    seq: int = 0
    epoch: int = 0
    n: int = 0
    script: str = ""
    state: dict[str, Any] | None = None
    ended: bool = False
    failure: str | None = None

    def after(self, id: int, n: int) -> "Head":
        """Where it stands after a turn was kept; `_replace` would take three times as long, in every turn."""
        return Head(id, self.seq + 1, self.epoch, n, self.script, self.state, self.ended, self.failure)

    def next_epoch(self, script: str = "", state: dict[str, Any] | None = None) -> "Head":
        """A fresh start of the session with this script."""
        return Head(self.id, self.seq, self.epoch + 1, 0, script, state)


class Place(NamedTuple):
    """Where a script asks for a step: the turn whose request it has heard last, and the ordinal since then."""

    seq: int
    k: int


#: What names a step for ever: its place, and the identity of the request that the script has heard there. Before a turn
#: is kept several requests, and several epochs, may ask for steps in the same place.
StepName = tuple[Place, str]


class Known(NamedTuple):
    """What the journal knows of a session when a message comes.

    Attributes:
        head: where the session stands; None if it is unknown.
        answer: what was sent when this very request came before.
        turns: of the head's epoch, from the turn asked for on.
        steps: of turns that are not finished, with their outcomes; None while one is under way.
    """

    head: Head | None
    answer: bytes | None
    turns: list[Record]
    steps: dict[StepName, Op | None]


class Tally(NamedTuple):
    """How often what happened at a prompt.

    Attributes:
        code: the statement that stands there.
        since: when it was counted first, in seconds since the Unix epoch.
        counts: by the words of `tallies`.
    """

    prompt: Prompt
    code: str
    since: float
    counts: Mapping[str, int]


class Tallies(NamedTuple):
    """What a journal holds of prompts.

    Attributes:
        counted: of all prompts.
        waiting: how many open sessions wait at each.
        silent: how many of these have been silent for long.
    """

    counted: list[Tally]
    waiting: Mapping[Prompt, int]
    silent: Mapping[Prompt, int]


#: Word of a tally: how many sessions that waited here were swept.
LEFT = "left"


class Opened(NamedTuple):
    """An open session, to be replayed: `turns` are those of the head's epoch, `id` is its number."""

    id: int
    key: Key
    head: Head
    turns: list[Record]


class Summary(NamedTuple):
    """One line of the list of sessions; times in seconds since the Unix epoch."""

    id: int
    key: Key
    epoch: int
    turns: int
    first: float
    last: float
    ended: bool
    failure: str | None

    @property
    def state(self) -> str:
        """``open``, ``ended`` (it ended well) or ``failed`` (its script raised)."""
        return ("ended" if self.failure is None else "failed") if self.ended else "open"


class Wanted(NamedTuple):
    """Which sessions a list is to show; None stands for all.

    Attributes:
        state: as `Summary.state`.
        since: time of the last turn, in seconds since the Unix epoch, or later.
        skill: its id.
    """

    state: str | None = None
    since: float | None = None
    skill: str | None = None

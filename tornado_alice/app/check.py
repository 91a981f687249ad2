"""What a deploy does to the sessions under way: the open ones of a journal, replayed in the code as it is here.

Rules:
1. The journal is only read, steps are not run, and what a script prints or logs in a replay goes nowhere.
2. A session that can be replayed goes on; what becomes of the others, the skill's `on_divergence` says. If that is a
   function it is not asked: it may do anything.
3. A place of the script where sessions differ is told once, by the first session that came there.
"""

import asyncio
import json
import os
import re
import time
from collections.abc import Callable, Collection
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, field
from typing import Any

from .. import context
from ..diagnosis import diagnose
from ..errors import NonDeterminismError
from ..journal.base import Archive
from ..journal.records import Opened
from ..morphology import lemmatizer
from ..session import Session
from ..skill import Skill
from .terminal import Bar, printable

#: Numbers of sessions that are told of one place.
MOST_NUMBERS = 5
#: Places that are printed; as JSON all are.
MOST_PLACES = 20
#: What becomes of sessions that differ, by `on_divergence`; anything else is a function.
FATES = {"restart": "restart", "end": "end"}
BY_FUNCTION = "decided by on_divergence"


@dataclass
class Difference:
    """Where sessions differ first.

    Attributes:
        place: file, line and function in which the script stands; empty if it stands nowhere.
        turn: of the first of these sessions; None if it is about no turn.
        held: what the journal holds there; empty if there is nothing to compare.
        now: what the script does.
        advice: what it looks like, and the remedy.
        count: of sessions.
        sessions: numbers of some of them.
    """

    place: str
    turn: int | None
    held: str
    now: str
    advice: str
    count: int = 0
    sessions: list[int] = field(default_factory=list)


class Check:
    """Replays sessions and counts what becomes of them.

    Args:
        skill: with the script as it is here.
        secret: of the journal.

    Attributes:
        sessions, turns: how many were looked at; of those that differ all turns count.
        differences: by place.
    """

    def __init__(self, skill: Skill, secret: bytes) -> None:
        self.sessions = self.turns = 0
        self.differences: dict[object, Difference] = {}
        self._script, self._secret = skill.dialogs.script, secret
        self._lemma = lemmatizer(skill.options.load_analyzer)

    @property
    def differ(self) -> int:
        """How many sessions cannot go on."""
        return sum(difference.count for difference in self.differences.values())

    def look(self, found: Collection[Opened]) -> None:
        """Replay these."""
        for opened in found:
            self.sessions += 1
            self.turns += len(opened.turns)
            try:
                self._replay(opened)
            except Exception as error:  # whatever it is, a server could not wake the session either
                self._note(opened.id, error)

    def _replay(self, opened: Opened) -> None:
        seed = context.seed(self._secret, *opened.key)
        session = Session.of(self._script, opened.key, opened.head, seed, self._lemma)
        try:
            session.replay(opened.turns)
        finally:
            session.close()

    def _note(self, number: int, error: Exception) -> None:
        difference = self.differences.setdefault(_place(error), _difference(error))
        difference.count += 1
        if len(difference.sessions) < MOST_NUMBERS:
            difference.sessions.append(number)


def _place(error: Exception) -> object:
    """What is the same for sessions that differ in one place: what users said must not tell them apart."""
    if not isinstance(error, NonDeterminismError):
        return type(error), str(error)
    kind = re.split(r"[('\"]", error.got)[0]
    return error.place or (error.turn, kind)


def _difference(error: Exception) -> Difference:
    if isinstance(error, NonDeterminismError):
        return Difference(error.place, error.turn, error.expected, error.got, diagnose(error))
    return Difference("", None, "", f"{type(error).__name__}: {error}", "")


def check_sessions(journal: Archive, skill: Skill, name: str, as_json: bool) -> int:
    """Print what becomes of the open sessions of the skill; the exit status: 0 if all of them go on.

    Args:
        name: of the script, under which a journal that several share keeps its sessions.
    """
    start = time.perf_counter()
    check = asyncio.run(look_through(journal, skill, name))
    seconds = time.perf_counter() - start
    policy = skill.options.on_divergence
    fate = FATES.get(policy, BY_FUNCTION) if isinstance(policy, str) else BY_FUNCTION
    tell: Callable[..., None] = _tell_json if as_json else _tell
    tell(check, fate, seconds)
    return 1 if check.differ else 0


async def look_through(journal: Archive, skill: Skill, name: str) -> Check:
    """Replay the open sessions of the skill, and show on a terminal how far it is."""
    await journal.open(unchanged=True)
    try:
        check = Check(skill, journal.secret)
        counts = await journal.count_open()
        own = own_skill_ids(skill, name, counts)
        bar = Bar(sum(counts[skill_id] for skill_id in own), "sessions")

        def look(found: list[Opened]) -> None:
            with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
                check.look(found)
            bar.show(check.sessions)

        await journal.read_open(own, look)
        bar.clear()
        return check
    finally:
        await journal.close()


def own_skill_ids(skill: Skill, name: str, known: Collection[str]) -> list[str]:
    """Which of the skill_ids in a journal are of this skill's sessions (rule 3 of `skills`).

    >>> skill = Skill()
    >>> own_skill_ids(skill, "shop", ["a", "b"]), own_skill_ids(skill, "shop", ["a", "quiz/b", "shop/", "shop/c"])
    (['a', 'b'], ['shop/', 'shop/c'])
    """
    if skill.options.skill_ids:
        return [skill_id for skill_id in known if skill_id in skill.options.skill_ids]
    is_shared = any("/" in skill_id for skill_id in known)
    return [skill_id for skill_id in known if not is_shared or skill_id.startswith(f"{name}/")]


def _tell(check: Check, fate: str, seconds: float) -> None:
    rate = f"{check.turns:,} turns in {seconds:.1f} s"
    differ = f", {check.differ:,} {fate}" if check.differ else ""
    print(f"{check.sessions:,} open sessions ({rate}): {check.sessions - check.differ:,} go on{differ}")
    differences = sorted(check.differences.values(), key=lambda difference: -difference.count)
    for difference in differences[:MOST_PLACES]:
        _tell_difference(difference)
    if len(differences) > MOST_PLACES:
        print(f"\n... and {len(differences) - MOST_PLACES} places more: --json has them all")


def _tell_difference(difference: Difference) -> None:
    numbers = ", ".join(map(str, difference.sessions))
    more = ", ..." if difference.count > len(difference.sessions) else ""
    place = printable(difference.place or "the script as a whole")
    print(f"\n{place}: {difference.count:,} (sessions {numbers}{more})")
    if difference.turn is None:
        print(f"  {printable(difference.now)}")
        return
    print(f"  turn {difference.turn} of {difference.sessions[0]}: the journal holds {printable(difference.held)}")
    print(f"  now comes {printable(difference.now)}; {difference.advice}")


def _tell_json(check: Check, fate: str, seconds: float) -> None:
    fates: dict[str, Any] = {"restart": 0, "end": 0, "by_function": 0}
    fates[fate if fate in fates else "by_function"] = check.differ
    whole = {"sessions": check.sessions, "turns": check.turns, "seconds": round(seconds, 3)}
    whole |= {"go_on": check.sessions - check.differ} | fates
    print(json.dumps(whole | {"differences": [asdict(one) for one in check.differences.values()]}, indent=1))

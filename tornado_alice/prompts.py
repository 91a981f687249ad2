"""Where people leave: what has become of each prompt of a script, in each version of it, over all processes.

What was counted comes from the journal; a running server is `tallies.FLUSH` seconds behind. Who was left the journal
knows by itself: whose dialog is open and silent, or was swept open.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from . import tallies
from .journal.base import Journal
from .journal.records import LEFT, Tallies, Tally
from .script import Script
from .skill import Skill

#: Seconds of silence after which a prompt was left: the platform ends a session after some minutes.
SILENCE = 600.0


@dataclass(frozen=True)
class Said:
    """One prompt. ``said`` = answered + misunderstood + failed + stopped + interrupted + ended + open + left, but for
    what was counted in the last seconds of a process that was killed.

    Attributes:
        script: its file.
        version: of the script.
        place: ``file:line``, the file as seen from the script's folder.
        code: the statement there; empty if nobody has told.
        since: when it was counted first, in seconds since the Unix epoch.
        said: how often it was said; a prompt that a command lets be repeated is said once.
        answered: the script went on to something else.
        misunderstood: the same prompt came again.
        failed: the script raised in answering, or its changed version could not go on.
        stopped: the dialog was ended by a command.
        interrupted: a command or an event led somewhere else.
        ended: it was the last word of a dialog.
        open: it waits for its answer.
        left: it waited for longer than `SILENCE`.
        seconds: median of the time to the answer, within 9 %; None without answers.
        current: is it the version of the skill that was asked for?
    """

    script: str
    version: str
    place: str
    code: str
    since: float
    said: int
    answered: int
    misunderstood: int
    failed: int
    stopped: int
    interrupted: int
    ended: int
    open: int
    left: int
    seconds: float | None
    current: bool = False

    @property
    def line(self) -> tuple[str, int]:
        """File and number of the line."""
        file, _, number = self.place.rpartition(":")
        return file, int(number)

    def fields(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


async def prompts(
    journal: Journal, skill: Skill | None = None, version: str | None = None, now: float | None = None
) -> list[Said]:
    """The prompts that were said: the latest version first, from the first line to the last.

    Args:
        journal: where they were counted.
        skill: this script's alone; what was counted for it in this process, and is not written, is written first.
        version: this one's alone; its beginning will do.
        now: seconds since the Unix epoch.

    Raises:
        JournalError: it cannot be read now.
    """
    if skill is not None and skill.journal is journal:
        await skill.dialogs.tallies.flush()
    now = time.time() if now is None else now
    found = await journal.tallies(now - SILENCE)
    counted = {tally.prompt: tally for tally in found.counted}
    for prompt in found.waiting:  # said by a process that was killed before it could write this
        counted.setdefault(prompt, Tally(prompt, "", now, {}))
    own = None if skill is None else skill.dialogs.script
    wanted = [
        _said(tally, found, own)
        for tally in counted.values()
        if (own is None or tally.prompt.script == own.source.name) and tally.prompt.version.startswith(version or "")
    ]
    begin = _first(counted.values())
    return sorted(wanted, key=lambda said: (said.script, -begin[said.script, said.version], said.version, said.line))


def _first(counted: Iterable[Tally]) -> dict[tuple[str, str], float]:
    """When each version of a script was counted first."""
    begin: dict[tuple[str, str], float] = {}
    for tally in counted:
        key = tally.prompt.script, tally.prompt.version
        begin[key] = min(tally.since, begin.get(key, tally.since))
    return begin


def _said(tally: Tally, found: Tallies, own: Script | None) -> Said:
    current = own is not None and tally.prompt.version == own.version
    code = own.source.code(tally.prompt.place) if own is not None and current and not tally.code else tally.code
    counts = Counter(tally.counts)
    waiting, silent = found.waiting.get(tally.prompt, 0), found.silent.get(tally.prompt, 0)
    return Said(
        *tally.prompt,
        code,
        tally.since,
        said=counts[tallies.SAID],
        answered=counts[tallies.ANSWERED],
        misunderstood=counts[tallies.MISUNDERSTOOD],
        failed=counts[tallies.FAILED],
        stopped=counts[tallies.STOPPED],
        interrupted=counts[tallies.INTERRUPTED],
        ended=counts[tallies.ENDED],
        open=waiting - silent,
        left=counts[LEFT] + silent,
        seconds=_median(counts),
        current=current,
    )


def _median(counts: Mapping[str, int]) -> float | None:
    classes = {word: count for word, count in counts.items() if word.startswith(tallies.TIME)}
    middle, passed = (sum(classes.values()) + 1) / 2, 0
    for word in sorted(classes, key=tallies.seconds_of):
        passed += classes[word]
        if passed >= middle:
            return float(f"{tallies.seconds_of(word):.2g}")
    return None

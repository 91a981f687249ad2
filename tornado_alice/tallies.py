"""What becomes of prompts: counted with the turns that are kept, given to the journal every few seconds.

Rules:
1. A prompt is a line of the script's own modules at which it waits for the user, in one version of the script. Where a
   long step keeps the user waiting, it is the line of the step.
2. Each kept turn closes the prompt that was open, with one outcome, and opens the one at which the script waits now.
   So at each prompt: said = the outcomes together + ended + those still open + those left.
3. What is heard beside the script (a command, an event) closes nothing as long as the script waits where it did.
4. Counted are turns, not requests: neither replays nor repeated deliveries. Neither words nor names of users are kept.
5. A process that is killed takes the counts of its last seconds with it. Who was left is not counted here: the journal
   knows it of the sessions it holds, and counts it when it sweeps them.
"""

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from math import log2
from types import CodeType, FrameType
from typing import TYPE_CHECKING, NamedTuple

from .errors import JournalError
from .journal.base import Journal
from .journal.records import Prompt, Record, Tally
from .script import Script

if TYPE_CHECKING:
    from uuid import UUID

log = logging.getLogger(__name__)

#: It was said.
SAID = "said"
#: The user answered, and the script went on to something else.
ANSWERED = "answered"
#: The user answered, and the same prompt came again.
MISUNDERSTOOD = "misunderstood"
#: The script raised in answering, or its changed version could not go on.
FAILED = "failed"
#: The user ended the dialog by a command, beside the script.
STOPPED = "stopped"
#: A command, or an event, led somewhere else.
INTERRUPTED = "interrupted"
#: It was the last word of a dialog: nobody has to answer.
ENDED = "ended"
#: Outcomes without an answer.
UNANSWERED = (STOPPED, INTERRUPTED)

#: Before the number of a class of seconds to the answer.
TIME = "~"
#: Classes of seconds for a doubling: a median is right within 9 %.
CLASSES = 4
#: Shorter is not told apart: nobody answers so soon.
SHORTEST = 0.1
#: Seconds for which counts are gathered: so many are lost with the process.
FLUSH = 3.0


class Open(NamedTuple):
    """A prompt that waits for its answer since `at`, when the last turn came (seconds since the Unix epoch)."""

    prompt: Prompt
    at: float


@dataclass(slots=True, eq=False)
class Asked:
    """What was open before a turn, and what is known of its outcome.

    Attributes:
        answers: does the turn go to who asked?
        outcome: as soon as it does not depend on what is said next.
    """

    open: Open | None = None
    answers: bool = False
    outcome: str = ""

    def heard(self, open: Open | None, answers: bool) -> None:
        """Somebody has heard the turn; without `open` what is known already is true."""
        self.open, self.answers = open or self.open, answers

    def is_done(self) -> None:
        """Whatever is said next, the answer, if it was one, is heard."""
        if self.answers:
            self.outcome = ANSWERED

    def closed(self, now: Prompt | None, ended: bool) -> str:
        """The outcome of what was open."""
        if self.outcome:
            return self.outcome
        if not self.answers:
            return STOPPED if ended else INTERRUPTED
        return MISUNDERSTOOD if self.open is not None and now == self.open.prompt and not ended else ANSWERED


def time_class(seconds: float) -> int:
    """The class of a time to the answer.

    >>> time_class(1.0), time_class(10.0), round(seconds_of(f"{TIME}{time_class(10.0)}"))
    (0, 13, 10)
    """
    return round(CLASSES * log2(seconds if seconds > SHORTEST else SHORTEST))


def seconds_of(word: str) -> float:
    """The middle of a class."""
    return float(2 ** (int(word.removeprefix(TIME)) / CLASSES))


class Tallies:
    """Counts of the prompts of one script in this process, those that the journal does not have yet."""

    def __init__(self, script: Script, journal: Journal) -> None:
        self._script, self._journal = script, journal
        self._prompts: dict[tuple[int, int], tuple[CodeType, Prompt | None]] = {}
        self._said: list[tuple[Prompt, bool]] = []
        self._closed: list[tuple[Prompt, str, float]] = []
        self._counts: dict[Prompt, Counter[str]] = {}
        self._batch: list[Tally] = []  # being written, or to be offered again
        self._number, self._one = 0, asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    @cached_property
    def _writer(self) -> "UUID":
        from uuid import uuid4  # here: the first turn of a cold process should not wait for it

        return uuid4()

    def prompt_at(self, frame: FrameType | None) -> Prompt | None:
        """The prompt at which a script waits in this frame; None if that is nowhere in its own modules."""
        if frame is None:
            return None
        code, at = frame.f_code, frame.f_lasti
        known = self._prompts.get((id(code), at))
        if known is None:  # to find the line is a search; the code is kept, so that no other one gets its id
            place, source = self._script.source.place(frame), self._script.source
            known = code, Prompt(source.name, self._script.version, place) if place else None
            self._prompts[id(code), at] = known
        return known[1]

    @staticmethod
    def open_after(turns: list[Record]) -> Open | None:
        """What waits for its answer after these recorded turns."""
        last = turns[-1] if turns else None
        return None if last is None or last.prompt is None else Open(last.prompt, last.at)

    def count(self, asked: Asked, now: Prompt | None, ended: bool, at: float) -> Open | None:
        """A turn is kept; gives what is open after it.

        Args:
            asked: what was open before.
            now: who has spoken in it.
            ended: is the dialog over?
            at: when the turn came.
        """
        open = asked.open
        is_kept = open is not None and not (asked.answers or asked.outcome) and now == open.prompt  # rule 3
        if open is not None and (ended or not is_kept):
            self._closed.append((open.prompt, asked.closed(now, ended), at - open.at))
        if now is not None and not is_kept:
            self._said.append((now, ended))
        if self._timer is None:
            self._arm()
        return None if now is None or ended else Open(now, at)

    def _add_up(self) -> None:
        """Turns into sums: all at once that takes a third of what it would take in each turn."""
        closed, self._closed, said, self._said = self._closed, [], self._said, []
        words = Counter((prompt, outcome) for prompt, outcome, _ in closed)
        words.update((prompt, SAID) for prompt, _ in said)
        words.update((prompt, ENDED) for prompt, ended in said if ended)
        times = Counter((prompt, time_class(pause)) for prompt, what, pause in closed if what not in UNANSWERED)
        for (prompt, word), count in words.items():
            self._counts.setdefault(prompt, Counter())[word] += count
        for (prompt, which), count in times.items():
            self._counts.setdefault(prompt, Counter())[f"{TIME}{which}"] += count

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH, self._begin_flush)

    def _begin_flush(self) -> None:
        self._timer = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._flush_or_wait())
        else:
            self._arm()

    async def flush(self) -> None:
        """Give the journal what was counted so far.

        Raises:
            JournalError: it cannot be written now; what was counted is kept in memory, the same batch is offered again.
        """
        async with self._one:
            self._add_up()
            while self._batch or self._counts:
                if not self._batch:
                    self._batch, self._number = self._take(), self._number + 1
                await self._journal.add_tallies(self._writer, self._number, self._batch)
                self._batch = []

    def _take(self) -> list[Tally]:
        counts, self._counts = self._counts, {}
        source, own, at = self._script.source, self._script.version, time.time()
        return [
            Tally(prompt, source.code(prompt.place) if prompt.version == own else "", at, words)
            for prompt, words in counts.items()
        ]

    async def _flush_or_wait(self) -> None:
        try:
            await self.flush()
        except JournalError as error:
            log.info("%s; what was counted at prompts is written later", error)
            self._arm()

    async def stop(self) -> None:
        """Give the journal the rest."""
        if self._task is not None and not self._task.done():
            await self._task
        try:
            await self.flush()
        except JournalError as error:
            self._counts, self._batch = {}, []
            log.warning("%s; what was counted at prompts in the last seconds is lost", error)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

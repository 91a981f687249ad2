"""The journal in memory: for tests, for the terminal, and for skills that may forget everything at a restart."""

import os
import time
from collections import Counter, OrderedDict
from collections.abc import Collection
from copy import copy
from dataclasses import dataclass, field
from itertools import count, islice
from typing import TYPE_CHECKING

from ..errors import JournalConflict
from .base import SWEEP_BATCH, Retention
from .records import LEFT, Head, Key, Known, Op, Place, Prompt, Record, StepName, Summary, Tallies, Tally

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(eq=False)
class _Row:
    key: Key
    head: Head
    turns: list[Record] = field(default_factory=list)  # of all epochs, by seq
    steps: dict[StepName, Op | None] = field(default_factory=dict)
    claims: "dict[StepName, tuple[MemoryJournal, str]]" = field(default_factory=dict)  # who runs which function
    touched: float = field(default_factory=time.time)

    def answer(self, request: bytes, message_id: int | None) -> bytes | None:
        turns = self.turns if message_id is not None else []
        return next((t.reply for t in turns if t.message_id == message_id and t.request == request), None)

    @property
    def prompt(self) -> Prompt | None:
        """Where it waits."""
        return self.turns[-1].prompt if self.turns else None

    def of_epoch(self, since: int) -> list[Record]:
        return self.turns[max(since, self.head.seq - self.head.n) :]


class MemoryJournal:
    """A Journal that lives as long as its process.

    Args:
        retention: how long sessions are kept.
    """

    def __init__(self, retention: Retention | None = None) -> None:
        self.secret = os.urandom(32)
        self.retention = retention or Retention(failed=Retention.ended)  # memory is dear
        self._rows: dict[int, _Row] = {}
        self._ids: dict[Key, int] = {}
        self._numbers = count(1)
        self._tallies: dict[Prompt, Tally] = {}
        self._left: Counter[Prompt | None] = Counter()
        self._by_age: dict[float, OrderedDict[int, float]] = {}  # seconds to keep → id → touched, oldest first
        self._is_alive = True

    def beside(self) -> "MemoryJournal":
        """Another journal over the same sessions, as another process has it: what one has claimed the other cannot."""
        return copy(self)

    async def start(self) -> None:
        self._is_alive = True

    async def stop(self) -> None:
        self._is_alive = False

    def check(self) -> None:
        pass

    async def load(self, key: Key, request: bytes = b"", message_id: int | None = None, since: int = 0) -> Known:
        row = self._rows.get(self._ids.get(key, 0))
        if row is None:
            return Known(None, None, [], {})
        return Known(row.head, row.answer(request, message_id), row.of_epoch(since), dict(row.steps))

    async def claim(self, key: Key, head: Head, place: Place, asked: str, name: str) -> int | None:
        row = self._row(key, head)
        if len(row.turns) > head.seq or row.head.epoch > head.epoch or not self._is_free(row, (place, asked), name):
            return None
        if head.epoch > row.head.epoch:
            row.head = head._replace(id=row.head.id, ended=False)
        row.steps[place, asked], row.claims[place, asked] = None, (self, name)
        return self._ids[key]

    def _is_free(self, row: _Row, step: StepName, name: str) -> bool:
        owner, known = row.claims.get(step, (self, name))
        return known != name or (row.steps.get(step) is None and (owner is self or not owner._is_alive))

    async def add_step(self, key: Key, head: Head, place: Place, asked: str, op: Op) -> None:
        row, step = self._row(key, head), (place, asked)
        if row.claims.get(step) != (self, op["name"]) or row.steps[step] is not None:
            raise JournalConflict(f"session {key[1]}: step {op['name']} was taken over")
        row.steps[step] = op

    async def commit(self, key: Key, head: Head, record: Record) -> int:
        row, waits = self._row(key, head), record.waits_from is not None
        if len(row.turns) != head.seq or (waits and row.head.epoch > head.epoch):
            raise JournalConflict(f"session {key[1]}: turn {head.seq} is written already")
        row.turns.append(record)
        if not waits:
            row.steps.clear()
            row.claims.clear()
        row.touched = record.at
        row.head = head.after(self._ids[key], record.n + 1)
        self._order(self._ids[key], row)
        self._sweep(record.at, most=2)
        return self._ids[key]

    def _keep(self, row: _Row) -> float:
        if row.head.failure is not None:
            return self.retention.failed
        return self.retention.ended if row.head.ended else self.retention.silent

    def _order(self, id: int, row: _Row) -> None:
        order = self._by_age.setdefault(self._keep(row), OrderedDict())
        if id not in order:
            for other in self._by_age.values():
                other.pop(id, None)
        order[id] = row.touched
        order.move_to_end(id)

    def _row(self, key: Key, head: Head) -> _Row:
        if key not in self._ids:
            id = self._ids[key] = next(self._numbers)
            self._rows[id] = _Row(key, head._replace(id=id, seq=0, n=0, ended=False))
            self._order(id, self._rows[id])
        return self._rows[self._ids[key]]

    async def left(self, most: int, skills: Collection[str] = ()) -> list[Key]:
        return []  # what a process has left went with it

    async def sweep(self, now: float) -> int:
        return self._sweep(now, SWEEP_BATCH)

    def _sweep(self, now: float, most: int) -> int:
        old: list[int] = []
        for keep, order in self._by_age.items():
            old += [id for id, touched in islice(order.items(), most - len(old)) if touched < now - keep]
        for id in old:
            row = self._rows.pop(id)
            self._left[row.prompt] += 1
            del self._ids[row.key], self._by_age[self._keep(row)][id]
        return len(old)

    async def add_tallies(self, writer: "UUID", number: int, tallies: list[Tally]) -> None:
        for tally in tallies:
            known = self._tallies.get(tally.prompt)
            counts = Counter({} if known is None else known.counts) + Counter(tally.counts)
            self._tallies[tally.prompt] = (known or tally)._replace(counts=counts)

    async def tallies(self, since: float) -> Tallies:
        rows = list(self._rows.values())
        waiting = Counter(row.prompt for row in rows)
        silent = Counter(row.prompt for row in rows if row.touched < since)
        counted = [
            tally._replace(counts={**tally.counts, LEFT: self._left[prompt]}) for prompt, tally in self._tallies.items()
        ]
        return Tallies(counted, _known(waiting), _known(silent))

    async def sessions(self, limit: int) -> list[Summary]:
        rows = sorted(self._rows.items(), key=lambda item: -item[1].touched)[:limit]
        return [_summary(id, row) for id, row in rows]


def _summary(id: int, row: _Row) -> Summary:
    first = row.turns[0].at if row.turns else 0.0
    head = row.head
    return Summary(id, row.key, head.epoch, len(row.turns), first, row.touched, head.ended, head.failure)


def _known(counts: Counter[Prompt | None]) -> dict[Prompt, int]:
    return {prompt: count for prompt, count in counts.items() if prompt is not None}

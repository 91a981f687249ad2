"""The journal in memory: for tests, for the terminal, and for skills that may forget everything at a restart."""

import os
import time
from dataclasses import dataclass, field
from itertools import islice

from ..errors import JournalConflict
from .base import KEEP_ENDED, KEEP_SILENT, SWEEP_BATCH
from .records import Head, Key, Op, Record, Summary


@dataclass
class _Row:
    key: Key
    head: Head
    turns: dict[int, list[Record]] = field(default_factory=dict)  # by epoch
    steps: dict[tuple[int, int, int], tuple[int | None, Op]] = field(default_factory=dict)
    touched: float = field(default_factory=time.time)

    def by_message(self, message_id: int) -> Record | None:
        found = (turn for turns in self.turns.values() for turn in turns if turn.message_id == message_id)
        return next(found, None)

    def fold_steps(self, epoch: int, record: Record) -> None:
        """The steps of a kept turn are in its ops; what has ended of those it waits for goes on to the next turn."""
        first = record.waits_from
        steps, self.steps = self.steps, {}
        for (at, n, k), (_, op) in steps.items():
            if (at, n) > (epoch, record.n):
                self.steps[at, n, k] = (None, op)
            elif first is not None and (at, n) == (epoch, record.n) and k >= first:
                self.steps.setdefault((at, n + 1, k - first), (None, op))


class MemoryJournal:
    """A Journal that lives as long as its process."""

    def __init__(self) -> None:
        self.secret = os.urandom(32)
        self._rows: dict[int, _Row] = {}
        self._ids: dict[Key, int] = {}
        self._next = 1
        self._by_age: dict[bool, dict[int, float]] = {True: {}, False: {}}  # ended or not: id → touched, oldest first

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def find(self, key: Key) -> Head | None:
        row = self._rows.get(self._ids.get(key, 0))
        return row.head if row else None

    def position(self, id: int) -> tuple[int, int]:
        row = self._rows.get(id)
        return (row.head.epoch, row.head.n) if row else (0, 0)

    def turns(self, id: int, epoch: int, since: int = 0) -> list[Record]:
        row = self._rows.get(id)
        return row.turns.get(epoch, [])[since:] if row else []

    def sent(self, id: int, message_id: int) -> bytes | None:
        row = self._rows.get(id)
        turn = row and row.by_message(message_id)
        return turn.reply if turn else None

    def steps(self, id: int, epoch: int, n: int, message_id: int | None) -> dict[int, Op]:
        row = self._rows.get(id)
        kept = row.steps if row else {}
        return {
            place[2]: op
            for place, (message, op) in kept.items()
            if place[:2] == (epoch, n) and message in (None, message_id)
        }

    async def add_step(self, key: Key, head: Head, k: int, message_id: int | None, op: Op) -> int:
        row = self._row(key, head)
        place = (head.epoch, head.n, k)
        if row.steps.get(place, (message_id,))[0] not in (None, message_id):
            del row.steps[place]
        row.steps.setdefault(place, (message_id, op))
        return self._ids[key]

    async def commit(self, key: Key, head: Head, record: Record) -> int:
        row = self._row(key, head)
        turns = row.turns.setdefault(head.epoch, [])
        again = record.message_id is not None and row.by_message(record.message_id)
        if len(turns) != record.n or again or head.epoch < row.head.epoch:
            raise JournalConflict(f"session {key[1]}: turn {record.n} is written already")
        turns.append(record)
        if record.ops:
            row.fold_steps(head.epoch, record)
        row.touched = record.at
        row.head = head._replace(id=self._ids[key], n=record.n + 1)
        self._order(self._ids[key], row)
        self.sweep(record.at, most=2)
        return self._ids[key]

    def _order(self, id: int, row: _Row) -> None:
        for order in self._by_age.values():
            order.pop(id, None)
        self._by_age[row.head.ended][id] = row.touched

    def _row(self, key: Key, head: Head) -> _Row:
        if key not in self._ids:
            self._ids[key] = self._next
            self._rows[self._next] = _Row(key, head._replace(id=self._next, n=0, ended=False))
            self._order(self._next, self._rows[self._next])
            self._next += 1
        return self._rows[self._ids[key]]

    def sweep(self, now: float, most: int = SWEEP_BATCH) -> int:
        old: list[int] = []
        for ended, keep in ((True, KEEP_ENDED), (False, KEEP_SILENT)):
            ages = self._by_age[ended].items()
            old += [id for id, touched in islice(ages, most - len(old)) if touched < now - keep]
        for id in old:
            row = self._rows.pop(id)
            del self._ids[row.key], self._by_age[row.head.ended][id]
        return len(old)

    def sessions(self, limit: int) -> list[Summary]:
        rows = sorted(self._rows.items(), key=lambda item: -item[1].touched)[:limit]
        return [_summary(id, row) for id, row in rows]


def _summary(id: int, row: _Row) -> Summary:
    turns = [turn for epoch in row.turns.values() for turn in epoch]
    first = turns[0].at if turns else 0.0
    return Summary(id, row.key, row.head.epoch, len(turns), first, row.touched, row.head.ended)

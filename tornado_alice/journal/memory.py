"""The journal in memory: for tests, for the terminal, and for skills that may forget everything at a restart."""

import os
from dataclasses import dataclass, field

from ..errors import JournalConflict
from ..record import Head, Key, Op, Record, Summary
from .base import KEEP_ENDED, KEEP_SILENT, SWEEP_BATCH


@dataclass
class _Row:
    key: Key
    head: Head
    turns: dict[int, list[Record]] = field(default_factory=dict)  # by epoch
    steps: dict[tuple[int, int, int], tuple[int | None, Op]] = field(default_factory=dict)
    touched: float = 0.0

    def by_message(self, message_id: int) -> Record | None:
        found = (turn for turns in self.turns.values() for turn in turns if turn.message_id == message_id)
        return next(found, None)


class MemoryJournal:
    """A Journal that lives as long as its process."""

    def __init__(self) -> None:
        self.secret = os.urandom(32)
        self._rows: dict[int, _Row] = {}
        self._ids: dict[Key, int] = {}
        self._next = 1

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
        row.steps.clear()
        row.touched = record.at
        row.head = head._replace(id=self._ids[key], n=record.n + 1)
        return self._ids[key]

    def _row(self, key: Key, head: Head) -> _Row:
        if key not in self._ids:
            self._ids[key] = self._next
            self._rows[self._next] = _Row(key, head._replace(id=self._next, n=0))
            self._next += 1
        return self._rows[self._ids[key]]

    def sweep(self, now: float) -> int:
        old = [
            id for id, row in self._rows.items() if row.touched < now - (KEEP_ENDED if row.head.ended else KEEP_SILENT)
        ][:SWEEP_BATCH]
        for id in old:
            del self._ids[self._rows.pop(id).key]
        return len(old)

    def sessions(self, limit: int) -> list[Summary]:
        rows = sorted(self._rows.items(), key=lambda item: -item[1].touched)[:limit]
        return [_summary(id, row) for id, row in rows]


def _summary(id: int, row: _Row) -> Summary:
    turns = [turn for epoch in row.turns.values() for turn in epoch]
    first = turns[0].at if turns else 0.0
    return Summary(id, row.key, row.head.epoch, len(turns), first, row.touched, row.head.ended)

"""Rows of the database and what they stand for."""

import json
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any
from uuid import UUID

from ..columns import of_ops, of_prompt, of_state, to_op, to_ops, to_prompt, to_script
from ..records import Head, Key, Known, Opened, Place, Record, Summary


def session_id(key: Key) -> UUID:
    """What names a session in the tables: a hash of the platform's names, which may be long."""
    return UUID(bytes=blake2b(json.dumps(key).encode(), digest_size=16).digest())


def of_turn(key: Key, head: Head, record: Record) -> tuple[Any, ...]:
    """The parameters of `statements.COMMIT` for one turn."""
    names = (*key, head.id) if record.n == 0 else (None, None, None)
    failure = None if head.failure is None else _printable(head.failure)
    waits = record.waits_from is not None
    return (
        *(session_id(key), head.seq, head.epoch, record.n, record.message_id, record.at, waits, head.ended),
        *(record.request, of_ops(record.ops), record.reply, record.digest, record.version),
        *(head.script, of_state(head.state), failure, *names, *of_prompt(record.prompt)),
    )


def _printable(text: str) -> str:
    """Exceptions may say what no database takes: halves of surrogate pairs, and NUL."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def known(rows: Sequence[Any], request: bytes, message_id: int | None, since: int) -> Known:
    """What the rows of `statements.LOAD` tell of a session."""
    turns = [row for row in rows if not row["is_step"]]
    steps = [row for row in rows if row["is_step"]]
    head = _head(turns, steps)
    if head is None:
        return Known(None, None, [], {})
    answers = (row["reply"] for row in turns if row["message_id"] == message_id and row["request"] == request)
    answer = next(answers, None) if message_id is not None else None
    wanted = max(since, head.seq - head.n)
    ops = {(Place(row["seq"], row["n"]), row["digest"]): to_op(row["version"], row["ops"]) for row in steps}
    return Known(head, answer, [record(row) for row in turns if row["seq"] >= wanted], ops)


def _head(turns: list[Any], steps: list[Any]) -> Head | None:
    seq = turns[-1]["seq"] + 1 if turns else 0
    last = turns[-1] if turns else None
    epoch = -1 if last is None else last["epoch"]
    begun = [row for row in steps if row["seq"] == seq and row["epoch"] > epoch]
    if begun:  # a script that was started anew in a turn whose process died in its first step
        row = max(begun, key=lambda row: int(row["epoch"]))
        return Head(row["number"], seq, row["epoch"], 0, *to_script(row["script"], row["state"]))
    return None if last is None else _behind(last)


def _behind(last: Any) -> Head:
    """Where a session stands after its last turn."""
    place = (last["number"], last["seq"] + 1, last["epoch"], last["n"] + 1)
    return Head(*place, *to_script(last["script"], last["state"]), last["ended"], last["failure"])


def record(row: Any) -> Record:
    """A turn."""
    said = (row["request"], to_ops(row["ops"]), row["reply"], row["digest"], row["version"])
    prompt = to_prompt(row["asks"], row["version"], row["prompt"])
    return Record(row["n"], row["message_id"], row["at"], *said, prompt)


def summary(row: Any) -> Summary:
    """One line of the list of sessions."""
    key = (row["skill_id"], row["session_id"])
    times = (row["turns"], row["first"], row["last"])
    return Summary(row["number"], key, row["epoch"], *times, row["ended"], row["failure"])


def opened(sessions: Sequence[Any], turns: Sequence[Any]) -> list[Opened]:
    """Open sessions (`statements.OPENED`) with their turns (`statements.TURNS_OF_EPOCHS`)."""
    by_session: dict[UUID, list[Record]] = {row["sid"]: [] for row in sessions}
    for row in turns:
        by_session[row["sid"]].append(record(row))
    return [
        Opened(row["number"], (row["skill_id"], row["session_id"]), _behind(row), by_session[row["sid"]])
        for row in sessions
    ]

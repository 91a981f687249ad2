"""What is read from and written to the tables of the journal file; each function is part of somebody's transaction."""

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from itertools import islice
from typing import Any, NamedTuple

from . import tally_statements
from .base import READ_BATCH, SWEEP_BATCH, Retention
from .columns import of_ops, of_outcome, of_prompt, of_state, to_op, to_ops, to_prompt, to_script
from .records import Head, Key, Known, Op, Opened, Place, Record, Summary, Wanted

#: Columns of a `Record`.
RECORD = "n, message_id, at, request, ops, reply, digest, version, asks, prompt"
#: Columns of a `Summary`.
SUMMARY = "session.id, skill_id, session_id, session.epoch, count(*), min(at), max(at), ended, failure"
#: A text with so many digits is no id: SQLite has 64 bits for one.
MOST_DIGITS = 19
#: `touched` is renewed with every 16th turn: it spares a second write in the others.
TOUCH_EVERY = 16


class Claim(NamedTuple):
    """A step and the process that runs it."""

    place: Place
    asked: str
    name: str
    owner: str


def session(conn: sqlite3.Connection, key: Key, head: Head, now: float, condition: str = "TRUE") -> int:
    """Id of the session's row, brought to where `head` says.

    Raises:
        sqlite3.IntegrityError: it is there, and is not as in `condition`.
    """
    id = _upsert(conn, key, head, now, condition)
    if id is None:
        raise sqlite3.IntegrityError("the session has a later epoch")
    return id


def _upsert(conn: sqlite3.Connection, key: Key, head: Head, now: float, condition: str) -> int | None:
    values = (head.epoch, head.script, of_state(head.state), now, head.ended)
    row = conn.execute(
        "INSERT INTO session (skill_id, session_id, epoch, script, state, touched, ended) VALUES (?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 constants
        "ON CONFLICT DO UPDATE SET (epoch, script, state, touched, ended, failure) = (?, ?, ?, ?, ?, NULL) "
        f"WHERE {condition} RETURNING id",
        (*key, *values, *values),
    ).fetchone()
    return int(row[0]) if row else None


def commit(conn: sqlite3.Connection, key: Key, head: Head, record: Record) -> int:
    """Append a turn; the id of its session."""
    id, waits = head.id, record.waits_from is not None
    ops = of_ops(record.ops)
    said = (record.reply, record.digest, record.version, *of_prompt(record.prompt))
    turn = (head.seq, head.epoch, record.n, record.message_id, record.at, record.request, ops, *said)
    if id is None or record.n == 0 or head.ended or record.n % TOUCH_EVERY == 0 or not _append(conn, id, turn):
        id = session(conn, key, head, record.at, "epoch <= excluded.epoch" if waits else "TRUE")
        _append(conn, id, turn)
    if ops and not waits:
        conn.execute("DELETE FROM step WHERE session = ?", (id,))
    if head.failure is not None:
        _note_failure(conn, id, head.failure)
    return id


def _append(conn: sqlite3.Connection, id: int, turn: Sequence[Any]) -> bool:
    """Write a turn, unless the session's row is of another epoch than it: a claim may have begun a later one."""
    query = "INSERT INTO turn SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM session WHERE id = ? AND epoch = ?"
    return conn.execute(query, (*turn, id, turn[1])).rowcount == 1


def _note_failure(conn: sqlite3.Connection, id: int, failure: str) -> None:
    conn.execute(
        "UPDATE session SET failure = ?, "
        "size = (SELECT sum(length(request) + length(reply) + coalesce(length(ops), 0)) FROM turn WHERE session = ?) "
        "WHERE id = ?",
        (failure, id, id),
    )


def claim(conn: sqlite3.Connection, key: Key, head: Head, step: Claim, is_other_alive: Callable[[str], bool]) -> int:
    """Take a step; the id of the session, or 0 if the step is not to be had (see `Journal.claim`)."""
    known = conn.execute("SELECT id, epoch FROM session WHERE skill_id = ? AND session_id = ?", key).fetchone()
    if known is not None:
        query = "SELECT 1 FROM turn WHERE session = ? AND seq >= ?"
        if known[1] > head.epoch or conn.execute(query, (known[0], head.seq)).fetchone():
            return 0
        if not _is_free(conn, known[0], step, is_other_alive):
            return 0
    # a script that was started anew in this turn must be found anew if the process dies in the step
    id = _upsert(conn, key, head, time.time(), "epoch < excluded.epoch") or known[0]
    values = (id, *step.place, step.asked, step.name, step.owner)
    conn.execute("INSERT OR REPLACE INTO step VALUES (?, ?, ?, ?, ?, NULL, ?)", values)
    return int(id)


def _is_free(conn: sqlite3.Connection, id: int, step: Claim, is_other_alive: Callable[[str], bool]) -> bool:
    query = "SELECT name, outcome, owner FROM step WHERE (session, seq, k, asked) = (?, ?, ?, ?)"
    row = conn.execute(query, (id, *step.place, step.asked)).fetchone()
    if row is None or row[0] != step.name:
        return True  # what another script has left in this place is of no use
    return row[1] is None and not is_other_alive(row[2])


def settle(conn: sqlite3.Connection, id: int, step: Claim, op: Op) -> int:
    """Keep the outcome of a claimed step; 0 if it is claimed no longer."""
    query = """UPDATE step SET outcome = ?
               WHERE (session, seq, k, asked, name, owner) = (?, ?, ?, ?, ?, ?) AND outcome IS NULL"""
    return conn.execute(query, (of_outcome(op), id, *step.place, *step[1:])).rowcount


def left(
    conn: sqlite3.Connection, most: int, skills: Collection[str], is_gone: Callable[[str], bool]
) -> list[tuple[str, str]]:
    """See `Journal.left`: a turn that told its user to wait is kept, its step has no outcome, its process is gone."""
    query = """SELECT DISTINCT skill_id, session_id, owner FROM step JOIN session ON session.id = step.session
               WHERE outcome IS NULL AND NOT ended AND (? = '[]' OR skill_id IN (SELECT value FROM json_each(?)))
                 AND EXISTS (SELECT 1 FROM turn WHERE session = step.session AND seq = step.seq)"""
    wanted = json.dumps(list(skills))
    found = ((skill, session) for skill, session, owner in conn.execute(query, (wanted, wanted)) if is_gone(owner))
    return list(islice(found, most))


def load(conn: sqlite3.Connection, key: Key, request: bytes, message_id: int | None, since: int) -> Known:
    """See `Journal.load`."""
    query = "SELECT id, epoch, script, state, ended, failure FROM session WHERE skill_id = ? AND session_id = ?"
    row = conn.execute(query, key).fetchone()
    if row is None:
        return Known(None, None, [], {})
    head = _head(conn, *row)
    answer = None
    if message_id is not None:
        query = "SELECT reply FROM turn WHERE session = ? AND message_id = ? AND request = ?"
        answer = conn.execute(query, (head.id, message_id, request)).fetchone()
    turns = _turns_from(conn, row[0], max(since, head.seq - head.n))
    query = "SELECT seq, k, asked, name, outcome FROM step WHERE session = ?"
    steps = {(Place(at, k), asked): to_op(name, text) for at, k, asked, name, text in conn.execute(query, (head.id,))}
    return Known(head, bytes(answer[0]) if answer else None, turns, steps)


def _head(
    conn: sqlite3.Connection, id: int, epoch: int, script: str, state: str, ended: int, failure: str | None
) -> Head:
    query = "SELECT seq + 1, epoch, n + 1 FROM turn WHERE session = ? ORDER BY seq DESC LIMIT 1"
    seq, last_epoch, n = conn.execute(query, (id,)).fetchone() or (0, epoch, 0)
    n = n if last_epoch == epoch else 0
    return Head(id, seq, epoch, n, *to_script(script, state), bool(ended), failure)


def turns(conn: sqlite3.Connection, id: int) -> list[tuple[int, Record]]:
    """(epoch, turn) of all epochs of a session, in order."""
    query = f"SELECT epoch, {RECORD} FROM turn WHERE session = ? ORDER BY seq"  # noqa: S608 a constant
    return [(epoch, _record(row)) for epoch, *row in conn.execute(query, (id,))]


def sessions(conn: sqlite3.Connection, limit: int, wanted: Wanted) -> list[Summary]:
    """The sessions that are wanted, the latest first; all of them for a limit of -1."""
    query = f"""SELECT {SUMMARY} FROM session JOIN turn ON turn.session = session.id
                WHERE (:skill IS NULL OR skill_id = :skill
                       OR substr(skill_id, 1, length(:skill) + 1) = :skill || '/') AND (:state IS NULL OR :state =
                    CASE WHEN NOT ended THEN 'open' WHEN failure IS NULL THEN 'ended' ELSE 'failed' END)
                GROUP BY session.id HAVING :since IS NULL OR max(at) >= :since
                ORDER BY max(at) DESC LIMIT :limit"""  # noqa: S608 a constant
    return [_summary(row) for row in conn.execute(query, {**wanted._asdict(), "limit": limit})]


def find(conn: sqlite3.Connection, name: str) -> Summary | None:
    """The session with this number, or else the latest with this session_id."""
    query = f"""SELECT {SUMMARY} FROM session JOIN turn ON turn.session = session.id
                WHERE session.id IN (SELECT :id UNION ALL SELECT id FROM session WHERE session_id = :name)
                GROUP BY session.id ORDER BY session.id = :id DESC, max(at) DESC LIMIT 1"""  # noqa: S608 a constant
    id = int(name) if name.isascii() and name.isdecimal() and len(name) < MOST_DIGITS else None
    row = conn.execute(query, {"id": id, "name": name}).fetchone()
    return _summary(row) if row else None


def count_open(conn: sqlite3.Connection) -> dict[str, int]:
    """How many sessions are open, by skill_id."""
    return dict(conn.execute("SELECT skill_id, count(*) FROM session WHERE ended = 0 GROUP BY skill_id").fetchall())


def opened(conn: sqlite3.Connection, skill_ids: Collection[str], after: int) -> list[Opened]:
    """The next open sessions of these skills behind the number `after`, as they are at one moment."""
    conn.execute("BEGIN")
    try:
        query = """SELECT skill_id, session_id, id, epoch, script, state, ended, failure FROM session
                   WHERE NOT ended AND id > ? AND skill_id IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?"""
        return [_opened(conn, *row) for row in conn.execute(query, (after, json.dumps(list(skill_ids)), READ_BATCH))]
    finally:
        conn.execute("COMMIT")


def _opened(conn: sqlite3.Connection, skill_id: str, session_id: str, *row: Any) -> Opened:
    head = _head(conn, *row)
    return Opened(row[0], (skill_id, session_id), head, _turns_from(conn, row[0], head.seq - head.n))


def _turns_from(conn: sqlite3.Connection, id: int, seq: int) -> list[Record]:
    query = f"SELECT {RECORD} FROM turn WHERE session = ? AND seq >= ? ORDER BY seq"  # noqa: S608 a constant
    return [_record(row) for row in conn.execute(query, (id, seq))]


def _summary(row: Sequence[Any]) -> Summary:
    id, skill, name, epoch, count, first, last, ended, failure = row
    return Summary(id, (skill, name), epoch, count, first, last, bool(ended), failure)


def _record(row: Sequence[Any]) -> Record:
    n, message_id, at, request, ops, reply, digest, version, asks, place = row
    return Record(n, message_id, at, request, to_ops(ops), reply, digest, version, to_prompt(asks, version, place))


def sweep(conn: sqlite3.Connection, now: float, retention: Retention) -> int:
    """Delete a small batch of sessions that nobody will ask for any more; how many went."""
    old = list({*_ended(conn, now, retention), *_too_much(conn, retention.failed_bytes)})[:SWEEP_BATCH]
    query = (  # `touched` of an open session may be some turns old
        "SELECT id FROM session WHERE NOT ended AND touched < ? "
        "AND NOT EXISTS (SELECT 1 FROM turn WHERE session = session.id AND at >= ?) LIMIT ?"
    )
    since = now - retention.silent
    old += conn.execute(query, (since, since, SWEEP_BATCH - len(old))).fetchall()
    if old:
        conn.execute("BEGIN IMMEDIATE")
        tally_statements.add_left(conn, [id for (id,) in old])
        for table, column in (("turn", "session"), ("step", "session"), ("session", "id")):
            conn.executemany(f"DELETE FROM {table} WHERE {column} = ?", old)  # noqa: S608 constants
        conn.execute("COMMIT")
    return len(old)


def _ended(conn: sqlite3.Connection, now: float, retention: Retention) -> list[tuple[int]]:
    query = "SELECT id FROM session WHERE ended AND (failure IS NULL) = ? AND touched < ? LIMIT ?"
    well = conn.execute(query, (True, now - retention.ended, SWEEP_BATCH)).fetchall()
    return well + conn.execute(query, (False, now - retention.failed, SWEEP_BATCH - len(well))).fetchall()


def _too_much(conn: sqlite3.Connection, limit: int) -> list[tuple[int]]:
    """The oldest failed sessions beyond `limit` bytes."""
    query = """SELECT id FROM (SELECT id, touched, sum(size) OVER (ORDER BY touched DESC, id DESC) AS bytes
                               FROM session WHERE ended AND failure IS NOT NULL)
               WHERE bytes > ? ORDER BY touched LIMIT ?"""
    return conn.execute(query, (limit, SWEEP_BATCH)).fetchall()

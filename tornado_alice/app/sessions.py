"""Recorded sessions on the command line: list, transcript, replay into a debugger, export for a test."""

import asyncio
import json
import pdb
import time
from pathlib import Path

from .. import context
from ..errors import SettingsError
from ..journal.records import Head, Record, Summary
from ..journal.sqlite import SqliteJournal
from ..morphology import lemmatizer
from ..protocol import parse_again
from ..session import Session
from ..skill import Skill
from ..testing import export


def list_sessions(journal: SqliteJournal, limit: int = 50) -> None:
    """Print the latest sessions."""
    sessions = journal.sessions(limit)
    if not sessions:
        print(f"No sessions are recorded in {journal.path}.")
    for entry in sessions:
        state = "ended" if entry.ended else "open"
        print(f"{entry.id:>6}  {_time(entry.last)}  {entry.turns:>4} turns  {state:<5}  {entry.key[1]}")


def show_session(journal: SqliteJournal, name: str) -> None:
    """Print the transcript of a session, all its epochs."""
    entry = find_session(journal, name)
    print(f"session {entry.key[1]} of skill {entry.key[0] or '-'}, {'ended' if entry.ended else 'open'}")
    for epoch, record in journal.turns(entry.id):
        print(_transcript(epoch, record))


def replay_session(journal: SqliteJournal, name: str, skill: Skill, until: int | None, debug: bool) -> None:
    """Replay the last epoch of a session in the code as it is here, up to turn `until`; then a debugger if asked."""
    entry = find_session(journal, name)
    head, records = _last_epoch(journal, entry)
    stop = min(len(_by_script(records)), len(records) if until is None else until)
    session = _session(journal, entry, head, skill)
    session.replay(records[:stop])
    print(f"{stop} of {len(records)} turns replayed; the script waits at {session.where()}")
    if stop == len(records):
        session.close()
        return
    print(f"next, turn {stop}: {_said(records[stop])}")
    if stop == len(_by_script(records)):
        print("In this turn the script ended or raised; --pdb runs it in the debugger.")
    if debug:
        print("In the debugger: `n` steps through the engine to the script with that request, `c` lets it go on.")
        print(pdb.runcall(session.begin, parse_again(records[stop].request), records[stop].at))
    session.close()


def _by_script(records: list[Record]) -> list[Record]:
    """The records without the last one if the engine itself spoke there, because the script had ended or raised."""
    last = records[-1] if records else None
    return records[:-1] if last is not None and not last.by_script and last.waits_from is None else records


def export_session(journal: SqliteJournal, name: str, target: Path | None) -> None:
    """Write the last epoch of a session as JSON, for `tornado_alice.testing.replay`."""
    entry = find_session(journal, name)
    head, records = _last_epoch(journal, entry)
    seed = context.seed(journal.secret, *entry.key)
    text = export(entry.key, entry.epoch, head.script, head.state or {}, seed, records)
    if target is None:
        print(text)
        return
    try:
        target.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise SettingsError(f"{target} cannot be written: {error.strerror}") from None
    print(
        f"{len(records)} turns written to {target}; tornado_alice.testing.replay(skill, {str(target)!r}) replays them"
    )


def find_session(journal: SqliteJournal, name: str) -> Summary:
    """The session with this number or session_id.

    Raises:
        SettingsError: there is none.
    """
    found = [entry for entry in journal.sessions(-1) if name in (str(entry.id), entry.key[1])]
    if not found:
        raise SettingsError(f"no session {name!r} is recorded in {journal.path}; `sessions list` shows what is there")
    return found[0]


def _last_epoch(journal: SqliteJournal, entry: Summary) -> tuple[Head, list[Record]]:
    known = asyncio.run(journal.load(entry.key))
    assert known.head is not None, "it was listed a moment ago"
    return known.head, known.turns


def _session(journal: SqliteJournal, entry: Summary, head: Head, skill: Skill) -> Session:
    seed, lemma = context.seed(journal.secret, *entry.key), lemmatizer(skill.options.load_analyzer)
    return Session.of(skill.dialogs.script, entry.key, head, seed, lemma)


def _transcript(epoch: int, record: Record) -> str:
    reply = json.loads(record.reply)["response"]
    lines = [f"{_time(record.at)}  [{epoch}.{record.n}]  {_said(record)}"]
    for op in record.ops:
        outcome = "is under way" if "wait" in op else json.dumps(op.get("ok", op.get("error")), ensure_ascii=False)
        lines.append(f"{'':>25}step {op.get('name', op.get('wait'))}: {outcome[:200]}")
    lines.append(f"{'':>25}Alice: {_clean(reply['text'])}{'  (end)' if reply['end_session'] else ''}")
    return "\n".join(lines)


def _said(record: Record) -> str:
    request = parse_again(record.request).get("request") or {}
    kind = request.get("type", "event without a request")
    return f"User: {_clean(request.get('command', ''))}" if kind == "SimpleUtterance" else f"User: <{kind}>"


def _clean(text: str) -> str:
    """What a user said may hold anything; a terminal gets what it can print."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))

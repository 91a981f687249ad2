"""Recorded sessions on the command line: list, transcript, replay into a debugger, export for a test."""

import asyncio
import json
import pdb
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from .. import context
from ..diagnosis import noted
from ..errors import SettingsError
from ..journal.base import Archive
from ..journal.records import Head, Record, Summary, Wanted
from ..morphology import lemmatizer
from ..protocol import parse_again
from ..session import Session
from ..skill import Skill
from ..testing import export
from .terminal import printable

Result = TypeVar("Result")


def ask(journal: Archive, question: Callable[[Archive], Coroutine[Any, Any, Result]]) -> Result:
    """What a journal answers; it is open just so long."""

    async def whole() -> Result:
        await journal.open()
        try:
            return await question(journal)
        finally:
            await journal.close()

    return asyncio.run(whole())


def list_sessions(journal: Archive, wanted: Wanted, limit: int, as_json: bool) -> None:
    """Print the latest of the sessions that are wanted."""
    sessions = ask(journal, lambda journal: journal.sessions(limit, wanted))
    if as_json:
        print(json.dumps([_fields(entry) for entry in sessions], indent=1))
        return
    if not sessions:
        such = "No sessions" if wanted == Wanted() else "No such sessions"
        print(f"{such} are recorded in {journal.path}.")
    has_several = len({entry.key[0] for entry in sessions}) > 1
    for entry in sessions:
        name = printable(f"{entry.key[0]}  {entry.key[1]}" if has_several else entry.key[1])
        line = f"{entry.id:>6}  {_time(entry.last)}  {entry.turns:>4} turns  {entry.state:<6}  {name}"
        print(line if entry.failure is None else f"{line}  {printable(entry.failure)}")


def _fields(entry: Summary) -> dict[str, Any]:
    fields = entry._asdict() | {"state": entry.state, "skill_id": entry.key[0], "session_id": entry.key[1]}
    return {name: value for name, value in fields.items() if name not in ("key", "ended")}


def show_session(journal: Archive, name: str) -> None:
    """Print the transcript of a session, all its epochs."""
    entry = find_session(journal, name)
    skill_id, session_id = map(printable, entry.key)
    print(f"session {session_id} of skill {skill_id or '-'}, {entry.state}")
    for epoch, record in ask(journal, lambda journal: journal.turns(entry.id)):
        print(_transcript(epoch, record))
    if entry.failure is not None:
        print(f"failed: {printable(entry.failure)}")


def replay_session(journal: Archive, name: str, skill: Skill, until: int | None, debug: bool) -> None:
    """Replay the last epoch of a session in the code as it is here, up to turn `until`; then a debugger if asked."""
    entry = find_session(journal, name)
    head, records = _last_epoch(journal, entry)
    stop = min(len(_by_script(records)), len(records) if until is None else until)
    session = _session(journal, entry, head, skill)
    with noted():
        session.replay(records[:stop])
    print(f"{stop} of {len(records)} turns replayed; the script waits at {printable(session.where())}")
    if stop == len(records):
        session.close()
        return
    print(f"next, turn {stop}: {_said(records[stop])}")
    if stop == len(_by_script(records)):
        print("In this turn the script ended or raised; --pdb runs it in the debugger.")
        if entry.failure is not None:
            print(f"It raised {printable(entry.failure)}")
    if debug:
        print("In the debugger: `n` steps through the engine to the script with that request, `c` lets it go on.")
        print(printable(pdb.runcall(session.begin, parse_again(records[stop].request), records[stop].at)))
    session.close()


def _by_script(records: list[Record]) -> list[Record]:
    """The records without the last one if the engine itself spoke there, because the script had ended or raised."""
    last = records[-1] if records else None
    return records[:-1] if last is not None and not last.by_script and last.waits_from is None else records


def export_session(journal: Archive, name: str, target: Path | None) -> None:
    """Write the last epoch of a session as JSON, for `tornado_alice.testing.replay`."""
    entry = find_session(journal, name)
    head, records = _last_epoch(journal, entry)
    seed = context.seed_of(journal.secret, entry.key)
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


def find_session(journal: Archive, name: str) -> Summary:
    """The session with this number or session_id.

    Raises:
        SettingsError: there is none.
    """
    found = ask(journal, lambda journal: journal.find(name))
    if found is None:
        raise SettingsError(f"no session {name!r} is recorded in {journal.path}; `sessions list` shows what is there")
    return found


def _last_epoch(journal: Archive, entry: Summary) -> tuple[Head, list[Record]]:
    known = ask(journal, lambda journal: journal.load(entry.key))
    assert known.head is not None, "it was listed a moment ago"
    return known.head, known.turns


def _session(journal: Archive, entry: Summary, head: Head, skill: Skill) -> Session:
    seed, lemma = context.seed_of(journal.secret, entry.key), lemmatizer(skill.options.load_analyzer)
    return Session.of(skill.dialogs.script, entry.key, head, seed, lemma)


def _transcript(epoch: int, record: Record) -> str:
    reply = json.loads(record.reply)["response"]
    lines = [f"{_time(record.at)}  [{epoch}.{record.n}]  {_said(record)}"]
    for op in record.ops:
        if "heard_by" in op:
            lines.append(f"{'':>25}heard by {printable(op['heard_by'])}")
            continue
        outcome = "is under way" if "wait" in op else json.dumps(op.get("ok", op.get("error")), ensure_ascii=False)
        lines.append(f"{'':>25}step {printable(op.get('name', op.get('wait')))}: {printable(outcome[:200])}")
    lines.append(f"{'':>25}Alice: {printable(reply['text'])}{'  (end)' if reply['end_session'] else ''}")
    return "\n".join(lines)


def _said(record: Record) -> str:
    request = parse_again(record.request).get("request") or {}
    kind = request.get("type", "event without a request")
    return f"User: {printable(request.get('command', '') if kind == 'SimpleUtterance' else f'<{kind}>')}"


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))

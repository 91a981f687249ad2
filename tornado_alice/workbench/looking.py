"""Where the script of a dialog stands: its frames with their variables, its turns with their steps. By replay."""

import json
import reprlib
from pathlib import Path
from types import FrameType
from typing import Any

from .. import context, fingerprint
from ..errors import NonDeterminismError, ScriptError
from ..journal.records import Key, Known, Op, Record
from ..morphology import lemmatizer
from ..protocol import dumps, parse_again
from ..session import Session
from ..skill import Skill
from ..testing.screen import pressed, touchables

#: Variables of a frame that are shown, and letters of each.
MOST_VARIABLES, MOST_LETTERS = 50, 200


def sources(skill: Skill) -> list[dict[str, Any]]:
    """The script's own files, its first: ``file``, ``name`` and ``lines``."""
    found = fingerprint.files(skill.dialogs.script.fn)
    home = Path(found[0]).parent if found else Path()
    return [
        {
            "file": file,
            "name": Path(file).relative_to(home).as_posix(),
            "lines": Path(file).read_text("utf-8", "replace").split("\n"),
        }
        for file in found
    ]


def look(skill: Skill, key: Key, known: Known, until: int | None = None) -> dict[str, Any]:
    """The last epoch of a dialog, and the script as it stands after its first turns.

    Args:
        key: what names the dialog in the journal.
        known: what the journal holds of it.
        until: how many turns to replay; all of them if it is None.

    Returns:
        ``turns``: what was said and answered, the steps between, request and answer whole, and what could be touched
        (``title``, and the ``request`` to ``send`` or the ``url`` to open); ``at``: how many of them were replayed;
        ``frames``: file, line, function and variables of each suspended function, the innermost last; ``trouble``: why
        the replay went no further, None if it did.
    """
    records = known.turns
    stop = len(records) if until is None else min(until, len(records))
    shown: dict[str, Any] = {"turns": [_turn(record) for record in records], "at": 0, "frames": [], "trouble": None}
    if known.head is None:
        return shown | {"trouble": "the journal does not hold this dialog any more"}
    seed = context.seed_of(skill.journal.secret, key)
    lemma = lemmatizer(skill.options.load_analyzer)
    try:
        session = Session.of(skill.dialogs.script, key, known.head, seed, lemma)
    except ScriptError as error:
        return shown | {"trouble": str(error)}
    try:
        for _ in session.feed(_by_script(records[:stop])):
            shown["at"] += 1
        shown["frames"] = [_frame(frame) for frame in session.suspended()]
    except NonDeterminismError as error:
        shown["trouble"] = str(error)
    finally:
        session.close()
    return shown


def _by_script(records: list[Record]) -> list[Record]:
    """The records without the last one if the engine itself spoke there: the script had ended, or raised."""
    last = records[-1] if records else None
    return records[:-1] if last is not None and not last.by_script and last.waits_from is None else records


def _turn(record: Record) -> dict[str, Any]:
    whole = parse_again(record.request)
    request = whole.get("request") or {}
    answer = json.loads(record.reply)
    kind = request.get("type", "event")
    return {
        "said": request.get("original_utterance") or request.get("command") or ("" if "Utterance" in kind else kind),
        "answered": answer["response"].get("text", ""),
        "request": whole,
        "answer": answer,
        "touch": [
            {"title": one.title, "send": pressed(one), "url": one.button.get("url")}
            for one in touchables(answer["response"])
        ],
        "by_script": record.by_script,
        "ops": [_op(op) for op in record.ops],
    }


def _op(op: Op) -> dict[str, str]:
    if "heard_by" in op:
        return {"kind": "heard_by", "name": op["heard_by"], "outcome": ""}
    if "wait" in op:
        return {"kind": "wait", "name": op["wait"], "outcome": ""}
    kind = "ok" if "ok" in op else "error"
    return {"kind": kind, "name": op["name"], "outcome": dumps(op[kind]).decode()[:MOST_LETTERS]}


def _frame(frame: FrameType) -> dict[str, Any]:
    names = [name for name in frame.f_locals if not name.startswith("__")][:MOST_VARIABLES]
    return {
        "file": frame.f_code.co_filename,
        "line": frame.f_lineno,
        "function": frame.f_code.co_name,
        "variables": {name: _shown(frame.f_locals[name]) for name in names},
    }


def _shown(value: Any) -> str:
    short = reprlib.Repr()
    short.maxstring = short.maxother = MOST_LETTERS
    short.maxlist = short.maxtuple = short.maxdict = short.maxset = 20
    return short.repr(value)[: 2 * MOST_LETTERS]  # it survives a __repr__ that raises

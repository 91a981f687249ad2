"""Recorded dialogs as regression tests: exported to a file, replayed from it."""

import json
from pathlib import Path
from typing import Any

from ..diagnosis import noted
from ..errors import ScriptError, SettingsError
from ..journal.records import Head, Record
from ..morphology import lemmatizer
from ..script import Script
from ..session import Session
from ..skill import Skill


def export(
    key: tuple[str, str], epoch: int, script: str, state: dict[str, Any], seed: bytes, turns: list[Record]
) -> str:
    """A recorded dialog as JSON text, for `replay`. `seed` is that of this session alone, not the journal's secret."""
    fields = [
        {
            "n": turn.n,
            "message_id": turn.message_id,
            "at": turn.at,
            "request": json.loads(turn.request),
            "ops": turn.ops,
            "reply": json.loads(turn.reply),
            "digest": turn.digest,
            "version": turn.version,
        }
        for turn in turns
    ]
    whole = {"tornado_alice": 1, "key": key, "epoch": epoch, "script": script, "state": state, "seed": seed.hex()}
    return json.dumps(whole | {"turns": fields}, ensure_ascii=False, indent=1)


def replay(skill: Skill, path: str | Path) -> int:
    """Replay a dialog exported by ``python -m tornado_alice sessions export`` and compare every reply.

    Returns:
        how many turns were replayed.

    Raises:
        NonDeterminismError: the script now says something else; it names the turn, what was said and what is said now;
            a note tells what it looks like and the remedy.
        SettingsError: the file is no exported dialog.
    """
    data = json.loads(Path(path).read_text("utf-8"))
    if not isinstance(data, dict) or data.get("tornado_alice") != 1:
        raise SettingsError(f"{path} is no dialog exported by `python -m tornado_alice sessions export`")
    own = Script(
        skill.dialogs.script.fn, "test", handlers=skill.beside
    )  # one version for all turns: every reply is compared
    head = Head(epoch=data["epoch"], script=data["script"], state=data["state"])
    lemma = lemmatizer(skill.options.load_analyzer)
    try:
        session = Session.of(own, (data["key"][0], data["key"][1]), head, bytes.fromhex(data["seed"]), lemma)
    except ScriptError as error:
        raise SettingsError(f"{path} was recorded with another script: {error}") from None
    turns = [turn for turn in data["turns"] if turn["digest"] or any("wait" in op for op in turn["ops"])]
    with noted():
        session.replay([_record(turn) for turn in turns])
    session.close()
    return len(turns)


def _record(turn: dict[str, Any]) -> Record:
    request = json.dumps(turn["request"]).encode()
    reply = json.dumps(turn["reply"]).encode()
    return Record(
        turn["n"], turn["message_id"], turn["at"], request, turn["ops"], reply, turn["digest"], version="test"
    )

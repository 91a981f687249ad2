"""A dialog of the workbench as a test: a scenario that people read, or an exported dialog, compared turn by turn."""

import json
from typing import Any

from .. import context
from ..errors import SettingsError
from ..journal.records import Key, Known, Record
from ..protocol import parse_again
from ..skill import Skill
from ..testing import Answer, export, scenario_file
from ..testing.scenario import Does


def as_dialog(skill: Skill, key: Key, known: Known) -> str:
    """What `tornado_alice.testing.replay` reads: the last epoch, with the outcomes of its steps and its seed.

    Raises:
        SettingsError: the journal does not hold the dialog.
    """
    if known.head is None:
        raise SettingsError("the journal does not hold this dialog any more")
    head, seed = known.head, context.seed_of(skill.journal.secret, key)
    return export(key, head.epoch, head.script, head.state or {}, seed, known.turns)


def as_scenario(skill: Skill, key: Key, known: Known) -> str:
    """What ``python -m tornado_alice test`` plays: what the user did, and the answers word by word.

    Where the script draws at random, other words may come when it is played: `as_dialog` has the seed, a scenario not.

    Raises:
        SettingsError: the journal does not hold the dialog, or PyYAML is not installed.
    """
    if known.head is None:
        raise SettingsError("the journal does not hold this dialog any more")
    turns = [(_does(record), Answer.of(json.loads(record.reply))) for record in known.turns]
    return scenario_file.export(skill.name, "workbench", turns)


def _does(record: Record) -> Does:
    whole = parse_again(record.request)
    request: dict[str, Any] = whole.get("request") or {}
    kind = request.get("type", "SimpleUtterance")
    if kind != "SimpleUtterance":
        return Does("event", kind, {name: value for name, value in request.items() if name not in ("type", "nlu")})
    return Does("enter" if record.message_id == 0 else "say", request.get("original_utterance", ""))

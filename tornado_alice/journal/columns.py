"""The JSON columns of a journal, in a file as in a database: how they are written, and what a damaged one stands for.

What no longer is what was written never passes for a session's past: it becomes a step, an outcome or a script that
differs from all others, so that the replay ends there and the skill's `on_divergence` has its say.
"""

import json
from typing import Any

from .records import Op, Prompt

#: Name of a script or step that no module has.
DAMAGED = "(damaged)"


def of_state(state: dict[str, Any] | None) -> str:
    """The arguments of a script."""
    return json.dumps(state or {})


def of_ops(ops: list[Op]) -> str | None:
    """What happened inside a turn; most turns have nothing."""
    return json.dumps(ops) if ops else None


def of_outcome(op: Op) -> str:
    """The outcome of a step."""
    return json.dumps({word: op[word] for word in ("ok", "error") if word in op})


def to_script(script: str, state: Any) -> tuple[str, dict[str, Any] | None]:
    """A script and its arguments."""
    arguments = _json(state)
    return (script, arguments) if isinstance(arguments, dict) else (DAMAGED, None)


def to_ops(text: Any) -> list[Op]:
    """What happened inside a turn."""
    found = _json(text) if text else []
    if isinstance(found, list) and all(map(_is_op, found)):
        return found
    return [{"name": f"{DAMAGED} {str(text)[:40]}"}]  # no script asks for such a step


def to_op(name: str, outcome: Any) -> Op | None:
    """A step with its outcome; None while it has none.

    >>> to_op("f", '{"ok": 1}'), to_op("f", None), to_op("f", "{")["error"]["text"]
    ({'name': 'f', 'ok': 1}, None, 'its recorded outcome is damaged')
    """
    if outcome is None:
        return None
    found = _json(outcome)
    if _is_outcome(found):
        return {"name": name, **found}
    text = "its recorded outcome is damaged"
    return {"name": name, "error": {"class": "tornado_alice.errors:StepError", "args": [text], "text": text}}


def of_prompt(prompt: Prompt | None) -> tuple[str | None, str | None]:
    """A prompt beside the version of its turn."""
    return (None, None) if prompt is None else (prompt.script, prompt.place)


def to_prompt(script: str | None, version: str, place: str | None) -> Prompt | None:
    """The prompt after a turn."""
    return None if script is None or place is None else Prompt(script, version, place)


def _json(text: Any) -> Any:
    """What a column holds; None if that is damaged."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None


def _is_op(op: Any) -> bool:
    return isinstance(op, dict) and ("wait" in op or "heard_by" in op or ("name" in op and _is_outcome(op)))


def _is_outcome(outcome: Any) -> bool:
    if not isinstance(outcome, dict):
        return False
    failure = outcome.get("error")
    return "ok" in outcome or (isinstance(failure, dict) and {"class", "text"} <= failure.keys())

"""A scenario: what a user does, and what is expected of each answer. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import ndiff
from typing import Any

from .answer import Answer


@dataclass(frozen=True)
class Does:
    """What the user does.

    Attributes:
        kind: ``say``, ``enter``, ``tap`` or ``event``.
        text: the words, the title of a button, the type of an event.
        fields: of an event's request.
    """

    kind: str
    text: str
    fields: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"«{self.text}»" if self.kind == "say" else f"{self.kind} «{self.text}»"


@dataclass(frozen=True)
class Expected:
    """What must hold of an answer: a name of `TESTS` with its value."""

    name: str
    value: Any


@dataclass(frozen=True)
class Step:
    """One turn.

    Attributes:
        line: of the file, of what the user does.
    """

    line: int
    does: Does
    expected: tuple[Expected, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A conversation.

    Attributes:
        device: options of the `User` who talks; None: the one who talks in all scenarios of the file.
    """

    name: str
    file: str
    line: int
    steps: tuple[Step, ...]
    device: dict[str, Any] | None = None


def problems(answer: Answer, expected: tuple[Expected, ...]) -> list[str]:
    """What does not hold, for people."""
    found = (TESTS[one.name](answer, one.value) for one in expected)
    return [problem for problem in found if problem]


def _exact(answer: Answer, text: str) -> str:
    if answer == text:
        return ""
    expected, said = text.split("\n"), str(answer).split("\n")
    return "- expected, + said:\n" + "\n".join(line.rstrip("\n") for line in ndiff(expected, said))


def _contains(answer: Answer, parts: list[str]) -> str:
    missing = [part for part in parts if part not in answer]
    return f"{missing[0]!r} is not in {str(answer)!r}" if missing else ""


def _not_contains(answer: Answer, parts: list[str]) -> str:
    there = [part for part in parts if part in answer]
    return f"{there[0]!r} is in {str(answer)!r}" if there else ""


def _one_of(answer: Answer, texts: list[str]) -> str:
    if answer in texts:
        return ""
    return "\n".join([f"{str(answer)!r} is none of", *(f"  {text!r}" for text in texts)])


def _matches(answer: Answer, pattern: str) -> str:
    return "" if re.fullmatch(pattern, answer, re.DOTALL) else f"{str(answer)!r} does not match {pattern!r}"


def _buttons(answer: Answer, titles: list[str]) -> str:
    return "" if answer.buttons == titles else f"buttons: expected {titles}, got {answer.buttons}"


def _ended(answer: Answer, ended: bool) -> str:
    if answer.ended == ended:
        return ""
    return "the session should have ended" if ended else "the session has ended"


#: What can be expected, by the name it has in files.
TESTS: dict[str, Callable[[Answer, Any], str]] = {
    "exact": _exact,
    "contains": _contains,
    "not_contains": _not_contains,
    "one_of": _one_of,
    "matches": _matches,
    "buttons": _buttons,
    "ended": _ended,
}

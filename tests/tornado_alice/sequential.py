"""What must hold of a simulated run: the history of each session is one that a lone process gives, turn after turn."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from simulation import WAITING, Effect, Told, World, text

from tornado_alice.journal.records import Key, Record

#: Words that let the script act.
ACTING = ("шаг", "долго", "оба", "ошибка", "переход")


class Violation(AssertionError):
    """A run that no lone process would give."""


def check(world: World, histories: dict[Key, list[Record]], impatient: set[Key], effects_once: bool = True) -> None:
    """Raises Violation unless all claims hold.

    Args:
        histories: the turns of each session, as the journal has them.
        impatient: sessions whose users spoke before they were answered: a turn that was begun may then be overtaken
            by another message, and its step be asked for again in a later turn, under another key.
        effects_once: no process has died, or seemed so.
    """
    told = defaultdict(list)
    for one in world.told:
        told[one.key].append(one)
    effects = defaultdict(list)
    for key, runs in world.effects.items():
        if effects_once and len(runs) > 1:
            raise Violation(f"the effect {key} was done {len(runs)} times")
        effects[runs[0].command] += runs
    for key, turns in histories.items():
        check_once(key, turns)
        check_acknowledged(told[key], turns)
        check_order(told[key], turns)
        check_model(key, turns, effects, once=effects_once and key not in impatient)


def name(turn: Record) -> tuple[int | None, bytes]:
    """What names a message."""
    return turn.message_id, turn.request


def check_once(key: Key, turns: list[Record]) -> None:
    """No message is two turns."""
    names = Counter(map(name, turns))
    if twice := [what for what, n in names.items() if n > 1]:
        raise Violation(f"session {key[1]}: message {twice[0]} is two turns")


def check_acknowledged(told: Iterable[Told], turns: list[Record]) -> None:
    """Every answer that was acknowledged is kept, and each delivery got the same bytes."""
    kept = {turn.request: turn.reply for turn in turns}
    for one in told:
        if one.is_acknowledged and kept.get(one.body) != one.answer:
            raise Violation(f"{one.body!r}: acknowledged {one.answer!r}, kept {kept.get(one.body)!r}")


def check_order(told: list[Told], turns: list[Record]) -> None:
    """A message that was sent after another one was answered is a later turn."""
    place = {turn.request: i for i, turn in enumerate(turns)}
    sent: dict[int, int] = {}
    heard: dict[int, int] = {}
    for one in told:
        turn = place[one.body]
        sent[turn] = min(one.sent, sent.get(turn, one.sent))
        if one.is_acknowledged:
            heard[turn] = min(one.heard, heard.get(turn, one.heard))
    for turn, end in heard.items():
        if any(earlier < turn and begin > end for earlier, begin in sent.items()):
            raise Violation(f"turn {turn} was answered before an earlier one was sent")


def check_model(key: Key, turns: list[Record], effects: dict[str, list[Effect]], once: bool) -> None:
    """The turns, one after the other, are what the script says, with the values of effects that were done once."""
    n, asked = 0, ""
    for i, turn in enumerate(turns):
        if not asked:
            n, asked = n + 1, json.loads(turn.request)["request"]["command"]
        word = asked.split()[0]
        said = text(turn.reply)
        if said == WAITING and word in ACTING:
            continue
        expected = said_to(asked, n, effects)
        if not re.fullmatch(rf"(?:{expected}) \(\d+\)", said):
            raise Violation(f"session {key[1]}, turn {i}: {said!r}, expected {expected!r}")
        if once and (twice := [c for c in commands(asked) if len(effects[c]) != 1]):
            raise Violation(f"session {key[1]}: the effect of {twice[0]!r} was done {len(effects[twice[0]])} times")
        n = {"заново": 1, "переход": 1, "конец": 0}.get(word, n)
        asked = ""


def said_to(command: str, n: int, effects: dict[str, list[Effect]]) -> str:
    """What the script says to a command that is its n-th, as a pattern."""
    first, *more = ["|".join(str(effect.value) for effect in effects[name]) for name in commands(command)] or [""]
    match command.split()[0]:
        case "шаг" | "долго" | "ошибка":
            return rf"{n} {command}: (?:{first})"
        case "оба":
            return rf"{n} {command}: \[(?:{first}), (?:{more[0]})\]"
        case "заново":
            return rf"1 {command}: было {n}"
        case "переход":
            return rf"1 {command}: было {n} (?:{first}) (?:{more[0]})"
    return rf"{n} {command}"


def commands(command: str) -> list[str]:
    """The names under which a command acts."""
    word = command.split()[0]
    second = {"оба": [command + " рядом"], "переход": [command + " после"]}.get(word, [])
    return [command, *second] if word in ACTING else []

"""Scenarios played to a skill, one after another."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from ..app.loading import load_skill
from ..errors import SettingsError
from ..journal.memory import MemoryJournal
from ..script import describe_failure
from ..skill import Skill
from .answer import Answer
from .scenario import Does, Scenario, problems
from .user import User

#: Of the journals in which scenarios are recorded and played: with the same seed a script draws the same.
SECRET = b"a scenario is the same each time"


@dataclass(frozen=True)
class Result:
    """A scenario that was played.

    Attributes:
        problem: where and why it failed; empty if it passed.
        turns: how many were played.
    """

    scenario: Scenario
    problem: str
    turns: int
    seconds: float


def play(scenarios: Sequence[Scenario], place: Skill | str) -> Iterator[Result]:
    """Play them to a Skill, to that of a script, or behind a URL; gives each result as it comes.

    Raises:
        SettingsError: no such script; two scenarios have one seed.
    """
    _check_seeds(scenarios)
    skill = place
    if isinstance(place, str) and not place.startswith(("http://", "https://")):
        skill = load_skill(place)
        skill.journal = journal()
    persons: dict[str, User] = {}
    with ExitStack() as closing:
        for scenario in scenarios:
            if scenario.device is not None:
                person = closing.enter_context(User(skill, **scenario.device))
            else:
                if scenario.file not in persons:
                    persons[scenario.file] = closing.enter_context(User(skill))
                person = persons[scenario.file]
            yield _result(scenario, person)


def journal() -> MemoryJournal:
    """A journal for scenarios."""
    made = MemoryJournal()
    made.secret = SECRET
    return made


def _check_seeds(scenarios: Sequence[Scenario]) -> None:
    seen: dict[str, Scenario] = {}
    for scenario in scenarios:
        seed = (scenario.device or {}).get("seed", "")
        if seed and seed in seen:
            other = seen[seed]
            raise SettingsError(
                f"{scenario.file}:{scenario.line}: {scenario.name!r} has the seed of {other.name!r} "
                f"({other.file}:{other.line}); change it, their sessions would be one"
            )
        seen[seed] = scenario


def _result(scenario: Scenario, person: User) -> Result:
    start, turns, problem = time.perf_counter(), 0, ""
    for i, step in enumerate(scenario.steps):
        try:
            answer = _do(person, step.does, is_first=i == 0)
            found = problems(answer, step.expected)
        except Exception as error:  # whatever the script raises is the outcome of the scenario
            found = [describe_failure(error)]
        turns += 1
        if found:
            problem = "\n".join([f"{scenario.file}:{step.line} after {step.does}:", *found])
            break
    return Result(scenario, problem, turns, time.perf_counter() - start)


def _do(person: User, does: Does, is_first: bool) -> Answer:
    is_launch = does.kind == "enter" or (does.kind == "say" and (person.ended or (is_first and not does.text)))
    if is_launch:
        return person.enter(does.text)
    if is_first:
        person.enter()
    if does.kind == "event":
        return person.event(does.text, **does.fields)
    return person.tap(does.text) if does.kind == "tap" else person.say(does.text)

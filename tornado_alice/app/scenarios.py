"""``python -m tornado_alice test``: scenario files played to a skill, for people and for CI."""

from pathlib import Path

from ..errors import SettingsError
from ..testing import scenario_file
from ..testing.junit import report
from ..testing.scenario_run import Result, play
from .terminal import printable


def run_scenarios(place: Path, script: str, junit: Path | None) -> int:
    """Play the scenarios of a file or folder and print what comes of each; the exit status.

    Args:
        script: file or module of the skill, or its URL.
        junit: a file for the results as JUnit's XML.
    """
    scenarios = [scenario for file in scenario_file.find(place) for scenario in scenario_file.read(file)]
    if not scenarios:
        raise SettingsError(f"{place} has no scenarios")
    results, file = list[Result](), ""
    for result in play(scenarios, script):
        if result.scenario.file != file:
            file = result.scenario.file
            print(printable(file))
        _show(result)
        results.append(result)
    if junit is not None:
        junit.write_text(report(results), "utf-8")
    failed = sum(bool(result.problem) for result in results)
    turns = sum(result.turns for result in results)
    print(f"{len(results) - failed} passed, {failed} failed, {_turns(turns)}")
    return 1 if failed else 0


def _show(result: Result) -> None:
    mark = "✗" if result.problem else "✓"
    print(f"  {mark} {printable(result.scenario.name)} ({_turns(result.turns)}, {result.seconds:.2f} s)", flush=True)
    for line in result.problem.split("\n") if result.problem else []:
        print(f"      {printable(line)}".rstrip())


def _turns(n: int) -> str:
    return f"{n} turn" if n == 1 else f"{n} turns"

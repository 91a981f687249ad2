"""``python -m tornado_alice test``: play scenario files."""

import argparse
import logging
from pathlib import Path

from .. import logs, scenarios
from .options import add_debug


def test(words: list[str]) -> int:
    """Play them; 1 if one fails."""
    parser = argparse.ArgumentParser(
        prog="python -m tornado_alice test",
        description="Play scenario files to a skill; the exit status is 1 if one fails.",
    )
    parser.add_argument("scenarios", type=Path, metavar="FOLDER", help="a .yml file, or a folder with some")
    parser.add_argument("script", metavar="SCRIPT", help="file or module of the skill, or its URL")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the results as JUnit's XML")
    add_debug(parser)
    given = parser.parse_args(words)
    # what a script raises is told as the scenario's outcome
    logs.set_up(logging.DEBUG if given.debug else logging.CRITICAL)
    return scenarios.run_scenarios(given.scenarios, given.script, given.junit)

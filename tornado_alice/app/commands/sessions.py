"""``python -m tornado_alice sessions``: what the journal holds."""

import argparse
import logging
import sys
import time
from pathlib import Path
from typing import Any

from ...journal.records import Wanted
from .. import logs
from .. import sessions as recorded
from ..check import check_sessions
from ..journals import check_place, journal_file, make_archive
from ..loading import load_skill, script_name
from ..prompts import show_prompts
from ..server import Server
from ..settings import Settings
from ..units import duration
from .options import add_data_dir, add_debug, add_journal, positive, text, whole


def sessions(words: list[str]) -> int:
    """List, show, replay, export, check, prompts."""
    parser = argparse.ArgumentParser(prog="python -m tornado_alice sessions", description="Recorded recorded.")
    add_data_dir(parser)
    add_journal(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    listing = actions.add_parser("list", help="the latest sessions")
    _add_filters(listing)
    parser.set_defaults(
        state=None, since=None, skill=None, limit=50, json=False, debug=False
    )  # without an action it lists
    show = actions.add_parser("show", help="the transcript of one")
    replay = actions.add_parser("replay", help="replay one in the code as it is here")
    replay.add_argument("--script", help="file or module of the skill; the bundled one if not given")
    replay.add_argument("--until", type=whole, metavar="K", help="stop before turn K")
    replay.add_argument("--pdb", action="store_true", help="run the next turn in the debugger")
    add_debug(replay)
    out = actions.add_parser("export", help="write one as a file for tornado_alice.testing.replay")
    out.add_argument("-o", "--output", type=Path, metavar="FILE", help="instead of standard output")
    check = _add_check(actions)
    for action in (show, replay, out):
        action.add_argument("id", type=text, metavar="ID", help="number or session_id, as `list` shows them")
    leaving = actions.add_parser("prompts", help="where people leave: what has become of each prompt")
    leaving.add_argument("script", nargs="?", metavar="SCRIPT", help="file or module of the skill; all if not given")
    leaving.add_argument("--version", type=text, metavar="V", help="of the script, or its beginning; all if not given")
    leaving.add_argument("--json", action="store_true", help="as JSON")
    for action in (listing, show, replay, out, check, leaving):
        add_data_dir(action, default=argparse.SUPPRESS)  # they may stand before or behind the action
        add_journal(action, default=argparse.SUPPRESS)
    given = parser.parse_args(words)
    check_place(given.journal)
    path = journal_file(given.journal, given.data_dir)
    if path is not None and not path.exists():
        print(f"There is no journal {path}. Name its folder with --data-dir.", file=sys.stderr)
        return 1
    logs.set_up(logging.DEBUG if given.debug else logging.WARNING)
    journal = make_archive(given.journal, given.data_dir)
    if given.action == "show":
        recorded.show_session(journal, given.id)
    elif given.action == "replay":
        settings = Settings(scripts=() if given.script is None else (given.script,), data_dir=given.data_dir)
        recorded.replay_session(journal, given.id, Server(settings).skill, given.until, given.pdb)
    elif given.action == "prompts":
        show_prompts(journal, None if given.script is None else load_skill(given.script), given.version, given.json)
    elif given.action == "check":
        skill = load_skill(given.script) if given.script else Server(Settings(data_dir=given.data_dir)).skill
        return check_sessions(journal, skill, script_name(given.script or ""), given.json)
    elif given.action == "export":
        recorded.export_session(journal, given.id, given.output)
    else:
        since = None if given.since is None else time.time() - given.since
        recorded.list_sessions(journal, Wanted(given.state, since, given.skill), given.limit, given.json)
    return 0


def _add_check(actions: Any) -> argparse.ArgumentParser:
    check: argparse.ArgumentParser = actions.add_parser(
        "check",
        help="replay all open ones in the code as it is here: which go on after a deploy, and where others differ",
        description="Replay all open sessions of a skill in the code as it is here. Reads only; no step is run.",
        epilog="Exit status: 0 if all go on; 1 if some do not, or the journal cannot be read; 2 for wrong usage.",
    )
    check.add_argument("script", nargs="?", metavar="SCRIPT", help="file or module of the skill; else the bundled one")
    check.add_argument("--json", action="store_true", help="as JSON")
    add_debug(check)
    return check


def _add_filters(listing: argparse.ArgumentParser) -> None:
    states = listing.add_mutually_exclusive_group()
    for state, meaning in (("failed", "whose script raised"), ("open", "not ended yet"), ("ended", "ended well")):
        states.add_argument(f"--{state}", dest="state", action="store_const", const=state, help=f"those {meaning}")
    listing.add_argument("--since", type=duration, metavar="TIME", help="with a turn in the last 30s, 10m, 2h, 1d")
    listing.add_argument("--skill", type=text, metavar="ID", help="of this skill_id")
    listing.add_argument("--limit", type=positive, default=50, metavar="N", help="so many, the latest (%(default)s)")
    listing.add_argument("--json", action="store_true", help="as JSON")

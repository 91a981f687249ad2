"""The command line: ``python -m tornado_alice``."""

import argparse
import asyncio
import io
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import AliceError, SettingsError
from ..journal import SqliteJournal
from ..serving import parse_port
from ..session import quiet
from . import sessions
from .chat import chat
from .server import Server, Settings, run

COMMANDS = """commands:
  python -m tornado_alice [SCRIPT]              serve a skill and the dashboard (this help)
  python -m tornado_alice chat [SCRIPT]         talk to a skill in the terminal
  python -m tornado_alice sessions ...          recorded sessions: list, show, replay, export

SCRIPT is a file (hello.py) or a module, optionally with :name of the Skill (default: skill).
Without it the bundled skill about the digits of pi runs."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit status (0 fine, 1 it failed, 2 wrong usage)."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):  # half of a surrogate pair, which users may send, must not end a command
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    commands = {"chat": _chat, "sessions": _sessions}
    try:
        if words and words[0] in commands:
            return commands[words[0]](words[1:])
        return _serve(words)
    except AliceError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _serve(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tornado_alice",
        description="Serve a skill of Alice and the pi dashboard in one process.",
        epilog=COMMANDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("script", nargs="?", metavar="SCRIPT", help="file or module of the skill")
    parser.add_argument("--port", type=_port, default=8888, help="port to listen on; 0 chooses one (%(default)s)")
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on (%(default)s)")
    _add_data_dir(parser)
    parser.add_argument(
        "--durability",
        choices=("normal", "power", "memory"),
        default="normal",
        help="what sessions survive: normal: kill -9; power: loss of power too; memory: nothing (%(default)s)",
    )
    parser.add_argument(
        "--pi-max-digits", type=_positive, default=10_000_000, metavar="N", help="largest n (%(default)s)"
    )
    parser.add_argument(
        "--pi-max-queue",
        type=_positive,
        default=1000,
        metavar="N",
        help="jobs of like size that may wait (%(default)s)",
    )
    limits = parser.add_argument_group("limits of one pi job")
    limits.add_argument("--pi-time-limit", type=_positive, metavar="SECONDS", help="longer ones end in an error")
    limits.add_argument("--pi-memory-limit", type=_positive, metavar="MIB", help="larger ones end in an error")
    parser.add_argument(
        "--engine", choices=("local", "dask"), default="local", help="where pi is computed (%(default)s)"
    )
    parser.add_argument("--dask-scheduler", metavar="tcp://HOST:PORT", help="of the cluster, for --engine dask")
    parser.add_argument("--debug", action="store_true", help="log more")
    given = parser.parse_args(words)
    _log(logging.DEBUG if given.debug else logging.INFO)
    fields = {name: value for name, value in vars(given).items() if name != "debug"}
    return run(Settings(**fields))


def _chat(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tornado_alice chat", description="Talk to a skill in the terminal."
    )
    parser.add_argument("script", nargs="?", metavar="SCRIPT", help="file or module of the skill")
    _add_data_dir(parser)
    given = parser.parse_args(words)
    _log(logging.WARNING)
    try:
        asyncio.run(_talk(given.script, given.data_dir))
    except KeyboardInterrupt:
        print()
    return 0


async def _talk(script: str | None, data_dir: Path) -> None:
    server = Server(Settings(script=script, data_dir=data_dir, durability="memory"))
    await server.start_halves(with_pi=script is None)
    try:
        await chat(server.skill)
    finally:
        await server.stop()


def _sessions(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tornado_alice sessions", description="Recorded sessions.")
    _add_data_dir(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    listing = actions.add_parser("list", help="the latest sessions")
    show = actions.add_parser("show", help="the transcript of one")
    replay = actions.add_parser("replay", help="replay one in the code as it is here")
    replay.add_argument("--script", help="file or module of the skill; the bundled one if not given")
    replay.add_argument("--until", type=_whole, metavar="K", help="stop before turn K")
    replay.add_argument("--pdb", action="store_true", help="run the next turn in the debugger")
    out = actions.add_parser("export", help="write one as a file for tornado_alice.testing.replay")
    out.add_argument("-o", "--output", type=Path, metavar="FILE", help="instead of standard output")
    for action in (show, replay, out):
        action.add_argument("id", metavar="ID", help="number or session_id, as `list` shows them")
    for action in (listing, show, replay, out):
        _add_data_dir(action, default=argparse.SUPPRESS)  # it may stand before or behind the action
    given = parser.parse_args(words)
    path = Settings(data_dir=given.data_dir).journal_path
    if not path.exists():
        print(f"There is no journal {path}. Name its folder with --data-dir.", file=sys.stderr)
        return 1
    _log(logging.WARNING)
    journal = SqliteJournal(path)
    journal.open()
    if given.action == "show":
        sessions.show_session(journal, given.id)
    elif given.action == "replay":
        settings = Settings(script=given.script, data_dir=given.data_dir)
        sessions.replay_session(journal, given.id, Server(settings).skill, given.until, given.pdb)
    elif given.action == "export":
        sessions.export_session(journal, given.id, given.output)
    else:
        sessions.list_sessions(journal)
    return 0


def _add_data_dir(parser: argparse.ArgumentParser, default: Any = Path("data")) -> None:
    parser.add_argument(
        "--data-dir", type=Path, default=default, metavar="DIR", help="where everything is kept (./data)"
    )


def _log(level: int) -> None:
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(quiet)
    logging.getLogger("tornado.access").setLevel(max(level, logging.WARNING))  # a line per turn helps nobody
    logging.getLogger("pymorphy3").setLevel(logging.WARNING)


def _port(text: str) -> int:
    try:
        return parse_port(text)
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("port: ")) from None


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a whole number from 0, got {text!r}")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1, got {text!r}")
    return int(text)

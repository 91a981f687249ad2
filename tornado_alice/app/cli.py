"""The command line: ``python -m tornado_alice``."""

import argparse
import asyncio
import io
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from traceback import format_exception
from typing import Any

from ..errors import AliceError, SettingsError
from ..frames import authors_part, is_authors_fault
from ..journal.records import Wanted
from ..media import LOCK
from ..serving import parse_port
from . import logs, scenarios, sessions
from .chat import chat
from .check import check_sessions
from .dev import dev
from .journals import check_place, journal_file, make_archive, make_database
from .loading import load_skill, reloader, script_name
from .new import write_skill
from .prompts import show_prompts
from .resources import API, Resources
from .server import Server, run
from .settings import Settings
from .terminal import printable
from .units import duration, size
from .upload import TOKEN, lock_for, make_plan, read_folder, read_token, show, tell_plan, upload

log = logging.getLogger(__name__)

COMMANDS = """commands:
  python -m tornado_alice [SCRIPT ...]          serve skills and the dashboard (this help)
  python -m tornado_alice chat [SCRIPT]         talk to a skill in the terminal
  python -m tornado_alice dev SCRIPT            serve with the workbench; a saved file goes on in the same dialogs
  python -m tornado_alice new FOLDER            a skill to start from, with tests and what publishing it takes
  python -m tornado_alice test FOLDER SCRIPT    play scenario files to a skill, or to a URL
  python -m tornado_alice sessions ...          recorded sessions: list, show, replay, export, check, prompts
  python -m tornado_alice upload FOLDER         pictures and sounds to the platform
  python -m tornado_alice migrate --journal URL bring the tables of a database to this release

SCRIPT is a file (hello.py) or a module, optionally with :name of the Skill (default: skill).
Without it the bundled skill about the digits of pi runs. Several have a webhook each: a.py at /a, b.py at /b."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit status (0 fine, 1 it failed, 2 wrong usage)."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):  # half of a surrogate pair, which users may send, must not end a command
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    commands = {
        "chat": _chat,
        "dev": dev,
        "migrate": _migrate,
        "new": _new,
        "sessions": _sessions,
        "test": _test,
        "upload": _upload,
    }
    try:
        if words and words[0] in commands:
            return commands[words[0]](words[1:])
        return _serve(words)
    except BrokenPipeError:  # `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        told = _explain(error)
        if told is None:
            raise
        print("\n".join(map(printable, told.rstrip("\n").split("\n"))), file=sys.stderr)
        return 1


def _explain(error: Exception) -> str | None:
    """What people need to know of an error; None if all of its traceback is wanted, which is Python's to show."""
    if is_authors_fault(error):
        part = authors_part(error)
        return None if log.isEnabledFor(logging.DEBUG) else "".join(format_exception(type(error), error, part))
    if isinstance(error, AliceError):
        return "\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])])
    return None


def _serve(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tornado_alice",
        description="Serve skills of Alice and the pi dashboard in one process.",
        epilog=COMMANDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scripts", nargs="*", metavar="SCRIPT", help="file or module of a skill")
    parser.add_argument("--port", type=_port, default=8888, help="port to listen on; 0 chooses one (%(default)s)")
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on (%(default)s)")
    _add_public(parser)
    _add_data_dir(parser)
    _add_journal(parser)
    parser.add_argument(
        "--durability",
        choices=("normal", "power", "memory"),
        default="normal",
        help="what survives in a file: normal: kill -9; power: loss of power too; memory: nothing (%(default)s)",
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
    parser.add_argument(
        "--workbench", action="store_true", help="also /workbench: dialogs, the script in them; `dev` has it by itself"
    )
    _add_retention(parser)
    _add_log(parser)
    _add_debug(parser)
    given = parser.parse_intermixed_args(words)  # options may stand between two scripts
    logs.set_up(logging.DEBUG if given.debug else logging.INFO, given.log_format)
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in vars(given).items()
    }
    del fields["debug"], fields["log_format"]
    return run(Settings(**fields))


def _add_public(parser: argparse.ArgumentParser) -> None:
    public = parser.add_argument_group("in public (README: In public)")
    public.add_argument("--webhook-port", type=_port, metavar="PORT", help="of the webhook alone, beside the pages'")
    public.add_argument("--webhook-address", metavar="ADDRESS", help="for --webhook-port (--address)")
    public.add_argument(
        "--webhook-path", default="/", metavar="PATH", help="may be a secret: no log has it (%(default)s)"
    )
    public.add_argument(
        "--skill-id", action="append", default=[], dest="skill_ids", metavar="ID", help="answer these skills alone"
    )
    public.add_argument(
        "--hosts",
        type=_names,
        default=(),
        metavar="NAME,...",
        help="names the pages answer to; at a loopback address: localhost,127.0.0.1,[::1], else any",
    )
    public.add_argument("--password-file", type=Path, metavar="FILE", help="its first line opens the pages")
    public.add_argument("--public-url", metavar="URL", help="of the pages behind a proxy: https://example.org/pi-app/")
    public.add_argument(
        "--trusted-proxy",
        action="append",
        default=[],
        dest="trusted_proxies",
        metavar="ADDRESS",
        help="believe its X-Forwarded-For and X-Forwarded-Proto",
    )


def _chat(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tornado_alice chat", description="Talk to a skill in the terminal."
    )
    parser.add_argument("script", nargs="?", metavar="SCRIPT", help="file or module of the skill")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the conversation as a scenario for `test`")
    _add_data_dir(parser)
    _add_debug(parser)
    given = parser.parse_args(words)
    logs.set_up(logging.DEBUG if given.debug else logging.WARNING)
    try:
        asyncio.run(_talk(given.script, given.data_dir, given.record))
    except KeyboardInterrupt:
        print()
    return 0


async def _talk(script: str | None, data_dir: Path, record: Path | None) -> None:
    server = Server(Settings(scripts=() if script is None else (script,), data_dir=data_dir, durability="memory"))
    await server.start_halves(with_pi=script is None)
    try:
        await chat(server.skill, record, reloader(script, server.skill), data_dir / "chat_history")
    finally:
        await server.stop()


def _new(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tornado_alice new", description="Write a skill to start from.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a new or empty one")
    write_skill(parser.parse_args(words).folder)
    return 0


def _test(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tornado_alice test",
        description="Play scenario files to a skill; the exit status is 1 if one fails.",
    )
    parser.add_argument("scenarios", type=Path, metavar="FOLDER", help="a .yml file, or a folder with some")
    parser.add_argument("script", metavar="SCRIPT", help="file or module of the skill, or its URL")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the results as JUnit's XML")
    _add_debug(parser)
    given = parser.parse_args(words)
    # what a script raises is told as the scenario's outcome
    logs.set_up(logging.DEBUG if given.debug else logging.CRITICAL)
    return scenarios.run_scenarios(given.scenarios, given.script, given.junit)


def _sessions(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tornado_alice sessions", description="Recorded sessions.")
    _add_data_dir(parser)
    _add_journal(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    listing = actions.add_parser("list", help="the latest sessions")
    _add_filters(listing)
    parser.set_defaults(
        state=None, since=None, skill=None, limit=50, json=False, debug=False
    )  # without an action it lists
    show = actions.add_parser("show", help="the transcript of one")
    replay = actions.add_parser("replay", help="replay one in the code as it is here")
    replay.add_argument("--script", help="file or module of the skill; the bundled one if not given")
    replay.add_argument("--until", type=_whole, metavar="K", help="stop before turn K")
    replay.add_argument("--pdb", action="store_true", help="run the next turn in the debugger")
    _add_debug(replay)
    out = actions.add_parser("export", help="write one as a file for tornado_alice.testing.replay")
    out.add_argument("-o", "--output", type=Path, metavar="FILE", help="instead of standard output")
    check = _add_check(actions)
    for action in (show, replay, out):
        action.add_argument("id", type=_text, metavar="ID", help="number or session_id, as `list` shows them")
    leaving = actions.add_parser("prompts", help="where people leave: what has become of each prompt")
    leaving.add_argument("script", nargs="?", metavar="SCRIPT", help="file or module of the skill; all if not given")
    leaving.add_argument("--version", type=_text, metavar="V", help="of the script, or its beginning; all if not given")
    leaving.add_argument("--json", action="store_true", help="as JSON")
    for action in (listing, show, replay, out, check, leaving):
        _add_data_dir(action, default=argparse.SUPPRESS)  # they may stand before or behind the action
        _add_journal(action, default=argparse.SUPPRESS)
    given = parser.parse_args(words)
    check_place(given.journal)
    path = journal_file(given.journal, given.data_dir)
    if path is not None and not path.exists():
        print(f"There is no journal {path}. Name its folder with --data-dir.", file=sys.stderr)
        return 1
    logs.set_up(logging.DEBUG if given.debug else logging.WARNING)
    journal = make_archive(given.journal, given.data_dir)
    if given.action == "show":
        sessions.show_session(journal, given.id)
    elif given.action == "replay":
        settings = Settings(scripts=() if given.script is None else (given.script,), data_dir=given.data_dir)
        sessions.replay_session(journal, given.id, Server(settings).skill, given.until, given.pdb)
    elif given.action == "prompts":
        show_prompts(journal, None if given.script is None else load_skill(given.script), given.version, given.json)
    elif given.action == "check":
        skill = load_skill(given.script) if given.script else Server(Settings(data_dir=given.data_dir)).skill
        return check_sessions(journal, skill, script_name(given.script or ""), given.json)
    elif given.action == "export":
        sessions.export_session(journal, given.id, given.output)
    else:
        since = None if given.since is None else time.time() - given.since
        sessions.list_sessions(journal, Wanted(given.state, since, given.skill), given.limit, given.json)
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
    _add_debug(check)
    return check


def _upload(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tornado_alice upload",
        description="Upload pictures and sounds that are new or changed; their ids go to a file the script reads.",
    )
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="with .png, .jpg, .mp3, .wav, .ogg, folders in it too"
    )
    parser.add_argument("--skill-id", metavar="ID", help="from the console; once there is a lock file it is known")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help=f"its first line; else ${TOKEN} has the token")
    parser.add_argument("--lock", type=Path, metavar="FILE", help=f"where the ids are kept ({LOCK} beside FOLDER)")
    actions = parser.add_mutually_exclusive_group()
    actions.add_argument("--list", action="store_true", help="show what the platform keeps, change nothing")
    actions.add_argument("--dry-run", action="store_true", help="show what would be done, change nothing")
    actions.add_argument("--delete-unused", action="store_true", help="delete what no file needs; asks before")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--api", default=API, metavar="URL", help="of the platform (%(default)s)")
    _add_debug(parser)
    given = parser.parse_args(words)
    logs.set_up(logging.DEBUG if given.debug else logging.WARNING)
    try:
        asyncio.run(_bring(given))
    except KeyboardInterrupt:
        print("\nStopped. What was uploaded is in the lock file; the same command goes on.", file=sys.stderr)
        return 1
    return 0


async def _bring(given: argparse.Namespace) -> None:
    path = given.lock or given.folder.resolve().parent / LOCK
    lock = lock_for(path, given.skill_id)
    resources = Resources(lock.skill_id, read_token(given.token_file), given.api)
    if given.list:
        await show(lock, resources)
        return
    files, others = read_folder(given.folder)
    for name in others:
        print(f"left out, no picture or sound: {printable(name)}")
    if given.dry_run:
        tell_plan(await make_plan(files, lock, resources), len(files))
        return
    await upload(files, path, lock, resources, lambda count: given.delete_unused and (given.yes or _agrees(count)))


def _agrees(count: int) -> bool:
    print(
        f"Delete {count} from the platform? A version of the skill that runs may still show them. [y/N] ",
        end="",
        flush=True,
    )
    return sys.stdin.readline().strip().lower() in ("y", "yes", "д", "да")


def _migrate(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tornado_alice migrate",
        description="Bring the tables of a journal to this release. Old and new processes may run meanwhile.",
    )
    parser.add_argument("--journal", required=True, metavar="URL", help="postgresql://USER@HOST:PORT/NAME")
    given = parser.parse_args(words)
    check_place(given.journal)
    if (path := journal_file(given.journal, Path())) is not None:
        raise SettingsError(f"{path}: a file is migrated by the server that opens it; migrate is for databases")
    journal = make_database(given.journal)
    before, after = asyncio.run(journal.migrate())
    print(f"{journal.path}: schema {after}, " + ("as it was" if before == after else f"before it was {before}"))
    return 0


def _add_journal(parser: argparse.ArgumentParser, default: Any = None) -> None:
    parser.add_argument(
        "--journal",
        default=default,
        metavar="PLACE",
        help="of turns: sqlite:PATH or postgresql://USER@HOST:PORT/NAME (a file in --data-dir); "
        "the password from PGPASSWORD or ~/.pgpass",
    )


def _add_debug(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--debug", action="store_true", help="log more, and tracebacks whole, not in the script's frames alone"
    )


def _add_log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="json: an object in each line (%(default)s)",
    )
    parser.add_argument(
        "--log-turns", action="store_true", help="log a line for each turn: its skill, seconds, bytes; no words, no ids"
    )


def _add_data_dir(parser: argparse.ArgumentParser, default: Any = Path("data")) -> None:
    parser.add_argument(
        "--data-dir", type=Path, default=default, metavar="DIR", help="where everything is kept (./data)"
    )


def _add_retention(parser: argparse.ArgumentParser) -> None:
    keep = parser.add_argument_group("how long sessions are kept after their last turn (30s, 10m, 24h, 14d)")
    keep.add_argument("--keep-ended", type=duration, default="10m", metavar="TIME", help="ended well (%(default)s)")
    keep.add_argument(
        "--keep-failed",
        type=duration,
        metavar="TIME",
        help="their script raised: for `sessions replay` (14d; with --durability memory as --keep-ended)",
    )
    keep.add_argument("--keep-silent", type=duration, default="24h", metavar="TIME", help="still open (%(default)s)")
    keep.add_argument(
        "--keep-failed-size",
        type=size,
        default="256M",
        metavar="SIZE",
        help="of all failed ones in the journal file, the oldest go first (%(default)s)",
    )


def _add_filters(listing: argparse.ArgumentParser) -> None:
    states = listing.add_mutually_exclusive_group()
    for state, meaning in (("failed", "whose script raised"), ("open", "not ended yet"), ("ended", "ended well")):
        states.add_argument(f"--{state}", dest="state", action="store_const", const=state, help=f"those {meaning}")
    listing.add_argument("--since", type=duration, metavar="TIME", help="with a turn in the last 30s, 10m, 2h, 1d")
    listing.add_argument("--skill", type=_text, metavar="ID", help="of this skill_id")
    listing.add_argument("--limit", type=_positive, default=50, metavar="N", help="so many, the latest (%(default)s)")
    listing.add_argument("--json", action="store_true", help="as JSON")


def _port(text: str) -> int:
    try:
        return parse_port(text)
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("port: ")) from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _text(text: str) -> str:
    if not text.isprintable():
        raise argparse.ArgumentTypeError(f"a text without control characters, in UTF-8, got {text!r}")
    return text


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a whole number from 0, got {text!r}")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1, got {text!r}")
    return int(text)

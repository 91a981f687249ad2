"""The command line: ``python -m tornado_alice``."""

import io
import logging
import os
import sys
from collections.abc import Sequence
from traceback import format_exception

from ..errors import AliceError
from ..frames import authors_part, is_authors_fault
from .commands.chat import chat
from .commands.migrate import migrate
from .commands.new import new
from .commands.serve import serve
from .commands.sessions import sessions
from .commands.test import test
from .commands.upload import upload
from .dev import dev
from .terminal import printable

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
        "chat": chat,
        "dev": dev,
        "migrate": migrate,
        "new": new,
        "sessions": sessions,
        "test": test,
        "upload": upload,
    }
    try:
        if words and words[0] in commands:
            return commands[words[0]](words[1:])
        return serve(words, COMMANDS)
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

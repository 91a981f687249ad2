"""``python -m tornado_alice [SCRIPT ...]``: serve skills and the dashboard."""

import argparse
import logging
import os
from pathlib import Path
from typing import Any

from .. import logs, supervisor
from ..inheritance import VARIABLE
from ..server import run
from ..settings import Settings
from ..units import duration, size
from .options import add_data_dir, add_debug, add_journal, names, port, positive

#: Processes of one command; more than cores pays for skills that wait in plain code, not beyond that.
MOST_PROCESSES = 64


def serve(words: list[str], epilog: str) -> int:
    """Serve until SIGINT or SIGTERM; `epilog` of the help tells of the other commands."""
    parser = argparse.ArgumentParser(
        prog="python -m tornado_alice",
        description="Serve skills of Alice and the pi dashboard in one process.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scripts", nargs="*", metavar="SCRIPT", help="file or module of a skill")
    parser.add_argument("--port", type=port, default=8888, help="port to listen on; 0 chooses one (%(default)s)")
    parser.add_argument(
        "--processes",
        type=processes,
        default=1,
        metavar="N",
        help="on that port; replaced when they end, and one by one by SIGHUP (%(default)s)",
    )
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on (%(default)s)")
    _add_public(parser)
    add_data_dir(parser)
    add_journal(parser)
    parser.add_argument(
        "--durability",
        choices=("normal", "power", "memory"),
        default="normal",
        help="what survives in a file: normal: kill -9; power: loss of power too; memory: nothing (%(default)s)",
    )
    parser.add_argument(
        "--pi-max-digits", type=positive, default=10_000_000, metavar="N", help="largest n (%(default)s)"
    )
    parser.add_argument(
        "--pi-max-queue",
        type=positive,
        default=1000,
        metavar="N",
        help="jobs of like size that may wait (%(default)s)",
    )
    limits = parser.add_argument_group("limits of one pi job")
    limits.add_argument("--pi-time-limit", type=positive, metavar="SECONDS", help="longer ones end in an error")
    limits.add_argument("--pi-memory-limit", type=positive, metavar="MIB", help="larger ones end in an error")
    parser.add_argument(
        "--engine", choices=("local", "dask"), default="local", help="where pi is computed (%(default)s)"
    )
    parser.add_argument("--dask-scheduler", metavar="tcp://HOST:PORT", help="of the cluster, for --engine dask")
    parser.add_argument(
        "--workbench", action="store_true", help="also /workbench: dialogs, the script in them; `dev` has it by itself"
    )
    _add_retention(parser)
    _add_log(parser)
    add_debug(parser)
    given = parser.parse_intermixed_args(words)  # options may stand between two scripts
    logs.set_up(logging.DEBUG if given.debug else logging.INFO, given.log_format)
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in vars(given).items()
    }
    del fields["debug"], fields["log_format"]
    settings = Settings(**fields)
    if settings.processes == 1 or VARIABLE in os.environ:
        return run(settings)
    return supervisor.run(settings)


def processes(text: str) -> int:
    """How many: each has 60 MB and more."""
    count = positive(text)
    if count > MOST_PROCESSES:
        raise argparse.ArgumentTypeError(f"a whole number from 1 to {MOST_PROCESSES}, got {text!r}")
    return count


def _add_public(parser: argparse.ArgumentParser) -> None:
    public = parser.add_argument_group("in public (README: In public)")
    public.add_argument("--webhook-port", type=port, metavar="PORT", help="of the webhook alone, beside the pages'")
    public.add_argument("--webhook-address", metavar="ADDRESS", help="for --webhook-port (--address)")
    public.add_argument(
        "--webhook-path", default="/", metavar="PATH", help="may be a secret: no log has it (%(default)s)"
    )
    public.add_argument(
        "--skill-id", action="append", default=[], dest="skill_ids", metavar="ID", help="answer these skills alone"
    )
    public.add_argument(
        "--hosts",
        type=names,
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

"""What the words of several commands share: options, and types that tell bad input with what is allowed."""

import argparse
from pathlib import Path
from typing import Any

from ...errors import SettingsError
from ...serving import parse_port


def add_journal(parser: argparse.ArgumentParser, default: Any = None) -> None:
    """Where turns are kept."""
    parser.add_argument(
        "--journal",
        default=default,
        metavar="PLACE",
        help="of turns: sqlite:PATH or postgresql://USER@HOST:PORT/NAME (a file in --data-dir); "
        "the password from PGPASSWORD or ~/.pgpass",
    )


def add_debug(parser: argparse.ArgumentParser) -> None:
    """More in the log, and whole tracebacks."""
    parser.add_argument(
        "--debug", action="store_true", help="log more, and tracebacks whole, not in the script's frames alone"
    )


def add_data_dir(parser: argparse.ArgumentParser, default: Any = Path("data")) -> None:
    """The folder of everything."""
    parser.add_argument(
        "--data-dir", type=Path, default=default, metavar="DIR", help="where everything is kept (./data)"
    )


def port(text: str) -> int:
    """A port; 0 chooses one."""
    try:
        return parse_port(text)
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("port: ")) from None


def names(text: str) -> tuple[str, ...]:
    """Names with commas between."""
    return tuple(name for part in text.split(",") if (name := part.strip()))


def text(text: str) -> str:
    """What may be printed: names and ids."""
    if not text.isprintable():
        raise argparse.ArgumentTypeError(f"a text without control characters, in UTF-8, got {text!r}")
    return text


def whole(text: str) -> int:
    """A whole number from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a whole number from 0, got {text!r}")
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1, got {text!r}")
    return int(text)

"""Which journal a command line means: a file in the data directory, another file, or a database."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SettingsError
from ..journal.base import Archive, Retention
from ..journal.postgres_url import is_database, take_password
from ..journal.sqlite import FILE_NAME, SqliteJournal

if TYPE_CHECKING:
    from ..journal.postgres import PostgresJournal

#: What ``--journal`` may begin with, beside the URL of a database.
FILE = "sqlite:"


def check_place(place: str | None) -> None:
    """Raise SettingsError if ``--journal`` cannot be meant."""
    if place is None:
        return
    if is_database(place):
        take_password(place)
    elif not place.startswith(FILE) or place == FILE:
        raise SettingsError("--journal: sqlite:PATH or postgresql://USER@HOST:PORT/NAME")


def journal_file(place: str | None, data_dir: Path) -> Path | None:
    """The journal's file; None if it is a database."""
    if place is None:
        return data_dir / FILE_NAME
    return None if is_database(place) else Path(place.removeprefix(FILE))


def make_archive(
    place: str | None, data_dir: Path, durability: str = "normal", retention: Retention | None = None
) -> Archive:
    """The journal of ``--journal`` and ``--data-dir``.

    Raises:
        SettingsError: it cannot be meant, or its driver is not installed.
    """
    check_place(place)
    path = journal_file(place, data_dir)
    return SqliteJournal(path, durability, retention) if path is not None else make_database(place or "", retention)


def make_database(url: str, retention: Retention | None = None) -> "PostgresJournal":
    """The journal in a database.

    Raises:
        SettingsError: its driver is not installed.
    """
    try:
        from ..journal.postgres import PostgresJournal  # here: nobody else needs asyncpg to be installed
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"--journal {take_password(url)[0]} needs {error.name}: pip install 'tornado_alice[postgres]'"
        ) from None
    return PostgresJournal(url, retention)

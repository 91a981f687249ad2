"""``python -m tornado_alice migrate``: the tables of a database."""

import argparse
import asyncio
from pathlib import Path

from ...errors import SettingsError
from ..journals import check_place, journal_file, make_database


def migrate(words: list[str]) -> int:
    """Bring them to this release."""
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

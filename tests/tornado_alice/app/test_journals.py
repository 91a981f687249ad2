"""Which journal a command line means, and where its password goes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tornado_alice import SqliteJournal
from tornado_alice.app.cli import main
from tornado_alice.app.journals import make_archive
from tornado_alice.app.settings import Settings
from tornado_alice.app.start import without_password
from tornado_alice.errors import SettingsError
from tornado_alice.journal.postgres import PostgresJournal
from tornado_alice.journal.postgres_url import take_password

URL = "postgresql://alice@db.example.org:5433/journal"


def test_a_file_or_a_database(tmp_path: Path) -> None:
    """Without --journal it is the file of the data directory; sqlite: names another file, a URL a database."""
    assert make_archive(None, tmp_path).path == tmp_path / "journal.sqlite3"
    journal = make_archive("sqlite:/srv/j.db", tmp_path, "power")
    assert isinstance(journal, SqliteJournal) and (journal.path, journal.durability) == (Path("/srv/j.db"), "power")
    assert isinstance(make_archive(URL, tmp_path), PostgresJournal)


@pytest.mark.parametrize("place", ["journal.sqlite3", "sqlite:", "mysql://alice@localhost/journal", ""])
def test_what_cannot_be_meant(place: str) -> None:
    """Anything else is an error that says what may be written."""
    with pytest.raises(SettingsError, match=r"--journal: sqlite:PATH or postgresql://USER@HOST:PORT/NAME"):
        Settings(journal=place)


def test_a_journal_that_keeps_nothing() -> None:
    """--durability memory and --journal contradict each other."""
    with pytest.raises(SettingsError, match="--durability memory keeps nothing in a --journal"):
        Settings(journal=URL, durability="memory")


def test_files_are_not_migrated_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    """`migrate` is for databases and says so."""
    assert main(["migrate", "--journal", "sqlite:j.db"]) == 1
    assert "a file is migrated by the server that opens it" in capsys.readouterr().err


def test_without_its_driver() -> None:
    """Where asyncpg is not installed the error names the extra that brings it, and no password."""
    code = "import sys; sys.modules['asyncpg'] = None; from tornado_alice.app.cli import main; sys.exit(main())"
    url = URL.replace("alice@", "alice:s3cret@")
    command = [sys.executable, "-c", code, "migrate", "--journal", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr == (
        f"SettingsError: --journal {URL} needs asyncpg: pip install 'tornado_alice[postgres]'\n"
    )


@pytest.mark.parametrize("option", ["", "--journal="])
def test_a_password_leaves_the_command_line(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What all users of the machine could read becomes a variable that they cannot."""
    monkeypatch.setenv("PGPASSWORD", "of before")  # undone afterwards, where a variable that was not there would stay
    assert (
        without_password(f"{option}postgresql://alice:s%2Fcret@db/journal") == f"{option}postgresql://alice@db/journal"
    )
    assert os.environ["PGPASSWORD"] == "s/cret"
    assert without_password(option + URL) == option + URL


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://alice:s3c#ret@db/journal",
        "postgresql://alice:s3c/ret@db/journal",
        "postgresql://alice:s3c?ret@db/journal",
        "postgresql://[alice:s3cret@db/journal",
        "postgresql://db:s3cret/journal",
    ],
)
def test_a_url_that_cannot_be_read_is_not_shown(url: str) -> None:
    """A password with a character that divides URLs is told without showing any of it."""
    with pytest.raises(SettingsError, match="the URL of the database cannot be read") as caught:
        take_password(url)
    assert "s3c" not in str(caught.value)

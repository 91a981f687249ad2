"""Journal files of other releases, of other programs, and of processes that died in a migration."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tornado_alice import JournalError, Skill, SqliteJournal, request, say
from tornado_alice.app.sessions import ask
from tornado_alice.journal.records import Place
from tornado_alice.journal.schema import APPLICATION_ID, MIGRATIONS
from tornado_alice.protocol import dumps
from tornado_alice.testing import make_request

#: What release 0.1.0 executed on a new file; frozen.
RELEASE_0_1_0 = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
    id INTEGER PRIMARY KEY,
    skill_id TEXT NOT NULL, session_id TEXT NOT NULL,
    epoch INTEGER NOT NULL, script TEXT NOT NULL, state TEXT NOT NULL,
    touched REAL NOT NULL, ended INTEGER NOT NULL,
    UNIQUE (skill_id, session_id));
CREATE INDEX IF NOT EXISTS session_touched ON session (ended, touched);
CREATE TABLE IF NOT EXISTS turn (
    session INTEGER NOT NULL, epoch INTEGER NOT NULL, n INTEGER NOT NULL,
    message_id INTEGER, at REAL NOT NULL, request BLOB NOT NULL, ops TEXT, reply BLOB NOT NULL,
    digest TEXT NOT NULL, version TEXT NOT NULL,
    UNIQUE (session, epoch, n));
CREATE UNIQUE INDEX IF NOT EXISTS turn_message ON turn (session, message_id) WHERE message_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS step (
    session INTEGER NOT NULL, epoch INTEGER NOT NULL, n INTEGER NOT NULL, k INTEGER NOT NULL,
    message_id INTEGER, name TEXT NOT NULL, outcome TEXT NOT NULL,
    PRIMARY KEY (session, epoch, n, k)) WITHOUT ROWID;
"""
TURNS = (("", "0 "), ("один", "1 один"), ("два", "2 два"))


def make_skill(path: Path) -> Skill:
    skill = Skill("old", journal=SqliteJournal(path))

    @skill.script
    def run_script() -> Any:
        for n in range(100):
            yield say(f"{n} {request.command}")

    return skill


def message(n: int, command: str, session_id: str) -> dict[str, Any]:
    return make_request(command, n, session={"session_id": session_id})


def write_release_0_1_0(path: Path, sessions: int = 3) -> None:
    """A file as release 0.1.0 left it: some sessions of three turns each."""
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.executescript(RELEASE_0_1_0)
    conn.execute("INSERT INTO meta VALUES ('secret', ?)", (bytes(32),))
    for id in range(1, sessions + 1):
        values = (id, "test-skill", f"s{id}", 0, "", "{}", 4e9, 0)
        conn.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        for n, (command, text) in enumerate(TURNS):
            body = dumps(message(n, command, f"s{id}"))
            reply = dumps({"response": {"text": text, "end_session": False}, "session": {}, "version": "1.0"})
            row = (id, 0, n, n, 4e9, body, None, reply, "0123456789abcdef", "another version")
            conn.execute("INSERT INTO turn VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    conn.commit()
    conn.close()


async def go_on(path: Path, sessions: int = 3) -> list[str]:
    """What each session answers to its next message."""
    skill = make_skill(path)
    await skill.start()
    try:
        answers = [await skill.handle(message(3, "три", f"s{id}")) for id in range(1, sessions + 1)]
    finally:
        await skill.stop()
    return [answer["response"]["text"] for answer in answers]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.mark.gen_test
async def test_file_of_the_first_release_goes_on(path: Path) -> None:
    """All sessions of a file that release 0.1.0 wrote go on, and the file has this release's number then."""
    write_release_0_1_0(path)
    assert await go_on(path) == ["3 три"] * 3
    conn = sqlite3.connect(path)
    assert conn.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert conn.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    conn.close()


def test_file_of_a_later_release_is_refused(path: Path) -> None:
    """A number that this release does not know is an error that names the remedy, and the file stays as it is."""
    journal = SqliteJournal(path)
    asyncio.run(journal.open())
    conn = sqlite3.connect(path)
    conn.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    conn.close()
    with pytest.raises(JournalError, match=r"written by a later release .* --data-dir"):
        asyncio.run(SqliteJournal(path).open())


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE photos (id INTEGER)",
        "CREATE TABLE turn (session INTEGER, n INTEGER)",
        "PRAGMA user_version = 1",
        "PRAGMA application_id = 7",
    ],
)
def test_file_of_another_program_is_refused(path: Path, statement: str) -> None:
    """A SQLite file that is no journal, or lacks a column of one, is refused by name and not changed."""
    conn = sqlite3.connect(path)
    conn.execute(statement)
    conn.commit()
    conn.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match="is no journal of tornado_alice: move it away"):
        asyncio.run(SqliteJournal(path).open())
    assert path.read_bytes() == before


@pytest.mark.slow
def test_server_refuses_a_foreign_file_with_status_1(tmp_path: Path, hello: str) -> None:
    """`python -m tornado_alice` ends with status 1 and one line that says what to do."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "journal.sqlite3").write_text("no SQLite file at all, but long enough to look like something" * 20)
    command = [sys.executable, "-m", "tornado_alice", hello, "--port", "0", "--data-dir", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "the file is damaged or no journal; stop the server and restore or move it" in done.stderr
    assert "Traceback" not in done.stderr


DIES_IN_THE_MIGRATION = """
import asyncio, os, signal, sys
from pathlib import Path
from tornado_alice.journal import schema, sqlite

def connect(*args, connect=sqlite.connect, **kwargs):
    conn = connect(*args, **kwargs)
    conn.create_function("die", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
    return conn

sqlite.connect = connect
last = ("ALTER TABLE turn ADD COLUMN extra", "UPDATE turn SET reply = x'00'", "SELECT die()")
schema.MIGRATIONS = (*schema.MIGRATIONS, last)
asyncio.run(sqlite.SqliteJournal(Path(sys.argv[1])).open())
"""


@pytest.mark.gen_test
async def test_kill_in_the_middle_of_a_migration_loses_nothing(path: Path) -> None:
    """A process that gets SIGKILL between two statements of a migration leaves a file with which all sessions go on."""
    write_release_0_1_0(path)
    done = subprocess.run([sys.executable, "-c", DIES_IN_THE_MIGRATION, str(path)], timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert await go_on(path) == ["3 три"] * 3


@pytest.mark.gen_test
async def test_tokens_of_the_first_release_are_blanked(path: Path) -> None:
    """A migrated file holds no access token any more, neither in requests nor in what was echoed."""
    write_release_0_1_0(path)
    conn = sqlite3.connect(path)
    body = dumps(message(0, "", "s1") | {"session": {"session_id": "s1", "user": {"access_token": "AQAA-secret"}}})
    conn.execute(
        "UPDATE turn SET request = ?, reply = ? WHERE session = 1 AND n = 0", (body, b'{"access_token": "AQAA-secret"}')
    )
    conn.commit()
    conn.close()
    await go_on(path)
    for file in path.parent.glob("journal.sqlite3*"):
        assert not file.is_file() or b"AQAA-secret" not in file.read_bytes()


def test_long_steps_of_the_first_release_go_on(path: Path) -> None:
    """An outcome that came while turns ended in waiting is found under the turn that had asked for it."""
    write_release_0_1_0(path, sessions=1)
    conn = sqlite3.connect(path)
    for n, ops in ((1, '[{"name": "f", "ok": 1}, {"wait": "g"}]'), (2, '[{"wait": "g"}]')):
        conn.execute("UPDATE turn SET ops = ?, digest = '' WHERE n = ?", (ops, n))
    conn.execute("INSERT INTO step VALUES (1, 0, 3, 0, NULL, 'g', '{\"ok\": 7}')")
    conn.execute("INSERT INTO step VALUES (1, 0, 3, 1, 9, 'h', '{\"ok\": 8}')")
    conn.commit()
    conn.close()
    journal = SqliteJournal(path)
    steps = ask(journal, lambda journal: journal.load(("test-skill", "s1"))).steps
    assert steps == {
        (Place(1, 1), ""): {"name": "g", "ok": 7},
        (Place(3, 1), "9"): {"name": "h", "ok": 8},
    }

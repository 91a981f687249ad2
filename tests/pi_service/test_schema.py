"""Databases of other releases and other people: migrated, refused, and never half of either."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pi_service.errors import IllegalTransition, SchemaError, StoreUnavailable
from pi_service.jobs import NewEvent, Stage
from pi_service.listing import NEWEST
from pi_service.schema import MIGRATIONS, migrate
from pi_service.service import Service
from pi_service.store import Store
from pi_service.testing import MemoryEngine

#: What release 0.1.0 ran at each start, letter by letter; it left user_version at 0.
RELEASE_0_1_0 = """
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    n INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    stage TEXT NOT NULL,
    progress REAL NOT NULL,
    at REAL NOT NULL,
    detail TEXT,
    digit INTEGER,
    UNIQUE (n, seq)
);
CREATE TRIGGER IF NOT EXISTS event_is_never_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER IF NOT EXISTS event_is_never_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TABLE IF NOT EXISTS job (
    n INTEGER PRIMARY KEY,
    status TEXT NOT NULL,
    progress REAL NOT NULL,
    digit INTEGER,
    error TEXT,
    registered_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    seconds REAL,
    attempt INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS job_status ON job (status);
CREATE INDEX IF NOT EXISTS job_registered_at ON job (registered_at, n);
"""
#: Two jobs as it wrote them: one was being computed, one had failed.
ROWS_0_1_0 = """
INSERT INTO event (n, seq, attempt, stage, progress, at, detail, digit) VALUES
    (1000, 1, 1, 'registered', 0, 10.5, NULL, NULL),
    (1000, 2, 1, 'scheduled', 0, 10.5, NULL, NULL),
    (1000, 3, 1, 'taken', 0, 11.0, NULL, NULL),
    (50, 1, 1, 'registered', 0, 12.0, NULL, NULL),
    (50, 2, 1, 'error', 0, 12.0, 'no memory', NULL);
INSERT INTO job VALUES
    (1000, 'taken', 0, NULL, NULL, 10.5, 11.0, NULL, NULL, 1),
    (50, 'error', 0, NULL, 'no memory', 12.0, NULL, 12.0, NULL, 1);
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


@pytest.fixture
def old(path: Path) -> Path:
    """A database as release 0.1.0 left it."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(RELEASE_0_1_0 + ROWS_0_1_0)
    return path


def pragma(path: Path, name: str) -> object:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(f"PRAGMA {name}").fetchone()[0]


def shape(path: Path) -> Iterator[tuple[str, str]]:
    """Tables, indexes and triggers with the SQL that made them, spaces aside."""
    with closing(sqlite3.connect(path)) as db:
        for name, sql in db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"):
            yield name, " ".join(sql.split())


def test_new_file(path: Path) -> None:
    """A new file has all tables and the newest version, and a second start changes nothing."""
    Store(path).close()
    assert pragma(path, "user_version") == len(MIGRATIONS)
    made = dict(shape(path))
    Store(path).close()
    assert dict(shape(path)) == made


@pytest.mark.gen_test
async def test_old_file(old: Path) -> None:
    """A file of 0.1.0 is migrated at start and its jobs go on: the unfinished is computed, the failed retried."""
    service = Service(old.parent, engine=MemoryEngine())
    await service.start()
    assert (await service.wait(1000)).digit == 9
    told = [(event.id, event.stage.value, event.at) for event in service.events(1000)][:3]
    assert told == [(1, "registered", 10.5), (2, "scheduled", 10.5), (3, "taken", 11.0)]
    failed = service.job(50)
    assert failed and (failed.status, failed.error) == (Stage.ERROR, "no memory")
    service.retry(50)
    assert (await service.wait(50)).status is Stage.STORED
    await service.stop()
    assert pragma(old, "user_version") == len(MIGRATIONS)


def test_old_and_new_are_the_same(old: Path, tmp_path: Path) -> None:
    """A migrated file has the same tables, indexes and triggers as a new one."""
    new = tmp_path / "new.sqlite"
    for path in (old, new):
        Store(path).close()
    assert dict(shape(old)) == dict(shape(new))


def test_newer_file(path: Path) -> None:
    """A file of a newer release is refused with the remedy and stays as it is."""
    Store(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(SchemaError) as raised:
        Store(path)
    assert str(raised.value) == (
        f"{path} was written by a newer release (schema 99, this one knows {len(MIGRATIONS)}): "
        "install that release again, or use another data directory"
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("script", "missing"),
    [
        ("CREATE TABLE song (title TEXT);", "event.at"),
        ("CREATE TABLE song (title TEXT); PRAGMA user_version = 1;", "event.at"),
        ("PRAGMA user_version = 1;", "event.at"),
        (RELEASE_0_1_0 + "ALTER TABLE job DROP COLUMN seconds;", "job.seconds"),
        (RELEASE_0_1_0 + "ALTER TABLE job DROP COLUMN seconds; PRAGMA user_version = 1;", "job.seconds"),
        (RELEASE_0_1_0 + "DROP TABLE job;", "job.attempt"),
    ],
)
def test_foreign_file(path: Path, script: str, missing: str) -> None:
    """A database that is not ours, or lacks a column, is refused before a byte of it changes."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
    before = path.read_bytes()
    with pytest.raises(SchemaError) as raised:
        Store(path)
    assert str(raised.value) == (
        f"{path} is not a jobs database of pi_service (it has no column {missing}): "
        "move it away, or use another data directory"
    )
    assert path.read_bytes() == before


def test_not_a_database(path: Path) -> None:
    """A file that is no SQLite database at all is refused and stays as it is."""
    before = b"something else entirely, and long enough to be looked at" * 20
    path.write_bytes(before)
    with pytest.raises(SchemaError, match=r"jobs\.sqlite is not an SQLite database: move it away, or put back a copy"):
        Store(path)
    assert path.read_bytes() == before


@pytest.mark.slow
def test_the_server_ends_with_the_remedy(tmp_path: Path) -> None:
    """Over a file of a newer release the server does not serve half of itself: it says what to do, and exits with 1."""
    (tmp_path / "pi").mkdir()
    with closing(sqlite3.connect(tmp_path / "pi" / "jobs.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    command = [sys.executable, "-m", "tornado_alice", "--port", "0", "--data-dir", str(tmp_path)]
    server = subprocess.run(command, capture_output=True, text=True, check=False)
    assert server.returncode == 1
    assert server.stdout == ""
    assert server.stderr.startswith("The pi service cannot start: ")
    assert server.stderr.endswith(": install that release again, or use another data directory\n")


def test_locked_file_is_no_foreign_one(old: Path) -> None:
    """While somebody else writes, the migration waits for another start: unavailable, not refused, and nothing lost."""
    with closing(sqlite3.connect(old, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="is locked by another process"):
            Store(old)
        other.execute("ROLLBACK")
    assert pragma(old, "user_version") == 0
    with closing(Store(old)) as store:
        assert store.jobs(NEWEST)[1] == 2


def test_failed_migration(old: Path) -> None:
    """A migration that fails in its last statement leaves nothing of itself or of those before it."""
    broken = "DELETE FROM job; ALTER TABLE job ADD COLUMN more TEXT; INSERT INTO nowhere VALUES (1);"
    with closing(sqlite3.connect(old)) as db:
        with pytest.raises(sqlite3.OperationalError, match="no such table: nowhere"):
            migrate(db, (*MIGRATIONS, broken))
        assert not db.in_transaction
    assert pragma(old, "user_version") == 0
    with closing(Store(old)) as store:
        assert [job.n for job in store.jobs(NEWEST)[0]] == [50, 1000]


#: A later release: its migration rewrites every job, and stops before its end until a line is read.
MIGRATING = """
import sqlite3, sys
from pi_service.schema import MIGRATIONS, migrate

def hold():
    print("inside", flush=True)
    sys.stdin.readline()

db = sqlite3.connect(sys.argv[1])
db.execute("PRAGMA cache_size = 1")  # so that changed pages go to the disk before the commit
db.create_function("hold", 0, hold)
again = "ALTER TABLE job ADD COLUMN note TEXT; UPDATE job SET n = -n, note = hex(zeroblob(2000)); SELECT hold();"
migrate(db, (*MIGRATIONS, again))
print(db.execute("PRAGMA user_version").fetchone()[0], db.execute("SELECT MAX(n) FROM job").fetchone()[0])
"""


@pytest.mark.slow
def test_kill_9_inside_a_migration(path: Path) -> None:
    """SIGKILL in the middle of a migration leaves the old file; the same release finds all jobs, the next try ends."""
    with closing(Store(path)) as store:
        for n in range(1, 301):
            store.record(n, NewEvent(Stage.REGISTERED))
        before = store.jobs(NEWEST)
    command = [sys.executable, "-c", MIGRATING, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "inside\n"
    assert Path(f"{path}-wal").stat().st_size > 300 * 2000  # half of the change is on the disk already
    process.send_signal(signal.SIGKILL)
    process.communicate()

    with closing(Store(path)) as store:
        assert store.jobs(NEWEST) == before
        assert [len(store.events(n)) for n in range(1, 301)] == [1] * 300
        with pytest.raises(IllegalTransition):
            store.record(7, NewEvent(Stage.REGISTERED))
        assert store.record(7, NewEvent(Stage.SCHEDULED))
    assert dict(shape(path)).keys() >= {"job", "event"}
    assert "note" not in dict(shape(path))["job"]

    done = subprocess.run(command, input="go\n", capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["inside", str(len(MIGRATIONS) + 1), "-1"]

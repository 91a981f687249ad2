"""A real PostgreSQL for tests: a server of its own in a temporary folder, on a unix socket alone."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
from absent import needed

#: Where Debian puts the programs of each version; elsewhere they may be on the PATH.
DEBIAN = Path("/usr/lib/postgresql")


def find(name: str) -> str:
    """The path of a program of PostgreSQL; without it the test is skipped aloud, and fails in CI."""
    versions = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    return needed(
        found, f"no {name} on this machine (Debian: apt install postgresql): the journal in PostgreSQL was NOT tested"
    )


def account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: who it runs as then."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class Postgres:
    """A server in `folder`; `kill` is SIGKILL to all of its processes' parent, which takes them with it.

    Args:
        settings: of the server, ``name=value``, beside those of tests, which can lose what they have acknowledged.
    """

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder, self._as, self._settings = folder, account(), settings
        self._names = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        command = [find("initdb"), "-D", folder / "data", "-U", "alice", "-A", "trust", "-E", "UTF8", "--locale=C"]
        subprocess.run([*command, "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd=folder, **self._as)

    def start(self) -> None:
        command = [find("postgres"), "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses="]
        command += ["-c", "fsync=off", "-c", "shared_preload_libraries=pg_stat_statements", "-c", "max_connections=60"]
        command += [word for setting in self._settings for word in ("-c", setting)]
        end = time.monotonic() + 30
        while not self._serves(command, end):  # processes of one that was killed still have its memory
            pass

    def _serves(self, command: list[Any], end: float) -> bool:
        """Start it and wait until it answers; False if it has ended instead."""
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self._as)
        while subprocess.run([find("pg_isready"), "-q", "-h", self.folder], check=False).returncode:
            assert time.monotonic() < end, (self.folder / "log").read_text()
            if self._process.poll() is not None:
                return False
            time.sleep(0.02)
        return True

    def stop(self, how: int = signal.SIGINT) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        """As a crash would: nobody is told, and the next start recovers from the log."""
        self.stop(signal.SIGKILL)

    def url(self, name: str) -> str:
        return f"postgresql://alice@/{name}?host={self.folder}"

    def create(self) -> str:
        """The URL of a new, empty database."""
        name = f"journal{next(self._names)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def execute(self, statement: str, *values: Any, url: str = "") -> list[Any]:
        """What one statement gives, on a connection of its own."""
        return asyncio.run(execute(url or self.url("postgres"), statement, *values))


async def execute(url: str, statement: str, *values: Any) -> list[Any]:
    """What one statement gives, on a connection of its own."""
    conn = await asyncpg.connect(url)
    try:
        rows: list[Any] = await conn.fetch(statement, *values)
        return rows
    finally:
        await conn.close()


@contextmanager
def serving(*settings: str) -> Iterator[Postgres]:
    """A server that runs until the block ends; `settings` are those of `Postgres`."""
    find("postgres")
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # short: the path of a socket has 107 characters at most
    try:
        if who := account():
            os.chown(folder, who["user"], who["group"])
        server = Postgres(folder, *settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

"""A real PgBouncer in transaction mode before a database of the tests."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from absent import needed
from databases import account


def find() -> str:
    """The path of PgBouncer; without it the test is skipped aloud, and fails in CI."""
    found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    return needed(
        found, "no pgbouncer on this machine (Debian: apt install pgbouncer): functions behind it were NOT tested"
    )


@contextmanager
def pooling(url: str, user: str, connections: int, password: str = "", clients: int = 200) -> Iterator[str]:
    """The URL of the same database through so many connections of `user`, which any number of clients share.

    With a password clients must have it.
    """
    program, (where, host) = find(), url.split("?host=")
    folder, who = Path(tempfile.mkdtemp(prefix="bouncer", dir="/tmp")), account()  # short, for its socket
    (folder / "users").write_text(f'"alice" "{password}"')
    (folder / "ini").write_text(
        f"""
        [databases]
        * = user={user} host={host}
        [pgbouncer]
        pool_mode = transaction
        default_pool_size = {connections}
        max_client_conn = {clients}
        unix_socket_dir = {folder}
        listen_port = 5432
        auth_type = {"plain" if password else "any"}
        auth_file = {folder}/users
        logfile = {folder}/log
        """
    )
    if who:
        os.chown(folder, who["user"], who["group"])
    null = subprocess.DEVNULL
    process = subprocess.Popen([program, folder / "ini"], stdout=null, stderr=null, **who)
    try:
        end = time.monotonic() + 20
        while not (folder / ".s.PGSQL.5432").exists():
            assert process.poll() is None and time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.02)
        yield f"{where}?host={folder}"
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)

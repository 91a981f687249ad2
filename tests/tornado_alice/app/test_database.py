"""The server on a database, as processes: readiness, stopping, secrets, several of them."""

import http.client
import json
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from databases import Postgres
from talking import run

from tornado_alice.testing import make_request

pytestmark = pytest.mark.slow  # each test starts servers

SECRET = "s3cret-of-the-database"


def with_secret(database: str) -> str:
    return database.replace("alice@", f"alice:{SECRET}@")


def refused(url: str) -> bool:
    """Does the server accept no more?"""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port)).close()
    except ConnectionRefusedError:
        return True
    return False


def begun(url: str, method: str, path: str, body: bytes) -> http.client.HTTPConnection:
    """A request with the first byte of its body."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.putrequest(method, path)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[:1])
    return connection


def test_any_process_goes_on_with_any_session(
    serve: Callable[..., Any], hello: str, tmp_path: Path, database: str
) -> None:
    """Two processes, each with its own data directory, answer one session in turn; a third one finds it when they are
    dead, and so does the command line."""
    servers = [serve(hello, "--journal", database, data_dir=tmp_path / name) for name in "ab"]
    assert [servers[n % 2].say("да", n) for n in range(4)] == [f"{n} да" for n in range(1, 5)]
    for server in servers:
        server.kill()
    assert serve(hello, "--journal", database, data_dir=tmp_path / "c").say("да", 4) == "5 да"
    shown = run("sessions", "show", "s", "--journal", database).stdout
    assert "session s of skill test-skill, open" in shown and "5 да" in shown


def test_the_password_is_nowhere(serve: Callable[..., Any], hello: str, postgres: Postgres, database: str) -> None:
    """A password in the URL is in no list of processes, answer, metric or line of the log, even if the database fails;
    readiness says that it fails, and comes back with it."""
    url = with_secret(database)
    server = serve(hello, "--journal", url)
    told = [Path(f"/proc/{server.process.pid}/cmdline").read_text(), server.announced, server.fetch("/metrics")[1]]
    assert server.say("раз", 0) == "1 раз" and server.fetch("/readyz") == (200, {"status": "ready"})
    postgres.stop()
    try:
        status, answer = server.fetch("/readyz")
        assert status == 503 and "is the database running, and can it be reached from here?" in answer["status"]
        assert server.fetch("/healthz") == (200, {"status": "ok"}), "a restart of the server helps nobody"
        assert server.say("два", 1).startswith("Извините, не получилось это запомнить")
        told += [answer["status"], server.fetch("/metrics")[1]]
        assert "alice_journal_errors_total 1" in told[-1]
        failed = run("sessions", "list", "--journal", url)
        assert failed.returncode == 1 and "the journal cannot be used" in failed.stderr
        told.append(failed.stderr)
    finally:
        postgres.start()
    assert server.fetch("/readyz") == (200, {"status": "ready"}) and server.say("два", 1) == "2 два"
    assert server.stop() == 0 and "the journal cannot be used" in server.errors
    unread = run("--journal", url.replace("/journal", "/journal#"))
    assert unread.returncode == 1 and "the URL of the database cannot be read" in unread.stderr
    told += [server.errors, unread.stderr]
    assert not [text for text in told if SECRET in text]


@pytest.mark.parametrize("kind", ["file", "database"])
def test_while_stopping_what_cannot_be_kept_is_refused(
    kind: str, serve: Callable[..., Any], hello: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A turn that comes on an open connection while the server stops, and cannot be kept, is 503 and no apology, for a
    proxy to send it to another process. Readiness says on such a connection that the server is draining."""
    postgres: Postgres | None = request.getfixturevalue("postgres") if kind == "database" else None
    server = serve(hello, *(["--journal", postgres.create()] if postgres else []))
    assert server.say("раз", 0) == "1 раз"
    body = json.dumps(make_request("два", 1, session={"session_id": "s"})).encode()
    turn, ready = begun(server.url, "POST", "/", body), begun(server.url, "GET", "/readyz", b"{}")
    server.fetch("/healthz")  # an answer to what was sent later: the server has begun to read those two
    if postgres:
        postgres.stop()
    else:
        (tmp_path / "data" / "journal.sqlite3").unlink()
    try:
        server.process.send_signal(signal.SIGTERM)
        while not refused(server.url):
            time.sleep(0.02)
        ready.send(b"}")
        answer = ready.getresponse()
        assert (answer.status, json.loads(answer.read())) == (503, {"status": "draining"})
        turn.send(body[1:])
        answer = turn.getresponse()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        message = json.loads(answer.read())["error"]["message"]
        assert message.startswith("this process is stopping and cannot keep the turn")
    finally:
        turn.close()
        ready.close()
        if postgres:
            postgres.start()
    assert server.process.wait(20) == 0
    server.stop()  # reads what it has logged
    assert ("is the database running" if postgres else "was removed or replaced") in server.errors

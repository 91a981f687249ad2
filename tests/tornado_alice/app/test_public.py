"""The server as a process in public: ports, headers, stopping under load, no file descriptors left."""

import contextlib
import http.client
import json
import os
import resource
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pi_service.handlers.assets import POLICY
from pi_service.handlers.base import SECURITY
from tornado_alice.app.server import Server, bind_ports
from tornado_alice.app.settings import Settings
from tornado_alice.sockets import PatientSocket
from tornado_alice.testing import make_request

pytestmark = pytest.mark.slow  # each test starts servers
Serve = Callable[..., Any]
SECRET = "/hook-5dZ0rXq3"
FILES = ("/favicon.ico", "/robots.txt")  # beside /static/: their policy allows less than that of pages


def ask(url: str, method: str = "GET", data: Any = None, **headers: str) -> tuple[int, Any, bytes]:
    """Status, headers and body of an answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request(method, parts.path, None if data is None else json.dumps(data).encode(), headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def test_public_webhook_private_pages(serve: Serve) -> None:
    """With a port of its own the webhook is alone there, and the pages have none; a secret path is shown nowhere."""
    server = serve("--webhook-port", "0", "--webhook-path", SECRET, "--skill-id", "mine", "--debug")
    assert server.announced.endswith(f"dashboard on {server.url}/, webhook on {server.webhook}/***\n")
    assert server.url != server.webhook
    turn = make_request("", 0, session={"skill_id": "mine"})
    assert ask(server.webhook + SECRET, "POST", turn)[0] == 200
    assert ask(server.webhook + SECRET, "POST", make_request("", 0, session={"skill_id": "other"}))[0] == 403
    for path in ("/", "/api/jobs", "/healthz", "/metrics", "/static/base.css", SECRET + "/"):
        assert ask(server.webhook + path)[0] == 404
    assert ask(server.url + "/")[0] == 200
    assert ask(server.url + SECRET, "POST", turn)[0] == 403  # a form without its token
    assert ask(server.url + "/", "POST", turn)[0] in (403, 405)
    server.stop()
    lines = server.errors.replace(f"403 POST {SECRET}", "")  # sent to the pages, by somebody who knows it
    assert SECRET not in lines


def test_every_answer_is_secured(serve: Serve) -> None:
    """Pages, errors, static files, probes and numbers all have the security headers; HEAD is answered where GET is."""
    server = serve()
    paths = ["/", "/healthz", "/readyz", "/metrics", "/api/jobs", "/nothing", "/static/base.css", "/static/none.css"]
    for path in [*paths, "/favicon.ico", "/robots.txt", "/static/%00", "/static/%ff", "/jobs", "/v1/pi", "/api/events"]:
        status, headers, _ = ask(server.url + path)
        wanted = SECURITY | (POLICY if path.startswith("/static/") or path in FILES else {})
        assert {name: headers.get(name) for name in SECURITY} == wanted, path
        assert status < 500, path
        if path != "/api/events":
            got = ask(server.url + path, "HEAD")
            assert (got[0], got[2]) == (status, b""), path


def test_password_and_public_url(serve: Serve, tmp_path: Path) -> None:
    """--password-file, --hosts and --public-url reach the pages; a server that is open to others is warned of it."""
    (tmp_path / "password").write_text("correct horse battery")
    given = ["--password-file", str(tmp_path / "password"), "--public-url", "https://pi.example/pi-app/"]
    server = serve(*given, "--hosts", "inner")
    assert ask(server.url + "/", Host="inner")[0] == 401
    assert ask(server.url + "/", Host="localhost")[0] == 421
    credentials = "Basic OmNvcnJlY3QgaG9yc2UgYmF0dGVyeQ=="
    status, _, page = ask(server.url + "/pi-app/", Host="pi.example", Authorization=credentials)
    assert status == 200 and b'data-base="/pi-app/"' in page


def test_open_pages_are_warned_of(serve: Serve) -> None:
    """One warning: pages at an address that others reach, and no password."""
    server = serve("--address", "0.0.0.0")
    server.stop()
    assert server.errors.count("the pages have no password") == 1


@pytest.mark.parametrize("given", [["--password-file", "/nowhere"], ["--public-url", "pi"], ["--webhook-path", "x"]])
def test_wrong_options(serve: Serve, given: list[str]) -> None:
    """What cannot work ends the start with one line that names the option."""
    with pytest.raises(AssertionError, match=f"SettingsError: {given[0]}") as caught:
        serve(*given)
    assert "Traceback" not in str(caught.value)


def test_a_data_directory_that_cannot_be_used(serve: Serve, tmp_path: Path) -> None:
    """What is wrong with the data directory is not taken for a port that is in use."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pi").write_text("a file where a folder should be")
    with pytest.raises(AssertionError, match=r"data directory .*data/pi cannot be used .*move away the file"):
        serve()


def test_ports_accept_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, io_loop: Any) -> None:
    """While the halves start, the ports are ours but refuse; once `start` is back they accept."""
    start_halves, bound, refused = Server.start_halves, list[tuple[str, int]](), list[tuple[str, int]]()

    def bind(settings: Settings) -> list[list[PatientSocket]]:
        ports = bind_ports(settings)
        bound.append(ports[0][0].getsockname())
        return ports

    async def start(self: Server, with_pi: bool = True) -> None:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(bound[0])
        refused.append(bound[0])
        await start_halves(self, with_pi=False)

    monkeypatch.setattr("tornado_alice.app.server.bind_ports", bind)
    monkeypatch.setattr(Server, "start_halves", start)
    server = Server(Settings(scripts=("tornado_alice.examples.survey",), port=0, data_dir=tmp_path / "data"))
    io_loop.run_sync(server.start)
    socket.create_connection(bound[0]).close()
    io_loop.run_sync(server.stop)
    assert refused == bound and len(bound) == 1


def test_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, io_loop: Any) -> None:
    """A server is ready while its journal can be read and it does not stop."""
    server = Server(Settings(scripts=("tornado_alice.examples.survey",), data_dir=tmp_path / "data", port=0))
    assert io_loop.run_sync(server.trouble) == "draining"
    monkeypatch.setattr(server.service, "start", io_sleep)
    io_loop.run_sync(server.start)
    assert io_loop.run_sync(server.trouble) is None
    io_loop.run_sync(server.skill.journal.stop)
    assert "journal" in io_loop.run_sync(server.trouble)
    io_loop.run_sync(server.stop)
    assert io_loop.run_sync(server.trouble) == "draining"


async def io_sleep() -> None:
    """In place of a half that a test does not need."""


class Talker(threading.Thread):
    """Turns over one keep-alive connection until the server has gone."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__()
        self._url, self._session = url.removeprefix("http://"), name
        self.heard: list[str] = []
        self.statuses: set[int] = set()

    def run(self) -> None:
        with contextlib.closing(http.client.HTTPConnection(self._url, timeout=30)) as connection:
            for n in range(100_000):
                try:
                    body = json.dumps(make_request("а", n, session={"session_id": self._session}))
                    connection.request("POST", "/", body.encode())
                    answer = connection.getresponse()
                    text = json.loads(answer.read())["response"]["text"]
                except (OSError, http.client.HTTPException):
                    return
                self.statuses.add(answer.status)
                self.heard.append(text)


def test_nobody_hears_that_it_stops(serve: Serve, hello: str) -> None:
    """SIGTERM under load on open connections: every answer that comes is the script's own."""
    server = serve(hello)
    talkers = [Talker(server.url, f"s{i}") for i in range(8)]
    for talker in talkers:
        talker.start()
    while min(len(talker.heard) for talker in talkers) < 20:
        time.sleep(0.01)
    assert server.stop() == 0
    for talker in talkers:
        talker.join()
        assert talker.statuses == {200}
        assert talker.heard == [f"{n + 1} а" for n in range(len(talker.heard))]
    assert "ERROR" not in server.errors


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_out_of_file_descriptors(serve: Serve, hello: str) -> None:
    """No descriptors left: one line in the log, next to no CPU, and service again once there are some."""
    server = serve(hello)
    pid = server.process.pid
    used = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 4, used + 4))
    address = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    waiting = [socket.create_connection(address) for _ in range(50)]
    time.sleep(0.5)  # all that can be accepted is
    before, began = cpu_seconds(pid), time.monotonic()
    time.sleep(2)
    assert cpu_seconds(pid) - before < 0.25 * (time.monotonic() - began)
    for each in waiting:
        each.close()
    assert server.say("а", 0) == "1 а"
    server.stop()
    assert server.errors.count("cannot accept connections") == 1
    assert len(server.errors) < 10_000  # of whatever else found no file to open

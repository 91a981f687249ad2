"""Two processes on one data directory: one has the pi service, the other one asks it."""

import base64
import json
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import ServerProcess
from tornado.httpclient import AsyncHTTPClient
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from pi_service import QueueFull, Service, ServiceAway
from pi_service.testing import MemoryEngine
from tornado_alice.app import pi_host
from tornado_alice.app.pi_host import PiHost
from tornado_alice.app.private import Private
from tornado_alice.listener import Listener

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    """The server that has the service, and another one of the same data directory; its path is a long one."""
    data_dir = tmp_path_factory.mktemp("x" * 100) / "data"
    first = ServerProcess(data_dir)
    second = ServerProcess(data_dir)
    yield first, second
    for server in (second, first):
        assert server.stop() == 0, server.errors


def raw(server: ServerProcess, sent: bytes) -> bytes:
    """All that a server answers to these bytes until it closes."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as conn:
        conn.sendall(sent)
        return b"".join(iter(lambda: conn.recv(65536), b""))


def receive(conn: socket.socket, heard: bytes, awaited: bytes) -> bytes:
    """What was heard, and what comes until `awaited` does."""
    while awaited not in heard:
        more = conn.recv(65536)
        assert more, f"closed after {heard!r}"
        heard += more
    return heard


def test_pages_and_api_are_the_same(pair: tuple[ServerProcess, ServerProcess]) -> None:
    """What one takes the other shows: pages, jobs, digits, errors and their statuses."""
    first, second = pair
    assert second.fetch("/api/jobs", {"n": 50})[0] == 201
    assert first.fetch("/api/jobs/50")[1]["n"] == second.fetch("/api/jobs/50")[1]["n"] == 50
    for path in ("/api/jobs/51", "/api/search", "/nothing", "/api/nothing"):
        status, answer = second.fetch(path)
        assert (status, answer) == first.fetch(path) and status >= 400
    assert second.fetch("/api/jobs", b"rubbish") == first.fetch("/api/jobs", b"rubbish")
    assert "<title>" in second.fetch("/")[1] and second.fetch("/healthz")[0] == 200


def test_rules_hold_where_it_is_asked(pair: tuple[ServerProcess, ServerProcess]) -> None:
    """A foreign Host, a foreign Origin and a body that is too long are refused there as here."""
    _, second = pair
    assert second.fetch("/api/jobs", Host="evil.example")[0] == 421
    assert second.fetch("/api/jobs", {"n": 51}, Origin="http://evil.example")[0] == 403
    assert second.fetch("/api/jobs", b"x" * 100_000)[0] == 413


def test_nothing_is_smuggled(pair: tuple[ServerProcess, ServerProcess]) -> None:
    """What follows a request on its connection does not reach the other process, whatever it asks for."""
    _, second = pair
    hidden = b"GET /api/jobs HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    for more in (b"", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"):
        answer = raw(second, b"GET /v1/pi HTTP/1.1\r\nHost: localhost\r\n" + more + b"\r\n" + hidden)
        assert answer.count(b"HTTP/1.1 ") == 1


def test_the_feed_of_events(pair: tuple[ServerProcess, ServerProcess]) -> None:
    """The websocket of the pages comes through: what happens to a job is heard at the other process."""
    first, second = pair
    host, port = second.url.removeprefix("http://").split(":")
    key = base64.b64encode(os.urandom(16)).decode()
    with socket.create_connection((host, int(port)), timeout=20) as conn:
        conn.sendall(
            f"GET /api/events HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {second.url}\r\nConnection: Upgrade\r\n"
            f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        heard = receive(conn, b"", b"\r\n\r\n")
        assert heard.startswith(b"HTTP/1.1 101 ")
        first.fetch("/api/jobs", {"n": 77})
        receive(conn, heard, b'"n":77')


def test_digits_by_voice(pair: tuple[ServerProcess, ServerProcess]) -> None:
    """The bundled skill of the process without the service tells digits that the other one computes."""
    _, second = pair
    second.say("", 0, "voice")
    said, n = second.say("тысячную", 1, "voice"), 2
    while said.startswith("Считаю"):
        said, n = second.say("ну что", n, "voice"), n + 1
    assert said == "Цифра номер 1000 после запятой: 9."


class Second(Service):
    """As in another process than `first`: within one the lock of the data directory keeps nobody out."""

    first: Service

    async def start(self) -> None:
        if self.first.is_running:
            raise ServiceAway("another process is using the data directory")
        await super().start()


def hosts(tmp_path: Path) -> list[PiHost]:
    services = [kind(tmp_path / "pi", engine=MemoryEngine()) for kind in (Service, Second)]
    services[1].first = services[0]  # type: ignore[attr-defined]
    found = [PiHost(service, tmp_path / "run") for service in services]
    for host in found:
        host.pages = Application([])
    return found


@pytest.mark.gen_test
async def test_errors_cross_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the service is raised as the same error where the step was asked for."""
    first, second = hosts(tmp_path)
    await first.start()
    await second.start()

    def full(n: object) -> Any:
        raise QueueFull("1000 jobs wait", queue=1000)

    monkeypatch.setattr(first.service, "submit", full)
    with pytest.raises(QueueFull, match="1000 jobs wait") as raised:
        await second.steps.digit(5)
    assert raised.value.values == {"queue": 1000}
    await second.stop()
    await first.stop()


@pytest.mark.gen_test
async def test_it_moves_when_its_process_stops(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A step that is asked while the service moves waits for it, and its digit comes from the new place, whose log
    tells of the move."""
    caplog.set_level(logging.INFO, "tornado_alice.app.pi_host")
    first, second = hosts(tmp_path)
    await first.start()
    await second.start()
    assert (first.here, second.here) == (True, False)
    assert await second.steps.digit(5) == {"digits": "9"}
    await first.stop()
    assert await second.steps.digit(6) == {"digits": "2"} and second.here
    assert "this process has taken the pi service over" in caplog.messages
    await second.stop()


@pytest.mark.gen_test
async def test_nobody_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process has the service a step fails after a while, in words that the skill knows."""
    monkeypatch.setattr(pi_host, "PATIENCE", 0.0)
    host, _ = hosts(tmp_path)
    with pytest.raises(ServiceAway, match="no process has the pi service"):
        await host.steps.digit(5)
    await host.stop()


class Dying(RequestHandler):
    """Dies in its answer as often as it is told to."""

    deaths, asked = 0, 0

    def prepare(self) -> None:
        cls = type(self)
        cls.asked += 1
        if cls.asked <= cls.deaths:
            self.detach().close()

    def get(self) -> None:
        if not self._finished:
            self.finish("alive")

    post = get


@pytest.mark.parametrize(
    ("method", "deaths", "status", "asked"), [("GET", 1, 200, 2), ("GET", 2, 503, 2), ("POST", 1, 503, 1)]
)
@pytest.mark.gen_test
async def test_a_process_that_dies_in_its_answer(
    method: str,
    deaths: int,
    status: int,
    asked: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    logs: Any,
) -> None:
    """What changes nothing is asked once more; what may have changed something is refused, and the user may look."""
    monkeypatch.setattr(Dying, "deaths", deaths)
    monkeypatch.setattr(Dying, "asked", 0)
    host, _ = hosts(tmp_path)
    dying = Private(tmp_path / "run").serve(pi_host.PAGES, Application([("/", Dying)]))
    sock, port = bind_unused_port()
    front = Listener(host)
    front.serve([sock])
    answer = await AsyncHTTPClient().fetch(
        f"http://127.0.0.1:{port}/", method=method, body=None if method == "GET" else b"", raise_error=False
    )
    assert (answer.code, Dying.asked) == (status, asked)
    if status == 503:
        assert logs.take("has no answer")
        assert json.loads(answer.body)["error"]["code"] == "unavailable" and answer.headers["Retry-After"] == "1"
    for server in (front, dying):
        await server.drain(0)
    await host.stop()

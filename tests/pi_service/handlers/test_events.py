"""The websocket feed over real sockets."""

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketClientConnection, websocket_connect

from pi_service import rounds
from pi_service.handlers import api
from pi_service.jobs import Change, Event, Stage
from pi_service.service import Service
from pi_service.testing import MemoryEngine

pytestmark = pytest.mark.gen_test


@pytest.fixture
def listen(io_loop: IOLoop, http_server: HTTPServer, http_port: int) -> Iterator[Any]:
    """Connect to the feed; every connection is closed after the test."""
    connections: list[WebSocketClientConnection] = []

    async def connect(query: str = "", **headers: str) -> WebSocketClientConnection:
        url = f"ws://localhost:{http_port}/api/events{query}"
        connections.append(await websocket_connect(HTTPRequest(url, headers=headers)))
        return connections[-1]

    async def close() -> None:
        for connection in connections:
            connection.close()
            while connection.close_code is None and await connection.read_message() is not None:
                pass  # what was still under way

    yield connect
    io_loop.run_sync(close)


@pytest.fixture
def unread(http_server: HTTPServer, http_port: int) -> Iterator[Any]:
    """Connect to the feed by a socket that nobody reads."""
    opened: list[socket.socket] = []

    def connect(query: str) -> socket.socket:
        raw = socket.create_connection(("localhost", http_port))
        opened.append(raw)
        raw.sendall(
            f"GET /api/events{query} HTTP/1.1\r\nHost: localhost:{http_port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        return raw

    yield connect
    for raw in opened:
        raw.close()


async def a_round() -> None:
    """Long enough for a round of one listener, if rounds need not wait: a timer, a slice, what they set off."""
    for _ in range(4):
        await asyncio.sleep(0)


async def heard(connection: WebSocketClientConnection) -> Any:
    text = await connection.read_message()
    return None if text is None else json.loads(text)


async def test_live(listen: Any, service: Service) -> None:
    """A listener is greeted with the newest id, then hears each event with the job it made."""
    service.submit(10)
    await service.wait(10)
    connection = await listen()
    assert await heard(connection) == {"id": 5, "stage": "hello"}
    service.submit(1000)
    await service.wait(1000)
    messages = [await heard(connection) for _ in range(5)]
    assert [m["id"] for m in messages] == [6, 7, 8, 9, 10]
    assert [m["stage"] for m in messages] == ["registered", "scheduled", "taken", "calculated", "stored"]
    assert [m["job"]["status"] for m in messages] == [m["stage"] for m in messages]
    job = service.job(1000)
    assert job and messages[-1]["job"] == job.as_json()
    assert set(messages[0]) == {"id", "n", "attempt", "stage", "progress", "at", "detail", "job"}
    service.remove(10)
    message = await heard(connection)
    assert (message["stage"], message["n"], message["job"]) == ("removed", 10, None)


async def test_catching_up(listen: Any, service: Service) -> None:
    """With a cursor the missed events come first, then the live ones: each once, in order, none left out."""
    for n in (60, *range(1, 51)):
        service.submit(n)
        await service.wait(n)
    connection = await listen("?after=7")
    service.submit(1000)
    await service.wait(1000)
    last = service.feed.last_id
    hello = await heard(connection)
    assert (hello["stage"], 7 < hello["id"] <= last) == ("hello", True)
    assert [(await heard(connection))["id"] for _ in range(last - 7)] == list(range(8, last + 1))


async def test_two_pages(listen: Any, service: Service) -> None:
    """Every open page hears the same."""
    pages = [await listen(), await listen()]
    for page in pages:
        await heard(page)
    service.submit(10)
    await service.wait(10)
    first, second = [[await heard(page) for _ in range(5)] for page in pages]
    assert first == second
    pages[0].close()
    service.submit(20)
    assert (await heard(pages[1]))["n"] == 20


async def test_slow_listener(unread: Any, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener that does not read is closed with 1013 once the feed keeps only what it has not read yet."""
    monkeypatch.setattr(rounds, "EVERY", 0.0)
    service.feed.kept = 50
    raw = unread("")
    while not service.feed.subscribers:
        await asyncio.sleep(0)
    detail = "x" * 100_000  # the kernel's buffers take megabytes before anybody is slow
    for id in range(1, 1000):
        service.feed.publish([Change(Event(id, 7, 1, Stage.REGISTERED, 0.0, 0.0, detail), None)])
        await a_round()
        if not service.feed.subscribers:
            break
    else:
        pytest.fail("still subscribed")
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    data = b""
    while b"too slow; come back with after=<last id>" not in data[-200:]:
        chunk = await loop.sock_recv(raw, 1 << 16)
        assert chunk, "closed without a reason"
        data += chunk
    code = data[data.rindex(b"too slow") - 2 : data.rindex(b"too slow")]
    assert int.from_bytes(code) == 1013


async def test_slow_for_a_while(unread: Any, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that did not read for a while, and missed nothing that is kept, goes on where it stood: no id twice, none
    left out."""
    monkeypatch.setattr(rounds, "EVERY", 0.0)
    detail = "x" * 100_000  # the kernel's buffers take megabytes before a write waits
    raw = unread("?batch=1")
    while not service.feed.subscribers:
        await asyncio.sleep(0)
    for id in range(1, 101):
        service.feed.publish([Change(Event(id, 7, 1, Stage.REGISTERED, 0.0, 0.0, detail), None)])
        await a_round()
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    data = b""
    while b'"id":100,' not in data:
        chunk = await loop.sock_recv(raw, 1 << 20)
        assert chunk, "closed"
        data += chunk
    assert [int(id) for id in re.findall(rb'"id":(\d+),"n"', data)] == list(range(1, 101))


async def test_service_stops(listen: Any, service: Service) -> None:
    """When the service stops its listeners are told that it goes away."""
    connection = await listen()
    await heard(connection)
    service.feed.close()
    assert await heard(connection) is None
    assert (connection.close_code, connection.close_reason) == (1001, "the server stops")


async def test_what_is_said_is_ignored(listen: Any, service: Service) -> None:
    """The feed takes no commands."""
    connection = await listen()
    await heard(connection)
    await connection.write_message('{"n": 5}')
    service.submit(10)
    assert (await heard(connection))["n"] == 10
    assert service.job(5) is None


@pytest.mark.parametrize(
    ("query", "headers", "status", "message"),
    [
        ("?after=x", {}, 400, "after must be a whole number of at least 0; got 'x'"),
        ("?after=-1", {}, 400, "after must be a whole number of at least 0; got '-1'"),
        (
            "",
            {"Origin": "http://evil.example"},
            403,
            "requests from pages of 'http://evil.example' are not accepted",
        ),
    ],
)
async def test_refused(listen: Any, query: str, headers: dict[str, str], status: int, message: str) -> None:
    """A bad cursor or a foreign page gets no connection but an error that says why."""
    with pytest.raises(HTTPClientError) as raised:
        await listen(query, **headers)
    assert raised.value.code == status
    assert raised.value.response and json.loads(raised.value.response.body)["error"]["message"] == message


async def test_so_many_watch_and_no_more(listen: Any, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Websockets are bounded in number; who comes too late is told, and comes in when another one has left."""
    monkeypatch.setattr(api, "MAX_WATCHERS", 2)
    first, _ = await listen(), await listen()
    assert service.feed.subscribers == 2
    with pytest.raises(HTTPClientError) as raised:
        await listen()
    assert raised.value.code == 429
    assert raised.value.response and b"2 pages watch already" in raised.value.response.body
    first.close()
    while service.feed.subscribers == 2:
        await asyncio.sleep(0.01)
    assert (await heard(await listen()))["stage"] == "hello"


async def test_not_a_websocket(http_client: AsyncHTTPClient, base_url: str) -> None:
    """A plain GET is told what this address speaks."""
    response = await http_client.fetch(base_url + "/api/events", raise_error=False)
    assert response.code == 426
    assert json.loads(response.body)["error"]["message"] == "this address speaks only the websocket protocol"


async def test_progress_reaches_the_page(listen: Any, service: Service, engine: MemoryEngine) -> None:
    """A report from the engine arrives as a `taken` event with its progress."""
    engine.gate.clear()
    service.submit(1000)
    report = await engine.begun(1000)
    connection = await listen()
    await heard(connection)
    await asyncio.sleep(0.1)
    report(0.25)
    message = await heard(connection)
    assert (message["stage"], message["progress"], message["job"]["progress"]) == ("taken", 0.25, 0.25)
    engine.gate.set()
    await service.wait(1000)


async def test_several_events_in_one_message(listen: Any, service: Service) -> None:
    """Whoever asks so gets what has come meanwhile as one list, missed ones and live ones: each once, in order."""
    for n in range(1, 51):
        service.submit(n)
        await service.wait(n)
    connection = await listen("?after=0&batch=1")
    last = service.feed.last_id
    assert await heard(connection) == {"id": last, "stage": "hello"}
    for n in range(51, 61):
        service.submit(n)
        await service.wait(n)
    lists = [await heard(connection)]
    while lists[-1][-1]["id"] < service.feed.last_id:
        lists.append(await heard(connection))
    assert [event["id"] for events in lists for event in events] == list(range(1, service.feed.last_id + 1))
    assert len(lists) < service.feed.last_id / 5


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
async def test_frames_are_those_of_the_protocol(size: int) -> None:
    """A frame has the length that RFC 6455 wants for its size, in bytes of UTF-8."""
    frame = api.text_frame("x" * size)
    head = 2 if size < 126 else 4 if size < 1 << 16 else 10
    assert len(frame) == head + size and frame[0] == 0x81
    told = frame[1] if size < 126 else int.from_bytes(frame[2:head])
    assert told == size

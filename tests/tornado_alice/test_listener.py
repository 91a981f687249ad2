"""The port of a server: numbers and times of connections, and how it stops; over real sockets."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from tornado.ioloop import IOLoop
from tornado.netutil import add_accept_handler
from tornado.web import Application, RequestHandler

from tornado_alice import listener as module
from tornado_alice.listener import TIMES, Listener, Stage, most_connections
from tornado_alice.shares import Share, Shares
from tornado_alice.sockets import BEAT, SharedSocket, bind, close

pytestmark = pytest.mark.gen_test
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
Open = Callable[..., Listener]


class Hall(RequestHandler):
    """Tells who asks and how; `/wait` waits for the gate."""

    gate: asyncio.Event

    async def get(self) -> None:
        if self.request.path == "/wait":
            self.application.settings["asked"].set()
            await self.application.settings["gate"].wait()
        self.finish({"from": self.request.remote_ip, "by": self.request.protocol})

    post = get


@pytest.fixture
def hall(io_loop: IOLoop) -> Application:
    return Application([("/.*", Hall)], gate=asyncio.Event(), asked=asyncio.Event())


@pytest.fixture
def listen(io_loop: IOLoop, hall: Application) -> Iterator[Open]:
    """Open listeners; they are drained after the test."""
    opened: list[Listener] = []

    def start(**options: Any) -> Listener:
        listener = Listener(hall, **options)
        sockets = bind(0, "127.0.0.1")
        listener.serve(sockets)
        listener.port = sockets[0].getsockname()[1]
        opened.append(listener)
        return listener

    yield start
    hall.settings["gate"].set()
    for listener in opened:
        io_loop.run_sync(lambda listener=listener: listener.drain(1))


async def connect(listener: Any, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(sent)
    return reader, writer


async def answer(reader: asyncio.StreamReader) -> bytes:
    """The head of the next answer, its body read away."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


async def ended(reader: asyncio.StreamReader) -> bool:
    """Wait for the server to close the connection."""
    try:
        return await asyncio.wait_for(reader.read(), 10) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    ("stage", "sent"),
    [
        (Stage.HEAD, b""),
        (Stage.HEAD, GET[:-2]),
        (Stage.BODY, POST % 100 + b"a"),
        (Stage.ANSWER, GET.replace(b"/ ", b"/wait ")),
    ],
)
async def test_whoever_takes_too_long_is_cut(listen: Open, stage: Stage, sent: bytes) -> None:
    """Silence, half a head, half a body and a request without an answer are each cut after the time of their stage."""
    listener = listen(times={**TIMES, stage: 0.1})
    reader, writer = await connect(listener, sent)
    assert await ended(reader)
    assert len(listener) == 0
    writer.close()


async def test_the_other_stages_have_their_own_time(listen: Open) -> None:
    """A connection that is idle again is judged by the time of HEAD, not by that of the request before."""
    listener = listen(times={**TIMES, Stage.BODY: 0.01, Stage.ANSWER: 0.01})
    reader, writer = await connect(listener, GET)
    await answer(reader)
    await asyncio.sleep(1.5)  # the clock has looked
    writer.write(GET)
    assert b"200 OK" in await answer(reader)
    writer.close()


async def test_a_new_connection_takes_the_place_of_the_one_that_is_silent_longest(listen: Open) -> None:
    """At the most connections, silent ones shut nobody out; one that is at work is left alone."""
    listener = listen(most=3)
    work, silent, later = [await connect(listener, sent) for sent in (GET.replace(b"/ ", b"/wait "), b"", b"")]
    await module_asked(listener)
    reader, writer = await connect(listener, GET)
    assert b"200 OK" in await answer(reader)
    assert await ended(silent[0])
    later[1].write(GET)
    assert b"200 OK" in await answer(later[0])
    listener.request_callback.settings["gate"].set()
    assert b"200 OK" in await answer(work[0])
    for _, each in (work, silent, later, (reader, writer)):
        each.close()


async def module_asked(listener: Any) -> None:
    await listener.request_callback.settings["asked"].wait()


async def test_all_at_work(listen: Open, logs: Any) -> None:
    """When every connection is at work, a new one is closed, and one log line says so."""
    listener = listen(most=1)
    _, at_work = await connect(listener, GET.replace(b"/ ", b"/wait "))
    await module_asked(listener)
    for _ in range(3):
        reader, writer = await connect(listener, GET)
        assert await ended(reader)
        writer.close()
    logs.take("all 1 connections are at work")
    at_work.close()


async def test_bodies_are_bounded_together(listen: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies that stall: over the bound the oldest is cut, and what they held is given back when they go."""
    monkeypatch.setattr(module, "MOST_BODIES", 250_000)
    listener = listen()
    stalled = []
    for n in (1, 2, 2):
        stalled.append(await connect(listener, POST % 100_001 + b"x" * 100_000))
        while listener.bodies < n * 100_000 or (len(stalled) == 3 and not stalled[0][0].at_eof()):
            await asyncio.sleep(0.01)
    assert await ended(stalled[0][0])
    for _, writer in stalled[1:]:
        writer.write(b"x")
    assert all([b"200 OK" in await answer(reader) for reader, _ in stalled[1:]])
    assert listener.bodies == 0
    for _, writer in stalled:
        writer.close()


async def test_drain(listen: Open, hall: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping: nothing new is accepted, a request that still comes is answered with `Connection: close`, what is
    under way is answered, idle connections are closed."""
    monkeypatch.setattr(module, "LINGER", 1.0)
    listener = listen()
    idle, busy, late = [await connect(listener) for _ in range(3)]
    busy[1].write(GET.replace(b"/ ", b"/wait "))
    late[1].write(GET)
    assert b"Connection: close" not in await answer(late[0])
    await module_asked(listener)
    draining = asyncio.ensure_future(listener.drain(10))
    await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await connect(listener)
    late[1].write(GET)
    assert b"Connection: close" in await answer(late[0])
    assert await ended(late[0]) and await ended(idle[0])
    assert not draining.done()
    hall.settings["gate"].set()
    assert b"200 OK" in await answer(busy[0])
    assert await ended(busy[0])
    await draining
    for _, writer in (idle, busy, late):
        writer.close()


async def test_drain_cuts_what_does_not_end(listen: Open) -> None:
    """A request that takes longer than the grace is cut, not waited for."""
    listener = listen()
    reader, writer = await connect(listener, GET.replace(b"/ ", b"/wait "))
    await module_asked(listener)
    await listener.drain(0.01)
    assert await ended(reader) and len(listener) == 0
    writer.close()


@pytest.mark.parametrize(("trusted", "told"), [(["127.0.0.1"], ("1.2.3.4", "https")), ([], ("127.0.0.1", "http"))])
async def test_forwarded_headers_only_from_trusted_proxies(listen: Open, trusted: list[str], told: Any) -> None:
    """X-Forwarded-For and -Proto say who asks only if a proxy that is trusted sends them."""
    listener = listen(trusted=trusted)
    head = GET[:-2] + b"X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\nX-Forwarded-Proto: https\r\n\r\n"
    reader, writer = await connect(listener, head)
    assert f'{{"from": "{told[0]}", "by": "{told[1]}"}}'.encode() in await answer(reader)
    writer.close()


async def test_a_bound_port_does_not_accept() -> None:
    """Between `bind` and `serve` nobody can connect, and another server that listens there is noticed by `bind`."""
    (sock,) = bind(0, "127.0.0.1")
    port = sock.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    sock.listen()
    with pytest.raises(OSError, match=rf"Cannot listen on 127\.0\.0\.1:{port}: Address already in use\."):
        bind(port, "127.0.0.1")
    sock.close()


@pytest.mark.parametrize(("files", "most"), [(1024, 724), (400, 200), (1 << 20, 2000)])
async def test_connections_leave_files_for_the_rest(monkeypatch: pytest.MonkeyPatch, files: int, most: int) -> None:
    """The number of connections follows the limit of file descriptors: some are left for databases and workers."""
    monkeypatch.setattr("resource.getrlimit", lambda _: (files, files))
    assert most_connections() == most


async def test_names_with_several_addresses_get_one_port() -> None:
    """All addresses of a name are bound to the same port, also one that was chosen."""
    sockets = bind(0, "localhost")
    assert len({sock.getsockname()[1] for sock in sockets}) == 1
    assert all(sock.type == socket.SOCK_STREAM for sock in sockets)
    for sock in sockets:
        sock.close()


def test_a_chosen_port_is_chosen_once() -> None:
    """Sockets that do not listen yet get ports of their own: another process could not listen on the same one."""
    bound = [sock for _ in range(200) for sock in bind(0, "127.0.0.1")]
    try:
        assert not any(sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) for sock in bound)
        assert len({sock.getsockname() for sock in bound}) == len(bound)
    finally:
        close(bound)


@pytest.fixture
def shared() -> Iterator[list[SharedSocket]]:
    """A port as two processes have it."""
    (bound,) = bind(0, "127.0.0.1")
    with bound, closing(Shares(2)) as shares:
        bound.listen()
        sockets = [SharedSocket(os.dup(bound.fileno()), Share(shares.fileno(), shares.take())) for _ in range(2)]
        for sock in sockets:
            sock.setblocking(False)
            sock.listen()
        yield sockets
        for sock in sockets:
            sock.close()


def test_a_shared_socket_takes_one_at_a_time(shared: list[SharedSocket]) -> None:
    """Of connections that wait a process takes one and asks its loop before it takes the next: others get theirs."""
    one, other = shared
    other.close()
    clients = [socket.create_connection(one.getsockname()) for _ in range(2)]
    for client in clients:
        connection, address = one.accept()
        assert address == client.getsockname()
        connection.close()
        with pytest.raises(BlockingIOError, match="one at a time"):
            one.accept()
        client.close()
    with pytest.raises(BlockingIOError):
        one.accept()
    waiting = socket.create_connection(one.getsockname())
    one.accept()[0].close()
    waiting.close()


class Taker:
    """A process that accepts on its socket."""

    def __init__(self, sock: SharedSocket, stack: ExitStack) -> None:
        self.took, self._stack = list[socket.socket](), stack
        self.stop = add_accept_handler(sock, self._take)

    def _take(self, connection: socket.socket, _: Any) -> None:
        self.took.append(self._stack.enter_context(connection))


async def test_who_has_fewest_takes_the_next(shared: list[SharedSocket]) -> None:
    """Connections that come one after the other are spread evenly, those that end taken off; where the others do not
    want the next one, who has most takes it."""
    with ExitStack() as stack:
        one, other = (Taker(sock, stack) for sock in shared)

        async def connect() -> None:
            before = len(one.took) + len(other.took)
            stack.enter_context(socket.create_connection(shared[0].getsockname()))
            while len(one.took) + len(other.took) == before:
                await asyncio.sleep(0)

        for _ in range(20):
            await connect()
        assert len(one.took) == len(other.took) == 10
        for connection in one.took[:6]:
            connection.close()
        for _ in range(6):
            await connect()
        assert len(one.took) == 16
        await asyncio.sleep(BEAT)  # none of them pauses any more
        other.stop()
        for _ in range(3):
            await connect()
        assert len(one.took) == 19
        await asyncio.sleep(BEAT)
        one.stop()


async def test_who_does_not_accept_is_not_waited_for(shared: list[SharedSocket]) -> None:
    """Connections are left neither to a process that stops, nor to one that was killed, whose place the supervisor
    gives back."""
    one, other = shared
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(socket.create_connection(one.getsockname()))
        stack.enter_context(one.accept()[0])
        other.close()
        with pytest.raises(BlockingIOError, match="one at a time"):
            one.accept()
        stack.enter_context(one.accept()[0])
    with closing(Shares(2)) as shares:
        killed, alive = shares.take(), Share(shares.fileno(), shares.take())
        Share(shares.fileno(), killed).begin()
        alive.begin()
        alive.add(1)
        assert alive.others_have_fewer
        shares.leave(killed)
        assert not alive.others_have_fewer and shares.take() == killed

"""Requests that another process of the same machine answers: passed on over a socket, and the answer back.

Rules:
1. What is passed on is framed anew: one request, its body counted, and what belongs to a connection alone left out. So
   nothing that a client sends behind its request reaches the other process as another one.
2. The answer is passed on as it comes, byte by byte. Its end is that of the connection; where the client has asked for
   another protocol, which the other process refuses, that stays open, so what is counted is taken by its size.
3. Only when the other process has agreed to speak another protocol (101: a websocket), bytes go both ways.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable

from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPServerRequest
from tornado.iostream import IOStream, StreamClosedError

from ..exchange import Exchange

log = logging.getLogger(__name__)

#: Requests that are passed on at a time, websockets among them.
MOST = 500
#: Bytes of the head of an answer, and of a piece of its body.
HEAD, PIECE = 64 << 10, 64 << 10
#: Seconds for the head of an answer; a search through all digits takes some.
PATIENCE = 120.0
#: Of a request: what is of the connection alone (RFC 9110, 7.6.1), what counts its body, and what says who asks.
NOT_PASSED = {
    *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    *("expect", "content-length"),
    *("x-real-ip", "x-forwarded-for", "x-scheme", "x-forwarded-proto"),
}

#: In the head of an answer: the size of its body.
SIZE = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)
#: Requests that change nothing: they may be asked twice.
SAFE = ("GET", "HEAD", "OPTIONS")

#: Gives a connection to the other process; OSError if there is none.
Connect = Callable[[], Awaitable[IOStream]]


class Relay:
    """Passes requests on.

    Args:
        connect: to whom.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._under_way: set[asyncio.Task[None]] = set()
        self._websockets: set[asyncio.Task[None]] = set()

    def take(self, request: HTTPServerRequest) -> "Relayed":
        """What reads a request and passes it on."""
        return Relayed(self, request)

    def begin(self, relayed: "Relayed", body: bytes) -> None:
        """The request is there: pass it on."""
        if len(self._under_way) >= MOST:
            message = f"{MOST} requests are passed on already; ask again"
            relayed.refuse(503, "unavailable", message, "path", **{"Retry-After": "1"})
            return
        task = asyncio.create_task(self._pass(relayed, body))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def stop(self, seconds: float) -> None:
        """Let answers come to their end; websockets have none."""
        if plain := self._under_way - self._websockets:
            await asyncio.wait(plain, timeout=seconds)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _pass(self, relayed: "Relayed", body: bytes) -> None:
        sent, path = head_of(relayed.request, len(body)) + body, relayed.request.path
        try:
            other, head = await self._ask(sent, again=relayed.request.method in SAFE)
        except (OSError, TimeoutError) as error:
            log.warning("%s has no answer: %s", path, error)
            message = "the process that computes pi is being replaced, or busy; look whether it was done, and ask again"
            return relayed.refuse(503, "unavailable", message, "path", **{"Retry-After": "1"})
        try:
            await self._answer(relayed.detach(), other, head)
        except StreamClosedError:
            log.info("%s: one side has gone before the end of the answer", path)
        finally:
            other.close()

    async def _ask(self, sent: bytes, again: bool) -> tuple[IOStream, bytes]:
        """A connection to the other process, and the head of its answer; asked `again` if it goes without one."""
        other = await self._connect()
        try:
            await other.write(sent)
            return other, await asyncio.wait_for(other.read_until(b"\r\n\r\n", HEAD), PATIENCE)
        except BaseException as error:
            other.close()
            if again and isinstance(error, StreamClosedError):
                return await self._ask(sent, again=False)
            raise

    async def _answer(self, client: IOStream, other: IOStream, head: bytes) -> None:
        try:
            await client.write(head)
            if head.startswith(b"HTTP/1.1 101 "):
                await self._both_ways(client, other)
            else:
                size = SIZE.search(head)
                await _copy(other, client, int(size[1]) if size else None)
        finally:
            client.close()

    async def _both_ways(self, client: IOStream, other: IOStream) -> None:
        task = asyncio.current_task()
        assert task is not None, "one of ours"
        self._websockets.add(task)
        task.add_done_callback(self._websockets.discard)
        ways = [asyncio.create_task(_copy(client, other)), asyncio.create_task(_copy(other, client))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


class Relayed(Exchange):
    """One request that is passed on."""

    def __init__(self, relay: Relay, request: HTTPServerRequest) -> None:
        super().__init__(request)
        self._relay = relay
        self._body: list[bytes] = []

    def data_received(self, chunk: bytes) -> None:
        self._body.append(chunk)

    def finish(self) -> None:
        self._relay.begin(self, b"".join(self._body))

    def on_connection_close(self) -> None:
        self._body.clear()

    def detach(self) -> IOStream:
        """The client's connection, to be written to as it is.

        Raises:
            StreamClosedError: the client has gone.
        """
        assert isinstance(self._connection, HTTP1Connection)
        if self._connection.stream is None or self._connection.stream.closed():
            raise StreamClosedError
        return self._connection.detach()


async def _copy(source: IOStream, sink: IOStream, size: int | None = None) -> None:
    """`size` bytes, or all until the source closes."""
    try:
        while size is None or size > 0:
            piece = await source.read_bytes(PIECE if size is None else min(PIECE, size), partial=True)
            size = None if size is None else size - len(piece)
            await sink.write(piece)
    except StreamClosedError:
        return


def head_of(request: HTTPServerRequest, size: int) -> bytes:
    """The head of a request as it is passed on, before a body of `size` bytes.

    The path is the one without a proxy's prefix; who asks, and by which scheme, is told as proxies tell it.
    """
    target = request.path + ("?" + request.query if request.query else "")
    fields = [(name, value) for name, value in request.headers.get_all() if name.lower() not in NOT_PASSED]
    fields += [("X-Real-Ip", request.remote_ip or ""), ("X-Scheme", request.protocol), ("Content-Length", str(size))]
    if request.headers.get("Upgrade", "").lower() == "websocket":
        fields += [("Connection", "Upgrade"), ("Upgrade", "websocket")]
    else:
        fields += [("Connection", "close")]
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join([*lines, "", ""]).encode("latin1")

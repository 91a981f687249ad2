"""The port of a server: how many connections it has, how long each may take, and how it stops.

A connection is in one of three stages, each with a time of its own:

    HEAD     waits for the head of a request, the first or the next one
    BODY     the head is there, the body is not yet all there
    ANSWER   the request is there, the answer is not yet all sent

Rules:
1. One clock looks at all connections once a second; a timer per request would cost each turn two of them.
2. At the most connections a new one takes the place of the one that has waited for a head longest: who keeps silent
   shuts nobody out. If none waits, the new one is closed.
3. Bodies are bounded together; over the bound the one that is being read longest is cut.
4. Stopping (`drain`): nothing new is accepted; what comes on open connections is answered with `Connection: close`;
   idle connections are closed; what is under way ends. Only then may the journal be closed.
5. Websockets leave here with their handshake; whoever accepts them bounds them.
"""

import asyncio
import logging
import resource
import socket
import ssl
import time
from collections.abc import Awaitable, Collection, Iterable, Mapping
from enum import Enum
from typing import Any

from tornado.http1connection import HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream
from tornado.routing import Router

from . import protocol
from .exchange import READ_AT_MOST
from .sockets import Seldom

log = logging.getLogger(__name__)

#: Connections; each holds some 20 KB while it is idle.
MOST = 2000
#: File descriptors left for websockets, databases and workers, where the process may have few.
SPARE = 300
#: Bytes of all bodies whose requests are not answered yet; an honest one has 5 KB.
MOST_BODIES = 64 << 20
#: Bytes; browsers send some hundred, proxies let pass 32 KiB.
MAX_HEAD = 32 << 10
#: Bytes read ahead of a connection, pipelined requests for example; four reads of Tornado.
MAX_BUFFER = 256 << 10
#: Seconds that a stopping server waits for requests on idle connections, to answer them with `Connection: close`.
LINGER = 0.2
#: Connections that may wait to be accepted; the kernel bounds it by net.core.somaxconn.
BACKLOG = 512


class Stage(Enum):
    """What a connection does."""

    HEAD = "head"
    BODY = "body"
    ANSWER = "answer"


#: Seconds that each may take.
TIMES = {
    Stage.HEAD: 75.0,  # proxies keep idle connections for 60 s, and must be the ones to close them
    Stage.BODY: 30.0,  # the largest body that is kept needs 35 KB/s
    Stage.ANSWER: 120.0,  # far more than a turn or a search takes; a client may be slow to read
}


class Listener(HTTPServer):
    """An HTTP server with bounds.

    Args:
        router: who answers.
        tls: serve HTTPS with it.
        trusted: addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.
        most: connections at a time.
        times: seconds for each stage.
    """

    def initialize(  # type: ignore[override]  # Tornado's way of construction, with fewer choices
        self,
        router: Router,
        *,
        tls: ssl.SSLContext | None = None,
        trusted: Collection[str] = (),
        most: int | None = None,
        times: Mapping[Stage, float] = TIMES,
    ) -> None:
        super().initialize(
            router,
            ssl_options=tls,
            max_header_size=MAX_HEAD,
            max_body_size=READ_AT_MOST,
            max_buffer_size=MAX_BUFFER,
            trusted_downstream=list(trusted),
        )
        self.conn_params.header_timeout = None  # rule 1
        self._most = most or most_connections()
        self._times = times
        self._stages: dict[Stage, dict[IOStream, float]] = {stage: {} for stage in Stage}
        self._held: dict[IOStream, int] = {}
        self.bodies = 0  # bytes of them in memory
        self._stopping = False
        self._ended = asyncio.Event()
        self._full = Seldom()

    def serve(self, sockets: Iterable[socket.socket]) -> None:
        """Accept connections from now on."""
        for sock in sockets:
            sock.listen(BACKLOG)
        self.add_sockets(sockets)
        self._look()

    def __len__(self) -> int:
        return sum(map(len, self._stages.values()))

    # -- stages

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        if len(self) >= self._most and not self._cut_oldest(Stage.HEAD):
            self._full("all %d connections are at work: new ones are closed", self._most)
            stream.close()
            return
        self.enter(stream, Stage.HEAD)
        super().handle_stream(stream, address)

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        assert isinstance(server_conn, HTTP1ServerConnection)
        stream = server_conn.stream
        self.enter(stream, Stage.HEAD)
        if self._stopping:
            stream.close()
        if self.trusted_downstream:  # the next line looks at it: Tornado believes everybody or nobody
            self.xheaders = request_conn.context.remote_ip in self.trusted_downstream  # type: ignore[attr-defined]
        return _Watched(self, stream, super().start_request(server_conn, request_conn))

    def on_close(self, server_conn: object) -> None:
        assert isinstance(server_conn, HTTP1ServerConnection)
        self._leave(server_conn.stream)
        if not self:
            self._ended.set()
        super().on_close(server_conn)

    def enter(self, stream: IOStream, stage: Stage) -> None:
        """A connection goes over to `stage`."""
        for streams in self._stages.values():
            streams.pop(stream, None)
        self._stages[stage][stream] = time.monotonic()
        if stage is Stage.HEAD:
            self._release(stream)

    def hold(self, stream: IOStream, size: int) -> None:
        """`size` more bytes of its body are in memory."""
        self._held[stream] = self._held.get(stream, 0) + size
        self.bodies += size
        if self.bodies > MOST_BODIES:
            self._cut_oldest(Stage.BODY)

    def _leave(self, stream: IOStream) -> None:
        for streams in self._stages.values():
            streams.pop(stream, None)
        self._release(stream)

    def _release(self, stream: IOStream) -> None:
        self.bodies -= self._held.pop(stream, 0)

    def _cut_oldest(self, stage: Stage) -> bool:
        for stream in self._stages[stage]:
            self._leave(stream)
            stream.close()
            return True
        return False

    def _look(self) -> None:
        """Cut what takes too long; a stage's streams are in the order in which they entered it."""
        now = time.monotonic()
        for stage, streams in self._stages.items():
            while streams and next(iter(streams.values())) + self._times[stage] < now:
                self._cut_oldest(stage)
        self._looking = asyncio.get_running_loop().call_later(1, self._look)

    # -- stopping

    async def drain(self, seconds: float) -> None:
        """Stop accepting, and return when no connection is left; what takes longer than `seconds` is cut."""
        self.stop()
        self.conn_params.no_keep_alive = True
        await self._until_ended(LINGER)
        self._stopping = True
        while self._cut_oldest(Stage.HEAD):
            pass
        if not await self._until_ended(seconds):
            log.info("%d connections did not end within %s s; they are cut", len(self), seconds)
        await self.close_all_connections()
        self._looking.cancel()

    async def _until_ended(self, seconds: float) -> bool:
        self._ended.clear()
        if self:
            try:
                await asyncio.wait_for(self._ended.wait(), seconds)
            except TimeoutError:
                return False
        return True


class _Watched(HTTPMessageDelegate):
    """A request on its way to the one who answers; tells the listener how far it is."""

    def __init__(self, listener: Listener, stream: IOStream, inner: HTTPMessageDelegate) -> None:
        self._listener, self._stream, self._inner = listener, stream, inner
        self._size = 0

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        self._listener.enter(self._stream, Stage.BODY)
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        kept = min(len(chunk), protocol.MAX_BODY - self._size)  # what is over it is thrown away by whoever answers
        if kept > 0:
            self._size += kept
            self._listener.hold(self._stream, kept)
        return self._inner.data_received(chunk)

    def finish(self) -> None:
        self._listener.enter(self._stream, Stage.ANSWER)
        self._inner.finish()

    def on_connection_close(self) -> None:
        self._inner.on_connection_close()


def most_connections() -> int:
    """How many connections this process can have: MOST, or what its limit of file descriptors leaves."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(MOST, max(files // 2, files - SPARE))

"""The webhook over HTTP: bytes in, bytes out, and clear refusals of what is no request.

It speaks to Tornado one floor below RequestHandler, as a Router that gives a HTTPMessageDelegate for each request
(https://www.tornadoweb.org/en/stable/routing.html): cookies, templates, ETags and XSRF are nothing to a webhook, and
without them a turn costs about a third less. It also sees a body that is too large before it is read.
"""

import asyncio
import logging
import time
from http.client import responses
from typing import Any

from tornado.http1connection import HTTP1Connection
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    ResponseStartLine,
    format_timestamp,
)
from tornado.iostream import StreamClosedError
from tornado.routing import Router

from . import protocol
from .dialogs import Dialogs
from .errors import RequestError

log = logging.getLogger(__name__)

#: Bytes of a body that are read, to be told that it is too large; what is over MAX_BODY is not kept.
READ_AT_MOST = 256 << 20


class Webhook(Router):
    """``POST``: one turn of a dialog. 200; 400 with a JSON error that names the field; 405; 413 over 1 MiB."""

    def __init__(self, dialogs: Dialogs) -> None:
        self.dialogs = dialogs
        self._under_way: set[asyncio.Task[None]] = set()  # the loop itself keeps only weak references
        self._date = (0, "")

    async def drain(self, seconds: float) -> None:
        """Let the turns under way end."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)

    def find_handler(self, request: HTTPServerRequest, **_: Any) -> HTTPMessageDelegate | None:
        return _Exchange(self, request)

    def date(self) -> str:
        """The Date header (RFC 9110, 6.6.1), made once a second."""
        now = int(time.time())
        if now != self._date[0]:
            self._date = (now, format_timestamp(now))
        return self._date[1]

    def begin(self, exchange: "_Exchange") -> None:
        """The body is there: answer it."""
        task = asyncio.ensure_future(exchange.answer(self.dialogs))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


class _Exchange(HTTPMessageDelegate):
    """One request and its answer."""

    def __init__(self, webhook: Webhook, request: HTTPServerRequest) -> None:
        assert request.connection is not None, "a server's request has its connection"
        self._webhook, self._request = webhook, request
        self._connection: HTTPConnection = request.connection
        if isinstance(self._connection, HTTP1Connection):
            self._connection.set_max_body_size(READ_AT_MOST)
        self._body: list[bytes] = []
        self._size = 0

    def data_received(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size <= protocol.MAX_BODY:
            self._body.append(chunk)

    def finish(self) -> None:
        if self._request.method != "POST":
            self._refuse(405, "method", f"{self._request.method}: the webhook answers POST alone", Allow="POST")
        elif self._size > protocol.MAX_BODY:
            self._refuse(413, "too_large", f"body: {self._size} bytes, but {protocol.MAX_BODY} are allowed")
        else:
            self._webhook.begin(self)

    def on_connection_close(self) -> None:
        self._body.clear()

    async def answer(self, dialogs: Dialogs) -> None:
        try:
            answer = await dialogs.answer(b"".join(self._body))
        except RequestError as error:
            self._refuse(error.status, error.code, str(error), error.field)
        else:
            self._send(200, answer)

    def _refuse(self, status: int, code: str, message: str, field: str = "body", **headers: str) -> None:
        log.info("refused with %d: %s", status, message)
        self._send(status, protocol.error_body(code, message, field), **headers)

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        fields = {"Content-Type": "application/json; charset=UTF-8", "Content-Length": str(len(body))}
        fields["Date"] = self._webhook.date()
        start = ResponseStartLine("HTTP/1.1", status, responses[status])
        if self._request.method == "HEAD":
            body = b""
        try:
            self._connection.write_headers(start, HTTPHeaders(fields | headers), body).add_done_callback(_sent)
            self._connection.finish()
        except StreamClosedError:
            log.info("the client has gone before its answer; a repeated request gets it")


def _sent(write: "asyncio.Future[None]") -> None:
    if not write.cancelled() and isinstance(write.exception(), StreamClosedError):
        log.info("the client has gone before its answer; a repeated request gets it")

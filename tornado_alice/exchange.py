"""One HTTP request and its answer, one floor below Tornado's RequestHandler; and refusals of what is not served.

Cookies, templates, ETags and XSRF are nothing to a webhook, and without them a turn costs about a third less. Here a
request is also refused before its body is read: what comes of the body is thrown away, so that the client, which may
not listen before it has sent all of it, hears the answer.
"""

import asyncio
import logging
import time
from functools import lru_cache, partial
from http.client import responses

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

from . import protocol

log = logging.getLogger(__name__)

#: Bytes of a body that are read, to be told that it is too large; what is over the bound of its route is not kept.
READ_AT_MOST = 256 << 20

#: Of JSON: no browser may take it for anything else, show it in a frame or keep it.
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


@lru_cache(maxsize=16)
def _headers(second: int, *fields: tuple[str, str]) -> HTTPHeaders:
    """Headers of all answers of one kind, made once a second, for the Date (RFC 9110, 6.6.1).

    They are checked one by one as they are made; that would cost each turn as much as writing its answer.
    """
    return HTTPHeaders(
        {"Content-Type": "application/json; charset=UTF-8", "Date": format_timestamp(second)} | dict(fields)
    )


class Exchange(HTTPMessageDelegate):
    """One request and its answer."""

    def __init__(self, request: HTTPServerRequest) -> None:
        assert request.connection is not None, "a server's request has its connection"
        self.request = request
        self._connection: HTTPConnection = request.connection
        if isinstance(self._connection, HTTP1Connection):
            self._connection.set_max_body_size(READ_AT_MOST)

    def refuse(self, status: int, code: str, message: str, field: str, **headers: str) -> None:
        """Answer with an error of JSON, as all of this project are."""
        log.info("refused with %d: %s", status, message)
        self.send(status, protocol.error_body(code, message, field), SECURITY | headers)

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        fields = _headers(int(time.time()), *headers.items())
        fields["Content-Length"] = str(len(body))
        start = ResponseStartLine("HTTP/1.1", status, responses[status])
        if self.request.method == "HEAD":
            body = b""
        try:
            self._connection.write_headers(start, fields, body).add_done_callback(_sent)
            self._connection.finish()
        except StreamClosedError:
            log.info("the client has gone before its answer; a repeated request gets it")
        finally:
            fields.pop("Connection", None)  # Tornado has put it there, for this connection alone


class Refusal(Exchange):
    """A request that is refused for its head alone.

    Args:
        field: the part of the request that is wrong.
        headers: more of the answer's.
    """

    def __init__(
        self, request: HTTPServerRequest, status: int, code: str, message: str, field: str, **headers: str
    ) -> None:
        super().__init__(request)
        self._answer = partial(self.refuse, status, code, message, field, **headers)

    def headers_received(self, *_: object) -> None:
        if "Expect" in self.request.headers:  # the client waits for a word before it sends the body
            self._answer()

    def finish(self) -> None:
        self._answer()


def _sent(write: "asyncio.Future[None]") -> None:
    if not write.cancelled() and isinstance(write.exception(), StreamClosedError):
        log.info("the client has gone before its answer; a repeated request gets it")

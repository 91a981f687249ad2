"""The webhook over HTTP: bytes in, bytes out, and clear refusals of what is no request.

It speaks to Tornado as a Router that gives a HTTPMessageDelegate for each request
(https://www.tornadoweb.org/en/stable/routing.html), and so sees a body that is too large before it is read.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Router

from . import protocol
from .errors import JournalError, RequestError
from .exchange import Exchange, Refusal

log = logging.getLogger(__name__)

#: On every answer: no browser may take it for anything but JSON.
NOSNIFF = {"X-Content-Type-Options": "nosniff"}


class Answers(Protocol):
    """What a webhook asks: the dialogs of a skill, or those of several."""

    async def answer(self, body: bytes) -> bytes:
        """The answer to one request of the platform; RequestError if it is none."""


class Webhook(Router):
    """``POST``: one turn of a dialog.

    200; 400 with a JSON error that names the field; 403 for a skill that is not served; 405; 413 over 1 MiB; 500 when
    the engine itself fails; 503 for a turn that cannot be kept any more while the process stops, which a proxy may send
    elsewhere. Whatever happens, there is an answer.
    """

    def __init__(self, dialogs: Answers) -> None:
        self.dialogs = dialogs
        self._under_way: set[asyncio.Task[Any]] = set()  # the loop itself keeps only weak references

    async def drain(self, seconds: float) -> None:
        """Let the turns under way end."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)

    def find_handler(self, request: HTTPServerRequest, **_: Any) -> HTTPMessageDelegate | None:
        return _Delivery(self, request)

    def begin(self, delivery: "_Delivery") -> None:
        """The body is there: answer it."""
        self._under_way.add(asyncio.ensure_future(self._answer(delivery)))

    async def _answer(self, delivery: "_Delivery") -> None:
        task = asyncio.current_task()
        assert task is not None, "begin() has made it"
        try:
            await delivery.answer(self.dialogs)
        finally:
            self._under_way.discard(task)  # a callback of the task would be one more call of the loop


class WebhookPort(Router):
    """Webhooks by their paths at a port, and nothing else. A path may be a secret, so nothing here logs it.

    Args:
        webhooks: by path.
        prefix: what all the paths begin with.
    """

    def __init__(self, webhooks: Mapping[str, Webhook], prefix: str = "/") -> None:
        self._webhooks, self._prefix = webhooks, prefix

    def find_handler(self, request: HTTPServerRequest, **_: Any) -> HTTPMessageDelegate | None:
        webhook = self._webhooks.get(request.path)
        if webhook is not None:
            return webhook.find_handler(request)
        return Refusal(request, 404, "not_found", "there is nothing here", "path")

    def wants(self, request: HTTPServerRequest) -> bool:
        """Is it for a webhook, if pages are at the same port? What is near a secret path is kept from them too."""
        if self._prefix == "/":
            return request.path in self._webhooks and (request.path != "/" or request.method == "POST")
        return request.path.startswith(self._prefix)


class _Delivery(Exchange):
    """One request of the platform."""

    def __init__(self, webhook: Webhook, request: HTTPServerRequest) -> None:
        super().__init__(request)
        self._webhook = webhook
        self._body: list[bytes] = []
        self._size = 0

    def data_received(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size <= protocol.MAX_BODY:
            self._body.append(chunk)
        else:
            self._body.clear()

    def finish(self) -> None:
        if self.request.method != "POST":
            message = f"{self.request.method}: the webhook answers POST alone"
            self.refuse(405, "method", message, "method", Allow="POST")
        elif self._size > protocol.MAX_BODY:
            message = f"body: {self._size} bytes, but {protocol.MAX_BODY} are allowed"
            self.refuse(413, "too_large", message, "body")
        else:
            self._webhook.begin(self)

    def on_connection_close(self) -> None:
        self._body.clear()

    async def answer(self, dialogs: Answers) -> None:
        try:
            answer = await dialogs.answer(b"".join(self._body))
        except RequestError as error:
            self.refuse(error.status, error.code, str(error), error.field)
        except JournalError:
            message = "this process is stopping and cannot keep the turn; send it to another one, or again in a second"
            self.refuse(503, "unavailable", message, "body", **{"Retry-After": "1"})
        except Exception:
            log.exception("a request has no answer of the engine")
            self.refuse(500, "internal_server_error", "the engine failed; its log says how", "body")
        else:
            self.send(200, answer, NOSNIFF)

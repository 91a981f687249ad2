"""The pi service of a data directory: in this process, or in another one that is asked over a socket.

Rules:
1. The first process of a data directory has the service (its lock says so), and lets the others ask: pages and API over
   one socket, steps of the bundled skill over another one.
2. Another one passes requests on (`relay`), and takes the service over when it is free: the process that had it has
   stopped or died. What was unfinished goes on there.
3. While nobody has it, for a second or two, requests and steps wait.
"""

import asyncio
import json
import logging
import time
from pathlib import Path
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.iostream import IOStream
from tornado.routing import Router
from tornado.web import Application, RequestHandler

from pi_service import PiError, Service, ServiceAway, StoreUnavailable, errors
from pi_service.skill.steps import Pi

from ..listener import Listener
from ..serving import GRACE
from .private import Private
from .relay import Relay

log = logging.getLogger(__name__)

#: Seconds between two tries to take the service over, and between two to reach it.
AGAIN = 0.3
#: Seconds that requests and steps wait for a process that has the service.
PATIENCE = 10.0
#: The sockets.
PAGES, STEPS = "pages", "steps"


class PiHost(Router):
    """Routes what is for the service to wherever it runs.

    Args:
        service: of this process, not started.
        folder: of the sockets of the data directory.
    """

    def __init__(self, service: Service, folder: Path) -> None:
        self.service, self._folder = service, folder
        self.steps = AnySteps(self)
        self.pages: Application | None = None
        self._relay = Relay(lambda: self.connect(PAGES))
        self._private: Private | None = None
        self._servers: list[tuple[Listener, float]] = []  # and the seconds that they may take to end
        self._taking: asyncio.Task[None] | None = None

    @property
    def here(self) -> bool:
        """Whether this process has the service."""
        return self.service.is_running

    @property
    def private(self) -> Private:
        """The sockets of the data directory."""
        if self._private is None:
            self._private = Private(self._folder)
        return self._private

    def find_handler(self, request: HTTPServerRequest, **_: Any) -> HTTPMessageDelegate | None:
        assert self.pages is not None, "they are set before anybody listens"
        return self.pages.find_handler(request) if self.here else self._relay.take(request)

    async def start(self) -> None:
        """Have the service here, or else wait for it.

        Raises:
            PiError: its own, if it cannot start anywhere.
        """
        try:
            await self._start()
        except StoreUnavailable as error:
            level = logging.INFO if isinstance(error, ServiceAway) else logging.WARNING
            log.log(level, "no pi service in this process for now: %s", error)
            self._taking = asyncio.create_task(self._take_over())

    async def _start(self) -> None:
        await self.service.start()
        steps = Application([(r"/(digits|digit|find)", StepHandler, {"pi": Pi(self.service)})])
        self._servers = [
            (self.private.serve(STEPS, steps), 0.0)
        ]  # they are asked again elsewhere, and may take minutes
        if self.pages is not None:
            self._servers.append((self.private.serve(PAGES, self.pages), GRACE))

    async def _take_over(self) -> None:
        while not self.here:
            await asyncio.sleep(AGAIN)
            try:
                await self._start()
            except StoreUnavailable:
                continue
            except PiError as error:
                log.error("this process cannot take the pi service over: %s", error)
                return
        log.info("this process has taken the pi service over")

    async def connect(self, name: str) -> IOStream:
        """A connection to the process that has the service.

        Raises:
            OSError: there is none, for longer than it takes to replace one.
        """
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return await self.private.connect(name)
            except OSError:
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(AGAIN)

    async def stop(self) -> None:
        """Let nobody ask any more, then stop the service."""
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.gather(self._taking, return_exceptions=True)
        await self._relay.stop(GRACE)
        await asyncio.gather(*(server.drain(grace) for server, grace in self._servers))
        if self.here:
            await self.service.stop()
        if self._private is not None:
            self._private.close()
            self._private = None


class AnySteps:
    """The steps of the bundled skill, asked where the service is; see `pi_service.skill.steps`."""

    def __init__(self, host: PiHost) -> None:
        self._host = host

    async def digits(self, start: int, count: int) -> dict[str, Any]:
        """Digits from a position on."""
        return await self._ask("digits", start, count)

    async def digit(self, n: int) -> dict[str, Any]:
        """One digit."""
        return await self._ask("digit", n)

    async def find(self, *sequences: str) -> dict[str, Any]:
        """Where sequences stand."""
        return await self._ask("find", *sequences)

    async def _ask(self, name: str, *args: Any) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while not self._host.here:
            asked = time.monotonic()
            try:
                return await self._ask_other(name, args)
            except (OSError, HTTPClientError, ServiceAway) as error:
                if asked > end:
                    raise ServiceAway(f"no process has the pi service: {error}") from None
                if time.monotonic() - asked > PATIENCE:
                    end = time.monotonic() + PATIENCE  # it was there until now
            await asyncio.sleep(AGAIN)
        result: dict[str, Any] = await getattr(Pi(self._host.service), name)(*args)
        return result

    async def _ask_other(self, name: str, args: tuple[Any, ...]) -> dict[str, Any]:
        body = json.dumps(args)
        call = HTTPRequest(f"http://{STEPS}/{name}", "POST", body=body, request_timeout=0)
        client = self._host.private.client()
        try:
            answer = json.loads((await client.fetch(call)).body)
        finally:
            client.close()
        if "raised" in answer:
            raise error_of(*answer["raised"])
        result: dict[str, Any] = answer["result"]
        return result


class StepHandler(RequestHandler):
    """A step that another process of the data directory asks for."""

    def initialize(self, pi: Pi) -> None:
        self.pi = pi

    async def post(self, name: str) -> None:
        try:
            result = await getattr(self.pi, name)(*json.loads(self.request.body))
        except PiError as error:
            self.finish({"raised": [type(error).__name__, list(error.args), error.values]})
        else:
            self.finish({"result": result})


def error_of(kind: str, args: list[Any], values: dict[str, Any]) -> PiError:
    """An error of the service as another process has raised it.

    >>> error_of("QueueFull", ["1000 jobs wait"], {"queue": 1000})
    QueueFull('1000 jobs wait')
    """
    found = getattr(errors, kind, StoreUnavailable)
    error: PiError = found(*args)
    error.values = values
    return error

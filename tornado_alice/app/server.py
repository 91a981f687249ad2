"""The composition root: settings → one Application with both halves on one loop; start and stop."""

import asyncio
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.netutil import bind_sockets
from tornado.routing import Matcher, Rule
from tornado.web import Application

from pi_service import Engine, Listing, LocalEngine, PiError, Service, StoreUnavailable, routes
from pi_service import settings as page_settings
from pi_service.skill import make_skill

from .. import protocol
from ..errors import SettingsError
from ..journal import Journal, MemoryJournal, SqliteJournal
from ..journal.sqlite import FILE_NAME
from ..serving import GRACE, stop_signals, url
from .loading import load_skill
from .metrics import HealthHandler, Metric, MetricsHandler

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What the command line sets; see ``python -m tornado_alice --help``.

    `pi_time_limit` is in seconds, `pi_memory_limit` in MiB, each for one job.
    """

    script: str | None = None
    address: str = "127.0.0.1"
    port: int = 8888
    data_dir: Path = Path("data")
    durability: str = "normal"
    pi_max_digits: int = 10_000_000
    pi_max_queue: int = 1000
    pi_time_limit: float | None = None
    pi_memory_limit: int | None = None
    engine: str = "local"
    dask_scheduler: str | None = None

    @property
    def journal_path(self) -> Path:
        """Where the dialogs of this data directory are kept."""
        return self.data_dir / FILE_NAME


class WebhookAt(Matcher):
    """Matches POST to one path: the dashboard answers GET there."""

    def __init__(self, path: str) -> None:
        self._path = path

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return {} if request.method == "POST" and request.path == self._path else None


class Server:
    """Both halves, not yet started."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        try:
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"--data-dir {settings.data_dir}: {error.strerror}; name a folder") from None
        self.service = Service(
            settings.data_dir / "pi",
            engine=make_engine(settings),
            max_digits=settings.pi_max_digits,
            max_queue=settings.pi_max_queue,
            talk=lambda: (self.skill.dialogs.counts["turns"], len(self.skill.dialogs.cache)),
        )
        self.skill = load_skill(settings.script) if settings.script else make_skill(self.service)
        if not self.skill.has_own_journal:
            self.skill.journal = make_journal(settings)
        self._has_pi = False
        self._http: HTTPServer | None = None

    async def start(self) -> list[str]:
        """Bind, open, listen; the URLs served.

        Raises:
            OSError: the port is taken or not ours.
            JournalError: the journal cannot be opened.
        """
        sockets = bind_sockets(self.settings.port, self.settings.address)  # before any worker exists: it may fail
        try:
            await self.start_halves()
        except BaseException:
            for socket in sockets:
                socket.close()
            raise
        self._http = HTTPServer(self.application(), max_body_size=4 * protocol.MAX_BODY, idle_connection_timeout=300)
        self._http.add_sockets(sockets)
        asyncio.get_running_loop().run_in_executor(None, self.skill.dialogs.lemma, "слово")  # loads the dictionary
        return [url("http", self.settings.address, socket.getsockname()[1]) for socket in sockets[:1]]

    async def start_halves(self, with_pi: bool = True) -> None:
        """Everything but the network; on an error nothing is left running."""
        if with_pi:
            await self._start_pi()
        try:
            await self.skill.start()
        except BaseException:
            await self.stop()
            raise

    async def _start_pi(self) -> None:
        try:
            await self.service.start()
            self._has_pi = True
        except StoreUnavailable as error:
            log.warning("no pi service in this process, dialogs only: %s", error)

    def application(self) -> Application:
        """All routes."""
        rules: list[Any] = [
            Rule(WebhookAt("/"), self.skill.webhook),
            ("/healthz", HealthHandler),
            ("/metrics", MetricsHandler, {"collect": self.metrics}),
        ]
        if not self._has_pi:
            return Application(rules)
        return Application(rules + routes(self.service), **page_settings())

    def metrics(self) -> Iterator[Metric]:
        """Numbers of both halves."""
        dialogs = self.skill.dialogs
        yield Metric("alice_live_scripts", "gauge", "Suspended scripts in memory.", len(dialogs.cache))
        for name in ("turns", "replays", "failures", "journal_errors"):
            yield Metric(f"alice_{name}_total", "counter", f"Dialogs: {name} since the start.", dialogs.counts[name])
        if self._has_pi:
            yield Metric("pi_jobs", "gauge", "Jobs in the table.", self.service.jobs(Listing(per_page=1))[1])
            yield Metric("pi_digits_on_disk", "gauge", "Digits of pi after the point on disk.", self.service.available)

    async def stop(self) -> None:
        """Stop listening, let requests under way end, then close both halves."""
        if self._http is not None:
            self._http.stop()
        await self.skill.stop()  # first, since its turns may wait for the service
        if self._has_pi:
            await self.service.stop()
        if self._http is not None:
            try:
                await asyncio.wait_for(self._http.close_all_connections(), GRACE)
            except TimeoutError:
                log.info("some connections did not end within %s s; they are cut", GRACE)


def make_engine(settings: Settings) -> Engine:
    """Where pi is computed."""
    if settings.engine == "local":
        memory = settings.pi_memory_limit
        limit = None if memory is None else memory << 20
        return LocalEngine(time_limit=settings.pi_time_limit, memory_limit=limit)
    if settings.dask_scheduler is None:
        raise SettingsError("--engine dask needs --dask-scheduler tcp://HOST:PORT")
    try:
        from pi_service.engines.dask_engine import DaskEngine  # here: nobody else needs Dask to be installed
    except ModuleNotFoundError as error:
        raise SettingsError(f"--engine dask needs {error.name}: pip install 'tornado_alice[dask]'") from None
    return DaskEngine(settings.dask_scheduler, time_limit=settings.pi_time_limit)


def make_journal(settings: Settings) -> Journal:
    """The journal that the settings ask for."""
    if settings.durability == "memory":
        return MemoryJournal()
    return SqliteJournal(settings.journal_path, settings.durability)


def run(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM; the exit status."""
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    stopping = stop_signals()
    server = Server(settings)
    try:
        urls = await server.start()
    except OSError as error:
        print(f"Cannot listen on {settings.address}:{settings.port}: {error.strerror or error}.", file=sys.stderr)
        print("Is another server running there? Choose another one with --port.", file=sys.stderr)
        return 1
    except PiError as error:
        print(f"The pi service cannot start: {error}", file=sys.stderr)
        return 1
    print(f"tornado_alice serves {server.skill.name}: webhook and dashboard on {urls[0]}", flush=True)
    await stopping.wait()
    print("Stopping.", flush=True)
    await server.stop()
    return 0

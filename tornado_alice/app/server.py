"""The composition root: settings → one process with both halves on one loop; start and stop.

Order of starting: ports are bound, halves are up, ports accept. Order of stopping: not ready, ports accept no more,
requests under way are answered, connections are closed, and only then the skill with its journal, and the service.
"""

import asyncio
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tornado.web import Application

from pi_service import Engine, Listing, LocalEngine, PiError, Service, StoreUnavailable, routes
from pi_service import settings as page_settings
from pi_service.skill import make_skill

from ..errors import CannotListen, JournalError, SettingsError
from ..journal import Journal, MemoryJournal
from ..journal.base import Retention
from ..listener import Listener, most_connections
from ..options import parse_skill_ids
from ..serving import GRACE, stop_signals, url
from ..skill import Skill
from ..sockets import PatientSocket, bind, close
from ..webhook import WebhookPort
from . import workbench
from .gate import PagesGate
from .journals import make_archive
from .logs import turn_log
from .measures import Measures, of_sizes
from .metrics import HealthHandler, Metric, MetricsHandler, ReadyHandler
from .prompts import PromptsHandler
from .settings import Settings, is_loopback
from .skills import Skills

log = logging.getLogger(__name__)


class Server:
    """Both halves, not yet started."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        try:
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"--data-dir {settings.data_dir}: {error.strerror}; name a folder") from None
        self._rules = settings.rules
        self._engine = make_engine(settings)
        self.service = Service(
            settings.data_dir / "pi",
            engine=self._engine,
            max_digits=settings.pi_max_digits,
            max_queue=settings.pi_max_queue,
            talk=lambda: self.skills.talk(),
        )
        if settings.scripts:
            self.skills = Skills.load(settings.scripts, lambda: make_journal(settings))
        else:
            self.skills = Skills({"pi": make_skill(self.service)}, lambda: make_journal(settings))
        if settings.skill_ids:
            self.skill.options = replace(self.skill.options, skill_ids=parse_skill_ids(settings.skill_ids))
        self._measures = Measures()
        self.skills.measure(self._measures)
        if settings.log_turns:
            self.skills.observe(turn_log)
        self._has_pi = False
        self._ready = False
        self._listeners: list[Listener] = []

    @property
    def skill(self) -> Skill:
        """The only one, or the first of several."""
        return next(iter(self.skills))

    async def start(self) -> str:
        """Bind, open, listen; what is served where, for people.

        Raises:
            CannotListen: a port is taken or not ours.
            JournalError: the journal cannot be opened.
        """
        ports = self._bind()  # before any worker exists: it may fail
        try:
            await self.start_halves()
            self._listen(ports)
        except BaseException:
            close([sock for sockets in ports for sock in sockets])
            await self.stop()
            raise
        self._ready = True
        for skill in self.skills:
            asyncio.get_running_loop().run_in_executor(None, skill.dialogs.lemma, "слово")  # loads the dictionary
        if self._has_pi and self._rules.password is None and not is_loopback(self.settings.address):
            log.warning("the pages have no password, and others than this machine reach them: see --password-file")
        return self._places(*(sockets[0].getsockname()[1] for sockets in ports))

    def _bind(self) -> list[list[PatientSocket]]:
        settings = self.settings
        ports = [bind(settings.port, settings.address)]
        if settings.webhook_port is not None:
            try:
                ports.append(bind(settings.webhook_port, settings.webhook_address or settings.address))
            except CannotListen:
                close(ports[0])
                raise
        return ports

    def _listen(self, ports: list[list[PatientSocket]]) -> None:
        path = self.settings.webhook_path
        webhook = WebhookPort(self.skills.webhooks(path), path)
        routers = [PagesGate(self.application(), self._rules, webhook if len(ports) == 1 else None), webhook]
        for router, sockets in zip(routers, ports, strict=False):  # without a port of its own the webhook has no second
            most = most_connections() // len(ports)
            listener = Listener(router, trusted=self.settings.trusted_proxies, most=most)
            listener.serve(sockets)
            self._listeners.append(listener)

    def _places(self, port: int, webhook_port: int | None = None) -> str:
        """URLs, with a path that may be a secret hidden."""
        pages = url("http", self.settings.address, port)
        bench = f", workbench on {pages}workbench" if self.settings.workbench else ""
        return self._served(pages, webhook_port) + bench

    def _served(self, pages: str, webhook_port: int | None) -> str:
        settings, webhook = self.settings, pages
        if webhook_port is not None:
            webhook = url("http", settings.webhook_address or settings.address, webhook_port)
        if settings.webhook_path != "/":
            webhook += "***"
        if len(self.skills.names) > 1:
            below = ", ".join(f"{webhook.rstrip('/')}/{name}" for name in self.skills.names)
            return f"dashboard on {pages}, webhooks on {below}"
        if webhook == pages:
            return f"webhook and dashboard on {pages}"
        return f"dashboard on {pages}, webhook on {webhook}"

    async def start_halves(self, with_pi: bool = True) -> None:
        """Everything but the network; on an error nothing is left running."""
        if with_pi:
            await self._start_pi()
        try:
            await self.skills.start()
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
        """All routes but the webhook's."""
        from .prometheus import Histograms  # here: the terminal needs none, and it loads an HTTP server

        sizes = Histograms(self._measures, lambda: of_sizes(meter.groups for meter in self.skills.meters))
        rules: list[Any] = [
            ("/healthz", HealthHandler, {"trouble": self.fatal_trouble}),
            ("/readyz", ReadyHandler, {"trouble": self.trouble}),
            ("/metrics", MetricsHandler, {"collect": self.metrics, "more": sizes.text}),
            ("/api/prompts", PromptsHandler, {"find": self.skills.prompts}),
        ]
        if self.settings.workbench:
            rules += workbench.routes(self.skills)
        return Application(rules + (routes(self.service) if self._has_pi else []), **page_settings(self.settings.place))

    def fatal_trouble(self) -> str | None:
        """What only a restart helps: the journal's file is not there any more."""
        try:
            self.skills.check()
        except JournalError as error:
            return str(error) if self._ready else None
        return None

    async def trouble(self) -> str | None:
        """Why this process should get no requests; None if it may."""
        if not self._ready:
            return "draining"
        try:
            self.skills.check()
            await self.skills.read()
        except JournalError as error:
            return str(error)
        return None

    def metrics(self) -> Iterator[Metric]:
        """Numbers of both halves."""
        yield from self.skills.metrics()
        if self._has_pi:
            yield Metric("pi_jobs", "gauge", "Jobs in the table.", self.service.jobs(Listing(per_page=1))[1])
            yield Metric("pi_queue", "gauge", "Jobs that wait; those being computed do not count.", self.service.queued)
            if isinstance(self._engine, LocalEngine):  # of a cluster its scheduler tells
                yield Metric("pi_workers", "gauge", "Processes that compute large n.", self._engine.workers)
            yield Metric("pi_digits_on_disk", "gauge", "Digits of pi after the point on disk.", self.service.available)

    async def stop(self) -> None:
        """Answer what is under way, close the connections, then both halves."""
        self._ready = False
        self.skills.drain()
        await asyncio.gather(*(listener.drain(GRACE) for listener in self._listeners))
        await self.skills.stop()  # before the service, since its steps may wait for it
        if self._has_pi:
            await self.service.stop()


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
        return MemoryJournal(make_retention(settings, settings.keep_ended))  # memory is dear
    retention = make_retention(settings, Retention.failed)
    return make_archive(settings.journal, settings.data_dir, settings.durability, retention)


def make_retention(settings: Settings, failed: float) -> Retention:
    """How long sessions are kept; failed ones for `failed` seconds unless the settings say otherwise."""
    failed = failed if settings.keep_failed is None else settings.keep_failed
    return Retention(settings.keep_ended, failed, settings.keep_silent, settings.keep_failed_size)


def run(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM; the exit status."""
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    stopping = stop_signals()
    server = Server(settings)
    try:
        places = await server.start()
    except CannotListen as error:
        print(error, file=sys.stderr)
        print("Is another server running there? Choose another one with --port or --webhook-port.", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Cannot start: {error}. Is everything in {settings.data_dir} ours to write?", file=sys.stderr)
        return 1
    except PiError as error:
        print(f"The pi service cannot start: {error}", file=sys.stderr)
        return 1
    print(f"tornado_alice serves {', '.join(server.skills.names)}: {places}", flush=True)
    await stopping.wait()
    print("Stopping.", flush=True)
    await server.stop()
    return 0

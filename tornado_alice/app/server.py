"""The composition root: settings → one process with both halves on one loop; start and stop.

Order of starting: ports are bound, halves are up, ports accept. Order of stopping: not ready, ports accept no more,
requests under way are answered, connections are closed, and only then the skill with its journal, and the service.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tornado.routing import AnyMatches, Rule
from tornado.web import Application

from pi_service import Engine, Listing, LocalEngine, PiError, Service, routes
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
from .inheritance import Inheritance, private
from .journals import make_archive
from .logs import turn_log
from .measures import Measures, of_sizes
from .metrics import HealthHandler, Metric, MetricsHandler, ReadyHandler, exposition
from .pi_host import PiHost
from .prompts import PromptsHandler
from .settings import Settings, is_loopback
from .skills import Skills

if TYPE_CHECKING:
    from .siblings import Siblings

log = logging.getLogger(__name__)


class Server:
    """Both halves, not yet started."""

    def __init__(self, settings: Settings, inherited: Inheritance | None = None) -> None:
        self.settings = settings
        self._inherited = inherited
        self._siblings: Siblings | None = None
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
        self._pi = PiHost(self.service, private(settings.data_dir))
        if settings.scripts:
            self.skills = Skills.load(settings.scripts, lambda: make_journal(settings))
        else:
            self.skills = Skills({"pi": make_skill(self.service, self._pi.steps)}, lambda: make_journal(settings))
        if settings.skill_ids:
            self.skill.options = replace(self.skill.options, skill_ids=parse_skill_ids(settings.skill_ids))
        self._measures = Measures()
        self.skills.measure(self._measures)
        if settings.log_turns:
            self.skills.observe(turn_log)
        self._ready = False
        self._listeners: list[Listener] = []

    @property
    def _is_first(self) -> bool:
        """Of several processes one says what all would say."""
        return self._inherited is None or self._inherited.index == 0

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
        # before any worker exists: it may fail
        ports = bind_ports(self.settings) if self._inherited is None else self._inherited.ports
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
        if self._is_first and self._rules.password is None and not is_loopback(self.settings.address):
            log.warning("the pages have no password, and others than this machine reach them: see --password-file")
        return self._places(*(sockets[0].getsockname()[1] for sockets in ports))

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
            self._pi.pages = Application(routes(self.service), **page_settings(self.settings.place))
            await self._pi.start()
        try:
            await self.skills.start()
        except BaseException:
            await self.stop()
            raise

    def application(self) -> Application:
        """All routes but the webhook's."""
        rules: list[Any] = [
            ("/healthz", HealthHandler, {"trouble": self.fatal_trouble}),
            ("/readyz", ReadyHandler, {"trouble": self.trouble}),
            ("/metrics", MetricsHandler, {"text": self._figures()}),
            ("/api/prompts", PromptsHandler, {"find": self.skills.prompts}),
        ]
        if self.settings.workbench:
            rules += workbench.routes(self.skills)
        return Application([*rules, Rule(AnyMatches(), self._pi)], **page_settings(self.settings.place))

    def _figures(self) -> Callable[[], Awaitable[str]]:
        """What gives the text of /metrics: of this process, or of all that the supervisor has started."""
        from .prometheus import Histograms  # here: the terminal needs none, and they load an HTTP server
        from .siblings import Siblings

        sizes = Histograms(self._measures, lambda: of_sizes(meter.groups for meter in self.skills.meters))

        async def own() -> str:
            return exposition(self.metrics()) + sizes.text()

        if self._inherited is None:
            return own
        self._siblings = Siblings(self._pi.private, self._inherited.index, own)
        self._siblings.start()
        return self._siblings.metrics

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
        if self._pi.here:
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
        if self._siblings is not None:
            await self._siblings.stop()
        await self._pi.stop()


def bind_ports(settings: Settings) -> list[list[PatientSocket]]:
    """Sockets of the pages and, if it has a port of its own, of the webhook.

    Raises:
        CannotListen: a port is taken or not ours.
    """
    ports = [bind(settings.port, settings.address)]
    if settings.webhook_port is not None:
        try:
            ports.append(bind(settings.webhook_port, settings.webhook_address or settings.address))
        except CannotListen:
            close(ports[0])
            raise
    return ports


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
    inherited = Inheritance.taken()
    server = Server(settings, inherited)
    try:
        places = await server.start()
    except CannotListen as error:
        return tell(error)
    except OSError as error:
        print(f"Cannot start: {error}. Is everything in {settings.data_dir} ours to write?", file=sys.stderr)
        return 1
    except PiError as error:
        print(f"The pi service cannot start: {error}", file=sys.stderr)
        return 1
    said = f"{', '.join(server.skills.names)}: {places}"
    if inherited is None:
        print(f"tornado_alice serves {said}", flush=True)
    else:
        inherited.ready(said, stopping)
    await stopping.wait()
    if inherited is None:
        print("Stopping.", flush=True)
    await server.stop()
    return 0


def tell(error: CannotListen) -> int:
    """Say why nothing is served; the exit status."""
    print(error, file=sys.stderr)
    print("Is another server running there? Choose another one with --port or --webhook-port.", file=sys.stderr)
    return 1

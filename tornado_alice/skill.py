"""Skill: a script with its options, ready to answer."""

import asyncio
import json
import logging
import signal
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.routing import PathMatches, Rule
from tornado.web import Application

from . import protocol
from .dialogs import Dialogs
from .errors import SettingsError
from .journal.base import Journal
from .journal.memory import MemoryJournal
from .morphology import Analyzer
from .options import Options, Policy
from .script import Script
from .webhook import Webhook

Function = TypeVar("Function", bound=Callable[..., Any])

#: Seconds that turns under way may take to end when the server stops.
GRACE = 2.0
#: Set while a server loads a script: the script's own ``skill.run()`` then does nothing.
hosted: ContextVar[bool] = ContextVar("tornado_alice_hosted", default=False)


class Skill:
    """A skill of Alice.

    Args:
        name: for people and logs; ``__name__`` will do.
        journal: where turns are kept; by default in memory, `python -m tornado_alice` gives it a file.
        analyzer: a morphological analyzer with the interface of pymorphy2 (``parse(word)[0].normal_form``), or a
            function that loads one when it is first needed; by default pymorphy3's Russian one.
        options: fields of `Options`; a phrase may be one string or a tuple of variants.

    Raises:
        SettingsError: an option that does not exist or cannot be.

    >>> skill = Skill(__name__, closing="Пока!")
    >>> @skill.script
    ... def run_script():
    ...     yield say("Как вас зовут?")
    ...     yield say(f"Привет, {request.command}!", end_session=True)
    """

    def __init__(
        self,
        name: str = "skill",
        *,
        journal: Journal | None = None,
        analyzer: Analyzer | Callable[[], Analyzer] | None = None,
        **options: Any,
    ) -> None:
        self.name = name
        self.has_own_journal = journal is not None
        self.journal: Journal = journal if journal is not None else MemoryJournal()
        self.options = _options(analyzer, options)
        self._script: Script | None = None
        self._dialogs: Dialogs | None = None
        self._webhook: Webhook | None = None

    def script(self, fn: Function) -> Function:
        """Register the script of this skill (a decorator); gives the function itself."""
        self._script, self._dialogs = Script(fn, self.options.version), None
        return fn

    @property
    def dialogs(self) -> Dialogs:
        """All dialogs of the script, over the journal this skill has now."""
        if self._script is None:
            raise SettingsError(f"skill {self.name!r} has no script: put @skill.script before a function")
        if self._dialogs is None or self._dialogs.journal is not self.journal:
            self._dialogs = Dialogs(self._script, self.journal, self.options)
        return self._dialogs

    async def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request, both as dicts.

        Raises:
            RequestError: it is no request of Alice.
        """
        answer: dict[str, Any] = json.loads(await self.dialogs.answer(protocol.dumps(request)))
        return answer

    @property
    def webhook(self) -> Webhook:
        """The Router that answers for this skill, to be put into a Tornado Rule."""
        if self._webhook is None or self._webhook.dialogs is not self.dialogs:
            self._webhook = Webhook(self.dialogs)
        return self._webhook

    def handlers(self, path: str = "/") -> list[Any]:
        """Tornado routes of the webhook, to be put into an Application."""
        return [Rule(PathMatches(path), self.webhook)]

    async def start(self) -> None:
        """Open the journal."""
        await self.journal.start()

    async def stop(self) -> None:
        """Let the turns under way end (for `GRACE` seconds), end running steps, close the journal."""
        await self.webhook.drain(GRACE)
        await self.dialogs.stop()
        await self.journal.stop()

    def run(
        self,
        host: str | None = None,
        port: int | str | None = None,
        debug: bool = False,
        ssl_context: "ssl.SSLContext | tuple[str, str] | str | None" = None,
        **ignored: Any,
    ) -> None:
        """Serve this skill alone until SIGINT or SIGTERM, as `flask.Flask.run` did for scripts of alice_scripts.

        Args:
            host: address to listen on; 127.0.0.1 by default.
            port: number or string; 5000 by default, as it was.
            debug: log more.
            ssl_context: a context, or (certificate file, key file).
            ignored: other arguments of Flask's run(), which mean nothing here.
        """
        if hosted.get():
            return  # python -m tornado_alice serves it, this line of the script is for running it alone
        logging.basicConfig(level=logging.DEBUG if debug else logging.INFO)
        if ignored:
            logging.getLogger(__name__).info("run() ignores %s", ", ".join(sorted(ignored)))
        asyncio.run(self._serve(host or "127.0.0.1", _port(port), _tls(ssl_context)))

    async def _serve(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        sockets = bind_sockets(port, host)
        await self.start()
        server = HTTPServer(Application(self.handlers()), ssl_options=tls, max_body_size=4 * protocol.MAX_BODY)
        server.add_sockets(sockets)
        port = sockets[0].getsockname()[1]
        print(f"Serving skill {self.name} on {'https' if tls else 'http'}://{host}:{port}/", flush=True)
        stopped = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stopped.set)
        await stopped.wait()
        server.stop()
        await self.stop()


def _options(analyzer: Any, options: dict[str, Any]) -> Options:
    fields = Options.__dataclass_fields__
    for name, value in options.items():
        if name not in fields:
            raise SettingsError(f"Skill has no option {name!r}; there are {', '.join(sorted(fields))}")
        if isinstance(fields[name].default, tuple):
            options[name] = _phrases(name, value)
        elif isinstance(fields[name].default, float | int) and not _is_amount(value):
            raise SettingsError(f"{name}: a number from 0, got {value!r}")
    policy: Policy = options.get("on_divergence", "restart")
    if policy not in ("restart", "end") and not callable(policy):
        raise SettingsError(f"on_divergence: 'restart', 'end' or a callable, got {policy!r}")
    if analyzer is not None:
        options["load_analyzer"] = analyzer if not hasattr(analyzer, "parse") else lambda: analyzer
    return Options(**options)


def _phrases(name: str, value: Any) -> tuple[str, ...]:
    phrases = (value,) if isinstance(value, str) else tuple(value)
    if not phrases or not all(isinstance(phrase, str) and 0 < len(phrase) <= protocol.MAX_TEXT for phrase in phrases):
        raise SettingsError(f"{name}: one or more phrases of 1 to {protocol.MAX_TEXT} characters, got {value!r}")
    return phrases


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _port(port: int | str | None) -> int:
    try:
        number = int(port) if port is not None else 5000
    except ValueError:
        number = -1
    if not 0 <= number < 65536:
        raise SettingsError(f"port: a number from 0 to 65535, got {port!r}")
    return number


def _tls(given: "ssl.SSLContext | tuple[str, str] | str | None") -> ssl.SSLContext | None:
    if given is None or isinstance(given, ssl.SSLContext):
        return given
    if isinstance(given, str):
        raise SettingsError(f"ssl_context: an ssl.SSLContext or (certificate file, key file), got {given!r}")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*given)
    return context

"""Skill: a script with its options, ready to answer."""

import asyncio
import json
import logging
import ssl
from collections.abc import Callable, Collection
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Never, TypeVar

from . import protocol, stdlib_random
from .commands import Handler, Handlers, command, event, scope
from .dialogs import Dialogs
from .errors import ScriptError, SettingsError
from .function import Function as CloudFunction
from .hooks import Hooks
from .journal.base import Journal
from .journal.memory import MemoryJournal
from .keeper import Keeper
from .morphology import Analyzer, russian
from .options import Options, Phrases, Policy, parse_phrases, parse_skill_ids
from .reply import Reply
from .script import Script
from .serving import GRACE, parse_port, stop_signals, tls_context, url
from .subscripts import forgotten

if TYPE_CHECKING:
    from .webhook import Webhook

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

#: Set while a server loads a script: the script's own ``skill.run()`` then does nothing.
hosted: ContextVar[bool] = ContextVar("tornado_alice_hosted", default=False)


class Skill:
    """A skill of Alice.

    Args:
        name: for people and logs; ``__name__`` will do.
        journal: where turns are kept; by default in memory, `python -m tornado_alice` gives it a file.
        analyzer: a morphological analyzer with the interface of pymorphy2 (``parse(word)[0].normal_form``), or a
            function that loads one when it is first needed; by default pymorphy3's Russian one.
        max_live, idle, reply_within, on_divergence, skill_ids, threads, version, strict: see `Options`.
        closing, sorry, waiting, unsaved, pong: what the engine itself says, see `Options`; one phrase or variants.

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
        max_live: int = Options.max_live,
        idle: float = Options.idle,
        reply_within: float = Options.reply_within,
        on_divergence: Policy = Options.on_divergence,
        threads: bool | None = None,
        skill_ids: Collection[str] = Options.skill_ids,
        version: str | None = None,
        strict: bool = False,
        closing: Phrases = Options.closing,
        sorry: Phrases = Options.sorry,
        waiting: Phrases = Options.waiting,
        unsaved: Phrases = Options.unsaved,
        pong: Phrases = Options.pong,
        **unknown: Never,
    ) -> None:
        for option in unknown:
            known = [*sorted(Options.__dataclass_fields__.keys() - {"load_analyzer"}), "journal", "analyzer"]
            raise SettingsError(f"Skill has no option {option!r}; there are {', '.join(known)}")
        stdlib_random.install()  # before the script's module keeps functions of it where nobody finds them
        self.name = name
        self.has_own_journal = journal is not None
        self.journal: Journal = journal if journal is not None else MemoryJournal()
        self.options = Options(
            max_live=max_live,
            idle=idle,
            reply_within=reply_within,
            on_divergence=on_divergence,
            threads=threads,
            skill_ids=parse_skill_ids(skill_ids),
            version=version,
            strict=strict,
            load_analyzer=_loader(analyzer),
            closing=parse_phrases("closing", closing),
            sorry=parse_phrases("sorry", sorry),
            waiting=parse_phrases("waiting", waiting),
            unsaved=parse_phrases("unsaved", unsaved),
            pong=parse_phrases("pong", pong),
        )
        self.hooks = Hooks()
        self.beside = Handlers()
        #: What `python -m tornado_alice` puts before the skill_id of a session where several skills share a journal.
        self.scope = ""
        self._script: Script | None = None
        self._dialogs: Dialogs | None = None
        self._keeper: Keeper | None = None
        self._webhook: Webhook | None = None
        self._function: CloudFunction | None = None

    def script(self, fn: Function = None) -> Function:  # type: ignore[assignment]  # None is refused by name
        """Register the script of this skill (a decorator); gives the function itself.

        Raises:
            ScriptError: it is no script.
        """
        if fn is None:
            raise ScriptError("write @skill.script before a function, without parentheses")
        self._script = Script(fn, self.options.version, self.options.mending, self.beside)
        self._dialogs = None
        for place, remark in forgotten(fn):
            log.warning("%s: %s", place, remark)
        return fn

    def __call__(self, fn: Any) -> Never:
        """Nothing: a Skill is no decorator, its `script` is.

        Raises:
            ScriptError: says so.
        """
        raise ScriptError(f"write @skill.script before {getattr(fn, '__name__', fn)}, not @skill")

    def command(
        self, *phrases: "str | Handler", intents: tuple[str, ...] = (), answer: str | Reply | None = None
    ) -> Any:
        """A command that is heard at every prompt (a decorator); see `commands`.

        Args:
            phrases: whole utterances; or one command made before (``skill.command(repeat)``).
            intents: of the platform.
            answer: a phrase instead of a function.

        Raises:
            ScriptError: nothing that could be heard.

        >>> skill = Skill(__name__)
        >>> @skill.command("помощь", "что ты умеешь", intents=("YANDEX.HELP", "YANDEX.WHAT_CAN_YOU_DO"))
        ... def help():
        ...     return "Это сказка."
        """
        if phrases and isinstance(phrases[0], Handler):
            self.beside.commands += [one for one in phrases if isinstance(one, Handler)]
            return phrases[0]
        names: Any = phrases  # `command` checks them
        if answer is None:
            return self._registers(command(*names, intents=intents), self.beside.commands.append)
        self.beside.commands.append(command(*names, intents=intents, answer=answer))
        return self.beside.commands[-1]

    def event(self, *types: str) -> Callable[[Function], Function]:
        """What answers requests of these types, which are no words (a decorator); see `commands`.

        >>> skill = Skill(__name__)
        >>> @skill.event("AudioPlayer.PlaybackNearlyFinished")
        ... def next_song():
        ...     return say(play("https://example.com/2.mp3", "2"))
        """
        return self._registers(event(*types), lambda handler: self.beside.events.update(dict.fromkeys(types, handler)))

    @staticmethod
    def _registers(make: Callable[[Any], Handler], keep: Callable[[Handler], None]) -> Callable[[Function], Function]:
        def register(fn: Function) -> Function:
            keep(make(fn))
            return fn

        return register

    #: ``with skill.commands(map, bag):`` in a script: these are heard first, while the block is under way.
    commands = staticmethod(scope)

    def before_turn(self, fn: Function) -> Function:
        """Call ``fn(request)`` before the script hears a request (a decorator); gives the function itself.

        A plain one must be quick, an async one is begun and not waited for. A failure is a log line and harms no turn.
        Replays, repeated deliveries and pings of the platform are no turns.
        """
        self.hooks.before.append(fn)
        return fn

    def after_turn(self, fn: Function) -> Function:
        """Call ``fn(answered)`` once a reply is certain (a decorator); otherwise as `before_turn`.

        >>> skill = Skill(__name__)
        >>> @skill.after_turn
        ... def report(answered):
        ...     if answered.error is not None:
        ...         print("turn failed:", answered.error, answered.request.command, answered.seconds)
        """
        self.hooks.after.append(fn)
        return fn

    @property
    def dialogs(self) -> Dialogs:
        """All dialogs of the script, over the journal this skill has now."""
        if self._script is None:
            raise SettingsError(f"skill {self.name!r} has no script: put @skill.script before a function")
        if self._dialogs is None or self._dialogs.journal is not self.journal:
            self._dialogs = Dialogs(self._script, self.journal, self.options, hooks=self.hooks, scope=self.scope)
        return self._dialogs

    async def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request, both as dicts.

        Raises:
            RequestError: it is no request of Alice.
        """
        answer: dict[str, Any] = json.loads(await self.dialogs.answer(protocol.dumps(request)))
        return answer

    async def handler(self, event: dict[str, Any], context: Any = None) -> dict[str, Any]:
        """What Yandex Cloud Functions calls: ``handler = skill.handler`` in the file of the script.

        The journal is in PostgreSQL, named by the environment variable ALICE_JOURNAL (or by ``journal=``); its tables
        are there already. See examples/serverless.

        Args:
            event: a request of Alice, alone or as it came by HTTP; or that of a timer.
            context: of the platform; its token is the password of the database if there is no other.

        Raises:
            RequestError: it is no request of Alice.
            SettingsError: no database is named.
        """
        if self._function is None:
            self._function = CloudFunction(self)
        return await self._function.call(event, context)

    @property
    def webhook(self) -> "Webhook":
        """The Router that answers for this skill, to be put into a Tornado Rule."""
        from .webhook import Webhook  # here: a function, which starts cold, needs nothing of Tornado

        if self._webhook is None or self._webhook.dialogs is not self.dialogs:
            self._webhook = Webhook(self.dialogs)
        return self._webhook

    def handlers(self, path: str = "/") -> list[Any]:
        """Tornado routes of the webhook, to be put into an Application."""
        from tornado.routing import PathMatches, Rule

        return [Rule(PathMatches(path), self.webhook)]

    async def start(self) -> None:
        """Open the journal."""
        if self._dialogs is not None:
            self._dialogs.draining = False
        await self.journal.start()
        self._keeper = Keeper(self.dialogs)
        self._keeper.start()

    async def stop(self) -> None:
        """Let the turns under way end (for `GRACE` seconds), end running steps, close the journal."""
        self.dialogs.draining = True
        if self._keeper is not None:
            await self._keeper.stop()
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
            log.info("run() ignores %s", ", ".join(sorted(ignored)))
        number = parse_port(5000 if port is None else port)
        asyncio.run(self._serve(host or "127.0.0.1", number, tls_context(ssl_context)))

    async def _serve(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        from .listener import Listener
        from .sockets import bind
        from .webhook import WebhookPort

        stopping = stop_signals()
        sockets = bind(port, host)
        await self.start()
        listener = Listener(WebhookPort({"/": self.webhook}), tls=tls)
        listener.serve(sockets)
        place = url("https" if tls else "http", host, sockets[0].getsockname()[1])
        print(f"Serving skill {self.name} on {place}", flush=True)
        await stopping.wait()
        self.dialogs.draining = True
        await listener.drain(GRACE)
        await self.stop()


def _loader(analyzer: Analyzer | Callable[[], Analyzer] | None) -> Callable[[], Analyzer]:
    if analyzer is None:
        return russian
    return analyzer if not hasattr(analyzer, "parse") else lambda: analyzer

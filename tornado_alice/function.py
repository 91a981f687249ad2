"""A skill as a cloud function: it starts cold, answers one request after the other, and is frozen or gone after each.

Rules:
1. The engine has a loop of its own, in a thread: the platform may bring another loop to each call, and what belongs to
   a loop (the connection, scripts in memory, steps under way) outlives the call.
2. Nothing is done beside the calls: no tables are made, nothing is swept. A timer of the platform calls too: then old
   sessions go, and steps are finished whose instance has gone.
3. There is one connection, since there are as many instances as requests at once, and it keeps nothing beyond a
   statement, so that a pooler in transaction mode may stand between.
4. An answer comes in time: while the database is away, an apology.

https://yandex.cloud/en/docs/functions/lang/python/handler
"""

import asyncio
import base64
import binascii
import json
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from . import protocol
from .dialogs import Dialogs
from .errors import JournalError, RequestError, SettingsError
from .journal.base import SWEEP_BATCH, Journal
from .journal.postgres_url import is_database, take_password

if TYPE_CHECKING:
    from .journal.postgres import PostgresJournal

log = logging.getLogger(__name__)

#: Names the journal of a skill that brings none.
VARIABLE = "ALICE_JOURNAL"
#: Where a password may be; without it the token of the function's service account is one.
PASSWORDS = ("PGPASSWORD", "PGPASSFILE")
#: Seconds beyond the time of a turn in which it must be kept: together with a cold start within the platform's 4.5 s.
TO_KEEP = 0.7
#: What a timer brings (https://yandex.cloud/en/docs/functions/concepts/trigger/timer).
TIMER = "yandex.cloud.events.serverless.triggers.TimerMessage"
#: Seconds of one call of a timer for sweeping, and for each of the sessions whose steps it finishes.
SWEEPING, FINISHING = 2.0, 3.0
#: Sessions whose steps are finished by one call of a timer.
MOST_LEFT = 10

#: What the platform calls a function with, and what it gets.
Event = dict[str, Any]


class Served(Protocol):
    """What a function asks of its Skill."""

    has_own_journal: bool
    journal: Journal

    @property
    def dialogs(self) -> Dialogs: ...


class Function:
    """The handler of one instance."""

    def __init__(self, skill: Served) -> None:
        self._skill = skill
        self._loop: asyncio.AbstractEventLoop | None = None
        self._journal: PostgresJournal | None = None
        self._token = ""

    async def call(self, event: Event, context: Any) -> Event:
        """The answer to one event; `context` is the platform's.

        Raises:
            RequestError: it is no request of Alice; one by HTTP gets an answer that says so.
            SettingsError: there is no journal for functions.
            JournalError: the journal cannot be swept now.
        """
        begun = time.monotonic()  # of any loop: that of the caller and that of the engine
        self._token = token(context) or self._token
        called = asyncio.run_coroutine_threadsafe(self._call(event, begun), self._own_loop())
        return await asyncio.wrap_future(called)

    def _own_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="tornado_alice", daemon=True).start()
        return self._loop

    async def _call(self, event: Event, begun: float) -> Event:
        journal = self._journal = self._journal or self._open()
        if is_timer(event):
            return await self._keep(journal)
        by_http = "httpMethod" in event
        try:
            answer = await self._answer(journal, body_of(event), begun)
        except RequestError as error:
            if not by_http:
                raise
            return http(error.status, protocol.error_body(error.code, str(error), error.field))
        return http(200, answer) if by_http else json.loads(answer)

    async def _answer(self, journal: "PostgresJournal", body: bytes, begun: float) -> bytes:
        dialogs = self._skill.dialogs
        with journal.by(begun + dialogs.options.reply_within + TO_KEEP):
            try:
                await journal.join()
            except JournalError as error:
                log.error("%s", error)
                return dialogs.unsaved(body)
            return await dialogs.answer(body)

    async def _keep(self, journal: "PostgresJournal") -> Event:
        """What servers do by themselves: sweep, and finish the steps of those that have gone."""
        await journal.join()
        dialogs, end, swept = self._skill.dialogs, time.monotonic() + SWEEPING, 0
        while gone := await journal.sweep(time.time()):
            swept += gone
            if gone < SWEEP_BATCH or time.monotonic() > end:
                break
        return {"swept": swept, "finished": await dialogs.finish_left(MOST_LEFT, FINISHING)}

    def _open(self) -> "PostgresJournal":
        from .journal.postgres import PostgresJournal  # here: nobody else needs asyncpg to be installed

        if not self._skill.has_own_journal:
            url = place()
            has_password = take_password(url)[1] or any(name in os.environ for name in PASSWORDS)
            password = None if has_password or not self._token else lambda: self._token
            self._skill.journal = PostgresJournal(url, connections=1, pooled=True, password=password)
        if not isinstance(self._skill.journal, PostgresJournal):
            raise SettingsError(f"a function has no disk that stays: name a PostgreSQL by {VARIABLE}, no other journal")
        return self._skill.journal


def place() -> str:
    """The URL of the database.

    Raises:
        SettingsError: the environment names none.
    """
    url = os.environ.get(VARIABLE, "")
    if not is_database(url):
        raise SettingsError(
            f"{VARIABLE}: postgresql://USER@HOST:PORT/NAME is expected; a function keeps its turns there"
        )
    return url


def token(context: Any) -> str:
    """The token of the function's service account; empty if it has none."""
    given = getattr(context, "token", None)
    return given.get("access_token") or "" if isinstance(given, dict) else ""


def is_timer(event: Event) -> bool:
    """Does a timer call?

    >>> is_timer({"messages": [{"event_metadata": {"event_type": TIMER}, "details": {"payload": ""}}]})
    True
    >>> is_timer({"session": {}, "request": {}})
    False
    """
    match event:
        case {"messages": [{"event_metadata": {"event_type": kind}}, *_]}:
            return bool(kind == TIMER)
    return False


def body_of(event: Event) -> bytes:
    """The request of Alice in an event: the event itself, or what came by HTTP.

    Raises:
        RequestError: there is none, or it is too large.

    >>> body_of({"httpMethod": "POST", "body": "e30=", "isBase64Encoded": True})
    b'{}'
    >>> body_of({"session": {"session_id": "s"}})
    b'{"session":{"session_id":"s"}}'
    """
    body = event["body"] if "body" in event and "session" not in event else event
    if isinstance(body, str):
        body = _decoded(body) if event.get("isBase64Encoded") else body.encode(errors="surrogatepass")
    else:
        body = protocol.dumps(body)
    if len(body) > protocol.MAX_BODY:
        raise RequestError("body", f"body: {len(body)} bytes, but {protocol.MAX_BODY} are allowed")
    return body


def _decoded(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise RequestError("body", "body: isBase64Encoded is true, but it is not base64") from None


def http(status: int, body: bytes) -> Event:
    """An answer as the platform sends it on by HTTP."""
    headers = {"Content-Type": "application/json; charset=UTF-8", "X-Content-Type-Options": "nosniff"}
    return {"statusCode": status, "headers": headers, "body": body.decode(), "isBase64Encoded": False}

"""Where the skill of a test is: in this process, or behind a URL."""

import http.client
import json
import threading
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

from ..app.loading import load_skill
from ..errors import ReplyError
from ..frames import authors_part
from ..hooks import Answered
from ..limits import Mending
from ..protocol import dumps
from ..skill import Skill
from .checks import DEADLINE
from .loop import Loop


class Host(Protocol):
    """What users of a test talk to.

    Attributes:
        skill: the Skill, or its URL.
    """

    @property
    def skill(self) -> Skill | str: ...

    def answer(self, request: dict[str, Any], strict: bool) -> dict[str, Any]:
        """The answer to one request; with `strict` what is wrong raises."""

    def forget(self) -> None:
        """Drop live scripts, as a restart of the server would."""

    def leave(self) -> None:
        """One user less."""


class LocalHost:
    """A skill in this process: started for the first of its users, stopped after the last."""

    _open: ClassVar[dict[Skill, "LocalHost"]] = {}

    def __init__(self, skill: Skill) -> None:
        self.skill, self._users, self._loop, self._lock = skill, 0, Loop(), threading.RLock()
        self._failed: BaseException | None = None

    @classmethod
    def of(cls, skill: Skill) -> "LocalHost":
        """The host of this skill, with one user more."""
        host = cls._open.get(skill)
        if host is None:
            host = cls(skill)
            host._loop.run(skill.start())
            skill.after_turn(host._watch)
            cls._open[skill] = host
        host._users += 1
        return host

    def answer(self, request: dict[str, Any], strict: bool) -> dict[str, Any]:
        """The answer; with `strict` what the script raised is raised here."""
        script = self.skill.dialogs.script
        with self._lock:
            before, script.mending = script.mending, Mending.NOTHING if strict else script.mending
            self._failed = None
            try:
                whole = self._loop.run(self.skill.handle(request))
            finally:
                script.mending = before
            failed = self._failed
        if strict and failed is not None:
            raise failed.with_traceback(authors_part(failed))
        return whole

    def _watch(self, answered: Answered) -> None:
        self._failed = answered.error

    def forget(self) -> None:
        """Drop live scripts: the next turn is replayed from the journal."""
        with self._lock:
            self._loop.run(self.skill.dialogs.stop())

    def leave(self) -> None:
        """One user less; with the last one the skill stops."""
        self._users -= 1
        if not self._users:
            self.skill.hooks.after.remove(self._watch)
            self._loop.run(self.skill.stop())
            self._loop.close()
            del self._open[self.skill]


class RemoteHost:
    """A skill behind a URL, in any language; plain calls over HTTP."""

    def __init__(self, url: str) -> None:
        self.skill, self._parts = url, urlsplit(url)

    def answer(self, request: dict[str, Any], strict: bool) -> dict[str, Any]:
        """The answer.

        Raises:
            ReplyError: there is none, or none that is JSON; it says what came instead.
        """
        status, body = self._post(dumps(request))
        try:
            whole = json.loads(body)
        except ValueError:
            whole = None
        if status != 200 or not isinstance(whole, dict):
            raise ReplyError(f"{self.skill} answered {status}: {body[:300].decode(errors='replace')!r}")
        return whole

    def _post(self, body: bytes) -> tuple[int, bytes]:
        parts = self._parts
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=2 * DEADLINE)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()
        except TimeoutError:
            raise ReplyError(
                f"{self.skill}: no answer within {2 * DEADLINE:g} s. If the loop of the test itself serves it, "
                "write await asyncio.to_thread(alice.say, ...)"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise ReplyError(f"{self.skill}: {error!r}; is the skill served there?") from None
        finally:
            connection.close()

    def forget(self) -> None:
        """Nothing: nobody here can restart it."""

    def leave(self) -> None:
        """Nothing is kept open."""


def host_of(place: Skill | str) -> Host:
    """The host of a Skill, of a URL, or of a script (``hello.py``, ``package.module``).

    Raises:
        SettingsError: there is no such script.
    """
    if isinstance(place, str) and place.startswith(("http://", "https://")):
        return RemoteHost(place)
    return LocalHost.of(load_skill(place) if isinstance(place, str) else place)

"""The turn a script is in: what `request`, say(), random, uuid4() and now() refer to.

Randomness here is not recorded but recomputed: each draw is a hash of (secret, session, epoch, turn, ordinal), so a
replay, in any process and under any PYTHONHASHSEED, draws the same.
"""

import random as stdlib_random
import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID


class TurnContext:
    """One request and what is derived from it.

    Attributes:
        request: what the platform sent, as the script sees it.
        at: arrival time, seconds since the Unix epoch.
        ordinal: how many draws were made in this turn.
        replaying: is it fed from the journal?
        prompt: what the user answers, a Reply; None before the script has spoken.
        remarks: what its author should know, and where in the code it is: (place, sentence).
        states: what the script has read or changed of what the platform keeps, by scope.
        strict: are mistakes of the author, which production forgives, errors?
        refused: the first act on the outside in a replay, where it was not let happen.
    """

    __slots__ = (
        "_names",
        "_resumptions",
        "_secret",
        "_seed",
        "_stdlib",
        "at",
        "ordinal",
        "prompt",
        "refused",
        "remarks",
        "replaying",
        "request",
        "states",
        "strict",
    )

    def __init__(
        self, request: Mapping[str, Any], at: float, secret: bytes, *names: object, replaying: bool = False
    ) -> None:
        self.request, self.at, self.ordinal, self.replaying = request, at, 0, replaying
        self.strict = False
        self.prompt: Any = None
        self.states: dict[str, dict[str, Any]] = {}
        self.remarks: list[tuple[str, str]] = []
        self.refused: Exception | None = None
        self._secret, self._names, self._seed = secret, names, b""
        self._stdlib: stdlib_random.Random | int | None = None
        self._resumptions = 0

    def sent_state(self, scope: str) -> dict[str, Any]:
        """What the platform keeps, as it came with the request; `scope` is ``user``, ``application``, ``session``."""
        kept = (self.request.get("state") or {}).get(scope)
        return dict(kept) if isinstance(kept, dict) else {}

    def state(self, scope: str) -> dict[str, Any]:
        """The same as the script has it now; it may be changed."""
        if scope not in self.states:
            self.states[scope] = deepcopy(self.sent_state(scope))
        return self.states[scope]

    def begin_resumption(self, draws: bool) -> None:
        """The script goes on: the standard library's random begins anew.

        Args:
            draws: take its seed from the turn's draws, as release 0.1.0 did for scripts that use it; the others take
                theirs aside, and only if they need one.
        """
        self._resumptions += 1
        self._stdlib = self.draw(64) if draws else None

    @property
    def stdlib(self) -> stdlib_random.Random:
        """What the standard library's random draws from until the script waits again."""
        if self._stdlib is None:
            self._stdlib = int.from_bytes(blake2b(b"random %d" % self._resumptions, key=self.seed).digest())
        if isinstance(self._stdlib, int):
            self._stdlib = stdlib_random.Random(self._stdlib)
        return self._stdlib

    @property
    def seed(self) -> bytes:
        """Hash of (secret, epoch, turn); made when first drawn from: most turns draw nothing."""
        if not self._seed:
            self._seed = seed(self._secret, *self._names)
        return self._seed

    def draw(self, bits: int) -> int:
        """The next `bits` (up to 512) pseudo-random bits."""
        self.ordinal += 1
        size = (bits + 7) // 8
        digest = blake2b(self.ordinal.to_bytes(8, "big"), key=self.seed, digest_size=size).digest()
        return int.from_bytes(digest, "big") >> (size * 8 - bits)

    def choose(self, phrases: Sequence[str]) -> str:
        """One of `phrases`, by rendezvous hashing: a phrase added later seldom changes an earlier choice."""
        self.ordinal += 1
        key = self.seed + self.ordinal.to_bytes(8, "big")
        return max(phrases, key=lambda phrase: blake2b(phrase.encode("utf-8", "replace"), key=key).digest())


current: ContextVar[TurnContext | None] = ContextVar("tornado_alice_turn", default=None)


#: Stands between the session_id of a dialog and the name of one that was branched from it.
BRANCH = "~"


def origin(session_id: str) -> str:
    """The session from which a dialog was branched (see `workbench`), or itself.

    >>> origin("f1a2~7c"), origin("f1a2")
    ('f1a2', 'f1a2')
    """
    return session_id.partition(BRANCH)[0]


def seed_of(secret: bytes, key: tuple[str, str]) -> bytes:
    """The seed of a dialog: that of its origin, so that a branch draws what was drawn before it."""
    return seed(secret, key[0], origin(key[1]))


def seed(secret: bytes, *parts: object) -> bytes:
    """The seed of a turn: a keyed hash of what names it."""
    return blake2b("\0".join(map(str, parts)).encode("utf-8", "replace"), key=secret, digest_size=16).digest()


def choose(phrases: Sequence[str]) -> str:
    """One of `phrases`: by the current turn, or simply at random where there is none."""
    if len(phrases) == 1:
        return phrases[0]
    turn = current.get()
    return turn.choose(phrases) if turn else stdlib_random.choice(phrases)


class Random(stdlib_random.Random):
    """`random` of a script: everything the module random of the standard library does, the same on replay.

    >>> 0 <= random() < 1 and random.randint(1, 6) in range(1, 7)
    True
    """

    def seed(self, *_: Any, **__: Any) -> None:
        """Nothing to do: the turn is the seed."""

    def getrandbits(self, k: int, /) -> int:
        """`k` bits of the current turn (of the system where there is no turn)."""
        turn = current.get()
        if turn is None:
            return stdlib_random.getrandbits(k)
        value = 0
        for taken in range(0, k, 512):
            bits = min(512, k - taken)
            value = value << bits | turn.draw(bits)
        return value

    def gauss(self, mu: float = 0.0, sigma: float = 1.0) -> float:
        """A normally distributed float; the library's own keeps every second one for the next caller, whoever it is."""
        return self.normalvariate(mu, sigma)

    def random(self) -> float:
        """A float in [0, 1) with 53 random bits."""
        return self.getrandbits(53) / (1 << 53)

    __call__ = random


random = Random()


def uuid4() -> "UUID":
    """A random UUID of the current turn, the same on replay."""
    from uuid import UUID  # here: few scripts need it, and it asks what platform this is
    from uuid import uuid4 as stdlib_uuid4

    if current.get() is None:
        return stdlib_uuid4()
    return UUID(int=random.getrandbits(128), version=4)


def now() -> datetime:
    """When the current request arrived, in the user's time zone (UTC if it is unknown), the same on replay."""
    turn = current.get()
    if turn is None:
        return datetime.now(UTC)
    return datetime.fromtimestamp(turn.at, zone((turn.request.get("meta") or {}).get("timezone")))


def zone(name: Any) -> tzinfo:
    """The time zone that a request names; UTC if there is none, or none that this machine knows."""
    if not isinstance(name, str) or not name:
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # here: a cloud function that starts need not know of zones

    offset = re.fullmatch(r"(?:GMT|UTC)?([+-])(\d{1,2})(?::?(\d\d))?", name)
    try:
        return _offset(*offset.groups()) if offset else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC  # the platform sent a zone that this machine does not know


def _offset(sign: str, hours: str, minutes: str | None) -> tzinfo:
    east = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(east if sign == "+" else -east)

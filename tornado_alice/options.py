"""What a Skill's author may set."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .errors import SettingsError
from .limits import Mending
from .morphology import Analyzer, russian
from .protocol import MAX_TEXT
from .reply import Reply

#: One phrase, or variants of it of which one is chosen at random.
Phrases = str | Sequence[str]
#: What to do when a journal and a script do not fit together.
Policy = Literal["restart", "end"] | Callable[[dict[str, Any], Exception], Reply | None]


@dataclass(frozen=True, eq=False)
class Options:
    """What a Skill's author may set.

    Attributes:
        max_live: live scripts kept in memory; 0 replays every session on each of its turns.
        idle: seconds after which a silent live script is dropped (its user finds it again by replay).
        reply_within: seconds a turn may take before the engine itself says that work goes on; the platform waits 4.5.
        on_divergence: what to do when the journal cannot be replayed by the script as it is now: ``"restart"`` it,
            ``"end"`` the session with `sorry`, or a callable (request, error) → say(...) or None to restart.
        threads: resume sessions in threads, beside the loop: True, False, or None to do so for scripts that import what
            blocks or were seen to hold the loop.
        skill_ids: the skills (`session.skill_id`) whose requests are answered; any, if none is named.
        version: of the script; by default a hash of its module.
        strict: replies beyond the limits of the platform are errors at the script's line, for development; otherwise
            their longest valid form is sent and the log tells.
        load_analyzer: gives the morphological analyzer when it is first needed.
        closing, sorry, waiting, unsaved, pong: phrases said when the script has ended without a last word, when it
            raised, when a step takes long, when a turn could not be kept, and to the platform's availability check.
    """

    max_live: int = 10_000
    idle: float = 30 * 60
    reply_within: float = 3.0
    on_divergence: Policy = "restart"
    threads: bool | None = None
    skill_ids: frozenset[str] = frozenset()
    version: str | None = None
    strict: bool = False
    load_analyzer: Callable[[], Analyzer] = russian
    closing: tuple[str, ...] = ("До свидания!", "Всего доброго!")
    sorry: tuple[str, ...] = ("Извините, что-то пошло не так. Запустите навык ещё раз.",)
    waiting: tuple[str, ...] = ("Ещё работаю. Спросите меня чуть позже.",)
    unsaved: tuple[str, ...] = ("Извините, не получилось это запомнить. Повторите, пожалуйста.",)
    pong: tuple[str, ...] = ("pong",)

    def __post_init__(self) -> None:
        for name in ("max_live", "idle", "reply_within"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
                raise SettingsError(f"{name}: a number from 0, got {value!r}")
        if self.threads not in (True, False, None):
            raise SettingsError(f"threads: True, False or None, got {self.threads!r}")
        if not isinstance(self.strict, bool):
            raise SettingsError(f"strict: True or False, got {self.strict!r}")
        policy = self.on_divergence
        if policy not in ("restart", "end") and not callable(policy):
            raise SettingsError(f"on_divergence: 'restart', 'end' or a callable, got {policy!r}")

    @property
    def mending(self) -> Mending:
        """What becomes of replies beyond the limits."""
        return Mending.NOTHING if self.strict else Mending.ALL


def parse_phrases(name: str, given: Phrases) -> tuple[str, ...]:
    """The variants of a phrase that the engine says.

    Raises:
        SettingsError: there is none, or one that Alice would refuse; it calls the option `name`.

    >>> parse_phrases("pong", "pong")
    ('pong',)
    """
    phrases = (given,) if isinstance(given, str) else tuple(given)
    if not phrases or not all(isinstance(phrase, str) and 0 < len(phrase) <= MAX_TEXT for phrase in phrases):
        raise SettingsError(f"{name}: one or more phrases of 1 to {MAX_TEXT} characters, got {given!r}")
    return phrases


def parse_skill_ids(given: Collection[str]) -> frozenset[str]:
    """The skills that are served.

    Raises:
        SettingsError: they are no ids.
    """
    if isinstance(given, str) or not all(isinstance(id, str) and id for id in given):
        raise SettingsError(f"skill_ids: a list of ids as the platform's console shows them, got {given!r}")
    return frozenset(given)

"""The bundled skill about pi: tells digits, reads them, finds dates in them and trains the memory.

It is also the model of a skill that does long work: what takes time is a `step`, the service computes in worker
processes, and a step that outlasts the turn is answered by "computing" until its outcome is there.
"""

from typing import Any

from tornado_alice import Reply, Skill, request, say, step, suggest

from ..errors import (
    DigitsDamaged,
    PiError,
    QueueFull,
    ServiceAway,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    StoreUnavailable,
)
from ..search import LONGEST
from ..service import Service
from . import numerals
from .phrases import INTENTS, phrases
from .steps import SEARCHED, Pi, Steps

#: Digits read aloud at once: what one can listen to.
READ = 20
#: Digits of the first lesson: everybody knows them.
FIRST_TO_LEARN = 3
#: What is said when the service cannot take the question; of several that fit the first.
TROUBLES: tuple[tuple[type[PiError], str], ...] = (
    (QueueFull, "busy"),
    (DigitsDamaged, "damaged"),
    (ServiceAway, "away"),
    (StoreLocked, "locked"),
    (StoreFull, "full"),
    (StoreReadOnly, "read_only"),
    (StoreUnavailable, "broken"),
)


def make_skill(service: Service, pi: Steps | None = None) -> Skill:
    """The skill over a Service; `pi` asks it wherever it runs, by default in this process."""
    skill = Skill("pi")
    pi = pi or Pi(service)
    most = service.max_digits

    @skill.script
    async def run_script() -> None:
        t = phrases(str((request.get("meta") or {}).get("locale", "ru-RU")))
        reply = say(t["hello"], suggest(*t["buttons"]))
        while True:
            await reply
            intent = _intent()
            if intent == "stop":
                await say(t["bye"], end_session=True)
                return
            if intent == "find":
                reply = await _find(pi, t)
            elif intent == "read":
                reply = await _read(pi, t, most)
            elif intent == "train":
                reply = await _train(pi, t)
            elif intent == "help":
                reply = say(t["help"], suggest(*t["buttons"]))
            else:
                reply = await _digit(pi, t, most)

    return skill


async def _digit(pi: Steps, t: Any, most: int) -> Reply:
    n = _number()
    if n is None:
        return say(t["what"], suggest(*t["buttons"]))
    if not 1 <= n <= most:
        return say(t["range"].format(limit=most))
    got = await _ask(t, n, pi.digit, n)
    if "digits" not in got:
        return say(got["say"])
    return say(t["digit"].format(n=n, digit=got["digits"]), suggest(*t["buttons"]))


async def _read(pi: Steps, t: Any, most: int) -> Reply:
    start = _number() or 1
    while True:
        if start + READ - 1 > most:
            return say(t["range"].format(limit=most))
        got = await _ask(t, start + READ - 1, pi.digits, start, READ)
        if "digits" not in got:
            return say(got["say"])
        shown = t["read"].format(start=start, digits=_grouped(got["digits"]))
        await say(shown, suggest(*t["more"]), tts=t["read"].format(start=start, digits=" ".join(got["digits"])))
        if _intent() != "more":
            return say(t["menu"], suggest(*t["buttons"])) if _number() is None else await _digit(pi, t, most)
        start += READ


async def _find(pi: Steps, t: Any) -> Reply:
    sequences = _sequences()
    if not sequences:
        await say(t["find_what"])
        sequences = _sequences()
    if not sequences:
        return say(t["what"], suggest(*t["buttons"]))
    got = await _ask(t, SEARCHED, pi.find, *sequences)
    if "say" in got:
        return say(got["say"])
    key = "not_found" if got["position"] is None else "found" if got["sequence"] == sequences[0] else "found_short"
    return say(t[key].format(long=sequences[0], **got), suggest(*t["buttons"]))


async def _train(pi: Steps, t: Any) -> Reply:
    record = int(request.state("user").get("pi_record", 0))
    length, phrase = FIRST_TO_LEARN, t["train"]
    update: dict[str, Any] = {}
    while True:
        got = await _ask(t, length, pi.digits, 1, length)
        if "digits" not in got:
            return say(got["say"])
        digits = got["digits"]
        spoken = {"digits": " ".join(digits), "record": record}
        await say(phrase.format(digits=_grouped(digits), record=record), tts=phrase.format(**spoken), **update)
        if _intent() == "stop":
            return say(t["menu"], suggest(*t["buttons"]))
        if numerals.digits(_words()) == digits:
            phrase = t["record"] if length > record else t["right"]
            record = max(record, length)
            update = {"user_state_update": {"pi_record": record}}
            length += 1
            continue
        await say(t["wrong"].format(digits=_grouped(digits), record=record), suggest(*t["again"]), **update)
        if _intent() != "more":
            return say(t["menu"], suggest(*t["buttons"]))
        phrase = t["train"]


async def _ask(t: Any, n: int, fn: Any, *args: Any) -> dict[str, Any]:
    """The outcome of a step of `Pi`, or {"say": what went wrong}."""
    try:
        got = await step(fn, *args).or_say(t["computing"].format(n=n), t["computing_more"])
    except (QueueFull, DigitsDamaged, StoreUnavailable) as error:
        return {"say": t[next(phrase for kind, phrase in TROUBLES if isinstance(error, kind))]}
    return {"say": t["failed"].format(error=got["error"])} if "error" in got else dict(got)


def _words() -> list[str]:
    return numerals.words_of(request.command, request.lemma)


def _intent() -> str | None:
    said = set(request.lemmas) | set(request.words)
    return next((intent for intent, lemmas in INTENTS.items() if said & set(lemmas.split())), None)


def _number() -> int | None:
    """The number said: as the platform understood it, or as the words tell."""
    heard = [value for value in request.entities("YANDEX.NUMBER") if isinstance(value, int)]
    said = heard or numerals.numbers(_words())
    return said[0] if said else None


def _sequences() -> list[str]:
    """What to look for: a date, whole, with a short year and without one; or the digits said."""
    day = numerals.date(_words())
    if day is None:
        said = numerals.digits(_words())
        return [said] if 1 <= len(said) <= LONGEST else []
    number, month, year = day
    short = f"{number:02}{month:02}"
    return [short] if year is None else [f"{short}{year:04}", f"{short}{year % 100:02}", short]


def _grouped(digits: str) -> str:
    return " ".join(digits[i : i + 5] for i in range(0, len(digits), 5))

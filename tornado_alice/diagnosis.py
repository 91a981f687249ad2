"""What a divergence looks like, and what helps: one sentence for the log. Pure.

Rules:
1. The first kind of the table that fits is named. It is a guess from two texts; the sentence says what it looks like.
2. Each place in a script gets its sentence once: the hundredth session that diverges there teaches nobody anything.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import SequenceMatcher

from .errors import A_STEP, NonDeterminismError

#: Places that are remembered; with more of them, all are forgotten and told again.
MOST_PLACES = 1000
#: How like each other two readings of one text are (difflib ratio): a mended one is, another phrase is not.
LIKENESS = 0.75

# Times, dates, days, months and parts of the day, in Russian and English; Unix times in s, ms, us and ns.
_CLOCK = re.compile(
    r"""\d{4}-\d\d-\d\d ([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)? (Z|[+-]\d\d:?\d\d)?
      | \d{1,2}:\d\d (:\d\d(\.\d+)?)?
      | \d{1,2}[./]\d{1,2}[./]\d{2,4}
      | \b1[5-9]\d{8} (\d{3}|\d{6}|\d{9})? (\.\d+)? \b
      | \b\d+ ([.,]\d+)? \s* (час|минут|секунд|мс\b|hour|minute|second|ms\b)\w*
      | (\b\d{1,2}\s+)? \b (январ|феврал|март|апрел|ма[йяе]\b|июн|июл|август|сентябр|октябр|ноябр|декабр
            |january|february|march|april|may\b|june|july|august|september|october|november|december)\w* (\s+\d{4}\b)?
      | \b (понедельник|вторник|сред[ауы]\b|четверг|пятниц|суббот|воскресень
            |(mon|tues|wednes|thurs|fri|satur|sun)day)\w*
      | ( \b добр\w+ \s+ )? \b (утр[оа]м?|день|дня|дн[её]м|вечер(а|ом)?|ноч(ь|и|ью)|morning|afternoon|evening|night) \b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+([.,]\d+)?")
_IDENTIFIER = re.compile(r"\b[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\b|\b0x[0-9a-f]+\b", re.IGNORECASE)


def diagnose(error: NonDeterminismError) -> str:
    """What `error` looks like and the remedy.

    >>> diagnose(NonDeterminismError(0, "...", "...", heard="Сейчас 12:30", said="Сейчас 12:31"))
    'it looks like a wall clock: take the time from now() of tornado_alice'
    """
    return f"it looks like {next(remedy for fits, remedy in _KINDS if fits(error))}"


@contextmanager
def noted() -> Iterator[None]:
    """A NonDeterminismError that leaves the block carries its diagnosis as a note."""
    try:
        yield
    except NonDeterminismError as error:
        error.add_note(f"{error.place or f'turn {error.turn}'}: {diagnose(error)}")
        raise


class Advice:
    """Diagnoses, each place once (rule 2)."""

    def __init__(self) -> None:
        self._places: set[str] = set()

    def once(self, error: Exception) -> str:
        """The diagnosis and the place, to be put behind a log line; empty if this place had its own already."""
        if not isinstance(error, NonDeterminismError):
            return ""
        place = error.place or f"turn {error.turn}"
        if place in self._places:
            return ""
        if len(self._places) >= MOST_PLACES:
            self._places.clear()
        self._places.add(place)
        return f"; {place}: {diagnose(error)}"


def _is_of_steps(error: NonDeterminismError) -> bool:
    return error.expected.startswith(A_STEP) or error.got.startswith(A_STEP)


def _is_of_texts(error: NonDeterminismError) -> bool:
    return error.heard != error.said and bool(error.heard) and bool(error.said)


def _is_variant(error: NonDeterminismError) -> bool:
    return _is_of_texts(error) and error.heard in error.phrases


def _is_clock(error: NonDeterminismError) -> bool:
    heard, said = _CLOCK.sub("T", error.heard), _CLOCK.sub("T", error.said)
    clocks = [[found[0] for found in _CLOCK.finditer(text)] for text in (error.heard, error.said)]
    return _is_of_texts(error) and _NUMBER.sub("0", heard) == _NUMBER.sub("0", said) and clocks[0] != clocks[1]


def _is_identifier(error: NonDeterminismError) -> bool:
    return _is_of_texts(error) and _IDENTIFIER.sub("0", error.heard) == _IDENTIFIER.sub("0", error.said)


def _is_order(error: NonDeterminismError) -> bool:
    heard, said = (re.findall(r"\w+", text) for text in (error.heard, error.said))
    return _is_of_texts(error) and heard != said and sorted(heard) == sorted(said)


def _is_number(error: NonDeterminismError) -> bool:
    numbers = [[found[0] for found in _NUMBER.finditer(text)] for text in (error.heard, error.said)]
    return (
        _is_of_texts(error)
        and numbers[0] != numbers[1]
        and _is_like(
            *(_NUMBER.sub("0", text) for text in (error.heard, error.said))  # the words after a number change with it
        )
    )


def _is_text(error: NonDeterminismError) -> bool:
    return _is_of_texts(error) and _is_like(error.heard, error.said)


def _is_like(heard: str, said: str) -> bool:
    return SequenceMatcher(None, heard, said).ratio() >= LIKENESS


def _is_beside(error: NonDeterminismError) -> bool:
    return bool(error.heard) and error.heard == error.said


_KINDS: list[tuple[Callable[[NonDeterminismError], bool], str]] = [
    (
        _is_of_steps,
        "a step that was added, removed or renamed, or a branch around it: begin new dialogs with the changed script, "
        "or keep the old steps in their order",
    ),
    (
        _is_variant,
        "another draw: the script could have said what was heard. Draw with random of tornado_alice only, and put new "
        "draws behind the old ones of a turn",
    ),
    (_is_clock, "a wall clock: take the time from now() of tornado_alice"),
    (_is_identifier, "a random identifier or an object's address: take uuid4() of tornado_alice, say no repr()"),
    (_is_order, "the order of a set or of a directory: say sorted(...) of it"),
    (
        _is_number,
        "a global variable, a counter or a random number: keep it in a variable of the script, draw with random of "
        "tornado_alice, ask others with step(...)",
    ),
    (
        _is_text,
        "a changed text: if it was edited on purpose outside of the script's modules, give Skill(version=...) that "
        "changes with it; if it comes from a file or a service, read it with step(...)",
    ),
    (
        _is_beside,
        "a change of what goes with the text (buttons, tts, card, state): make it of the requests and of steps alone",
    ),
    (
        lambda _: True,
        "a script that went another way: what it decides by must come from its requests, its steps, now() and random "
        "of tornado_alice, not from a global variable, a file or the clock",
    ),
]

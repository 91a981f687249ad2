"""What the user did: Request, and the `request` proxy of the current turn.

Requests are immutable to scripts: a change would be lost on replay.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, cast

from . import context, morphology
from .envelope import Envelope
from .frozen import without_secrets


@lru_cache(maxsize=1)
def _shared_lemmatizer() -> morphology.Lemmatizer:
    return morphology.Lemmatizer()


class _Lemma(NamedTuple):
    normal_form: str


class _ByFunction:
    """Any function word → lemma as an analyzer of one reading."""

    def __init__(self, lemma: Callable[[str], str]) -> None:
        self.lemma = lemma

    def parse(self, word: str) -> list[_Lemma]:
        return [_Lemma(self.lemma(word))]


def _lemmatizer_of(lemma: Callable[[str], str] | None) -> morphology.Lemmatizer:
    if lemma is None:
        return _shared_lemmatizer()
    return lemma if isinstance(lemma, morphology.Lemmatizer) else morphology.Lemmatizer(lambda: _ByFunction(lemma))


class Request(Envelope):
    """One request of the platform: a dict, and what scripts ask of it most.

    Args:
        dictionary: the request; the only part it must have for the text properties is ``request``.
        lemma: word → lemma; by default Russian lemmas, loaded when first asked for.

    >>> r = Request({"request": {"command": "Хочу двух кошек."}})
    >>> r.command, r.words, r.has_lemmas("кошка")
    ('Хочу двух кошек', ['Хочу', 'двух', 'кошек'], True)
    """

    def __init__(self, dictionary: dict[str, Any], lemma: Callable[[str], str] | None = None) -> None:
        super().__init__(dictionary)
        self._lemmatizer = _lemmatizer_of(lemma)
        self._reader: Callable[[str], morphology.Word] | None = None
        self._lemmas: list[str] | None = None
        self._said: frozenset[str] | None = None

    @property
    def command(self) -> str:
        """What the user said, without the dots at its end; empty when they said nothing (a button, a launch)."""
        return str((dict.get(self, "request") or {}).get("command") or "").rstrip(".")

    @property
    def words(self) -> list[str]:
        """Words and numbers of the command."""
        return morphology.words(self.command)

    @property
    def lemmas(self) -> list[str]:
        """Dictionary forms of `words`; computed when asked for."""
        if self._lemmas is None:
            self._lemmas = [word.lemma for word in map(self._read, self.words)]
        return self._lemmas

    def has_lemmas(self, *lemmas: str) -> bool:
        """Was one of these words said, in any of its forms and likely readings? ё and е are one letter.

        A dictionary form means itself alone; any other form means all words it may be a form of.

        >>> r = Request({"request": {"command": "Мне большую пиццу, и чтобы белки были"}})
        >>> r.has_lemmas("большой"), r.has_lemmas("белка"), r.has_lemmas("белок"), r.has_lemmas("больной")
        (True, True, True, False)
        """
        if self._said is None:
            self._said = frozenset().union(*[word.found_by for word in map(self._read, self.words)])
        return not all(map(self._said.isdisjoint, map(self._lemmatizer.meant_by, lemmas)))

    def matches(self, pattern: str, flags: int = 0) -> bool:
        """Does the whole command match the regular expression (``re.fullmatch``)?"""
        return re.fullmatch(pattern, self.command, flags) is not None

    def lemma(self, word: str) -> str:
        """The dictionary form of a word, by the analyzer of the skill; beyond what people say, the word itself.

        A request of hundreds of words, or of many that no dictionary knows, is read up to the limits in `morphology`.
        """
        return self._read(word).lemma

    @property
    def _read(self) -> Callable[[str], morphology.Word]:
        if self._reader is None:
            self._reader = morphology.reader(self._lemmatizer, self.command)
        return self._reader

    def __repr__(self) -> str:
        return f"Request({without_secrets(dict(self))!r})"


class RequestProxy:
    """Stands for the request of the current turn, whenever it is asked. It may be kept and passed on."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return Request  # isinstance(request, Request) holds
        if name.startswith("__"):
            return super().__getattribute__(name)  # what Python asks of any object, outside of turns too
        return getattr(_current_request(), name)

    def __getitem__(self, key: str) -> Any:
        return _current_request()[key]

    def __contains__(self, key: object) -> bool:
        return key in _current_request()

    def __iter__(self) -> Iterator[str]:
        return iter(_current_request())

    def __len__(self) -> int:
        return len(_current_request())

    def __eq__(self, other: object) -> bool:
        return bool(_current_request() == other)

    def __or__(self, other: dict[str, Any]) -> dict[str, Any]:
        return dict(_current_request()) | other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        current = context.current.get()
        return repr(current.request) if current else "<request: no turn is being handled>"


def _current_request() -> Any:
    current = context.current.get()
    if current is None:
        raise RuntimeError("request means something only while a script runs: no turn is being handled now")
    return current.request


request = cast(Request, RequestProxy())

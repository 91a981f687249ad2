"""What the user did: Request, and the `request` proxy of the current turn.

Requests are immutable to scripts: a change would be lost on replay.
"""

import re
from collections.abc import Callable, ItemsView, Iterator, ValuesView
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn, cast

from . import context, morphology
from .protocol import SECRETS


def _object(value: Any) -> dict[str, Any]:
    """What was sent as an object; an empty one for anything else, so that no script fails over it."""
    return value if isinstance(value, dict) else {}


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise TypeError("a request is immutable: keep what you compute in variables of the script")


def _freeze(value: Any) -> Any:
    if type(value) is dict:
        return Frozen(value)
    return FrozenList(value) if type(value) is list else value


class FrozenList(list[Any]):
    """A list that cannot be changed; its items neither."""

    def __getitem__(self, index: Any) -> Any:
        return _freeze(super().__getitem__(index))

    def __iter__(self) -> Iterator[Any]:
        return map(_freeze, super().__iter__())

    def __reduce_ex__(self, _: Any) -> tuple[type, tuple[tuple[Any, ...]]]:
        return list, (tuple(list.__iter__(self)),)

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = extend = insert = remove = pop = clear = sort = reverse = _refuse


class Frozen(dict[str, Any]):
    """A dict that cannot be changed; what lies in it neither. It prints and dumps as a dict does."""

    def __getitem__(self, key: str) -> Any:
        return _freeze(super().__getitem__(key))

    def get(self, key: str, default: Any = None) -> Any:
        return _freeze(dict.get(self, key, default))

    # a frozen copy is no live view, which mypy would rather see
    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        return {key: self[key] for key in self}.values()

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        return {key: self[key] for key in self}.items()

    def __repr__(self) -> str:
        return repr(_without_secrets(dict(self)))

    def __reduce_ex__(self, _: Any) -> tuple[type, tuple[dict[str, Any]]]:
        return dict, (dict(self),)  # a copy is a plain dict, free to be changed

    __setitem__ = __delitem__ = __ior__ = _refuse
    pop = popitem = clear = update = setdefault = _refuse


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


class Request(Frozen):
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
    def _body(self) -> Frozen:
        return Frozen(dict.get(self, "request") or {})

    @property
    def _session(self) -> Frozen:
        return Frozen(super().get("session") or {})

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

    @property
    def type(self) -> str:
        """``SimpleUtterance``, ``ButtonPressed``, ``Purchase.Confirmation``, ...; empty for account linking."""
        return str(self._body.get("type") or "")

    @property
    def payload(self) -> Any:
        """What the pressed button carries; None without one."""
        return self._body.get("payload")

    @property
    def intents(self) -> dict[str, Any]:
        """Recognised intents: name → {"slots": ...}."""
        return Frozen(_object(_object(self._body.get("nlu")).get("intents")))

    def entities(self, type: str) -> list[Any]:
        """Values of the recognised entities of a type, in order: ``request.entities("YANDEX.NUMBER")``."""
        found = _object(self._body.get("nlu")).get("entities")
        entities = map(_object, found if isinstance(found, list) else [])
        return [entity.get("value") for entity in entities if entity.get("type") == type]

    @property
    def session_id(self) -> str:
        """Names the dialog."""
        return str(self._session["session_id"])

    @property
    def user_id(self) -> str:
        """Names the device or the application the user speaks through; it lasts as long as that is installed.

        The platform has deprecated ``session.user_id``: where it is missing, this is ``session.application``'s id.

        >>> Request({"session": {"session_id": "s", "application": {"application_id": "device"}}}).user_id
        'device'
        """
        session = self._session
        return str(session["user_id"] if "user_id" in session else session["application"]["application_id"])

    @property
    def is_new(self) -> bool:
        """Is it the first request of its session?"""
        return bool(self._session.get("new"))

    @property
    def has_screen(self) -> bool:
        """Can the user see cards and buttons? (Old devices do not say; then no.)"""
        return "screen" in _object(_object(super().get("meta")).get("interfaces"))

    def state(self, scope: str) -> Frozen:
        """What the skill kept with the platform; `scope` is ``session``, ``user`` or ``application``."""
        return Frozen(_object(_object(super().get("state")).get(scope)))

    def __repr__(self) -> str:
        return f"Request({_without_secrets(dict(self))!r})"


def _without_secrets(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: "…" if key in SECRETS else _without_secrets(value) for key, value in data.items()}
    return [_without_secrets(item) for item in data] if isinstance(data, list) else data


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

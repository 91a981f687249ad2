"""How the exception of a step is kept in the journal, and made again for the script. Pure.

Rules:
1. The script gets an exception of the class that was raised, with the same str(), args and attributes, live and on
   replay alike. It is put together from its parts: its __init__, which may want anything, is not called.
2. Parts are args and attributes: of the instance, of __slots__ and of classes written in C (errno, code, start, ...).
   Kept is what consists of JSON, bytes, tuples and exceptions; any other argument becomes its repr (a brief one), any
   other attribute (a response, a socket) is left out. No property is read or set.
3. Nothing an exception does fails the engine, and what one keeps is bounded by MAX_SIZE: a text is cut, an argument
   becomes its repr, an attribute is left out.
4. A class that cannot be found any more, or is no Exception (a SystemExit must not end the server): StepError.
"""

import importlib
import json
import reprlib
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import reduce
from types import BuiltinFunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

from . import protocol
from .errors import StepError

Failure = dict[str, Any]  # {"class": "module:qualname", "text", "args", "attributes"}

#: Characters, of one failure with all its parts: a journal row is no place for a whole page that a service has sent.
MAX_SIZE = 16 * 1024
#: Levels of what lies in a part; nobody's exception is deeper, and JSON of any depth cannot be read everywhere.
MAX_DEPTH = 20
#: Characters of the repr that stands for an argument.
MAX_REPR = 200
#: Characters, about, that the JSON of a failure takes beside its parts.
FRAME = 60

#: Marks a JSON object that stands for something else, which lies in `OF`.
TAG, OF = "$", "of"

_MISSING: Any = object()

# of the root class: a subclass may have made properties of them
_args: Any = vars(BaseException)["args"]
_dict: Any = vars(BaseException)["__dict__"]


def record(error: BaseException) -> Failure:
    """What the journal keeps of an exception: plain JSON that shares nothing with it.

    >>> record(KeyError("a"))
    {'class': 'builtins:KeyError', 'text': "'a'", 'args': ['a'], 'attributes': {}}
    """
    failure: Failure = json.loads(protocol.dumps(_Packer(MAX_SIZE).failure(error)))
    return failure


def rebuild(failure: Failure) -> Exception:
    """The exception a script gets for a recorded one.

    >>> rebuild({"class": "builtins:KeyError", "text": "'a'", "args": ["a"], "attributes": {}})
    KeyError('a')
    >>> rebuild({"class": "gone:Busy", "text": "try later", "args": [], "attributes": {}})
    StepError('gone:Busy: try later')
    """
    make = _assemble if "attributes" in failure else _call
    error: Exception | None = _attempt(make, failure, default=None)
    return error or StepError(f"{failure['class']}: {failure['text']}")


class _Unkept(ValueError):
    """A part cannot be kept: it is no JSON, there is no room, or it contains itself."""


class _Packer:
    """Makes JSON of an exception and its parts while there is room.

    Attributes:
        room: characters that are left.
        path: ids of what encloses the part at hand.
    """

    def __init__(self, room: int, path: tuple[int, ...] = ()) -> None:
        self.room, self.path = room, path

    def failure(self, error: BaseException) -> Failure:
        name = f"{type(error).__module__}:{type(error).__qualname__}"
        self._take(FRAME + len(name))
        text = _cut(_text(error), self.room * 3 // 4)
        self._take(len(text))
        with self._inside(error):
            args = [] if isinstance(error, BaseExceptionGroup) else list(self._arguments(error))
            return {"class": name, "text": text, "args": args, "attributes": dict(self._attributes(error))}

    def _arguments(self, error: BaseException) -> Iterator[Any]:
        for value in _args.__get__(error):
            packed = self._part(value)
            if packed is _MISSING:
                packed = self._part(_repr(value))
            if packed is _MISSING:
                return  # no room even for that
            yield packed

    def _attributes(self, error: BaseException) -> Iterator[tuple[str, Any]]:
        for name, value in _attributes(error):
            packed = self._part(value, len(name))
            if packed is not _MISSING:
                yield name, packed

    def _part(self, value: Any, extra: int = 0) -> Any:
        """The JSON of a part; _MISSING, and the room as it was, if it cannot be kept."""
        room, path = self.room, self.path
        packed = _attempt(lambda: self._take(extra, self._pack(value)))
        if packed is _MISSING:
            self.room, self.path = room, path
        return packed

    def _pack(self, value: Any, sharers: int = 1) -> Any:
        match value:
            case None | bool() | float():
                return self._take(20, value)
            case int():
                return self._take(len(int.__repr__(value)), value)
            case str():
                return self._take(len(value), value)
            case bytes():
                return self._take(len(value), {TAG: "bytes", OF: value.decode("latin-1")})
            case BaseException():
                return {TAG: "exception", OF: self._nested(value, self.room // sharers)}
        with self._inside(value):
            return self._container(value)

    def _container(self, value: Any) -> Any:
        match value:
            case list():
                return self._items(value)
            case tuple():
                return {TAG: "tuple", OF: self._items(value)}
            case dict() if TAG not in value and all(isinstance(key, str) for key in value):
                return {self._pack(key): self._pack(item) for key, item in value.items()}
            case dict():
                return {TAG: "dict", OF: [self._items(pair) for pair in value.items()]}
        raise _Unkept(f"{type(value)} is no JSON")

    def _items(self, values: Collection[Any]) -> list[Any]:
        return [self._pack(value, len(values) - i) for i, value in enumerate(values)]

    def _nested(self, error: BaseException, share: int) -> Failure:
        """An exception within another; those of a group share the room, lest the first takes it all."""
        inner = _Packer(share, self.path)
        failure = inner.failure(error)
        self._take(share - inner.room)
        return failure

    def _take(self, size: int, value: Any = None) -> Any:
        if size > self.room:
            raise _Unkept("no room left")
        self.room -= size
        return value

    @contextmanager
    def _inside(self, value: Any) -> Iterator[None]:
        if id(value) in self.path or len(self.path) > MAX_DEPTH:
            raise _Unkept("it contains itself, or is too deep")
        self._take(2)
        outside, self.path = self.path, (*self.path, id(value))
        yield
        self.path = outside


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    if TAG in value:
        return _UNTAG[value[TAG]](value[OF])
    return {key: _unpack(item) for key, item in value.items()}


_UNTAG: dict[str, Callable[[Any], Any]] = {
    "bytes": lambda text: text.encode("latin-1"),
    "tuple": lambda items: tuple(_unpack(items)),
    "dict": lambda pairs: dict(_unpack(pairs)),
    "exception": rebuild,
}


def _assemble(failure: Failure) -> Exception:
    kind, text = _find(failure["class"]), failure["text"]
    parts = tuple(_unpack(failure["args"])), _unpack(failure["attributes"])
    error = _put_together(kind, *parts)
    if _attempt(str, error) == text and _attempt(repr, error) is not _MISSING:
        return error
    return _put_together(_telling(kind, text), *parts)  # its text was made of what is not there


def _call(failure: Failure) -> Exception:
    """As version 0.1 did it, for its journals: replay must lead where the live run had led."""
    return _find(failure["class"])(*failure["args"])


def _find(name: str) -> type[Exception]:
    """The class called "module:qualname"; imports the module, for on replay the step that did so is not run."""
    place, _, qualname = name.partition(":")
    module = sys.modules.get(place) or importlib.import_module(place)
    kind = reduce(getattr, qualname.split("."), module)
    if not isinstance(kind, type) or not issubclass(kind, Exception):
        raise TypeError(f"{name} is no Exception")
    return kind


def _put_together(kind: type[Exception], args: tuple[Any, ...], attributes: dict[str, Any]) -> Exception:
    error = _allocate(kind, attributes)
    if not isinstance(error, BaseExceptionGroup):
        _args.__set__(error, args)
    outside = _descriptors(kind)
    _dict.__get__(error).update((name, value) for name, value in attributes.items() if name not in outside)
    for name, descriptor in outside.items():
        if name in attributes and _attempt(descriptor.__get__, error) is not attributes[name]:
            _attempt(descriptor.__set__, error, attributes[name])  # what is read-only was set by __new__
    return error


def _allocate(kind: type[Exception], attributes: dict[str, Any]) -> Exception:
    """A bare instance, by the __new__ of the nearest base that is written in C."""
    base: Any = kind
    while not isinstance(vars(base).get("__new__"), BuiltinFunctionType):
        base = base.__base__
    wanted = ("message", "exceptions") if issubclass(kind, BaseExceptionGroup) else ()
    error: Exception = base.__new__(kind, *(attributes[name] for name in wanted))
    return error


def _attributes(error: BaseException) -> Iterator[tuple[str, Any]]:
    for name, descriptor in _descriptors(type(error)).items():
        value = _attempt(descriptor.__get__, error)
        if value is not _MISSING:  # an empty slot
            yield name, value
    yield from [(name, value) for name, value in _dict.__get__(error).items() if isinstance(name, str)]


def _descriptors(kind: type) -> dict[str, Any]:
    """The attributes that lie outside of __dict__, by name: of classes written in C and of __slots__."""
    return {
        name: value
        for base in reversed(kind.__mro__)
        for name, value in vars(base).items()
        if isinstance(value, MemberDescriptorType | GetSetDescriptorType) and name != "args" and name[:2] != "__"
    }


class _Telling:
    """Stands before a class in the bases of one that is made for a single text; the class does not hear of it."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        pass


def _telling(kind: type[Exception], text: str) -> type[Exception]:
    """`kind` again, but its str() is `text`; its repr() shows no more than its args."""
    names: dict[str, Any] = {key: getattr(kind, key) for key in ("__module__", "__qualname__", "__doc__")}
    names |= {"__slots__": (), "__str__": lambda _: text, "__repr__": BaseException.__repr__}
    made: type[Exception] = type.__new__(type(kind), kind.__name__, (_Telling, kind), names)
    return made


def _text(error: BaseException) -> str:
    text = _attempt(str, error)
    return text if text is not _MISSING else "(its str() failed)"


def _repr(value: Any) -> str:
    brief = reprlib.Repr()  # the plain repr of what did not fit may have no end
    brief.maxstring = brief.maxother = MAX_REPR
    text = _attempt(brief.repr, value)
    return _cut(text if text is not _MISSING else object.__repr__(value), MAX_REPR)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(0, most - 1)] + "…"


def _attempt(fn: Callable[..., Any], *args: Any, default: Any = _MISSING) -> Any:
    """What `fn` gives, or `default`: the code of an exception class is run here, and may raise anything."""
    try:
        return fn(*args)
    except Exception:
        return default

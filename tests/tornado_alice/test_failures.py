"""Exceptions of steps: what a script catches is what the step raised, live and on replay."""

import asyncio
import dataclasses
import errno
import http
import io
import json
import ssl
import subprocess
import sys
import urllib.error
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_alice import Skill, StepError, say, step
from tornado_alice.failures import MAX_SIZE, rebuild, record
from tornado_alice.step import failed
from tornado_alice.testing import Dialog


class NoCity(Exception):
    """Makes its message of its argument."""

    def __init__(self, city: str) -> None:
        super().__init__(f"город {city} не найден")
        self.city = city


class Status(Exception):
    """Two arguments, one message."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status


class Silent(Exception):
    """Tells its base nothing: its args are those of the call, its text is its own."""

    def __init__(self, code: int) -> None:
        self.code = code

    def __str__(self) -> str:
        return f"код {self.code}"


class Keywords(Exception):
    """Has no positional arguments."""

    def __init__(self, *, code: int, hint: str = "") -> None:
        super().__init__(f"{code} {hint}")
        self.code, self.hint = code, hint


class Slots(Exception):
    """Keeps its attributes in slots, one of them empty."""

    __slots__ = ("code", "empty", "nothing")

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code, self.nothing = code, None


class Reduced(Exception):
    """Cannot be pickled."""

    def __init__(self, left: int, right: int) -> None:
        super().__init__("сумма", left + right)
        self.left = left

    def __reduce__(self) -> Any:
        raise TypeError("not this one")


class Made(Exception):
    """Has a __new__ of its own."""

    made = 0

    def __new__(cls, *args: Any) -> "Made":
        cls.made += 1
        return super().__new__(cls, *args)

    def __init__(self, code: int) -> None:
        super().__init__(f"код {code}")
        self.code = code


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    """Refuses that its attributes be set."""

    code: int


class Guarded(Exception):
    """Its properties and its __setattr__ are nobody's business."""

    def __init__(self, code: int) -> None:
        super().__init__("закрыто")
        vars(self)["code"] = code

    def __setattr__(self, name: str, value: Any) -> None:
        raise RuntimeError("no")

    @property
    def secret(self) -> str:
        raise RuntimeError("no")


class HTTPError(OSError):
    """As requests has it: an OSError by name, with a response that JSON cannot hold."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.response = kwargs.pop("response", None)
        self.status = 503
        super().__init__(*args, **kwargs)


class DecodeError(HTTPError, json.JSONDecodeError):
    """As requests has it: two bases that are written in C."""

    def __init__(self, *args: Any) -> None:
        json.JSONDecodeError.__init__(self, *args)
        HTTPError.__init__(self, *self.args)


class Dependent(Exception):
    """Its text and its repr need what JSON cannot hold."""

    def __init__(self, reply: object) -> None:
        super().__init__("сбой")
        self.reply = reply

    def __str__(self) -> str:
        return f"сбой: {self.reply.real}"  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"<{self.reply.real}>"  # type: ignore[attr-defined]


class Registered(Exception):
    """Keeps a list of its subclasses and wants a keyword of each."""

    known: list[type] = []

    def __init_subclass__(cls, *, name: str) -> None:
        cls.known.append(cls)

    def __init__(self, city: str) -> None:
        self.city = (city, object())

    def __str__(self) -> str:
        return self.city[0]


class Group(ExceptionGroup[Exception]):
    """A group with more to say."""

    def __new__(cls, message: str, exceptions: list[Exception], code: int) -> "Group":
        made = super().__new__(cls, message, exceptions)
        made.code = code
        return made

    code: int

    def __init__(self, *_: Any) -> None:
        """Takes what __new__ takes."""


class Outer:
    """A class that holds its own exception."""

    class Inner(Exception):
        """Of Outer."""


def noted(error: Exception) -> Exception:
    error.add_note("примечание")
    return error


#: name → a fresh exception, and the attributes that must come through.
RAISED: dict[str, tuple[Callable[[], Exception], dict[str, Any]]] = {
    "no arguments": (lambda: ValueError(), {}),
    "several arguments": (lambda: ValueError("нет", 5, None, [1.5, {"a": True}]), {}),
    "bytes and tuples": (lambda: ValueError(b"\x00\xff", (1, (b"a", [()])), {1: "a", "$": "b"}), {}),
    "repr of a key": (lambda: KeyError("ключ"), {}),
    "message made of an argument": (lambda: NoCity("Урюпинск"), {"city": "Урюпинск"}),
    "status and detail": (lambda: Status(404, "нет"), {"status": 404}),
    "text of its own": (lambda: Silent(7), {"code": 7}),
    "keywords only": (lambda: Keywords(code=5, hint="жди"), {"code": 5, "hint": "жди"}),
    "slots": (lambda: Slots(5), {"code": 5, "nothing": None}),
    "not to be pickled": (lambda: Reduced(1, 2), {"left": 1}),
    "own __new__": (lambda: Made(5), {"code": 5}),
    "frozen dataclass": (lambda: Frozen(5), {"code": 5}),
    "guarded attributes": (lambda: Guarded(5), {"code": 5}),
    "nested class": (lambda: Outer.Inner("внутри"), {}),
    "with a note": (lambda: noted(Status(1, "а")), {"__notes__": ["примечание"]}),
    "enum": (lambda: Status(http.HTTPStatus.NOT_FOUND, "нет"), {"status": 404}),
    "errno": (lambda: OSError(errno.ENOENT, "No such file", "a.txt"), {"errno": 2, "filename": "a.txt"}),
    "OSError without errno": (lambda: OSError("нет сети"), {"errno": None, "strerror": None}),
    "errno and two files": (lambda: FileExistsError(17, "есть", "a", None, "b"), {"filename": "a", "filename2": "b"}),
    "TLS": (lambda: ssl.SSLCertVerificationError(1, "bad certificate"), {"errno": 1, "strerror": "bad certificate"}),
    "as requests": (lambda: HTTPError("503 занято", response=object()), {"status": 503, "errno": None}),
    "two bases of C": (lambda: DecodeError("Expecting value", "{", 1), {"pos": 1, "lineno": 1, "status": 503}),
    "urllib": (
        lambda: urllib.error.HTTPError("http://a/", 404, "Not Found", Message(), io.BytesIO()),
        {"code": 404, "msg": "Not Found", "filename": "http://a/"},
    ),
    "urllib without an answer": (lambda: urllib.error.URLError("нет сети"), {"reason": "нет сети"}),
    "cause in an argument": (lambda: urllib.error.URLError(TimeoutError(110, "долго")), {}),
    "JSON": (
        lambda: json.JSONDecodeError("Expecting value", "{\n1", 2),
        {"msg": "Expecting value", "doc": "{\n1", "pos": 2, "lineno": 2, "colno": 1},
    ),
    "bytes that are no text": (
        lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        {"encoding": "utf-8", "object": b"\xff", "start": 0, "end": 1, "reason": "invalid start byte"},
    ),
    "text that is no ASCII": (
        lambda: UnicodeEncodeError("ascii", "ё", 0, 1, "not in range"),
        {"encoding": "ascii", "object": "ё", "start": 0, "end": 1, "reason": "not in range"},
    ),
    "import": (lambda: ModuleNotFoundError("нет", name="a", path="b"), {"msg": "нет", "name": "a", "path": "b"}),
    "name": (lambda: NameError("x", name="x"), {"name": "x"}),
    "attribute": (lambda: AttributeError("x", name="x", obj={}), {"name": "x", "obj": {}}),
    "syntax": (
        lambda: SyntaxError("плохо", ("a.py", 3, 5, "x = ", 3, 6)),
        {"msg": "плохо", "filename": "a.py", "lineno": 3, "offset": 5, "text": "x = "},
    ),
    "end of a generator": (lambda: StopIteration(5), {"value": 5}),
    "process": (
        lambda: subprocess.CalledProcessError(3, ["ls", "-l"], b"out"),
        {"returncode": 3, "cmd": ["ls", "-l"], "output": b"out", "stderr": None},
    ),
}


def caught(raise_it: Callable[[], Any], **options: Any) -> list[Exception]:
    """What a script catches from a step that raises: live, and when it is replayed after a restart."""
    skill, seen = Skill("failures", **options), []

    def fail() -> None:
        raise raise_it()

    @skill.script
    def run() -> Any:
        try:
            yield step(fail)
        except Exception as error:
            seen.append(error)
        yield say("раз")
        yield say("два")

    with Dialog(skill) as alice:
        assert alice.say() == "раз"
        alice.forget()
        assert alice.say() == "два"
    assert len(seen) == 2
    return seen


@pytest.mark.parametrize("name", RAISED)
def test_exception_arrives_as_what_it_is(name: str) -> None:
    """A script gets an exception of the class that was raised, with its str(), args and attributes; on replay too."""
    make, attributes = RAISED[name]
    raised = make()
    for error in caught(make):
        assert isinstance(error, type(raised)) and type(error).__name__ == type(raised).__name__
        assert str(error) == str(raised) and type(raised).__name__ in repr(error)
        if name != "cause in an argument":
            assert error.args == raised.args
        assert {key: getattr(error, key) for key in attributes} == attributes


def test_empty_slot_stays_empty() -> None:
    """A slot that held nothing holds nothing afterwards."""
    assert not any(hasattr(error, "empty") for error in caught(lambda: Slots(1)))


def test_class_is_not_called() -> None:
    """Neither __init__ nor a __new__ written in Python runs again for the script."""
    before = Made.made
    caught(lambda: Made(5))
    assert Made.made == before + 1


def test_what_json_cannot_hold() -> None:
    """Of what JSON cannot hold an argument becomes its repr, an attribute is left out; the text stays."""
    for error in caught(lambda: HTTPError({1}, "занято", response=object())):
        assert error.args == ("{1}", "занято") and not hasattr(error, "response")
        assert str(error) == "[Errno {1}] занято"


def test_text_made_of_what_is_gone() -> None:
    """str() stays what it was even where its parts cannot be kept; repr() works; the class hears of no subclass."""
    for error in caught(lambda: Dependent(5 + 1j)):
        assert isinstance(error, Dependent) and str(error) == "сбой: 5.0" and repr(error) == "Dependent('сбой')"
    for error in caught(lambda: Registered("Тверь")):
        assert isinstance(error, Registered) and str(error) == "Тверь"
        assert (type(error).__qualname__, type(error).__module__) == ("Registered", __name__)
    assert Registered.known == []


def test_groups() -> None:
    """A group comes with its exceptions, each as what it is; `except*` and split() work on it."""
    for error in caught(lambda: ExceptionGroup("оба", [Status(404, "нет"), ExceptionGroup("в", [KeyError("a")])])):
        assert isinstance(error, ExceptionGroup) and str(error) == "оба (2 sub-exceptions)"
        missing, rest = error.split(Status)
        assert missing is not None and isinstance(missing.exceptions[0], Status) and rest is not None
        assert str(missing.exceptions[0]) == "404: нет" and isinstance(rest.exceptions[0], ExceptionGroup)
        assert list(error.args[1]) == list(error.exceptions)
    for error in caught(lambda: Group("один", [ValueError("а")], 7)):
        assert isinstance(error, Group) and error.code == 7 and repr(error.exceptions) == "(ValueError('а'),)"


def test_group_of_many() -> None:
    """The exceptions of a group share the room: long ones do not push out the others."""
    texts = ["x" * 50_000] * 3 + [str(n) for n in range(40)]
    for error in caught(lambda: ExceptionGroup("все", [ValueError(text) for text in texts])):
        assert isinstance(error, ExceptionGroup) and [str(inner) for inner in error.exceptions[3:]] == texts[3:]
        assert all(str(inner).startswith("x" * 100) for inner in error.exceptions[:3])


def local() -> Exception:
    class Odd(Exception):
        """Cannot be found by its name."""

    return Odd("странно")


@pytest.mark.parametrize("odd", [local(), SystemExit(3), asyncio.CancelledError("стоп"), KeyboardInterrupt()])
def test_class_that_cannot_be_had(odd: BaseException) -> None:
    """A class that cannot be found by name, or is no Exception, comes as StepError with name and text."""
    error = rebuild(record(odd))
    assert type(error) is StepError
    assert str(error) == f"{type(odd).__module__}:{type(odd).__qualname__}: {odd}"


def test_module_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class of a module that only the step imports is found in a new process; StepError when it is gone."""
    (tmp_path / "lazily_imported.py").write_text("class Busy(Exception):\n    pass\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    def busy() -> Exception:
        import lazily_imported  # type: ignore[import-not-found]

        return lazily_imported.Busy("позже")

    failure = record(busy())
    del sys.modules["lazily_imported"]
    assert type(rebuild(failure)).__name__ == "Busy"
    (tmp_path / "lazily_imported.py").write_text("1 / 0", "utf-8")
    del sys.modules["lazily_imported"]
    sys.path_importer_cache.clear()
    assert repr(rebuild(failure)) == "StepError('lazily_imported:Busy: позже')"


@pytest.mark.parametrize(
    ("failure", "want"),
    [
        ({"class": "builtins:OSError", "args": [2, "нет"], "text": "[Errno 2] нет"}, FileNotFoundError(2, "нет")),
        (
            {"class": f"{__name__}:Status", "args": ["404: нет"], "text": "404: нет"},
            StepError(f"{__name__}:Status: 404: нет"),
        ),
        ({"class": "builtins:SystemExit", "args": [], "text": ""}, StepError("builtins:SystemExit: ")),
    ],
)
def test_rows_of_the_first_release(failure: dict[str, Any], want: Exception) -> None:
    """A failure recorded without attributes leads where it led then: its class called with args, or StepError."""
    error = rebuild(failure)
    assert (type(error), str(error)) == (type(want), str(want))


class Hostile(Exception):
    """Whatever is asked of it raises."""

    def _no(self, *_: Any) -> Any:
        raise RuntimeError("no")

    __str__ = __repr__ = __getattr__ = __setattr__ = __eq__ = __reduce__ = _no  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]
    args = property(_no)  # type: ignore[assignment]
    __dict__ = property(_no)  # type: ignore[assignment]


def knotted() -> Exception:
    error, ring = ValueError("узел"), [1]
    ring.append(ring)  # type: ignore[arg-type]
    error.ring, error.me, error.code = ring, {"me": error}, 7  # type: ignore[attr-defined]
    return error


def test_hostile_exception_fails_nothing(logs: Any) -> None:
    """An exception all of whose methods raise is caught by its class, and its repr works afterwards."""
    for error in caught(lambda: Hostile("а")):
        assert isinstance(error, Hostile) and str(error) == "(its str() failed)" and repr(error) == "Hostile('а')"


def test_parts_that_contain_themselves() -> None:
    """An attribute that leads back to itself, or to the exception, is left out; the others stay."""
    for error in caught(knotted):
        assert vars(error) == {"code": 7} and error.args == ("узел",)


def doubled(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    "part",
    ["x" * 10**6, b"x" * 10**6, list(range(10**5)), doubled(18), doubled(500), {"a" * 10**5: 1}, 10**5000, 1 << 70_000],
    ids=["text", "bytes", "list", "wide", "deep", "key", "number", "larger number"],
)
def test_size_is_bounded(part: Any) -> None:
    """A huge attribute is left out and a huge argument is a short repr, while the small ones beside them stay."""
    raised = Silent(404)
    raised.before, raised.page, raised.after = 1, part, 2  # type: ignore[attr-defined]
    assert vars(rebuild(record(raised))) == {"code": 404, "before": 1, "after": 2}
    raised.args = ("нет", part, 5)
    failure = record(raised)
    assert len(json.dumps(failure)) < 2 * MAX_SIZE
    args = rebuild(failure).args
    assert (args[0], args[2]) == ("нет", 5) and len(args[1]) <= 200


def test_text_is_cut() -> None:
    """A text longer than a failure may be is cut, and is that long for the script, live and replayed alike."""
    live, replayed = caught(lambda: ValueError("x" * 10**6))
    assert str(live) == str(replayed) and 10_000 < len(str(live)) <= MAX_SIZE and str(live).endswith("x…")
    assert len(json.dumps(record(Exception(*range(10**5))))) < 2 * MAX_SIZE


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.just("$") | st.integers() | st.binary(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name != "args" and not name.startswith("__"))


@given(args=st.lists(VALUES, max_size=4), attributes=st.dictionaries(NAMES, VALUES, max_size=4))
def test_parts_come_through_unchanged(args: list[Any], attributes: dict[str, Any]) -> None:
    """args and attributes of JSON, bytes and tuples come back the same, types included, and shared by nobody."""
    raised = Reduced(1, 2)
    raised.args = tuple(args)
    vars(raised).update(attributes)
    text = json.dumps(failed(raised)["error"])
    error = rebuild(json.loads(text))
    assert repr(error.args) == repr(raised.args) and repr(vars(error)) == repr(vars(raised))
    assert str(error) == str(raised)
    again = rebuild(json.loads(text))
    assert not shared(vars(error), vars(again))


def shared(left: Any, right: Any) -> bool:
    """Is a list or dict in one of them the very object that the other has there?"""
    if isinstance(left, list | tuple):
        return any(map(shared, left, right)) or (left is right and isinstance(left, list))
    if isinstance(left, dict):
        return left is right or any(map(shared, left.values(), right.values()))
    return False


def subclasses(kind: type[Exception]) -> set[type[Exception]]:
    return {kind}.union(*(subclasses(inner) for inner in kind.__subclasses__()))


def loaded() -> list[type[Exception]]:
    """The exception classes of the standard library and of what is installed that can be found by their names."""
    kinds = []
    for kind in subclasses(Exception):
        place = sys.modules.get(kind.__module__)
        if getattr(place, kind.__qualname__, None) is kind and not kind.__module__.startswith(__name__):
            kinds.append(kind)
    return sorted(kinds, key=lambda kind: (kind.__module__, kind.__qualname__))


def test_every_class_that_is_loaded() -> None:
    """Every exception class of this process that takes a text or two comes back as itself with its text and args."""
    tried = 0
    for kind in loaded():
        for args in (("текст",), (5, "текст"), ()):
            try:
                raised = kind(*args)
                text = str(raised)
            except Exception:  # it wants something else
                continue
            error = rebuild(record(raised))
            assert isinstance(error, kind) and str(error) == text, kind
            assert list(map(str, error.args)) == list(map(str, raised.args)) or error.args[1:] == raised.args[1:], kind
            tried += 1
    assert tried > 300

"""Scenario files: YAML, as yandex-dialogs-client has them, and more.

    привет:                      # a list: what the user says and what the skill answers, in turn
      - ""                       # the launch; without it the skill is launched first, and that answer is not checked
      - Добрый день! Как вас зовут?
      - Анна
      - contains: любите
        buttons: [Кошек, Собак]
      - tap: Кошек
      - tests: [{one_of: [Хорошо!, Отлично!]}, {not_contains: Пока}]
    колонка:                     # options: a person and a device of their own
      screen: false
      steps: [...]

One person talks in all lists of a file, one after another; each list begins a new session, and so do the words after
the end of a session. `export` writes what was recorded: its ``seed`` makes the script draw the same again.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import SettingsError
from .answer import Answer
from .scenario import TESTS, Does, Expected, Scenario, Step

#: What the user does, as the key of a mapping.
DOES = ("say", "enter", "tap", "event", "command")
#: Options of a scenario, beside its steps.
OPTIONS = ("screen", "logged_in", "timezone", "seed")


def find(place: Path) -> list[Path]:
    """The scenario files that a path means: itself, or all in a folder.

    Raises:
        SettingsError: there is none.
    """
    files = sorted(path for path in place.rglob("*") if path.suffix in (".yml", ".yaml")) if place.is_dir() else [place]
    if not files or not files[0].is_file():
        raise SettingsError(f"{place}: no scenario file there; name a .yml file, or a folder with some")
    return files


def read(file: Path) -> list[Scenario]:
    """The scenarios of a file.

    Raises:
        SettingsError: what is wrong, its line, and what is allowed.
    """
    yaml = load_yaml()
    try:
        root = yaml.compose(file.read_text("utf-8"), yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        hint = "Texts with punctuation may need quotes"
        raise SettingsError(f"{file}:{line}: no YAML: {error.problem}. {hint}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: no YAML in UTF-8: {error}") from None
    return list(_Reader(str(file), yaml).scenarios(root))


def export(name: str, seed: str, turns: list[tuple[Does, Answer]]) -> str:
    """A file with one scenario: what the user did, and what was answered."""
    steps: list[Any] = []
    for i, (does, answer) in enumerate(turns):
        more = ({"buttons": answer.buttons} if answer.buttons else {}) | ({"ended": True} if answer.ended else {})
        steps += [_written(does, is_first=i == 0), {"exact": str(answer)} | more if more else str(answer)]
    whole = {name: {"seed": seed, "steps": steps}}
    written: str = load_yaml().safe_dump(whole, allow_unicode=True, sort_keys=False, width=120)
    return written


def _written(does: Does, is_first: bool) -> Any:
    if does.kind == "say" or (is_first and does == Does("enter", "")):
        return does.text
    return {does.kind: does.text} | does.fields


def load_yaml() -> ModuleType:
    """The library, only now: a server needs none.

    Raises:
        SettingsError: it is not installed.
    """
    try:
        return import_module("yaml")
    except ModuleNotFoundError:
        raise SettingsError("scenario files need PyYAML: pip install 'tornado_alice[dev]'") from None


class _Reader:
    """Reads the nodes of one file: they know their lines, and texts stay as written ("да", 12 and yes alike)."""

    def __init__(self, file: str, yaml: ModuleType) -> None:
        self._file, self._yaml = file, yaml

    def _wrong(self, node: Any, problem: str) -> SettingsError:
        return SettingsError(f"{self._file}:{_line(node)}: {problem}")

    def scenarios(self, root: Any) -> Iterator[Scenario]:
        if root is None:
            return
        names = set()
        for key, node in self._pairs(root, "the names of scenarios, each with its phrases"):
            if key.value in names:
                raise self._wrong(key, f"a second scenario {key.value!r}; each needs a name of its own")
            names.add(key.value)
            yield self._scenario(key, node)

    def _scenario(self, key: Any, node: Any) -> Scenario:
        device = None
        if isinstance(node, self._yaml.MappingNode):
            parts = self._fields(node, ("steps", *OPTIONS))
            if "steps" not in parts:
                raise self._wrong(node, f"{key.value!r} has no steps")
            node = parts.pop("steps")
            device = {name: self._option(name, part) for name, part in parts.items()}
        entries = self._list(node, f"{key.value!r} is a list: what the user says and what the skill answers, in turn")
        steps = []
        for said, answered in zip(entries[::2], [*entries[1::2], None], strict=False):
            steps.append(Step(_line(said), self._does(said), () if answered is None else self._expected(answered)))
        return Scenario(key.value, self._file, _line(key), tuple(steps), device)

    def _option(self, name: str, node: Any) -> Any:
        return self._flag(node) if name in ("screen", "logged_in") else self._text(node)

    def _does(self, node: Any) -> Does:
        if isinstance(node, self._yaml.ScalarNode):
            return Does("say", node.value)
        fields = {key.value: value for key, value in self._pairs(node, "a phrase, or one of " + ", ".join(DOES))}
        kinds = [kind for kind in DOES if kind in fields]
        if len(kinds) != 1:
            got = ", ".join(fields) or "nothing"
            raise self._wrong(node, f"here the user does something: a phrase, or one of {', '.join(DOES)}; got {got}")
        kind, text = kinds[0], self._text(fields.pop(kinds[0]))
        values = {name: self._value(value) for name, value in fields.items()}
        if kind == "command":  # of yandex-dialogs-client: a request by its fields
            if values.get("payload"):
                return Does("event", "ButtonPressed", {"payload": values["payload"]})
            return Does("say", text)
        if values and kind != "event":
            raise self._wrong(node, f"{kind} stands alone, got {', '.join(fields)} beside it")
        return Does(kind, text, values)

    def _expected(self, node: Any) -> tuple[Expected, ...]:
        if isinstance(node, self._yaml.ScalarNode):
            return (Expected("exact", node.value),)
        fields = self._pairs(node, "a text, or one or more of " + ", ".join(TESTS))
        found: list[Expected] = []
        for key, value in fields:
            if key.value == "tests":  # of yandex-dialogs-client: a list of mappings, or one
                parts = value.value if isinstance(value, self._yaml.SequenceNode) else [value]
                found += [one for part in parts for one in self._expected(part)]
            elif key.value in TESTS:
                found.append(Expected(key.value, self._wanted(key.value, value)))
            else:
                raise self._wrong(key, f"nothing expects {key.value!r}; there are {', '.join(TESTS)}")
        return tuple(found)

    def _wanted(self, name: str, node: Any) -> Any:
        if name == "ended":
            return self._flag(node)
        if name in ("exact", "matches"):
            return self._pattern(node) if name == "matches" else self._text(node)
        return [self._text(node)] if isinstance(node, self._yaml.ScalarNode) else self._texts(node, name)

    def _pattern(self, node: Any) -> str:
        try:
            re.compile(self._text(node))
        except re.error as error:
            raise self._wrong(node, f"matches: no regular expression: {error}") from None
        return self._text(node)

    def _texts(self, node: Any, name: str) -> list[str]:
        return [self._text(one) for one in self._list(node, f"{name} is a text or a list of texts")]

    def _text(self, node: Any) -> str:
        if not isinstance(node, self._yaml.ScalarNode):
            raise self._wrong(node, "expected a text; put quotes around one that holds : or {")
        return str(node.value)

    def _flag(self, node: Any) -> bool:
        value = self._value(node)
        if not isinstance(value, bool):
            raise self._wrong(node, f"expected true or false, got {value!r}")
        return value

    def _value(self, node: Any) -> Any:
        return self._yaml.SafeLoader("").construct_document(node)

    def _list(self, node: Any, what: str) -> list[Any]:
        if not isinstance(node, self._yaml.SequenceNode):
            raise self._wrong(node, what)
        return list(node.value)

    def _pairs(self, node: Any, what: str) -> list[tuple[Any, Any]]:
        if not isinstance(node, self._yaml.MappingNode):
            raise self._wrong(node, f"expected {what}")
        for key, _ in node.value:
            self._text(key)
        return list(node.value)

    def _fields(self, node: Any, allowed: tuple[str, ...]) -> dict[str, Any]:
        fields = {}
        for key, value in self._pairs(node, " and ".join(allowed)):
            if key.value not in allowed:
                raise self._wrong(key, f"{key.value!r}: there are {', '.join(allowed)}")
            fields[key.value] = value
        return fields


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1

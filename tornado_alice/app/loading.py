"""Find the Skills that a command line names: ``hello.py``, ``package.module``, either with ``:name``."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from .. import fingerprint
from ..errors import SettingsError
from ..media import forget
from ..remedies import add_remedy
from ..skill import Skill, hosted


def load_skill(script: str) -> Skill:
    """The Skill called ``name`` (default ``skill``) in a file or module.

    Raises:
        SettingsError: no such file, module or Skill. What the script itself raises comes through, with the remedy if
            one is known.

    >>> load_skill("tornado_alice.examples.survey").name
    'tornado_alice.examples.survey'
    """
    return load_skills([script])[0]


def load_skills(scripts: Sequence[str]) -> list[Skill]:
    """The Skills of several scripts for one process; a file or module that several of them name is loaded once.

    Raises:
        SettingsError: as `load_skill`; two files would be one module, or have different neighbours of one name.
    """
    modules: dict[str, ModuleType] = {}
    for place in dict.fromkeys(script.partition(":")[0] for script in scripts):
        same = next((other for other in modules if _stem(other) == _stem(place)), None)
        if same is not None:
            raise SettingsError(f"{same} and {place}: one process has one module of a name; rename one of them")
        _check_neighbours([*modules, place])  # before and after: the script may fail for what it has got
        modules[place] = _load(place)
        _check_neighbours(list(modules))
    parts = [script.partition(":") for script in scripts]
    return [_find(modules[place], place, name or "skill") for place, _, name in parts]


def reloader(script: str | None, skill: Skill) -> Callable[[], Skill | None]:
    """A function that gives the Skill of a script anew if one of its own files has changed since the last call.

    Args:
        script: what the command line names; nothing changes where it names none.
        skill: as it was loaded.
    """
    seen = stamps(_own(skill))

    def reload() -> Skill | None:
        nonlocal skill, seen
        if script is None or (now := stamps(_own(skill))) == seen:
            return None
        seen = now  # also if it cannot be loaded: that is told once
        forget()
        own = set(_own(skill))
        for name, module in list(sys.modules.items()):
            if getattr(module, "__file__", None) in own:
                del sys.modules[name]
        skill = load_skill(script)
        seen = stamps(_own(skill))
        return skill

    return reload


def stamps(files: Iterable[str | Path]) -> dict[str | Path, int]:
    """When each file was changed, in nanoseconds; one that is not there is left out."""
    found = {}
    for file in files:
        with suppress(FileNotFoundError):  # an editor puts a new file in the old one's place
            found[file] = os.stat(file).st_mtime_ns
    return found


def _own(skill: Skill) -> list[str]:
    return fingerprint.files(skill.dialogs.script.fn)


def script_name(script: str) -> str:
    """The last word of what a command line names.

    >>> script_name("skills/shop.py"), script_name("company.skills.quiz"), script_name("games.py:chess")
    ('shop', 'quiz', 'chess')
    """
    place, _, name = script.partition(":")
    return name or place.removesuffix(".py").replace("/", ".").rpartition(".")[2]


def _stem(place: str) -> str:
    return Path(place).stem if place.endswith(".py") else place


def _check_neighbours(places: list[str]) -> None:
    """Python keeps modules by name: the second script would get the first one's neighbour for its own."""
    folders = {Path(place).resolve().parent for place in places if place.endswith(".py")}
    if len(folders) < 2:
        return
    for name, module in list(sys.modules.items()):
        file = Path(getattr(module, "__file__", None) or ".")
        home = file.parent.parent if file.name == "__init__.py" else file.parent
        if "." in name or home not in folders:
            continue
        for folder in folders:
            others = [path for path in (folder / f"{name}.py", folder / name / "__init__.py") if path.exists()]
            if folder != home and others:
                raise SettingsError(f"{file} and {others[0]}: one process has one module of a name; rename one of them")


def _load(place: str) -> ModuleType:
    token = hosted.set(True)
    try:
        return _load_file(Path(place)) if place.endswith(".py") else _load_module(place)
    except Exception as error:
        add_remedy(error)
        raise
    finally:
        hosted.reset(token)


def _find(module: ModuleType, place: str, name: str) -> Skill:
    found = getattr(module, name, None)
    if not isinstance(found, Skill):
        names = [key for key, value in vars(module).items() if isinstance(value, Skill)]
        hint = (
            f"it has {', '.join(names)}: write {place}:{names[0]}" if names else "write skill = Skill(__name__) there"
        )
        raise SettingsError(f"{place} has no Skill called {name}; {hint}")
    return found


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise SettingsError(f"there is no file {path}; name a script, for example hello.py")
    sys.path.insert(0, str(path.resolve().parent))  # a script imports its neighbours, as with `python hello.py`
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None, "a .py file has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # inspect and exceptions of recorded steps look there
    spec.loader.exec_module(module)
    return module


def _load_module(name: str) -> ModuleType:
    sys.path.insert(0, "")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
            raise  # the script was found; something it needs was not
        raise SettingsError(f"there is no module {name}; a file needs its .py: {name}.py") from None

"""Find the Skill that a command line names: ``hello.py``, ``package.module``, either with ``:name``."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from ..errors import SettingsError
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
    place, _, name = script.partition(":")
    token = hosted.set(True)
    try:
        module = _load_file(Path(place)) if place.endswith(".py") else _load_module(place)
    except Exception as error:
        add_remedy(error)
        raise
    finally:
        hosted.reset(token)
    found = getattr(module, name or "skill", None)
    if not isinstance(found, Skill):
        names = [key for key, value in vars(module).items() if isinstance(value, Skill)]
        hint = (
            f"it has {', '.join(names)}: write {place}:{names[0]}" if names else "write skill = Skill(__name__) there"
        )
        raise SettingsError(f"{place} has no Skill called {name or 'skill'}; {hint}")
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

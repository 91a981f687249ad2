"""The version of a script is the source it is made of."""

import sys
from pathlib import Path

import pytest

from tornado_alice import Skill, fingerprint
from tornado_alice.app.loading import load_skill

SCRIPT = """
from tornado_alice import *

def run():
    yield say('Здравствуйте!')
"""


def test_version_is_the_source_of_the_module(tmp_path: Path) -> None:
    """Scripts get their version from their file: it changes when the file does, and only then."""
    path, versions = tmp_path / "versioned_script.py", []
    for text in (SCRIPT, SCRIPT, SCRIPT + "\n# more\n"):
        path.write_text(text + "\nskill = Skill(__name__)\nskill.script(run)\n", "utf-8")
        versions.append(load_skill(str(path)).dialogs.script.version)
    assert versions[0] == versions[1] != versions[2]


def test_version_covers_the_modules_beside_the_script(tmp_path: Path) -> None:
    """A change in a module that the script imports from its own folder is a change of its version."""
    source = "import {helper}\nfrom tornado_alice import *\nskill = Skill('v')\n"
    source += "@skill.script\ndef run():\n  yield say('a')\n"
    versions = []
    for name, phrase in (("phrases_a", "1"), ("phrases_b", "1"), ("phrases_c", "2")):
        (tmp_path / f"{name}.py").write_text(f"PHRASE = {phrase}\n")
        (tmp_path / f"using_{name}.py").write_text(source.format(helper=name).replace(name, name, 1))
        versions.append(load_skill(str(tmp_path / f"using_{name}.py")).dialogs.script.version)
    assert len(set(versions)) == 3


FILES = {
    "main.py": "from texts import HELLO\nimport pack.inner\n"
    "from tornado_alice import Skill, say\nskill = Skill(__name__)\n@skill.script\ndef run():\n  yield say(HELLO)\n",
    "texts.py": "HELLO = 'привет'\n",
    "pack/__init__.py": "from . import helper\n",
    "pack/inner.py": "from pack.helper import roll\n",
    "pack/helper.py": "def roll():\n  from random import randint\n  return randint(1, 9)\n",
    "unrelated.py": "HELLO = 'никто меня не зовёт'\n",
    ".venv/lib/installed.py": "x = 1\n",
}


def load(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: str) -> Skill:
    for name, source in (FILES | changes).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source, "utf-8")
    for name in ("main", "texts", "pack", "pack.inner", "pack.helper"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(folder))
    return load_skill(str(folder / "main.py"))


def test_own_modules_are_all_imported_ones_in_the_folder_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names imported from a module, packages below, helpers of helpers: they are the script's own; nothing else is."""
    fn = load(tmp_path, monkeypatch).dialogs.script.fn
    own = {str(Path(file).relative_to(tmp_path)) for file in fingerprint.files(fn)}
    assert own == {"main.py", "texts.py", "pack/__init__.py", "pack/inner.py", "pack/helper.py"}


@pytest.mark.parametrize("name", list(FILES))
def test_the_version_is_that_of_all_own_modules(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One mended word in any of the script's own modules is another version; in any other file it is not."""
    before = load(tmp_path, monkeypatch).dialogs.script.version
    after = load(tmp_path, monkeypatch, **{name: FILES[name] + "# mended\n"}).dialogs.script.version
    assert (before != after) == (name not in ("unrelated.py", ".venv/lib/installed.py"))

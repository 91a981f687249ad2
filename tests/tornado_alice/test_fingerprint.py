"""The version of a script is the source it is made of."""

from pathlib import Path

SCRIPT = """
from tornado_alice import *

def run():
    yield say('Здравствуйте!')
"""


def test_version_is_the_source_of_the_module(tmp_path: Path) -> None:
    """Scripts get their version from their file: it changes when the file does, and only then."""
    from tornado_alice.app.loading import load_skill

    path, versions = tmp_path / "versioned_script.py", []
    for text in (SCRIPT, SCRIPT, SCRIPT + "\n# more\n"):
        path.write_text(text + "\nskill = Skill(__name__)\nskill.script(run)\n", "utf-8")
        versions.append(load_skill(str(path)).dialogs.script.version)
    assert versions[0] == versions[1] != versions[2]


def test_version_covers_the_modules_beside_the_script(tmp_path: Path) -> None:
    """A change in a module that the script imports from its own folder is a change of its version."""
    from tornado_alice.app.loading import load_skill

    source = "import {helper}\nfrom tornado_alice import *\nskill = Skill('v')\n"
    source += "@skill.script\ndef run():\n  yield say('a')\n"
    versions = []
    for name, phrase in (("phrases_a", "1"), ("phrases_b", "1"), ("phrases_c", "2")):
        (tmp_path / f"{name}.py").write_text(f"PHRASE = {phrase}\n")
        (tmp_path / f"using_{name}.py").write_text(source.format(helper=name).replace(name, name, 1))
        versions.append(load_skill(str(tmp_path / f"using_{name}.py")).dialogs.script.version)
    assert len(set(versions)) == 3

"""SCRIPT of the command line: files, modules, and what is no script."""

from pathlib import Path

import pytest
from talking import run

from tornado_alice.app.cli import main


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nothing.py"], "SettingsError: there is no file nothing.py; name a script, for example hello.py"),
        (["nothing"], "SettingsError: there is no module nothing; a file needs its .py: nothing.py"),
        (["json"], "SettingsError: json has no Skill called skill; write skill = Skill(__name__) there"),
        (
            ["tornado_alice.examples.survey:other"],
            "has no Skill called other; it has skill: write tornado_alice.examples.survey:skill",
        ),
    ],
)
def test_script_that_is_not_there(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A script that cannot be found is named, with what to write instead; exit status 1."""
    assert main([*words, "--data-dir", str(tmp_path)]) == 1
    assert says in capsys.readouterr().err


def test_script_with_its_own_run_line(tmp_path: Path) -> None:
    """skill.run() at the end of a script does nothing when the command line serves it."""
    path = tmp_path / "old.py"
    path.write_text(
        "from tornado_alice import *\nskill = Skill(__name__)\n@skill.script\ndef run():\n  yield say('я тут')\n"
        "skill.run(port='5000', debug=True)\n",
        "utf-8",
    )
    assert "я тут" in run("chat", str(path), "--data-dir", str(tmp_path)).stdout

"""What an author sees of an exception: the frames of the script; with --debug the engine's too."""

import logging
import re
import sys
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from talking import run

from tornado_alice import Skill, say
from tornado_alice.app.loading import load_skill
from tornado_alice.testing import Dialog

HEAD = "from tornado_alice import Skill, say\n\nskill = Skill(__name__)\n\n"
SYNTAX_ERROR = HEAD + "@skill.script\ndef run():\n    yield say('раз'\n"
RAISES = HEAD + (
    "import json\n\ndef order(text):\n    return json.loads(text)\n\n"
    "@skill.script\ndef run():\n    yield say('раз')\n    yield say(order('{'))\n"
)
BROKEN_FILES = {
    "syntax error": (
        SYNTAX_ERROR,
        """  File "{path}", line 7
    yield say('раз'
             ^
SyntaxError: '(' was never closed
""",
    ),
    "raises": (
        HEAD + "import json\njson.loads('{')\n",
        """Traceback (most recent call last):
  File "{path}", line 6, in <module>
    json.loads('{')
json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)
""",
    ),
    "@skill": (
        HEAD + "@skill\ndef run():\n    yield say('раз')\n",
        """Traceback (most recent call last):
  File "{path}", line 5, in <module>
    @skill
     ^^^^^
tornado_alice.errors.ScriptError: write @skill.script before run, not @skill
""",
    ),
    "@skill.script()": (
        HEAD + "@skill.script()\ndef run():\n    yield say('раз')\n",
        """Traceback (most recent call last):
  File "{path}", line 5, in <module>
    @skill.script()
     ^^^^^^^^^^^^^^
tornado_alice.errors.ScriptError: write @skill.script before a function, without parentheses
""",
    ),
    "no yield": (
        HEAD + "@skill.script\ndef run():\n    return say('раз')\n",
        """Traceback (most recent call last):
  File "{path}", line 5, in <module>
    @skill.script
     ^^^^^^^^^^^^
tornado_alice.errors.ScriptError: <function run at 0x> is no script: write a function with `yield say(...)`, \
or `async def` with `await say(...)`
""",
    ),
}


@pytest.mark.parametrize("mistake", BROKEN_FILES)
def test_a_file_that_cannot_be_loaded_is_shown_in_its_own_lines(mistake: str, tmp_path: Path) -> None:
    """A script that cannot be loaded: its own frames, the error, the remedy, and nothing of the engine; status 1."""
    source, shown = BROKEN_FILES[mistake]
    path = tmp_path / "broken.py"
    path.write_text(source, "utf-8")
    done = run(str(path), "--port", "0", "--data-dir", str(tmp_path / "data"))
    told = re.sub(r"0x\w+", "0x", re.sub(r"\n +[~^]{12,}(?=\njson)", "", done.stderr))
    assert (told, done.returncode) == (shown.replace("{path}", str(path)), 1)


def test_debug_shows_the_engine_too(tmp_path: Path) -> None:
    """--debug gives the whole traceback of a script that cannot be loaded, and of one that raises."""
    broken, raises = tmp_path / "broken.py", tmp_path / "raises.py"
    broken.write_text(SYNTAX_ERROR, "utf-8")
    raises.write_text(RAISES, "utf-8")
    done = run(str(broken), "--port", "0", "--debug", "--data-dir", str(tmp_path / "data"))
    assert "loading.py" in done.stderr and "SyntaxError" in done.stderr and done.returncode == 1
    told = run("chat", str(raises), "--debug", "--data-dir", str(tmp_path / "data"), stdin="раз\n").stderr
    assert "script.py" in told and "raises.py" in told and "decoder.py" in told


def test_a_script_that_raises_is_logged_in_its_own_lines(tmp_path: Path, logs: Any) -> None:
    """The log line of a failed turn has the frames of the script, not the engine's, nor those of libraries."""
    path = tmp_path / "raises.py"
    path.write_text(RAISES, "utf-8")
    with Dialog(load_skill(str(path))) as alice:
        alice.say()
        assert alice.say("раз").ended
    told = logs.take("the script raised JSONDecodeError")
    frames = re.findall(r'File "(.*)", line (\d+), in (\w+)', told)
    assert frames == [(str(path), "13", "run"), (str(path), "8", "order")]
    assert told.splitlines()[-1].startswith("json.decoder.JSONDecodeError: Expecting property name")


def test_a_reply_that_alice_would_refuse_is_logged_with_its_line(logs: Any) -> None:
    """An error of the engine's own checks needs no frame: its note has the script's line."""
    skill = Skill("wrong")

    @skill.script
    def run_script():
        yield say("")

    with Dialog(skill) as alice:
        assert alice.say().ended
    told = logs.take("the script raised ReplyError")
    assert "Traceback" not in told
    assert f"said at {__file__}:" in told.splitlines()[-1]


def test_a_failure_that_is_not_the_authors_is_shown_whole(logs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no frame is the author's, the traceback hides nothing."""

    monkeypatch.setattr("tornado_alice.limits.normalize", getitem)  # it fails without a frame of Python's
    skill = Skill("fine")

    @skill.script
    def run_script():
        yield say("раз")

    with Dialog(skill) as alice:
        assert alice.say().ended
    assert "session.py" in logs.take("TypeError")


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("import pymorphy2", "the same interface: write import pymorphy3"),
        ("from alice_scripts import Skill", "unchanged: write from tornado_alice import ..."),
    ],
)
def test_modules_of_older_scripts_have_their_remedy(
    line: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that imports what it needed before is told what to import now."""
    for name in ("pymorphy2", "alice_scripts"):  # benchmarks may have installed them
        monkeypatch.setitem(sys.modules, name, None)
    path = tmp_path / "older.py"
    path.write_text(f"{line}\n", "utf-8")
    with pytest.raises(ModuleNotFoundError) as raised:
        load_skill(str(path))
    assert [note.endswith(remedy) for note in raised.value.__notes__] == [True]


def test_old_pymorphy2_in_a_turn_has_its_remedy(logs: Any) -> None:
    """Where pymorphy2 is installed it fails when first used, in the middle of a dialog: the log names the remedy."""
    skill = Skill("old")

    @skill.script
    def run_script():
        yield say("раз")
        raise AttributeError("module 'inspect' has no attribute 'getargspec'")

    with Dialog(skill) as alice:
        alice.say()
        assert alice.say().ended
    assert logs.take("getargspec").splitlines()[-1].endswith("the same interface: write import pymorphy3")


def test_debug_level_logs_the_engine_too(logs: Any, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG, as with skill.run(debug=True), the log line has all frames."""
    skill = Skill("raises")

    @skill.script
    def run_script():
        yield say("раз")
        raise ValueError("мимо")

    with caplog.at_level(logging.DEBUG), Dialog(skill) as alice:
        alice.say()
        alice.say()
    assert "session.py" in logs.take("мимо")

"""The plugin of pytest in a run of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tornado_alice import SettingsError
from tornado_alice.testing.plugin import Alice
from tornado_alice.testing.prompts import Hearing, prompts, unheard

SCRIPT = """
import tornado_alice as ta
from tornado_alice import Skill, ask, say as tell

skill = Skill(__name__)


@skill.command("правила")
def rules():
    return tell("Правил нет.")


def bye():
    return tell("Пока!")


@skill.script
def run_script():
    wanted = yield from ask(
        "Играем?",
        otherwise=tell("Ну ладно."),
    )
    if wanted == "да":
        end = ta.say(
            "Закончим?",
        )
        yield ta.say("Начали.")
        yield end
    return bye()
"""

TESTS = """
def test_yes(alice):
    anna = alice()
    assert anna.enter() == "Играем?"
    assert anna.say("да") == "Начали."
    assert anna.say("дальше") == "Закончим?"


def test_no_prompt(alice):
    assert alice("hello.py").enter() == "Играем?"
"""


def run_pytest(folder: Path, *options: str) -> str:
    """The last lines of a run in `folder`."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


@pytest.mark.slow
def test_prompts_that_no_test_has_heard(tmp_path: Path) -> None:
    """--alice-coverage tells file and line of the prompts nobody heard, over processes too; ini names the script."""
    (tmp_path / "hello.py").write_text(SCRIPT, "utf-8")
    (tmp_path / "test_hello.py").write_text(TESTS, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nalice_script = hello.py\n", "utf-8")
    shown = run_pytest(tmp_path, "--alice-coverage", "-n", "1")
    assert "2 passed" in shown
    lines = [" ".join(line.split()) for line in shown.split("prompts that no test has heard")[1].splitlines()]
    assert lines[1:5] == [
        "hello.py:10 tell('Правил нет.')",
        "hello.py:14 tell('Пока!')",
        "hello.py:21 tell('Ну ладно.')",  # made with the question, said to nobody
        "3 of 6 prompts",
    ]


def test_a_plain_alice_needs_a_script(alice: Alice) -> None:
    """Without a script in the settings (here are none) the error says how to name one."""
    with pytest.raises(SettingsError, match=r"alice\(\) needs a skill: alice\(skill\), or alice_script = hello.py"):
        alice()


def test_prompts_of_a_file(tmp_path: Path) -> None:
    """The calls that make a prompt, under whatever name they were imported."""
    (tmp_path / "hello.py").write_text(SCRIPT, "utf-8")
    found = prompts(str(tmp_path / "hello.py"))
    assert [prompt.code for prompt in found] == [
        "tell('Правил нет.')",
        "tell('Пока!')",
        "ask('Играем?', otherwise=tell('Ну ладно.'))",
        "tell('Ну ладно.')",
        "ta.say('Закончим?')",
        "ta.say('Начали.')",
    ]


def test_what_commands_and_returns_say_is_heard(tmp_path: Path, alice: Alice) -> None:
    """A reply that a command returns, and one that a script returns, are heard like those that are yielded."""
    file = tmp_path / "hello.py"
    file.write_text(SCRIPT, "utf-8")
    hearing = Hearing()
    hearing.start()
    anna = alice(str(file))
    assert [anna.enter(), anna.say("правила"), anna.say("нет")] == ["Играем?", "Правил нет.", "Пока!"]
    hearing.stop()
    left = [prompt.code for prompt in unheard([str(file)], hearing.heard)]
    assert left == ["tell('Ну ладно.')", "ta.say('Закончим?')", "ta.say('Начали.')"]

"""One order of sets for all processes of a journal."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from talking import run

from tornado_alice.app.start import hash_seed

SETS = """
from tornado_alice import Skill, request, say
skill = Skill(__name__)
PETS = {"кошка", "собака", "рыба", "хомяк", "попугай", "черепаха", "мышь"}
@skill.script
def run():
    while True:
        yield say(", ".join(PETS | set(request.command.split())))
"""


@pytest.fixture(autouse=True)
def no_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)


@pytest.mark.slow
def test_a_set_is_said_in_one_order_after_a_restart(serve: Callable[..., object], tmp_path: Path) -> None:
    """A script that joins a set says the same after kill -9, so its dialog goes on."""
    path = tmp_path / "sets.py"
    path.write_text(SETS, "utf-8")
    first = serve(str(path))
    said = [first.say("лев тигр слон", n) for n in range(3)]
    first.kill()
    second = serve(str(path))
    assert second.say("лев тигр слон", 3) == said[0]
    second.kill()
    assert "the journal holds the reply" not in second.errors


def test_the_seed_is_the_journals(tmp_path: Path) -> None:
    """Two commands on one folder have one seed, those on another folder another one; it is never 0."""
    one, same = (hash_seed(["hello.py", "--data-dir", str(tmp_path / "a"), "--port", "0"]) for _ in range(2))
    other = hash_seed(["--data-dir", str(tmp_path / "b")])
    assert one and one == same != other


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["hello.py", "-h"],
        ["chat", "hello.py"],
        ["migrate", "--journal", "postgresql://localhost/alice"],
        ["new", "myskill"],
        ["upload", "media"],
        ["--durability", "memory"],
        ["sessions", "list"],
        ["--data-dir"],
    ],
)
def test_commands_that_use_no_journal_have_none(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Help, the terminal and a journal in memory start once, and make no folder."""
    monkeypatch.chdir(tmp_path)
    assert hash_seed(words) is None
    assert list(tmp_path.iterdir()) == []


def test_a_seed_that_is_set_stays(tmp_path: Path) -> None:
    """PYTHONHASHSEED of the user's own is obeyed."""
    path = tmp_path / "seed.py"
    path.write_text("import os\nprint(os.environ['PYTHONHASHSEED'])\nraise SystemExit(3)\n")
    command = [sys.executable, "-m", "tornado_alice", str(path), "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONHASHSEED": "77"}, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "77\n" and done.returncode == 3


def test_a_damaged_journal_is_told_once(tmp_path: Path) -> None:
    """What is wrong with the journal is told by the command itself, in its words."""
    (tmp_path / "journal.sqlite3").write_bytes(b"no database " * 400)
    shown = run("sessions", "list", "--data-dir", str(tmp_path))
    assert shown.returncode == 1 and shown.stderr.count("JournalError") == 1


def test_scenarios_have_a_seed_of_their_own() -> None:
    """A chat that is recorded and a test that plays it say sets in one order, and touch no journal."""
    assert hash_seed(["test", "scenarios", "hello.py"]) == hash_seed(["chat", "hello.py", "--record=talk.yml"]) == 1

"""`sessions check`: what a deploy does to the sessions under way."""

import asyncio
import io
import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from databases import Postgres
from talking import ask, run

from tornado_alice.app.check import own_skill_ids
from tornado_alice.app.cli import main
from tornado_alice.app.journals import make_archive
from tornado_alice.app.loading import load_skill
from tornado_alice.app.terminal import Bar
from tornado_alice.journal.schema import FIRST
from tornado_alice.skill import Skill

SCRIPT = """
from pathlib import Path
from tornado_alice import Skill, request, say, step

skill = Skill(__name__)
DONE = Path(__file__).with_name("done")

def pay(price):
    with DONE.open("a") as done:
        done.write("paid ")
    return price

@skill.script
def run_script():
    print("begins")
    yield say("Сколько?")
    while True:
        price = yield step(pay, request.command)
        yield say(f"Заплачено {price}. Ещё?")
"""

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the script, changed by replacements; gives its path."""

    def write(*changes: tuple[str, str], name: str = "shop") -> str:
        text = SCRIPT
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / f"{name}.py"
        path.write_text(text, "utf-8")
        return str(path)

    return write


@pytest.fixture(params=["file", "database"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A journal, as --journal names it."""
    if request.param == "file":
        return f"sqlite:{tmp_path / 'journal.sqlite3'}"
    found: str = request.getfixturevalue("database")
    return found


def talk(place: str, script: str, turns: dict[str, int], scope: str = "") -> None:
    """Have sessions of so many turns, all of them still open."""

    async def whole() -> None:
        skill = load_skill(script)
        skill.journal, skill.scope = make_archive(place, Path()), scope
        await skill.start()
        for session, count in turns.items():
            for n in range(count):
                await ask(skill, str(n), n, session)
        await skill.stop()

    asyncio.run(whole())


def check(place: str, script: str, status: int, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What `sessions check --json` tells."""
    capsys.readouterr()
    assert main(["sessions", "check", script, "--journal", place, "--json"]) == status
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_all_go_on(place: str, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A change that old sessions can live with lets all go on: status 0; no step is run and nothing is printed."""
    talk(place, write(), {"a": 3, "b": 1})
    assert (tmp_path / "done").read_text() == "paid paid "
    script = write(("Сколько?", "Сколько ?"))
    told = check(place, script, 0, capsys)
    assert (told["sessions"], told["turns"], told["go_on"], told["differences"]) == (2, 4, 2, [])
    assert main(["sessions", "check", script, "--journal", place]) == 0
    assert capsys.readouterr().out.startswith("2 open sessions (4 turns in ")
    assert (tmp_path / "done").read_text() == "paid paid "


def test_places_where_sessions_differ_are_told_once(
    place: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two sessions that differ at one prompt are one place, with their numbers and the first one's texts; a session
    that has not come there goes on; the status is 1."""
    talk(place, write(), {"a": 2, "b": 3, "c": 1})
    changed = write(("Заплачено {price}. Ещё?", "Спасибо, {price} получено"))
    told = check(place, changed, 1, capsys)
    assert (told["go_on"], told["restart"], told["end"], told["by_function"]) == (1, 2, 0, 0)
    (found,) = told["differences"]
    assert found["place"].endswith("shop.py:19 in run_script")
    first, second = found["sessions"]
    assert found["count"] == 2
    assert found["held"] == "the reply 'Заплачено 1. Ещё?'" and found["now"] == "the reply 'Спасибо, 1 получено'"
    assert main(["sessions", "check", changed, "--journal", place]) == 1
    shown = capsys.readouterr().out
    assert (
        ": 1 go on, 2 restart\n" in shown
        and f": 2 (sessions {first}, {second})\n  turn 1 of {first}: the journal holds" in shown
    )


def test_steps_that_are_renamed_and_effects_without_a_step(
    place: str, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A renamed step differs at its place; an effect outside of a step is refused, not done."""
    talk(place, write(), {"a": 3})
    (found,) = check(place, write(("pay", "charge")), 1, capsys)["differences"]
    assert found["held"] == "a step pay" and found["now"] == "a step charge" and "begin new dialogs" in found["advice"]
    effect = "DONE.with_name('effect').write_text('x')"
    (found,) = check(place, write(('print("begins")', effect)), 1, capsys)["differences"]
    assert "a file opened for writing in a replay" in found["now"]
    assert not (tmp_path / "effect").exists()


def test_on_divergence_tells_what_becomes_of_them(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With "end" they end; a function is not called: it decides when the request is there."""
    place = f"sqlite:{tmp_path / 'journal.sqlite3'}"
    talk(place, write(), {"a": 2})
    renamed = ("pay", "charge")
    script = write(renamed, ("Skill(__name__)", "Skill(__name__, on_divergence='end')"))
    assert check(place, script, 1, capsys)["end"] == 1
    script = write(renamed, ("Skill(__name__)", "Skill(__name__, on_divergence=lambda *_: 1 / 0)"))
    assert check(place, script, 1, capsys)["by_function"] == 1
    assert main(["sessions", "check", script, "--journal", place]) == 1
    assert "0 go on, 1 decided by on_divergence\n" in capsys.readouterr().out


def test_a_script_that_is_gone(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A session that has gone on in another script of the module cannot go on without it."""
    place = f"sqlite:{tmp_path / 'journal.sqlite3'}"
    other = "\n\ndef other():\n    yield say('Другой')\n    yield say('Конец')\n"
    goes = ('yield say("Сколько?")', "yield continue_as_new(other)")
    imports = ("import Skill, request", "import Skill, continue_as_new, request")
    talk(place, write(goes, imports, ("\n\n@skill", f"{other}\n@skill")), {"a": 1, "b": 1})
    (found,) = check(place, write(), 1, capsys)["differences"]
    assert (found["count"], found["turn"]) == (2, None) and "has no 'other' any more" in found["now"]
    assert main(["sessions", "check", write(), "--journal", place]) == 1
    assert "the script as a whole: 2 (sessions 1, " in capsys.readouterr().out


def test_sessions_of_this_script_alone(place: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """In a journal that several skills share, those of the named script are replayed."""
    talk(place, write(), {"a": 2, "b": 1}, scope="shop/")
    talk(place, write(("Сколько?", "Как вас зовут?"), name="quiz"), {"c": 2}, scope="quiz/")
    assert check(place, write(), 0, capsys)["sessions"] == 2
    assert check(place, write(("Сколько?", "Как вас зовут?"), name="quiz"), 0, capsys)["sessions"] == 1
    assert check(place, write(name="new"), 0, capsys)["sessions"] == 0


def test_skill_ids_choose_sessions() -> None:
    """A skill that names its skill_ids has these sessions, whoever else is in the journal."""
    assert own_skill_ids(Skill(skill_ids=["b"]), "shop", ["a", "b", "shop/b"]) == ["b"]


@pytest.mark.slow
def test_a_file_is_only_read(write: Write, tmp_path: Path) -> None:
    """Beside a server that has the journal open, its file and its log stay as they are, byte for byte."""
    path = tmp_path / "data" / "journal.sqlite3"
    path.parent.mkdir()
    talk(f"sqlite:{path}", script := write(), {"a": 3})
    server = sqlite3.connect(path, isolation_level=None)
    server.execute("UPDATE session SET touched = touched + 1")  # it is in the log, and stays there
    files = [path, path.with_name(path.name + "-wal")]
    before = [file.read_bytes() for file in files]
    assert all(before)
    done = run("sessions", "check", script, "--data-dir", str(path.parent))
    assert done.returncode == 0 and done.stdout.startswith("1 open sessions (3 turns"), done.stderr
    assert [file.read_bytes() for file in files] == before
    server.close()


def test_a_database_is_only_read(
    write: Write, postgres: Postgres, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A database in which nothing may be written can be checked."""
    talk(database, script := write(), {"a": 3})
    name = database.rpartition("/journal")[2].partition("?")[0]
    postgres.execute(f"ALTER DATABASE journal{name} SET default_transaction_read_only = on")
    assert check(database, script, 0, capsys)["go_on"] == 1


def test_what_cannot_be_checked_is_left_as_it_is(
    write: Write, tmp_path: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file of an earlier release is refused with the remedy and not migrated; an empty database stays empty."""
    path = tmp_path / "journal.sqlite3"
    conn = sqlite3.connect(path)
    for statement in FIRST:
        conn.execute(statement)
    conn.commit()
    conn.close()
    before = path.read_bytes()
    assert main(["sessions", "check", write(), "--data-dir", str(tmp_path)]) == 1
    assert "is of an earlier release" in capsys.readouterr().err and path.read_bytes() == before
    for _ in range(2):
        assert main(["sessions", "check", write(), "--journal", database]) == 1
        assert "has no tables of a journal" in capsys.readouterr().err


def test_help_tells_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    """A CI learns from --help what to make of the status."""
    with pytest.raises(SystemExit):
        main(["sessions", "check", "--help"])
    assert "Exit status: 0 if all go on; 1 if some do not" in capsys.readouterr().out


def test_bar_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal sees how far it is, and then nothing of it; a file gets nothing."""
    file, terminal = io.StringIO(), io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    for stream in (file, terminal):
        monkeypatch.setattr(sys, "stderr", stream)
        bar = Bar(2000, "sessions")
        bar.show(1000)
        bar.clear()
    assert file.getvalue() == ""
    assert terminal.getvalue() == f"\r[{'#' * 15}{' ' * 15}] 1,000 of 2,000 sessions\r\x1b[K"

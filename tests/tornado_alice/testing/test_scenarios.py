"""Scenario files: read, played, reported, recorded."""

import asyncio
import importlib
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import ServerProcess

from tornado_alice import SettingsError, Skill, button, request, say, suggest
from tornado_alice.app import chat
from tornado_alice.app.cli import main
from tornado_alice.testing import Answer
from tornado_alice.testing.scenario import Does, Scenario
from tornado_alice.testing.scenario_file import export, read
from tornado_alice.testing.scenario_run import Result, journal, play

HELLO = """
from tornado_alice import Skill, request, say, suggest
skill = Skill(__name__)

@skill.script
def run_script():
    yield say("Как вас зовут?", "Кто вы?") if request.has_screen else say("Назовитесь.")
    name = request.command
    yield say(f"{name}, кошки или собаки?", suggest("Кошки", "Собаки"))
    yield say(f"Любите: {request.command}. Пока!", end_session=True)
"""


def talker() -> Skill:
    """A skill that remembers what it has heard, as that of a public project's scenarios does."""
    skill = Skill("talker")
    facts: dict[str, str] = {}

    @skill.script
    def run():
        yield say("Привет! Я умею запоминать.")
        while True:
            match request.command.split():
                case ["запомни", what, *rest]:
                    facts[what] = " ".join(rest)
                    yield say(f"{what} {facts[what]}, поняла")
                case ["что", what]:
                    yield say(facts.get(what, "Я не знаю"))
                case ["пока"]:
                    yield say("До свидания!", end_session=True)
                case []:
                    yield say("Привет", "Здравствуйте")
                case _:
                    yield say("Всегда пожалуйста", suggest("Ещё"), button("Нет", payload={"no": [1, None]}))

    return skill


#: As yandex-dialogs-client and yandex-dialogs-tester document and use them: tests as list and mapping, bare words.
FOREIGN = """
"приветствие": # на верхнем уровне название теста
  - спасибо
  - tests:
      - contains: пожалуйста
      - not_contains: Нет

  - ""
  - tests:
      - one_of:
        - Привет
        - Здравствуйте

"запомни":
  - запомни двор трава
  - двор трава, поняла
  - что двор # бывает и так
  - tests:
      contains: рав
      not_contains: плохо

"помнит из прошлого":
  - что двор
  - tests: [ { contains: трава }]
  - пока
  - До свидания!
  - 12
  - tests: [{ one_of: ["Привет! Я умею запоминать."] }]
  - спасибо
"""


def scenarios(text: str, folder: Path) -> list[Scenario]:
    file = folder / "scenarios.yml"
    file.write_text(text, "utf-8")
    return read(file)


def played(text: str, folder: Path, skill: Skill) -> list[Result]:
    return list(play(scenarios(text, folder), skill))


def test_files_of_a_public_project_are_read_as_they_are(tmp_path: Path) -> None:
    """Their lists, tests and sessions mean what they mean there: one person, new sessions after an end."""
    results = played(FOREIGN, tmp_path, talker())
    assert [(result.scenario.name, result.problem, result.turns) for result in results] == [
        ("приветствие", "", 2),
        ("запомни", "", 2),
        ("помнит из прошлого", "", 4),
    ]


def test_everything_that_can_be_expected(tmp_path: Path) -> None:
    """Each expectation holds where it should; options give a person and device of their own; taps and events."""
    text = """
    всё:
      screen: true
      logged_in: false
      steps:
        - ""
        - {exact: "Привет! Я умею запоминать.", buttons: [], ended: false, matches: "Привет.*"}
        - что-то ещё
        - contains: [Всегда, пожалуйста]
          one_of: Всегда пожалуйста
          not_contains: [Да]
          buttons: [Ещё, Нет]
        - tap: Ещё
        - {}
        - event: Show.Pull
          show_type: MORNING
        - Привет
        - {command: "", payload: {no: 1}}
        - {}
        - пока
        - {ended: true}
        - enter: спасибо
        - contains: Привет
    """
    [result] = played(text.replace("- Привет\n", "- one_of: [Привет, Здравствуйте]\n"), tmp_path, talker())
    assert (result.problem, result.turns) == ("", 7)


@pytest.mark.parametrize(
    ("expected", "problem"),
    [
        ("Привет! Я умею вспоминать.", "- Привет! Я умею вспоминать."),
        ("{contains: дом}", "'дом' is not in 'Привет! Я умею запоминать.'"),
        ("{not_contains: умею}", "'умею' is in 'Привет! Я умею запоминать.'"),
        ("{one_of: [а, б]}", "'Привет! Я умею запоминать.' is none of\n  'а'\n  'б'"),
        ("{matches: Привет}", "'Привет! Я умею запоминать.' does not match 'Привет'"),
        ("{buttons: [Да]}", "buttons: expected ['Да'], got []"),
        ("{ended: true}", "the session should have ended"),
        ("{tests: [{contains: Привет}, {ended: true}]}", "the session should have ended"),
    ],
)
def test_what_does_not_hold_is_told(expected: str, problem: str, tmp_path: Path) -> None:
    """A failure names file, line, what the user did, what was expected and what was said; the scenario ends there."""
    [result] = played(f'один:\n  - ""\n  - {expected}\n  - дальше\n  - {{}}\n', tmp_path, talker())
    assert result.problem.startswith(f"{tmp_path / 'scenarios.yml'}:2 after «»:\n") and problem in result.problem
    assert result.turns == 1


def test_an_exact_text_is_shown_as_a_diff(tmp_path: Path) -> None:
    """Expected and said stand one above the other, with what differs marked."""
    [result] = played('один:\n  - ""\n  - Привет! Я умею вспоминать.\n', tmp_path, talker())
    assert result.problem.split("\n")[1:] == [
        "- expected, + said:",
        "- Привет! Я умею вспоминать.",
        "?                ^^",
        "+ Привет! Я умею запоминать.",
        "?                ^^",
    ]


def test_a_script_that_raises_fails_its_scenario_alone(tmp_path: Path, logs: Any) -> None:
    """What the script raised is the outcome of its scenario; the next one is played."""
    skill = Skill("raises")

    @skill.script
    def run():
        yield say("Число?")
        yield say(str(int(request.command)))

    first, second = played("один:\n  - а\nдва:\n  - 5\n  - 5\n", tmp_path, skill)
    assert "one after" not in first.problem and "ValueError: invalid literal for int()" in first.problem
    assert second.problem == ""
    logs.take("the script raised ValueError")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "один:\n  - а\n  - {ends: true}\n",
            "3: nothing expects 'ends'; there are exact, contains, not_contains, one_of",
        ),
        ("один:\n  - {contains: а}\n", "2: here the user does something: a phrase, or one of say, enter, tap, event"),
        ("один: привет\n", "1: 'один' is a list: what the user says and what the skill answers, in turn"),
        ("- а\n- б\n", "1: expected the names of scenarios, each with its phrases"),
        ("один:\n  - а\nодин:\n  - б\n", "3: a second scenario 'один'; each needs a name of its own"),
        ("один:\n  - а\n  - {ended: да}\n", "3: expected true or false, got 'да'"),
        ("один:\n  - а\n  - {matches: '('}\n", "3: matches: no regular expression: "),
        ("один:\n  screens: true\n  steps: []\n", "2: 'screens': there are steps, screen, logged_in, timezone, seed"),
        ("один:\n  screen: true\n", "2: 'один' has no steps"),
        ("один:\n  - а\n  - [б]\n", "3: expected a text, or one or more of exact, "),
        ("один:\n  - {tap: [а]}\n", "2: expected a text; put quotes around one that holds : or {"),
        ("один:\n  - {tap: а, x: б}\n", "2: tap stands alone, got x beside it"),
        ("один:\n  - а\n - б\n", "3: no YAML: "),
        (
            "один: [а, {one_of: [б?, в]}]",
            "1: no YAML: expected ',' or ']', but got '?'. Texts with punctuation may need",
        ),
    ],
)
def test_a_wrong_file_is_told_by_line(text: str, problem: str, tmp_path: Path) -> None:
    """What is wrong, in which line, and what is allowed."""
    with pytest.raises(SettingsError) as raised:
        scenarios(text, tmp_path)
    assert str(raised.value).startswith(f"{tmp_path / 'scenarios.yml'}:{problem}")


def test_two_scenarios_with_one_seed_are_refused(tmp_path: Path) -> None:
    """Their sessions would be one."""
    text = "один: {seed: s, steps: [а]}\nдва: {seed: s, steps: [а]}\n"
    with pytest.raises(SettingsError, match=r"2: 'два' has the seed of 'один'.*; change it"):
        played(text, tmp_path, talker())


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`test` prints each file and scenario, ends with figures and exit status, and writes JUnit's XML."""
    folder, script, junit = tmp_path / "scenarios", tmp_path / "hello.py", tmp_path / "junit.xml"
    folder.mkdir()
    script.write_text(HELLO, "utf-8")
    (folder / "a.yml").write_text('да:\n  - ""\n  - one_of: ["Как вас зовут?", "Кто вы?"]\n', "utf-8")
    (folder / "b.yaml").write_text('нет:\n  screen: false\n  steps: ["", "Кто \\e?"]\n', "utf-8")
    assert main(["test", str(folder), str(script), "--junit", str(junit)]) == 1
    shown = capsys.readouterr().out
    for line in (
        f"{folder}/a.yml\n  ✓ да (1 turn, ",
        "  ✗ нет (1 turn, ",
        "+ Назовитесь.",
        "1 passed, 1 failed, 2 turns",
    ):
        assert line in shown
    assert "\x1b" not in shown
    [first, second] = ET.parse(junit).getroot().iter("testcase")
    assert first.get("name") == "да" and first.find("failure") is None
    assert "after «»" in second.find("failure").get("message") and "Назовитесь." in second.find("failure").text
    (folder / "b.yaml").unlink()
    assert main(["test", str(folder), str(script)]) == 0


@pytest.mark.slow
def test_a_skill_behind_a_url(serve: Callable[..., ServerProcess], tmp_path: Path) -> None:
    """`test` plays to whatever answers at a URL."""
    script, file = tmp_path / "hello.py", tmp_path / "talk.yml"
    script.write_text(HELLO, "utf-8")
    file.write_text(
        'да:\n  - ""\n  - matches: "Как вас зовут.|Кто вы."\n  - Анна\n  - contains: Анна, кошки\n', "utf-8"
    )
    server = serve(str(script))
    assert main(["test", str(file), server.url]) == 1  # the command has no capitals
    file.write_text(file.read_text("utf-8").replace("contains: Анна", "contains: анна"), "utf-8")
    assert main(["test", str(file), server.url]) == 0


@pytest.mark.parametrize(
    ("words", "problem"),
    [(["nowhere", "hello.py"], "no scenario file there"), (["empty.yml", "hello.py"], "has no scenarios")],
)
def test_nothing_to_play(
    words: list[str], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No scenarios are no success."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.yml").touch()
    assert main(["test", *words]) == 1
    assert problem in capsys.readouterr().err


def example(name: str) -> Skill:
    module = importlib.import_module(f"tornado_alice.examples.{name}")
    skill = Skill(name)
    skill.beside = module.skill.beside
    skill.script(module.run_script)
    skill.journal = journal()
    return skill


LINES = (
    "да",
    "нет",
    "Первый вариант!",
    "2",
    "50",
    "/1",
    "/2",
    "/9",
    "/new",
    ":back",
    "хватит",
    "«Что?»",
    "",
    "{name}: [1]",
)


@settings(max_examples=15)
@given(name=st.sampled_from(["quiz", "story", "guess_number"]), said=st.lists(st.sampled_from(LINES), max_size=12))
def test_a_recorded_conversation_passes(name: str, said: list[str]) -> None:
    """Whatever was said, tapped and begun anew in the chat: its scenario passes with another copy of the skill."""
    turns = asyncio.run(talked(example(name), "seed", said))
    file = Path("recorded.yml")
    text = export("разговор", "seed", turns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_text", lambda self, encoding: text)
        [result] = play(read(file), example(name))
    assert (result.problem, result.turns) == ("", len(turns))


class Typed:
    """What is typed in a chat: these lines, and then its end."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)

    async def read(self, _: object) -> str | None:
        return next(self._lines, None)


async def talked(skill: Skill, seed: str, lines: Iterable[str]) -> list[tuple[Does, Answer]]:
    """What the chat records of these lines."""
    talk = chat.Talk(skill, lambda: None, Typed(lines), seed, alone=True)
    await talk.go_on()
    return talk.person.turns


def test_what_is_recorded() -> None:
    """Plain turns are plain lines; buttons and the end are kept; taps are taps."""
    turns = asyncio.run(talked(talker(), "s", ("спасибо", "/2", "пока")))
    assert [does for does, _ in turns] == [
        Does("enter", ""),
        Does("say", "спасибо"),
        Does("tap", "Нет"),
        Does("say", "пока"),
    ]
    text = export("разговор", "s", turns)
    assert text.startswith("разговор:\n  seed: s\n  steps:\n  - ''\n  - Привет! Я умею запоминать.\n  - спасибо\n")
    assert "  - tap: Нет\n" in text and "    ended: true\n" in text and "    buttons:\n    - Ещё\n    - Нет\n" in text

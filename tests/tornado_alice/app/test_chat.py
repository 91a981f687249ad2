"""The chat in the terminal."""

import os
import pty
import re
import select
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from talking import run


def test_chat_with_a_script(hello: str, tmp_path: Path) -> None:
    """The terminal shows what the skill says, presses buttons and ends with the input."""
    shown = run("chat", hello, "--data-dir", str(tmp_path), stdin="раз\nдва\n")
    assert "Алиса: 1" in shown.stdout and "Алиса: 2 раз" in shown.stdout and "Алиса: 3 два" in shown.stdout
    assert (shown.returncode, shown.stderr) == (0, "")


def test_chat_presses_buttons(tmp_path: Path) -> None:
    """/1 presses the first button."""
    shown = run("chat", "tornado_alice.examples.guess_number", "--data-dir", str(tmp_path), stdin="/2\n")
    assert "/1 [50]  /2 [Сдаюсь]" in shown.stdout and "Приходите ещё!" in shown.stdout


def test_chat_records_a_scenario(hello: str, tmp_path: Path) -> None:
    """--record writes the conversation as a scenario that `test` passes; an unknown button is no phrase."""
    file = tmp_path / "talk.yml"
    shown = run("chat", hello, "--data-dir", str(tmp_path), "--record", str(file), stdin="раз\n/9\nдва\n")
    assert "кнопки /9 нет" in shown.stdout and "/9" not in file.read_text("utf-8")
    played = run("test", str(file), hello)
    assert (played.returncode, played.stderr) == (0, "") and "✓ talk (3 turns" in played.stdout


TALK = """
from tornado_alice import Skill, image, random, request, say, speech, step, suggest, user

skill = Skill(__name__)
calls = []

def call(n):
    calls.append(n)
    return len(calls)

@skill.script
def run_script():
    lucky = random.randint(1, 10**9)
    yield say('Привет!', suggest('Дальше'))
    n = 0
    while request.command != 'хватит':
        n += 1
        user['n'] = n
        called = yield step(call, n)
        yield say(speech(f'{n} {request.command} {called} {lucky}', 'з+амок'), image('1/2', 'Кот', 'Рыжий'))
    yield say(f'Пока {lucky}', end_session=True)
"""


def talk(folder: Path, *lines: str, options: tuple[str, ...] = ()) -> list[str]:
    """What the chat shows when these lines are typed."""
    script = folder / "talk.py"
    script.write_text(TALK, "utf-8")
    shown = run("chat", str(script), "--data-dir", str(folder), *options, stdin="\n".join(lines) + "\n")
    assert (shown.returncode, shown.stderr) == (0, "")
    return shown.stdout.split("\n")


def test_takes_the_last_phrase_back(tmp_path: Path) -> None:
    """:back goes back phrase by phrase: states, draws and steps are as they were, and other words can be said."""
    shown = talk(tmp_path, "раз", "два", ":back", ":state", "три", ":back", ":back", ":back", "раз")
    said = [line.removeprefix("Алиса: ").split() for line in shown if line.startswith("Алиса: ")]
    lucky = said[1][3]
    heard = [(words[:3] if len(words) > 2 else words[:1]) for words in said]
    greeting = ["Привет!"]
    one, two, three = ["1", "раз", "1"], ["2", "два", "2"], ["2", "три", "3"]
    assert heard == [greeting, one, two, one, three, one, greeting, ["1", "раз", "4"]]
    assert {words[3] for words in said if len(words) > 2} == {lucky}
    assert '    "n": 1' in shown and "— это первая фраза; :new начинает заново —" in shown


def test_shows_what_is_there(tmp_path: Path) -> None:
    """Cards, what is read aloud, the last request and answer, the device, and where the script stands."""
    shown = "\n".join(talk(tmp_path, "раз", ":screen", ":user", ":json", ":where", ":oops", "/oops", "хватит", "снова"))
    assert "   Кот Рыжий" in shown and "з+амок" in shown and "— экран выключен —" in shown
    assert "— не вошли в аккаунт —" in shown and '"original_utterance": "раз"' in shown
    assert "talk.py:20 run_script" in shown and "    n = 1" in shown
    assert "— команды :oops нет; есть :back :help" in shown and "— кнопки /oops нет —" in shown
    assert "сессия окончена" in shown and shown.count("Алиса: Привет!") == 2


def test_several_people(tmp_path: Path) -> None:
    """:user NAME is another person with a dialog of their own; their states are their own too."""
    shown = talk(tmp_path, "раз", ":user Борис", ":state", "два", ":user Борис")
    assert shown.count("— говорит Борис —") == 2 and '  "user": {},' in shown
    assert sum(line.startswith("Алиса: 1 ") for line in shown) == 3
    refused = talk(tmp_path, ":user Борис", options=("--record", str(tmp_path / "talk.yml")))
    assert "— в сценарий записывается один человек —" in refused


class Terminal:
    """The chat in a terminal of its own."""

    def __init__(self, script: Path) -> None:
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ |= {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
            command = [sys.executable, "-m", "tornado_alice", "chat", str(script), "--data-dir", str(script.parent)]
            os.execv(sys.executable, command)
        self.pid, self._drawn, self._read = pid, "", 0

    def wait(self, part: str) -> None:
        """Read until the terminal shows this, behind what was waited for before."""
        while (found := self._shown.find(part, self._read)) < 0:
            assert select.select([self.fd], [], [], 60)[0], f"{part!r} is not shown: {self._shown[self._read :]}"
            self._drawn += os.read(self.fd, 65536).decode("utf-8", "replace")
        self._read = found + len(part)

    @property
    def _shown(self) -> str:
        """As it is read, not as it is drawn."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._drawn)

    def type(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def end(self) -> int:
        """Ctrl+D at the next prompt; the exit status."""
        self.wait("Вы:")
        self.type("\x04")
        with suppress(OSError):  # its end
            while select.select([self.fd], [], [], 60)[0]:
                os.read(self.fd, 65536)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.mark.slow
def test_a_terminal_completes_and_goes_on_in_saved_code(tmp_path: Path) -> None:
    """Tab completes commands, arrow up brings back what was typed, and a saved file goes on in the same dialog."""
    script = tmp_path / "talk.py"
    script.write_text(TALK, "utf-8")
    chat = Terminal(script)
    chat.wait("Привет!")
    chat.wait("Вы:")
    chat.type("раз\r")
    chat.wait("1 раз 1")
    chat.wait("Вы:")
    chat.type(":wh\t")
    chat.wait(":where")
    chat.type("\r")
    chat.wait("talk.py:20")
    script.write_text(TALK + ")\n", "utf-8")
    chat.wait("Вы:")
    chat.type("\x1b[A\x1b[A\r")
    chat.wait("не загружается (SyntaxError)")
    chat.wait("2 раз 2")
    script.write_text(TALK.replace("{n} {request.command}", "новое {n} {request.command}"), "utf-8")
    chat.wait("Вы:")
    chat.type("два\r")
    chat.wait("разговор продолжается в новом коде")
    chat.wait("новое 3 два 1")
    assert chat.end() == 0
    assert "раз" in (tmp_path / "chat_history").read_text("utf-8")

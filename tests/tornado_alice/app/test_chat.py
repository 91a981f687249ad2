"""The chat in the terminal."""

from pathlib import Path

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

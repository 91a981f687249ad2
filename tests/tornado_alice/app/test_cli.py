"""The command line: help and bad input."""

from pathlib import Path

import pytest
from talking import run

from tornado_alice.app.cli import main


def test_help_names_the_commands() -> None:
    """--help shows the commands and what SCRIPT is."""
    shown = run("--help").stdout
    assert "chat [SCRIPT]" in shown and "sessions" in shown and "--data-dir" in shown and "hello.py" in shown


@pytest.mark.parametrize(
    "words", [["--port", "x"], ["--port", "70000"], ["--pi-max-digits", "0"], ["--durability", "?"]]
)
def test_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong option is exit status 2 with what is allowed."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_dask_needs_its_scheduler(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """--engine dask without a scheduler says which option is missing."""
    assert main(["--engine", "dask", "--data-dir", str(tmp_path)]) == 1
    assert "--engine dask needs --dask-scheduler tcp://HOST:PORT" in capsys.readouterr().err

"""The command line: help and bad input."""

from pathlib import Path
from typing import Any

import pytest
from talking import run

from tornado_alice.app.cli import main
from tornado_alice.app.server import make_journal
from tornado_alice.journal.base import Retention


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


@pytest.mark.parametrize(
    ("option", "text", "allowed"),
    [
        ("--keep-ended", "soon", "a duration above zero such as 90, 30s, 10m, 24h, 14d or 2w, got 'soon'"),
        ("--keep-failed", "0", "a duration above zero"),
        ("--keep-silent", "-1h", "a duration above zero"),
        ("--keep-failed-size", "1T", "a size such as 512K, 256M or 1G, or a number of MiB, got '1T'"),
    ],
)
def test_retention_that_cannot_be(option: str, text: str, allowed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A duration or size that cannot be is refused with what is allowed."""
    with pytest.raises(SystemExit) as ended:
        main([f"{option}={text}"])
    assert ended.value.code == 2
    assert f"argument {option}: {allowed}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ([], Retention(600, 14 * 86400, 86400, 256 << 20)),
        (["--durability", "memory"], Retention(600, 600, 86400, 256 << 20)),
        (["--durability", "memory", "--keep-failed", "2h"], Retention(600, 7200, 86400, 256 << 20)),
        (
            ["--keep-ended", "90", "--keep-failed", "3w", "--keep-silent", "1.5h", "--keep-failed-size", "1G"],
            Retention(90, 21 * 86400, 5400, 1 << 30),
        ),
    ],
)
def test_retention_reaches_the_journal(words: list[str], kept: Retention, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long sessions are kept is what the options say; memory keeps failed ones no longer than the others."""
    journals: list[Any] = []
    monkeypatch.setattr(
        "tornado_alice.app.commands.serve.run", lambda settings: journals.append(make_journal(settings)) or 0
    )
    assert main(words) == 0
    assert journals[0].retention == kept


def test_dask_needs_its_scheduler(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """--engine dask without a scheduler says which option is missing."""
    assert main(["--engine", "dask", "--data-dir", str(tmp_path)]) == 1
    assert "--engine dask needs --dask-scheduler tcp://HOST:PORT" in capsys.readouterr().err
